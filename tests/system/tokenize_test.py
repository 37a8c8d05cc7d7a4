#!/usr/bin/env python3
"""`ume tokenize` through the real binary: equal to the recorded vectors in both
directions, one bad line costs one line, and it streams."""

import json
import pathlib
import resource
import select
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from command_case import CommandCase, main  # noqa: E402
from fixture_files import PARITY  # noqa: E402

VOCABULARY = PARITY / "tokenizer"
RECORDS = b'{"text": "x"}\n{"text": 3}\n\n{"text": "\xff"}\n{"text": "y"}'


def outputs(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


class Tokenize(CommandCase):
    def tokenize(self, *options, **streams):
        """The result as bytes: not every output is text."""
        streams.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([*self.program(), *options], timeout=120,
                              stderr=subprocess.PIPE, **streams)

    def program(self):
        return [self.programs / "ume", "tokenize", "--model", VOCABULARY]

    def run_file(self, name, *options):
        with open(VOCABULARY / name, "rb") as file:
            result = self.tokenize(*options, stdin=file)
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = [json.loads(line) for line in
                (VOCABULARY / name).read_text().splitlines()]
        out = outputs(result)
        self.assertEqual(len(rows), len(out))
        return zip(rows, out)

    def test_every_recorded_text_becomes_its_ids_and_keeps_its_id(self):
        for row, out in self.run_file("vectors.jsonl", "--special"):
            self.assertEqual(out, {"id": row["id"], "ids": row["ids"]})

    def test_recorded_ids_become_their_text_again(self):
        for row, out in self.run_file("vectors.jsonl", "--decode"):
            self.assertEqual(out["text"], row.get("decoded", row["text"]))
        for row, out in self.run_file("decode.jsonl", "--decode"):
            self.assertEqual(out, {"text": row["decoded"]})
        for row, out in self.run_file("decode.jsonl", "--decode",
                                      "--skip-special"):
            self.assertEqual(out["text"], row["decoded_skip"])

    def test_control_tokens_are_text_unless_they_are_asked_for(self):
        line = b'{"text": "<|im_end|>"}'
        plain = outputs(self.tokenize(input=line))[0]["ids"]
        special = outputs(self.tokenize("--special", input=line))[0]["ids"]
        self.assertEqual(special, [151645])
        self.assertGreater(len(plain), 1)

    def test_a_bad_line_is_named_and_ends_with_65(self):
        result = self.tokenize(input=RECORDS)
        self.assertEqual(result.returncode, 65)
        self.assertIn(b"stdin, line 2: text: expected a text, found 3",
                      result.stderr)
        self.assertEqual(len(outputs(result)), 1)

    def test_skipping_loses_the_bad_lines_only(self):
        result = self.tokenize("--on-error", "skip", input=RECORDS)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(outputs(result), [{"ids": [87]}, {"ids": [88]}])
        for text in (b"line 2", b"line 4", b"2 bad records"):
            self.assertIn(text, result.stderr)

    def test_results_that_cannot_be_written_end_with_74(self):
        with open("/dev/full", "wb") as full:
            for options in ([], ["--help"]):
                result = self.tokenize(*options, input=b'{"text": "x"}',
                                  stdout=full)
                self.assertEqual(result.returncode, 74, options)
                self.assertIn(b"stdout", result.stderr)

    def test_streams_that_are_closed_end_with_74(self):
        for redirection in ("<&-", "</dev/null >&- <<< '{\"text\": \"x\"}'"):
            result = subprocess.run(
                ["bash", "-c", '"$0" "$@" ' + redirection, *self.program()],
                capture_output=True, timeout=60)
            self.assertEqual(result.returncode, 74, redirection)

    def test_wrong_usage_ends_with_2(self):
        for options in (["--what"], ["--skip-special"], ["--on-error", "x"]):
            self.assertEqual(self.tokenize(*options, input=b"").returncode, 2)

    def test_who_waits_for_an_answer_to_each_line_gets_it(self):
        with subprocess.Popen(self.program(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            for _ in range(3):
                process.stdin.write(b'{"text": "x"}\n')
                process.stdin.flush()
                ready, _, _ = select.select([process.stdout], [], [], 60)
                self.assertTrue(ready, "no answer")
                self.assertEqual(process.stdout.readline(), b'{"ids":[87]}\n')
            process.stdin.close()
            self.assertEqual(process.wait(60), 0)

    def test_memory_does_not_grow_with_the_input(self):
        line = json.dumps({"text": "x", "other": "y" * 1000000}) + "\n"
        with subprocess.Popen(self.program(), stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL) as process:
            for _ in range(300):
                process.stdin.write(line.encode())
            process.stdin.close()
            self.assertEqual(process.wait(120), 0)
        # The largest child of this test so far, of any of its cases.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(peak, 200 << 10, "kilobytes")


if __name__ == "__main__":
    main()
