"""Intervals side by side, the ridge that a default prior implies, and columns rescaled for a target."""

import numpy as np
import pytest
from conftest import diabetes
from sklearn.linear_model import Lasso, LinearRegression, Ridge

import bayesreg as br

X, Y = diabetes(scaled=False)
DATA = br.RowData.from_arrays(X, Y)
N = len(Y)
SIGMA = 54.0


# The bootstrap.


def test_replicates_are_fits_to_rows_drawn_anew():
    """The same draws by hand, each fitted by scikit-learn to the rows themselves."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30, 4))
    y = x @ [1.0, 0.0, -0.5, 0.0] + rng.normal(size=30) + 2.0
    model = br.LinearModel(br.LaplacePrior(0.1), br.GaussianLikelihood(1.0))
    found = br.bootstrap_map(model, br.RowData.from_arrays(x, y), 25, seed=7)
    again = np.random.default_rng(7)
    for coef, intercept in zip(found.coefs, found.intercepts, strict=True):
        rows = np.repeat(np.arange(30), again.multinomial(30, np.full(30, 1 / 30)))
        theirs = Lasso(10.0 / 30, tol=1e-14, max_iter=10**6).fit(x[rows], y[rows])
        np.testing.assert_allclose(coef, theirs.coef_, atol=1e-7)
        assert intercept == pytest.approx(theirs.intercept_, abs=1e-7)
    assert (found.coefs == 0.0).any()


def test_bootstrap_spread_is_that_of_least_squares_where_nothing_is_penalised():
    """With a flat prior the intervals are about those of ordinary theory; weights stay with their rows."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    y = x @ [1.0, -1.0] + rng.normal(size=400)
    found = br.bootstrap_map(
        br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0)), br.RowData.from_arrays(x, y), 600
    )
    theory = np.sqrt(np.diagonal(np.linalg.inv((x - x.mean(0)).T @ (x - x.mean(0)))))
    np.testing.assert_allclose(found.coefs.std(axis=0, ddof=1), theory, rtol=0.15)
    absent = np.r_[np.ones(300), np.zeros(100)]
    weighted = br.bootstrap_map(
        br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0)),
        br.RowData.from_arrays(x, y, absent),
        50,
        seed=1,
    )
    fewer = br.bootstrap_map(
        br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0)),
        br.RowData.from_arrays(x[:300], y[:300]),
        50,
        seed=1,
    )
    np.testing.assert_allclose(weighted.coefs, fewer.coefs, rtol=1e-9)


def test_two_intervals_side_by_side():
    model = br.LinearModel(br.LaplacePrior(5.0), br.GaussianLikelihood(SIGMA), standardize=True)
    tree = br.sample_posterior(model, DATA, progress=False)
    frame = br.compare_intervals(model, DATA, 0.8, n_replicates=200, posterior=tree, progress=False)
    assert list(frame.index) == [*DATA.feature_names, "intercept"]
    draws = tree["posterior"]["coef"].values.reshape(-1, 10)
    np.testing.assert_allclose(frame["posterior_low"][:10], np.quantile(draws, 0.1, axis=0))
    modes = br.bootstrap_map(model, DATA, 200)
    np.testing.assert_allclose(frame["bootstrap_high"][:10], np.quantile(modes.coefs, 0.9, axis=0))
    np.testing.assert_allclose(frame["bootstrap_zero"][:10], (modes.coefs == 0).mean(axis=0))
    np.testing.assert_allclose(frame["map"][:10], br.map_estimate(model, DATA).coef)
    assert (frame["bootstrap_zero"] > 0.5).any()
    assert "80%" in frame.attrs["note"]
    without = br.LinearModel(br.LaplacePrior(5.0), br.GaussianLikelihood(SIGMA), fit_intercept=False)
    assert "intercept" not in br.compare_intervals(without, DATA, n_replicates=5, progress=False).index


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"prob": 1.0}, ValueError, "`prob` must be a probability"),
        ({"prob": True}, ValueError, "`prob` must be a probability"),
        ({"n_replicates": 1}, ValueError, "`n_replicates` must be a whole"),
        ({"data": br.GramData.from_arrays(X, Y)}, TypeError, "Give RowData"),
    ],
)
def test_refusals(options, error, message):
    model = br.LinearModel(br.GaussianPrior(5.0), br.GaussianLikelihood(SIGMA))
    with pytest.raises(error, match=message):
        br.compare_intervals(model, **{"data": DATA, **options})


