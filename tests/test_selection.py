"""Choosing the scale: against scikit-learn, brute force and itself in other forms."""

import dataclasses
import pickle

import numpy as np
import pytest
from conftest import diabetes, model, one_of_eight, wide
from scipy.optimize import brentq
from sklearn.linear_model import ElasticNetCV, LassoCV, Ridge, RidgeCV
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesreg as br
from bayesreg.selection.partition import Partition

X, Y = diabetes()
N = len(Y)
SIGMA = 50.0
WEIGHTS = np.random.default_rng(3).uniform(0.1, 2.0, N)
ROWS = br.RowData.from_arrays(X, Y)
SCALES = np.geomspace(2.0, 2000.0, 5)


def small(n=40, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.geomspace(0.5, 20.0, p) + 3.0
    return X, X[:, 0] - 0.1 * X[:, -1] + rng.normal(size=n)


def brute_force(linear, data, splits, scales, share=False):
    """Refit by map_estimate on copies of the rows; return errors (k, K) and predictive densities."""
    mse, density = [], []
    for train, test in splits:
        rows = br.RowData.from_arrays(data.X[train], data.y[train], data.sample_weight[train])
        held = rows.sum_weights / data.sum_weights if share else 1.0
        power = 0.5 if isinstance(linear.prior, br.GaussianPrior) else 1.0
        weights = data.sample_weight[test]
        for scale in scales:
            prior = linear.prior.with_scale(scale / held**power)
            mode = br.map_estimate(dataclasses.replace(linear, prior=prior), rows)
            errors = data.y[test] - mode.intercept - data.X[test] @ mode.coef
            log_density = -0.5 * (errors / mode.noise_scale) ** 2 - np.log(
                mode.noise_scale * np.sqrt(2 * np.pi)
            )
            mse.append(np.average(errors**2, weights=weights))
            density.append(np.average(log_density, weights=weights))
    shape = len(splits), len(scales)
    return np.reshape(mse, shape).T, np.reshape(density, shape).T


def kfold(n, k=5):
    return list(KFold(k).split(np.zeros(n)))


# Against scikit-learn.


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_lasso_cv_of_sklearn(weights, fit_intercept):
    theirs = LassoCV(alphas=40, cv=5, tol=1e-12, max_iter=10**6, fit_intercept=fit_intercept)
    theirs.fit(X, Y, sample_weight=weights)
    sum_weights = N if weights is None else weights.sum()
    linear = model(br.LaplacePrior(), SIGMA, fit_intercept=fit_intercept)
    data = br.RowData.from_arrays(X, Y, weights)
    ours = br.select_scale(linear, data, hold="per_row", scales=SIGMA**2 / (sum_weights * theirs.alphas_))
    np.testing.assert_allclose(ours.fold_scores, theirs.mse_path_, rtol=1e-9)
    np.testing.assert_allclose(ours.scores, theirs.mse_path_.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(ours.penalty.l1 / sum_weights, theirs.alpha_, rtol=1e-12)
    mode = br.map_estimate(ours.model, data)
    np.testing.assert_allclose(mode.coef, theirs.coef_, rtol=1e-5, atol=1e-4)


def test_elastic_net_cv_of_sklearn():
    theirs = ElasticNetCV(alphas=20, l1_ratio=0.7, cv=4, tol=1e-12, max_iter=10**6).fit(X, Y)
    # l1 = n·alpha·0.7 and l2 = n·alpha·0.3
    linear = model(br.ElasticNetPrior(1.0, np.sqrt(0.7 / 0.3) * 1.0), 1.0)
    ours = br.select_scale(linear, ROWS, folds=4, hold="per_row", scales=1.0 / (0.7 * N * theirs.alphas_))
    np.testing.assert_allclose(ours.fold_scores, theirs.mse_path_, rtol=1e-9)
    np.testing.assert_allclose(ours.penalty.l2, 0.3 * N * theirs.alpha_, rtol=1e-10)
    assert ours.effective_df[0] == 1.0
    assert ((ours.effective_df >= 1.0) & (ours.effective_df <= 11.0)).all()


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_ridge_cv_of_sklearn_holds_the_prior(fit_intercept):
    alphas = np.geomspace(1e-3, 10.0, 30)
    theirs = RidgeCV(alphas, cv=5, scoring="neg_mean_squared_error", fit_intercept=fit_intercept).fit(X, Y)
    linear = model(br.GaussianPrior(), SIGMA, fit_intercept=fit_intercept)
    ours = br.select_scale(linear, ROWS, scales=SIGMA / np.sqrt(alphas))
    np.testing.assert_allclose(ours.penalty.l2, theirs.alpha_, rtol=1e-12)
    np.testing.assert_allclose(ours.scores[ours.index], -theirs.best_score_, rtol=1e-9)
    scores = [
        -cross_val_score(Ridge(a, fit_intercept=fit_intercept), X, Y, scoring="neg_mean_squared_error", cv=5)
        for a in alphas[::7]
    ]
    np.testing.assert_allclose(ours.fold_scores[::7], scores, rtol=1e-9)


def test_standardising_happens_inside_the_folds():
    raw, y = diabetes(scaled=False)
    raw = np.column_stack([raw, np.full(N, 7.0)])
    alphas = np.geomspace(0.1, 1000.0, 12)
    pipeline = make_pipeline(StandardScaler(), Ridge())
    search = GridSearchCV(pipeline, {"ridge__alpha": alphas}, cv=5, scoring="neg_mean_squared_error")
    search.fit(raw, y)
    linear = model(br.GaussianPrior(), SIGMA, standardize=True)
    for data in (br.RowData.from_arrays(raw, y), br.GramData.from_arrays(raw, y, folds=5)):
        ours = br.select_scale(linear, data, scales=SIGMA / np.sqrt(alphas))
        np.testing.assert_allclose(ours.scores, -search.cv_results_["mean_test_score"], rtol=1e-9)
        np.testing.assert_allclose(
            ours.penalty.l2[:-1] / raw.var(axis=0)[:-1], search.best_params_["ridge__alpha"]
        )


def test_leave_one_out_of_sklearn_and_by_folds():
    alphas = np.geomspace(1e-3, 10.0, 30)
    theirs = RidgeCV(alphas, store_cv_results=True).fit(X, Y)
    scales = SIGMA / np.sqrt(alphas)
    ours = br.select_scale(model(br.GaussianPrior(), SIGMA), ROWS, "loo", scales=scales)
    np.testing.assert_allclose(ours.scores, theirs.cv_results_.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(ours.penalty.l2, theirs.alpha_, rtol=1e-12)
    by_folds = br.select_scale(model(br.GaussianPrior(), SIGMA), ROWS, folds=LeaveOneOut(), scales=scales)
    np.testing.assert_allclose(by_folds.scores, ours.scores, rtol=1e-9)
    np.testing.assert_allclose(by_folds.standard_errors, ours.standard_errors, rtol=1e-9)


def test_gcv_by_its_formula():
    scales = np.geomspace(50.0, 5000.0, 7)
    ours = br.select_scale(
        model(br.GaussianPrior(), SIGMA), br.GramData.from_arrays(X, Y), "gcv", scales=scales
    )
    centred = X - X.mean(axis=0)
    for scale, score, df in zip(scales, ours.scores, ours.effective_df, strict=True):
        hat = (
            centred @ np.linalg.solve(centred.T @ centred + (SIGMA / scale) ** 2 * np.eye(10), centred.T)
            + 1 / N
        )
        np.testing.assert_allclose(df, np.trace(hat), rtol=1e-9)
        np.testing.assert_allclose(
            score, N * np.sum((Y - hat @ Y) ** 2) / (N - np.trace(hat)) ** 2, rtol=1e-9
        )
    assert np.isnan(ours.standard_errors).all()
    assert "chosen from 7 by gcv: mean squared error" in str(ours)


# Against brute force.

MODELS = {
    "laplace": model(br.LaplacePrior(), SIGMA),
    "gaussian": model(br.GaussianPrior(3.0), SIGMA),
    "elastic net": model(br.ElasticNetPrior(3.0, 2.0), SIGMA),
    "laplace, relative": model(br.LaplacePrior(relative_to_noise=True), SIGMA),
    "elastic net, relative": model(br.ElasticNetPrior(3.0, 2.0, relative_to_noise=True), SIGMA),
    "factors": model(br.LaplacePrior(factor={"x0": np.inf, "x3": 0.2, "x4": 3.0}), SIGMA),
    "no intercept": model(br.LaplacePrior(), SIGMA, fit_intercept=False),
    "standardised": model(br.LaplacePrior(), SIGMA, standardize=True),
    "standardised, no intercept": model(br.GaussianPrior(), SIGMA, standardize=True, fit_intercept=False),
    "intercept with a prior": model(br.GaussianPrior(), SIGMA, intercept_prior=br.GaussianPrior(100.0)),
}
NOT_ONE_SCALE = (
    "intercept with a prior",
    "elastic net, relative",
)  # whose penalty per row no scale alone holds
CASES = [(name, "prior") for name in MODELS] + [(n, "per_row") for n in MODELS if n not in NOT_ONE_SCALE]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(("name", "hold"), CASES)
def test_every_fold_is_a_fit_to_the_other_rows(name, hold, weights):
    linear = MODELS[name]
    unit = dataclasses.replace(linear, prior=linear.prior.with_scale(1.0))
    data = br.RowData.from_arrays(X, Y, weights)
    mse, density = brute_force(unit, data, kfold(N), SCALES, share=hold == "per_row")
    for form in (data, br.GramData.from_arrays(X, Y, weights, folds=5)):
        ours = br.select_scale(linear, form, hold=hold, scales=SCALES)
        np.testing.assert_allclose(ours.fold_scores, mse, rtol=1e-9)
        np.testing.assert_allclose(ours.log_density, density.mean(axis=1), rtol=1e-9)
        np.testing.assert_allclose(ours.standard_errors, mse.std(axis=1, ddof=1) / np.sqrt(5), rtol=1e-7)
        assert ours.index == np.argmin(mse.mean(axis=1))
        full = br.map_estimate(ours.model, data)
        np.testing.assert_allclose(full.penalty.l1, ours.penalty.l1, rtol=1e-12)
        np.testing.assert_allclose(full.penalty.l2, ours.penalty.l2, rtol=1e-12)


@pytest.mark.parametrize("prior", [br.LaplacePrior(), br.GaussianPrior(), br.ElasticNetPrior(1.0, 2.0)])
def test_more_columns_than_rows(prior):
    wide_X, y = wide(30, 80)
    data = br.RowData.from_arrays(wide_X, y)
    assert isinstance(Partition.of(data, 3).data, br.RowData)
    linear = model(prior, 1.0)
    scales = np.geomspace(0.01, 1.0, 5)
    unit = dataclasses.replace(linear, prior=prior.with_scale(1.0))
    mse, _ = brute_force(unit, data, kfold(30, 3), scales)
    ours = br.select_scale(linear, data, folds=3, scales=scales)
    np.testing.assert_allclose(ours.fold_scores, mse, rtol=1e-8)
    statistics = br.GramData.from_arrays(wide_X, y, folds=3)
    np.testing.assert_allclose(
        br.select_scale(linear, statistics, scales=scales, folds=3).mse, ours.mse, rtol=1e-7
    )


def test_columns_that_vary_in_some_folds_only():
    values, y = small()
    varying = np.zeros(40)
    varying[33] = 1.0  # constant wherever the last fold is held out
    values = np.column_stack([values, varying, values[:, 1], np.ones(40)])
    data = br.RowData.from_arrays(values, y)
    for prior in (br.LaplacePrior(), br.GaussianPrior(), br.LaplacePrior(factor={"x5": np.inf})):
        for standardize in (False, True):
            linear = model(prior, 1.0, standardize=standardize)
            unit = dataclasses.replace(linear, prior=prior.with_scale(1.0))
            mse, _ = brute_force(unit, data, kfold(40), [0.01, 0.1, 1.0])
            for form in (data, br.GramData.from_arrays(values, y, folds=5)):
                ours = br.select_scale(linear, form, scales=[0.01, 0.1, 1.0])
                np.testing.assert_allclose(ours.fold_scores, mse, rtol=1e-8)


def test_a_fold_of_tiny_weight_counts_as_a_fold():
    values, y = small()
    weights = np.ones(40)
    weights[:8] = 1e-9
    data = br.RowData.from_arrays(values, y, weights)
    mse, _ = brute_force(model(br.LaplacePrior(1.0)), data, kfold(40), [0.01, 0.1])
    ours = br.select_scale(model(br.LaplacePrior()), data, scales=[0.01, 0.1])
    np.testing.assert_allclose(ours.fold_scores, mse, rtol=1e-8)


def test_a_large_mean_costs_no_digits():
    values, y = small()
    ours = br.select_scale(model(br.LaplacePrior()), br.RowData.from_arrays(values, y), scales=[0.01, 0.1])
    shifted = br.GramData.from_arrays(values + 1e5, y - 1e5, folds=5)
    np.testing.assert_allclose(
        br.select_scale(model(br.LaplacePrior()), shifted, scales=[0.01, 0.1]).fold_scores,
        ours.fold_scores,
        rtol=1e-7,
    )


# Folds.


def same(a, b, rtol=1e-10):
    np.testing.assert_allclose(a.fold_scores, b.fold_scores, rtol=rtol)
    np.testing.assert_allclose(a.scales, b.scales, rtol=rtol)
    assert a.index == b.index


def test_number_splitter_and_labels_are_the_same_folds():
    labels = np.repeat(np.arange(5), [89, 89, 88, 88, 88])
    linear = model(br.LaplacePrior(), SIGMA)
    by_number = br.select_scale(linear, ROWS, n_scales=10)
    shuffled = np.random.default_rng(0).permutation(N)
    moved = br.RowData.from_arrays(X[shuffled], Y[shuffled])
    names = np.array(["e", "d", "c", "b", "a"])[labels]
    for data, folds in (
        (ROWS, KFold(5)),
        (ROWS, labels),
        (ROWS, labels.astype(float)),
        (moved, labels[shuffled]),
    ):
        same(br.select_scale(linear, data, folds=folds, n_scales=10), by_number)
    for form in (ROWS, br.GramData.from_arrays(X, Y, folds=names)):
        named = br.select_scale(linear, form, folds=names if form is ROWS else 5, n_scales=10)
        assert named.fold_labels == ("a", "b", "c", "d", "e")
        np.testing.assert_allclose(named.fold_scores[:, ::-1], by_number.fold_scores, rtol=1e-10)
    random = KFold(4, shuffle=True, random_state=1)
    mse, _ = brute_force(model(br.LaplacePrior(1.0), SIGMA), ROWS, list(random.split(X)), SCALES)
    np.testing.assert_allclose(
        br.select_scale(linear, ROWS, folds=random, scales=SCALES).fold_scores, mse, rtol=1e-9
    )


def test_a_splitter_without_seed_is_asked_once():
    ours = br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, folds=KFold(3, shuffle=True), n_scales=5)
    assert ours.fold_scores.shape == (5, 3)


def test_blocks_merge_fold_by_fold():
    linear = model(br.LaplacePrior(), SIGMA)
    labels = np.random.default_rng(0).integers(0, 4, N)
    cuts = [slice(0, 3), slice(3, 200), slice(200, 201), slice(201, N)]
    whole = br.GramData.from_arrays(X, Y, WEIGHTS, folds=labels)
    chunks = br.GramData.from_chunks((X[c], Y[c], WEIGHTS[c], labels[c]) for c in cuts)
    added = sum(br.GramData.from_arrays(X[c], Y[c], WEIGHTS[c], folds=labels[c]) for c in cuts)
    reference = br.select_scale(linear, br.RowData.from_arrays(X, Y, WEIGHTS), folds=labels, n_scales=10)
    for data in (whole, chunks, added):
        assert list(data.folds.parts) == [0, 1, 2, 3]
        assert sum(part.n_samples for part in data.folds.parts.values()) == data.n_samples == N
        np.testing.assert_allclose(data.gram, br.GramData.from_arrays(X, Y, WEIGHTS).gram, rtol=0, atol=1e-11)
        same(br.select_scale(linear, data, n_scales=10, folds=4), reference)
    cut = br.GramData.from_chunks([(X[:200], Y[:200]), (X[200:203], Y[200:203]), (X[203:], Y[203:])], folds=5)
    of_row = np.concatenate(
        [np.repeat(np.arange(5), 40), [0, 1, 2], np.repeat(np.arange(5), [48, 48, 48, 48, 47])]
    )
    same(br.select_scale(linear, cut, n_scales=10), br.select_scale(linear, ROWS, folds=of_row, n_scales=10))
    with_splitter = br.GramData.from_chunks([(X[:200], Y[:200]), (X[200:], Y[200:])], folds=KFold(5))
    assert with_splitter.folds.n_splits == 5


def test_statistics_with_folds_are_statistics():
    linear = model(br.LaplacePrior(3.0), SIGMA)
    plain = br.map_estimate(linear, br.GramData.from_arrays(X, Y))
    folded = br.map_estimate(linear, br.GramData.from_arrays(X, Y, folds=5))
    np.testing.assert_allclose(folded.coef, plain.coef, rtol=1e-10)
    regressor = br.BayesRegressor(br.LaplacePrior(3.0), noise_scale=SIGMA).fit(X, Y)
    np.testing.assert_allclose(regressor.coef_, plain.coef, rtol=1e-9)


def test_blocks_with_other_folds_are_refused():
    plain, five, four, labelled = (
        br.GramData.from_arrays(X, Y, folds=folds) for folds in (None, 5, 4, np.arange(N) % 5)
    )
    for a, b in ((plain, five), (five, plain)):
        with pytest.raises(ValueError, match=r"with folds and statistics without.*Give `folds` to both"):
            a + b
    with pytest.raises(ValueError, match="got 5 numbered folds and 4 numbered folds"):
        five + four
    with pytest.raises(ValueError, match="got folds with labels and 5 numbered folds"):
        labelled + five
    with pytest.raises(ValueError, match="chunk 1: statistics with folds"):
        br.GramData.from_chunks([(X, Y, None, np.arange(N) % 5), (X, Y)])
    for folds, chunk in ((5, (X, Y, None, np.arange(N) % 5)), (np.arange(N) % 5, (X, Y))):
        with pytest.raises(TypeError, match="labels of rows belong in the chunks"):
            br.GramData.from_chunks([chunk], folds=folds)


@pytest.mark.parametrize(
    ("folds", "error", "said"),
    [
        (1, ValueError, "`folds` must be at least 2"),
        (0, ValueError, "`folds` must be at least 2"),
        (N + 1, ValueError, r"fold 442 \(from 0\) has none; there are 442 such rows. Give fewer"),
        (True, TypeError, "`folds` must be a whole number"),
        (2.5, TypeError, "`folds` must be a whole number"),
        ("five", TypeError, "`folds` must be a whole number"),
        (None, TypeError, "`folds` must be a whole number"),
        (
            ShuffleSplit(5, random_state=0),
            ValueError,
            r"one test fold at most, but ShuffleSplit puts row \d+ into",
        ),
        (RepeatedKFold(n_splits=2, n_repeats=2), ValueError, "RepeatedKFold puts row 0 into 2"),
        (GroupKFold(3), ValueError, "GroupKFold cannot split these 442 rows: The 'groups' parameter"),
        (KFold(N + 1), ValueError, "KFold cannot split these 442 rows"),
        (np.zeros(N), ValueError, r"at least 2 folds; got \[0.0\]"),
        (np.arange(3), ValueError, "one label for each of the 442 rows; got 3"),
        (np.where(np.arange(N) == 7, np.nan, 1.0), ValueError, "not finite .first at row 7"),
        ([[0, 1], [1]], TypeError, "`folds` must be a whole number"),
        (np.zeros((N, 2)), TypeError, "`folds` must be a whole number"),
    ],
)
def test_folds_that_are_none(folds, error, said):
    with pytest.raises(error, match=said):
        br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, folds=folds)


def test_folds_without_weight_and_without_rows_to_fit():
    values, y = small(10, 2)
    linear = model(br.LaplacePrior(), 1.0)
    weights = np.r_[np.zeros(2), np.ones(8)]
    present = br.select_scale(linear, br.RowData.from_arrays(values[2:], y[2:]), n_scales=5)
    for data in (
        br.RowData.from_arrays(values, y, weights),
        br.GramData.from_arrays(values, y, weights, folds=5),
    ):
        found = br.select_scale(linear, data, n_scales=5)
        np.testing.assert_allclose(found.fold_scores, present.fold_scores, rtol=1e-9)
    three = np.r_[np.zeros(7), np.ones(3)]
    for data in (
        br.RowData.from_arrays(values, y, three),
        br.GramData.from_arrays(values, y, three, folds=5),
    ):
        with pytest.raises(ValueError, match=r"fold 3 \(from 0\) has none; there are 3"):
            br.select_scale(linear, data)
    with pytest.raises(ValueError, match="without fold 1, 1 row is left to fit"):
        br.select_scale(linear, br.RowData.from_arrays(values, y), folds=[0] + [1] * 9)


def test_statistics_need_their_folds():
    linear = model(br.LaplacePrior(), SIGMA)
    with pytest.raises(ValueError, match=r"from_arrays\(X, y, folds=5\)"):
        br.select_scale(linear, br.GramData.from_arrays(X, Y))
    ten = br.GramData.from_arrays(X, Y, folds=10)
    assert br.select_scale(linear, ten, n_scales=3).fold_scores.shape == (3, 10)
    for folds in (4, KFold(10), np.arange(N) % 10):
        with pytest.raises(ValueError, match="have 10 folds, and these cannot change"):
            br.select_scale(linear, ten, folds=folds)
    with pytest.raises(TypeError, match="Give the rows"):
        br.select_scale(model(br.GaussianPrior(), SIGMA), ten, "loo")


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (
            {"method": "dic"},
            ValueError,
            "`method` must be one of 'cv', 'cv-1se', 'loo', 'gcv', 'aic', 'bic', 'evidence', 'psis-loo', 'posterior'; got 'dic'",
        ),
        ({"hold": "lambda"}, ValueError, "`hold` must be one of 'prior', 'per_row'"),
        ({"score": "r2"}, ValueError, "`score` must be one of 'mse', 'log_density'"),
        ({"scales": []}, ValueError, "`scales` must be positive"),
        ({"scales": [1e200]}, ValueError, "`scales` must lie between"),
        ({"n_scales": 0}, ValueError, "`n_scales` must be a whole number"),
        (
            {"method": "loo"},
            ValueError,
            "needs a GaussianPrior, which has a closed form, but the prior is a LaplacePrior",
        ),
        (
            {"method": "gcv"},
            ValueError,
            "needs a GaussianPrior, which has a closed form, but the prior is a LaplacePrior",
        ),
    ],
)
def test_arguments_that_cannot_be(arguments, error, said):
    with pytest.raises(error, match=said):
        br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, **arguments)


