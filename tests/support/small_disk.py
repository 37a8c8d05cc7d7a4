"""A disk of a chosen size for a test: a tmpfs in a mount namespace of its own,
which goes when its last process ends. Needs root or user namespaces, both of
which Debian 12 has."""

import os


def on_small_disk(folder, num_bytes, command):
    """The command line that runs `command` where `folder` is an empty disk of
    `num_bytes`. Its processes may resize it: mount -o remount,size=N FOLDER."""
    namespace = ["unshare", "--mount"]
    if os.geteuid() != 0:
        namespace += ["--user", "--map-root-user"]
    script = 'mount -t tmpfs -o "size=$1" tmpfs "$0" && shift && exec "$@"'
    return [*namespace, "sh", "-c", script, str(folder), str(num_bytes),
            *map(str, command)]