# Default priors.


def test_bambis_default_is_a_ridge():
    """The sentence's alpha, run through scikit-learn on standardised columns, is our mode under that prior."""
    found = br.implied_penalty("bambi", X, Y, SIGMA)
    assert found.alpha == pytest.approx(SIGMA**2 / (2.5**2 * Y.var()), rel=1e-12)
    sd = X.std(axis=0)
    theirs = Ridge(found.alpha).fit((X - X.mean(axis=0)) / sd, Y).coef_ / sd
    mode = br.map_estimate(br.LinearModel(found.penalty.to_prior(SIGMA), br.GaussianLikelihood(SIGMA)), DATA)
    np.testing.assert_allclose(mode.coef, theirs, rtol=1e-8)
    assert str(found).startswith(f"bambi's default prior on these data is Ridge(alpha={found.alpha:.6g})")
    values = np.linalg.eigvalsh(np.corrcoef(X.T) * N)
    assert found.effective_df == pytest.approx(1 + (values / (values + found.alpha)).sum(), rel=1e-9)


def test_noise_by_default_is_that_of_least_squares():
    residual = Y - LinearRegression().fit(X, Y).predict(X)
    found = br.implied_penalty("rstanarm.normal", X, Y)
    assert found.noise_scale == pytest.approx(np.sqrt((residual**2).sum() / (N - 11)), rel=1e-10)
    assert found.alpha == pytest.approx(
        found.noise_scale**2 / (2.5**2 * Y.var()), rel=1e-9
    )  # both sds have ddof 1
    with pytest.raises(ValueError, match="leaves no residual"):
        br.implied_penalty("bambi", X[:8], Y[:8])


def test_brms_implies_none_and_others_are_refused():
    assert "no penalty" in str(br.implied_penalty("brms", X, Y))
    with pytest.raises(ValueError, match="must be one of 'bambi', 'brms'"):
        br.implied_penalty("sklearn.Lasso", X, Y)


# Columns rescaled for a target that has one penalty.


@pytest.mark.parametrize("alpha", [1.0, 0.0])
def test_a_standardising_penalty_for_one_that_does_not(alpha):
    glmnet = {"lambda_": 2.0, "alpha": alpha, "standardize": True}
    target = "sklearn.Lasso" if alpha == 1.0 else "sklearn.Ridge"
    with pytest.raises(br.NoEquivalent, match="rescale=True gives the answer"):
        br.translate(glmnet, "glmnet", target, X=X, y=Y)
    found = br.translate(glmnet, "glmnet", target, X=X, y=Y, rescale=True)
    np.testing.assert_allclose(
        found.column_unit / X.std(axis=0), (found.column_unit / X.std(axis=0))[0], rtol=1e-10
    )
    estimator = Lasso(float(found), tol=1e-14, max_iter=10**6) if alpha == 1.0 else Ridge(float(found))
    theirs = estimator.fit(X / found.column_unit, Y).coef_ / found.column_unit
    mode = br.map_estimate(br.LinearModel(found.penalty.to_prior(1.0), br.GaussianLikelihood(1.0)), DATA)
    np.testing.assert_allclose(mode.coef, theirs, rtol=1e-7, atol=1e-9)
    assert "X / column_unit" in found.code


def test_rescaling_is_left_out_where_it_is_not_needed_and_refused_where_it_cannot_be():
    assert br.translate(0.1, "sklearn.Lasso", "sklearn.ElasticNet", y=Y, rescale=True).column_unit is None
    for penalty in (
        br.Penalty([1.0, 0.0], 0.0),
        br.Penalty([1.0, np.inf], 0.0),
        br.Penalty([1.0, 2.0], [1.0, 1.0]),
    ):
        with pytest.raises(br.NoEquivalent):
            br.translate(penalty, "Penalty", "sklearn.ElasticNet", y=Y, rescale=True)
