"""One model in every package's words."""

import numpy as np
import pytest
from conftest import diabetes
from sklearn.linear_model import Lasso, LogisticRegression, Ridge

import bayesreg as br

X, Y = diabetes()
SIGMA = 54.0


def test_every_line_states_the_same_penalty():
    prior = br.LaplacePrior(60.0)
    table = br.equivalents(prior, X, Y, SIGMA)
    assert list(table.index) == list(br.CONVENTIONS)
    lasso = (
        eval(table.loc["sklearn.Lasso", "code"], {"Lasso": Lasso})
        .set_params(tol=1e-12, max_iter=10**6)
        .fit(X, Y)
    )
    mode = br.map_estimate(br.LinearModel(prior, br.GaussianLikelihood(SIGMA)), br.RowData.from_arrays(X, Y))
    np.testing.assert_allclose(lasso.coef_, mode.coef, rtol=0, atol=1e-5)
    assert table.loc["LaplacePrior", "code"] == "br.LaplacePrior(scale=60.0)"
    assert "no l1 part" in table.loc["sklearn.Ridge", "reason"]
    assert "penalises the intercept" in table.loc["torch.SGD", "reason"]
    assert "binomial" in table.loc["sklearn.LogisticRegression", "reason"]
    for _, row in table.iterrows():
        assert bool(row["code"]) != bool(row["reason"])
    assert table["code"].ne("").sum() > 20
    assert "<table" in table.to_html()


def test_what_the_model_amounts_to():
    ridge = br.Penalty(0.0, 0.5)
    table = br.equivalents(ridge, X, Y, SIGMA)
    attrs = table.attrs
    fitted = Ridge(0.5).fit(X, Y)
    assert attrs["l2_norm"] == pytest.approx(np.linalg.norm(fitted.coef_), rel=1e-9)
    assert attrs["l1_norm"] == pytest.approx(np.abs(fitted.coef_).sum(), rel=1e-9)
    centred = X - X.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False) ** 2
    assert attrs["effective_df"] == pytest.approx(1 + (values / (values + 0.5)).sum(), rel=1e-9)
    plain = np.linalg.lstsq(centred, Y - Y.mean())[0]
    np.testing.assert_allclose(list(attrs["shrinkage"].values()), fitted.coef_ / plain, rtol=1e-6)
    tau = SIGMA / np.sqrt(0.5)
    draws = np.random.default_rng(0).normal(scale=tau, size=(20_000, 10))
    signal = ((draws @ centred.T) ** 2).mean(axis=1)
    np.testing.assert_allclose(
        attrs["prior_r2"], np.quantile(signal / (signal + SIGMA**2), [0.05, 0.5, 0.95]), rtol=0.03
    )


@pytest.mark.parametrize("shape", [(30, 4), (12, 20)])
@pytest.mark.parametrize(
    ("l1", "l2"),
    [
        ([2.0, 0.0], [0.0, 30.0]),
        ([1.0, 0.3], [0.0, 8.0]),
        ([0.5, 0.0], [4.0, 9.0]),
        ([1.5, 1.5], [0.0, 0.0]),
        ([1.0, 0.0], [0.0, 50.0]),
    ],
)
def test_degrees_of_freedom_are_the_trace_of_what_y_does_to_the_fit(l1, l2, shape):
    """The derivative of every fitted value by its own response, by refits."""
    rng = np.random.default_rng(4)
    design = rng.normal(size=shape) + 2.0 * rng.normal(size=(shape[0], 1))
    y = design[:, :2] @ [1.0, -0.7] + rng.normal(size=shape[0])
    penalty = br.Penalty(np.resize(l1, shape[1]), np.resize(l2, shape[1]))
    fit_of = br.LinearModel(penalty.to_prior(1.0), br.GaussianLikelihood(1.0))
    step = 1e-4

    def fitted(response):
        mode = br.map_estimate(fit_of, br.RowData.from_arrays(design, response), tol=1e-13)
        return mode.intercept + design @ mode.coef

    steps = step * np.eye(shape[0])
    trace = sum((fitted(y + e) - fitted(y - e))[i] for i, e in enumerate(steps)) / (2.0 * step)
    found = br.equivalents(penalty, design, y, 1.0).attrs["effective_df"]
    assert found == pytest.approx(trace, rel=1e-5)


def test_flat_and_wide():
    assert br.equivalents(br.Penalty(), X, Y, SIGMA).attrs["prior_r2"] is None
    wide = np.random.default_rng(0).normal(size=(6, 10))
    assert br.equivalents(br.GaussianPrior(1.0), wide, np.arange(6.0), 1.0).attrs["shrinkage"] == {}


