"""The certificate of a posterior: whether draws are where the density says, by the density's gradient alone.

A small step of Langevin's diffusion leaves a posterior where it is, so E[φ(θ)·∂ log p(θ) + φ'(θ)] = 0 for any smooth
φ along any direction: Stein's identity. With φ = 1, θ and the solutions for "θ is beyond two sds" these are the most
powerful tests against draws that are shifted, too narrow or too wide, or cut in a tail, and they need no integral.
What such a test cannot see, a part of the posterior without draws, the look at the marginal of σ and scales tells.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np
from jaxtyping import Float

from ..data.threads import single_threaded_blas
from ..model import LinearModel
from ..problem import Data, Problem, resolve
from ..propriety import check_proper
from .bulks import Bulk, Look, cell_edges, where_mass_is
from .score import Scored, scored
from .to_arviz import Posterior, from_datatree

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_BY_CHANCE, _FALSE_ALARMS = 0.05, 0.001  # of right runs: what is told as expected, and what is not certified
_TAIL = 2.0  # sds
_ALL, _PRIOR = "all", "prior"  # rows beside those of parameters and axes
_TESTS = ("location", "width", "lower_tail", "upper_tail", "chains")
_BATCH = 1.5  # of √draws: the length of a batch
_LEAST_AXIS = 1e-10  # of the correlations' eigenvalues
_LEAST_DRAWS = 100  # of a chain, below which errors are not known well enough to judge by
_SLACK = 0.25  # of m(1 − m) of a mass m: what the look may be off by
_UNSEEN = 10.0  # effective draws that are expected where there is none
_QUANTILES = (0.01, 0.025, 0.16, 0.5, 0.84, 0.975, 0.99)


class Share(NamedTuple):
    """A part of the posterior, and how much of the draws lies in it."""

    bulk: Bulk
    share: float
    error: float  # Monte Carlo


@final
@dataclass(frozen=True)
class PosteriorCertificate:
    """What the density says of draws.

    Attributes
    ----------
    names : tuple of k str
        Parameters, principal axes, "all" for all parameters together, and "prior" for its scale, in the column of
        widths.
    z : array (k, 5)
        Of each, in standard errors: "location", "width", "lower_tail", "upper_tail" and "chains" (whether they agree);
        nan where it was not tested.
    sizes : array (k, 2)
        By how many of its posterior standard deviations each seems shifted, and by which share too wide (below 0: too
        narrow); of "prior", by which share its scale seems too large.
    shares : tuple of Share
        The separate parts of the posterior, with the mass of each and the share of the draws in it.
    misplaced : str or None
        What is wrong with these.
    looked : bool
        Whether such parts could be looked for: columns may be too alike for float64 to tell.
    """

    names: tuple[str, ...]
    z: Float[np.ndarray, "k 5"]
    sizes: Float[np.ndarray, "k 2"]
    shares: tuple[Share, ...] = ()
    misplaced: str | None = None
    looked: bool = True

    @property
    def n_tests(self) -> int:
        """The number of tests."""
        return int(np.isfinite(self.z).sum())

    @property
    def largest_z(self) -> float:
        """The largest of all tests, in standard errors."""
        return float(np.nanmax(np.abs(self.z), initial=0.0))

    @property
    def expected_largest_z(self) -> float:
        """What the largest of so many tests stays below in 95 of 100 right runs."""
        return _quantile(_BY_CHANCE, self.n_tests)

    @property
    def limit(self) -> float:
        """What it stays below in 999 of 1,000 right runs: more is not certified."""
        return _quantile(_FALSE_ALARMS, self.n_tests)

    @property
    def ok(self) -> bool:
        """Whether the draws are certified; fewer than 100 a chain are not judged."""
        return self.judged and self.misplaced is None and self.largest_z <= self.limit

    @property
    def judged(self) -> bool:
        """Whether there were draws enough to judge."""
        return self.n_tests > 0

    @property
    def bulks(self) -> tuple[Bulk, ...]:
        """The separate parts of the posterior that were found, the heaviest first."""
        return tuple(one.bulk for one in self.shares)

    @cached_property
    def table(self) -> "pd.DataFrame":
        """A row for each parameter and direction: the z of its tests, "shift" in posterior sds, and "width"."""
        import pandas as pd

        frame = pd.DataFrame(
            self.z, index=pd.Index(self.names, name="parameter"), columns=[f"z_{test}" for test in _TESTS]
        )
        return frame.assign(shift=self.sizes[:, 0], width=1.0 + self.sizes[:, 1])

    @property
    def finding(self) -> str | None:
        """What is wrong, with its size; None where nothing was found to be."""
        if self.misplaced is not None:
            return self.misplaced
        if self.ok or not self.judged:
            return None
        row, column = np.unravel_index(int(np.nanargmax(np.abs(self.z))), self.z.shape)
        shift, width = self.sizes[row]
        too = f"{abs(width):.0%} too {'large' if width > 0 else 'small'}"
        if self.names[row] == _PRIOR:
            what = f"the draws contradict the density: they are as if the prior's scale were about {too}"
        else:
            what = (
                f"the draws of {self.names[row]} contradict the density: {self._by(int(column), shift, too)}"
            )
        return (
            f"{what} (z {abs(self.z[row, column]):.1f} of {self.n_tests} tests, {self.expected_largest_z:.1f} expected "
            "by chance)"
        )

    @staticmethod
    def _by(test: int, shift: float, too: str) -> str:
        return {
            0: f"it is shifted by about {shift:+.2f} of its posterior sd",
            1: f"its sd is about {too}",
            2: "its lower tail is not the posterior's",
            3: "its upper tail is not the posterior's",
            4: "its chains disagree",
        }[test]

    def __str__(self) -> str:
        if not self.judged:
            return f"not judged: fewer than {_LEAST_DRAWS} draws a chain"
        if self.finding is not None:
            return f"not certified: {self.finding}"
        return (
            f"certified: largest z {self.largest_z:.1f} of {self.n_tests} tests, "
            f"{self.expected_largest_z:.1f} expected by chance"
            + (
                ""
                if self.looked
                else "; separate parts were not looked for: columns are too alike for float64"
            )
        )


def certify_posterior(tree: "xr.DataTree", model: LinearModel, data: Data) -> PosteriorCertificate:
    """Judge draws by the posterior's density, whatever made them.

    Of every parameter and along the principal axes of all together, location, width and both tails are tested by
    Stein's identity, and whether the chains agree; the marginal of σ and of sampled scales is looked at globally, for
    parts in which draws are missing.

    Parameters
    ----------
    tree : xarray.DataTree
        From `sample_posterior`, or with a group ``posterior`` of the same names from elsewhere.
    model : LinearModel
    data : RowData or GramData
        What the draws should be of.

    Returns
    -------
    PosteriorCertificate

    Raises
    ------
    TypeError, ValueError
        Where names, shapes or sampled quantities are not those of the model on the data.
    ImproperPosteriorError
        Where the posterior does not integrate.

    References
    ----------
    J. Gorham and L. Mackey (2015), "Measuring sample quality with Stein's method"; D. Vats and J. M. Flegal (2022),
    doi:10.1093/biomet/asab049, for the standard errors; P. Hall (1992), "On the
    removal of skewness by transformation", J. R. Statist. Soc. B 54.
    """
    problem = resolve(model, data)
    check_proper(problem)
    return certificate(problem, from_datatree(problem, tree), where_mass_is(problem))


def certificate(problem: Problem, posterior: Posterior, found: Look | None) -> PosteriorCertificate:
    """Judge complete draws.

    Parameters
    ----------
    problem : Problem
    posterior : Posterior
    found : Look, optional
        At the marginal of σ and scales; None where there is nothing to look for.
    """
    with single_threaded_blas():  # on draws by columns more threads wait for each other
        return _judged(problem, posterior, found)


def _judged(problem: Problem, posterior: Posterior, found: Look | None) -> PosteriorCertificate:
    shape = posterior.noise_scale.shape
    of_all = scored(problem, posterior)
    if shape[1] < _LEAST_DRAWS:
        nothing = np.full((len(of_all.names), len(_TESTS)), np.nan)
        return PosteriorCertificate(of_all.names, nothing, nothing[:, :2])
    halves = _halves(*shape)
    frames = [_frame(of_all, halves == other) for other in (0, 1)]
    n_axes = min(frame.axes.shape[1] for frame in frames)
    parts = [_statistics(of_all, frame, halves != other, n_axes) for other, frame in enumerate(frames)]
    series = np.empty((halves.size, parts[0].values.shape[1]))
    for other, part in zip((0, 1), parts, strict=True):
        series[halves != other] = part.values
    names = parts[0].names
    z = np.full((len(names), len(_TESTS)), np.nan)
    means = _mean(series.reshape(*shape, -1))
    z[parts[0].rows, parts[0].tests] = _z(means)
    reported = of_all.reported.reshape(*shape, -1)
    if shape[0] > 1:
        z[: reported.shape[-1], 4] = _chains_z(reported)
    sizes = _sizes(names, parts[0], series, means.value)
    shares, misplaced = _placed(posterior, found)
    return PosteriorCertificate(names, z, sizes, shares, misplaced, found is None or found.told)


def _halves(n_chains: int, n_draws: int) -> np.ndarray:
    """Return 0 for the draws of the first half of each chain and 1 for the others."""
    return np.tile((np.arange(n_draws) >= n_draws // 2).astype(int), n_chains)


class _Statistics(NamedTuple):
    """Series of mean zero: which row of the table each is of, and which test."""

    values: Float[np.ndarray, "s t"]
    rows: Any
    tests: Any
    names: tuple[str, ...]
    moved: Float[
        np.ndarray, " k"
    ]  # of each row: what its mean is where the whole of a width or of the prior is wrong


class _Frame(NamedTuple):
    """Directions that some draws tell, for others to be judged along: so that no draw judges itself."""

    middle: Float[np.ndarray, " d"]
    spread: Float[np.ndarray, " d"]
    covariance: Float[np.ndarray, "d d"]
    reported_middle: Float[np.ndarray, " k"]
    reported_spread: Float[np.ndarray, " k"]
    towards: Float[
        np.ndarray, "d k"
    ]  # a move of each reported parameter by its sd, that takes all others along
    shares: Float[np.ndarray, "d k"]  # of each coordinate in that move of a reported parameter
    axes: Float[np.ndarray, "d m"]  # the principal ones, the widest first
    roots: Float[np.ndarray, " m"]  # their sds


def _frame(of_all: Scored, guide: Any) -> _Frame:
    position, reported = of_all.position[guide], of_all.reported[guide]
    middle, spread = position.mean(axis=0), _positive(position.std(axis=0))
    reported_middle, reported_spread = reported.mean(axis=0), _positive(reported.std(axis=0))
    about, n_guides = (position - middle) / spread, max(len(position), 1)
    towards = about.T @ ((reported - reported_middle) / reported_spread) / n_guides
    correlation = about.T @ about / n_guides
    values, vectors = np.linalg.eigh(correlation)
    seen = np.flatnonzero(values > _LEAST_AXIS * values.max(initial=1e-300))[::-1]
    shares = towards * (of_all.gradient * spread[:, None] / reported_spread)
    axes, roots = vectors[:, seen], np.sqrt(values[seen])
    covariance = correlation * spread[:, None] * spread
    return _Frame(middle, spread, covariance, reported_middle, reported_spread, towards, shares, axes, roots)


def _statistics(of_all: Scored, frame: _Frame, judged: Any, n_axes: int) -> _Statistics:
    """Evaluate Stein's identity at some draws."""
    about = (of_all.position[judged] - frame.middle) / frame.spread
    damping = of_all.damping[judged]
    score = (of_all.score[judged] * damping + of_all.drift[judged]) * frame.spread
    along = (of_all.reported[judged] - frame.reported_middle) / frame.reported_spread
    slope, moved = score @ frame.towards, 1.0 + (damping - 1.0) @ frame.shares
    axes, roots = frame.axes[:, :n_axes], frame.roots[:n_axes]
    axis, axis_slope, axis_moved = about @ axes / roots, score @ axes * roots, damping @ axes**2
    everything = (about * score + damping).sum(axis=1, keepdims=True)
    upper, lower = _beyond(along, slope, moved), _beyond(-along, -slope, moved)
    prior, of_prior = _prior_strength(of_all, frame, judged)
    blocks = [
        slope,
        along * slope + moved,
        lower,
        upper,
        axis_slope,
        axis * axis_slope + axis_moved,
        everything,
        prior,
    ]
    k, m, d = along.shape[1], n_axes, about.shape[1]
    first, second = np.arange(k), k + np.arange(m)
    n_prior = prior.shape[1]  # none where no coefficient has one
    rows = np.concatenate([first, first, first, first, second, second, [k + d], np.full(n_prior, k + d + 1)])
    tests = np.repeat([0, 1, 2, 3, 0, 1, 1, 1], [k, k, k, k, m, m, 1, n_prior])
    names = (*of_all.names, *(f"axis {j + 1}" for j in range(d)), _ALL, _PRIOR)
    shares = np.full(len(names), np.nan)
    shares[: k + m] = np.concatenate([moved.mean(axis=0), axis_moved.mean(axis=0)])
    shares[-2:] = damping.mean() * d, of_prior
    return _Statistics(np.hstack(blocks), rows, tests, names, shares)


