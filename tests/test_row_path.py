"""Modes along a scale: each is the mode that is found alone, whatever the path carried over from the one before."""

import warnings

import numpy as np
import pytest
from scipy import sparse

import bayesreg as br

BERNOULLI, POISSON = br.BernoulliLikelihood(), br.PoissonLikelihood()


def rows(n, p, likelihood, kind="dense", seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    X[:, 1] = 0.9 * X[:, 0] + 0.3 * X[:, 1]
    if kind == "sparse":
        X *= rng.random((n, p)) < 0.3
    eta = X[:, 0] - 0.8 * X[:, 2] + 0.5 * X[:, 3] - 0.5
    y = likelihood.draw(rng, np.minimum(eta, 3.0), {})
    return br.RowData.from_arrays(sparse.csc_array(X) if kind == "sparse" else np.asfortranarray(X), y)


PATHS = {
    "wide lasso": (rows(150, 400, BERNOULLI), br.LaplacePrior(1.0), BERNOULLI),
    "wide sparse lasso": (rows(150, 400, BERNOULLI, "sparse"), br.LaplacePrior(1.0), BERNOULLI),
    "wide elastic net": (rows(120, 700, POISSON), br.ElasticNetPrior(1.0, 3.0), POISSON),
    "tall lasso": (rows(20_000, 12, BERNOULLI), br.LaplacePrior(1.0), BERNOULLI),
    "tall lasso of counts": (rows(20_000, 12, POISSON), br.LaplacePrior(1.0), POISSON),
    "tall ridge": (rows(20_000, 12, BERNOULLI), br.GaussianPrior(1.0), BERNOULLI),
    "square lasso": (rows(90, 90, BERNOULLI), br.LaplacePrior(1.0), BERNOULLI),
}


@pytest.fixture(params=PATHS, ids=list(PATHS))
def case(request):
    return PATHS[request.param]


def test_each_mode_of_a_path_is_the_mode_found_alone(case):
    data, prior, likelihood = case
    model = br.LinearModel(prior, likelihood)
    path = br.map_path(model, data, n_scales=14, min_ratio=3e-2)
    assert path.converged.all()
    for place in (3, 8, 13):
        scaled = br.LinearModel(prior.with_scale(path.scales[place]), likelihood)
        alone = br.map_estimate(scaled, data)
        np.testing.assert_allclose(path.coefs[place], alone.coef, atol=1e-9 * np.abs(alone.coef).max())
        np.testing.assert_allclose(path.intercepts[place], alone.intercept, rtol=1e-9, atol=1e-10)


def test_scales_in_any_order_have_the_same_modes():
    data, prior, likelihood = PATHS["wide lasso"]
    model = br.LinearModel(prior, likelihood)
    path = br.map_path(model, data, n_scales=8, min_ratio=0.1)
    order = np.array([5, 0, 7, 2, 2, 6, 1])
    again = br.map_path(model, data, scales=path.scales[order])
    np.testing.assert_allclose(again.coefs, path.coefs[order], atol=1e-10)


@pytest.mark.parametrize("tol", [1e-3, 1e-6])
def test_a_path_of_lower_accuracy_keeps_to_it(case, tol):
    data, prior, likelihood = case
    model = br.LinearModel(prior, likelihood)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = br.map_path(model, data, n_scales=14, min_ratio=3e-2, tol=tol)
    assert path.duality_gaps.max() <= tol
    exact = br.map_path(model, data, scales=path.scales)
    objective, lowest = path.certificates.primal, exact.certificates.primal
    assert (objective - lowest <= path.duality_gaps * path.certificates.null_objective + 1e-9 * lowest).all()
