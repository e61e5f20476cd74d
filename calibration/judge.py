"""Whether draws are those of a posterior that is known: by their own Monte Carlo error, and by eye."""

from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

Array = Float[np.ndarray, "..."]

N_TESTS, CHANCE = 20_000, 0.001  # of a whole sweep; that one of them fails by chance
CRITICAL = NormalDist().inv_cdf(1.0 - CHANCE / (2.0 * N_TESTS))
LEAST_ESS = 400.0  # that four chains may have without a word: no error may be larger than it allows


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
        """Whether it is right, by either measure."""
        return abs(self.z) < CRITICAL and abs(self.off) < CRITICAL


def judge(tree: Any, answer: dict[str, Any]) -> list[Test]:
    """Compare means and sds of all parameters, and the masses of the bulks of σ.

    The error of a mean is sd/√ESS, that of log sd is ½√((kurtosis − 1)/ESS), with the exact sd and kurtosis and the
    ESS of the draws and of their squared deviations; where the answer has errors of its own they are added.

    Parameters
    ----------
    tree : xarray.DataTree
        From `sample_posterior`.
    answer : dict
        From `exact`.
    """
    parameters = answer["parameters"]
    draws = np.stack([drawn(tree, name) for name in parameters], axis=-1)
    exact = {key: np.array([one[key] for one in parameters.values()]) for key in ("mean", "sd", "kurtosis")}
    errors = {
        key: np.array([one.get(f"{key}_error", 0.0) for one in parameters.values()]) for key in ("mean", "sd")
    }
    off = draws - exact["mean"]
    mean, sd = draws.mean(axis=(0, 1)), draws.std(axis=(0, 1))
    mean_error = exact["sd"]
    spread = 0.5 * np.sqrt(np.maximum(exact["kurtosis"] - 1.0, 0.1))
    with np.errstate(divide="ignore"):
        log_ratio = np.log(sd / exact["sd"])
    tests = []
    for statistic, difference, unit, own, series in (
        ("mean", mean - exact["mean"], mean_error, errors["mean"], off),
        ("sd", log_ratio, spread, errors["sd"] / exact["sd"], off**2),
    ):
        ess = effective(series)
        z = difference / np.sqrt(unit**2 / ess + own**2)
        large = difference / np.sqrt(unit**2 / LEAST_ESS + own**2)
        values = {"mean": mean, "sd": sd}[statistic]
        tests += [
            Test(name, statistic, *map(float, row))
            for name, *row in zip(parameters, exact[statistic], values, z, large, strict=True)
        ]
    return tests + _masses(tree, answer)


def drawn(tree: Any, name: str) -> Array:
    """Return the draws of a parameter of an answer, (chain, draw)."""
    posterior = tree["posterior"]
    if name.startswith("coef["):
        return posterior["coef"].values[..., int(name[5:-1])]
    return np.log(posterior[name.removeprefix("log ")].values)


def effective(series: Float[np.ndarray, "chain draw k"]) -> Float[np.ndarray, " k"]:
    """Return the effective number of draws for the mean of each series; constant ones have all."""
    from arviz_stats.base import array_stats

    size = float(series.shape[0] * series.shape[1])
    constant = np.ptp(series, axis=(0, 1)) == 0.0
    ess = np.full(series.shape[-1], size)
    if not constant.all():
        ess[~constant] = array_stats.ess(series[..., ~constant], chain_axis=0, draw_axis=1, method="mean")
    return np.clip(ess, 1.0, None)


def _masses(tree: Any, answer: dict[str, Any]) -> list[Test]:
    """Test the mass below each valley of σ."""
    tests = []
    below = np.cumsum([mass for _, mass in answer["bulks"]])
    for split, mass in zip(answer["splits"], below[:-1], strict=True):
        inside = (np.log(tree["posterior"]["noise_scale"].values) < np.log(split)).astype(float)
        ess = effective(inside[..., None])[0]
        spread = np.sqrt(mass * (1.0 - mass))
        difference = inside.mean() - mass
        z, off = (difference * np.sqrt(one) / spread for one in (ess, LEAST_ESS))
        tests.append(
            Test(f"P(σ < {split:.3g})", "mass", float(mass), float(inside.mean()), float(z), float(off))
        )
    return tests
