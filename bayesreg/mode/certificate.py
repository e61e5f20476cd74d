"""The certificate of a mode: duality gap and KKT residual at the point that is returned."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.blas import cholesky, times
from ..base.errors import beyond_float64
from ..base.loops import LOOPS
from ..base.shown import Shown
from ..base.threads import n_cores, over_ranges
from ..data.least_squares import LeastSquares
from ..model.problem import Problem
from ..priors.elastic_net_algebra import conjugate, dual_step, penalty_terms, violation

_EIGENVALUES_AT_HAND = 2048  # columns
_BLOCK, _FEWEST_SHARED = 2**15, 2**18  # coefficients in a block, and from which threads share them
_WORTH_A_CLOSER_LOOK = 1e-2  # share of tol above which the bound on rounding is sharpened


@final
@dataclass(frozen=True)
class Certificate:
    """A bound on the distance of a point from the optimum of J.

    Attributes
    ----------
    primal : float
        J at the point: ½ Σ wᵢrᵢ² plus the penalty, in units of y².
    dual : float
        A lower bound of J at every point.
    null_objective : float
        J of the null model: penalised coefficients 0, intercept and unpenalised ones optimal.
    duality_gap : float
        (primal − dual) / null_objective, at least 0: the point's J is above the optimum
        by at most this share of the null model's J. It is 0 if the null model's J is 0.
    kkt_residual : float
        Largest distance of a penalised coefficient's gradient from its subdifferential,
        on unit-norm columns, in units of λmax.
    rounding : float
        First-order bound on the error that rounding in sums over rows can add to the duality gap. From
        statistics it also bounds the digits that they have lost, and the proof is max(gap, rounding).
        It includes rounding of the intercept and of the means; so does the gap.
    coef_rounding : float
        First-order bound on the change that rounding can make to a coefficient with an l2 penalty, as a
        share of the largest, on unit-norm columns. It matters if almost all the curvature is the
        prior's: then the objective does not show the change.
    source : {"rows", "gram"}
        Whether it was computed from rows or from a Gram matrix.
    noise_scale : float
        The σ of J's penalty.
    conditional_on_noise_scale : bool
        Whether σ was estimated too. The gap is then for the coefficients at that σ.
    kind : {"gap", "stationary"}
        Whether the gap proves the minimum, or the density is not log-concave and the point is only known to be
        stationary: then the gap is NaN.
    """

    primal: float
    dual: float
    null_objective: float
    duality_gap: float
    kkt_residual: float
    rounding: float
    coef_rounding: float
    source: str
    noise_scale: float
    conditional_on_noise_scale: bool = False
    kind: str = "gap"

    def proves(self, tol: float) -> bool:
        """Tell whether the objective is known to `tol`, and coefficients with an l2 penalty to √tol.

        Near its minimum the objective grows with the square of the distance. A stationary point has no gap: its KKT
        residual must be at most √tol.
        """
        if self.kind == "stationary":
            return self.kkt_residual <= np.sqrt(tol)
        return self.proven_gap <= tol and self.coef_rounding <= np.sqrt(tol)

    @property
    def proven_gap(self) -> float:
        """The gap that is proven: the duality gap, but from statistics at least the rounding."""
        return max(self.duality_gap, self.rounding) if self.source == "gram" else self.duality_gap

    def __str__(self) -> str:
        if self.kind == "stationary":
            return (
                f"a stationary point, the highest found from several starts; KKT residual {self.kkt_residual:.1e} of "
                f"lambda_max (from the {self.source}). The density is not log-concave, so there is no duality gap"
            )
        given = f", given noise_scale = {self.noise_scale:.6g}" if self.conditional_on_noise_scale else ""
        return (
            f"duality gap {self.duality_gap:.1e} of the null model's objective, "
            f"KKT residual {self.kkt_residual:.1e} of lambda_max (from the {self.source}{given})"
        )


@final
@dataclass(frozen=True, eq=False, repr=False)
class Certificates(Shown):
    """Certificates of k points, made one by one when asked for.

    Attributes
    ----------
    primal, gaps, kkt_residuals, rounding, coef_rounding, noise_scales : array (k,)
        `gaps` and `rounding` are in units of `null_objective`; the others are as in `Certificate`.
    null_objective : float
    source : {"rows", "gram"}
    conditional_on_noise_scale : bool
    """

    primal: Float[np.ndarray, " k"]
    gaps: Float[np.ndarray, " k"]
    kkt_residuals: Float[np.ndarray, " k"]
    rounding: Float[np.ndarray, " k"]
    coef_rounding: Float[np.ndarray, " k"]
    noise_scales: Float[np.ndarray, " k"]
    null_objective: float
    source: str
    conditional_on_noise_scale: bool

    @property
    def proven_gaps(self) -> Float[np.ndarray, " k"]:
        """The gaps that are proven: the duality gaps, but from statistics at least the rounding."""
        return np.maximum(self.gaps, self.rounding) if self.source == "gram" else self.gaps

    def prove(self, tol: float) -> Bool[np.ndarray, " k"]:
        """Tell for each point what `Certificate.proves` tells."""
        return (self.proven_gaps <= tol) & (self.coef_rounding <= np.sqrt(tol))

    def of(self, order: Int[np.ndarray, " m"]) -> "Certificates":
        """Return some of them, in an order."""
        fields = ("primal", "gaps", "kkt_residuals", "rounding", "coef_rounding", "noise_scales")
        return replace(self, **{name: getattr(self, name)[order] for name in fields})

    def __len__(self) -> int:
        return self.gaps.size

    def __str__(self) -> str:
        return (
            f"{len(self)} certificates, from the {self.source}: largest duality gap {self.gaps.max():.1e}, "
            f"largest KKT residual {self.kkt_residuals.max():.1e} of lambda_max"
        )

    def __getitem__(self, k: int) -> Certificate:
        return Certificate(
            primal=float(self.primal[k]),
            dual=float(self.primal[k] - self.gaps[k] * self.null_objective),
            null_objective=self.null_objective,
            duality_gap=float(self.gaps[k]),
            kkt_residual=float(self.kkt_residuals[k]),
            rounding=float(self.rounding[k]),
            coef_rounding=float(self.coef_rounding[k]),
            source=self.source,
            noise_scale=float(self.noise_scales[k]),
            conditional_on_noise_scale=self.conditional_on_noise_scale,
        )

    def __iter__(self) -> Iterator[Certificate]:
        return (self[k] for k in range(len(self)))


def certify(
    problem: Problem,
    coefs: Float[np.ndarray, "k p"],
    intercepts: Float[np.ndarray, " k"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    noise_scales: Float[np.ndarray, " k"],
    *,
    tol: float = 1e-10,
) -> Certificates:
    """Certify k points, each against its own penalty.

    The dual point is the residual with intercept and unpenalised columns projected
    out, scaled to be feasible for the columns without an l2 part. The gap is a sum
    of terms that are each at least 0 (Fenchel-Young), so nothing cancels.

    Parameters
    ----------
    problem : Problem
    coefs : array (k, p)
        All features' coefficients, on the original columns.
    intercepts : array (k,)
    l1, l2 : array (k, q)
        Penalties of the q penalised coefficients.
    noise_scales : array (k,)
        The σ of each penalty.
    tol : float
        The tolerance for gaps. Bounds on rounding far below it stay rough.

    Returns
    -------
    Certificates

    Raises
    ------
    ValueError
        If the objective at the point is beyond float64.

    References
    ----------
    S. Boyd and L. Vandenberghe (2004), Convex Optimization, section 5.5;
    S.-J. Kim et al. (2007), doi:10.1109/JSTSP.2007.910971 (the lasso's dual point).
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # checked below
        certificates = _certified(problem, coefs, intercepts, l1, l2, noise_scales, tol)
    if not (np.isfinite(certificates.primal).all() and np.isfinite(certificates.gaps).all()):
        raise beyond_float64()
    return certificates


def _certified(
    problem: Problem,
    coefs: Float[np.ndarray, "k p"],
    intercepts: Float[np.ndarray, " k"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    noise_scales: Float[np.ndarray, " k"],
    tol: float,
) -> Certificates:
    all_coefs = coefs if problem.centred else _with_intercept_column(problem, coefs, intercepts)
    penalised = problem.of_penalised(all_coefs)
    gradients, projected_ss = problem.reduced.residuals(penalised)
    in_offset = _offset_rounding(problem, all_coefs, intercepts)
    lost_ss = _lost_ss(problem, all_coefs, intercepts, in_offset)
    primal, gaps, kkt = _measured(problem, penalised, gradients, projected_ss, lost_ss, l1, l2)
    null = 0.5 * problem.reduced.response_ss
    rounding = _rounding(problem, all_coefs, l1, l2, projected_ss, _WORTH_A_CLOSER_LOOK * tol)
    rounding += 0.5 * problem.sum_weights * in_offset**2
    unit = 1.0 / null if null > 0.0 else 0.0
    gaps *= unit
    return Certificates(
        primal=primal,
        gaps=np.where(np.isfinite(gaps), gaps, primal * unit),  # J is never below 0
        kkt_residuals=kkt,
        rounding=rounding * unit,
        coef_rounding=_coef_rounding(
            problem.reduced, penalised, gradients, projected_ss, l1, l2, np.sqrt(tol)
        ),
        noise_scales=noise_scales,
        null_objective=null,
        source="rows" if problem.has_rows else "gram",
        conditional_on_noise_scale=problem.noise_scale is None,
    )


def _measured(
    problem: Problem,
    coefs: Float[np.ndarray, "k q"],
    gradients: Float[np.ndarray, "k q"],
    projected_ss: Float[np.ndarray, " k"],
    lost_ss: Float[np.ndarray, " k"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return J at each point, its duality gap, and the KKT residual; on all cores if the points are large."""
    k, q = coefs.shape
    norms = np.sqrt(problem.least_squares.squared_norms[problem.penalised])
    unit = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0.0)
    lambda_max = (np.abs(problem.reduced.cross) * unit).max(initial=0.0)
    by_point = *map(np.ascontiguousarray, (coefs, gradients, l1, l2)), projected_ss, lost_ss
    measures = np.empty((3, k))

    def part(points: range) -> None:
        if LOOPS:
            LOOPS.certify(unit, *by_point, *measures, points.start, points.stop)
            return
        step = max(1, _BLOCK // max(q, 1))  # points whose arrays stay in cache
        for first in range(points.start, points.stop, step):
            block = slice(first, min(first + step, points.stop))
            measures[:, block] = measured_by_numpy(unit, *(each[block] for each in by_point))

    over_ranges(part, k, min(n_cores(), k) if k * q >= _FEWEST_SHARED else 1)
    primal, gaps, away = measures
    return primal, gaps, np.zeros(k) if lambda_max == 0.0 else away / lambda_max


def measured_by_numpy(
    unit: Float[np.ndarray, " q"],
    coefs: Float[np.ndarray, "b q"],
    gradients: Float[np.ndarray, "b q"],
    l1: Float[np.ndarray, "b q"],
    l2: Float[np.ndarray, "b q"],
    projected_ss: Float[np.ndarray, " b"],
    lost_ss: Float[np.ndarray, " b"],
) -> tuple[Float[np.ndarray, " b"], Float[np.ndarray, " b"], Float[np.ndarray, " b"]]:
    """Return J, the gap and the largest violation on columns of unit norm. This is what the loop in C does."""
    with np.errstate(
        over="ignore", invalid="ignore", divide="ignore"
    ):  # a thread has its own state of errors
        step = dual_step(gradients, l1, l2)
        penalty = penalty_terms(coefs, l1, l2)
        at_dual = step[:, None] * gradients
        terms = penalty + conjugate(at_dual, l1, l2) - coefs * at_dual
        primal = 0.5 * (projected_ss + lost_ss) + penalty.sum(axis=1)
        gaps = 0.5 * (lost_ss + (1.0 - step) ** 2 * projected_ss) + np.maximum(terms, 0.0).sum(axis=1)
        away = violation(coefs, gradients - l2 * coefs, l1) * unit
    return primal, gaps, away.max(axis=1, initial=0.0)


def certify_point(problem: Problem, coef: Float[np.ndarray, " p"], intercept: float) -> Certificate:
    """Certify any point of a problem with known noise."""
    assert problem.noise_scale is not None
    l1, l2 = (weight[None, :] for weight in problem.penalised_rates.penalty_weights(problem.noise_scale))
    sigmas = np.array([problem.noise_scale])
    return certify(problem, coef[None, :], np.array([intercept]), l1, l2, sigmas)[0]


def _with_intercept_column(
    problem: Problem, coefs: Float[np.ndarray, "k p"], intercepts: Float[np.ndarray, " k"]
) -> Float[np.ndarray, "k c"]:
    return np.column_stack([coefs, intercepts]) if problem.has_intercept_column else coefs


def _offset_rounding(
    problem: Problem, coefs: Float[np.ndarray, "k c"], intercepts: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"]:
    """Bound the error of the residuals' mean that rounding of means, products and intercept causes."""
    if not problem.centred:
        return np.zeros(len(coefs))
    size = np.abs(problem.means.y) + times(np.abs(coefs), np.abs(problem.means.x)) + np.abs(intercepts)
    return float(np.sqrt(coefs.shape[1] + 2.0)) * float(np.finfo(float).eps) * size


def _lost_ss(
    problem: Problem,
    coefs: Float[np.ndarray, "k c"],
    intercepts: Float[np.ndarray, " k"],
    in_offset: Float[np.ndarray, " k"],
) -> Float[np.ndarray, " k"]:
    """Return the residual's squared length along intercept and unpenalised columns: 0 if they are optimal."""
    offset = problem.means.y - times(coefs, problem.means.x) - intercepts if problem.centred else 0.0
    lost = np.broadcast_to(problem.sum_weights * np.square(np.abs(offset) + in_offset), len(coefs)).copy()
    if problem.flat_block is not None:
        gradients, _ = problem.least_squares.residuals(coefs)
        lost += np.square(gradients[:, problem.rates.flat] @ problem.flat_block.to_coef).sum(axis=1)
    return lost


def _rounding(
    problem: Problem,
    coefs: Float[np.ndarray, "k c"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    rss: Float[np.ndarray, " k"],
    negligible: float,
) -> Float[np.ndarray, " k"]:
    """Bound the change of J that relative errors of the data's products can cause, at these coefficients."""
    least_squares = problem.least_squares
    reach = times(np.abs(coefs), np.sqrt(least_squares.squared_norms))
    size = np.sqrt(least_squares.response_ss)
    bounds = least_squares.rounding * reach * (size + 0.5 * reach)
    if problem.has_rows:
        return bounds
    enough = negligible * problem.reduced.response_ss
    errors = least_squares.rounding * (size + reach)
    bounds = np.minimum(bounds, _second_order_together(problem, coefs[bounds > enough], errors, enough))
    for k in np.flatnonzero(bounds > enough):
        bounds[k] = _second_order(problem, coefs[k], l1[k], l2[k], errors[k], bounds[k])
    if problem.noise_scale is None:  # σ̂ is a root of the residual sum of squares, which cancels
        lost = least_squares.rounding * least_squares.response_ss + np.finfo(float).tiny
        bounds = np.maximum(
            bounds, 0.5 * problem.reduced.response_ss * np.minimum(lost / np.maximum(rss, lost), 1.0)
        )
    return bounds + (0.0 if problem.flat_block is None else problem.flat_block.doubt)


def _coef_rounding(
    least_squares: LeastSquares,
    coefs: Float[np.ndarray, "k q"],
    gradients: Float[np.ndarray, "k q"],
    rss: Float[np.ndarray, " k"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    matters: float,
) -> Float[np.ndarray, " k"]:
    """Bound the change that rounding can make to coefficients with an l2 penalty: gradient error over least curvature.

    With rows, two errors count. Rounding of the residual changes the gradient. Rounding of the terms whose difference
    the residual is changes a weak direction only by the root of its curvature. A rough bound counts all columns. If it
    is above `matters`, only those count that are in use, or that only rounding keeps out.
    """
    has_l2, in_use = l2 > 0.0, coefs != 0.0
    concerned = (has_l2 & in_use).any(axis=1)
    if not concerned.any():
        return np.zeros(len(coefs))
    squares = least_squares.squared_norms
    norms = np.sqrt(squares)
    sizes = np.abs(coefs) * norms
    total, largest = np.sqrt(least_squares.response_ss) + sizes.sum(axis=1), sizes.max(axis=1)
    residual = total if least_squares is least_squares.statistics else np.sqrt(rss)

    def bound(curvature: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        curvature = np.maximum(curvature, np.finfo(float).tiny)
        error = least_squares.rounding * (
            residual / curvature + total / np.maximum(curvature, np.sqrt(curvature))
        )
        return np.where(concerned, error / np.maximum(largest, np.finfo(float).tiny), 0.0)

    inverse_squares = np.divide(1.0, squares, out=np.zeros_like(norms), where=squares > np.finfo(float).tiny)
    ratios = l2 * inverse_squares
    doubt = bound(ratios.min(axis=1))
    if (doubt > matters).any():
        margin = least_squares.rounding * total[:, None] * norms
        held = (in_use | (np.abs(gradients) >= l1 - margin)) & has_l2 & (norms > 0.0) & concerned[:, None]
        ratios = np.where(held, ratios, np.inf)
        doubt = bound(ratios.min(axis=1))
        if (doubt > matters).any():
            doubt = bound(_least_curvature(least_squares, norms, ratios))
    return doubt


def _least_curvature(
    least_squares: LeastSquares, norms: Float[np.ndarray, " q"], ratios: Float[np.ndarray, "s q"]
) -> Float[np.ndarray, " s"]:
    """Return a lower bound of the curvature of loss and l2 penalty, on unit-norm columns.

    It comes from the curvature under the weakest penalty of all points.
    """
    weakest = ratios.min(axis=0)
    used = np.flatnonzero(np.isfinite(weakest))
    least = ratios.min(axis=1)
    if used.size > _EIGENVALUES_AT_HAND:
        return least
    system = least_squares.gram[np.ix_(used, used)] / norms[used] / norms[used][:, None]
    beyond = (ratios[:, used] - weakest[used]).min(axis=1)
    return np.maximum(least, _smallest_eigenvalue(system + np.diag(weakest[used])) + beyond)


def _second_order_together(
    problem: Problem, doubtful: Float[np.ndarray, "d c"], errors: Float[np.ndarray, " k"], enough: float
) -> Float[np.ndarray, " k"]:
    """Sharpen many bounds by the least curvature of all columns, if that is less work than one by one.

    No principal submatrix has a smaller eigenvalue than the whole matrix (Cauchy's interlacing). A curvature for which
    all bounds are small enough needs only one factorisation to be proven.
    """
    norms = np.sqrt(problem.least_squares.squared_norms)
    usable = np.flatnonzero(norms > 0.0)
    own_work = float((np.count_nonzero(doubtful, axis=1) ** 3.0).sum())
    if own_work < usable.size**3:
        return np.full(errors.size, np.inf)
    gram = problem.least_squares.gram[np.ix_(usable, usable)] / norms[usable] / norms[usable][:, None]
    worst = 0.5 * usable.size * errors**2
    wanted = float(worst.max(initial=0.0)) / enough if enough > 0.0 else np.inf
    smallest = wanted if has_curvature(gram, wanted) else _smallest_eigenvalue(gram)
    return worst / smallest if smallest > 0.0 else np.full(errors.size, np.inf)


def has_curvature(gram: Float[np.ndarray, "m m"], least: float) -> bool:
    """Tell whether every eigenvalue is proven to be at least this: the matrix less so much has a Cholesky factor."""
    if not 0.0 < least < 1.0:  # the diagonal is 1
        return False
    rounding = 10.0 * len(gram) * np.finfo(float).eps * np.abs(gram).sum(axis=0).max()
    shifted = gram.copy()
    np.fill_diagonal(shifted, np.diagonal(gram) - least - rounding)
    return cholesky(shifted) is not None


def _smallest_eigenvalue(gram: Float[np.ndarray, "m m"]) -> float:
    """Return the smallest eigenvalue of a Gram matrix of unit-norm columns, or 0 if it is rounding."""
    smallest = float(np.linalg.eigvalsh(gram)[0]) if gram.size else 0.0
    return smallest if smallest > 10.0 * len(gram) * np.finfo(float).eps else 0.0


def _second_order(
    problem: Problem,
    coefs: Float[np.ndarray, " c"],
    l1: Float[np.ndarray, " q"],
    l2: Float[np.ndarray, " q"],
    error: float,
    first_order: float,
) -> float:
    """Sharpen the bound by the curvature: an error in the gradient costs its square over the curvature.

    Columns count if they are in use, or if their penalty is below the error, so that it cannot keep them out.
    """
    norms = np.sqrt(problem.least_squares.squared_norms)
    unit = np.where(norms > 0.0, norms, 1.0)
    penalty_l1, penalty_l2 = np.zeros(norms.size), np.zeros(norms.size)
    penalty_l1[problem.penalised], penalty_l2[problem.penalised] = l1, l2
    weak = (penalty_l1 / unit < error) & problem.penalised & (penalty_l2 == 0.0)
    used = ((coefs != 0.0) | weak) & (norms > 0.0)
    system = problem.least_squares.gram[np.ix_(used, used)] / unit[used] / unit[used][:, None]
    system = system + np.diag(penalty_l2[used] / unit[used] ** 2)
    smallest = _smallest_eigenvalue(system)
    if smallest > 0.0:
        return min(first_order, 0.5 * float(used.sum()) * error**2 / smallest)
    return 0.5 * problem.least_squares.response_ss if weak.any() else first_order
