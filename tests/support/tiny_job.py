"""A training job of seconds for tests and benchmarks: a few text pairs, a
randomly initialised model of the example's shape, one run folder a name."""

import json
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHAPE = ROOT / "examples" / "emoji" / "base"

CONFIG = """
run: {{name: {name}, directory: {folder}/{run}, seed: 5}}
model: {{path: {folder}/start}}
data: {{template: minimal}}
phases: [sft, grpo]
sft:
  data: {folder}/sft.jsonl
  order: records
  steps: 4
  batch_pairs: 4
  optimizer: {{learning_rate: 1.0e-3}}
grpo:
  data: {folder}/rl.jsonl
  updates: 4
  group_size: 4
  pairs_per_cohort: 4
  max_completion_tokens: 8
  freeze_vision: true
  optimizer: {{learning_rate: 1.0e-3}}
rollout: {{workers: 2, sampling: {{max_new_tokens: 8}}}}
learner: {{ranks: 2}}
checkpoint: {{every_steps: 2}}
coordinator: {{lease_seconds: 3, sft_steps_per_item: 1}}
"""


def turns(question, answer):
    return {"conversations": [
        {"from": "human", "value": question + "\n<disc_emb>\n"},
        {"from": "gpt", "value": f"<think> {answer} </think>"
                                 f"<answer> {answer}<gen_emb>"}]}


class TinyJob:
    """A temporary folder with data and a starting model."""

    def __init__(self, programs):
        self.programs = pathlib.Path(programs).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ume-job-"))
        with open(self.folder / "sft.jsonl", "w") as sft, \
                open(self.folder / "rl.jsonl", "w") as rl:
            for i in range(8):
                q, t = f"word {i}", f"value {i}"
                sft.write(json.dumps({"qry": turns(q, t),
                                      "pos": turns(t, t)}) + "\n")
                rl.write(json.dumps({"qry_text": q, "pos_text": t,
                                     "solution": "<embedding>"}) + "\n")
        self.run("model", "init", "--config", str(SHAPE), "--output",
                 str(self.folder / "start"), "--dtype", "float32", check=True)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments):
        return [str(self.programs / "ume"), *arguments]

    def run(self, *arguments, check=False, timeout=300, **options):
        result = subprocess.run(self.command(*arguments), text=True,
                                capture_output=True, timeout=timeout, **options)
        if check and result.returncode != 0:
            raise AssertionError(f"{arguments}: exit code {result.returncode}"
                                 f"\n{result.stdout}\n{result.stderr}")
        return result

    def config(self, name):
        path = self.folder / f"{pathlib.Path(name).name}.yaml"
        path.write_text(CONFIG.format(name=path.stem, run=name,
                                      folder=self.folder))
        return str(path)

    def steps(self, name):
        """The lines of the run's metrics.jsonl."""
        lines = (self.folder / name / "metrics.jsonl").read_text()
        return [json.loads(line) for line in lines.splitlines()]

    def digest(self, name):
        return self.run("ledger", "fsck", str(self.folder / name),
                        check=True).stdout