def test_bayesian_defaults_as_penalties():
    """Bambi's default prior is one ridge on standardised columns."""
    penalty = br.translate(None, "bambi", "Penalty", X=X, y=Y, noise_scale=SIGMA).penalty
    alpha = SIGMA**2 / (2.5**2 * Y.var())
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    mode = br.map_estimate(
        br.LinearModel(penalty.to_prior(SIGMA), br.GaussianLikelihood(SIGMA)), br.RowData.from_arrays(X, Y)
    )
    np.testing.assert_allclose(mode.coef * X.std(axis=0), Ridge(alpha).fit(Z, Y).coef_, rtol=1e-8)


LABELS = np.where(Y > 140.0, 1.0, 0.0)
COUNTS = np.floor(Y / 40.0)


def test_every_line_of_a_logistic_model_states_the_same_penalty():
    prior, likelihood = br.GaussianPrior(2.0), br.BernoulliLikelihood()
    Z = X / X.std(axis=0)
    table = br.equivalents(prior, Z, LABELS, likelihood=likelihood)
    mode = br.map_estimate(br.LinearModel(prior, likelihood), br.RowData.from_arrays(Z, LABELS))
    ridge = eval(table.loc["sklearn.LogisticRegression", "code"], {"LogisticRegression": LogisticRegression})
    ridge.set_params(solver="newton-cholesky", tol=1e-12).fit(Z, LABELS)
    np.testing.assert_allclose(ridge.coef_[0], mode.coef, rtol=0, atol=1e-8)
    assert table.loc["LaplacePrior", "reason"].startswith("LaplacePrior has no l2 part")
    assert table.loc["GaussianPrior", "code"] == "br.GaussianPrior(scale=2.0)"
    assert table.loc["sklearn.Ridge", "reason"] == "it is for a gaussian likelihood"
    assert table.loc["sklearn.PoissonRegressor", "reason"] == "it is for a poisson likelihood"
    for _, row in table.iterrows():
        assert bool(row["code"]) != bool(row["reason"])
    assert {key for key in table.index[table["code"] != ""] if br.CONVENTIONS[key].family == "binomial"} >= {
        "glmnet.binomial", "glum.binomial", "skglm.SparseLogisticRegression", "statsmodels.GLM.binomial",
        "spark.LogisticRegression", "h2o.GLM.binomial", "xgboost.gblinear.logistic",
    }  # fmt: skip
    weight = np.exp(-np.logaddexp(0, Z @ mode.coef + mode.intercept)) * (
        1 - 1 / (1 + np.exp(Z @ mode.coef + mode.intercept))
    )
    design = np.column_stack([Z, np.ones(len(Z))])
    information = design.T @ (weight[:, None] * design)
    held = np.diag([0.25] * 10 + [0.0])
    assert table.attrs["effective_df"] == pytest.approx(
        np.trace(np.linalg.solve(information + held, information)), rel=1e-8
    )
    plain = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(Z, LABELS).coef_[0]
    np.testing.assert_allclose(list(table.attrs["shrinkage"].values()), mode.coef / plain, rtol=1e-6)
    assert table.attrs["prior_r2"] is None


def test_counts_and_separated_rows():
    Z = X / X.std(axis=0)
    table = br.equivalents(br.LaplacePrior(0.1), Z, COUNTS, likelihood=br.PoissonLikelihood())
    assert "no l1 part" in table.loc["sklearn.PoissonRegressor", "reason"]
    assert table.loc["statsmodels.Poisson", "code"].endswith("alpha=np.array([0.0" + ", 10.0" * 10 + "]))")
    over = br.equivalents(br.GaussianPrior(0.1), Z, COUNTS, likelihood=br.NegativeBinomialLikelihood(3.0))
    assert "NegativeBinomialDistribution(1 / dispersion)" in over.loc["glum.negative_binomial", "code"]
    assert over.loc["glum.poisson", "reason"] == "it is for a poisson likelihood"
    separated = br.equivalents(
        br.GaussianPrior(1.0), Z, (Z[:, 2] > 0.0).astype(float), likelihood=br.BernoulliLikelihood()
    )
    assert separated.attrs["shrinkage"] == {}
    for arguments in ({}, {"noise_scale": 1.0, "likelihood": br.PoissonLikelihood()}):
        with pytest.raises(ValueError, match="give either it or `likelihood`"):
            br.equivalents(br.GaussianPrior(1.0), Z, COUNTS, **arguments)


def test_refusals():
    import numpyro.distributions as dist

    with pytest.raises(TypeError, match="scale is a distribution"):
        br.equivalents(br.LaplacePrior(dist.HalfNormal(1.0)), X, Y, 1.0)
    with pytest.raises(ValueError, match="`noise_scale` must be a positive"):
        br.equivalents(br.LaplacePrior(1.0), X, Y, 0.0)
