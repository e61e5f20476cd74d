"""Files that are there whole or not at all, whoever else writes beside them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX, _SUFFIX = ".bayesreg-", ".partial"


def write_whole(file: Path, content: bytes) -> None:
    """Write a file, which takes the place of an earlier one once all is on disk.

    A link of that name is replaced, not followed.

    Parameters
    ----------
    file : Path
        Its folder must exist.
    content : bytes

    Raises
    ------
    OSError
        Where it cannot be written; an earlier file is then as it was.
    """
    with staged(file, content) as partial:
        os.replace(partial, file)


@contextmanager
def staged(file: Path, content: bytes) -> Iterator[Path]:
    """Yield a complete file beside `file`, to be moved to its place; it is gone at the end if it was not.

    Its name cannot be guessed, and nothing that lies under that name already is opened.

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
    """Tell whether a file is one that a writer has not finished."""
    return file.name.startswith(_PREFIX) and file.name.endswith(_SUFFIX)


def remove_leftovers(folder: Path) -> None:
    """Remove what writers have left in a folder who were killed; a living writer's is locked, and stays."""
    for partial in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError), exclusive(partial, wait=False) as locked:
            if locked:
                partial.unlink(missing_ok=True)


@contextmanager
def exclusive(place: int | Path, *, wait: bool = True) -> Iterator[bool]:
    """Be the only one to hold a folder or a file; the lock goes with its owner, however that ends.

    Parameters
    ----------
    place : int or Path
        An open file, a folder, or a file that is made where it is missing; a link is refused.
    wait : bool, default True
        Until another owner has let go.

    Yields
    ------
    bool
        Whether it is held: False where the file system has no locks. Some on a network lock files, but not folders.

    Raises
    ------
    BlockingIOError
        Where another holds it and `wait` is False.
    OSError
        Where it cannot be opened.
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
