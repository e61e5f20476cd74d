"""What posterior means are, found by other ways than the runs that are judged."""

import numpy as np

from .cases import Case
from .judge import reference_of

_INTERCEPT_SCALE = 10.0
_EVALUATIONS, _FEWEST, _MOST = 2e9, 20_000, 200_000  # rows times draws; draws
_ENTRIES = 2**24  # of a block of linear predictors
_HEAVY, _DF = 0.1, 5.0  # share of draws from a t distribution, which has the posterior's tails covered
_LEAST_EFFECTIVE = 2_000.0


def reference(case: Case) -> dict[str, np.ndarray]:
    """Return the mean and its Monte Carlo error of each parameter: coefficients, intercept, and σ if there is one."""
    return _gibbs(case) if case.family == "gaussian" else logistic_reference(*case.data(), case.scale)


def _gibbs(case: Case) -> dict[str, np.ndarray]:
    """Draw long with our Gibbs sampler, which shares no density and no gradient with NUTS, of ours or of peers."""
    import numpyro.distributions as dist

    import bayesreg as br

    X, y = case.data()
    model = br.LinearModel(br.LaplacePrior(case.scale), br.GaussianLikelihood(dist.HalfNormal(1.0)))
    tree = br.sample_posterior(
        model, br.GramData.from_arrays(X, y) if case.n > case.p else br.RowData.from_arrays(X, y),
        num_samples=10_000, num_warmup=1000, method="gibbs", progress=False, seed=99,
    )  # fmt: skip
    posterior = tree["posterior"].to_dataset()
    draws = {"coef": "coef", "intercept": "intercept", "sigma": "noise_scale"}
    return reference_of({ours: posterior[theirs].values for ours, theirs in draws.items()})


def logistic_reference(X: np.ndarray, y: np.ndarray, scale: float, seed: int = 99) -> dict[str, np.ndarray]:
    """Weigh draws around the mode by the posterior density, in plain NumPy.

    Raises
    ------
    ValueError
        If the weights are so uneven that the errors cannot be trusted.
    """
    rows = np.column_stack([X, np.ones(y.size)])
    precision = np.append(np.full(X.shape[1], scale**-2.0), _INTERCEPT_SCALE**-2.0)
    mode, hessian = _mode(rows, y, precision)
    centre = _first_order_mean(rows, mode, hessian)
    draws, log_density = _proposals(np.random.default_rng(seed), centre, hessian, _number(y.size))
    log_weight = _log_posterior(rows, y, precision, draws) - log_density
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    effective = 1.0 / float(weight @ weight)
    if effective < _LEAST_EFFECTIVE:
        raise ValueError(f"the reference has {effective:.0f} effective draws only")
    mean = weight @ draws
    return {"mean": mean, "mcse": np.sqrt(weight**2 @ (draws - mean) ** 2)}


def _number(n: int) -> int:
    return int(np.clip(_EVALUATIONS / n, _FEWEST, _MOST))


def _mode(rows: np.ndarray, y: np.ndarray, precision: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode and the Hessian there, by Newton's method with halved steps."""
    coef = np.zeros(precision.size)
    for _ in range(100):
        mean = _expit(rows @ coef)
        hessian = (rows * (mean * (1.0 - mean))[:, None]).T @ rows + np.diag(precision)
        step = np.linalg.solve(hessian, rows.T @ (y - mean) - precision * coef)
        if np.abs(step).max() < 1e-10:
            break
        before = _log_posterior(rows, y, precision, coef[None])[0]
        while _log_posterior(rows, y, precision, coef[None] + step)[0] < before:
            step *= 0.5
        coef = coef + step
    return coef, hessian


def _first_order_mean(rows: np.ndarray, mode: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """Return the posterior mean to first order: the mode less half the pull of the third derivatives."""
    mean = _expit(rows @ mode)
    leverage = np.einsum("ij,ij->i", rows, np.linalg.solve(hessian, rows.T).T)
    skewness = mean * (1.0 - mean) * (1.0 - 2.0 * mean)
    return mode - 0.5 * np.linalg.solve(hessian, rows.T @ (skewness * leverage))


def _proposals(
    rng: np.random.Generator, centre: np.ndarray, hessian: np.ndarray, number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw from a normal distribution and one with heavy tails, and return the log density of their mixture."""
    root, d = np.linalg.cholesky(hessian), centre.size
    z = rng.normal(size=(number, d))
    heavy = rng.random(number) < _HEAVY
    z[heavy] *= np.sqrt(_DF / rng.chisquare(_DF, int(heavy.sum())))[:, None]
    square = np.einsum("ij,ij->i", z, z)
    normal = np.log(1.0 - _HEAVY) - 0.5 * square - 0.5 * d * np.log(2.0 * np.pi)
    student = np.log(_HEAVY) - 0.5 * (_DF + d) * np.log1p(square / _DF) + _log_t_constant(d)
    return centre + np.linalg.solve(root.T, z.T).T, np.logaddexp(normal, student)


def _log_t_constant(d: int) -> float:
    from math import lgamma, log, pi

    return lgamma(0.5 * (_DF + d)) - lgamma(0.5 * _DF) - 0.5 * d * log(_DF * pi)


def _log_posterior(rows: np.ndarray, y: np.ndarray, precision: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Evaluate up to a constant, for each row of draws."""
    step = max(1, _ENTRIES // y.size)
    likelihood = np.empty(len(draws))
    for first in range(0, len(draws), step):
        eta = rows @ draws[first : first + step].T
        likelihood[first : first + step] = y @ eta - np.logaddexp(0.0, eta).sum(axis=0)
    return likelihood - 0.5 * (draws**2) @ precision


def _expit(eta: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * eta))
