"""Penalties, priors and scikit-learn's parameters are readings of one another."""

import numpy as np
import pytest
from conftest import diabetes
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, Lasso, Ridge

import bayesreg as br

SIGMA = 1.7
positive = st.floats(1e-8, 1e8)


@given(st.lists(positive, min_size=1, max_size=4), st.lists(positive, min_size=1, max_size=4), positive)
def test_penalty_to_prior_and_back(l1, l2, sigma):
    size = min(len(l1), len(l2))
    for penalty in (
        br.Penalty(l1[0], 0.0),
        br.Penalty(0.0, l2[0]),
        br.Penalty(l1[0], l2[0]),
        br.Penalty(l1[:size], l2[:size]),
        br.Penalty([0.0, *l1], 0.0),
        br.Penalty(),
    ):
        back = br.Penalty.from_prior(penalty.to_prior(sigma), sigma)
        np.testing.assert_allclose(back.l1, penalty.l1, rtol=1e-12)
        np.testing.assert_allclose(back.l2, penalty.l2, rtol=1e-12)


@given(positive, st.floats(0.01, 0.99), positive, st.integers(1, 1000))
def test_round_trips_between_all_conventions(alpha, ratio, sigma, n):
    context = {"y": np.zeros(n), "noise_scale": sigma}
    starts = {
        "sklearn.Lasso": (
            {"alpha": alpha},
            ["LaplacePrior", "ElasticNetPrior", "sklearn.ElasticNet", "Penalty"],
        ),
        "sklearn.Ridge": (
            {"alpha": alpha},
            ["GaussianPrior", "ElasticNetPrior", "sklearn.ElasticNet", "Penalty"],
        ),
        "sklearn.ElasticNet": ({"alpha": alpha, "l1_ratio": ratio}, ["ElasticNetPrior", "Penalty"]),
    }
    for source, (values, targets) in starts.items():
        for target in targets:
            there = br.translate(values, source, target, **context)
            back = br.translate(there.values, target, source, **context)
            for name, value in values.items():
                np.testing.assert_allclose(back.values[name], value, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("estimator", [Lasso(0.3), Ridge(0.7), ElasticNet(0.01, l1_ratio=0.3)])
def test_sklearn_is_reproduced(estimator, weighted):
    X, y = diabetes()
    w = np.random.default_rng(0).uniform(0.2, 3.0, len(y)) if weighted else None
    key = f"sklearn.{type(estimator).__name__}"
    prior_key = {"Lasso": "LaplacePrior", "Ridge": "GaussianPrior", "ElasticNet": "ElasticNetPrior"}
    target = prior_key[type(estimator).__name__]
    translation = br.translate(estimator, key, target, X=X, y=y, sample_weight=w, noise_scale=SIGMA)
    prior = eval(translation.code, {"br": br})
    assert prior == translation.penalty.to_prior(SIGMA)
    mode = br.map_estimate(
        br.LinearModel(prior, br.GaussianLikelihood(SIGMA)), br.RowData.from_arrays(X, y, w)
    )
    options = {} if isinstance(estimator, Ridge) else {"tol": 1e-14, "max_iter": 100_000}
    estimator.set_params(**options).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(mode.coef, estimator.coef_, rtol=0, atol=1e-8 * np.abs(estimator.coef_).max())
    back = br.translate(mode.penalty, "Penalty", key, X=X, y=y, sample_weight=w)
    rebuilt = eval(back.code, {"Lasso": Lasso, "Ridge": Ridge, "ElasticNet": ElasticNet})
    np.testing.assert_allclose(rebuilt.alpha, estimator.alpha, rtol=1e-12)


def test_known_values():
    y = np.zeros(50)
    lasso = br.translate(0.1, from_="sklearn.Lasso", to="LaplacePrior", y=y, noise_scale=2.0)
    assert float(lasso) == pytest.approx(4.0 / 5.0)
    assert str(lasso) == lasso.code == f"br.LaplacePrior(scale={float(lasso)!r})"
    ridge = br.translate(4.0, from_="sklearn.Ridge", to="GaussianPrior", noise_scale=2.0)
    assert float(ridge) == 1.0
    assert br.translate(br.LaplacePrior(2.0), "LaplacePrior", "Penalty", noise_scale=2.0).penalty.l1 == 2.0
    relative = {"scale": 2.0, "relative_to_noise": True}
    assert br.translate(relative, "LaplacePrior", "Penalty", noise_scale=3.0).penalty.l1 == 1.5
    weighted = br.translate(0.1, "sklearn.Lasso", "Penalty", y=y, sample_weight=np.full(50, 0.5))
    assert weighted.values["l1"] == pytest.approx(2.5)
    assert br.translate(br.Penalty(), "Penalty", "sklearn.Lasso", y=y).values == {"alpha": 0.0}
    assert float(br.translate(0.0, "sklearn.Ridge", "GaussianPrior", noise_scale=1.0)) == np.inf
    assert (
        br.translate(0.0, "sklearn.Ridge", "GaussianPrior", noise_scale=1.0).code
        == "br.GaussianPrior(scale=np.inf)"
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: br.translate(0.1, "sklearn.Laso", "Penalty"),
            ValueError,
            "`from_` must be one of 'Penalty'",
        ),
        (lambda: br.translate(0.1, "sklearn.Lasso", "nothing"), ValueError, "`to` must be one of"),
        (lambda: br.translate(0.1, "sklearn.Lasso", "Penalty"), ValueError, "Give `y`"),
        (lambda: br.translate(0.1, "sklearn.Ridge", "GaussianPrior"), ValueError, "Give `noise_scale`"),
        (
            lambda: br.translate({"C": 1.0}, "sklearn.Ridge", "Penalty"),
            ValueError,
            "takes alpha; got C. Missing: alpha",
        ),
        (lambda: br.translate(object(), "sklearn.Ridge", "Penalty"), TypeError, "or a Ridge; got object"),
        (
            lambda: br.translate(-1.0, "sklearn.Ridge", "Penalty"),
            ValueError,
            "`alpha` must be one finite number, at least 0",
        ),
        (
            lambda: br.translate(br.Penalty(1.0, 1.0), "Penalty", "sklearn.Lasso", y=[0.0]),
            br.NoEquivalent,
            "sklearn.Lasso has no l2 part",
        ),
        (
            lambda: br.translate(br.Penalty([1.0, 2.0]), "Penalty", "sklearn.Lasso", y=[0.0]),
            br.NoEquivalent,
            "differs between them",
        ),
        (
            lambda: br.translate(br.Penalty(np.inf), "Penalty", "LaplacePrior", noise_scale=1.0),
            br.NoEquivalent,
            "an infinite penalty has no prior",
        ),
        (
            lambda: br.translate(1.0, "sklearn.Ridge", "LaplacePrior", noise_scale=1.0),
            br.NoEquivalent,
            "LaplacePrior has no l2 part",
        ),
        (
            lambda: float(br.translate(br.Penalty(1.0, 1.0), "Penalty", "Penalty")),
            TypeError,
            "more than one number",
        ),
        (lambda: br.Penalty(-1.0), ValueError, "`l1` must be at least 0"),
        (lambda: br.Penalty(np.nan), ValueError, "`l1` must be at least 0"),
        (lambda: br.Penalty([1.0, 2.0], [1.0, 2.0, 3.0]), ValueError, "same length"),
        (lambda: br.Penalty.from_prior(1.0), TypeError, "must be a bayesreg prior"),
        (lambda: br.Penalty(1.0).to_prior(0.0), ValueError, "`noise_scale` must be a positive finite number"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_every_convention_says_what_it_is():
    for key, convention in br.CONVENTIONS.items():
        assert convention.key == key
        assert convention.objective
        assert convention.evidence
        assert convention.penalizes_intercept is False
