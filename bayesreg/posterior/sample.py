"""sample_posterior: Markov chains for the part without a closed form, exact draws of the rest."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base.arguments import LARGEST_SEED, check_whole
from ..base.errors import SamplingWarning, warn
from ..base.jax_context import float64_on_cpu
from ..base.threads import blas_for_matrices
from ..data.row_source import RowSource
from ..gaussian.propriety import check_proper
from ..model.linear_model import LinearModel
from ..model.needs import MASS, AnyData
from ..model.problem import Problem
from ..model.row_problem import AnyProblem, RowProblem, resolve_any
from .draws.predict import add_log_likelihood
from .on_source import refuse_on_source, sample_on_source
from .sampling_warning import LEAST_DRAWS, sampling_warning
from .to_arviz import Posterior, to_datatree

if TYPE_CHECKING:
    import os

    import xarray as xr

    from .certificate import PosteriorCertificate
    from .kernels.chains import Plan, Record
    from .marginals.bulks import Bulk, Look
    from .samplers import Sampler
    from .targets.density import Values

_DRAWS_BUDGET = 4 * 2**30  # bytes
_MOST_RUNS = 3
_PARTS = 2  # of the seed's streams
_NUMBERS = {2: "two", 3: "three", 4: "four"}


def sample_posterior(
    model: LinearModel,
    data: AnyData,
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

    The parameters that are Gaussian given the rest are integrated out, and drawn exactly after the
    Markov chain. They are the intercept, the unpenalised coefficients, and under a Gaussian prior all
    coefficients. The cost of a draw does not depend on the number of rows.

    Parameters
    ----------
    model : LinearModel
        A scale that is a NumPyro distribution is sampled too, and so is an unknown σ.
    data : RowData, GramData or RowSource
        Of a RowSource, all proposals' densities are evaluated in one pass over the rows. Only "independence" is
        offered: it needs a posterior that is nearly normal, as that of many rows is.
    num_warmup, num_samples, num_chains : int
        The number of transitions of each chain that adapt and are dropped, of those that are kept, and
        of chains. Independent proposals need no warm-up: a pilot adapts them. Chains run on threads.
    seed : int, default 0
        The same seed gives the same draws, on any number of threads.
    log_likelihood : bool, default False
        Whether to add the pointwise log-likelihood (needs RowData).
    progress : bool, default True
        Whether to show a progress bar on stderr after two seconds.
    checkpoint : path, optional
        A folder. The run is saved to it as it goes. If a run was killed, call with the same arguments
        and the same path: it continues, and ends with the same draws, to the last bit. Independent
        draws take no time, so they are not saved.
    method : "auto", "marginal", "independence", "whitened", "mixture" or "gibbs", default "auto"
        How the coefficients are drawn. "marginal" integrates them out (Gaussian priors). "independence"
        accepts or rejects proposals that do not depend on the last draw, in coordinates in which the
        posterior is nearly normal if the data dominate the prior. "whitened" is NUTS in these coordinates.
        "mixture" is NUTS with the Laplace part as a scale mixture of Gaussians. "gibbs" draws the mixture
        block by block. "auto" takes the first of these that applies. "marginal": the prior allows it.
        "gibbs": σ and the scales have several bulks (each gets its share of the draws), or there are at
        least as many coefficients as rows. "independence": the data dominate, and a pilot finds that
        draws will be nearly independent. "gibbs", or "mixture" if there are many coefficients: the prior
        dominates. Else "whitened". If the certificate or a diagnostic refuses the draws, another of these
        samplers draws again, at most twice. The result's attributes ``method`` and ``kernel`` name the
        choice, and ``tried`` the refused ones. A likelihood that is not Gaussian allows "independence",
        "whitened" and "mixture"; the choice among them follows the same rules.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` (coef (chain, draw, feature), intercept, and if they are sampled
        noise_scale and prior_scale, or laplace_scale and gaussian_scale for an elastic net),
        ``sample_stats``, ``log_prior``, ``constant_data`` (known values) and, if requested,
        ``log_likelihood``. The attribute ``complete`` is 0 if Ctrl-C ended the run early; the tree then
        has the draws until then, the same number from each chain. ``certified`` is 1 if
        `certify_posterior` certifies the draws, ``certificate`` is its sentence, and
        ``certificate_largest_z`` its largest z. ``parts`` names the separate parts of the posterior.

    Raises
    ------
    ImproperPosteriorError
        If the posterior does not integrate, with the remedy.
    CheckpointError
        If the checkpoint belongs to another run, or is damaged.
    TypeError, ValueError, MemoryError

    Warns
    -----
    SamplingWarning
        One message with all reasons against the draws: the density contradicts them, transitions
        diverged, E-BFMI is below 0.3, and from 200 draws a chain R-hat is above 1.01 or there are fewer
        than 100 effective draws a chain. It names the parameters, the sizes and the remedies. Another
        message if the posterior has separate parts, with their masses, or if the run was interrupted.
    """
    check_whole("num_warmup", num_warmup, 1)
    check_whole("num_samples", num_samples, 1)
    check_whole("num_chains", num_chains, 1)
    check_whole("seed", seed, 0, LARGEST_SEED)
    import numpyro  # noqa: F401 - before JAX compiles anything: a later import makes JAX trace again

    from .kernels.chains import Plan
    from .marginals.bulks import where_mass_is
    from .suits import material

    plan = Plan(int(num_warmup), int(num_samples), int(num_chains), int(seed))
    if isinstance(data, RowSource):
        refuse_on_source(log_likelihood, checkpoint)
        return sample_on_source(model, data, plan, method)
    problem = resolve_any(model, data, "sample_posterior", MASS)
    _check_memory(problem, plan)
    with _blas_for(problem):
        check_proper(problem)
        found = where_mass_is(problem) if isinstance(problem, Problem) else None
    chosen, tried = _best_run(problem, method, plan, found, checkpoint, progress=progress)
    parts = tuple(bulk for bulk, _ in chosen.sampler.parts) or material(found)
    for message in (_on_parts(chosen.sampler, parts), chosen.against):
        if message is not None:
            warn(message, SamplingWarning)
    if not chosen.complete:
        _warn_of_interruption(chosen.posterior, plan, checkpoint)
    settings = {
        **plan._asdict(),
        "method": chosen.sampler.name,
        "kernel": chosen.sampler.kernel,
        "complete": int(chosen.complete),
        "tried": ", ".join(tried),
        "parts": in_words(parts),
        **chosen.certificate.as_attributes,
        "has_offset": int(getattr(data, "offset", None) is not None),
    }
    tree = to_datatree(problem, chosen.posterior, settings)
    if log_likelihood:
        tree = add_log_likelihood(tree, model, data)
    return tree