def _prior_strength(of_all: Scored, frame: _Frame, judged: Any) -> tuple[Any, float]:
    """Evaluate Stein's identity along what a change of the prior's scale moves coefficients by, to first order.

    Where all coefficients are drawn under another scale each of them may be off by too little to be seen alone.

    Returns
    -------
    array (s, 1)
        (s, 0) where no coefficient has a prior.
    float
        Its mean is this often the share that the scale is too small by.
    """
    l1, l2 = (rate if len(rate) == 1 else rate[judged] for rate in (of_all.l1, of_all.l2))
    n_coefs = l1.shape[1]
    coef, score, damping = (
        values[judged, :n_coefs] for values in (of_all.position, of_all.score, of_all.damping)
    )
    if not (l1.any() or l2.any()):
        return np.zeros((len(coef), 0)), 1.0
    spread = frame.spread[:n_coefs]
    covariance = frame.covariance[:n_coefs, :n_coefs]
    sign = np.tanh(coef / spread)  # smooth, as its derivative is needed
    pull = -(l1 * sign + 2.0 * l2 * coef)
    move = pull @ covariance
    bend = -(l1 * (1.0 - sign**2) / spread + 2.0 * l2) * np.diag(covariance)
    series = (damping * (move * score + bend)).sum(axis=1, keepdims=True)
    return series, -float((damping * move * pull).sum(axis=1).mean())


