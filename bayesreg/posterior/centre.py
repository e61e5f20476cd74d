"""Where a posterior lies, roughly: what coordinates are stated around."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..data.least_squares import told_by_gram
from ..errors import NoModeError
from ..gaussian import unpenalised_fit
from ..mode.coefs import solve_coefs
from ..mode.noise import noise_beside
from ..problem import Problem, Rates
from ..propriety import integrated_out
from ..scales import draw_proper
from .density import CoefPrior, Coordinate, Density, Scales

_MEDIAN_DRAWS = 1001
_ALTERNATIONS = 3  # between σ and the coefficients' mode
_RIDGE_STEPS, _STILL = 15, 1e-2  # relative movement of the largest coefficient that is small
_ROUNDED = 0.1  # of a coefficient's sd: where its Laplace prior's kink is rounded off
_JITTER = 1e-12  # a duplicate column under a very wide prior
_SAME_NOISE = 0.4  # difference of log σ between two ways to one local mode
_NEGLIGIBLE = 8.0  # log of a ratio of masses, which is known to a few units
_RULED_OUT = 12.0  # log of a ratio of masses
_WITHIN = 4.0  # of a bounded prior's unconstrained scale, where its quantity is at 2% or 98%
_SHARE_OF_SD = 0.1  # of σ's posterior, that its centre may be off
_SCALE_GRID = np.linspace(-8.0, 8.0, 161)
_LEAST_NOISE = 1e-6  # of the spread of y, below which the fit counts as perfect
_FALLBACK_NOISE = 0.5  # of the spread of y, where the joint mode does not exist


def as_arrays[T](target: T) -> T:
    """Return a target with float64 arrays as its leaves; inside `jax.enable_x64`."""
    import jax
    import jax.numpy as jnp

    return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=jnp.float64), target)


def middles(problem: Problem) -> dict[str, float]:
    """Return the median of each sampled scale's prior."""
    return {name: _middle(prior) for name, prior in problem.sampled_scales.items()}


def _middle(prior: Any) -> float:
    """Return the median of a scale's prior, or 1 where it is improper."""
    import jax

    draws = draw_proper(prior, jax.random.key(0), _MEDIAN_DRAWS)
    return 1.0 if draws is None else float(np.median(draws))


def rates_at(problem: Problem, scales: dict[str, float]) -> Rates:
    """Return the rates of the penalised coefficients at values of the sampled scales."""
    rates, follows = problem.penalised_rates, problem.is_feature[problem.penalised]
    common = scales.get("prior_scale", 1.0)
    b, tau = scales.get("laplace_scale", common), scales.get("gaussian_scale", common)
    return Rates(
        np.where(follows, rates.l1 / b, rates.l1),
        np.where(follows, rates.l2 / tau**2, rates.l2),
        rates.relative,
    )


class Centre(NamedTuple):
    """A point in the bulk of a posterior."""

    noise_scale: float
    scales: dict[str, float]
    rates: Rates  # of the penalised coefficients, at these scales
    rival: float | None = None  # σ of another bulk that may hold some of the mass


def centre(problem: Problem) -> Centre:
    """Return where a posterior lies, by its mode in one quantity after the other, on sufficient statistics.

    A sampled scale is moved once, beside coefficients that its prior's median hardly shrinks: together they have no
    mode. An absolute scale that is too small for the data leaves σ two local modes, one where the noise explains
    what the coefficients may not: σ is looked for from above and from below, and of two the heavier is taken.
    """
    problem = _as_told(problem)
    rough, scales = rough_noise_centre(problem), middles(problem)
    rates = rates_at(problem, scales)
    if scales:
        coef = _mode(problem, rates, rough)
        scales = _scales_beside(problem, coef[0], rough, scales)
        rates = rates_at(problem, scales)
    if problem.noise_scale is not None:
        return Centre(rough, scales, rates)
    above = _descend(problem, rates, rough, _ALTERNATIONS)
    if above is None:
        return Centre(rough, scales, rates)
    if rates.relative.all():
        return Centre(above, scales, rates)
    smallest_rss = unpenalised_fit(problem.reduced)[0]
    below = np.sqrt(smallest_rss / problem.sum_weights)
    near = _descend(problem, rates, below, 1) if below > _LEAST_NOISE * problem.response_scale else None
    if near is None or abs(np.log(near / above)) < _SAME_NOISE:
        return Centre(above, scales, rates)
    other = _descend(problem, rates, near, 2 * _ALTERNATIONS)
    if other is None or abs(np.log(other / above)) < _SAME_NOISE:
        return Centre(above, scales, rates)
    difference = _log_mass(problem, rates, other, scales) - _log_mass(problem, rates, above, scales)
    heavier, lighter = (other, above) if difference > 0.0 else (above, other)
    return Centre(heavier, scales, rates, lighter if abs(difference) < _NEGLIGIBLE else None)


