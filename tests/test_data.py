"""Rows, sufficient statistics and chunks are the same data."""

import datetime

import numpy as np
import pandas as pd
import pytest
from conftest import PROBLEMS, model, one_of_eight, wide

import bayesreg as br

PRIORS = {
    "laplace": br.LaplacePrior(0.05),
    "gaussian": br.GaussianPrior(0.3),
    "elastic net": br.ElasticNetPrior(0.05, 0.5),
    "laplace, default scale": br.LaplacePrior(),
    "laplace with flat columns": br.LaplacePrior(0.05, factor={"x1": np.inf, "x3": 2.0}),
}


def seven_chunks(X, y, w, seed=0):
    """Cut the rows into seven unequal blocks in random order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    cuts = np.sort(rng.choice(np.arange(2, len(y) - 2), 6, replace=False))
    blocks = np.split(order, cuts)
    assert len({len(block) for block in blocks}) > 1
    return [(X[i], y[i]) if w is None else (X[i], y[i], w[i]) for i in blocks]


def all_forms(X, y, w=None):
    return (
        br.RowData.from_arrays(X, y, w),
        br.GramData.from_arrays(X, y, w),
        br.GramData.from_chunks(seven_chunks(X, y, w)),
    )


def assert_same_mode(a, b, X, rtol):
    sd = X.std(axis=0)
    size = np.abs(a.coef * sd).max()
    np.testing.assert_allclose(a.coef * sd, b.coef * sd, rtol=0, atol=rtol * size)
    mean_size = np.abs(a.intercept) + np.abs(X.mean(axis=0) * a.coef).sum()
    np.testing.assert_allclose(a.intercept, b.intercept, rtol=0, atol=rtol * mean_size)
    np.testing.assert_array_equal(a.coef == 0, b.coef == 0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_rows_equal_gram_equal_chunks(name, prior, intercept, weighted):
    X, y = PROBLEMS[name]()
    w = np.random.default_rng(2).uniform(0.1, 2.0, len(y)) if weighted else None
    linear = model(PRIORS[prior], fit_intercept=intercept)
    rows, gram, chunks = (br.map_estimate(linear, data) for data in all_forms(X, y, w))
    assert_same_mode(rows, gram, X, 1e-10)
    assert_same_mode(rows, chunks, X, 1e-10)
    assert max(rows.duality_gap, gram.duality_gap, chunks.duality_gap) < 1e-10


@pytest.mark.parametrize("prior", ["laplace", "gaussian", "laplace, default scale"])
def test_a_shift_by_a_million_costs_only_what_it_costs_x(prior):
    X, y = PROBLEMS["diabetes-unscaled"]()
    linear = model(PRIORS[prior])
    reference = br.map_estimate(linear, br.RowData.from_arrays(X, y))
    for data in all_forms(X + 1e6, y):
        mode = br.map_estimate(linear, data)
        sd = X.std(axis=0)
        np.testing.assert_allclose(
            mode.coef * sd, reference.coef * sd, rtol=0, atol=1e-7 * np.abs(reference.coef * sd).max()
        )


@pytest.mark.parametrize("prior", ["laplace", "gaussian"])
def test_unknown_noise_agrees_between_forms(prior):
    X, y = PROBLEMS["diabetes"]()
    linear = br.LinearModel(br.LaplacePrior(400.0) if prior == "laplace" else br.GaussianPrior(400.0))
    rows, gram, chunks = (br.map_estimate(linear, data) for data in all_forms(X, y))
    for other in (gram, chunks):
        assert_same_mode(rows, other, X, 1e-9)
        np.testing.assert_allclose(other.noise_scale, rows.noise_scale, rtol=1e-10)


def test_merging_is_exact_about_counts_and_associative():
    X, y = wide(30, 4)
    w = np.linspace(0.0, 2.0, 30)
    blocks = [br.GramData.from_arrays(*chunk) for chunk in seven_chunks(X, y, w)]
    whole = br.GramData.from_arrays(X, y, w)
    left = sum(blocks)
    right = blocks[0] + (blocks[1] + sum(blocks[2:]))
    for merged in (left, right):
        assert merged.n_samples == whole.n_samples == 29
        np.testing.assert_allclose(merged.sum_weights, whole.sum_weights, rtol=1e-14)
        np.testing.assert_allclose(merged.gram, whole.gram, rtol=0, atol=1e-12 * np.abs(whole.gram).max())
        np.testing.assert_allclose(merged.cross, whole.cross, rtol=0, atol=1e-12 * np.abs(whole.cross).max())
        np.testing.assert_allclose(merged.response_ss, whole.response_ss, rtol=1e-12)


def test_statistics_against_numpy():
    X, y = wide(40, 3)
    w = np.random.default_rng(0).uniform(0, 2, 40)
    gram = br.GramData.from_arrays(X, y, w)
    joint = np.cov(np.column_stack([X, y]).T, aweights=w, ddof=0) * w.sum()
    np.testing.assert_allclose(gram.gram, joint[:3, :3], rtol=1e-11)
    np.testing.assert_allclose(gram.cross, joint[:3, 3], rtol=1e-11)
    np.testing.assert_allclose(gram.response_ss, joint[3, 3], rtol=1e-11)
    np.testing.assert_allclose(gram.column_sd, np.sqrt(np.diag(joint)[:3] / w.sum()), rtol=1e-12)


def test_single_row_and_empty_blocks_are_blocks():
    X, y = wide(20, 3)
    chunks = [(X[:1], y[:1]), (X[:0], y[:0]), (X[1:7], y[1:7]), (X[7:8], y[7:8], [0.0]), (X[7:], y[7:])]
    merged = br.GramData.from_chunks(iter(chunks))
    np.testing.assert_allclose(merged.gram, br.GramData.from_arrays(X, y).gram, rtol=1e-12)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (lambda X, y: (X[:0], y[:5]), "chunk 1: `X` has no row, but `y` has 5"),
        (lambda X, y: (X[:0], y[:0], np.ones(3)), "`sample_weight` has 3"),
        (lambda X, y: (X[:0], y[:0], None, ["a"]), "`labels` has 1"),
        (lambda X, y: (X[:0, :1], y[:0]), "same features in the same order"),
        (lambda X, y: (X, y[:9], np.zeros(20)), "X has 20 rows, y has 9"),
        (lambda X, y: (X, y, np.zeros((20, 2))), "one weight for each of the 20 rows"),
        (lambda X, y: (X[:, :2], y, np.zeros(20)), "same features in the same order"),
        (lambda X, y: (X, y, np.zeros(20), list("abc")), "one label for each of the 20 rows"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_block_without_rows_must_be_one(last, said, first):
    X, y = wide(20, 3)
    whole = (X, y, None, list("ab") * 10) if len(last(X, y)) == 4 else (X, y)
    chunks = [last(X, y), whole] if first else [whole, last(X, y)]
    with pytest.raises(ValueError, match=said.replace("chunk 1", f"chunk {0 if first else 1}")):
        br.GramData.from_chunks(chunks)


def test_short_blocks_with_numbered_folds_are_told_of():
    X, y = wide(20, 3)
    data = br.GramData.from_chunks([(X[i : i + 4], y[i : i + 4]) for i in range(0, 20, 4)], folds=5)
    with pytest.raises(ValueError, match="Each chunk was cut into that many folds by itself"):
        br.select_scale(br.LinearModel(br.GaussianPrior()), data)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pd.date_range("2020-03-01", periods=4, tz="Asia/Tokyo"), "dates"),
        ([datetime.time(i) for i in range(4)], "times of day"),
        (pd.period_range("2020Q1", periods=4, freq="Q"), "periods"),
        (pd.interval_range(0, 4), "intervals"),
        ([datetime.date(2020, 1, 1), None] * 2, "dates"),
        (pd.to_timedelta(range(4), unit="h"), "durations"),
    ],
)
def test_places_and_stretches_of_time_are_named(values, said):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 5.0], "when": values})
    with pytest.raises(ValueError, match=rf"`X\['when'\]` holds .*{said}.* Turn them into numbers first"):
        br.RowData.from_arrays(frame, [1.0, 2.0, 3.0, 4.0])


def test_blocks_that_do_not_fit_are_refused():
    X, y = wide(20, 3)
    a = br.GramData.from_arrays(X, y, feature_names=["a", "b", "c"])
    b = br.GramData.from_arrays(X, y, feature_names=["b", "a", "c"])
    with pytest.raises(ValueError, match="same features in the same order"):
        a + b
    with pytest.raises(TypeError):
        a + 1
    with pytest.raises(ValueError, match="chunk 1: `X` has 1 NaN"):
        br.GramData.from_chunks([(X, y), (np.where(np.arange(20)[:, None] == 3, np.nan, X)[:, :1], y)])
    with pytest.raises(TypeError, match=r"chunk 0 must be \(X, y\)"):
        br.GramData.from_chunks([X])
    with pytest.raises(ValueError, match="no row"):
        br.GramData.from_chunks(iter([]))


def test_gram_beyond_the_memory_budget_is_refused_with_its_bytes():
    X = np.zeros((2, 20_000))
    X[0] = 1.0
    with pytest.raises(MemoryError, match="3,200,000,000 bytes"):
        br.GramData.from_arrays(X, [0.0, 1.0])
    mode = br.map_estimate(model(br.LaplacePrior(1.0)), br.RowData.from_arrays(X, [0.0, 1.0]))
    assert mode.converged


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.astype(np.float32),
        lambda X: X.astype(int),
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1][::-1],
        lambda X: X.tolist(),
        lambda X: X.astype(object),
        lambda X: X.astype(np.float64, order="K"),
    ],
    ids=["float32", "int", "fortran", "strided", "reversed twice", "list", "object", "float64"],
)
def test_array_kinds_give_the_same_answer(convert):
    rng = np.random.default_rng(0)
    X = rng.integers(-9, 9, size=(50, 6)).astype(float)  # exact in float32 and int
    y = rng.integers(-9, 9, size=50).astype(float)
    expected = br.map_estimate(model(br.LaplacePrior(0.1)), br.RowData.from_arrays(X, y))
    given = convert(X)
    mode = br.map_estimate(model(br.LaplacePrior(0.1)), br.RowData.from_arrays(given, y.astype(np.float32)))
    np.testing.assert_allclose(mode.coef, expected.coef, rtol=1e-13, atol=1e-15)


def test_read_only_input_is_left_alone():
    X, y = wide(20, 3)
    w = np.ones(20)
    copies = [array.copy() for array in (X, y, w)]
    for array in (X, y, w):
        array.setflags(write=False)
    for data in (br.RowData.from_arrays(X, y, w), br.GramData.from_arrays(X, y, w)):
        for intercept in (True, False):
            br.map_estimate(model(br.LaplacePrior(0.1), fit_intercept=intercept, standardize=True), data)
            br.map_estimate(model(br.FlatPrior(), fit_intercept=intercept), data)
    for array, copy in zip((X, y, w), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_frames_give_names_and_the_same_numbers():
    import pandas as pd
    import polars as pl

    X, y = wide(20, 3)
    names = ["b", "a", "c d"]
    frames = (
        pd.DataFrame(X, columns=names),
        pl.DataFrame(X, schema=names, orient="row"),
        pd.DataFrame(X, columns=names).convert_dtypes(),
    )
    for frame in frames:
        data = br.RowData.from_arrays(frame, pd.Series(y))
        assert data.feature_names == ("b", "a", "c d")
        np.testing.assert_array_equal(data.X, X)
    assert br.RowData.from_arrays(X, y).feature_names == ("x0", "x1", "x2")
    assert br.RowData.from_arrays(frames[0], y, feature_names=list("xyz")).feature_names == ("x", "y", "z")


def test_a_row_of_weight_zero_is_absent_whatever_it_holds():
    X, y = one_of_eight()
    w = np.ones(60)
    w[0] = 0.0
    wild, wild_y = X.copy(), y.copy()
    wild[0, 1], wild_y[0] = 1e14, -9.99e20
    for options in (
        {},
        {"fit_intercept": False},
        {"standardize": True},
        {"standardize": True, "fit_intercept": False},
    ):
        for prior in (br.LaplacePrior(0.1), br.LaplacePrior(), br.GaussianPrior()):
            for form in (br.RowData.from_arrays, br.GramData.from_arrays):
                mode = br.map_estimate(model(prior, **options), form(wild, wild_y, w))
                expected = br.map_estimate(model(prior, **options), form(X[1:], y[1:]))
                np.testing.assert_allclose(mode.coef, expected.coef, rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(mode.penalty.l1, expected.penalty.l1, rtol=1e-12)


def test_names_that_are_numbers_can_be_keys():
    X, y = one_of_eight()
    frame = pd.DataFrame(X)
    mode = br.map_estimate(model(br.LaplacePrior(0.1, factor={1: 2.0})), br.RowData.from_arrays(frame, y))
    assert mode.penalty.l1[1] == pytest.approx(5.0)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("n_far", [0, 2, 20])
@pytest.mark.parametrize("order", ["C", "F"])
def test_products_of_tall_centred_rows_are_those_of_centred_columns(order, n_far, weighted):
    rng = np.random.default_rng(n_far)
    X = np.array(rng.normal(size=(4000, 40)) + rng.uniform(-1.0, 1.0, 40), order=order)
    X[:, :n_far] += 10.0 ** rng.uniform(1.0, 3.0, n_far)  # large beside the spread
    X[:, 38], X[:, 39] = 7.0, 0.0
    X *= 10.0 ** rng.uniform(-3.0, 3.0, 40)
    X[0, 25] = 1e3 * abs(X[:, 25]).max()  # the first rows tell nothing about the others
    y, weights = rng.normal(size=4000), rng.uniform(0.5, 2.0, size=4000) if weighted else np.ones(4000)
    rows, means = br.RowData.from_arrays(X, y, sample_weight=weights).least_squares(centre=True)
    by_hand = np.average(X, axis=0, weights=weights)
    Z = (X - by_hand) * np.sqrt(weights)[:, None]
    z = (y - np.average(y, weights=weights)) * np.sqrt(weights)
    Z[:, 38:] = 0.0
    size = np.linalg.norm(Z, axis=0)
    np.testing.assert_allclose(means.x, by_hand, rtol=1e-13, atol=1e-13 * size.min(initial=1.0))
    np.testing.assert_allclose(rows.gram, Z.T @ Z, rtol=0.0, atol=1e-13 * size.max() ** 2)
    away = np.abs(rows.gram - Z.T @ Z) / np.maximum(np.outer(size, size), 1e-300)
    assert away.max() < 1e-12
    assert (np.abs(rows.cross - Z.T @ z) <= 1e-12 * size * np.linalg.norm(z)).all()
    np.testing.assert_array_equal(rows.gram, rows.gram.T)
