#!/usr/bin/env bash
# Runs make targets as root on a fresh Debian 12: a debootstrap chroot with the
# base system and `make`, and a clone of this checkout's HEAD in /root/ume.
#
#   tools/fresh_debian.sh [--folder DIR] [--base FILE.tar] [--keep] [TARGET…]
#
#   TARGET  what make is asked for, one after another (default: test demo)
#   --folder  where the chroot goes; must not exist (default: build/fresh-debian)
#   --base  the base system as a tarball: used if it exists, else written
#   --keep  leave the chroot behind
#
# The host's Debian mirror, certificates, and the settings of apt and pip come
# along, as they would on any machine of the same network. Needs root,
# debootstrap and unshare; mounts and processes end with the script.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD

folder=$checkout/build/fresh-debian base='' keep='' targets=()
while (($#)); do
  case $1 in
    --folder) folder=$(realpath -m "$2"); shift 2 ;;
    --base) base=$(realpath -m "$2"); shift 2 ;;
    --keep) keep=yes; shift ;;
    -*) sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) targets+=("$1"); shift ;;
  esac
done
((${#targets[@]})) || targets=(test demo)

fail() { echo "fresh_debian: $2" >&2; exit "$1"; }
((EUID == 0)) || fail 78 "needs root"
command -v debootstrap >/dev/null || [[ -f $base ]] ||
  fail 69 "needs debootstrap: apt-get install debootstrap"
[[ ! -e $folder ]] || fail 78 "$folder exists: remove it or give --folder"

make_base() {
  local mirror
  mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources \
               2>/dev/null || true; } |
           sed -n 's/^URIs: //p; s/^deb \(\[[^]]*\] \)\?\(http[^ ]*\).*/\2/p' |
           head -1)
  debootstrap --include=make,ca-certificates bookworm "$folder" \
    "${mirror:-http://deb.debian.org/debian}" >"$folder.log" 2>&1 ||
    fail 69 "debootstrap failed: $folder.log"
  rm -f "$folder.log"
  rm -rf "$folder"/var/cache/apt/archives/*.deb
}

# What this network needs to reach a Debian mirror and a package index.
copy_host_settings() {
  local path
  rm -f "$folder/etc/apt/sources.list"  # debootstrap's
  for path in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources \
              /etc/pip.conf /etc/resolv.conf /etc/hosts /etc/ssl/certs \
              /usr/local/share/ca-certificates; do
    [[ -e $path ]] || continue
    rm -rf "${folder:?}$path"
    mkdir -p "$folder$(dirname "$path")"
    cp -rL "$path" "$folder$path"
  done
  apt-config dump | grep '^Acquire::.*";$' >"$folder/etc/apt/apt.conf.d/90host" ||
    true
}

mkdir -p "$(dirname "$folder")"
if [[ -f $base ]]; then
  mkdir "$folder"
  tar -C "$folder" -xf "$base" --numeric-owner
else
  make_base
  [[ -z $base ]] || tar -C "$folder" -cf "$base" --numeric-owner .
fi
[[ -n $keep ]] || trap 'rm -rf --one-file-system "$folder"' EXIT
copy_host_settings
git clone --quiet --no-local "$checkout" "$folder/root/ume"

# Only what the network needs passes into the chroot's environment.
settings=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb)
while IFS= read -r -d '' setting; do
  settings+=("$setting")
done < <(env -0 | grep -zE '^([a-zA-Z]+_(proxy|PROXY)|PIP_[A-Z_]+|SSL_CERT_FILE)=')

inside='
  set -e
  mount --rbind "$0" "$0"  # a root of its own, as a machine has
  mount -t proc proc "$0/proc"
  mount --rbind /sys "$0/sys"
  mount --rbind /dev "$0/dev"
  mount -t tmpfs tmpfs "$0/dev/shm"
  exec chroot "$0" make -C /root/ume "$1"'
for target in "${targets[@]}"; do
  SECONDS=0
  code=0
  env -i "${settings[@]}" unshare --mount --pid --fork --kill-child \
    bash -c "$inside" "$folder" "$target" || code=$?
  echo "fresh_debian: make $target ended with $code after $SECONDS s"
  ((code == 0)) || exit "$code"
done