def _mode(
    problem: Problem, rates: Rates, sigma: float, start: Float[np.ndarray, "1 q"] | None = None
) -> Float[np.ndarray, "1 q"]:
    """Return about the coefficients' mode at σ, the kink of a Laplace prior rounded off within their own sd.

    By ridge steps that majorise |β| at the last (Hunter and Li 2005, doi:10.1214/009053605000000802): no program is
    compiled for it, and in the bulk of the posterior it lies better than at zeros.
    """
    l1, l2 = rates.strengths(sigma)
    if problem.has_rows:  # columns are alike
        return solve_coefs(problem, l1[None, :], l2[None, :]).values
    gram, cross = problem.reduced.gram, problem.reduced.cross
    unit = 1.0 / np.sqrt(problem.reduced.squared_norms + sigma**2 * prior_precision(rates, sigma))
    rounded = (_ROUNDED * sigma * unit) ** 2
    scaled = gram * unit * unit[:, None]
    strengths = (
        sigma**2 * prior_precision(rates, sigma, _one_by_one(problem, l1))
        if start is None
        else l2 + l1 / np.sqrt(start[0] ** 2 + rounded)
    )
    coef = np.zeros(cross.size)
    for _ in range(_RIDGE_STEPS):
        system = scaled.copy()
        system[np.diag_indices_from(system)] += strengths * unit**2 + _JITTER
        new = unit * _solved(system, unit * cross)
        moved = np.abs(new - coef).max(initial=0.0) > _STILL * np.abs(new).max(initial=0.0)
        coef, strengths = new, l2 + l1 / np.sqrt(new**2 + rounded)
        if not moved or not l1.any():
            break
    return coef[None, :]


def _one_by_one(problem: Problem, l1: Float[np.ndarray, " q"]) -> Float[np.ndarray, " q"]:
    """Return each coefficient's mode were it alone: from a start near 0 ridge steps only double it."""
    size = np.maximum(np.abs(problem.reduced.cross) - l1, 0.0)
    norms = problem.reduced.squared_norms
    return np.divide(size, norms, out=np.zeros_like(size), where=norms > 0.0)


def _solved(system: Float[np.ndarray, "q q"], right: Float[np.ndarray, " q"]) -> Float[np.ndarray, " q"]:
    from scipy.linalg import cho_factor, cho_solve

    return cho_solve(
        cho_factor(system, lower=True, overwrite_a=True, check_finite=False), right, check_finite=False
    )


def _descend(problem: Problem, rates: Rates, sigma: float, n_rounds: int) -> float | None:
    """Move σ to its mode beside the coefficients', and these to theirs, in turn."""
    start = None
    for _ in range(n_rounds):
        coefs = _mode(problem, rates, sigma, start)
        l1, l2 = (strength[None, :] for strength in rates.strengths(sigma))
        beside = _noise_beside(problem, coefs, l1, l2)
        if beside is None:
            return None
        sigma, start = beside, coefs
    return sigma


def _log_mass(problem: Problem, rates: Rates, sigma: float, scales: dict[str, float]) -> float:
    """Estimate the log of the mass around a local mode by Laplace's method, per unit of log σ and of log scale."""
    coefs = _mode(problem, rates, sigma)
    rss = float(problem.reduced.residuals(coefs)[1][0])
    precision = problem.reduced.gram / sigma**2 + np.diag(prior_precision(rates, sigma))
    size = np.sqrt(np.diagonal(precision))
    log_det = np.linalg.slogdet(precision / size / size[:, None])[1] + 2.0 * np.log(size).sum()
    of_prior = float(np.asarray(coef_prior(problem).log_density(coefs[0], sigma, scales)).sum())
    volume = 0.5 * coefs.shape[1] * np.log(2.0 * np.pi) - 0.5 * float(log_det)
    return _log_noise_mass(problem, sigma, rss) + of_prior + volume


def _log_noise_mass(problem: Problem, sigma: float, rss: float) -> float:
    """Evaluate the log of likelihood and prior at σ, per unit of log σ where that is unknown."""
    log_likelihood = -power(problem) * np.log(sigma) - 0.5 * rss / sigma**2
    if problem.noise_log_prior is None:
        return float(log_likelihood)
    return float(log_likelihood + np.log(sigma) + problem.noise_log_prior(np.array([sigma]))[0][0])


def null_is_ruled_out(problem: Problem, near: Centre) -> bool:
    """Tell whether data exclude that all coefficients are about 0, where a sampled scale is free to go to 0 too.

    There the density of coefficients and scale grows without bound, in a funnel that has the null model's mass.
    """
    problem = _as_told(problem)
    total = float(problem.reduced.response_ss)
    sigma = near.noise_scale if problem.noise_log_prior is None else np.sqrt(total / power(problem))
    here = _log_mass(problem, near.rates, near.noise_scale, near.scales)
    return here - _log_noise_mass(problem, sigma, total) > _RULED_OUT


