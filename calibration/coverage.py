"""The coverage of intervals of coefficients and new responses. Each data set has parameters drawn from the prior."""

import warnings

import numpy as np
from jaxtyping import Float

import bayesreg as br

from .cases import INTERCEPT, Case

LEVELS = (0.5, 0.9, 0.95)
_NEW_ROWS = 5


def coverage_cases() -> list[Case]:
    """Return the cases of coverage: plain ones, with X far from 0, and with weights."""
    return [
        Case(method, prior, False, 30, 4, shift=shift, weighted=weighted, hyper=hyper)
        for method, prior, hyper in (
            ("auto", "laplace", False),
            ("auto", "gaussian", True),
            ("auto", "elastic net", False),
        )
        for shift, weighted in ((0.0, False), (1e3, False), (0.0, True))
    ] + [Case("auto", "laplace", False, 8, 12)]


def covered(case: Case, n_simulations: int) -> dict[str, Float[np.ndarray, "m level"]]:
    """Return the covered shares of each simulation: over coefficients, and over new rows."""
    found: dict[str, list[list[float]]] = {}
    for i in range(n_simulations):
        rng = np.random.default_rng([i, 7, case.n, case.p])
        truth = case.simulate(rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", br.SamplingWarning)
            tree = br.sample_posterior(
                case.model(), case.data(truth.y), num_chains=2, seed=i, progress=False,
                method=case.method,
            )  # fmt: skip
        new = rng.normal(size=(_NEW_ROWS, case.p)) + case.shift
        mean = INTERCEPT + new @ truth.coef
        observed = mean + truth.noise_scale * rng.normal(size=_NEW_ROWS)
        draws = tree["posterior"]["coef"].values.reshape(-1, case.p)
        row: dict[str, list[float]] = {}
        for level in LEVELS:
            low, high = np.quantile(draws, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0)
            row.setdefault("coefficients", []).append(_share(low, truth.coef, high))
            for of, value in (("mean", mean), ("observation", observed)):
                bounds = br.predict_posterior(tree, new, mass=level, of=of)
                row.setdefault(of, []).append(_share(bounds["lower"], value, bounds["upper"]))
        for name, values in row.items():
            found.setdefault(name, []).append(values)
    return {name: np.array(values) for name, values in found.items()}


def _share(
    low: Float[np.ndarray, " k"], value: Float[np.ndarray, " k"], high: Float[np.ndarray, " k"]
) -> float:
    return float(np.mean((low <= value) & (value <= high)))


def deviations(shares: Float[np.ndarray, "m level"]) -> Float[np.ndarray, " level"]:
    """Return coverage less its level, in standard errors. Parts of one simulation are not independent."""
    error = shares.std(axis=0, ddof=1) / np.sqrt(len(shares))
    return (shares.mean(axis=0) - np.array(LEVELS)) / error
