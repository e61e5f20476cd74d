"""A long run in plain NumPy, for a Laplace prior and more columns than rows, with columns in general position.

A blocked Gibbs sampler of the scale mixture runs at each fixed σ of a ladder. There the posterior is log-concave.
States change places along the ladder, so they reach every bulk of σ. The multistate estimator of Shirts and Chodera
(2008), doi:10.1063/1.2978177, combines the states of all rungs. Ladders that start far apart give the error.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from .exact import bulks_of
from .posterior import Posterior

Array = Float[np.ndarray, "..."]

_LADDERS = 6
_ROUGH, _FINE = 0.6, 0.22  # between rungs, in log σ
_BELOW, _ABOVE = 9.0, 3.0  # range of log σ around log sd(y) that is searched for bulks
_HOLDS = 8.0  # log density below the largest that the fine ladder reaches
_THIN = 3
_GRID = 0.04  # of log σ
_DOWN, _UP = 12.0, 3.0  # reach of the grid beyond the rungs; further down the coefficients do not change


class States(NamedTuple):
    """The kept states of all rungs: the variances of the mixture, and the response in their principal axes."""

    variances: Float[np.ndarray, "ladder s p"]
    spectrum: Float[np.ndarray, "ladder s m"]
    along: Float[np.ndarray, "ladder s m"]
    axes: Float[np.ndarray, "ladder s m m"]


def ladder_answer(posterior: Posterior, n_sweeps: int = 480, seed: int = 0) -> dict[str, Any]:
    """Return what `exact` returns, with the Monte Carlo error of each mean and sd.

    Parameters
    ----------
    posterior : Posterior
        With a Laplace prior whose scale is a number.
    n_sweeps : int, default 480
        The number of kept sweeps of each ladder.
    seed : int, default 0
    """
    ladder = _Ladder(posterior)
    rng = np.random.default_rng(seed)
    known = isinstance(posterior.noise, float)
    if known:
        rungs = np.array([np.log(posterior.noise)])  # type: ignore[arg-type]
        grid = rungs
    else:
        middle = np.log(posterior.y.std())
        rough = np.arange(middle - _BELOW, middle + _ABOVE, _ROUGH)
        grid = np.arange(rough[0], rough[-1], _GRID)
        states = ladder.run(rough, 90, 60, 3, rng)
        density = np.mean([ladder.density(states, k, rough, grid)[0] for k in range(3)], axis=0)
        held = grid[density > density.max() - _HOLDS]
        rungs = np.linspace(held[0] - _FINE, held[-1] + _FINE, max(6, round(np.ptp(held) / _FINE) + 3))
        grid = np.arange(rungs[0] - _DOWN, rungs[-1] + _UP, _GRID)
    states = ladder.run(rungs, n_sweeps, n_sweeps // 3, _LADDERS, rng)
    parts = [ladder.summary(states, k, rungs, grid, rng) for k in range(_LADDERS)]
    return _together(posterior, parts, grid, known=known)


class _Ladder:
    """The posterior with the intercept integrated out."""

    def __init__(self, posterior: Posterior) -> None:
        n = len(posterior.y)
        rotation = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, 1:]]))[0][:, 1:]
        self.posterior = posterior
        self.columns, self.response = rotation.T @ posterior.X, rotation.T @ posterior.y
        assert isinstance(posterior.laplace, float)
        self.b, self.relative = posterior.laplace, posterior.relative

    def run(
        self, rungs: Array, n_sweeps: int, n_burnt: int, n_ladders: int, rng: np.random.Generator
    ) -> States:
        """Sweep over all rungs of all ladders together, and keep every third state."""
        p = self.columns.shape[1]
        sigma = np.exp(rungs)[None, :, None]
        far_apart = np.exp(np.linspace(-6.0, 4.0, n_ladders))[:, None, None]
        variances = self.b**2 * far_apart * rng.exponential(size=(n_ladders, len(rungs), p))
        kept: list[tuple[Array, ...]] = []
        for sweep in range(n_burnt + n_sweeps):
            spectrum, axes, along = self._spectrum(variances)
            variances, spectrum, axes, along = self._exchange(
                rungs, (variances, spectrum, axes, along), sweep % 2, rng
            )
            if sweep >= n_burnt and sweep % _THIN == 0:
                kept.append((variances, spectrum, along, axes))
            coef = self._draw_coefs(sigma, variances, spectrum, axes, rng)
            variances = _draw_variances(np.abs(coef), self.b, rng)
        return States(*(np.concatenate(column, axis=1) for column in zip(*kept, strict=True)))

    def _spectrum(self, variances: Array) -> tuple[Array, Array, Array]:
        """Decompose A·V·A', and rotate the response."""
        spectrum, axes = np.linalg.eigh((self.columns * variances[..., None, :]) @ self.columns.T)
        return np.maximum(spectrum, 0.0), axes, np.einsum("...ij,i->...j", axes, self.response)

    def log_likelihood(self, log_sigma: Array, spectrum: Array, along: Array) -> Array:
        """Evaluate log p(y | σ, variances), up to a constant. Arrays broadcast, and the last axis is summed."""
        s2 = np.exp(2.0 * log_sigma)[..., None]
        total = s2 * (1.0 + spectrum) if self.relative else s2 + spectrum
        return -0.5 * (np.log(total) + along**2 / total).sum(axis=-1)

    def _exchange(
        self, rungs: Array, state: tuple[Array, ...], first: int, rng: np.random.Generator
    ) -> tuple[Array, ...]:
        """Let every second pair of neighbours change places."""
        low = np.arange(first, len(rungs) - 1, 2)
        if low.size == 0:
            return state
        spectrum, along = state[1], state[3]

        def at(rung: Array, place: Array) -> Array:
            return self.log_likelihood(rungs[rung], spectrum[:, place], along[:, place])

        gain = at(low, low + 1) + at(low + 1, low) - at(low, low) - at(low + 1, low + 1)
        swapped = np.log(rng.random(gain.shape)) < gain
        order = np.tile(np.arange(len(rungs)), (len(spectrum), 1))
        order[:, low] += swapped
        order[:, low + 1] -= swapped
        rows = np.arange(len(spectrum))[:, None]
        return tuple(one[rows, order] for one in state)

    def _draw_coefs(
        self, sigma: Array, variances: Array, spectrum: Array, axes: Array, rng: np.random.Generator
    ) -> Array:
        """Draw coefficients given σ and their variances (in units of σ if scales are relative)."""
        unit = sigma if self.relative else np.ones_like(sigma)
        spread = sigma / unit  # sd of the noise, in units of the coefficients
        prior = np.sqrt(variances) * rng.normal(size=variances.shape)
        noise = spread * rng.normal(size=(*variances.shape[:-1], len(self.response)))
        left = self.response / unit - prior @ self.columns.T - noise
        solved = np.einsum("...ji,...j->...i", axes, left) / (spread**2 + spectrum)
        return prior + variances * (np.einsum("...ij,...j->...i", axes, solved) @ self.columns)

    def density(
        self, states: States, ladder: int, rungs: Array, grid: Array
    ) -> tuple[Array, Float[np.ndarray, "s g"]]:
        """Return the log posterior density of log σ on a grid, and the part of each state in it."""
        spectrum, along = states.spectrum[ladder], states.along[ladder]
        at_rungs = self.log_likelihood(rungs[None, :], spectrum[:, None], along[:, None])
        free, n_each = np.zeros(len(rungs)), len(spectrum) / len(rungs)
        for _ in range(2000):
            mixture = logsumexp(at_rungs - free, axis=1) + np.log(n_each)
            step = logsumexp(at_rungs - mixture[:, None], axis=0)
            step -= step[0]
            moved, free = np.abs(step - free).max(), step
            if moved < 1e-7:
                break
        mixture = logsumexp(at_rungs - free, axis=1)
        prior = np.zeros_like(grid)
        if not isinstance(self.posterior.noise, float):
            prior = self.posterior.noise.log_density(np.exp(grid)) + grid
        each = np.empty((len(spectrum), len(grid)))
        for start in range(0, len(spectrum), 500):
            part = slice(start, start + 500)
            each[part] = self.log_likelihood(grid[None, :], spectrum[part, None], along[part, None])
        each += prior - mixture[:, None]
        return logsumexp(each, axis=0), each

    def summary(
        self, states: States, ladder: int, rungs: Array, grid: Array, rng: np.random.Generator
    ) -> dict[str, Any]:
        """Return, for one ladder, raw moments of the coefficients and the weights of the grid."""
        density, each = self.density(states, ladder, rungs, grid)
        log_weight = logsumexp(each, axis=1)
        shares = np.exp(each - log_weight[:, None]).cumsum(axis=1)
        chosen = (shares < rng.random((len(shares), 1)) * shares[:, -1:]).sum(axis=1)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        raw = np.zeros((4, self.columns.shape[1]))
        for start in range(0, len(weight), 500):
            part = slice(start, start + 500)
            sigma = np.exp(grid[chosen[part]])[:, None]
            unit = sigma if self.relative else np.ones_like(sigma)
            variances, axes = states.variances[ladder, part], states.axes[ladder, part]
            total = (sigma / unit) ** 2 + states.spectrum[ladder, part]
            loads = variances[:, None, :] * np.einsum("sji,jp->sip", axes, self.columns)
            mean = np.einsum("sip,si->sp", loads, states.along[ladder, part] / total)  # unit cancels
            spread = (variances - np.einsum("sip,si->sp", loads**2, 1.0 / total)) * unit**2
            powers = (mean, mean**2 + spread, mean**3 + 3.0 * mean * spread)
            fourth = mean**4 + 6.0 * mean**2 * spread + 3.0 * spread**2
            raw += np.stack([weight[part] @ one for one in (*powers, fourth)])
        return {"raw": raw, "grid": np.exp(density - logsumexp(density))}


