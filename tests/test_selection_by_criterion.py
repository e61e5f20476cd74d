"""AIC, BIC and evidence: against LassoLarsIC, ridge by hand, and the evidence by brute force."""

import numpy as np
import pytest
from conftest import diabetes, model, one_of_eight
from scipy import stats
from sklearn.linear_model import Lasso, LassoLarsIC

import bayesreg as br

X, Y = diabetes()
DATA = br.RowData.from_arrays(X, Y)
N = len(Y)


@pytest.mark.parametrize("criterion", ["aic", "bic"])
@pytest.mark.parametrize("known", [False, True])
def test_lasso_is_lasso_lars_ic(criterion, known):
    """At the λ that LassoLarsIC compares, its criterion and ours differ by the intercept's price only."""
    variance = 54.0**2 if known else None
    theirs = LassoLarsIC(criterion=criterion, noise_variance=variance).fit(X, Y)
    sigma = np.sqrt(theirs.noise_variance_)
    alphas = theirs.alphas_[1:-1] * (1.0 + 1e-8)  # not λmax and not 0; just before a coefficient enters
    scales = sigma**2 / (N * alphas)
    model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(float(sigma)))
    ours = br.select_scale(model, DATA, method=criterion, scales=scales)
    price = 2.0 if criterion == "aic" else np.log(N)
    assert (
        np.diff(ours.effective_df)[:8] >= 0
    ).all()  # further on a coefficient leaves, where knots are ambiguous
    np.testing.assert_allclose(ours.scores[:9] - price, theirs.criterion_[1:10], rtol=1e-8)
    assert ours.score == criterion
    assert ours.penalty.l1[0] == pytest.approx(N * alphas[np.argmin(theirs.criterion_[1:-1])], rel=1e-6)
    fine = br.select_scale(model, DATA, method=criterion)
    assert fine.scores.min() <= ours.scores.min() * (1 + 1e-3)
    assert f"{criterion.upper()} " in str(fine)


def test_unknown_noise_is_estimated_as_lasso_lars_ic_does():
    theirs = LassoLarsIC(criterion="bic").fit(X, Y)
    known = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(float(np.sqrt(theirs.noise_variance_))))
    unknown = br.LinearModel(br.LaplacePrior())
    a = br.select_scale(known, DATA, method="bic")
    b = br.select_scale(unknown, DATA, method="bic")
    assert a.penalty.l1[0] == pytest.approx(b.penalty.l1[0], rel=1e-9)
    np.testing.assert_allclose(a.scores, b.scores, rtol=1e-9)
    with pytest.raises(ValueError, match="least squares leaves no residual"):
        br.select_scale(unknown, br.RowData.from_arrays(X[:8], Y[:8]), method="aic")


def test_ridge_by_hand():
    sigma = 54.0
    model = br.LinearModel(br.GaussianPrior(), br.GaussianLikelihood(sigma))
    found = br.select_scale(model, DATA, method="aic", scales=[50.0, 200.0, 1000.0])
    centred, y = X - X.mean(axis=0), Y - Y.mean()
    values, vectors = np.linalg.eigh(centred.T @ centred)
    for scale, score, df in zip(found.scales, found.scores, found.effective_df, strict=True):
        l2 = sigma**2 / scale**2
        coef = vectors @ ((vectors.T @ centred.T @ y) / (values + l2))
        by_hand_df = 1 + (values / (values + l2)).sum()
        rss = ((y - centred @ coef) ** 2).sum()
        assert df == pytest.approx(by_hand_df, rel=1e-9)
        assert score == pytest.approx(
            N * np.log(2 * np.pi * sigma**2) + rss / sigma**2 + 2 * by_hand_df, rel=1e-10
        )


