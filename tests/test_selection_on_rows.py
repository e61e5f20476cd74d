"""The scale of a prior chosen for yes/no and counts."""

import numpy as np
import pytest
from numpyro.distributions import HalfNormal
from scipy import special, stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, TimeSeriesSplit

import bayesreg as br

RNG = np.random.default_rng(9)
X = RNG.normal(size=(120, 6))
ETA = 0.3 + X @ [1.0, -0.7, 0.0, 0.0, 0.4, 0.0]
YES = (RNG.random(120) < 1.0 / (1.0 + np.exp(-ETA))).astype(float)
COUNTS = RNG.poisson(np.exp(0.5 * ETA)).astype(float)
WEIGHT = RNG.uniform(0.4, 2.0, 120)
FOLDS = KFold(4, shuffle=True, random_state=0)
RIDGE = br.LinearModel(br.GaussianPrior(), br.BernoulliLikelihood())


def test_log_loss_of_folds_is_scikit_learns():
    scales = [0.05, 0.3, 2.0]
    found = br.select_scale(RIDGE, br.RowData.from_arrays(X, YES, WEIGHT), folds=FOLDS, scales=scales)
    assert found.score == "log_density"
    for k, (train, test) in enumerate(FOLDS.split(X)):
        for row, scale in enumerate(scales):
            theirs = LogisticRegression(C=scale**2, tol=1e-12, solver="newton-cholesky")
            theirs.fit(X[train], YES[train], WEIGHT[train])
            loss = log_loss(YES[test], theirs.predict_proba(X[test]), sample_weight=WEIGHT[test])
            assert found.fold_scores[row, k] == pytest.approx(-loss, abs=1e-9)
    assert found.index == np.argmax(found.scores)
    assert found.map_estimate().duality_gap < 1e-9


@pytest.mark.parametrize(
    "labels", [np.where(YES > 0, 2, 1), np.where(YES > 0, "yes", "no")], ids=["1 and 2", "text"]
)
def test_labels_are_coded_before_the_folds(labels):
    """A fold that holds one label only would not tell which it is."""
    order = np.argsort(YES, kind="stable")
    folds = np.repeat(np.arange(4), 30)
    expected = br.select_scale(RIDGE, br.RowData.from_arrays(X[order], YES[order]), folds=folds, n_scales=4)
    found = br.select_scale(RIDGE, br.RowData.from_arrays(X[order], labels[order]), folds=folds, n_scales=4)
    np.testing.assert_allclose(found.scores, expected.scores)


@pytest.mark.parametrize("method", ["aic", "bic"])
def test_information_criteria(method):
    model = br.LinearModel(br.LaplacePrior(), br.PoissonLikelihood())
    data = br.RowData.from_arrays(X, COUNTS, WEIGHT)
    found = br.select_scale(model, data, method, n_scales=8)
    path = br.map_path(model, data, scales=found.scales)
    eta = path.coefs @ X.T + path.intercepts[:, None]
    fit = -2.0 * (br.PoissonLikelihood().log_prob(eta, COUNTS, {}) @ WEIGHT)
    df = (path.coefs != 0.0).sum(axis=1) + 1
    np.testing.assert_allclose(found.effective_df, df)
    np.testing.assert_allclose(
        found.scores, fit + df * (2.0 if method == "aic" else np.log(WEIGHT.sum())), rtol=1e-9
    )


@pytest.mark.parametrize("prior", [br.LaplacePrior(), br.ElasticNetPrior(1.0, 1.0)])
def test_cross_validation_of_counts_with_an_offset_in_order_of_time(prior):
    offset = 0.5 * RNG.normal(size=120)
    model = br.LinearModel(prior, br.PoissonLikelihood())
    data = br.RowData.from_arrays(X, COUNTS, offset=offset)
    found = br.select_scale(model, data, "cv-1se", folds=TimeSeriesSplit(3), n_scales=5)
    for k, (train, test) in enumerate(TimeSeriesSplit(3).split(X)):
        part = br.RowData.from_arrays(X[train], COUNTS[train], offset=offset[train])
        path = br.map_path(model, part, scales=found.scales)
        eta = path.coefs @ X[test].T + path.intercepts[:, None] + offset[test]
        expected = br.PoissonLikelihood().log_prob(eta, COUNTS[test], {}).mean(axis=1)
        np.testing.assert_allclose(found.fold_scores[:, k], expected, atol=1e-9)


