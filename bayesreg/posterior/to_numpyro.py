"""Conversion of a posterior to a plain NumPyro model, which a user can extend."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..data.rows import RowData
from ..model.linear_model import LinearModel
from ..model.problem import Data, Problem
from ..model.row_problem import AnyProblem, RowProblem, resolve_any


def to_numpyro(model: LinearModel, data: Data) -> Callable[..., None]:
    """Return a NumPyro model with the posterior of `sample_posterior`.

    Parameters
    ----------
    model : LinearModel
    data : RowData or GramData

    Returns
    -------
    callable
        With rows, its arguments are ``(X, y, sample_weight, offset)``; the default is `data` (``y=None``
        predicts). With statistics it has no arguments. Sites: ``coef`` (p,), ``intercept``,
        ``noise_scale`` (or ``df``, ``dispersion``) if it is unknown, ``prior_scale`` (or ``laplace_scale``,
        ``gaussian_scale``) if it is sampled, and ``y`` with rows. The precision is JAX's;
        ``numpyro.enable_x64()`` gives bayesreg's.

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
    problem = resolve_any(model, data, "to_numpyro")
    if isinstance(problem, RowProblem):
        return _of_rows(problem, problem.data, slice(None))
    if isinstance(data, RowData):
        usable = problem.least_squares.squared_norms[: problem.n_features] > 0.0
        return _of_rows(problem, data, usable if not (problem.centred or usable.all()) else slice(None))
    return _of_statistics(problem)


def _of_rows(problem: AnyProblem, data: RowData, usable: Any) -> Callable[..., None]:
    import numpyro

    X = data.X if isinstance(data.X, np.ndarray) else data.X.toarray()
    if not isinstance(usable, slice):
        X = X * usable
    present = data.sample_weight > 0.0  # NumPyro refuses a weight of 0
    offset = np.zeros(data.y.size) if data.offset is None else data.offset
    X, y, sample_weight, offset = X[present], data.y[present], data.sample_weight[present], offset[present]

    def linear_regression(
        X: Any = X, y: Any = y, sample_weight: Any = sample_weight, offset: Any = offset
    ) -> None:
        coef, intercept, nuisance = _parameters(problem)
        eta = X @ coef + intercept + (offset if X.shape[0] == np.shape(offset)[0] else 0.0)
        distribution = problem.likelihood.numpyro_distribution(eta, nuisance)
        if distribution is None or (
            y is not None and problem.likelihood.takes_labels and (y % 1.0 != 0.0).any()
        ):
            log_prob = problem.likelihood.log_prob(eta, y, nuisance)  # fractions are no draws of a Bernoulli
            numpyro.factor("log_likelihood", (sample_weight * log_prob).sum())
            return
        with numpyro.handlers.scale(scale=sample_weight if y is not None else 1.0):
            numpyro.sample("y", distribution, obs=y)

    return linear_regression


def _of_statistics(problem: Problem) -> Callable[..., None]:
    import jax.numpy as jnp
    import numpyro

    least_squares, means, total = problem.least_squares, problem.means, problem.sum_weights
    gram, cross, response_ss = least_squares.gram, least_squares.cross, least_squares.response_ss

    def linear_regression() -> None:
        coef, intercept, nuisance = _parameters(problem)
        sigma = nuisance["noise_scale"]
        every = jnp.append(coef, intercept) if problem.has_intercept_column else coef
        rss = response_ss - 2.0 * every @ cross + every @ (gram @ every)
        if problem.centred:
            rss += total * (intercept - means.y + means.x @ coef) ** 2
        log_likelihood = -total * (jnp.log(sigma) + 0.5 * jnp.log(2.0 * jnp.pi)) - 0.5 * rss / sigma**2
        numpyro.factor("log_likelihood", log_likelihood)

    return linear_regression


def _parameters(problem: AnyProblem) -> tuple[Any, Any, dict[str, Any]]:
    """Sample intercept, coefficients, nuisance parameters and the prior's scales."""
    import numpyro
    import numpyro.distributions as dist

    nuisance: dict[str, Any] = dict(problem.known)
    for name, prior in problem.hyperpriors.items():
        if name not in problem.sampled_scales:
            nuisance[name] = numpyro.sample(name, prior)
    sigma = nuisance.get("noise_scale", 1.0)
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
    return coef, intercept, nuisance


def _rates(problem: AnyProblem, sigma: Any, scales: dict[str, Any]) -> tuple[Any, Any]:
    import jax.numpy as jnp

    from .targets.density import CoefPrior

    rates = problem.rates
    prior: Any = CoefPrior.at(rates, problem.is_feature, problem.law)
    l1, l2 = prior.rates(sigma, scales)
    shape = rates.l1.shape
    return jnp.broadcast_to(l1, shape), jnp.broadcast_to(l2, shape)


def _sample(name: str, l1: Any, l2: Any, problem: AnyProblem, which: Any) -> Any:
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