def test_closed_forms_refuse_what_they_do_not_do():
    linear = model(br.GaussianPrior(), SIGMA)
    for arguments, said in (
        ({"folds": 4}, "has no folds"),
        ({"hold": "per_row"}, "needs hold='prior'"),
        ({"score": "log_density"}, "score='mse'"),
    ):
        with pytest.raises(ValueError, match=said):
            br.select_scale(linear, ROWS, "gcv", **arguments)


def test_priors_without_one_number_to_choose():
    import numpyro.distributions as dist

    for prior, error, said in (
        (br.FlatPrior(), TypeError, "FlatPrior has no scale"),
        (br.LaplacePrior(np.ones(10)), TypeError, "Give them as `factor`"),
        (br.LaplacePrior(np.inf), ValueError, "infinite scale"),
        (br.LaplacePrior(dist.HalfNormal(1.0)), TypeError, "this method chooses a number"),
    ):
        with pytest.raises(error, match=said):
            br.select_scale(model(prior, SIGMA), ROWS)
    with pytest.raises(TypeError, match="`model` must be a LinearModel"):
        br.select_scale(br.LaplacePrior(), ROWS)
    with pytest.raises(TypeError, match="`data` must be RowData, GramData or RowSource"):
        br.select_scale(model(br.LaplacePrior(), SIGMA), X)


