"""A marginal density along log σ from few rungs: each rung is expensive, and bounds show where another one is needed.

Let R = (slope + power)·σ². The slope of the log likelihood along log σ is then R/σ² − power. If scales are absolute,
R is E[RSS | σ]. R never falls as σ grows, so two rungs bound the marginal between them from above and from below.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

_MOST_DOUBT = 0.5  # largest doubt of the log density between two rungs without a new rung
_VALLEY, _AGREES = (
    3.0,
    0.25,
)  # no new rung either if the doubt hides no valley between bulks, and the rungs agree on the rise
_WITHIN = np.linspace(0.0, 1.0, 17)  # of the way from one rung to the next
_OUT = 1.5  # least step beyond the last rung, in log σ
_ROUGHLY = 6.0  # largest doubt of a density that is far from material
_CLOSEST, _LEAST = 1e-3, 2
_ROUGH = 768  # places at which peaks are searched for
_HALF = np.array([4.0, 8.0, 12.0, 16.0, 20.0, 25.0, 30.0, 35.0, 45.0, 60.0])
_AROUND = np.concatenate([-_HALF[::-1], [0.0], _HALF])  # around a peak, in tenths of its width
_BEFORE = np.array(
    [0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 8.0, 11.0, 14.0]
)  # before an end
_LOG_MOST = 700.0  # float64 still holds its exponential


class Ladder:
    """Rungs at values of log σ.

    Parameters
    ----------
    power : float
        The power of 1/σ in the likelihood.
    log_prior : callable
        The log prior density of log σ.
    """

    def __init__(self, power: float, log_prior: Callable[[Any], Any]) -> None:
        self._power, self._log_prior = power, log_prior
        self.x, self._level, self._log_rss = np.zeros(0), np.zeros(0), np.zeros(0)
        self._bend, self._missing = np.zeros(0), np.zeros(0)
        self._bounds: tuple[Any, Any] | None = None
        self._found: list[tuple[float, Float[np.ndarray, " k"]]] | None = None

    def add(self, x: Any, level: Any, slope: Any) -> None:
        """Add rungs: the log likelihood and its slope at x. Rungs that are not finite are left out."""
        self._bounds = self._found = None
        finite = np.isfinite(level) & np.isfinite(slope)
        x, level, slope = x[finite], level[finite], slope[finite]
        rss = np.maximum((slope + self._power) * np.exp(2.0 * x), np.finfo(float).tiny)
        joined = np.concatenate([self.x, x])
        order = np.argsort(joined)
        self.x = joined[order]
        self._level = np.concatenate([self._level, level])[order]
        self._log_rss = np.maximum.accumulate(np.concatenate([self._log_rss, np.log(rss)])[order])
        step = np.diff(self.x)
        self._bend = np.diff(self._log_rss) / step
        # The error of the rise from each rung to the next, if R is a power of σ.
        self._missing = np.diff(self._level) - self._rise(self._log_rss[:-1], self._bend, step, self.x[:-1])

    def at(self, x: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
        """Interpolate the log density with the prior: between two rungs R is a power of σ."""
        if self.x.size < _LEAST:
            return np.full(x.size, -np.inf)
        k = np.clip(np.searchsorted(self.x, x) - 1, 0, self.x.size - 2)
        a, b = self.x[k], self.x[k + 1]
        bend = self._bend[k]
        bend = np.where(x < a, np.clip(bend, 0.0, 2.0), bend)
        missing = self._missing[k]
        inside = self._level[k] + self._rise(self._log_rss[k], bend, x - a, a)
        inside += np.clip((x - a) / (b - a), 0.0, 1.0) * missing
        above = self._level[k + 1] + self._rise(self._log_rss[k + 1], 0.0, x - b, b)
        return np.where(x > b, above, inside) + self._log_prior(x)

    def _log_mean_rss(self) -> Any:
        """Return the log of the constant R that gives the rise from each rung to the next."""
        step = np.diff(self.x)
        log_of_one = -2.0 * self.x[:-1] + np.log(-0.5 * np.expm1(-2.0 * step))
        risen = np.maximum(np.diff(self._level) + self._power * step, np.finfo(float).tiny)
        return np.clip(np.log(risen) - log_of_one, self._log_rss[:-1], self._log_rss[1:])

    def _rise(self, log_rss: Any, bend: Any, step: Any, start: Any) -> Any:
        """Integrate exp(log_rss + bend·s − 2(start + s)) − power over s from 0 to `step`."""
        rate = bend - 2.0
        steep = np.abs(rate) > 1e-9
        safe = np.where(steep, rate, 1.0)
        growth = np.where(steep, np.expm1(np.minimum(safe * step, _LOG_MOST)) / safe, step)
        return np.exp(np.minimum(log_rss - 2.0 * start, _LOG_MOST)) * growth - self._power * step

    def bounds(self) -> tuple[Float[np.ndarray, "k 17"], Float[np.ndarray, "k 17"]]:
        """Return lower and upper bounds of the log density within each of k intervals between rungs."""
        if self._bounds is None:
            self._bounds = self._bounded()
        return self._bounds

    def _bounded(self) -> tuple[Any, Any]:
        a, b = self.x[:-1, None], self.x[1:, None]
        x = a + (b - a) * _WITHIN
        low, high = self._log_rss[:-1, None], self._log_rss[1:, None]
        left, right = self._level[:-1, None], self._level[1:, None]
        log_prior = self._log_prior(x.ravel()).reshape(x.shape)
        chord = self._log_mean_rss()[:, None]  # because R rises, its integral is convex in 1/σ²
        most = np.minimum(left + self._rise(high, 0.0, x - a, a), right + self._rise(low, 0.0, x - b, b))
        most = np.minimum(most, left + self._rise(chord, 0.0, x - a, a))
        least = np.maximum(left + self._rise(low, 0.0, x - a, a), right + self._rise(high, 0.0, x - b, b))
        return least + log_prior, most + log_prior

    def highest(self) -> float:
        """Return the highest certain log density."""
        return float(self.bounds()[0].max()) if self.x.size >= _LEAST else -np.inf

    def wanted(self, ends: tuple[float, float], material: float, thinkable: float) -> Float[np.ndarray, " m"]:
        """Return places for more rungs, where the log density may be above `material` and is not known well.

        Above `thinkable` it may be material at another setting of the scales; a rougher knowledge is then enough.
        """
        if self.x.size < _LEAST:
            return np.zeros(0)
        a, b = self.x[:-1], self.x[1:]
        least, most = self.bounds()
        doubt = np.where(most > material, most - least, 0.0).max(axis=1)
        hidden = (doubt > _MOST_DOUBT) & ((doubt > _VALLEY) | (np.abs(self._missing) > _AGREES))
        hidden |= np.where(most > thinkable, most - least, 0.0).max(axis=1) > _ROUGHLY
        hidden &= b - a > _CLOSEST
        new = [0.5 * (a + b)[hidden]]
        heights = self._level[[0, -1]] + self._log_prior(self.x[[0, -1]])
        for end, height, bound in zip(self.x[[0, -1]], heights, ends, strict=True):
            if height > material and abs(bound - end) > _CLOSEST:
                reach = max(_OUT, 0.25 * (self.x[-1] - self.x[0]))
                new.append(end + np.array([np.clip(bound - end, -reach, reach)]))
        return np.concatenate(new)

    @property
    def top(self) -> float:
        """The log density at the highest peak."""
        return max((height for height, _ in self._details()), default=-np.inf)

    def details(self, least: float) -> list[Float[np.ndarray, " k"]]:
        """Return places around each peak above `least`, and before an end at which the density peaks."""
        return [places for height, places in self._details() if height > least]

    def _details(self) -> list[tuple[float, Float[np.ndarray, " k"]]]:
        if self._found is None:
            self._found = [] if self.x.size < _LEAST else [*self._peaks(), *self._ends()]
        return self._found

    def _peaks(self) -> list[tuple[float, Float[np.ndarray, " k"]]]:
        grid = np.union1d(np.linspace(self.x[0], self.x[-1], _ROUGH), self.x)
        density = self.at(grid)
        is_peak = (density[1:-1] >= density[:-2]) & (density[1:-1] > density[2:])
        return [
            (float(density[k]), self._around(grid[k - 1], grid[k + 1])) for k in np.flatnonzero(is_peak) + 1
        ]

    def _around(self, low: float, high: float) -> Float[np.ndarray, " k"]:
        """Return places around the peak between `low` and `high`, on a lattice that all ladders share."""
        while True:
            grid = np.linspace(low, high, 33)
            density = self.at(grid)
            k = int(np.clip(density.argmax(), 1, grid.size - 2))
            step = grid[1] - grid[0]
            if density[k] - max(density[k - 1], density[k + 1]) < 0.02 or step < 1e-9:
                break
            low, high = grid[k - 1], grid[k + 1]
        bend = (2.0 * density[k] - density[k - 1] - density[k + 1]) / step**2
        lattice = 0.1 * _power_of_two(1.0 / np.sqrt(max(bend, 1e-2)))
        return np.clip((np.round(grid[k] / lattice) + _AROUND) * lattice, self.x[0], self.x[-1])

    def _ends(self) -> list[tuple[float, Float[np.ndarray, " k"]]]:
        """Return places before an end at which the density peaks."""
        found = []
        for end, inward in ((self.x[0], 1.0), (self.x[-1], -1.0)):
            near = self.at(np.array([end, end + inward * _CLOSEST]))
            fall = (near[0] - near[1]) / _CLOSEST
            if np.isfinite(fall) and fall > 1.0:
                places = end + inward * _BEFORE * _power_of_two(1.0 / fall)
                found.append((float(near[0]), np.clip(places, self.x[0], self.x[-1])))
        return found


def _power_of_two(length: float) -> float:
    return float(2.0 ** np.round(np.log2(length)))
