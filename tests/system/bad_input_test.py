#!/usr/bin/env python3
"""The commands on input and machines that are not as they should be: the exit
code of the kind, a message that names the culprit, and nothing lost."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from small_disk import on_small_disk  # noqa: E402
from small_png import png  # noqa: E402
from tiny_job import TinyJob, turns  # noqa: E402

PROGRAMS = pathlib.Path()
TEMPLATE = ["--template", "minimal", "--mode", "disc"]


class Job(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.job = TinyJob(PROGRAMS)
        cls.model = str(cls.job.folder / "start")

    @classmethod
    def tearDownClass(cls):
        cls.job.remove()


class Pictures(Job):
    def test_a_truncated_picture_is_refused_by_name(self):
        whole = png()
        path = self.job.folder / "torn.png"
        for length in (0, 7, 40, len(whole) // 2, len(whole) - 30):
            path.write_bytes(whole[:length])
            result = self.job.run("embed", "--model", self.model, "--image",
                                  str(path), "--text", "x", *TEMPLATE)
            self.assertEqual(result.returncode, 65, (length, result.stderr))
            self.assertIn("torn.png", result.stderr)
            self.assertEqual(result.stdout, "")

    def test_records_before_a_bad_one_can_be_kept(self):
        (self.job.folder / "good.png").write_bytes(png())
        (self.job.folder / "half.png").write_bytes(png()[:999])
        records = self.job.folder / "records.jsonl"
        with open(records, "w") as lines:
            for name in ("good", "half", "good"):
                lines.write(json.dumps({"id": name, "text": "x", "images":
                                        [f"{name}.png"]}) + "\n")
        command = ("embed", "--model", self.model, "--input", str(records),
                   *TEMPLATE)
        refused = self.job.run(*command)
        self.assertEqual(refused.returncode, 65, refused.stderr)
        self.assertRegex(refused.stderr, r"records.jsonl(:|, line )2:")
        kept = self.job.run(*command, "--on-error", "skip")
        self.assertEqual(kept.returncode, 0, kept.stderr)
        self.assertEqual([json.loads(line)["id"]
                          for line in kept.stdout.splitlines()],
                         ["good", "good"])
        self.assertIn("half.png", kept.stderr)

    def test_training_names_a_truncated_picture_and_goes_on_once_mended(self):
        picture = self.job.folder / "flag.png"
        picture.write_bytes(png()[:999])
        data = self.job.folder / "pictures.jsonl"
        with open(data, "w") as lines:
            for i in range(8):
                query = turns(f"word {i}", f"value {i}")
                if i == 6:
                    query["image"] = "flag.png"
                    first = query["conversations"][0]
                    first["value"] = "<image>\n" + first["value"]
                lines.write(json.dumps({"qry": query, "pos": turns(
                    f"value {i}", f"value {i}")}) + "\n")
        config = self.job.config("pictures")
        settings = (f"sft.data={data}", "phases=[sft]")
        torn = self.job.run("train", config, *settings)
        self.assertEqual(torn.returncode, 65, torn.stderr)
        self.assertIn("flag.png", torn.stderr)
        picture.write_bytes(png())
        mended = self.job.run("train", config, "--resume")
        self.assertEqual(mended.returncode, 0, mended.stderr)
        self.assertEqual([s["step"] for s in self.job.steps("pictures")],
                         [0, 1, 2, 3])


class Programs(Job):
    def test_a_run_without_mpirun_is_refused_before_its_folder_is_made(self):
        config = self.job.config("without")
        result = self.job.run("train", config,
                              env={**os.environ, "PATH": "/nonexistent"})
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn("apt-get install openmpi-bin", result.stderr)
        self.assertFalse((self.job.folder / "without").exists())

    def test_a_missing_engine_is_out_of_reach_and_named(self):
        alone = self.job.folder / "bin" / "ume"
        alone.parent.mkdir()
        shutil.copy(PROGRAMS / "ume", alone)
        config = self.job.config("alone")
        for command in (("train", config), ("embed", "--model", self.model)):
            result = subprocess.run([alone, *command], text=True,
                                    capture_output=True, timeout=60)
            self.assertEqual(result.returncode, 69, result.stderr)
            self.assertIn("bin/ume-engine", result.stderr)
        self.assertFalse((self.job.folder / "alone").exists())


class Disk(Job):
    def test_a_run_is_refused_where_the_disk_is_too_small(self):
        disk = self.job.folder / "small"
        disk.mkdir()
        config = self.job.config("small/run")
        command = self.job.command("train", config)
        result = subprocess.run(on_small_disk(disk, 8 << 20, command),
                                text=True, capture_output=True, timeout=60)
        self.assertEqual(result.returncode, 74, result.stderr)
        self.assertIn(str(disk), result.stderr)
        self.assertIn("MiB free", result.stderr)

    def test_output_that_cannot_be_written_is_no_success(self):
        records = self.job.folder / "two.jsonl"
        records.write_text('{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n')
        config = self.job.config("unused")
        for command in (
                ("embed", "--model", self.model, "--input", str(records),
                 *TEMPLATE),
                ("config", "show", config), ("config", "schema")):
            with self.subTest(command[0]), open("/dev/full", "w") as full:
                result = subprocess.run(self.job.command(*command), text=True,
                                        stdout=full, stderr=subprocess.PIPE,
                                        timeout=60)
                self.assertEqual(result.returncode, 74, result.stderr)
                self.assertNotEqual(result.stderr, "")

    def test_a_disk_that_fills_up_stops_the_run_and_loses_nothing(self):
        script = [sys.executable, __file__, "--programs", str(PROGRAMS),
                  "--fill-disk", str(self.job.folder)]
        disk = self.job.folder / "disk"
        disk.mkdir()
        self.job.config("disk/run")
        result = subprocess.run(on_small_disk(disk, 2 << 30, script),
                                text=True, capture_output=True, timeout=400)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


def fill_disk(folder):
    """Inside the mount namespace: a run whose disk is full after its first
    steps, then has room again, ends as a run that always had room."""
    job = TinyJob(PROGRAMS)
    job.folder, own = pathlib.Path(folder), job.folder
    disk = job.folder / "disk"
    config = job.config("disk/run")

    def resize(num_bytes):
        subprocess.run(["mount", "-o", f"remount,size={num_bytes}", str(disk)],
                       check=True)

    training = subprocess.Popen(job.command("train", config), text=True,
                                stderr=subprocess.PIPE)
    metrics = disk / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (metrics.is_file() and metrics.stat().st_size > 0):
        assert time.monotonic() < deadline, "no step within 120 s"
        time.sleep(0.01)
    info = os.statvfs(disk)
    used = (info.f_blocks - info.f_bfree) * info.f_frsize
    resize(used + (64 << 10))
    _, messages = training.communicate(timeout=200)
    print(messages)
    assert training.returncode == 74, training.returncode
    assert "space" in messages or "full" in messages, messages
    resize(2 << 30)
    resumed = job.run("train", config, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    calm = job.run("train", job.config("disk/calm"), check=True)
    assert job.digest("disk/run") == job.digest("disk/calm"), calm.stderr
    weights = [(disk / name / "model" / "model.safetensors").read_bytes()
               for name in ("run", "calm")]
    assert weights[0] == weights[1]
    job.folder = own
    job.remove()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--fill-disk", help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    PROGRAMS = options.programs.resolve()
    os.chdir(ROOT)
    if options.fill_disk:
        fill_disk(options.fill_disk)
    else:
        unittest.main(argv=[sys.argv[0], "-v", *rest])
