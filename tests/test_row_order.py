"""Folds and the order of rows: what is warned of, what is not, and folds that look forward only."""

import dataclasses
import pickle
import warnings

import numpy as np
import pytest
from conftest import diabetes, model, one_of_eight
from sklearn.model_selection import KFold, LeaveOneOut, PredefinedSplit, TimeSeriesSplit

import bayesreg as br

LASSO = br.LinearModel(br.LaplacePrior(), standardize=True)
X, Y = diabetes()
SHUFFLED = KFold(5, shuffle=True, random_state=0)


def regression(n=200, p=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + rng.normal(size=n)


def warned(X, y, folds=5, linear=LASSO, **options):
    """Return what is said of the order of rows."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        br.select_scale(linear, br.RowData.from_arrays(X, y), folds=folds, n_scales=5, **options)
    return [str(one.message) for one in caught if one.category is br.RowOrderWarning]


@pytest.mark.parametrize("prior", [br.LaplacePrior(), br.GaussianPrior()])
def test_rows_sorted_by_the_response_are_warned_of(prior):
    X, y = regression()
    order = np.argsort(y)
    linear = dataclasses.replace(LASSO, prior=prior)
    assert warned(X, y, linear=linear) == []
    (said,) = warned(X[order], y[order], linear=linear)
    assert "the level of y differs between folds by more than chance (p < 1e-16)" in said
    assert "KFold(5, shuffle=True, random_state=0)" in said
    (said,) = warned(X[order], y[order], folds=3, linear=linear, method="cv-1se")
    assert "the 3 folds" in said
    assert "TimeSeriesSplit(3)" in said


def test_what_is_told_apart():
    X, _ = regression(400)
    drift = np.linspace(-1.0, 1.0, 400)
    rng = np.random.default_rng(5)
    columns = np.column_stack([X, drift])  # of noise that grows, not of a level
    noisy = X[:, 0] + rng.normal(size=400) * np.exp(1.5 * drift)
    (said,) = warned(columns, noisy)
    assert "the size of the residuals differs" in said
    balanced = 2.0 * X[:, 0] + drift  # y's range is X's, and what is left is the order
    (said,) = warned(np.column_stack([X, rng.normal(size=400)]), balanced)
    assert "the level of the residuals differs" in said


@pytest.mark.parametrize(
    "folds", [SHUFFLED, np.arange(200) % 4, LeaveOneOut(), KFold(5)], ids=lambda f: type(f).__name__
)
def test_folds_that_were_said_are_not_warned_of(folds):
    X, y = regression()
    order = np.argsort(y)
    assert warned(X[order], y[order], folds=folds) == []


@pytest.mark.parametrize("kind", ["normal", "cauchy", "rare", "counts", "wide", "few"])
def test_rows_in_random_order_are_not_warned_of(kind):
    rng = np.random.default_rng(11)
    n, p = {"wide": (40, 60), "few": (12, 2)}.get(kind, (150, 3))
    for seed in range(8):
        X, y = regression(n, p, seed)
        if kind == "cauchy":
            y = X[:, 0] + rng.standard_cauchy(n)
        if kind == "rare":
            y = (rng.random(n) < 0.05) * 100.0 + 0.01 * y
        if kind == "counts":
            y = rng.poisson(np.exp(0.5 * X[:, 0])).astype(float)
        assert warned(X, y) == []


def test_heavy_tails_do_not_hide_an_order():
    X, _ = regression(300)
    y = np.sort(np.random.default_rng(2).standard_cauchy(300))
    assert warned(X, y)


def test_rows_of_weight_zero_do_not_count():
    X, y = regression(120)
    order = np.argsort(y)
    weights = np.r_[np.ones(120), np.zeros(120)]
    both_X, both_y = np.r_[X, X[order]], np.r_[y, y[order]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        br.select_scale(LASSO, br.RowData.from_arrays(both_X, both_y, weights), n_scales=5)
    with pytest.warns(br.RowOrderWarning):
        br.select_scale(LASSO, br.RowData.from_arrays(both_X, both_y, weights[::-1]), n_scales=5)


def test_a_small_difference_among_many_rows_is_left_alone():
    X, y = regression(40_000, 2)
    assert warned(X, y + np.repeat([0.0, 0.05], 20_000)) == []
    assert warned(X, y + np.repeat([0.0, 0.5], 20_000))


def test_statistics_tell_of_the_order_too():
    X, y = regression()
    order = np.argsort(y)
    in_order = br.GramData.from_arrays(X[order], y[order], folds=5)
    with pytest.warns(br.RowOrderWarning, match=r"make the statistics with folds=KFold\(5"):
        br.select_scale(LASSO, pickle.loads(pickle.dumps(in_order)), n_scales=5)
    chunks = [(X[order][i : i + 50], y[order][i : i + 50]) for i in range(0, 200, 50)]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error"
        )  # chunks are cut each by itself, which is no bad partition of sorted rows
        for quiet in (
            br.GramData.from_arrays(X, y, folds=5),
            br.GramData.from_arrays(X[order], y[order], folds=SHUFFLED),
            br.GramData.from_arrays(X[order], y[order], folds=np.arange(200) % 5),
            br.GramData.from_arrays(X[order][:30], y[order][:30], folds=5),  # too few to judge
            br.GramData.from_chunks(chunks, folds=5),
        ):
            br.select_scale(LASSO, quiet, n_scales=5)


@pytest.mark.parametrize("y", [np.full(60, 3.0), np.arange(60.0)], ids=["constant", "perfect"])
@pytest.mark.filterwarnings("ignore::bayesreg.DegenerateDataWarning")
def test_nothing_is_left_to_compare(y):
    columns = np.column_stack([np.arange(60.0), np.ones(60)])
    said = warned(columns, y, scales=[1e6], linear=model(br.GaussianPrior(), 1.0))
    assert len(said) == int(y.std() > 0)
    assert all("the level of y" in one for one in said)


# Folds that are not predicted from all others.


def test_forward_chaining_by_brute_force():
    from test_selection import SCALES, SIGMA, brute_force

    data = br.RowData.from_arrays(X, Y)
    splits = TimeSeriesSplit(4)
    ours = br.select_scale(model(br.LaplacePrior(), SIGMA), data, folds=splits, scales=SCALES)
    mse, _ = brute_force(model(br.LaplacePrior(1.0), SIGMA), data, list(splits.split(X)), SCALES)
    np.testing.assert_allclose(ours.fold_scores, mse, rtol=1e-9)
    per_row = br.select_scale(
        model(br.LaplacePrior(), SIGMA), data, folds=splits, scales=SCALES, hold="per_row"
    )
    mse, _ = brute_force(model(br.LaplacePrior(1.0), SIGMA), data, list(splits.split(X)), SCALES, share=True)
    np.testing.assert_allclose(per_row.fold_scores, mse, rtol=1e-9)


def test_rows_that_are_in_no_test_fold_are_trained_on():
    from test_selection import SCALES, SIGMA, brute_force

    data = br.RowData.from_arrays(X, Y)
    splits = PredefinedSplit(np.where(np.arange(len(Y)) < 300, -1, np.arange(len(Y)) % 2))
    ours = br.select_scale(model(br.LaplacePrior(), SIGMA), data, folds=splits, scales=SCALES)
    mse, _ = brute_force(model(br.LaplacePrior(1.0), SIGMA), data, list(splits.split()), SCALES)
    np.testing.assert_allclose(ours.fold_scores, mse, rtol=1e-9)


class Gapped:
    """Blocks, each predicted from rows that are not its neighbours."""

    def split(self, X, y=None):
        rows = np.arange(len(X))
        for _, test in KFold(4).split(X):
            yield rows[(rows < test[0] - 5) | (rows > test[-1] + 5)].tolist(), test.tolist()


def test_a_gap_that_a_splitter_leaves_is_left():
    from test_selection import SCALES, SIGMA, brute_force

    data = br.RowData.from_arrays(X, Y)
    ours = br.select_scale(model(br.LaplacePrior(), SIGMA), data, folds=Gapped(), scales=SCALES)
    mse, _ = brute_force(model(br.LaplacePrior(1.0), SIGMA), data, list(Gapped().split(X)), SCALES)
    np.testing.assert_allclose(ours.fold_scores, mse, rtol=1e-9)


class Leaking:
    """A splitter that predicts rows from themselves."""

    def split(self, X, y=None):
        for train, test in KFold(3).split(X):
            yield np.r_[train, test[0]], test


def test_what_cannot_be_folds_of_rows_or_of_statistics():
    with pytest.raises(ValueError, match="Leaking trains on row 0 for the fold that holds it"):
        br.select_scale(LASSO, br.RowData.from_arrays(X, Y), folds=Leaking())
    one_too_many = PredefinedSplit(np.arange(len(Y) + 1) % 3)
    with pytest.raises(
        ValueError, match="PredefinedSplit cannot split these 442 rows: index 442 is out of bounds"
    ):
        br.select_scale(LASSO, br.RowData.from_arrays(X, Y), folds=one_too_many)
    with pytest.raises(ValueError, match=r"this splitter trains on fewer rows\. Give the rows"):
        br.GramData.from_arrays(X, Y, folds=TimeSeriesSplit(4))


# The estimator.


def test_the_estimator_takes_folds():
    order = np.argsort(Y)
    regressor = br.BayesRegressor(br.LaplacePrior(), scale_selection="cv", folds=SHUFFLED).fit(
        X[order], Y[order]
    )
    direct = br.select_scale(
        br.LinearModel(br.LaplacePrior()), br.RowData.from_arrays(X[order], Y[order]), folds=SHUFFLED
    )
    assert regressor.selection_.scale == direct.scale
    with pytest.warns(br.RowOrderWarning):
        br.BayesRegressor(br.LaplacePrior(), scale_selection="cv").fit(X[order], Y[order])
    labels = np.arange(len(Y)) % 3
    by_label = br.BayesRegressor(br.LaplacePrior(), scale_selection="cv-1se", folds=labels).fit(X, Y)
    assert by_label.selection_.fold_labels == (0, 1, 2)


def test_folds_beside_a_method_without_any_are_refused():
    X, y = one_of_eight()
    with pytest.raises(ValueError, match="has no folds"):
        br.BayesRegressor(scale_selection="gcv", folds=3).fit(X, y)


def test_an_estimator_of_an_earlier_version_has_the_folds_of_that_version():
    state = br.BayesRegressor(scale_selection="cv").__getstate__()
    del state["folds"]
    old = br.BayesRegressor.__new__(br.BayesRegressor)
    old.__setstate__(state)
    assert old.get_params()["folds"] == 5