# What is chosen.


def test_the_default_grid_is_that_of_the_path():
    for prior in (
        br.LaplacePrior(5.0),
        br.GaussianPrior(),
        br.ElasticNetPrior(2.0, 1.0, relative_to_noise=True),
    ):
        linear = model(prior, SIGMA)
        path = br.map_path(linear, ROWS, n_scales=12, min_ratio=1e-2)
        ours = br.select_scale(linear, ROWS, n_scales=12, min_ratio=1e-2)
        np.testing.assert_allclose(ours.scales, path.scales, rtol=1e-10)
        np.testing.assert_allclose(ours.penalty.l1, path.penalties[ours.index].l1, rtol=1e-10)
        np.testing.assert_array_equal(ours.noise_scales, SIGMA)


def test_given_scales_keep_their_order_and_ties_go_to_the_strongest():
    scales = np.array([300.0, 3.0, 3000.0, 30.0])
    ours = br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, scales=scales)
    np.testing.assert_array_equal(ours.scales, scales)
    each = [br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, scales=[s]) for s in scales]
    np.testing.assert_allclose(ours.mse, [one.mse[0] for one in each], rtol=1e-10)
    np.testing.assert_allclose(ours.effective_df, [one.effective_df[0] for one in each])
    assert ours.scale == scales[np.argmin(ours.mse)]
    rng = np.random.default_rng(0)
    noise = br.RowData.from_arrays(X, rng.normal(size=N))
    null = br.select_scale(model(br.LaplacePrior(), SIGMA), noise, scales=[1e-3, 1e-5, 1e-4])
    assert (null.mse == null.mse[0]).all()
    assert (null.scale, null.index, null.edge) == (1e-5, 1, "strongest")