@pytest.mark.parametrize("known", [True, False])
def test_evidence_by_brute_force(known):
    """y ~ Normal(0, σ²I + τ²XX') with the intercept integrated, σ by a plain sum where it is unknown."""
    import numpyro.distributions as dist

    rng = np.random.default_rng(3)
    x = rng.normal(size=(9, 3))
    y = x @ [1.0, -0.5, 0.0] + 0.7 * rng.normal(size=9) + 2.0
    likelihood = br.GaussianLikelihood(0.7 if known else dist.HalfNormal(1.0))
    model = br.LinearModel(
        br.GaussianPrior(1.0), likelihood
    )  # without a scale it would be relative to the noise
    scales = np.geomspace(0.05, 20.0, 25)
    found = br.select_scale(model, br.RowData.from_arrays(x, y), method="evidence", scales=scales)
    contrast = np.linalg.svd(np.ones((1, 9)))[2][1:]  # rows orthogonal to the ones

    signal, vectors = np.linalg.eigh(contrast @ x @ x.T @ contrast.T)

    def log_density(tau, sigma):
        sd = np.sqrt(np.square(sigma)[..., None] + tau**2 * np.maximum(signal, 0.0))
        return stats.norm(0.0, sd).logpdf(vectors.T @ contrast @ y).sum(axis=-1)

    grid = np.linspace(0.05, 8.0, 4001)  # below, no fit of three columns to eight contrasts is that good
    brute = []
    for tau in scales:
        if known:
            brute.append(log_density(tau, 0.7))
        else:
            values = log_density(tau, grid) + stats.halfnorm(scale=1.0).logpdf(grid)
            brute.append(values.max() + np.log(np.trapezoid(np.exp(values - values.max()), grid)))
    brute = np.array(brute)
    np.testing.assert_allclose(found.scores - found.scores[0], brute - brute[0], rtol=0, atol=1e-5)
    assert found.scale == scales[np.argmax(brute)]
    assert "log evidence" in str(found)
    assert "log_evidence" in found.to_frame().columns
    assert found.to_frame()["chosen"].sum() == 1


def test_evidence_picks_the_scale_that_made_the_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 60))
    y = x @ rng.normal(scale=0.3, size=60) + rng.normal(size=2000)
    model = br.LinearModel(br.GaussianPrior(), br.GaussianLikelihood(1.0))
    chosen = br.select_scale(model, br.GramData.from_arrays(x, y), method="evidence")
    assert 0.2 < chosen.scale < 0.4
    assert chosen.map_estimate().penalty.l2[0] == pytest.approx(1.0 / chosen.scale**2)


@pytest.mark.parametrize(("prior", "method"), [(br.LaplacePrior(), "bic"), (br.GaussianPrior(), "evidence")])
def test_in_the_estimator(prior, method):
    fitted = br.BayesRegressor(prior, scale_selection=method).fit(X, Y)
    assert fitted.selection_.method == method
    assert fitted.selection_.scores.size == 100
    assert np.isnan(fitted.selection_.standard_errors).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"method": "gcv"},
            "needs a GaussianPrior, which has a closed form, but the prior is a LaplacePrior",
        ),
        ({"method": "evidence", "folds": 10}, "has no folds"),
        ({"method": "aic", "hold": "per_row"}, "needs hold='prior' and score='mse'"),
        ({"method": "bic", "score": "log_density"}, "needs hold='prior' and score='mse'"),
        ({"method": "bic", "folds": 10}, "has no folds"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        br.select_scale(br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0)), DATA, **options)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_copies_of_a_column_cost_no_degree_of_freedom_and_leave_exact_zeros(sign):
    X, y = one_of_eight()
    x = X[:, :3]
    copied = np.c_[x, sign * x[:, 1]]
    aics = [
        br.select_scale(
            model(br.LaplacePrior(1.0)), br.RowData.from_arrays(rows, y), "aic", scales=[0.5, 1.0]
        )
        for rows in (x, copied)
    ]
    np.testing.assert_allclose(aics[0].effective_df, aics[1].effective_df)
    np.testing.assert_allclose(aics[0].scores, aics[1].scores)
    noise = [
        br.from_sklearn(Lasso(0.03, tol=1e-12).fit(rows, y), rows, y).noise_scale_ for rows in (x, copied)
    ]
    assert noise[0] == pytest.approx(noise[1], rel=1e-9)
    path = br.map_path(model(br.LaplacePrior(1.0)), br.RowData.from_arrays(copied, y), n_scales=30)
    sizes = np.abs(path.coefs)
    assert not ((sizes > 0.0) & (sizes < 1e-12 * sizes.max(axis=1, keepdims=True))).any()
    assert (path.duality_gaps < 1e-9).all()
