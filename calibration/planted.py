"""Errors planted on purpose. Calibration must catch them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

import bayesreg as br
from bayesreg.base import compilation_cache as compilation
from bayesreg.gaussian import spectrum as gaussian
from bayesreg.posterior.kernels import gibbs, independence
from bayesreg.posterior.marginals import bulks
from bayesreg.posterior.targets import density, marginal, mixture, rows, whitened

from .cases import SCALES
from .ranks import AnyCase, posterior_draws
from .row_cases import RowCase


def _fresh_programs() -> Any:
    """Compile all programs again inside of this context, and keep them separate."""
    return patch.object(compilation, "_held", compilation._Held())


@contextmanager
def variance_for_sd() -> Iterator[None]:
    """Use σ² in place of σ in the exponent of the likelihood."""

    def wrong(power: Any, rss: Any, noise_scale: Any) -> Any:
        return -power * jnp.log(noise_scale) - 0.5 * rss / noise_scale

    def wrong_marginal(self: Any, noise_scale: Any, ratio: Any, xp: Any = np) -> Any:
        return right_marginal(self, xp.sqrt(noise_scale), ratio, xp)

    def wrong_factor(self: Any, noise_scale: Any) -> Any:
        return right_factor(self, jnp.sqrt(noise_scale))

    right_factor = gibbs._System.factor
    right_marginal = gaussian.GaussianMarginal.log_likelihood
    modules = (whitened, mixture, gibbs)
    with _fresh_programs():
        patches = [patch.object(module, "log_noise_likelihood", wrong) for module in modules]
        patches.append(patch.object(gaussian.GaussianMarginal, "log_likelihood", wrong_marginal))
        patches.append(patch.object(gibbs._System, "factor", wrong_factor))
        for one in patches:
            one.start()
        try:
            yield
        finally:
            for one in patches:
                one.stop()


@contextmanager
def missing_jacobian() -> Iterator[None]:
    """Use the density of σ in place of that of log σ."""

    def wrong(self: Any, u: Any) -> tuple[Any, Any]:
        from numpyro.distributions import biject_to

        prior = self.prior.distribution
        value = biject_to(prior.support)(self.offset + self.step * u)
        return value, prior.log_prob(value)

    def wrong_marginal(problem: Any, log_sigma: Any) -> Any:
        return right_marginal(problem, log_sigma) - log_sigma

    right_marginal = bulks.log_noise_prior
    with (
        _fresh_programs(),
        patch.object(density.Coordinate, "at", wrong),
        patch.object(bulks, "log_noise_prior", wrong_marginal),
        patch.object(marginal, "log_noise_prior", wrong_marginal),
    ):
        yield


@contextmanager
def lost_offset() -> Iterator[None]:
    """Leave the offset of rows out of the likelihood."""

    def wrong(self: Any, coef: Any, nuisance: Any) -> Any:
        return right(self._replace(offset=0.0 * self.offset), coef, nuisance)

    right = rows.RowTarget.log_likelihood
    with _fresh_programs(), patch.object(rows.RowTarget, "log_likelihood", wrong):
        yield


@contextmanager
def unweighted_proposals() -> Iterator[None]:
    """Accept independent proposals by the density alone."""
    with _fresh_programs(), patch.object(independence, "_log_proposal", lambda square, d: 0.0 * square):
        yield


@contextmanager
def nothing() -> Iterator[None]:
    """Change nothing."""
    yield


@contextmanager
def wider_scales(factor: float = np.sqrt(2.0)) -> Iterator[None]:
    """Multiply the scale of the truth by a factor."""
    with patch.dict(SCALES, {name: scale * factor for name, scale in SCALES.items()}):
        yield


def wider_prior(case: AnyCase, data: br.RowData, seed: int) -> dict[str, Float[np.ndarray, " s"]]:
    """Draw from the posterior under a prior whose scale is √2 times that of the truth."""
    wide: AnyCase = replace(case, hyper=False)
    with wider_scales():
        return posterior_draws(wide, data, seed)


PLANTED = {
    "σ² for σ": (variance_for_sd, posterior_draws),
    "scale × √2": (nothing, wider_prior),
    "no Jacobian of log σ": (missing_jacobian, posterior_draws),
}

_NUTS_ON_ROWS = tuple(
    RowCase("whitened", family, "laplace", 25, 3, unknown=unknown)
    for family, unknown in (
        ("bernoulli", False),
        ("poisson", False),
        ("negative binomial", True),
        ("student t", True),
    )
)
_WEAK_ROWS = tuple(replace(case, n=6, p=8) for case in _NUTS_ON_ROWS)  # there the prior counts
_PROPOSALS_ON_ROWS = tuple(replace(case, method="independence") for case in _NUTS_ON_ROWS)
ROWS_PLANTED = {
    "offset left out": (lost_offset, posterior_draws, _NUTS_ON_ROWS + _PROPOSALS_ON_ROWS),
    "scale × √2": (nothing, wider_prior, _WEAK_ROWS),
    "no Jacobian": (missing_jacobian, posterior_draws, tuple(case for case in _WEAK_ROWS if case.unknown)),
    "proposals unweighted": (unweighted_proposals, posterior_draws, _PROPOSALS_ON_ROWS),
}
