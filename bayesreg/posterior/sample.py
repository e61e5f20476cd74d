"""sample_posterior: a Markov chain on what has no closed form, exact draws of what has one given the rest."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import LARGEST_SEED, check_whole
from ..errors import SamplingWarning, warn
from ..jax_context import float64_on_cpu
from ..model import LinearModel
from ..problem import Data, Problem, resolve
from ..propriety import check_proper
from .convergence import complaint, got_stuck
from .predict import add_log_likelihood
from .to_arviz import Posterior, to_datatree

if TYPE_CHECKING:
    import os

    import xarray as xr

    from .chains import Plan, Record
    from .ways import Way

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
    checkpoint: "str | os.PathLike[str] | None" = None,
    method: str = "auto",
) -> "xr.DataTree":
    """Draw from the posterior, on sufficient statistics.

    What is Gaussian given the rest is integrated out of what a Markov chain sees, and drawn exactly
    afterwards: the intercept and unpenalised coefficients, and under a Gaussian prior all
    coefficients. The cost of a draw does not depend on the number of rows.

    Parameters
    ----------
    model : LinearModel
        A scale that is a NumPyro distribution is sampled along, as is an unknown σ.
    data : RowData or GramData
    num_warmup, num_samples, num_chains : int
        Transitions of each chain that adapt and are dropped (where proposals are independent a pilot
        does that, and none is), those kept, and chains. Chains run on threads.
    seed : int, default 0
        The same seed gives the same draws, whatever the number of threads.
    log_likelihood : bool, default False
        Whether to add the pointwise log-likelihood (needs RowData).
    progress : bool, default True
        Whether to show a progress bar on stderr after the first second.
    checkpoint : path, optional
        A folder that the run is saved to as it goes. Asked again for the same, with the same path, a
        run that was killed goes on and ends with the same draws, to the last bit. Of no effect where
        draws are independent, which takes no time.
    method : "auto", "marginal", "independence", "whitened", "mixture" or "gibbs", default "auto"
        How the coefficients are drawn. "marginal" integrates them out (Gaussian priors). "independence"
        accepts or rejects proposals that do not depend on the draw before, in coordinates in which data
        that dominate the prior make the posterior about normal. NUTS runs in these coordinates
        ("whitened"), or with the Laplace part as a scale "mixture" of Gaussians where the prior
        dominates. "gibbs" draws the mixture block by block. "auto" takes "marginal" where the prior
        allows it; else "gibbs" where there are as many coefficients as rows; else "independence" where a
        pilot finds that draws will be about independent, unless chains then stay at one draw for long; else
        "whitened" or "mixture", by whether data or prior dominate, or "gibbs" in place of "mixture" after
        proposals failed, or where data and prior contradict each other. The result's attributes ``method`` and
        ``kernel`` tell the choice.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` (coef (chain, draw, feature), intercept, and where they are sampled
        noise_scale and prior_scale, for an elastic net laplace_scale and gaussian_scale),
        ``sample_stats``, ``log_prior``, ``constant_data`` (what is known) and, if asked for,
        ``log_likelihood``. The attribute ``complete`` is 0 where Ctrl-C ended the run early: then the
        draws made until then are returned, as many from each chain.

    Raises
    ------
    ImproperPosteriorError
        Where the posterior does not integrate, with the remedy.
    CheckpointError
        Where the checkpoint is of another run, or damaged.
    TypeError, ValueError, MemoryError

    Warns
    -----
    SamplingWarning
        One message on all that speaks against the draws: transitions that diverged, E-BFMI below 0.3,
        and from 200 draws a chain R-hat above 1.01 or fewer than 100 effective draws a chain; which
        parameters, and what to do. Another where the posterior was found to have two separate parts, and
        where the run was interrupted.
    """
    check_whole("num_warmup", num_warmup, 1)
    check_whole("num_samples", num_samples, 1)
    check_whole("num_chains", num_chains, 1)
    check_whole("seed", seed, 0, LARGEST_SEED)
    import numpyro  # noqa: F401 - before JAX compiles anything: importing it later makes JAX trace again

    from .chains import Plan
    from .ways import choose_way

    problem = resolve(model, data)
    plan = Plan(int(num_warmup), int(num_samples), int(num_chains), int(seed))
    _check_memory(problem, plan)
    check_proper(problem)
    with float64_on_cpu():
        way = choose_way(problem, method, plan.num_warmup)
    posterior = _draw(problem, way, plan, checkpoint, progress=progress)
    if way.kernel == "independence" and method != "independence" and got_stuck(posterior.stats):
        with float64_on_cpu():
            way = choose_way(problem, method, plan.num_warmup, independent=False)
        again = None if checkpoint is None else Path(checkpoint) / "again"
        posterior = _draw(problem, way, plan, again, progress=progress)
    complete = posterior.noise_scale.shape[1] == plan.num_samples
    found = None if way.target is None else complaint(posterior, problem)
    for message in (way.caution, found):
        if message is not None:
            warn(message, SamplingWarning)
    if not complete:
        _warn_of_interruption(posterior, plan, checkpoint)
    settings = {**plan._asdict(), "method": way.name, "kernel": way.kernel, "complete": int(complete)}
    tree = to_datatree(problem, posterior, settings)
    if log_likelihood:
        tree = add_log_likelihood(tree, model, data)
    return tree


def _check_memory(problem: Problem, plan: "Plan") -> None:
    size = 8 * plan.num_samples * plan.num_chains * (4 * problem.n_features + 10)
    if size > _DRAWS_BUDGET:
        raise MemoryError(
            f"{plan.num_chains} × {plan.num_samples} draws of {problem.n_features} coefficients take about "
            f"{size:,} bytes, above the budget of {_DRAWS_BUDGET:,}. Ask for fewer draws."
        )


def _warn_of_interruption(posterior: Posterior, plan: "Plan", checkpoint: Any) -> None:
    goes_on = "" if checkpoint is None else f" The checkpoint {checkpoint} holds them: ask again to go on."
    message = (
        f"interrupted: {posterior.noise_scale.shape[1]} of {plan.num_samples} draws of each chain were made, and are "
        f"returned.{goes_on}"
    )
    warn(message, SamplingWarning)


def _draw(problem: Problem, way: "Way", plan: "Plan", checkpoint: Any, *, progress: bool) -> Posterior:
    rng = np.random.default_rng(plan.seed)
    values, stats = _chains(problem, way, plan, checkpoint, progress=progress)
    shape = values.noise_scale.shape
    sigma = values.noise_scale.ravel()
    if way.rotation is None:
        penalised = values.coef.reshape(sigma.size, -1)
    else:
        from .marginal import draw_coefs

        scales = {name: scale.ravel() for name, scale in values.scales.items()}
        penalised = draw_coefs(problem, way.rotation, sigma, scales, rng)
    coefs, intercept = _complete(problem, penalised, sigma, rng)
    return Posterior(
        coef=coefs.reshape(*shape, -1),
        intercept=intercept.reshape(shape),
        noise_scale=values.noise_scale,
        scales=values.scales,
        stats=stats,
    )


def _chains(problem: Problem, way: "Way", plan: "Plan", checkpoint: Any, *, progress: bool) -> "Record":
    """Run the chains; where all but the coefficients is known there is nothing to run."""
    from .chains import Record, run_chains
    from .checkpoint import Checkpoint
    from .density import Values

    if way.target is None or way.program is None:
        shape = plan.num_chains, plan.num_samples
        known = Values(np.zeros((*shape, 0)), np.full(shape, problem.noise_scale), {})
        return Record(known, {"diverging": np.zeros(shape, dtype=bool)})
    target, saved = way.target, None
    if checkpoint is not None:
        families = {name: one.prior.family for name, one in target.scales.sampled.items()}
        asked = {**plan._asdict(), "method": way.name, "kernel": way.kernel, "priors of scales": families}
        saved = Checkpoint.open(checkpoint, asked, target)
        target = saved.target
    return run_chains(way.program, target, plan, progress=progress, checkpoint=saved)


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