def test_one_standard_error_rule():
    best = br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS)
    ours = br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, "cv-1se")
    np.testing.assert_array_equal(ours.mse, best.mse)
    limit = best.mse.min() + best.standard_errors[best.index]
    assert ours.scale == best.scales[best.mse <= limit].min() < best.scale
    density = br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, "cv-1se", score="log_density")
    limit = density.log_density.max() - density.standard_errors[np.argmax(density.log_density)]
    assert density.scale == density.scales[density.log_density >= limit].min()


def test_scores_by_log_density():
    ours = br.select_scale(model(br.LaplacePrior(), 10.0), ROWS, score="log_density", scales=SCALES)
    assert ours.index == np.argmax(ours.scores)
    np.testing.assert_array_equal(ours.scores, ours.log_density)
    np.testing.assert_allclose(ours.fold_scores.mean(axis=1), ours.log_density, rtol=1e-12)


def test_effective_df_of_the_lasso_counts():
    linear = model(br.LaplacePrior(factor={"x0": np.inf}), SIGMA)
    ours = br.select_scale(linear, ROWS, n_scales=10)
    path = br.map_path(linear, ROWS, n_scales=10)
    np.testing.assert_array_equal(ours.effective_df, 1 + (path.coefs != 0).sum(axis=1))


# Unknown noise.

