"""Closed forms of a Gaussian prior, from one spectral decomposition."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..base.blas import cholesky, cholesky_solve, eigh, product, times
from ..data.least_squares import GRAM_BUDGET, LeastSquares, Spectrum, told_by_gram
from ..model.problem import Problem
from .prior_units import prior_units, to_unit_norm

_REFINEMENTS = 4
_NOISE = 10.0 * float(np.finfo(float).eps)  # relative to the largest singular value, for each row or column
_SAFE_PIVOT = 1e-6  # least squared pivot, on unit-norm columns, for an accurate Newton step
_GRAM_AT_HAND = 512  # columns
SAME_DIRECTION = 1e-11  # share of a column's squared length outside of the others' span that counts as 0
_STRONG = 1e-12  # relative to the largest eigenvalue: above it a direction solves to a few digits


def ridge_coefs(least_squares: LeastSquares, l2: Float[np.ndarray, "k p"]) -> Float[np.ndarray, "k p"]:
    """Minimise ½‖y − Xβ‖² + ½ Σ l2ⱼβⱼ² for each row of penalties.

    Rows of penalties that are multiples of each other share one decomposition of the columns in units of their prior.

    Parameters
    ----------
    least_squares : LeastSquares
        Of any shape; n < p is possible.
    l2 : array (k, p)
        Positive.

    Returns
    -------
    array (k, p)
    """
    coefs = np.empty(l2.shape)
    multiples = l2[:, :1] / l2[:1, :1]
    together = np.all(np.abs(l2 - multiples * l2[0]) <= 8 * np.finfo(float).eps * l2, axis=1)
    coefs[together] = _proportional(least_squares, l2[0], multiples[together, 0])
    for k in np.flatnonzero(~together):
        coefs[k] = _proportional(least_squares, l2[k], np.ones(1))[0]
    coefs[:, least_squares.squared_norms == 0.0] = 0.0
    return _refined(least_squares, l2, coefs)


def _refined(
    least_squares: LeastSquares, l2: Float[np.ndarray, "k p"], coefs: Float[np.ndarray, "k p"]
) -> Float[np.ndarray, "k p"]:
    """Repair the error for columns of very different size: solve again for the gradient, on unit-norm columns.

    The error of a spectral decomposition is the rounding of its largest column.
    """
    norms = np.sqrt(least_squares.squared_norms + l2)
    negligible = least_squares.rounding * np.sqrt(least_squares.response_ss)
    for _ in range(_REFINEMENTS):
        slopes = (least_squares.residuals(coefs)[0] - l2 * coefs) / norms
        poor = np.flatnonzero(np.abs(slopes).max(axis=1) > negligible)
        if poor.size == 0 or 8 * coefs.shape[1] ** 2 > GRAM_BUDGET:
            break
        for k in poor:
            coefs[k] += _newton_step(least_squares.gram, norms[k], slopes[k], negligible) / norms[k]
    return coefs


def _newton_step(
    gram: Float[np.ndarray, "p p"],
    norms: Float[np.ndarray, " p"],
    slope: Float[np.ndarray, " p"],
    negligible: float,
) -> Float[np.ndarray, " p"]:
    """Solve for a gradient on unit-norm columns, except along directions in which it is only rounding.

    If only the prior gives curvature to a direction, a step for rounding could have any length.
    """
    system = gram / norms / norms[:, None]
    system[np.diag_indices_from(system)] = 1.0
    factor = cholesky(system.copy())
    if factor is not None and np.square(np.diagonal(factor)).min() > _SAFE_PIVOT:
        return cholesky_solve(factor, slope)
    values, vectors = eigh(system)
    along = times(vectors.T, slope)
    along[np.abs(along) <= negligible] = 0.0
    return times(vectors, along / np.maximum(values, values.size * np.finfo(float).eps))


def _proportional(
    least_squares: LeastSquares, l2: Float[np.ndarray, " p"], multiples: Float[np.ndarray, " k"]
) -> Float[np.ndarray, "k p"]:
    unit, factor = prior_units(least_squares, l2)
    spectrum = told(least_squares.spectrum(unit))
    with np.errstate(over="ignore"):
        filtered = spectrum.cross / (spectrum.values + (multiples * factor)[:, None])
    return product(filtered, spectrum.vectors.T) * unit


class GaussianMarginal(NamedTuple):
    """The likelihood with Gaussian coefficients integrated out, as a function of σ and their scale.

    ``ratio`` is σ²/τ² if the prior's sd is τ times `Rotation.unit`.
    """

    values: Float[Any, " r"]  # squared singular values of the columns in units of their prior
    squares: Float[Any, " r"]  # squares of the response along these directions
    rss: Any  # residual sum of squares without a penalty
    power: Any  # Σw less the number of coefficients under a flat prior

    def log_likelihood(self, noise_scale: Any, ratio: Any, xp: Any = np) -> Any:
        """Evaluate log ∫ p(y | β, σ) p(β) dβ, without power·½ log 2π and the part of flat columns.

        Parameters
        ----------
        noise_scale, ratio : array (...)
        xp : module, default NumPy
            NumPy or JAX's.
        """
        signal = self.values / xp.asarray(ratio)[..., None]
        misfit = self.rss + xp.sum(self.squares / (1.0 + signal), axis=-1)
        log_volume = xp.sum(xp.log1p(signal), axis=-1)
        return -self.power * xp.log(noise_scale) - 0.5 * (log_volume + misfit / noise_scale**2)


class Rotation(NamedTuple):
    """Coordinates of independent Gaussian coefficients given the data: β = unit·(V·u + a part that no row sees)."""

    unit: Float[np.ndarray, " q"]
    vectors: Float[np.ndarray, "q r"]
    values: Float[np.ndarray, " r"]  # positive
    cross: Float[np.ndarray, " r"]
    rss: float

    def marginal(self, power: float) -> GaussianMarginal:
        """Return the likelihood with the coefficients integrated out."""
        return GaussianMarginal(self.values, self.cross**2 / self.values, self.rss, power)

    def draw(
        self, noise_scale: Float[np.ndarray, " s"], ratio: Float[np.ndarray, " s"], rng: np.random.Generator
    ) -> Float[np.ndarray, "s q"]:
        """Draw coefficients given σ and σ²/τ²: one draw for each pair."""
        precision = self.values + ratio[:, None]
        normal = rng.standard_normal(precision.shape)
        along = self.cross / precision + noise_scale[:, None] / np.sqrt(precision) * normal
        drawn = product(along, np.ascontiguousarray(self.vectors.T))
        if self.values.size < self.unit.size:
            free = rng.standard_normal((noise_scale.size, self.unit.size))
            free -= product(product(free, self.vectors), np.ascontiguousarray(self.vectors.T))
            drawn += (noise_scale / np.sqrt(ratio))[:, None] * free
        return drawn * self.unit


def rotate(least_squares: LeastSquares, l2: Float[np.ndarray, " q"]) -> Rotation:
    """Return these coordinates from one spectral decomposition.

    Parameters
    ----------
    least_squares : LeastSquares
    l2 : array (q,)
        Positive: 1/τ² of each coefficient, at σ = 1 if the prior is relative to the noise.

    Returns
    -------
    Rotation
    """
    unit = 1.0 / np.sqrt(l2)
    if l2.size == 0:
        return Rotation(unit, np.zeros((0, 0)), np.zeros(0), np.zeros(0), float(least_squares.response_ss))
    shared, factor = prior_units(least_squares, l2)
    (values, vectors, cross), rss = informative(least_squares, shared)
    return Rotation(unit, vectors, values / factor, cross / np.sqrt(factor), rss)


def variance_rounding(least_squares: LeastSquares, rotated: Rotation, ratio: float) -> float:
    """Return the share by which rounding in the decomposition may change a posterior variance.

    Parameters
    ----------
    least_squares : LeastSquares
    rotated : Rotation
        The rotation of its columns, with at least one direction above rounding.
    ratio : float
        σ² over the prior's variance, in the rotation's units.

    Returns
    -------
    float
        Infinite if the sizes of columns differ so much that rounding hides a small one.
    """
    values, q = rotated.values, rotated.unit.size
    by_gram = least_squares is least_squares.statistics
    largest = float(values.max())
    error = np.finfo(float).eps * q * (largest if by_gram else np.sqrt(largest * values))
    of_seen = float((error / (values + ratio)).max())
    if values.size == q:
        return of_seen
    if values.size < _rank(least_squares):
        return np.inf
    return max(
        of_seen, float((error**2 / values).max()) / ratio
    )  # an error of an angle adds variance of a wide prior


def _rank(least_squares: LeastSquares) -> int:
    """Return the number of directions above rounding on unit-norm columns."""
    return int(told(least_squares.spectrum(to_unit_norm(least_squares))).values.size)


def told(spectrum: Spectrum) -> Spectrum:
    """Return a spectrum without eigenvalues that are only rounding. Nearly dependent columns become dependent."""
    noise = spectrum.values.max(initial=0.0) * (_NOISE * max(spectrum.vectors.shape, default=0)) ** 2
    seen = spectrum.values > noise
    return Spectrum(spectrum.values[seen], spectrum.vectors[:, seen], spectrum.cross[seen])


def informative(least_squares: LeastSquares, unit: Float[np.ndarray, " q"]) -> tuple[Spectrum, float]:
    """Return the spectrum of X·diag(unit) without rounding, and the residual sum of squares at its solution.

    Weak directions are not in the solution, because their rounding would spoil it; their parts are subtracted from the
    sum of squares. The sum is 0 if it may be only rounding.
    """
    values, vectors, cross = told(least_squares.spectrum(unit))
    largest = values.max(initial=0.0)
    strong = values > _STRONG * largest
    best = unit * times(np.ascontiguousarray(vectors[:, strong]), cross[strong] / values[strong])
    rss = float(least_squares.residuals(best[None, :])[1][0]) - float(
        np.sum(cross[~strong] ** 2 / values[~strong])
    )
    told_apart = rss > least_squares.rss_rounding * least_squares.response_ss
    return Spectrum(values, vectors, cross), rss if told_apart else 0.0


def root(
    least_squares: LeastSquares,
) -> tuple[Float[np.ndarray, "r q"], Float[np.ndarray, " r"], float]:
    """Return R and t with RSS(β) = ‖t − Rβ‖² + constant, and the constant; r ≤ n."""
    norms = np.sqrt(least_squares.squared_norms)
    spectrum, rss = informative(least_squares, to_unit_norm(least_squares))
    if spectrum.values.size == 0:
        return np.zeros((1, norms.size)), np.zeros(1), rss
    size = np.sqrt(spectrum.values)
    return size[:, None] * spectrum.vectors.T * norms, spectrum.cross / size, rss


def unpenalised_fit(least_squares: LeastSquares) -> tuple[float, int]:
    """Return the residual sum of squares of plain least squares, and the rank of the columns."""
    if least_squares.cross.size == 0:
        return least_squares.response_ss, 0
    unit, factor = to_unit_norm(least_squares), least_squares.factor
    if factor is not None:
        coef = unit * cholesky_solve(factor, unit * least_squares.cross)
        return float(least_squares.residuals(coef[None, :])[1][0]), coef.size
    spectrum = least_squares.spectrum(unit)
    seen = spectrum.values > spectrum.values.max() * spectrum.values.size * np.finfo(float).eps
    coef = unit * times(spectrum.vectors[:, seen], spectrum.cross[seen] / spectrum.values[seen])
    return float(least_squares.residuals(coef[None, :])[1][0]), int(seen.sum())


def is_one_gaussian(problem: Problem) -> bool:
    """Tell whether all penalised coefficients are Gaussian, and their variances have one common factor."""
    rates = problem.penalised_rates
    scaled = problem.is_feature[problem.penalised]
    together = not problem.sampled_scales or bool(scaled.all())
    return problem.law.is_normal(rates.l1, rates.l2) and together and np.unique(rates.relative).size <= 1


def gaussian_scale[T](scales: dict[str, T]) -> T | float:
    """Return the sampled scale of a Gaussian part, or 1 if none is sampled."""
    return scales.get("gaussian_scale", scales.get("prior_scale", 1.0))


def rank_counter(problem: Problem) -> Callable[[Int[np.ndarray, " a"]], int]:
    """Return a function that counts the directions that some penalised columns span.

    Their number is the number of columns, unless columns are collinear. The count looks for collinear columns only if
    there are at most 512 of them, because it needs their Gram matrix.
    """
    from scipy.linalg.lapack import dpstrf

    least_squares = problem.reduced
    if least_squares.cross.size > _GRAM_AT_HAND or told_by_gram(least_squares):
        return np.size
    gram = least_squares.gram

    def count(active: Int[np.ndarray, " a"]) -> int:
        if active.size < 2:
            return int(active.size)
        block = gram[np.ix_(active, active)]
        size = np.sqrt(np.where(np.diagonal(block) > 0.0, np.diagonal(block), 1.0))
        *_, rank, _ = dpstrf(block / size / size[:, None], tol=SAME_DIRECTION)
        return int(rank)

    return count
