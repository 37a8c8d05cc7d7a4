#!/usr/bin/env python3
"""Training, evaluation and report with every process real, on a small build of
the example's data with its pictures (configs/emoji_60s.yaml). The run is told
to end while it evaluates, and goes on; its model then embeds a new picture."""

import json
import math
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from command_case import CommandCase, main  # noqa: E402
from small_png import png  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
EMOJI = ROOT / "examples" / "emoji"
CONFIG = ROOT / "configs" / "emoji_60s.yaml"
# Pictures of 56 x 56 become one token each instead of four.
SETTING = "image_max_pixels=784"


def build_data(folder):
    subprocess.run([sys.executable, EMOJI / "build.py", "--small", "--output",
                    folder], check=True, stdout=subprocess.DEVNULL)


def shorten(data):
    """A tasks.json of one task with 16 queries, half of them pictures, and
    their candidates; the other tasks differ in length only."""
    folder = data / "eval"
    listing = json.loads((folder / "tasks.json").read_text())
    task, = [t for t in listing["tasks"]
             if (t["split"], t["name"]) == ("dev", "two_hop")]
    kept = {"flag": [], "text": []}
    for line in (folder / task["queries"]).read_text().splitlines():
        kept[json.loads(line)["form"]].append(line)
    queries = kept["flag"][:8] + kept["text"][:8]
    names = {json.loads(q)["dataset_infos"]["label_name"] for q in queries}
    candidates = [
        line for line in (folder / task["candidates"]).read_text().splitlines()
        if json.loads(line)["dataset_infos"]["cand_name"] in names]
    task |= {"queries": "short_queries.jsonl",
             "candidates": "short_candidates.jsonl"}
    (folder / task["queries"]).write_text("\n".join(queries) + "\n")
    (folder / task["candidates"]).write_text("\n".join(candidates) + "\n")
    path = folder / "short.json"
    path.write_text(json.dumps(listing | {"tasks": [task]}))
    return path


