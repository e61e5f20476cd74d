"""How much memory there is to take, and what becomes of freed memory."""

import os
from functools import cache
from pathlib import Path

import numpy as np

_MEMINFO = Path("/proc/meminfo")
_CONTAINER = Path("/sys/fs/cgroup")
_KEPT = 2**20  # float64 numbers: 8 MiB


def available_memory() -> int | None:
    """Return how many bytes can be taken before the machine, or the container, has none; None if nothing tells."""
    found = [one for one in (_of_machine(), _of_container()) if one is not None]
    return min(found) if found else None


@cache
def keep_freed_memory() -> None:
    """Let the process keep a few MiB that it has freed, for the next arrays. This happens once.

    glibc gives freed memory back to the system beyond twice the largest block that was freed so far. Then each fit of
    small data fetches the same pages again, which is a third of its time. Other allocators do not care.
    """
    np.empty(_KEPT)


def _of_machine() -> int | None:
    if _MEMINFO.exists():
        for line in _MEMINFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return 1024 * int(value.split()[0])
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of_container() -> int | None:
    """Return what the limit of a container leaves; what it keeps of files it can give up."""
    limit, current, kept = (_CONTAINER / name for name in ("memory.max", "memory.current", "memory.stat"))
    if not (limit.exists() and current.exists()) or not limit.read_text().strip().isdigit():
        return None
    files = [line.split()[1] for line in kept.read_text().splitlines() if line.startswith("inactive_file ")]
    return max(0, int(limit.read_text()) - int(current.read_text()) + sum(map(int, files)))