def test_errors_of_probabilities_can_be_the_score():
    found = br.select_scale(RIDGE, br.RowData.from_arrays(X, YES), folds=FOLDS, n_scales=5, score="mse")
    assert found.index == np.argmin(found.mse)
    assert (found.mse < 0.3).all()


@pytest.mark.extended
def test_leave_one_out_by_draws():
    found = br.select_scale(
        RIDGE, br.RowData.from_arrays(X, YES), "psis-loo", scales=[0.05, 0.5], num_samples=250, progress=False
    )
    assert found.scores[1] > found.scores[0]


def test_what_cannot_choose_says_so():
    data = br.RowData.from_arrays(X, YES)
    for method in ("loo", "gcv"):
        with pytest.raises(
            TypeError, match=f"method='{method}' needs a likelihood whose loss is one quadratic.*Use another"
        ):
            br.select_scale(RIDGE, data, method)
    unknown = br.LinearModel(br.GaussianPrior(), br.NegativeBinomialLikelihood(HalfNormal(1.0)))
    with pytest.raises(ValueError, match="dispersion is unknown"):
        br.select_scale(unknown, br.RowData.from_arrays(X, COUNTS))


def test_a_fold_whose_others_are_separated_is_named():
    order = np.argsort(YES, kind="stable")
    folds = (np.arange(120) >= (YES == 0).sum()).astype(int)
    with pytest.raises(br.NoModeError, match="without fold 0 the rows are separated: y is 1 at all rows"):
        br.select_scale(RIDGE, br.RowData.from_arrays(X[order], YES[order]), folds=folds)


def test_a_classifier_chooses_its_scale():
    classifier = br.BayesClassifier(br.LaplacePrior(), scale_selection="cv").fit(
        X, np.where(YES > 0, "yes", "no")
    )
    assert classifier.selection_.method == "cv"
    assert classifier.duality_gap_ < 1e-9


@pytest.mark.parametrize("kind", ["gaussian", pytest.param("laplace", marks=pytest.mark.extended)])
@pytest.mark.parametrize("family", ["bernoulli", pytest.param("poisson", marks=pytest.mark.extended)])
def test_the_evidence_is_that_of_quadrature(kind, family):
    """Two coefficients and an intercept on one grid; scales from nearly the null model to a wide prior."""
    rng = np.random.default_rng(11)
    columns = rng.normal(size=(40, 2))
    eta = 0.4 + columns @ [0.9, -0.3]
    y = (
        (rng.random(40) < special.expit(eta)).astype(float)
        if family == "bernoulli"
        else rng.poisson(np.exp(eta))
    )
    prior = {"gaussian": br.GaussianPrior, "laplace": br.LaplacePrior}[kind]
    likelihood = br.BernoulliLikelihood() if family == "bernoulli" else br.PoissonLikelihood()
    scales = np.array([0.05, 0.3, 1.0, 4.0])
    found = br.select_scale(
        br.LinearModel(prior(1.0), likelihood),
        br.RowData.from_arrays(columns, np.asarray(y, dtype=float)),
        "evidence",
        scales=scales,
        progress=False,
    )
    axes = [np.linspace(-4.0, 6.0, 91) if family == "bernoulli" else np.linspace(-1.5, 2.0, 91)] * 3
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    height = np.empty(len(points))
    for block in np.array_split(np.arange(len(points)), 200):
        here = points[block, :1] + points[block, 1:] @ columns.T
        loss = np.logaddexp(0.0, here) if family == "bernoulli" else np.exp(here) + special.gammaln(y + 1.0)
        height[block] = (y * here - loss).sum(axis=1)
    density = stats.norm if kind == "gaussian" else stats.laplace
    cell = np.log(axes[0][1] - axes[0][0]) * 3
    exact = [
        special.logsumexp(height + density(0.0, scale).logpdf(points[:, 1:]).sum(axis=1)) + cell
        for scale in scales[1:]  # a narrower prior falls between the points
    ]
    away = found.scores[1:] - found.scores[-1] - (np.array(exact) - exact[-1])
    assert (np.abs(away) < 4.0 * found.standard_errors[1:] + 5e-3).all()
    assert np.abs(found.scores[1:] - exact).max() < 0.05  # the null model's own is an approximation
    assert found.scale == scales[1:][np.argmax(exact)]
