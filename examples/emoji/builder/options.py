"""Sizes of a build. The defaults are the example's; tests use smaller ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BuildOptions:
    """Counts only; what is made never depends on the machine."""

    max_countries: int = 999
    max_emojis: int = 384
    flag_views: int = 14  # training views of each flag
    noto_views: int = 10
    openmoji_views: int = 4
    clip_emojis: int = 150  # training code points that appear in clips
    train_pages: int = 800
    base_blocks: int = 5000  # one block a step: 40 text and 32 picture lines
    sft_blocks: int = 1400  # blocks of 32 pairs
    rl_blocks: int = 160  # blocks of 16 pairs
    eval_rows: int = 100  # queries of a task that is not about two hops


SMALL = BuildOptions(max_countries=100, max_emojis=60, flag_views=2,
                     noto_views=2, openmoji_views=1, clip_emojis=10,
                     train_pages=20, base_blocks=6, sft_blocks=8, rl_blocks=4,
                     eval_rows=12)