class Evaluation(CommandCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory(prefix="ume-evaluation-")
        cls.place = pathlib.Path(cls.shared.name)
        build_data(cls.place / "data")
        cls.tasks = shorten(cls.place / "data")
        cls.run_folder = cls.place / "run"
        cls.command_line = [
            cls.programs / "ume", "train", CONFIG,
            f"run.directory={cls.run_folder}", f"data.{SETTING}",
            f"sft.data={cls.place / 'data' / 'sft.jsonl'}",
            f"grpo.data={cls.place / 'data' / 'rl.yaml'}",
            f"eval.tasks={cls.tasks}",
            f"eval.reference={EMOJI / 'reference.json'}"]
        cls.stopped = cls.stop_while_evaluating()
        cls.finished = subprocess.run([*cls.command_line, "--resume"],
                                      capture_output=True, text=True,
                                      timeout=300)

    @classmethod
    def tearDownClass(cls):
        cls.shared.cleanup()

    @classmethod
    def stop_while_evaluating(cls):
        training = subprocess.Popen(cls.command_line, text=True,
                                    stderr=subprocess.PIPE)
        log = cls.run_folder / "eval" / "shards" / "base" / "shard-0.log"
        deadline = time.monotonic() + 240
        while (not log.exists() and training.poll() is None
               and time.monotonic() < deadline):
            time.sleep(0.01)
        training.send_signal(signal.SIGTERM)
        _, messages = training.communicate(timeout=60)
        return subprocess.CompletedProcess([], training.returncode, "",
                                           messages)

    def summary(self, path):
        return json.loads(path.read_text())

    def test_a_signal_while_evaluating_ends_the_run_to_be_run_again(self):
        self.assertEqual(self.stopped.returncode, 75, self.stopped.stderr)
        self.assertIn(f"go on with: ume train {CONFIG} "
                      f"run.directory={self.run_folder} --resume",
                      self.stopped.stderr)

    def test_the_run_measures_each_stage_and_prints_table_and_times(self):
        self.assertEqual(self.finished.returncode, 0, self.finished.stderr)
        for stage in ("base", "sft", "grpo"):
            summary = self.summary(self.run_folder / "eval" / f"{stage}.json")
            task, = summary["tasks"]
            self.assertEqual((summary["stage"], summary["split"]),
                             (stage, "dev"))
            self.assertEqual(len(task["queries"]), 16)
            self.assertEqual(task["num_samples"], 2)
            # Eight candidates: every right one is among the first ten.
            self.assertEqual(task["disc_metrics"]["hit@10"], 1.0)
        out = self.finished.stdout
        for text in ("Base", "SFT", "GRPO", "oracle", "p@2", "tokens/s"):
            self.assertIn(text, out)
        self.assertRegex(out, r"(?m)^sft +\d+:\d\d +\d{4,} +\d+$")
        self.assertIn("Recorded, not measured in this run: SFT on careful",
                      out)
        self.assertIn("on other questions", " ".join(out.split()))
        self.assertTrue((self.run_folder / "finished").is_file())

    def test_the_report_is_one_page_with_trajectories_and_pictures(self):
        page = (self.run_folder / "report" / "index.html").read_text()
        self.assertTrue(page.startswith("<!doctype html>"))
        for text in ("Training", "before GRPO", "after GRPO", "reward ",
                     'src="data:image/png;base64,', "Recorded, not measured"):
            self.assertIn(text, page)
        self.assertNotIn("(picture not shown)", page)

    def test_the_model_embeds_a_new_picture(self):
        picture = self.folder / "new.png"
        picture.write_bytes(png())
        line, = self.lines("embed", "--model", self.run_folder / "model",
                           "--template", "minimal", "--mode", "both",
                           "--image", picture, "--text", "currency",
                           "--max-new-tokens", "24")
        self.assertAlmostEqual(
            math.hypot(*line["disc_embedding"]), 1.0, places=4)
        if line["gen_embedding"] is not None:
            self.assertAlmostEqual(
                math.hypot(*line["gen_embedding"]), 1.0, places=4)
        self.assertIsInstance(line["completion"], str)

    def row(self, stage, table):
        """The stage's first line, without its name."""
        line, *_ = [line for line in table.splitlines()
                    if line.startswith(f"  {stage} ")]
        return line[len("  ") + 7:]

    def evaluate(self, *options):
        """`ume eval run` with the settings of the run's eval phase."""
        self.table = self.call(
            "eval", "run", "--model", EMOJI / "base", "--tasks", self.tasks,
            "--output", self.place / "alone", "--split", "dev", "--template",
            "minimal", "--max-new-tokens", "24", *options)
        return self.summary(self.place / "alone" / "model.json")["tasks"]

    def test_the_eval_phase_prepares_prompts_as_the_data_section_says(self):
        ours = self.summary(self.run_folder / "eval" / "base.json")["tasks"]
        shard = "shard-0-of-2.safetensors"
        of_run = self.run_folder / "eval" / "shards" / "base" / shard
        of_command = self.place / "alone" / "shards" / "model" / shard
        # Beside what another setting left in the same place.
        self.evaluate("--samples", "0")
        self.assertNotEqual(of_command.read_bytes(), of_run.read_bytes())
        tasks = self.evaluate("--samples", "2", "--set", SETTING)
        self.assertIn("encoding anew", self.errors)
        self.assertEqual(tasks, ours)
        # The intervals, too: of the same seed and number of resamples.
        self.assertEqual(self.row("model", self.table),
                         self.row("Base", self.finished.stdout))
        self.assertEqual(of_command.read_bytes(), of_run.read_bytes())
        before = of_command.stat().st_mtime_ns
        self.evaluate("--samples", "2", "--set", SETTING)
        self.assertNotIn("encoding anew", self.errors)
        self.assertEqual(of_command.stat().st_mtime_ns, before)

    def test_an_evaluation_that_cannot_be_read_is_refused_before_training(self):
        place = self.folder / "refused"
        self.call("train", CONFIG, f"run.directory={place}",
                  f"eval.tasks={self.folder / 'none.json'}", code=74)
        self.assertIn("none.json", self.errors)
        self.assertFalse(place.exists())


if __name__ == "__main__":
    main()
