"""The certificate of a posterior: tests of draws by the gradient of the log density.

A small step of Langevin's diffusion does not change a posterior, so E[φ(θ)·∂ log p(θ) + φ'(θ)] = 0 for any smooth
φ along any direction. This is Stein's identity. φ = 1, φ = θ and the solutions for "θ is beyond two sds" are the most
powerful tests against draws that are shifted, too narrow or too wide, or cut in a tail. They need no integral.
Such a test cannot see a part of the posterior without draws. The marginal of σ and scales shows such a part.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np
from jaxtyping import Float

from ..base.shown import Shown
from ..base.threads import single_threaded_blas
from ..gaussian.propriety import check_proper
from ..model.linear_model import LinearModel
from ..model.needs import MASS, AnyData
from ..model.problem import ModelOnData, Problem
from ..model.source_problem import AnyForm, resolve_any_form
from .batches import chains_z, mean_of, z_of
from .marginals.bulks import Bulk, Look, cell_edges, where_mass_is
from .score import scored
from .stein import PRIOR, TESTS, Statistics, statistics
from .to_arviz import Posterior, from_datatree

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_BY_CHANCE, _FALSE_ALARMS = 0.05, 0.001  # shares of correct runs above the expected z, and above the limit
_LEAST_DRAWS = 100  # of a chain: with fewer, errors are not known well enough
_SLACK = 0.25  # of m(1 − m) for a mass m: the error that the marginal may have
_UNSEEN = 10.0  # effective draws that are expected in a part without draws
_QUANTILES = (0.01, 0.025, 0.16, 0.5, 0.84, 0.975, 0.99)


class Share(NamedTuple):
    """A part of the posterior, and the share of the draws in it."""

    bulk: Bulk
    share: float
    error: float  # Monte Carlo


@final
@dataclass(frozen=True, repr=False)
class PosteriorCertificate(Shown):
    """The result of testing draws by the posterior's density.

    Attributes
    ----------
    names : tuple of k str
        Parameters, principal axes, "all" for all parameters together, and "prior" for the prior's scale, which is in
        the column of widths.
    z : array (k, 5)
        The z of each test, in standard errors: "location", "width", "lower_tail", "upper_tail" and "chains" (whether
        they agree). It is nan if there was no test.
    sizes : array (k, 2)
        The estimated shift, in posterior standard deviations, and the estimated excess width as a share (below 0: too
        narrow). For "prior", the excess of its scale as a share.
    shares : tuple of Share
        The separate parts of the posterior, with the mass of each and the share of the draws in it.
    misplaced : str or None
        What is wrong with these shares.
    not_looked : str
        Why such parts could not be searched for. Empty if they were.
    """

    names: tuple[str, ...]
    z: Float[np.ndarray, "k 5"]
    sizes: Float[np.ndarray, "k 2"]
    shares: tuple[Share, ...] = ()
    misplaced: str | None = None
    not_looked: str = ""

    @property
    def n_tests(self) -> int:
        """The number of tests."""
        return int(np.isfinite(self.z).sum())

    @property
    def largest_z(self) -> float:
        """The largest |z| of all tests, in standard errors."""
        return float(np.nanmax(np.abs(self.z), initial=0.0))

    @property
    def expected_largest_z(self) -> float:
        """The bound that the largest |z| of so many tests stays below in 95 of 100 correct runs."""
        return _quantile(_BY_CHANCE, self.n_tests)

    @property
    def limit(self) -> float:
        """The bound that it stays below in 999 of 1,000 correct runs. Draws above it are not certified."""
        return _quantile(_FALSE_ALARMS, self.n_tests)

    @property
    def ok(self) -> bool:
        """Whether the draws are certified. Fewer than 100 draws a chain are not judged."""
        return self.judged and self.misplaced is None and self.largest_z <= self.limit

    @property
    def judged(self) -> bool:
        """Whether there were enough draws to judge."""
        return self.n_tests > 0

    @property
    def bulks(self) -> tuple[Bulk, ...]:
        """The separate parts of the posterior; the heaviest is first."""
        return tuple(one.bulk for one in self.shares)

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One row for each parameter and direction: the z of its tests, "shift" in posterior sds, and "width"."""
        import pandas as pd

        frame = pd.DataFrame(
            self.z, index=pd.Index(self.names, name="parameter"), columns=[f"z_{test}" for test in TESTS]
        )
        return frame.assign(shift=self.sizes[:, 0], width=1.0 + self.sizes[:, 1])

    def _table(self) -> "pd.DataFrame":
        return self.table

    @property
    def as_attributes(self) -> dict[str, Any]:
        """The attributes of draws that tell it."""
        return {
            "certified": int(self.ok),
            "certificate": str(self),
            "certificate_largest_z": self.largest_z,
            "certificate_expected_largest_z": self.expected_largest_z,
            "certificate_tests": self.n_tests,
        }

    @property
    def finding(self) -> str | None:
        """What is wrong, with its size. None if nothing is wrong."""
        if self.misplaced is not None:
            return self.misplaced
        if self.ok or not self.judged:
            return None
        row, column = np.unravel_index(int(np.nanargmax(np.abs(self.z))), self.z.shape)
        shift, width = self.sizes[row]
        too = f"{abs(width):.0%} too {'large' if width > 0 else 'small'}"
        if self.names[row] == PRIOR:
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
            + (f"; separate parts were not looked for: {self.not_looked}" if self.not_looked else "")
        )


