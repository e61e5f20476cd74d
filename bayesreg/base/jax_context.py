"""A context in which JAX computes in float64 on the CPU; JAX's own settings stay as they are.

JAX computes on threads, and a forked process does not inherit them: JAX would wait for them for ever. So this module
remembers whether the process was forked after JAX had started, and then refuses to compute.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ForkedProcessError

_NO_DEVICE = (
    RuntimeError,
    AssertionError,
)  # JAX raises these if it may use no platform that exists


@contextmanager
def float64_on_cpu() -> Iterator[None]:
    """Compute in float64 on the CPU inside this context, on the thread that enters it.

    The compiled programs are long loops over small arrays. On an accelerator the launch of each step takes
    longer than the step (docs/explanation/solver.md has figures).

    Raises
    ------
    ForkedProcessError
        If the process was forked after JAX had started.
    """
    _threads.check()
    import jax

    with jax.enable_x64(True), jax.default_device(_cpu()):
        _threads.at_work = True
        yield


def _cpu() -> "object | None":
    """Return the CPU, or None if JAX may not use it and has another device.

    Raises
    ------
    ValueError
        If it has no device.
    """
    import jax

    try:
        return jax.local_devices(backend="cpu")[0]
    except _NO_DEVICE:
        pass
    try:
        jax.local_devices()
    except _NO_DEVICE as error:
        raise ValueError(
            "JAX finds no device: JAX_PLATFORMS, or another setting of JAX, allows only devices that this machine "
            "does not have. Set JAX_PLATFORMS=cpu, or leave it unset."
        ) from error
    return None


class _Threads:
    """The state of JAX's threads in this process."""

    def __init__(self) -> None:
        self.at_work = False
        self.lost = False
        if hasattr(os, "register_at_fork"):  # Windows cannot fork
            os.register_at_fork(before=self._before_fork, after_in_child=self._after_fork)

    def check(self) -> None:
        """Refuse to wait for threads that do not exist.

        Raises
        ------
        ForkedProcessError
        """
        if self.lost:
            raise ForkedProcessError(
                "this process was forked after JAX had started. It does not have JAX's threads, so JAX would wait for "
                "them for ever. Start processes with multiprocessing.get_context('spawn') or "
                "'forkserver' (joblib: backend='loky'), or use bayesreg and JAX for the first time after the fork."
            )

    def _before_fork(self) -> None:
        self.at_work = self.at_work or _jax_began_elsewhere()

    def _after_fork(self) -> None:
        self.lost = self.lost or self.at_work


def jax_is_lost() -> bool:
    """Tell whether the process was forked after JAX had started, so that only NumPy can compute."""
    return _threads.lost


def _jax_began_elsewhere() -> bool:
    """Tell whether JAX has started. The function that tells it is not public, and may move."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    begun = getattr(bridge, "backends_are_initialized", None)
    return begun is not None and bool(begun())


_threads = _Threads()
