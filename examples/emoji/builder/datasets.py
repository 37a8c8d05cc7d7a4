"""Writes every file of the data folder."""

from pathlib import Path

from builder.base_lines import base_records
from builder.blocks import rl_pairs, sft_pairs
from builder.evaluation import write_evaluation
from builder.options import BuildOptions
from builder.records import rl_record, sft_record, write_lines
from builder.world import World

_RL_LIST = """\
# The GRPO pairs, in file order: blocks of 16 with two relations each.
datasets:
  - json_path: rl.jsonl
    sampling_strategy: all
"""


def write_all(root: Path, style: Path | None,
              options: BuildOptions) -> dict[str, int]:
    """Returns the number of records or files of each kind."""
    world = World(root, style, options)
    counts = {"base": write_lines(root / "base.jsonl", base_records(world))}
    twins = list(sft_pairs(world))
    counts["sft"] = write_lines(root / "sft.jsonl",
                                (sft_record(mixed) for mixed, _ in twins))
    write_lines(root / "sft_clean.jsonl",
                (sft_record(clean) for _, clean in twins))
    counts["rl"] = write_lines(
        root / "rl.jsonl", (rl_record(pair, f"rl-{i:05}")
                            for i, pair in enumerate(rl_pairs(world))))
    (root / "rl.yaml").write_text(_RL_LIST)
    counts |= write_evaluation(root, world)
    counts["pictures"] = world.pictures.num_files()
    return counts
