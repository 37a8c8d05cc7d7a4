#!/usr/bin/env python3
"""Fetches LibTorch into DEPS_DIR: pinned wheels, hashes checked by pip.

Takes out of the wheels only what a CPU build links: libtorch_cpu, libc10,
libgomp, the headers, and the two CUDA runtime libraries that libtorch_cpu is
linked against. Does nothing when the folder is complete. Exit code 69 when the
package index is out of reach, 74 when a file cannot be read or written or the
disk is full.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCK = ROOT / "tools" / "wheels.lock"
NEEDED_BYTES = 3 << 30

CPU_LIBRARIES = ("libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libtorch.so")


def wanted(wheel: str, member: str) -> bool:
    if wheel.startswith("torch-"):
        if member.startswith("torch/include/"):
            return True
        return member.removeprefix("torch/lib/") in CPU_LIBRARIES
    return member.endswith(("libcudart.so.13", "libcupti.so.13"))


def extract(wheel: pathlib.Path, target: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            if member.endswith("/") or not wanted(wheel.name, member):
                continue
            relative = pathlib.Path(member)
            if relative.parts[0] == "nvidia":
                path = target / "lib" / relative.name
            else:
                path = target.joinpath(*relative.parts[1:])
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, open(path, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)


def main() -> int:
    deps = pathlib.Path(os.environ.get("DEPS_DIR") or ROOT / ".deps").resolve()
    stamp = deps / "libtorch" / "complete"
    if stamp.is_file() and stamp.read_text() == LOCK.read_text():
        return 0
    deps.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(deps).free
    if free < NEEDED_BYTES:
        print(f"setup: {deps} has {free >> 20} MiB free; LibTorch needs "
              f"{NEEDED_BYTES >> 20} MiB", file=sys.stderr)
        return 74
    print("setup: fetching LibTorch 2.11 (about 530 MB)", flush=True)
    with tempfile.TemporaryDirectory(dir=deps) as scratch:
        wheels = pathlib.Path(scratch)
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
            "--no-cache-dir",  # 530 MB outside of the project
            "--only-binary=:all:", "--implementation", "cp",
            "--python-version", "3.11",
            "--platform", "manylinux_2_28_x86_64",
            "--platform", "manylinux_2_25_x86_64",
            "--platform", "manylinux2014_x86_64",
            "--require-hashes", "--requirement", str(LOCK),
            "--dest", str(wheels),
        ]
        if subprocess.run(command).returncode != 0:
            print("setup: cannot download the wheels pinned in "
                  "tools/wheels.lock; pip's message is above. Check the "
                  "network, or set DEPS_DIR to a folder that another checkout "
                  "has filled.", file=sys.stderr)
            return 69
        fresh = wheels / "libtorch"
        for wheel in sorted(wheels.glob("*.whl")):
            extract(wheel, fresh)
        (fresh / "complete").write_text(LOCK.read_text())
        shutil.rmtree(deps / "libtorch", ignore_errors=True)
        fresh.rename(deps / "libtorch")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:  # with the path, "No space left on device" too
        print(f"setup: {error}", file=sys.stderr)
        sys.exit(74)