class _Run(NamedTuple):
    """Draws, their certificate, and the warning against them."""

    sampler: "Sampler"
    posterior: Posterior
    complete: bool
    certificate: "PosteriorCertificate"
    against: str | None

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """The sorting key of runs: the best run has the smallest."""
        return not self.certificate.ok, self.against is not None, self.certificate.largest_z


def _best_run(
    problem: AnyProblem, method: str, plan: "Plan", found: "Look | None", checkpoint: Any, *, progress: bool
) -> tuple[_Run, list[str]]:
    """Run one sampler after the other until draws are certified and have no warning."""
    from .choose_sampler import suitable_samplers

    runs: list[_Run] = []
    with float64_on_cpu(), _blas_for(problem):
        candidates = suitable_samplers(problem, method, plan.num_warmup, found)
        sampler = next(candidates, None)
    while sampler is not None:
        folder = checkpoint if checkpoint is None or not runs else Path(checkpoint) / f"again-{len(runs)}"
        runs.append(_run(problem, sampler, plan, found, folder, progress=progress))
        good = runs[-1].against is None or not runs[-1].complete
        if good or plan.num_samples < LEAST_DRAWS or len(runs) == _MOST_RUNS:
            break
        with float64_on_cpu(), _blas_for(problem):
            sampler = next(candidates, None)
    best = min(runs, key=lambda run: run.rank)
    return best, [f"{run.sampler.name} ({run.certificate})" for run in runs if run is not best]