def _positive(values: Any) -> Any:
    return np.where(values > 0.0, values, 1.0)


def _beyond(u: Any, slope: Any, moved: Any) -> Any:
    """Return φ·slope + φ'·moved for the φ that makes it "u > 2" less its probability, were u standard normal."""
    from scipy.special import erfcx, ndtr

    within, outside = ndtr(_TAIL), ndtr(-_TAIL)
    inner = u <= _TAIL
    mills = np.sqrt(0.5 * np.pi) * erfcx(np.where(inner, -u, u) / np.sqrt(2.0))
    phi = mills * np.where(inner, outside, within)
    return phi * slope + (u * phi + np.where(inner, outside, -within)) * moved


class _Mean(NamedTuple):
    """Of series along chains."""

    value: Any
    error: Any  # Monte Carlo
    skewness: Any  # of the mean's distribution
    freedom: float  # of the error


def _mean(series: Float[np.ndarray, "chain draw t"]) -> _Mean:
    """Return means and their Monte Carlo errors by batches.

    Of two lengths of batches, so that what longer ones would add is added (Vats and Flegal's lugsail).
    """
    n_chains, n_draws, _ = series.shape
    length = int(np.clip(round(_BATCH * np.sqrt(n_draws)), 1, max(n_draws // 2, 1)))
    kept = series[:, n_draws % length :]  # whole batches: a draw that the mean sees, its error sees
    long, short = _batches(kept, length), _batches(kept, max(length // 3, 1))
    of_long, of_short = length * long.var(axis=0, ddof=1), max(length // 3, 1) * short.var(axis=0, ddof=1)
    error = np.sqrt(np.maximum(of_long, 2.0 * of_long - of_short) / (n_chains * kept.shape[1]))
    mean, spread = long.mean(axis=0), _positive(long.std(axis=0))
    skewness = (((long - mean) / spread) ** 3).mean(axis=0) / np.sqrt(len(long))
    return _Mean(mean, error, skewness, float(len(long) - 1))


def _batches(series: Any, length: int) -> Any:
    """Return the means of batches."""
    n_chains, n_draws, n_series = series.shape
    per_chain = n_draws // length
    kept = series[:, n_draws % length :]
    return kept.reshape(n_chains * per_chain, length, n_series).mean(axis=1)


def _z(mean: _Mean) -> Any:
    """Return Student's t, less what skewness adds to it, as a standard normal of the same probability; of a constant 0.

    The mean and the error of what is skewed go together: a rare large value adds to both. Hall's transformation.
    """
    from scipy.special import ndtri, stdtr

    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(mean.error > 0.0, mean.value / mean.error, 0.0)
    skewness = mean.skewness
    t = t + skewness * (2.0 * t**2 + 1.0) / 6.0 + skewness**2 * t**3 / 27.0
    return np.sign(t) * _from_tail(stdtr(max(mean.freedom, 1.0), -np.abs(t)), ndtri)


def _from_tail(probability: Any, ndtri: Any) -> Any:
    return -ndtri(np.clip(probability, 1e-300, 0.5))


def _chains_z(reported: Float[np.ndarray, "chain draw k"]) -> Any:
    """Return how far chains' means differ, by batches within: an F test as a standard normal."""
    from scipy.special import fdtrc, ndtri

    n_chains, n_draws, n_parameters = reported.shape
    length = int(np.clip(round(_BATCH * np.sqrt(n_draws)), 1, max(n_draws // 2, 1)))
    per_chain = n_draws // length
    if per_chain < 2:
        return np.full(n_parameters, np.nan)
    kept = reported[:, n_draws - per_chain * length :]
    batches = kept.reshape(n_chains, per_chain, length, n_parameters).mean(axis=2)
    within = batches.var(axis=1, ddof=1).mean(axis=0)
    between = per_chain * batches.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(within > 0.0, between / within, np.where(between > 0.0, 1e300, 0.0))
    probability = fdtrc(n_chains - 1, n_chains * (per_chain - 1), ratio)
    return np.maximum(_from_tail(0.5 * probability, ndtri), 0.0)


def _sizes(names: tuple[str, ...], of: _Statistics, series: Any, mean: Any) -> Float[np.ndarray, "k 2"]:
    """Return shifts in sds and excess widths, as the tests of location and width estimate them."""
    sizes = np.full((len(names), 2), np.nan)
    location, width = of.tests == 0, of.tests == 1
    information = _positive((series[:, location] ** 2).mean(axis=0))
    sizes[of.rows[location], 0] = -mean[location] / information * of.moved[of.rows[location]]
    sizes[of.rows[width], 1] = -0.5 * mean[width] / of.moved[of.rows[width]]
    sizes[-1, 1] *= 2.0
    return sizes


def _placed(posterior: Posterior, found: Look | None) -> tuple[tuple[Share, ...], str | None]:
    """Compare where draws lie with where the mass is."""
    if found is None or not found.told:
        return (), None
    shape = posterior.noise_scale.shape
    values = {"noise_scale": posterior.noise_scale, **posterior.scales}
    shares = []
    for bulk in found.bulks:
        inside = np.ones(shape, dtype=bool)
        for name, (low, high) in bulk.bounds.items():
            inside &= (values[name] >= low) & (values[name] < high)
        share = _mean(inside[..., None].astype(float))
        shares.append(Share(bulk, float(share.value[0]), float(share.error[0])))
    return tuple(shares), _misplaced(shares) or _elsewhere(found, values)


def _misplaced(shares: list[Share]) -> str | None:
    for bulk, share, error in shares:
        if abs(share - bulk.mass) > 4.0 * error + _SLACK * bulk.mass * (1.0 - bulk.mass) + 1e-3:
            return (
                f"the part of the posterior around noise_scale {bulk.noise_scale:.3g} holds {bulk.mass:.1%} of its "
                f"mass and {share:.1%} of the draws"
            )
    return None


def _elsewhere(found: Look, values: dict[str, Any]) -> str | None:
    """Tell where less or more of the draws than of the mass lies beyond a quantile of log σ or of a log scale.

    And where none does: a small part that is far away.
    """
    for name, (grid, mass) in found.marginals.items():
        if grid.size < 2:
            continue
        edges = cell_edges(grid)
        below = np.concatenate([[0.0], np.cumsum(mass)])
        drawn = np.log(values[name])
        for quantile in _QUANTILES:
            place = float(np.interp(quantile, below, edges))
            below_place = _mean((drawn < place)[..., None].astype(float))
            share = float(below_place.value[0])
            spread = quantile * (1.0 - quantile)
            by_chance = max(float(below_place.error[0]), np.sqrt(spread / drawn.size))
            if abs(share - quantile) > 4.5 * by_chance + _SLACK * spread + 2e-3:
                return (
                    f"{share:.1%} of the draws of {name} lie below {np.exp(place):.3g}, and {quantile:.1%} "
                    "of its mass with the coefficients integrated out"
                )
        under, over = np.interp([drawn.min(), drawn.max()], edges, below)
        effective = drawn.var() / max(float(_mean(drawn[..., None]).error[0]) ** 2, 1e-300)
        for missed, side, place in ((under, "below", drawn.min()), (1.0 - over, "above", drawn.max())):
            if missed * min(effective, drawn.size) > _UNSEEN:
                return (
                    f"no draw of {name} lies {side} {np.exp(place):.3g}, and {missed:.1%} of its mass with the "
                    "coefficients integrated out"
                )
    return None


def _quantile(probability: float, n_tests: int) -> float:
    """Return what the largest of so many |z| passes with a probability."""
    from scipy.special import ndtri

    return float(-ndtri(0.5 * -np.expm1(np.log1p(-probability) / max(n_tests, 1))))