def certify_posterior(tree: "xr.DataTree", model: LinearModel, data: AnyData) -> PosteriorCertificate:
    """Judge draws by the posterior's density. Any sampler may have made them.

    Stein's identity tests the location, width and both tails of every parameter, and the location and width along
    principal axes of all parameters. Another test asks whether the chains agree. The marginal of σ and of sampled
    scales is evaluated globally, to find parts without draws.

    Parameters
    ----------
    tree : xarray.DataTree
        From `sample_posterior`, or another tree with a group ``posterior`` of the same names.
    model : LinearModel
    data : RowData, GramData or RowSource
        The data of the draws. A RowSource is read once.

    Returns
    -------
    PosteriorCertificate

    Raises
    ------
    TypeError, ValueError
        If names, shapes or sampled quantities are not those of the model on the data.
    ImproperPosteriorError
        If the posterior does not integrate.

    References
    ----------
    J. Gorham and L. Mackey (2015), "Measuring sample quality with Stein's method"; D. Vats and J. M. Flegal (2022),
    doi:10.1093/biomet/asab049, for the standard errors; P. Hall (1992), "On the
    removal of skewness by transformation", J. R. Statist. Soc. B 54.
    """
    problem = resolve_any_form(model, data, "certify_posterior", MASS)
    check_proper(problem)
    found = where_mass_is(problem) if isinstance(problem, Problem) else None
    return certificate(problem, from_datatree(problem, tree), found)


def certificate(problem: AnyForm, posterior: Posterior, found: Look | None) -> PosteriorCertificate:
    """Judge complete draws.

    Parameters
    ----------
    problem : Problem or RowProblem
    posterior : Posterior
    found : Look, optional
        The marginal of σ and scales. None if it was not evaluated.
    """
    with single_threaded_blas():  # more threads would wait for each other on draws by columns
        return _judged(problem, posterior, found)


def _judged(problem: AnyForm, posterior: Posterior, found: Look | None) -> PosteriorCertificate:
    shape = posterior.shape
    of_all = scored(problem, posterior)
    if shape[1] < _LEAST_DRAWS:
        nothing = np.full((len(of_all.names), len(TESTS)), np.nan)
        return PosteriorCertificate(of_all.names, nothing, nothing[:, :2])
    of_zero_mean = statistics(of_all, shape[0])
    names = of_zero_mean.names
    z = np.full((len(names), len(TESTS)), np.nan)
    z[of_zero_mean.rows, of_zero_mean.tests] = z_of(of_zero_mean.mean)
    reported = of_all.reported.reshape(*shape, -1)
    if shape[0] > 1:
        z[: reported.shape[-1], 4] = chains_z(reported)
    sizes = _sizes(of_zero_mean)
    shares, misplaced = _placed(posterior, found)
    return PosteriorCertificate(names, z, sizes, shares, misplaced, _not_looked(problem, found))