UNKNOWN = {
    "laplace": br.LaplacePrior(),
    "laplace, relative": br.LaplacePrior(1.0, relative_to_noise=True),
    "gaussian, relative": br.GaussianPrior(1.0, relative_to_noise=True),
    "elastic net, relative": br.ElasticNetPrior(1.0, 0.1, relative_to_noise=True),
    "laplace, absolute": br.LaplacePrior(1.0),
    "gaussian, absolute": br.GaussianPrior(1.0),
    "elastic net, absolute": br.ElasticNetPrior(1.0, 0.1),
}


def default_noise_slope(sigma, scale):
    z = (sigma / scale) ** 2 / 4.0
    return 5.0 * z / (1.0 + z)


@pytest.mark.parametrize("name", UNKNOWN)
def test_the_joint_mode_of_the_choice_has_the_penalty_that_was_chosen(name):
    ours = br.select_scale(br.LinearModel(UNKNOWN[name]), ROWS, n_scales=20)
    mode = br.map_estimate(ours.model, ROWS)
    np.testing.assert_allclose(mode.noise_scale, ours.noise_scale, rtol=1e-9)
    np.testing.assert_allclose(mode.penalty.l1, ours.penalty.l1, rtol=1e-9)
    np.testing.assert_allclose(mode.penalty.l2, ours.penalty.l2, rtol=1e-9)
    assert ours.model.prior.relative_to_noise == ("absolute" not in name)


