"""Expectation propagation of the coefficients given σ and scales: the log mass of the data, and moments.

A Gaussian factor replaces each Laplace factor; it gives the same moments together with all the others (Minka
2001, arXiv:1301.2294; Seeger 2008, "Bayesian inference and optimal design for the sparse linear model"). If columns
are orthogonal, the result is exact. It costs some ten factorisations. Draws would need a ladder of runs for a log mass.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ...base.blas import gram_of
from ...base.threads import is_tall, single_threaded_blas
from ...data.least_squares import LeastSquares
from ...gaussian.propriety import as_told, power
from ...gaussian.spectrum import root
from ...model.problem import Problem
from ...priors.elastic_net_law import prior_energies

_SWEEPS, _STILL = 100, 2e-2  # in sds, and in units of a log mass
_DAMPING, _CAREFUL = 0.9, 0.3
_FAR = -25.0  # below this standard score the tail's series is used
_LEAST = 1e-10  # least share of a marginal precision that a cavity keeps
_LEAST_EIGENVALUE = 1e-11  # of unit columns, for each column: less is rounding
_LEAST_PRECISION = 1e-6  # share of a marginal precision: a far tail is straight, and has none
_JITTER, _ROUNDING = 1e-13, 1e-11  # of a variance under the prior
_FEW, _TOGETHER = 32, 512  # up to so many columns, so many settings are evaluated together


class Conditional(NamedTuple):
    """The coefficients given each of k settings of σ and the scales."""

    log_mass: Float[np.ndarray, " k"]  # log p(y | σ, scales), up to a constant
    mean: Float[np.ndarray, "k q"]
    variance: Float[np.ndarray, "k q"]
    slope: Float[np.ndarray, " k"]  # of the log mass along log σ
    energy: Float[np.ndarray, " k"]  # posterior mean of Σ l1|β| + ½ l2 β², minus its prior mean
    settled: Bool[np.ndarray, " k"]
    precision: Float[np.ndarray, "k q"]  # of the Gaussian that replaces each coefficient's prior
    shift: Float[np.ndarray, "k q"]  # its precision times its mean


class Propagation:
    """Expectation propagation on the sufficient statistics of one problem."""

    def __init__(self, problem: Problem) -> None:
        natural, self.response, self._rss = root(_least_squares(problem))
        norms = np.sqrt(np.einsum("rq,rq->q", natural, natural))
        self._unit = np.divide(1.0, norms, out=np.ones_like(norms), where=norms > 0.0)
        self.root = np.asfortranarray(natural * self._unit)  # of unit columns
        self.cross = self.root.T @ self.response
        self._power, self._rates, self._law = power(problem), problem.penalised_rates, problem.law
        self._follows = problem.is_feature[problem.penalised]
        n, q = self.root.shape
        self.wide = n < q
        self.gram = gram_of(self.root[:, :0] if self.wide else self.root)
        self._found: list[Conditional] = []
        self._keys = np.zeros((0, 0))  # the logs of σ and scales of each

    @property
    def rss(self) -> float:
        """The least residual sum of squares of all coefficients."""
        return self._rss

    def at(
        self, noise_scale: Float[np.ndarray, " k"], scales: dict[str, Float[np.ndarray, " k"]]
    ) -> Conditional:
        """Evaluate at settings of σ and of the sampled scales.

        With few columns all settings are evaluated together. With many, each starts from the nearest result so far.

        Parameters
        ----------
        noise_scale : array (k,)
        scales : dict of arrays (k,)

        Returns
        -------
        Conditional
        """
        if max(self.root.shape) <= _FEW:
            blocks = [
                np.arange(noise_scale.size)[k : k + _TOGETHER] for k in range(0, noise_scale.size, _TOGETHER)
            ]
        else:
            blocks = list(np.argsort(-noise_scale)[:, None])
        with single_threaded_blas():  # more threads would wait for each other on matrices of this size
            parts = [self._at(noise_scale[some], {k: v[some] for k, v in scales.items()}) for some in blocks]
        joined = Conditional(*(np.concatenate(fields) for fields in zip(*parts, strict=True)))
        back = np.argsort(np.concatenate(blocks))
        return Conditional(*(field[back] for field in joined))

    def _at(self, sigma: Any, scales: dict[str, Any]) -> Conditional:
        if sigma.size > 1:
            found = self._together(sigma, scales, None)
            again = np.flatnonzero(~found.settled)
            if again.size:
                careful = self._together(
                    sigma[again], {k: v[again] for k, v in scales.items()}, None, damping=_CAREFUL
                )
                for old, new in zip(found, careful, strict=True):
                    old[again] = new
            return found
        key = np.log(np.concatenate([sigma, *scales.values()]))
        nearest = self._found[int(np.abs(self._keys - key).sum(axis=1).argmin())] if self._found else None
        found = self._together(sigma, scales, nearest)
        if not found.settled[0]:
            found = self._together(sigma, scales, None, damping=_CAREFUL)
        if found.settled[0]:
            self._found.append(found)
            self._keys = np.vstack([self._keys.reshape(-1, key.size), key])
        return found

    def _together(
        self, sigma: Any, scales: dict[str, Any], start: Conditional | None, damping: float = _DAMPING
    ) -> Conditional:
        l1, l2 = self._rates_at(sigma[:, None], {name: values[:, None] for name, values in scales.items()})
        absolute = l1 > 0.0
        tau, nu = np.where(absolute, 0.5 * l1**2, 0.0), np.zeros_like(l1)
        if start is not None:
            tau, nu = start.precision * self._unit**2 - l2, start.shift * self._unit
        last, settled = np.full(sigma.size, np.nan), np.zeros(sigma.size, dtype=bool)
        log_mass, fit = np.empty(sigma.size), np.empty(sigma.size)
        mean, variance, size = np.empty_like(l1), np.empty_like(l1), np.empty_like(l1)
        todo = np.arange(sigma.size)
        for _ in range(_SWEEPS):
            one = _approximated(self, sigma[todo], (l2 + tau)[todo], nu[todo])
            site = _Sites(one, tau[todo], nu[todo], l1[todo], _LEAST_PRECISION if self.wide else 0.0)
            here = absolute[todo]
            log_mass[todo] = one.log_mass + np.where(here, site.log_gain, 0.0).sum(axis=1)
            moved = np.abs(site.mean - one.mean) / np.sqrt(site.variance) + np.abs(
                site.variance / one.variance - 1.0
            )
            still = np.where(here, moved, 0.0).max(axis=1, initial=0.0) <= _STILL
            still &= np.abs(log_mass[todo] - last[todo]) <= _STILL
            tau[todo] += np.where(here, damping * (site.precision - tau[todo]), 0.0)
            nu[todo] += np.where(here, damping * (site.shift - nu[todo]), 0.0)
            last[todo], fit[todo], settled[todo] = log_mass[todo], one.fit, still
            mean[todo] = np.where(here, site.mean, one.mean)
            variance[todo] = np.where(here, site.variance, one.variance)
            size[todo] = np.where(here, site.size, 0.0)
            todo = todo[~still]
            if todo.size == 0:
                break
        seen = np.maximum(tau.shape[1] - ((l2 + tau) * variance).sum(axis=1), 0.0)
        of_absolute, of_quadratic = prior_energies(l1, l2)
        beyond, square = l1 * size - of_absolute, 0.5 * l2 * (mean**2 + variance) - of_quadratic
        slope = (self._rss + fit) / sigma**2 + seen - self._power
        slope += (self._rates.relative * (beyond + 2.0 * square)).sum(axis=1)
        log_mass -= self._power * np.log(sigma) + 0.5 * self._rss / sigma**2
        log_mass -= self._law.log_normaliser(l1, l2).sum(axis=1)
        return Conditional(
            log_mass,
            mean * self._unit,
            variance * self._unit**2,
            slope,
            (beyond + square).sum(axis=1),
            settled,
            (l2 + tau) / self._unit**2,
            nu / self._unit,
        )

    def resolves(self, noise_scale: float, scales: dict[str, float]) -> bool:
        """Tell whether float64 can factorise the precision there. It cannot if columns are nearly collinear."""
        if self.wide or self.gram.size == 0:
            return True
        l1, l2 = self._rates_at(
            np.array(noise_scale), {name: np.array(value) for name, value in scales.items()}
        )
        of_prior = float((0.5 * l1**2 + l2).min()) * noise_scale**2
        return bool(np.linalg.eigvalsh(self.gram)[0] + of_prior > _LEAST_EIGENVALUE * l1.size)

    def _rates_at(self, sigma: Any, scales: dict[str, Any]) -> tuple[Any, Any]:
        """Return 1/b and 1/τ² of the coefficients of unit columns."""
        l1, l2 = self._rates.at(sigma, self._follows, scales)
        return l1 * self._unit, l2 * self._unit**2


def _least_squares(problem: Problem) -> LeastSquares:
    """Return what tells the least residual: of many rows their sums, unless these lose its digits."""
    return as_told(problem) if is_tall(getattr(problem.reduced, "X", None)) else problem.reduced


class _Approximation(NamedTuple):
    """A Gaussian approximation of the posterior at each setting, in coordinates of unit columns."""

    mean: Float[np.ndarray, "k q"]
    variance: Float[np.ndarray, "k q"]
    fit: Float[np.ndarray, " k"]  # the squared residual at the mean, minus the least possible one
    log_mass: Float[np.ndarray, " k"]


def _approximated(of: Propagation, sigma: Any, prior: Any, nu: Any) -> _Approximation:
    if of.wide:
        one_by_one, few = _by_rows, False
    else:
        one_by_one, few = _by_columns, prior.shape[1] <= _FEW
    if few:
        return _by_few_columns(of, sigma, prior, nu)
    parts = [one_by_one(of, *setting) for setting in zip(sigma, prior, nu, strict=True)]
    return _Approximation(*(np.array(field) for field in zip(*parts, strict=True)))


def _by_rows(of: Propagation, sigma: float, prior: Any, nu: Any) -> tuple[Any, Any, float, float]:
    from scipy.linalg.blas import dsyrk
    from scipy.linalg.lapack import dpotrf, dpotrs, dtrtrs

    half = of.root / np.sqrt(prior)
    covariance = dsyrk(1.0, half, lower=1)
    n = covariance.shape[0]
    covariance[np.diag_indices(n)] += sigma**2 + _JITTER * np.diagonal(covariance)
    lower = _checked(dpotrf(covariance, lower=1))
    alone = nu / prior
    missing = of.response - of.root @ alone
    left = _checked(dtrtrs(lower, half, lower=1))
    held = 1.0 - np.einsum("nq,nq->q", left, left)
    gained = _checked(dpotrs(lower, missing, lower=1))
    residual = sigma**2 * gained
    log_det = 2.0 * np.log(np.diagonal(lower)).sum() - 2.0 * n * np.log(sigma)
    log_mass = -0.5 * (log_det + missing @ gained)
    log_mass += 0.5 * (alone @ nu + np.log(2.0 * np.pi / prior).sum())
    mean = alone + (of.root.T @ gained) / prior
    return mean, np.maximum(held, _ROUNDING) / prior, float(residual @ residual), float(log_mass)


def _by_columns(of: Propagation, sigma: float, prior: Any, nu: Any) -> tuple[Any, Any, float, float]:
    from scipy.linalg.lapack import dpotrf, dpotri

    size = 1.0 / np.sqrt(np.diagonal(of.gram) / sigma**2 + prior)
    scaled = np.asfortranarray(of.gram * (size / sigma**2) * size[:, None])
    scaled[np.diag_indices(size.size)] = 1.0
    lower = _checked(dpotrf(scaled, lower=1))
    log_det = 2.0 * (np.log(np.diagonal(lower)) - np.log(size)).sum()
    inverse = _checked(dpotri(lower, lower=1))
    right = size * (of.cross / sigma**2 + nu)
    diagonal = np.diagonal(inverse)
    triangle = np.tril(inverse, -1)
    mean = size * (triangle @ right + right @ triangle + diagonal * right)
    return mean, diagonal * size**2, *_mass(of, sigma, prior, nu, mean, log_det)


def _by_few_columns(of: Propagation, sigma: Any, prior: Any, nu: Any) -> _Approximation:
    """Do the same as `_by_columns` for all settings at once."""
    system = of.gram / sigma[:, None, None] ** 2
    every = np.arange(prior.shape[1])
    system[:, every, every] += prior
    size = 1.0 / np.sqrt(np.diagonal(system, axis1=1, axis2=2))
    scaled = system * size[:, None, :] * size[:, :, None]
    inverse = np.linalg.inv(scaled)
    log_det = np.linalg.slogdet(scaled)[1] - 2.0 * np.log(size).sum(axis=1)
    right = size * (of.cross / sigma[:, None] ** 2 + nu)
    mean = size * np.einsum("kqr,kr->kq", inverse, right)
    variance = np.diagonal(inverse, axis1=1, axis2=2) * size**2
    return _Approximation(mean, variance, *_mass(of, sigma, prior, nu, mean, log_det))


def _mass(of: Propagation, sigma: Any, prior: Any, nu: Any, mean: Any, log_det: Any) -> tuple[Any, Any]:
    """Return the squared residual at the mean, and the log of the Gaussian's integral."""
    residual = of.response - mean @ of.root.T
    fit = np.square(residual).sum(axis=-1)
    peak = (nu * mean).sum(axis=-1) - 0.5 * (fit / sigma**2 + (prior * mean**2).sum(axis=-1))
    return fit, peak + 0.5 * (mean.shape[-1] * np.log(2.0 * np.pi) - log_det)