def _draw_variances(size: Array, b: float, rng: np.random.Generator) -> Array:
    """Draw v given |β| under v ~ Exponential(mean 2b²): 1/v is inverse Gaussian with mean 1/(b|β|) and shape 1/b²."""
    size = np.maximum(size, 1e-150)
    chi2 = rng.normal(size=size.shape) ** 2
    w = 0.5 * b * chi2 / size
    small = b * size * (1.0 + w + np.sqrt(w * (w + 2.0)))  # 1 / the smaller root
    takes_smaller = rng.random(size.shape) < 1.0 / (1.0 + b * size / small)
    return np.where(takes_smaller, small, (b * size) ** 2 / small)


def _together(
    posterior: Posterior, parts: list[dict[str, Any]], grid: Array, *, known: bool
) -> dict[str, Any]:
    """Average over the ladders. Their differences give the error."""
    raw = np.mean([one["raw"] for one in parts], axis=0)
    shares = np.mean([one["grid"] for one in parts], axis=0)
    columns = {f"coef[{j}]": ([one["raw"][:, j] for one in parts], raw[:, j]) for j in range(raw.shape[1])}
    found: dict[str, Any] = {"bulks": [], "splits": []}
    if not known:
        powers = np.stack([grid**k for k in range(1, 5)], axis=1)
        columns["log noise_scale"] = ([one["grid"] @ powers for one in parts], shares @ powers)
        found["bulks"], found["splits"] = bulks_of(shares, grid)
        below = [[one["grid"][np.exp(grid) < split].sum() for split in found["splits"]] for one in parts]
        found["mass_errors"] = list(np.std(below, axis=0, ddof=1) / np.sqrt(len(parts)))
    return {
        "parameters": {name: _parameter(each, of_all) for name, (each, of_all) in columns.items()},
        **found,
    }


def _parameter(each: list[Array], of_all: Array) -> dict[str, float]:
    def mean_and_sd(raw: Array) -> tuple[float, float]:
        return raw[0], np.sqrt(max(raw[1] - raw[0] ** 2, 1e-300))

    mean, sd = mean_and_sd(of_all)
    fourth = of_all[3] - 4.0 * of_all[2] * mean + 6.0 * of_all[1] * mean**2 - 3.0 * mean**4
    means, sds = np.array([mean_and_sd(one) for one in each]).T
    root = np.sqrt(len(each))
    return {
        "mean": float(mean),
        "sd": float(sd),
        "kurtosis": float(max(fourth / sd**4, 1.0)),
        "mean_error": float(means.std(ddof=1) / root),
        "sd_error": float(sds.std(ddof=1) / root),
    }
