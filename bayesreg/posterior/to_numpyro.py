"""Conversion of a posterior to a plain NumPyro model, which a user can extend."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..data.rows import RowData
from ..model.linear_model import LinearModel
from ..model.problem import Data, Problem, resolve


def to_numpyro(model: LinearModel, data: Data) -> Callable[..., None]:
    """Return a NumPyro model with the posterior of `sample_posterior`.

    Parameters
    ----------
    model : LinearModel
    data : RowData or GramData

    Returns
    -------
    callable
        With rows, its arguments are ``(X, y, sample_weight)``; the default is `data` (``y=None``
        predicts). With statistics it has no arguments. Sites: ``coef`` (p,), ``intercept``,
        ``noise_scale`` if σ is unknown, ``prior_scale`` (or ``laplace_scale``, ``gaussian_scale``) if it
        is sampled, and ``y`` with rows. The precision is JAX's; ``numpyro.enable_x64()`` gives bayesreg's.

    Examples
    --------
    >>> import jax, numpyro, bayesreg as br
    >>> data = br.RowData.from_arrays([[0.0], [1.0], [2.0], [3.0]], [0.1, 0.9, 2.2, 2.8])
    >>> plain = br.to_numpyro(br.LinearModel(br.LaplacePrior(1.0)), data)
    >>> mcmc = numpyro.infer.MCMC(numpyro.infer.NUTS(plain), num_warmup=100, num_samples=100, progress_bar=False)
    >>> mcmc.run(jax.random.key(0))
    >>> mcmc.get_samples()["coef"].shape
    (100, 1)
    """
    problem = resolve(model, data, "to_numpyro")
    if isinstance(data, RowData):
        rows = data.X if isinstance(data.X, np.ndarray) else data.X.toarray()
        usable = problem.least_squares.squared_norms[: problem.n_features] > 0.0
        if not (problem.centred or usable.all()):
            rows = rows * usable
        present = data.sample_weight > 0.0  # NumPyro refuses a weight of 0
        return _of_rows(problem, rows[present], data.y[present], data.sample_weight[present])
    return _of_statistics(problem)


def _of_rows(problem: Problem, X: Any, y: Any, sample_weight: Any) -> Callable[..., None]:
    import numpyro
    import numpyro.distributions as dist

    def linear_regression(X: Any = X, y: Any = y, sample_weight: Any = sample_weight) -> None:
        coef, intercept, sigma = _parameters(problem)
        with numpyro.handlers.scale(scale=sample_weight if y is not None else 1.0):
            numpyro.sample("y", dist.Normal(X @ coef + intercept, sigma), obs=y)

    return linear_regression


def _of_statistics(problem: Problem) -> Callable[..., None]:
    import jax.numpy as jnp
    import numpyro

    least_squares, means, total = problem.least_squares, problem.means, problem.sum_weights
    gram, cross, response_ss = least_squares.gram, least_squares.cross, least_squares.response_ss

    def linear_regression() -> None:
        coef, intercept, sigma = _parameters(problem)
        every = jnp.append(coef, intercept) if problem.has_intercept_column else coef
        rss = response_ss - 2.0 * every @ cross + every @ (gram @ every)
        if problem.centred:
            rss += total * (intercept - means.y + means.x @ coef) ** 2
        log_likelihood = -total * (jnp.log(sigma) + 0.5 * jnp.log(2.0 * jnp.pi)) - 0.5 * rss / sigma**2
        numpyro.factor("log_likelihood", log_likelihood)

    return linear_regression


def _parameters(problem: Problem) -> tuple[Any, Any, Any]:
    """Sample intercept, coefficients, σ and the prior's scales."""
    import numpyro
    import numpyro.distributions as dist

    sigma = problem.noise_scale
    if sigma is None:
        sigma = numpyro.sample("noise_scale", problem.likelihood.noise_prior(problem.response_scale))
    scales = {name: numpyro.sample(name, prior) for name, prior in problem.sampled_scales.items()}
    l1, l2 = _rates(problem, sigma, scales)
    feature = problem.is_feature
    coef = _sample("coef", l1, l2, problem, feature)
    intercept: Any = 0.0
    if problem.has_intercept_column:
        intercept = _sample("intercept_column", l1, l2, problem, ~feature)[0]
        numpyro.deterministic("intercept", intercept)
    elif problem.has_intercept:
        intercept = numpyro.sample("intercept", dist.ImproperUniform(dist.constraints.real, (), ()))
    return coef, intercept, sigma


def _rates(problem: Problem, sigma: Any, scales: dict[str, Any]) -> tuple[Any, Any]:
    import jax.numpy as jnp

    from .targets.density import CoefPrior

    rates = problem.rates
    prior: Any = CoefPrior.at(rates, problem.is_feature, problem.law)
    l1, l2 = prior.rates(sigma, scales)
    shape = rates.l1.shape
    return jnp.broadcast_to(l1, shape), jnp.broadcast_to(l2, shape)


def _sample(name: str, l1: Any, l2: Any, problem: Problem, which: Any) -> Any:
    """Sample coefficients: by a NumPyro distribution if there is one, else by a factor."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    l1, l2, at_one, law = l1[which], l2[which], problem.rates.of(which), problem.law
    flat = at_one.flat
    if law.has_mode and not (flat.any() or at_one.l2.any()):
        return numpyro.sample(name, dist.Laplace(jnp.zeros(flat.shape), 1.0 / l1).to_event(1))
    if not flat.any() and law.is_normal(at_one.l1, at_one.l2):
        return numpyro.sample(name, dist.Normal(jnp.zeros(flat.shape), 1.0 / jnp.sqrt(l2)).to_event(1))
    coef = numpyro.sample(name, dist.ImproperUniform(dist.constraints.real_vector, (), flat.shape))
    l1, l2 = jnp.where(flat, 1.0, l1), jnp.where(flat, 0.0, l2)
    log_density = -law.energy(coef, l1, l2) - law.log_normaliser(l1, l2)
    numpyro.factor(f"{name}_prior", jnp.sum(jnp.where(flat, 0.0, log_density)))
    return coef