def _checked(result: tuple[Any, int]) -> Any:
    """Return LAPACK's result.

    Raises
    ------
    LinAlgError
        If LAPACK failed.
    """
    found, info = result
    if info != 0:
        raise np.linalg.LinAlgError(f"a covariance is not positive definite (info {info})")
    return found


class _Sites:
    """Each Laplace factor times its cavity, a Gaussian for all others: the moments, and the new Gaussian factor."""

    def __init__(self, approximation: _Approximation, tau: Any, nu: Any, l1: Any, least: float) -> None:
        share = np.maximum(1.0 - approximation.variance * tau, _LEAST)
        cavity = approximation.variance / share
        middle = (approximation.mean - approximation.variance * nu) / share
        log_z, self.mean, self.variance, self.size = tilted(middle, cavity, l1)
        back = 0.5 * (approximation.mean**2 / approximation.variance - middle**2 / cavity)
        self.log_gain = log_z - 0.5 * np.log(share) - back
        self.precision = np.maximum(1.0 / self.variance - 1.0 / cavity, least / approximation.variance)
        self.shift = self.mean / self.variance - middle / cavity


def tilted(
    middle: Float[np.ndarray, "..."], variance: Float[np.ndarray, "..."], l1: Float[np.ndarray, "..."]
) -> tuple[Any, Any, Any, Any]:
    """Return log ∫ N(β; m, v) exp(−l1|β|) dβ, and the mean, the variance and E|β| under the integrand."""
    from scipy.special import log_ndtr

    sd = np.sqrt(variance)
    z, pull = middle / sd, l1 * sd
    up, down = z - pull, -z - pull
    log_up, log_down = log_ndtr(up) - pull * z, log_ndtr(down) + pull * z
    log_total = np.logaddexp(log_up, log_down)
    share = np.exp(log_up - log_total)
    mean_up, var_up = _above_zero(up)
    mean_down, var_down = _above_zero(down)
    mean = share * mean_up - (1.0 - share) * mean_down
    spread = share * var_up + (1.0 - share) * var_down + share * (1.0 - share) * (mean_up + mean_down) ** 2
    return (
        log_total + 0.5 * pull**2,
        sd * mean,
        variance * spread,
        sd * (share * mean_up + (1.0 - share) * mean_down),
    )


def _above_zero(z: Float[np.ndarray, "..."]) -> tuple[Any, Any]:
    """Return mean and variance of Normal(z, 1) truncated to values above 0."""
    from scipy.special import log_ndtr

    near = np.maximum(z, _FAR)
    ratio = np.exp(-0.5 * near**2 - 0.5 * np.log(2.0 * np.pi) - log_ndtr(near))
    a = 1.0 / np.maximum(-z, -_FAR) ** 2
    far_mean = np.sqrt(a) * (1.0 - 2.0 * a + 10.0 * a**2 - 74.0 * a**3)
    far_var = a * (1.0 - 6.0 * a + 50.0 * a**2)
    is_far = z < _FAR
    return np.where(is_far, far_mean, near + ratio), np.where(is_far, far_var, 1.0 - ratio * (near + ratio))