def _run(
    problem: AnyProblem,
    sampler: "Sampler",
    plan: "Plan",
    found: "Look | None",
    checkpoint: Any,
    *,
    progress: bool,
) -> _Run:
    from .certificate import certificate

    posterior = _draw(problem, sampler, found, plan, checkpoint, progress=progress)
    judged = certificate(problem, posterior, found)
    complete = posterior.shape[1] == plan.num_samples
    against = sampling_warning(posterior, problem, judged, independent=sampler.rotation is not None)
    return _Run(sampler, posterior, complete, judged, against)


def _blas_for(problem: AnyProblem) -> AbstractContextManager[Any]:
    """Limit BLAS to one thread if only small matrices are left of the data. Passes over rows limit it themselves."""
    return blas_for_matrices(problem.rates.l1.size) if isinstance(problem, Problem) else nullcontext()


def in_words(bulks: "Sequence[Bulk]") -> str:
    """Name the parts of a posterior with their masses. Return an empty text if there is only one."""
    if len(bulks) < 2:
        return ""
    names = list(bulks[0].scales)
    return " and ".join(
        ", ".join(
            [f"noise_scale {bulk.noise_scale:.3g}", *(f"{name} {bulk.scales[name]:.3g}" for name in names)]
        )
        + f" ({_as_share(bulk.mass)} of the mass)"
        for bulk in bulks
    )


def _as_share(mass: float) -> str:
    """Write a share with two digits, or near 1 with two digits of the distance from 1."""
    return f"{mass:.2g}" if mass < 0.99 else f"{mass:.{1 - math.floor(math.log10(max(1.0 - mass, 1e-12)))}f}"


def _on_parts(sampler: "Sampler", bulks: "Sequence[Bulk]") -> str | None:
    """Return a warning about draws of a posterior with several parts. Closed-form draws need none."""
    if len(bulks) < 2 or sampler.marginal is not None:
        return None
    drawn = (
        "The draws have these shares, which are estimates: chains do not cross between the parts."
        if sampler.parts
        else "Chains do not cross between them, so the draws may come from only one of them: leave `method` out."
    )
    return (
        f"The posterior has {_NUMBERS.get(len(bulks), len(bulks))} separate parts, around {in_words(bulks)}: in one "
        "the noise explains variation that the coefficients cannot, because the prior's scale holds them near 0. "
        f"{drawn} Give the prior a larger scale, a distribution as its scale, or relative_to_noise=True."
    )


def _check_memory(problem: AnyProblem, plan: "Plan") -> None:
    size = 8 * plan.num_samples * plan.num_chains * (4 * problem.n_features + 10)
    if size > _DRAWS_BUDGET:
        raise MemoryError(
            f"{plan.num_chains} × {plan.num_samples} draws of {problem.n_features} coefficients take about "
            f"{size:,} bytes, above the budget of {_DRAWS_BUDGET:,}. Ask for fewer draws."
        )


def _warn_of_interruption(posterior: Posterior, plan: "Plan", checkpoint: Any) -> None:
    to_continue = (
        "" if checkpoint is None else f" The checkpoint {checkpoint} holds them: call again to continue."
    )
    message = (
        f"interrupted: {posterior.shape[1]} of {plan.num_samples} draws of each chain were made, and are "
        f"returned.{to_continue}"
    )
    warn(message, SamplingWarning)


def _draw(
    problem: AnyProblem,
    sampler: "Sampler",
    found: "Look | None",
    plan: "Plan",
    checkpoint: Any,
    *,
    progress: bool,
) -> Posterior:
    rng = np.random.default_rng(plan.seed)
    if sampler.rotation is not None:
        assert isinstance(problem, Problem)
        values, stats = _without_chains(problem, sampler, found, plan, rng)
    else:
        values, stats = _chains(problem, sampler, plan, checkpoint, progress=progress)
    shape = values.coef.shape[:2]
    with _blas_for(problem):
        coefs, intercept = _completed(problem, values, rng)
    return Posterior(
        coef=coefs.reshape(*shape, -1),
        intercept=intercept.reshape(shape),
        nuisance=values.nuisance,
        scales=values.scales,
        stats=stats,
    )