@pytest.mark.parametrize("name", ["laplace, relative", "gaussian, absolute"])
@pytest.mark.parametrize("hold", ["prior", "per_row"])
def test_folds_hold_the_penalty_where_the_noise_is_unknown(name, hold):
    ours = br.select_scale(br.LinearModel(UNKNOWN[name]), ROWS, hold=hold, n_scales=6)
    relative = ours.model.prior.relative_to_noise
    is_laplace = isinstance(ours.model.prior, br.LaplacePrior)
    for k, (scale, full_sigma) in enumerate(zip(ours.scales, ours.noise_scales, strict=True)):
        strength = full_sigma / scale if is_laplace else (full_sigma / scale) ** 2
        density = []
        for fold, (train, test) in enumerate(kfold(N)):
            held = strength * (len(train) / N if hold == "per_row" else 1.0)
            prior = br.LaplacePrior(1.0 / held) if is_laplace else br.GaussianPrior(1.0 / np.sqrt(held))
            mode = br.map_estimate(model(prior), br.RowData.from_arrays(X[train], Y[train]))
            error = Y[test] - mode.intercept - X[test] @ mode.coef
            np.testing.assert_allclose(ours.fold_scores[k, fold], np.mean(error**2), rtol=1e-9)
            rss = np.sum((Y[train] - mode.intercept - X[train] @ mode.coef) ** 2)
            pull = held * np.abs(mode.coef).sum() if relative else 0.0
            spread = Y[train].std()
            powers = len(train) + (10 if relative else 0)
            sigma = brentq(
                lambda s, a=powers, b=rss + pull, c=spread: a - b / s**2 + default_noise_slope(s, c),
                1.0,
                1e3,
                xtol=1e-13,
            )
            density.append(np.mean(-0.5 * (error / sigma) ** 2) - np.log(sigma * np.sqrt(2 * np.pi)))
        np.testing.assert_allclose(ours.log_density[k], np.mean(density), rtol=1e-9)


