"""Where and how JAX computes here: in float64 on the CPU, whatever it is set to, and nothing is set for good.

JAX computes on threads, which a forked process does not inherit: there it would wait for them for ever. So
whether a process was forked from one in which JAX was at work is remembered, and it is refused there.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ForkedProcessError

_NO_DEVICE = (
    RuntimeError,
    AssertionError,
)  # what JAX raises where none of the platforms that it may use is there


@contextmanager
def float64_on_cpu() -> Iterator[None]:
    """Compute in float64 on the CPU inside, on the thread that enters.

    What is compiled here are long loops over small arrays. An accelerator pays for each step of them by
    a launch, which takes longer than the step (docs/explanation/solver.md has figures).

    Raises
    ------
    ForkedProcessError
        In a process that was forked after JAX was at work.
    """
    _threads.check()
    import jax

    with jax.enable_x64(True), jax.default_device(_cpu()):
        _threads.at_work = True
        yield


def _cpu() -> "object | None":
    """Return the CPU, or None where JAX was told to do without and has another device.

    Raises
    ------
    ValueError
        Where it has none.
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
            "JAX finds no device: JAX_PLATFORMS, or a setting of JAX's, allows only such as this machine has not. Set "
            "JAX_PLATFORMS=cpu, or leave it unset."
        ) from error
    return None


class _Threads:
    """What this process knows of JAX's threads."""

    def __init__(self) -> None:
        self.at_work = False
        self._lost = False
        if hasattr(os, "register_at_fork"):  # where processes can be forked
            os.register_at_fork(before=self._before_fork, after_in_child=self._after_fork)

    def check(self) -> None:
        """Refuse to wait for threads that are not there.

        Raises
        ------
        ForkedProcessError
        """
        if self._lost:
            raise ForkedProcessError(
                "this process was forked from one in which JAX was at work. JAX's threads are not in it, and it would "
                "wait for them for ever. Start processes that compute by multiprocessing.get_context('spawn') or "
                "'forkserver' (joblib: backend='loky'), or let the first use of bayesreg or JAX come after the fork."
            )

    def _before_fork(self) -> None:
        self.at_work = self.at_work or _jax_began_elsewhere()

    def _after_fork(self) -> None:
        self._lost = self._lost or self.at_work


def _jax_began_elsewhere() -> bool:
    """Tell whether JAX has begun to compute; it says so in a place that is not public, and may move."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    begun = getattr(bridge, "backends_are_initialized", None)
    return begun is not None and bool(begun())


_threads = _Threads()