def _not_looked(problem: ModelOnData, found: Look | None) -> str:
    """Return why separate parts could not be searched for."""
    if found is not None:
        return "" if found.resolved else "columns are too nearly collinear for float64"
    if not problem.law.tells_mass:
        return "the prior does not integrate with the data"
    return (
        "the likelihood is not Gaussian"
        if problem.hyperpriors and not problem.likelihood.is_quadratic
        else ""
    )


def _sizes(of: Statistics) -> Float[np.ndarray, "k 2"]:
    """Return shifts in sds and excess widths, estimated from the tests of location and width."""
    sizes = np.full((len(of.names), 2), np.nan)
    location, width = np.flatnonzero(of.tests == 0), np.flatnonzero(of.tests == 1)
    information = np.where(of.information > 0.0, of.information, 1.0)
    mean = of.mean.value
    sizes[of.rows[location], 0] = -mean[location] / information * of.moved[of.rows[location]]
    sizes[of.rows[width], 1] = -0.5 * mean[width] / of.moved[of.rows[width]]
    sizes[-1, 1] *= 2.0
    return sizes


def _placed(posterior: Posterior, found: Look | None) -> tuple[tuple[Share, ...], str | None]:
    """Compare the places of the draws with the mass."""
    if found is None or not found.resolved:
        return (), None
    shape = posterior.shape
    values = {"noise_scale": posterior.noise_scale, **posterior.scales}
    shares = []
    for bulk in found.bulks:
        inside = np.ones(shape, dtype=bool)
        for name, (low, high) in bulk.bounds.items():
            inside &= (values[name] >= low) & (values[name] < high)
        share = mean_of(inside[..., None].astype(float))
        shares.append(Share(bulk, float(share.value[0]), float(share.error[0])))
    return tuple(shares), _misplaced(shares) or _elsewhere(found, values)


def _misplaced(shares: list[Share]) -> str | None:
    for bulk, share, error in shares:
        if abs(share - bulk.mass) > 4.0 * error + _SLACK * bulk.mass * (1.0 - bulk.mass) + 1e-3:
            return (
                f"the part of the posterior around noise_scale {bulk.noise_scale:.3g} holds {bulk.mass:.1%} of its "
                f"mass, but {share:.1%} of the draws"
            )
    return None


def _elsewhere(found: Look, values: dict[str, Any]) -> str | None:
    """Return a quantile of σ or of a scale at which draws and mass disagree.

    Or return a small part of the mass that lies beyond all draws.
    """
    for name, (grid, mass) in found.marginals.items():
        if grid.size < 2:
            continue
        edges = cell_edges(grid)
        below = np.concatenate([[0.0], np.cumsum(mass)])
        drawn = np.log(values[name])
        places = np.interp(_QUANTILES, below, edges)
        below_places = mean_of((drawn[..., None] < places).astype(float))
        for quantile, place, share, error in zip(
            _QUANTILES, places, below_places.value, below_places.error, strict=True
        ):
            spread = quantile * (1.0 - quantile)
            by_chance = max(float(error), np.sqrt(spread / drawn.size))
            if abs(share - quantile) > 4.5 * by_chance + _SLACK * spread + 2e-3:
                return (
                    f"{share:.1%} of the draws of {name} lie below {np.exp(place):.3g}, but {quantile:.1%} "
                    "of its mass with the coefficients integrated out"
                )
        under, over = np.interp([drawn.min(), drawn.max()], edges, below)
        effective = drawn.var() / max(float(mean_of(drawn[..., None]).error[0]) ** 2, 1e-300)
        for missed, side, place in ((under, "below", drawn.min()), (1.0 - over, "above", drawn.max())):
            if missed * min(effective, drawn.size) > _UNSEEN:
                return (
                    f"no draw of {name} lies {side} {np.exp(place):.3g}, but {missed:.1%} of its mass with the "
                    "coefficients integrated out"
                )
    return None


def _quantile(probability: float, n_tests: int) -> float:
    """Return the bound that the largest of so many |z| exceeds with a probability."""
    from scipy.special import ndtri

    return float(-ndtri(0.5 * -np.expm1(np.log1p(-probability) / max(n_tests, 1))))