@pytest.mark.parametrize("prior", [br.LaplacePrior(1.0), br.GaussianPrior(1.0, relative_to_noise=True)])
def test_given_scales_take_the_joint_mode_of_the_noise(prior):
    scales = [3.0, 30.0, 300.0]
    ours = br.select_scale(br.LinearModel(prior), ROWS, scales=scales)
    for k, scale in enumerate(scales):
        mode = br.map_estimate(br.LinearModel(prior.with_scale(scale)), ROWS)
        np.testing.assert_allclose(ours.noise_scales[k], mode.noise_scale, rtol=1e-9)


@pytest.mark.parametrize(("low", "high"), [(20.0, 30.0), (200.0, 300.0), (40.0, 90.0)])
def test_noise_prior_of_bounded_support(low, high):
    import numpyro.distributions as dist

    linear = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(dist.Uniform(low, high)))
    ours = br.select_scale(linear, ROWS, n_scales=4)
    assert ((ours.noise_scales >= low) & (ours.noise_scales <= high)).all()
    np.testing.assert_allclose(br.map_estimate(ours.model, ROWS).penalty.l1, ours.penalty.l1, rtol=1e-9)


def test_flat_noise_prior_and_more_columns_than_rows():
    import numpyro.distributions as dist
    from numpyro.distributions import constraints

    flat = br.GaussianLikelihood(dist.ImproperUniform(constraints.positive, (), ()))
    ours = br.select_scale(br.LinearModel(br.LaplacePrior(), flat), ROWS, n_scales=4)
    mode = br.map_estimate(ours.model, ROWS)
    np.testing.assert_allclose(mode.penalty.l1, ours.penalty.l1, rtol=1e-9)
    values, y = wide(30, 80)
    data = br.RowData.from_arrays(values, y)
    ours = br.select_scale(br.LinearModel(br.LaplacePrior()), data, folds=3, n_scales=20)
    mode = br.map_estimate(ours.model, data)
    np.testing.assert_allclose(mode.penalty.l1, ours.penalty.l1, rtol=1e-7)
    assert np.isfinite(ours.log_density).all()


@pytest.mark.parametrize("noise", [None, 2.0])
@pytest.mark.parametrize("prior", [br.LaplacePrior(), br.GaussianPrior(), br.ElasticNetPrior(1.0, 1.0)])
def test_constant_response(prior, noise):
    with pytest.warns(br.DegenerateDataWarning, match="every scale predicts it equally well"):
        ours = br.select_scale(model(prior, noise), br.RowData.from_arrays(X, np.full(N, 3.0)), n_scales=4)
    np.testing.assert_allclose(ours.mse, 0.0, atol=1e-20)
    assert ours.edge == "strongest"
    assert ours.scale > 0


# The result and the estimator.


def test_result_as_table_and_text():
    ours = br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, n_scales=20)
    frame = ours.to_frame()
    assert list(frame.columns) == [
        "mse",
        "log_density",
        "standard_error",
        "effective_df",
        "noise_scale",
        "chosen",
    ]
    assert frame.index[frame["chosen"]].tolist() == [ours.scale]
    assert frame["mse"].to_numpy().tolist() == ours.mse.tolist()
    assert "(5 folds, prior held): mean squared error" in str(ours)
    assert ours.edge is None
    assert ours.model.prior == br.LaplacePrior(ours.scale)
    assert ours.model.likelihood == br.GaussianLikelihood(SIGMA)
    weakest = br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, scales=[100.0, 200.0])
    assert weakest.edge == "weakest"
    assert "A smaller `min_ratio`" in str(weakest)
    assert "penalty per row held" in str(
        br.select_scale(model(br.LaplacePrior(), SIGMA), ROWS, n_scales=3, hold="per_row")
    )


@pytest.mark.parametrize("method", ["cv", "cv-1se", "gcv", "loo"])
def test_regressor_chooses_its_scale(method):
    prior = br.GaussianPrior() if method in ("loo", "gcv") else br.LaplacePrior()
    regressor = br.BayesRegressor(prior, scale_selection=method).fit(X, Y)
    ours = br.select_scale(br.LinearModel(prior), ROWS, method)
    assert regressor.selection_.scale == ours.scale
    np.testing.assert_allclose(regressor.penalty_.l1, ours.penalty.l1, rtol=1e-9)
    np.testing.assert_allclose(regressor.penalty_.l2, ours.penalty.l2, rtol=1e-9)
    assert regressor.prior == prior
    same_by_hand = br.BayesRegressor(regressor.selection_.model.prior).fit(X, Y)
    np.testing.assert_allclose(same_by_hand.coef_, regressor.coef_, rtol=1e-10)
    assert same_by_hand.selection_ is None


