"""A marginal density along log σ between rungs that are dear: what is certain of it, and where another would tell more.

With R = (slope + power)·σ², which is E[RSS | σ] where scales are absolute, the slope of the log likelihood along log σ
is R/σ² − power. R never falls as σ grows, so that two rungs bound the marginal between them from above and from below.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

_TOLD = 0.5  # of the log density between two rungs, beyond which another is added
_WITHIN = np.linspace(0.0, 1.0, 17)  # of the way from one rung to the next
_OUT = 1.5  # beyond the last rung, in log σ
_CLOSEST, _LEAST = 1e-3, 2
_LOG_MOST = 700.0  # whose exponential float64 holds


class Ladder:
    """Rungs at values of log σ.

    Parameters
    ----------
    power : float
        Of 1/σ in the likelihood.
    log_prior : callable
        Of log σ, per unit of it.
    """

    def __init__(self, power: float, log_prior: Callable[[Any], Any]) -> None:
        self._power, self._log_prior = power, log_prior
        self.x, self._level, self._log_rss = np.zeros(0), np.zeros(0), np.zeros(0)

    def add(self, x: Any, level: Any, slope: Any) -> None:
        """Add rungs: the log likelihood there, and its slope; without those where they are not numbers."""
        told = np.isfinite(level) & np.isfinite(slope)
        x, level, slope = x[told], level[told], slope[told]
        rss = np.maximum((slope + self._power) * np.exp(2.0 * x), np.finfo(float).tiny)
        joined = np.concatenate([self.x, x])
        order = np.argsort(joined)
        self.x = joined[order]
        self._level = np.concatenate([self._level, level])[order]
        self._log_rss = np.maximum.accumulate(np.concatenate([self._log_rss, np.log(rss)])[order])

    def at(self, x: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
        """Interpolate the log density, the prior included: R between two rungs as a power of σ."""
        if self.x.size < _LEAST:
            return np.full(x.size, -np.inf)
        k = np.clip(np.searchsorted(self.x, x) - 1, 0, self.x.size - 2)
        a, b = self.x[k], self.x[k + 1]
        bend = (self._log_rss[k + 1] - self._log_rss[k]) / (b - a)
        bend = np.where(x < a, np.clip(bend, 0.0, 2.0), bend)
        missing = self._level[k + 1] - self._level[k] - self._rise(self._log_rss[k], bend, b - a, a)
        inside = self._level[k] + self._rise(self._log_rss[k], bend, x - a, a)
        inside += np.clip((x - a) / (b - a), 0.0, 1.0) * missing
        above = self._level[k + 1] + self._rise(self._log_rss[k + 1], 0.0, x - b, b)
        return np.where(x > b, above, inside) + self._log_prior(x)

    def _rise(self, log_rss: Any, bend: Any, step: Any, start: Any) -> Any:
        """Integrate exp(log_rss + bend·s − 2(start + s)) − power over s from 0 to `step`."""
        rate = bend - 2.0
        steep = np.abs(rate) > 1e-9
        safe = np.where(steep, rate, 1.0)
        growth = np.where(steep, np.expm1(np.minimum(safe * step, _LOG_MOST)) / safe, step)
        return np.exp(np.minimum(log_rss - 2.0 * start, _LOG_MOST)) * growth - self._power * step

    def wanted(self, ends: tuple[float, float], material: float) -> Float[np.ndarray, " m"]:
        """Return where more rungs would tell what may be within `material` of the highest log density."""
        if self.x.size < _LEAST:
            return np.zeros(0)
        a, b = self.x[:-1, None], self.x[1:, None]
        x = a + (b - a) * _WITHIN
        low, high = self._log_rss[:-1, None], self._log_rss[1:, None]
        left, right = self._level[:-1, None], self._level[1:, None]
        log_prior = self._log_prior(x.ravel()).reshape(x.shape)
        most = np.minimum(left + self._rise(high, 0.0, x - a, a), right + self._rise(low, 0.0, x - b, b))
        least = np.maximum(left + self._rise(low, 0.0, x - a, a), right + self._rise(high, 0.0, x - b, b))
        top = (least + log_prior).max()
        hides = (most + log_prior > top - material) & (most - least > _TOLD)
        hidden = hides.any(axis=1) & (b - a > _CLOSEST)[:, 0]
        new = [0.5 * (a + b)[hidden, 0]]
        for end, bound in zip((self.x[0], self.x[-1]), ends, strict=True):
            if self.at(np.array([end]))[0] > top - material and abs(bound - end) > _CLOSEST:
                new.append(end + np.array([np.clip(bound - end, -_OUT, _OUT)]))
        return np.concatenate(new)

    def around(self, low: float, high: float, steps: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """Return places around the peak between two others, `steps` in units of its width."""
        while True:
            grid = np.linspace(low, high, 33)
            density = self.at(grid)
            k = int(np.clip(density.argmax(), 1, grid.size - 2))
            step = grid[1] - grid[0]
            if density[k] - max(density[k - 1], density[k + 1]) < 0.02 or step < 1e-9:
                break
            low, high = grid[k - 1], grid[k + 1]
        bend = (2.0 * density[k] - density[k - 1] - density[k + 1]) / step**2
        return grid[k] + steps / np.sqrt(max(bend, 1e-2))
