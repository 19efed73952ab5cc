"""Small real file systems in image files: made, mounted, filled, cut off from power.

Needs root and loop devices; `is_possible` tells. Everything is mounted at one place, so that a copy of an image
is the same workspace at the same path.
"""

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
import time

MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", "-N", "4096",
             "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"],
    "xfs": ["mkfs.xfs", "-q", "-f", "-K"],
}
MEGABYTES = {"ext4": 128, "xfs": 320}
SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN
NO_LOG_FLUSH = 2  # the open transaction of the journal is lost, too, as with the power
EATERS = "eaters"  # where a test puts what takes space away


class ToolFailed(Exception):
    """A step of the test itself did not work."""


def call(*command):
    """Runs a command that must work."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise ToolFailed(f"{' '.join(command)}: {done.stderr.strip()}")


def make(kind, image):
    """Makes an empty file system in an image file."""
    with open(image, "wb") as file:
        file.truncate(MEGABYTES[kind] << 20)
    call(*MAKE[kind], image)


def copy(image, to):
    """Copies an image, holes as holes."""
    call("cp", "--sparse=always", image, to)
    return to


@contextlib.contextmanager
def mounted(kind, image, at, options="loop"):
    """Mounts an image for a while."""
    call("mount", "-t", kind, "-o", options, image, at)
    try:
        yield at
    finally:
        unmount(at)


def unmount(at):
    """Unmounts, giving a process that was killed a moment to be gone."""
    for _ in range(100):
        if subprocess.run(["umount", at], capture_output=True).returncode == 0:
            return
        time.sleep(0.03)
    call("umount", "-l", at)
    raise ToolFailed(f"{at} stayed busy")


def is_possible(folder):
    """Tells whether this machine lets us make and mount a file system."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return False
    image, at = os.path.join(folder, "try.img"), os.path.join(folder, "try")
    os.mkdir(at)
    try:
        make("ext4", image)
        with mounted("ext4", image, at):
            return True
    except ToolFailed:
        return False
    finally:
        os.remove(image)
        os.rmdir(at)


def left(at):
    """Returns the bytes and inodes that are left."""
    found = os.statvfs(at)
    return found.f_bavail * found.f_frsize, found.f_favail


def eat_bytes(at, remainder):
    """Leaves about so many bytes; returns how many it left."""
    os.makedirs(os.path.join(at, EATERS), exist_ok=True)
    with open(os.path.join(at, EATERS, "bytes"), "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(4096, left(at)[0] - remainder))
    os.sync()
    return left(at)[0]


def eat_inodes(at, remainder):
    """Leaves so many inodes."""
    folder = os.path.join(at, EATERS)
    os.makedirs(folder, exist_ok=True)
    for count in range(left(at)[1] - remainder):
        os.mknod(os.path.join(folder, f"inode-{count}"))


def give_back(at):
    """Removes what was put there to take space away."""
    shutil.rmtree(os.path.join(at, EATERS))


def cut_power(at):
    """Forgets everything that is not on the disk, and answers every later call with an error."""
    door = os.open(at, os.O_RDONLY)
    try:
        fcntl.ioctl(door, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(door)
