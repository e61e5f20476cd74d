"""Where and how JAX computes here: in float64 on the CPU, whatever it is set to, and nothing is set for good."""

from collections.abc import Iterator
from contextlib import contextmanager

_NO_DEVICE = (
    RuntimeError,
    AssertionError,
)  # what JAX raises where none of the platforms that it may use is there


@contextmanager
def float64_on_cpu() -> Iterator[None]:
    """Compute in float64 on the CPU inside, on the thread that enters.

    What is compiled here are long loops over small arrays. An accelerator pays for each step of them by
    a launch, which takes longer than the step (docs/architecture.md has figures).
    """
    import jax

    with jax.enable_x64(True), jax.default_device(_cpu()):
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