def _without_chains(
    problem: Problem, sampler: "Sampler", found: "Look | None", plan: "Plan", rng: np.random.Generator
) -> "Record":
    """Draw σ and the scale, then Gaussian coefficients; all draws are independent."""
    from .kernels.chains import Record
    from .targets.density import Values
    from .targets.marginal import draw_coefs, draw_scales

    assert sampler.rotation is not None
    assert sampler.marginal is not None
    shape = plan.num_chains, plan.num_samples
    n_draws = plan.num_chains * plan.num_samples
    scales: dict[str, Any] = {}
    if found is None:
        sigma = np.full(n_draws, problem.noise_scale, dtype=float)
    else:
        sigma, scales = draw_scales(problem, sampler.marginal, found, n_draws, rng)
    coef = draw_coefs(problem, sampler.rotation, sigma, scales, rng)
    values = Values(
        coef.reshape(*shape, -1),
        {"noise_scale": sigma.reshape(shape)},
        {name: one.reshape(shape) for name, one in scales.items()},
    )
    return Record(values, {"diverging": np.zeros(shape, dtype=bool)})


def _chains(
    problem: AnyProblem, sampler: "Sampler", plan: "Plan", checkpoint: Any, *, progress: bool
) -> "Record":
    """Run the chains. If the posterior has several parts, run chains in each part."""
    if not sampler.parts:
        return _run_on(problem, sampler, sampler.target, plan, checkpoint, progress=progress)
    records = []
    for k, (_, target) in enumerate(sampler.parts):
        folder = None if checkpoint is None else Path(checkpoint) / f"part-{k}"
        records.append(_run_on(problem, sampler, target, plan, folder, progress=progress))
    return _mixed(
        [bulk.mass for bulk, _ in sampler.parts], records, np.random.default_rng([plan.seed, _PARTS])
    )


def _run_on(
    problem: AnyProblem, sampler: "Sampler", target: Any, plan: "Plan", checkpoint: Any, *, progress: bool
) -> "Record":
    from .kernels.chains import run_chains
    from .kernels.checkpoint import Checkpoint
    from .kernels.identity import Identity

    assert sampler.program is not None
    if checkpoint is None:
        return run_chains(sampler.program, target, plan, progress=progress)
    families = {name: one.prior.family for name, one in target.scales.sampled.items()}
    asked = {**plan._asdict(), "method": sampler.name, "kernel": sampler.kernel, "priors of scales": families}
    with Checkpoint.open(checkpoint, asked, target, Identity.of(problem)) as saved:
        return run_chains(sampler.program, saved.target, plan, progress=progress, checkpoint=saved)


def _mixed(masses: list[float], records: "list[Record]", rng: np.random.Generator) -> "Record":
    """Join the draws of a posterior's parts. In each chain the share of a part is its mass."""
    import jax

    n_chains = len(records[0].values.coef)
    n_draws = min(record.values.coef.shape[1] for record in records)
    upto = np.cumsum(masses) / np.sum(masses)
    rows = []
    for _ in range(n_chains):
        part = np.searchsorted(upto, (np.arange(n_draws) + rng.random()) / n_draws).clip(max=len(masses) - 1)
        rng.shuffle(part)
        draw = np.empty(n_draws, dtype=int)
        for k in range(len(masses)):
            mine = np.flatnonzero(part == k)
            draw[mine] = np.arange(mine.size) * n_draws // max(mine.size, 1)
        rows.append((part, draw))

    def pick(*leaves: Any) -> Any:
        stacked = np.stack([leaf[:, :n_draws] for leaf in leaves])
        return np.stack([stacked[part, chain, draw] for chain, (part, draw) in enumerate(rows)])

    return jax.tree.map(pick, *records)


def _completed(problem: AnyProblem, values: "Values", rng: np.random.Generator) -> tuple[Any, Any]:
    """Return all coefficients and the intercept.

    Under a Gaussian likelihood the unpenalised ones are drawn given the rest: normal around their least-squares values.
    """
    if isinstance(problem, RowProblem):
        p = problem.n_features
        intercept = values.coef[..., p] if problem.has_intercept else np.zeros(values.coef.shape[:2])
        return values.coef[..., :p], intercept
    noise_scale = values.noise_scale.ravel()
    penalised = values.coef.reshape(noise_scale.size, -1)
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
