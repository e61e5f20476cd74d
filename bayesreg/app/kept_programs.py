"""Compiled programs that the commands keep on disk, so that the next command need not compile them."""

import os
import sys
import warnings
from pathlib import Path

from ..base.compilation_cache import folder_of_this_machine

MOST_BYTES = 2**28
_SETTINGS = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
}
_FOLDER = "JAX_COMPILATION_CACHE_DIR"


def keep_programs() -> None:
    """Let JAX, which is not imported yet, keep compiled programs in the user's cache folder, at most 256 MiB.

    A folder that the user chose for JAX stays. If there is no folder that is the user's alone, nothing is kept.
    """
    if _FOLDER in os.environ or "jax" in sys.modules:
        return
    try:
        folder = user_folder()
        own = folder_of_this_machine(folder)
        remove_oldest(folder)
    except (OSError, RuntimeError):  # no home, a disk that is full, a folder that others may write to
        return
    os.environ.update(_SETTINGS, **{_FOLDER: str(own)})
    # A full disk, or a killed process, leaves half a program. JAX compiles it again, and says so at every command.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")


def user_folder() -> Path:
    """Return the folder for programs among the user's cached files, where this system has them.

    Raises
    ------
    RuntimeError
        If the user has no home.
    """
    if sys.platform == "win32":
        cached = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cached = Path.home() / "Library" / "Caches"
    else:
        cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cached / "bayesreg" / "programs"


def remove_oldest(folder: Path, most: int = MOST_BYTES) -> None:
    """If the files take more than so many bytes, remove the oldest until half is left."""
    files = [(path.stat(), path) for path in folder.rglob("*") if path.is_file()]
    size = sum(facts.st_size for facts, _ in files)
    if size <= most:
        return
    for facts, path in sorted(files, key=lambda one: one[0].st_mtime):
        path.unlink(missing_ok=True)
        size -= facts.st_size
        if size <= most // 2:
            return
