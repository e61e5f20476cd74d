"""sample_posterior: NUTS on what has no closed form, exact draws of what has one given the rest."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SamplingWarning, warn
from ..model import LinearModel
from ..problem import Data, Problem, resolve
from .predict import add_log_likelihood
from .propriety import check_proper
from .to_arviz import Posterior, to_datatree

if TYPE_CHECKING:
    import xarray as xr

_TARGET_ACCEPT = 0.8
_DRAWS_BUDGET = 4 * 2**30  # bytes


def sample_posterior(
    model: LinearModel,
    data: Data,
    *,
    num_warmup: int = 500,
    num_samples: int = 1000,
    num_chains: int = 4,
    seed: int = 0,
    log_likelihood: bool = False,
    progress: bool = True,
) -> "xr.DataTree":
    """Draw from the posterior by NUTS, on sufficient statistics.

    The intercept and unpenalised coefficients are integrated out of what NUTS sees and drawn
    exactly given the rest. The cost of a draw does not depend on the number of rows.

    Parameters
    ----------
    model : LinearModel
        A scale that is a NumPyro distribution is sampled along, as is an unknown σ.
    data : RowData or GramData
    num_warmup, num_samples, num_chains : int
        Transitions of each chain that adapt and are dropped, those kept, and chains. Chains run on
        threads.
    seed : int, default 0
        The same seed gives the same draws, whatever the number of threads.
    log_likelihood : bool, default False
        Whether to add the pointwise log-likelihood (needs RowData).
    progress : bool, default True
        Whether to show a progress bar on stderr after the first second.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` (coef (chain, draw, feature), intercept, and where they are sampled
        noise_scale and prior_scale, for an elastic net laplace_scale and gaussian_scale),
        ``sample_stats``, ``log_prior``, ``constant_data`` (what is known) and, if asked for,
        ``log_likelihood``.

    Raises
    ------
    ImproperPosteriorError
        Where the posterior does not integrate, with the remedy.
    TypeError, ValueError, MemoryError

    Warns
    -----
    SamplingWarning
        Where transitions diverged, which leaves out a part of the posterior. R-hat and effective
        sample sizes are ArviZ's to tell: ``az.summary(tree)``.
    """
    for name, value, least in (
        ("num_warmup", num_warmup, 1),
        ("num_samples", num_samples, 1),
        ("num_chains", num_chains, 1),
        ("seed", seed, 0),
    ):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"`{name}` must be a whole number, at least {least}; got {value!r}.")
    import numpyro  # noqa: F401 - before JAX compiles anything: importing it later makes JAX trace again

    problem = resolve(model, data)
    _check_memory(problem, int(num_samples), int(num_chains))
    check_proper(problem)
    settings = {
        "num_warmup": int(num_warmup),
        "num_samples": int(num_samples),
        "num_chains": int(num_chains),
        "seed": int(seed),
    }
    posterior = _draw(problem, settings, progress=progress)
    _warn_of_divergences(posterior)
    tree = to_datatree(problem, posterior, settings)
    if log_likelihood:
        tree = add_log_likelihood(tree, model, data)
    return tree


def _check_memory(problem: Problem, num_samples: int, num_chains: int) -> None:
    size = 8 * num_samples * num_chains * (4 * problem.n_features + 10)
    if size > _DRAWS_BUDGET:
        raise MemoryError(
            f"{num_chains} × {num_samples} draws of {problem.n_features} coefficients take about {size:,} bytes, "
            f"above the budget of {_DRAWS_BUDGET:,}. Ask for fewer draws."
        )


def _warn_of_divergences(posterior: Posterior) -> None:
    diverging = posterior.stats["diverging"]
    if diverging.any():
        message = (
            f"{int(diverging.sum())} of {diverging.size} transitions diverged, so a part of the posterior may be left "
            "out. Sample with a larger num_warmup, a smaller prior scale, or a prior on noise_scale that keeps away "
            "from 0."
        )
        warn(message, SamplingWarning)


def _draw(problem: Problem, settings: dict[str, int], *, progress: bool) -> Posterior:
    shape = settings["num_chains"], settings["num_samples"]
    rng = np.random.default_rng(settings["seed"])
    nothing_left = problem.reduced.cross.size == 0 and problem.noise_scale is not None
    if nothing_left and not problem.sampled_scales:
        coef, stats = np.zeros((*shape, 0)), {"diverging": np.zeros(shape, dtype=bool)}
        scales: dict[str, np.ndarray] = {}
        noise_scale = np.full(shape, problem.noise_scale)
    else:
        from .nuts import run_nuts
        from .target import build_target

        draws = run_nuts(
            build_target(problem), **settings, target_accept_prob=_TARGET_ACCEPT, progress=progress
        )
        coef, noise_scale, scales, stats = draws
    flattened = coef.reshape(noise_scale.size, coef.shape[-1])
    all_coefs, intercept = _complete(problem, flattened, noise_scale.ravel(), rng)
    return Posterior(
        coef=all_coefs.reshape(*shape, -1),
        intercept=intercept.reshape(shape),
        noise_scale=noise_scale,
        scales=scales,
        stats=stats,
    )


def _complete(
    problem: Problem, penalised: np.ndarray, noise_scale: np.ndarray, rng: np.random.Generator
) -> tuple[Any, Any]:
    """Draw the flat coefficients and the intercept given the rest: Gaussian about their least-squares values."""
    noise: Any = 0.0
    if problem.flat_block is not None:
        normal = rng.standard_normal((noise_scale.size, problem.flat_block.response.size))
        noise = noise_scale[:, None] * normal @ problem.flat_block.to_coef.T
    coefs, intercepts = problem.expand(penalised, flat_noise=noise)
    if problem.centred:
        intercepts = intercepts + noise_scale / np.sqrt(problem.sum_weights) * rng.standard_normal(
            noise_scale.size
        )
    return coefs, intercepts
