"""Compiled programs: a limited number in memory, and a cache on disk if the user asks for it."""

import os
import platform
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

MOST_PROGRAMS = 24  # some 3 to 20 MB each
_MOST_TRACES = 256  # of released programs, a third of a MB each


def compiled_by_shape[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """Compile a function once for each shape of its arguments, and release programs that were not used recently.

    JAX itself keeps every program while the function lives, so memory would grow without end if shapes keep changing.
    Only the `MOST_PROGRAMS` latest programs of all functions are kept. JAX still holds traces of its own functions for
    the others, until all its caches are cleared. That happens after each 256 released programs; programs still in use
    are then compiled again.

    Parameters
    ----------
    function : callable
        It takes pytrees of arrays, by position.

    Returns
    -------
    callable
    """

    @wraps(function)
    def call(*arguments: Any) -> T:
        return _held.program(function, arguments)(*arguments)

    return call  # type: ignore[return-value]


class _Held:
    """The programs in memory; the last one was used last."""

    def __init__(self) -> None:
        self._programs: OrderedDict[Any, Callable[..., Any]] = OrderedDict()
        self._lock = Lock()
        self._let_go = 0

    def program(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[..., Any]:
        """Return the program for arguments of these shapes, a new one if none is in memory."""
        import jax

        leaves, form = jax.tree.flatten(arguments)
        shapes = function, form, tuple(np.shape(leaf) for leaf in leaves)
        with self._lock:
            program = self._programs.pop(shapes, None) or jax.jit(_copy(function))
            self._programs[shapes] = program
            while len(self._programs) > MOST_PROGRAMS:
                self._programs.popitem(last=False)
                self._let_go += 1
            if self._let_go >= _MOST_TRACES and not any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
                self._let_go = 0
                jax.clear_caches()
        return program


_held = _Held()


def _copy(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a copy of the function: JAX's caches keep a function's entries while it lives."""
    return wraps(function)(lambda *arguments: function(*arguments))


def use_compilation_cache(folder: str | Path) -> Path:
    """Keep compiled programs in a folder, so that the next process need not compile them.

    Nothing is kept unless you call this. Call it before you compute anything. It sets options of JAX
    for the whole process (``jax_compilation_cache_dir``, and two thresholds to 0), so programs
    of other packages are kept too.

    A program is valid only for one version of JAX and one kind of processor. The name of the subfolder
    holds both, so an upgrade or another machine starts with an empty subfolder.

    Parameters
    ----------
    folder : str or Path
        Created if it is missing. Its files are run as code, so it must belong to you alone.

    Returns
    -------
    Path
        The subfolder in use. Delete it to free the space; bayesreg never removes anything from it.

    Raises
    ------
    PermissionError
        If the subfolder is not yours, or others may write to it.
    """
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    own = folder_of_this_machine(folder)
    jax.config.update("jax_compilation_cache_dir", str(own))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    compilation_cache.reset_cache()  # otherwise JAX ignores a new folder after its first compilation
    return own


def folder_of_this_machine(folder: str | Path) -> Path:
    """Return the subfolder for this version of JAX and this kind of processor, which others cannot write to.

    Raises
    ------
    OSError
        If it cannot be created.
    PermissionError
        If the subfolder is not yours, or others may write to it.
    """
    own = Path(folder).expanduser().resolve() / _machine_and_version()
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_if_others_may_write(own)
    return own


def _refuse_if_others_may_write(folder: Path) -> None:
    if not hasattr(os, "getuid"):  # Windows has other rights
        return
    facts = folder.stat()
    if facts.st_uid != os.getuid() or facts.st_mode & 0o022:
        raise PermissionError(
            f"`folder`: others may write to {folder}, and its files are run as code. "
            f"Choose a folder of your own, or remove their permission: chmod go-w {folder}"
        )


def _machine_and_version() -> str:
    """Return a name for the machine and version that a compiled program depends on."""
    from jaxlib.version import __version__

    facts = [__version__, platform.system(), platform.machine(), *_processor()]
    return f"jaxlib-{__version__}-{sha256('\n'.join(facts).encode()).hexdigest()[:12]}"


def _processor() -> list[str]:
    """Return the processor's name and instructions, if the system lists them."""
    listed = Path("/proc/cpuinfo")
    if not listed.exists():
        return [platform.processor()]
    lines = listed.read_text().splitlines()
    return sorted(
        {line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))}
    )
