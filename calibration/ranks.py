"""Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788): ranks of the truth among posterior draws."""

import warnings
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

import bayesreg as br

from .cases import Case
from .row_cases import RowCase

N_DRAWS = 99  # kept draws: ranks go from 0 to 99
_THIN = 10
_WARMUP = 400

AnyCase = Case | RowCase
Sampler = Callable[[AnyCase, br.RowData, int], "dict[str, Float[np.ndarray, ' s']]"]


def posterior_draws(case: AnyCase, data: br.RowData, seed: int) -> dict[str, Float[np.ndarray, " s"]]:
    """Draw from the posterior. Draws are thinned, so they are about independent."""
    with warnings.catch_warnings():
        # Calibration judges all draws, also those with a warning.
        warnings.simplefilter("ignore", br.SamplingWarning)
        tree = br.sample_posterior(
            case.model(),
            data,
            num_chains=1,
            num_warmup=_WARMUP,
            num_samples=_THIN * N_DRAWS,
            seed=seed,
            progress=False,
            method=case.method,
        )
    posterior = tree["posterior"].isel(chain=0, draw=slice(None, None, _THIN))
    draws = {f"coef {j}": posterior["coef"].values[:, j] for j in range(case.p)}
    for name in ("intercept", "noise_scale", "dispersion", "prior_scale", "laplace_scale"):
        if name in posterior:
            draws[name] = posterior[name].values
    return draws


def ranks(
    case: AnyCase, n_simulations: int, sampler: Sampler = posterior_draws, first: int = 0
) -> dict[str, Int[np.ndarray, " m"]]:
    """Return the rank of each true parameter in each simulation.

    The last one, "likelihood", is the rank of a function of parameters and data (Modrák et al. 2023,
    doi:10.1214/23-BA1404). It finds a sampler that draws from the prior; ranks of parameters do not.
    """
    found: dict[str, list[int]] = {}
    for i in range(first, first + n_simulations):
        truth = case.simulate(np.random.default_rng([i, case.n, case.p]))
        draws = sampler(case, case.data(truth.y), i)
        values = case.true_values(truth)
        draws["likelihood"] = case.log_likelihood(draws, truth.y)
        values["likelihood"] = case.log_likelihood({k: np.array([v]) for k, v in values.items()}, truth.y)[0]
        for name, value in values.items():
            found.setdefault(name, []).append(int((draws[name] < value).sum()))
    return {name: np.array(values) for name, values in found.items()}
