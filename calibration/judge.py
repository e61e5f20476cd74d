"""Tests of draws against a known posterior, by their own Monte Carlo error and by a fixed one."""

from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import betainc, ndtri

Array = Float[np.ndarray, "..."]

N_TESTS, CHANCE = 20_000, 0.05  # tests of a whole sweep, and the probability that one of them fails by chance
CRITICAL = NormalDist().inv_cdf(1.0 - CHANCE / (2.0 * N_TESTS))
LEAST_ESS = 400.0  # effective draws below which four chains give a warning; it bounds every error
_SAFETY = 2.0  # factor for an answer's own errors, because few ladders estimate them


class Test(NamedTuple):
    """One statistic of one parameter."""

    name: str
    statistic: str  # "mean", "sd" or "mass"
    exact: float
    drawn: float
    z: float  # in Monte Carlo errors of these draws
    off: float  # in Monte Carlo errors of LEAST_ESS independent draws

    @property
    def passes(self) -> bool:
        """Whether the error is small enough in both units."""
        return abs(self.z) < CRITICAL and abs(self.off) < CRITICAL


def judge(tree: Any, answer: dict[str, Any]) -> list[Test]:
    """Compare means and sds of all parameters, and the masses of the bulks of σ.

    The error of a mean is sd/√ESS. That of an sd, as a share, is ½√((kurtosis − 1)/ESS). The sd and kurtosis are
    exact. ESS is the least of three: the bulk ESS that users see, ArviZ's ESS of the statistic (for a chain that stays
    long in a heavy tail), and the ESS of being in a bulk of σ (for chains that seldom cross). Errors of the answer
    itself are added.

    Parameters
    ----------
    tree : xarray.DataTree
        From `sample_posterior`.
    answer : dict
        From `exact`.
    """
    parameters = answer["parameters"]
    draws = np.stack([drawn(tree, name) for name in parameters], axis=-1)
    masses, crossings = _masses(tree, answer)
    ess = {statistic: np.minimum(effective(draws, statistic), crossings) for statistic in ("mean", "sd")}

    def known(key: str) -> Array:
        return np.array([one.get(key, 0.0) for one in parameters.values()])

    mean, sd = draws.mean(axis=(0, 1)), draws.std(axis=(0, 1))
    ratio = sd / known("sd")
    wider = 1.5 * (
        ratio ** (2.0 / 3.0) - 1.0
    )  # a variance is skew, its cube root about normal (Wilson and Hilferty)
    tests = []
    for statistic, values, difference, unit, own in (
        ("mean", mean, mean - known("mean"), known("sd"), known("mean_error")),
        (
            "sd",
            sd,
            wider,
            0.5 * np.sqrt(np.maximum(known("kurtosis") - 1.0, 0.1)),
            known("sd_error") / known("sd"),
        ),
    ):
        z, off = (
            difference / np.sqrt(unit**2 / n + (_SAFETY * own) ** 2) for n in (ess[statistic], LEAST_ESS)
        )
        tests += [
            Test(name, statistic, *map(float, row))
            for name, *row in zip(parameters, known(statistic), values, z, off, strict=True)
        ]
    return tests + masses


def drawn(tree: Any, name: str) -> Array:
    """Return the draws of a parameter in the answer, with shape (chain, draw)."""
    posterior = tree["posterior"]
    if name.startswith("coef["):
        return posterior["coef"].values[..., int(name[5:-1])]
    return np.log(posterior[name.removeprefix("log ")].values)


def effective(series: Float[np.ndarray, "chain draw k"], statistic: str = "bulk") -> Float[np.ndarray, " k"]:
    """Return the bulk ESS of each series, or the ESS of a statistic if it is less. For a constant it is all draws."""
    from arviz_stats.base import array_stats

    size = float(series.shape[0] * series.shape[1])
    constant = np.ptp(series, axis=(0, 1)) == 0.0
    ess = np.full(series.shape[-1], size)
    if not constant.all():
        moving = series[..., ~constant]
        of_each = [
            array_stats.ess(moving, chain_axis=0, draw_axis=1, method=of) for of in {"bulk", statistic}
        ]
        ess[~constant] = np.min(of_each, axis=0)
    return np.clip(ess, 1.0, None)


def _masses(tree: Any, answer: dict[str, Any]) -> tuple[list[Test], float]:
    """Test the mass below each valley of σ. Return also the least ESS of being below one."""
    tests, least = [], np.inf
    below = np.cumsum([mass for _, mass in answer["bulks"]])[:-1]
    errors = answer.get("mass_errors", np.zeros(len(below)))
    for split, mass, error in zip(answer["splits"], below, errors, strict=True):
        inside = (tree["posterior"]["noise_scale"].values < split).astype(float)
        ess = effective(inside[..., None])[0]
        least = min(least, ess)
        own = (_SAFETY * error) ** 2 / (mass * (1.0 - mass))
        z, off = (_binomial_z(inside.mean(), mass, 1.0 / (1.0 / n + own)) for n in (ess, LEAST_ESS))
        tests.append(Test(f"P(σ < {split:.3g})", "mass", float(mass), float(inside.mean()), z, off))
    return tests, least


def _binomial_z(share: float, mass: float, n: float) -> float:
    """Turn the binomial tail probability beyond a share of n trials into a normal quantile."""
    k = share * n
    below = betainc(n - k, k + 1.0, 1.0 - mass) if k < n else 1.0
    above = betainc(k, n - k + 1.0, mass) if k > 0.0 else 1.0
    z = ndtri(min(max(min(below, above), 1e-300), 0.5))
    return float(z if below < above else -z)
