"""Each kind of bad input gets an error that names the place and the remedy, from data and estimator alike."""

import numpy as np
import pandas as pd
import pytest
from conftest import one_of_eight

import bayesreg as br

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=20)


def put(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


def frame(**columns):
    return pd.DataFrame({"bmi": X[:, 0], "bp": X[:, 1], **columns})


CASES = {
    "NaN in X": (put(X, ([2, 17], [1, 1]), np.nan), Y, None, r"`X` has 2 NaN in column 'x1' \(first at row 2\)"),
    "NaN in a frame": (frame(age=put(Y, 17, np.nan)), Y, None, r"`X` has 1 NaN in column 'age' \(first at row 17\)"),
    "NaN in two columns": (put(X, (3, [0, 2]), np.nan), Y, None, r"'x0' \(first at row 3\), and 1 other column"),
    "missing in a nullable frame": (
        frame(age=pd.array([None, *range(19)], dtype="Int64")), Y, None, r"1 NaN in column 'age' \(first at row 0\)",
    ),
    "infinity in X": (put(X, (4, 0), -np.inf), Y, None, r"`X` has 1 infinity in column 'x0' \(first at row 4\).*impute"),
    "NaN in y": (X, put(Y, 5, np.nan), None, r"`y` has 1 NaN \(first at row 5\)"),
    "infinity in y": (X, put(Y, 5, np.inf), None, r"`y` has 1 infinity \(first at row 5\)"),
    "1-D X": (X[:, 0], Y, None, r"Expected 2D array, got 1D array instead.*Reshape your data"),
    "3-D X": (X[:, :, None], Y, None, "Expected 2D array, got 3D array"),
    "no rows": (X[:0], Y[:0], None, r"`X` has no row: 0 sample\(s\)"),
    "one row": (X[:1], Y[:1], None, r"at least 2 rows.*n_samples = 1"),
    "one row with a weight": (X, Y, put(np.zeros(20), 3, 1.0), r"at least 2 rows.*n_samples = 1"),
    "no features": (X[:, :0], Y, None, r"`X` has no column: 0 feature\(s\) \(shape=\(20, 0\)\)"),
    "text": (np.array([["a", "b"]] * 20), Y, None, "`X` holds text.*OneHotEncoder"),
    "text column": (frame(city=["a", "b"] * 10), Y, None, "`X` holds text in 'city'.*OneHotEncoder"),
    "categorical column": (
        frame(city=pd.Categorical(["a", "b"] * 10)), Y, None, "`X` holds text in 'city'.*OneHotEncoder",
    ),
    "dates": (frame(day=pd.date_range("2020-01-01", periods=20)), Y, None, r"X\['day'\]` holds dates"),
    "complex": (X + 1j, Y, None, "Complex data not supported"),
    "ragged": ([[1.0, 2.0], [3.0]] * 10, Y, None, "`X` is no array of numbers: its rows differ in length"),
    "too large": (put(X, (0, 1), 1e200), Y, None, "`X` reaches 1e\\+200 in column 'x1'.*Change its units"),
    "too small": (X * np.array([1, 1e-200, 1]), Y, None, "in column 'x1'. float64 cannot hold its square"),
    "wrong length y": (X, Y[:5], None, "inconsistent numbers of samples: X has 20 rows, y has 5"),
    "several responses": (X, np.column_stack([Y, Y]), None, r"`y` must have shape \(n_samples,\).*Fit one model for each"),
    "text y": (X, ["a"] * 20, None, "`y` holds text"),
    "no y": (X, None, None, "requires y to be passed, but the target y is None"),
    "negative weight": (X, Y, put(np.ones(20), 7, -1.0), r"1 negative entries \(first at row 7: -1\)"),
    "all weights zero": (X, Y, np.zeros(20), "zero for every row"),
    "NaN weight": (X, Y, put(np.ones(20), 7, np.nan), "`sample_weight` has 1 NaN"),
    "weights of wrong shape": (X, Y, np.ones(7), r"one weight for each of the 20 rows, shape \(20,\); got shape \(7,\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_data(case):
    X, y, w, message = CASES[case]
    with pytest.raises((TypeError, ValueError), match=message):
        br.RowData.from_arrays(X, y, w)
    with pytest.raises((TypeError, ValueError), match=message):
        br.BayesRegressor().fit(X, y, w)
    if not case.startswith("one row"):
        with pytest.raises((TypeError, ValueError), match=message):
            br.GramData.from_arrays(X, y, w)


def test_one_row_of_statistics_is_no_data():
    with pytest.raises(ValueError, match="at least 2 rows"):
        br.map_estimate(br.LinearModel(br.GaussianPrior(1.0)), br.GramData.from_arrays(X[:1], Y[:1]))


def test_column_vector_y_is_ravelled_with_a_warning():
    from sklearn.exceptions import DataConversionWarning

    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        data = br.RowData.from_arrays(X, Y[:, None])
    np.testing.assert_array_equal(data.y, Y)


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (br.LaplacePrior({"bmi": 1.0, "bp": 1.0, "agee": 1.0}), r"features that the data do not have: 'agee'.*'bmi', 'bp', 'age'"),
        (br.LaplacePrior({"bmi": 1.0}), "`scale` has no value for 'bp', 'age'.*`factor`"),
        (br.GaussianPrior(1.0, factor={"x": 2.0}), "`factor` names features that the data do not have: 'x'"),
        (br.GaussianPrior([1.0, 2.0]), "`scale` must have one value for each of the 3 features; got 2"),
        (br.GaussianPrior(1.0, factor=[1.0, 2.0]), "`factor` must have one value for each of the 3 features"),
        (br.GaussianPrior(1e90, factor=1e90), "`scale × factor` must lie between"),
    ],
)  # fmt: skip
def test_priors_that_do_not_fit(prior, message):
    data = br.RowData.from_arrays(X, Y, feature_names=["bmi", "bp", "age"])
    with pytest.raises(ValueError, match=message):
        br.map_estimate(br.LinearModel(prior, br.GaussianLikelihood(1.0)), data)


def test_a_name_that_two_columns_bear_cannot_be_in_a_mapping():
    data = br.RowData.from_arrays(X, Y, feature_names=["a", "a", "b"])
    linear = br.LinearModel(br.GaussianPrior(1.0, factor={"a": 2.0}), br.GaussianLikelihood(1.0))
    with pytest.raises(ValueError, match="'a', but more than one column has that name"):
        br.map_estimate(linear, data)
    only_b = br.LinearModel(br.GaussianPrior(1.0, factor={"b": 2.0}), br.GaussianLikelihood(1.0))
    assert br.map_estimate(only_b, data).converged


def test_names_order_does_not_matter_in_a_mapping():
    data = br.RowData.from_arrays(X, Y, feature_names=["a", "b", "c"])
    by_name = br.LaplacePrior({"c": 0.3, "a": 0.1, "b": 0.2})
    modes = [
        br.map_estimate(br.LinearModel(prior, br.GaussianLikelihood(1.0)), data)
        for prior in (by_name, br.LaplacePrior([0.1, 0.2, 0.3]))
    ]
    np.testing.assert_array_equal(modes[0].coef, modes[1].coef)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, d: br.map_estimate(m, (X, Y)), TypeError, "`data` must be RowData, GramData or RowSource"),
        (lambda m, d: br.map_estimate(br.GaussianPrior(), d), TypeError, "`model` must be a LinearModel"),
        (lambda m, d: br.map_estimate(m, d, tol=0), ValueError, "`tol` must be a positive number"),
        (lambda m, d: br.map_path(br.GaussianPrior(), d), TypeError, "`model` must be a LinearModel"),
        (lambda m, d: br.map_path(m, d, scales=[]), ValueError, "`scales` must be positive"),
        (lambda m, d: br.map_path(m, d, scales=[1.0, -1.0]), ValueError, "`scales` must be positive"),
        (lambda m, d: br.map_path(m, d, n_scales=0), ValueError, "`n_scales` must be a whole number"),
        (lambda m, d: br.map_path(m, d, min_ratio=1.0), ValueError, "`min_ratio` must lie between 0 and 1"),
        (
            lambda m, d: br.map_path(br.LinearModel(br.LaplacePrior(1.0)), d),
            ValueError,
            "map_path needs known noise",
        ),
        (lambda m, d: br.RowData.from_arrays(X, Y, feature_names="abc"), TypeError, "sequence of names"),
        (
            lambda m, d: br.RowData.from_arrays(X, Y, feature_names=["a"]),
            ValueError,
            "one name for each of the 3",
        ),
    ],
)
def test_bad_calls(call, error, message):
    linear = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(1.0))
    with pytest.raises(error, match=message):
        call(linear, br.RowData.from_arrays(X, Y))


@pytest.mark.parametrize(
    "prior", [br.FlatPrior(), br.LaplacePrior([1.0, 2.0, 3.0]), br.GaussianPrior(np.inf)]
)
def test_paths_need_one_number_to_vary(prior):
    linear = br.LinearModel(prior, br.GaussianLikelihood(1.0))
    with pytest.raises((TypeError, ValueError), match=r"FlatPrior has no scale|as `factor`|infinite scale"):
        br.map_path(linear, br.RowData.from_arrays(X, Y))


def test_a_sampled_scale_has_no_mode():
    import numpyro.distributions as dist

    prior = br.LaplacePrior(dist.HalfNormal(1.0))
    linear = br.LinearModel(prior, br.GaussianLikelihood(1.0))
    for find in (br.map_estimate, br.map_path):
        with pytest.raises(br.NoModeError, match=r"no joint mode.*select_scale"):
            find(linear, br.RowData.from_arrays(X, Y))


def test_masked_entries_are_missing():
    X, y = one_of_eight()
    with pytest.raises(ValueError, match="`X` has 1 NaN in column 'x2'"):
        br.RowData.from_arrays(np.ma.masked_array(X, mask=np.arange(480).reshape(60, 8) == 10), y)
