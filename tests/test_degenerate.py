"""Degenerate data are answered, as decided in docs/explanation/decisions.md; they never raise."""

import numpy as np
import pytest
from conftest import diabetes, model, one_of_eight
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesreg as br

FORMS = [br.RowData.from_arrays, br.GramData.from_arrays]
PRIORS = [
    br.LaplacePrior(0.1),
    br.GaussianPrior(0.1),
    br.ElasticNetPrior(0.1, 0.2),
    br.LaplacePrior(),
    br.FlatPrior(),
]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 4)), RNG.normal(size=40)


@pytest.mark.parametrize("constant", [0.0, 1.0, 0.1, 1e6 / 3, -1e-7 / 3])
@pytest.mark.parametrize("prior", PRIORS, ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_a_constant_column_gets_exactly_zero(form, prior, constant):
    w = RNG.uniform(0.1, 2.0, 40)
    wide = np.column_stack([X, np.full(40, constant)])
    for weights in (None, w):
        for standardize in (False, True):
            mode = br.map_estimate(model(prior, standardize=standardize), form(wide, Y, weights))
            without = br.map_estimate(model(prior, standardize=standardize), form(X, Y, weights))
            assert mode.coef[-1] == 0.0
            np.testing.assert_allclose(mode.coef[:-1], without.coef, rtol=1e-9, atol=1e-12)


def test_a_constant_column_in_merged_chunks():
    wide = np.column_stack([X, np.full(40, 0.1)])
    chunks = [(wide[i : i + 3], Y[i : i + 3]) for i in range(0, 40, 3)]
    mode = br.map_estimate(model(br.GaussianPrior(1e6)), br.GramData.from_chunks(chunks))
    assert mode.coef[-1] == 0.0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_without_an_intercept_a_constant_column_is_a_column(form, standardize, weighted):
    wide, y = np.column_stack([X, np.full(40, -2.0)]), Y + 7.0
    w = RNG.uniform(0.1, 2.0, 40) if weighted else np.ones(40)
    unit = np.ones(wide.shape[1])
    if standardize:
        spread = wide - np.average(wide, axis=0, weights=w)
        unit = np.sqrt(np.average(spread**2, axis=0, weights=w))
        unit[-1] = 1.0
    root = np.sqrt(w)[:, None]
    options = {"fit_intercept": False, "standardize": standardize}
    ridge = br.map_estimate(model(br.GaussianPrior(0.7), **options), form(wide, y, w)).coef
    exact = np.linalg.solve((wide.T * w) @ wide + np.diag((unit / 0.7) ** 2), wide.T @ (w * y))
    np.testing.assert_allclose(ridge, exact, rtol=1e-8)
    lasso = Lasso(1.0 / (0.3 * len(y)), fit_intercept=False, tol=1e-14, max_iter=10**6)
    theirs = lasso.fit(root * wide / unit, root[:, 0] * y).coef_ / unit
    mode = br.map_estimate(model(br.LaplacePrior(0.3), **options), form(wide, y, w))
    np.testing.assert_allclose(mode.coef, theirs, atol=1e-7)
    assert abs(mode.coef[-1]) > 1.0
    assert br.audit(mode.coef, 0.0, wide, y, mode.penalty, w, fit_intercept=False).optimal


def test_beside_an_intercept_with_a_prior_a_constant_column_is_a_column():
    wide, y = np.column_stack([X, np.full(40, 2.0)]), Y + 7.0
    given = {"standardize": True, "intercept_prior": br.GaussianPrior(0.5)}
    mode = br.map_estimate(model(br.GaussianPrior(0.7), **given), br.RowData.from_arrays(wide, y))
    design = np.column_stack([wide, np.ones(40)])
    unit = np.append(wide.std(axis=0), 1.0)
    unit[-2] = 1.0
    exact = np.linalg.solve(
        design.T @ design + np.diag((unit / np.array([*[0.7] * (len(unit) - 1), 0.5])) ** 2), design.T @ y
    )
    np.testing.assert_allclose([*mode.coef, mode.intercept], exact, rtol=1e-8)


@pytest.mark.filterwarnings("ignore::bayesreg.RowOrderWarning")  # the rows are sorted by a column on purpose
def test_a_column_that_is_constant_in_the_training_rows_of_one_fold():
    """scikit-learn scales such a column by 1 there, too."""
    group = np.repeat([1.0, 4.0], [30, 10])
    wide = np.column_stack([group, RNG.normal(size=40)])
    y = wide @ [2.0, -1.0] + 0.3 * RNG.normal(size=40)
    model_of = model(br.GaussianPrior(), fit_intercept=False, standardize=True)
    found = br.select_scale(model_of, br.RowData.from_arrays(wide, y), "cv", folds=4, scales=[0.5, 20.0])
    for scale, scores in zip(found.scales, found.fold_scores, strict=True):
        pipeline = make_pipeline(StandardScaler(with_mean=False), Ridge(1.0 / scale**2, fit_intercept=False))
        theirs = cross_val_score(pipeline, wide, y, cv=KFold(4), scoring="neg_mean_squared_error")
        np.testing.assert_allclose(scores, -theirs, rtol=1e-8)


@pytest.mark.parametrize("prior", PRIORS, ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_constant_response(form, prior):
    for value in (0.0, 0.1, 1e6 / 3):
        with pytest.warns(br.DegenerateDataWarning, match="`y` is constant"):
            mode = br.map_estimate(model(prior), form(X, np.full(40, value)))
        assert not mode.coef.any()
        assert mode.intercept == pytest.approx(value, rel=1e-14)
        assert mode.duality_gap == 0.0
        with pytest.warns(br.DegenerateDataWarning, match="`y` is constant"):
            unknown = br.map_estimate(br.LinearModel(prior), form(X, np.full(40, value)))
        assert not unknown.coef.any()
        assert unknown.noise_scale == 0.0


@pytest.mark.parametrize("form", FORMS)
def test_all_columns_constant(form):
    for prior in PRIORS:
        mode = br.map_estimate(model(prior), form(np.ones((40, 3)), Y))
        assert not mode.coef.any()
        assert mode.intercept == pytest.approx(Y.mean())
        assert mode.converged


@pytest.mark.parametrize("form", FORMS)
def test_duplicate_columns(form):
    wide = np.column_stack([X, X[:, 0], X[:, 0]])
    for prior in PRIORS:
        mode = br.map_estimate(model(prior), form(wide, Y))
        assert mode.converged
        assert np.isfinite(mode.coef).all()
    flat = br.map_estimate(model(br.FlatPrior()), form(wide, Y)).coef
    np.testing.assert_allclose(flat[[4, 5]], flat[0], rtol=1e-7)  # minimum norm splits evenly


def test_flat_duplicates_beside_penalised_columns():
    wide = np.column_stack([X, X[:, 0]])
    scale = np.array([np.inf, 0.1, 0.1, 0.1, np.inf])
    for form in FORMS:
        mode = br.map_estimate(model(br.LaplacePrior(scale)), form(wide, Y))
        single = br.map_estimate(model(br.LaplacePrior(scale[:4])), form(X, Y))
        np.testing.assert_allclose(mode.coef[[0, 4]], single.coef[0] / 2, rtol=1e-9)
        np.testing.assert_allclose(mode.coef[1:4], single.coef[1:], rtol=1e-9, atol=1e-12)


def test_a_penalised_column_that_flat_ones_explain_gets_zero():
    wide = np.column_stack([X, X[:, 0] - 3 * X[:, 1] + 1.0])
    scale = np.array([np.inf, np.inf, 0.1, 0.1, 0.1])
    for form in FORMS:
        mode = br.map_estimate(model(br.LaplacePrior(scale)), form(wide, Y))
        assert mode.coef[-1] == 0.0
        assert mode.converged


def test_above_lambda_max_all_is_exactly_zero():
    for form in FORMS:
        X, y = diabetes()
        top = np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max()
        mode = br.map_estimate(model(br.LaplacePrior(1 / (1.0001 * top))), form(X, y))
        assert not mode.coef.any()
        assert mode.duality_gap < 1e-15
        assert br.map_estimate(model(br.LaplacePrior(1 / (0.9999 * top))), form(X, y)).coef.any()


def test_perfectly_fitted_data():
    beta = np.array([1.0, 0.0, -2.0, 0.0])
    for form in FORMS:
        mode = br.map_estimate(model(br.LaplacePrior(1e6)), form(X, X @ beta + 3.0))
        np.testing.assert_allclose(mode.coef, beta, atol=1e-5)
        assert mode.converged


@pytest.mark.parametrize("unit", [1e-6, 1e6, 1e-60, 1e60])
def test_huge_and_tiny_units_change_nothing(unit):
    reference = br.map_estimate(model(br.LaplacePrior(0.1)), br.RowData.from_arrays(X, Y))
    for form in FORMS:
        mode = br.map_estimate(model(br.LaplacePrior(0.1 / unit)), form(X * unit, Y))
        np.testing.assert_allclose(mode.coef * unit, reference.coef, rtol=1e-9, atol=1e-12)
        scaled = br.map_estimate(model(br.LaplacePrior(0.1 * unit), unit), form(X, Y * unit))
        np.testing.assert_allclose(scaled.coef / unit, reference.coef, rtol=1e-9, atol=1e-12)


def test_two_rows():
    for form in FORMS:
        for prior in PRIORS:
            mode = br.map_estimate(model(prior), form(X[:2], Y[:2]))
            assert mode.converged
            assert np.isfinite(mode.coef).all()


def test_a_gap_that_float64_cannot_close_is_said():
    x = np.linspace(0, 1, 60)
    X = np.column_stack([x**k for k in range(1, 16)])
    y = np.sin(6 * x)
    with pytest.warns(br.ConvergenceWarning, match="above tol = 1.0e-25"):
        mode = br.map_estimate(model(br.LaplacePrior(1e9)), br.RowData.from_arrays(X, y), tol=1e-25)
    assert not mode.converged


@pytest.mark.parametrize("seed", range(6))
def test_values_far_off_in_rows_of_weight_zero_hide_no_column(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2_000, 70))
    w = np.r_[np.zeros(256), np.ones(1_744)]
    y = 5.0 * X[:, 0] + 5.0 * X[:, 1] + rng.normal(size=2_000)
    linear = br.LinearModel(br.LaplacePrior(0.1), br.GaussianLikelihood(1.0))
    expected = br.map_estimate(linear, br.RowData.from_arrays(X[256:], y[256:])).coef
    X[:256, 0] = 1e10
    found = br.map_estimate(linear, br.RowData.from_arrays(X, y, w)).coef
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_zeros_of_constant_columns_are_exact_beside_duplicates():
    X, y = one_of_eight()
    wide = np.column_stack([X, X[:, 0], np.ones(60), np.ones(60)])
    for form in FORMS:
        for prior in (br.GaussianPrior(10.0), br.FlatPrior()):
            for w in (None, np.random.default_rng(1).uniform(0.1, 1.0, 60)):
                assert not br.map_estimate(model(prior), form(wide, y, w)).coef[-2:].any()