def test_regressor_samples_the_chosen_model(monkeypatch):
    from bayesreg.estimators import estimator as estimators

    sampled = []
    monkeypatch.setattr(estimators, "sample_posterior", lambda linear, data, **_: sampled.append(linear))
    regressor = br.BayesRegressor(br.LaplacePrior(), scale_selection="cv").fit(X, Y).sample()
    assert sampled == [regressor.selection_.model]
    regressor.set_params(scale_selection=None, prior=br.LaplacePrior(1.0)).fit(X, Y).sample()
    assert sampled[1].prior == br.LaplacePrior(1.0)
    assert regressor.selection_ is None


def test_regressor_refuses_an_unknown_method():
    with pytest.raises(ValueError, match="`scale_selection` must be one of"):
        br.BayesRegressor(scale_selection="best").fit(X, Y)


@pytest.mark.parametrize("method", ["cv", "loo", "gcv"])
@pytest.mark.parametrize("noise", [50.0, None])
@pytest.mark.parametrize("twin", [False, True])
def test_the_mode_at_the_chosen_scale(method, noise, twin):
    X, y = diabetes()
    if twin:  # statistics tell columns as near as these apart to few digits
        X = np.column_stack([X, X[:, 0] + 1e-6 * X[:, 1]])
    data = br.RowData.from_arrays(X, y)
    prior = br.LaplacePrior() if method == "cv" else br.GaussianPrior()
    selection = br.select_scale(br.LinearModel(prior, br.GaussianLikelihood(noise)), data, method)
    expected = br.map_estimate(selection.model, data)
    for chosen in (selection, pickle.loads(pickle.dumps(selection))):
        mode = chosen.map_estimate()
        assert mode.converged
        assert mode.noise_scale == pytest.approx(expected.noise_scale, rel=1e-8)
        size = np.abs(expected.coef).max()
        tolerance = 1e-8 if chosen is selection else 1e-4  # a pickle holds statistics
        np.testing.assert_allclose(mode.coef, expected.coef, rtol=0, atol=tolerance * size)


def test_a_pickled_selection_does_not_carry_the_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 3))
    data = br.RowData.from_arrays(X, X.sum(axis=1) + rng.normal(size=20_000))
    selection = br.select_scale(br.LinearModel(br.GaussianPrior(), br.GaussianLikelihood(1.0)), data, "loo")
    assert len(pickle.dumps(selection)) < 50_000
    with pytest.raises(ValueError, match="tol"):
        selection.map_estimate(-1.0)


def test_a_nearly_perfect_fit_asks_the_rows_again():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5))
    y = X @ np.arange(1.0, 6.0) + 1e-8 * rng.normal(size=400)
    data, linear = br.RowData.from_arrays(X, y), br.LinearModel(br.LaplacePrior(1.0))
    selection = br.select_scale(linear, data)
    expected = br.map_estimate(selection.model, data)  # of statistics this asks too much
    with pytest.raises(br.NoModeError, match="Give the rows"):
        br.map_estimate(selection.model, br.GramData.from_rows(data))
    np.testing.assert_array_equal(selection.map_estimate().coef, expected.coef)


def test_the_mode_warns_of_a_constant_response_at_the_callers_line():
    data = br.RowData.from_arrays(np.arange(12.0).reshape(6, 2), np.ones(6))
    linear = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0))
    with pytest.warns(br.DegenerateDataWarning) as caught:
        selection = br.select_scale(linear, data, folds=2, scales=[1.0])
    assert {item.filename for item in caught} == {__file__}
    for call in (selection.map_estimate, lambda: br.map_estimate(linear, data)):
        with pytest.warns(br.DegenerateDataWarning) as caught:
            call()
        assert [item.filename for item in caught] == [__file__]


def test_rows_of_weight_zero_are_absent_from_folds_and_left_out_rows():
    X, y = one_of_eight()
    w = np.ones(60)
    w[:14] = 0.0
    linear = model(br.GaussianPrior(1.0))
    weighted, present = br.RowData.from_arrays(X, y, w), br.RowData.from_arrays(X[14:], y[14:])
    trees = [br.sample_posterior(linear, data, progress=False) for data in (weighted, present)]
    found, expected = (
        br.exact_loo(tree, linear, data) for tree, data in zip(trees, (weighted, present), strict=True)
    )
    assert found.elpd == pytest.approx(expected.elpd, rel=1e-9)
    for options in (
        {"folds": 5},
        {"method": "loo"},
        {"method": "psis-loo", "n_scales": 2, "num_samples": 200},
    ):
        assert br.select_scale(linear, weighted, **options).scale == pytest.approx(
            br.select_scale(linear, present, **options).scale, rel=1e-9
        )
    labels = np.array(list("abc") * 20, dtype=object)
    by_label = br.select_scale(linear, weighted, folds=labels)
    assert by_label.fold_labels == ("a", "b", "c")
    assert by_label.scale == pytest.approx(br.select_scale(linear, present, folds=labels[14:]).scale)
