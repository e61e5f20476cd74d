"""A Gaussian prior's coefficients integrated out: what is left is σ and the prior's scale."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import SamplingWarning, warn
from ..gaussian import GaussianMarginal, Rotation, rotate, variance_rounding
from ..problem import Problem
from ..scales import log_prob_within
from .centre import as_arrays, middles, power, rates_at, rough_noise_centre, scale_coordinates
from .density import Position, Scales, Values

_GRID, _WIDTHS = np.linspace(-1.0, 1.0, 129), (8.0, 0.2, 0.01)  # of logarithms, ever closer
_ALTERNATIONS = 3
_NOT_TOLD_BY_STATISTICS = (
    "as far as sufficient statistics tell, {unseen} combination(s) of the columns are 0 in every row, and the draws "
    "have the prior's width along them. The prior is so wide that what the statistics round away would narrow it, "
    "unless the columns depend on one another exactly. Give the rows (RowData), or a smaller prior scale."
)
_ROUNDING = 1e-6  # of a posterior variance: what the decomposition may be wrong by


class MarginalTarget(NamedTuple):
    """The density of σ and the prior's scale, in their own coordinates."""

    marginal: GaussianMarginal
    relative: Any  # 1 where the scale is in units of σ
    scales: Scales

    def start(self, key: Array) -> Position:
        """Draw a position to start from."""
        return self.scales.start(key)

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into σ and prior scales; the coefficients are drawn afterwards."""
        sigma, scales, _ = self.scales.at(position)
        return Values(jnp.zeros(0), sigma, scales)

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""
        sigma, scales, log_prior = self.scales.at(position)
        unit = jnp.where(self.relative > 0, 1.0, sigma)
        ratio = (unit / gaussian_scale(scales)) ** 2
        return self.marginal.log_likelihood(sigma, ratio, jnp) + log_prior

    def fingerprint(self) -> list[Any]:
        """Return the likelihood at some ratios of σ² to the prior's variance, and what the priors are."""
        marginal = GaussianMarginal(*map(np.asarray, self.marginal))
        ratios = np.geomspace(1e-6, 1e6, 9) * np.max(marginal.values, initial=1e-300)
        at_one = marginal.log_likelihood(np.ones(ratios.shape), ratios)
        return [at_one, self.marginal.rss, self.marginal.power, self.relative, *jax.tree.leaves(self.scales)]


def gaussian_scale[T](scales: dict[str, T]) -> T | float:
    """Return the sampled scale of a Gaussian part, 1 where none is sampled."""
    return scales.get("gaussian_scale", scales.get("prior_scale", 1.0))


def is_one_gaussian(problem: Problem) -> bool:
    """Tell whether all penalised coefficients are Gaussian and their variances move together."""
    rates = problem.penalised_rates
    scaled = problem.is_feature[problem.penalised]
    together = not problem.sampled_scales or bool(scaled.all())
    return not rates.l1.any() and together and np.unique(rates.relative).size <= 1


def rotation(problem: Problem) -> Rotation | None:
    """Return coordinates in which coefficients are independent; None where rounding spoils them."""
    rotated = rotate(problem.reduced, problem.penalised_rates.l2)
    if rotated.values.size == 0:
        return rotated
    sigma, scales = _centre(problem, rotated)
    strengths = rates_at(problem, scales).strengths(sigma)[1]
    ratio = float((strengths * rotated.unit**2).min())
    if variance_rounding(problem.reduced, rotated, ratio) <= _ROUNDING:
        unseen = rotated.unit.size - rotated.values.size
        if unseen and not problem.has_rows and _unseen_may_be_data(rotated, ratio):
            warn(_NOT_TOLD_BY_STATISTICS.format(unseen=unseen), SamplingWarning)
        return rotated
    return None


def _unseen_may_be_data(rotated: Rotation, ratio: float) -> bool:
    """Tell whether what statistics round away would narrow so wide a prior."""
    return bool(np.finfo(float).eps * rotated.unit.size * rotated.values.max() > ratio)


def marginal_target(problem: Problem, rotated: Rotation) -> MarginalTarget:
    """State the posterior of σ and the prior's scale.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior, with `is_one_gaussian`.
    rotated : Rotation
        From `rotation`.

    Returns
    -------
    MarginalTarget
        Of float64 arrays.
    """
    sigma, scales = _centre(problem, rotated)
    return as_arrays(
        MarginalTarget(
            marginal=rotated.marginal(power(problem)),
            relative=bool(problem.penalised_rates.relative.any()),
            scales=scale_coordinates(problem, scales, sigma),
        )
    )


def _centre(problem: Problem, rotated: Rotation) -> tuple[float, dict[str, float]]:
    """Return σ and scales near the mode of their own posterior, by one after the other on grids of logarithms."""
    sigma, scales = rough_noise_centre(problem), middles(problem)
    marginal, relative = rotated.marginal(power(problem)), bool(problem.penalised_rates.relative.any())

    def log_likelihood(sigma: Any, scale: Any) -> Any:
        ratio = ((1.0 if relative else sigma) / scale) ** 2
        return marginal.log_likelihood(
            sigma, np.broadcast_to(ratio, np.broadcast_shapes(np.shape(sigma), np.shape(scale)))
        )

    for _ in range(_ALTERNATIONS):
        if problem.noise_scale is None:
            assert problem.noise_log_prior is not None
            scale = gaussian_scale(scales)
            for width in _WIDTHS:
                grid = sigma * np.exp(width * _GRID)
                sigma = _best(
                    grid, log_likelihood(grid, scale) + problem.noise_log_prior(grid)[0] + np.log(grid)
                )
        for name, prior in problem.sampled_scales.items():
            grid = scales[name] * np.exp(_WIDTHS[0] * _GRID)
            log_prior = log_prob_within(prior, grid)
            scales[name] = _best(grid, log_likelihood(sigma, grid) + log_prior + np.log(grid))
        if not problem.sampled_scales:
            break
    return sigma, scales


def _best(grid: Float[np.ndarray, " k"], log_density: Float[np.ndarray, " k"]) -> float:
    return float(grid[int(np.nan_to_num(log_density, nan=-np.inf).argmax())])


def draw_coefs(
    problem: Problem,
    rotated: Rotation,
    noise_scale: Float[np.ndarray, " s"],
    scales: dict[str, Float[np.ndarray, " s"]],
    rng: np.random.Generator,
) -> Float[np.ndarray, "s q"]:
    """Draw the coefficients given σ and the prior's scale: independent and exact."""
    unit = 1.0 if problem.penalised_rates.relative.any() else noise_scale
    ratio = np.broadcast_to((unit / gaussian_scale(scales)) ** 2, noise_scale.shape)
    return rotated.draw(noise_scale, ratio, rng)
