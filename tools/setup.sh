#!/usr/bin/env bash
# Installs what is missing: Debian packages, then LibTorch into DEPS_DIR.
# Outside the project's folder only the package manager changes anything.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for package in $(grep -v '^#' tools/debian-packages.txt); do
  status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [[ $status == ii* ]] || missing+=("$package")
done

if ((${#missing[@]})); then
  as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "setup: these Debian packages are missing and neither root nor sudo" \
           "is at hand: ${missing[*]}" >&2
      exit 69
    fi
    as_root=(sudo)
  fi
  echo "setup: installing ${#missing[@]} Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if ! { "${as_root[@]}" apt-get update -qq &&
         "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
           "${missing[@]}" >/dev/null; }; then
    echo "setup: apt-get could not install: ${missing[*]}. Check the network" \
         "and /etc/apt/sources.list (Debian 12 is expected)." >&2
    exit 69
  fi
fi

exec python3 tools/fetch_deps.py
