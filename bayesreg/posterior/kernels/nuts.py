"""NUTS: NumPyro's kernel for any target."""

from functools import lru_cache
from typing import Any

from ..targets.density import Position, Target
from .chains import Program, Record, compiled

TARGET_ACCEPT = 0.8


@lru_cache(maxsize=32)
def nuts_program(num_warmup: int, target_accept: float = TARGET_ACCEPT) -> Program:
    """Return NUTS with windowed adaptation of step size and diagonal metric.

    Parameters
    ----------
    num_warmup : int
        The number of transitions that adapt.
    target_accept : float
        The step size adapts to this mean acceptance probability. A higher one is slower, but can follow narrow places.

    Returns
    -------
    Program
    """
    from numpyro.infer.hmc import hmc

    init_kernel, sample_kernel = hmc(potential_fn_gen=_potential, algo="NUTS")

    def start(key: Any, position: Position, target: Target) -> Any:
        return init_kernel(
            position,
            num_warmup=num_warmup,
            target_accept_prob=target_accept,
            model_args=(target,),
            rng_key=key,
        )

    def step(state: Any, target: Target) -> Any:
        return sample_kernel(state, model_args=(target,))

    def record(state: Any, target: Target) -> Record:
        stats = {
            "lp": -state.potential_energy,
            "energy": state.energy,
            "acceptance_rate": state.accept_prob,
            "step_size": state.adapt_state.step_size,
            "n_steps": state.num_steps,
            "diverging": state.diverging,
        }
        return Record(target.natural(state.z), stats)

    return compiled(start, step, record)


def _potential(target: Target) -> Any:
    return lambda position: -target.log_density(position)
