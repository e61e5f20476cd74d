"""Atomic files: each is complete or absent, even if several processes write at once."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX, _SUFFIX = ".bayesreg-", ".partial"


def write_whole(file: Path, content: bytes) -> None:
    """Write a file. It replaces an earlier one once all its content is on disk.

    A link with that name is replaced, not followed.

    Parameters
    ----------
    file : Path
        Its folder must exist.
    content : bytes

    Raises
    ------
    OSError
        If it cannot be written. An earlier file is then unchanged.
    """
    with staged(file, content) as partial:
        os.replace(partial, file)


@contextmanager
def staged(file: Path, content: bytes) -> Iterator[Path]:
    """Yield a complete file beside `file`, to be moved to its place. It is removed at the end if it was not moved.

    Its name is random, and an existing file is never opened.

    Raises
    ------
    OSError
    """
    partial = file.with_name(f"{_PREFIX}{secrets.token_hex(16)}{_SUFFIX}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(descriptor, "wb") as stream, exclusive(descriptor):
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
            yield partial
    finally:
        partial.unlink(missing_ok=True)


def is_partial(file: Path) -> bool:
    """Tell whether a writer has not finished this file."""
    return file.name.startswith(_PREFIX) and file.name.endswith(_SUFFIX)


def remove_leftovers(folder: Path) -> None:
    """Remove the files of killed writers from a folder. Files of living writers are locked, and stay."""
    for partial in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError), exclusive(partial, wait=False) as locked:
            if locked:
                partial.unlink(missing_ok=True)


@contextmanager
def exclusive(place: int | Path, *, wait: bool = True) -> Iterator[bool]:
    """Lock a folder or a file. The lock ends with the process that holds it.

    Parameters
    ----------
    place : int or Path
        An open file, a folder, or a file, which is created if it is missing. A link is refused.
    wait : bool, default True
        Whether to wait until another process has released it.

    Yields
    ------
    bool
        Whether it is locked: False if the file system has no locks. Some network file systems lock only files.

    Raises
    ------
    BlockingIOError
        If another process holds it and `wait` is False.
    OSError
        If it cannot be opened.
    """
    descriptor = place if isinstance(place, int) else _opened(place)
    try:
        yield _lock(descriptor, wait)
    finally:
        if not isinstance(place, int):
            os.close(descriptor)


def _opened(place: Path) -> int:
    if place.is_dir():
        return os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    return os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)


def _lock(descriptor: int, wait: bool) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True
