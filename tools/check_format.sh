#!/usr/bin/env bash
# Fails, naming the files, when a tracked C++ file is not as clang-format has it.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files '*.cpp' '*.h' | xargs -r -P 2 -n 16 clang-format --dry-run -Werror