def prior_precision(
    rates: Rates, sigma: float, coef: Float[np.ndarray, " q"] | None = None
) -> Float[np.ndarray, " q"]:
    """Return one over the prior's variance, 2b² for a Laplace prior, of both parts added.

    Around coefficients that the data hold far out in a Laplace prior's tail, at more than 2b, its share is 1/(b|β|), as
    a Gaussian of that slope has: the tail itself is straight.
    """
    l1, l2 = rates.strengths(sigma)
    rate = l1 / sigma**2
    absolute = 0.5 * rate**2
    if coef is not None:
        with np.errstate(divide="ignore"):
            absolute = np.minimum(absolute, rate / np.abs(coef))
    return absolute + l2 / sigma**2


def _noise_beside(problem: Problem, coefs: Any, l1: Any, l2: Any) -> float | None:
    """Return σ beside coefficients; None where there is none, or the fit is perfect."""
    try:
        sigma = float(
            noise_beside(problem, coefs, l1, l2, _SHARE_OF_SD / np.sqrt(2.0 * problem.sum_weights))[0]
        )
    except NoModeError:
        return None
    return sigma if sigma > _LEAST_NOISE * problem.response_scale else None


def _scales_beside(
    problem: Problem, coef: Float[np.ndarray, " q"], sigma: float, scales: dict[str, float]
) -> dict[str, float]:
    """Return the modes of the sampled scales, on a grid of their unconstrained scale, given coefficients."""
    import jax.numpy as jnp

    prior, found = coef_prior(problem), dict(scales)
    for name, density in problem.sampled_scales.items():
        values, log_density = _coordinate(density, scales[name], 1.0).at(jnp.asarray(_SCALE_GRID))
        others = {**found, name: values[:, None]}
        log_density += prior.log_density(jnp.asarray(coef), sigma, others).sum(axis=-1)
        usable = np.asarray(log_density)
        usable = np.where(np.isfinite(usable), usable, -np.inf)
        best = int(usable.argmax())
        if (
            0 < best < usable.size - 1
        ):  # at an edge the coefficients tell nothing of the scale: its median stays
            found[name] = float(values[best])
    return found


def rough_noise_centre(problem: Problem) -> float:
    """Return σ, or half the spread of y."""
    known = problem.noise_scale
    return _FALLBACK_NOISE * problem.response_scale if known is None else known


def coef_centre(problem: Problem, rates: Rates, sigma: float) -> Float[np.ndarray, " q"]:
    """Return about the mode of the penalised coefficients at σ."""
    return _mode(_as_told(problem), rates, sigma)[0]


def _as_told(problem: Problem) -> Problem:
    """Return the problem on sufficient statistics, unless rows tell more."""
    return problem.as_statistics if told_by_gram(problem.reduced) else problem


def coef_prior(problem: Problem) -> Any:
    """Return the prior of the penalised coefficients."""
    rates = problem.penalised_rates
    return CoefPrior.at(rates.l1, rates.l2, rates.relative, problem.is_feature[problem.penalised])


def power(problem: Problem) -> float:
    """Return the power of 1/σ in the likelihood, what is flat integrated out."""
    return problem.sum_weights - integrated_out(problem)


def scale_coordinates(problem: Problem, scales: dict[str, float], sigma: float) -> Scales:
    """Return coordinates of σ and of the sampled scales around their middles, in steps of about an sd."""
    n_coefs = int(problem.penalised.sum())
    sampled = {
        name: _coordinate(prior, scales[name], 1.0 / np.sqrt(1.0 + n_coefs))
        for name, prior in problem.sampled_scales.items()
    }
    if problem.noise_scale is None:
        prior = problem.likelihood.noise_prior(problem.response_scale)
        sampled["noise_scale"] = _coordinate(prior, sigma, 1.0 / np.sqrt(1.0 + 2.0 * problem.sum_weights))
    return Scales(problem.noise_scale, sampled)


def _coordinate(prior: Any, centre: float, step: float) -> Coordinate:
    from numpyro.distributions import biject_to

    offset = np.asarray(biject_to(prior.support).inv(np.float64(centre)))
    if not np.isfinite(offset):  # the centre lies outside a bounded support
        offset = np.zeros(())
    if np.isfinite(float(getattr(prior.support, "upper_bound", np.inf))):
        offset = np.clip(offset, -_WITHIN, _WITHIN)  # the mode at an edge lies infinitely far out
    return Coordinate(Density(prior), offset, np.float64(step))
