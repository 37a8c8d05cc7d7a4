#!/usr/bin/env python3
"""What ume-media has given up by the time that it decodes: seen from outside,
in /proc, while it waits for somebody to read its frames."""

import os
import pathlib
import resource
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VIDEO = ROOT / "tests" / "fixtures" / "video" / "b_frames.mp4"
PROGRAM = None
MEMORY = 1 << 30


class WaitingDecoder:
    """ume-media with its answer unread: more frames than a pipe holds."""

    def __init__(self, path=VIDEO):
        self.inherited = os.open("/", os.O_RDONLY)
        os.set_inheritable(self.inherited, True)
        video = open(path, "rb")
        self.process = subprocess.Popen(
            [PROGRAM, "--memory-bytes", str(MEMORY), "--cpu-seconds", "7",
             "video", "--fps", "1000"], stdin=video,
            stdout=subprocess.PIPE, close_fds=False)
        video.close()
        self.process.stdout.read(16)
        self.proc = pathlib.Path("/proc") / str(self.process.pid)
        self.wait_for_sleep()

    def wait_for_sleep(self):
        for _ in range(3000):
            state = (self.proc / "stat").read_text().rsplit(") ", 1)[1][0]
            if state == "S":
                return
            time.sleep(0.01)
        raise AssertionError("ume-media does not wait for its reader")

    def status(self):
        lines = (self.proc / "status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def close(self):
        self.process.kill()
        self.process.stdout.close()
        self.process.wait()
        os.close(self.inherited)


class Sandbox(unittest.TestCase):

    def setUp(self):
        self.decoder = WaitingDecoder()
        self.addCleanup(self.decoder.close)

    def test_system_calls_are_filtered_for_good(self):
        status = self.decoder.status()
        self.assertEqual(status["Seccomp"], "2")
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Threads"], "1")

    def test_memory_time_and_files_are_limited(self):
        pid = self.decoder.process.pid
        for limit, value in ((resource.RLIMIT_AS, MEMORY),
                             (resource.RLIMIT_CPU, 7),
                             (resource.RLIMIT_FSIZE, 0),
                             (resource.RLIMIT_CORE, 0)):
            self.assertEqual(resource.prlimit(pid, limit), (value, value))

    def test_no_descriptor_but_the_three_is_left(self):
        files = sorted(os.listdir(self.decoder.proc / "fd"))
        self.assertEqual(files, ["0", "1", "2"])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
