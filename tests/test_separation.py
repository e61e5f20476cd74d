"""Unpenalised columns that separate the rows are named, and refused; a prior mends it."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.model.row_problem import resolve_rows
from bayesreg.model.separation import separation

RNG = np.random.default_rng(2)
N = 80
A, B = RNG.normal(size=(2, N))
CLINIC = (RNG.random(N) < 0.2).astype(float)
Y = (RNG.random(N) < 0.5).astype(float)
COUNTS = RNG.poisson(1.0, N).astype(float)


def found(columns, y, likelihood=None, *, flat=None, weight=None, fit_intercept=True):
    names = list(columns)
    flat = names if flat is None else flat
    prior = br.GaussianPrior(1.0, factor=dict.fromkeys(flat, np.inf)) if flat else br.GaussianPrior(1.0)
    data = br.RowData.from_arrays(np.column_stack(list(columns.values())), y, weight, feature_names=names)
    model = br.LinearModel(prior, likelihood or br.BernoulliLikelihood(), fit_intercept=fit_intercept)
    return separation(resolve_rows(model, data, "a test"))


def test_overlapping_rows_are_not_separated():
    assert found({"a": A, "b": B, "clinic=B": CLINIC}, Y) is None
    assert found({"a": A, "b": B}, COUNTS, br.PoissonLikelihood()) is None


@pytest.mark.parametrize(
    ("columns", "y", "words"),
    [
        ({"a": A, "clinic=B": CLINIC}, Y * (1.0 - CLINIC), "'clinic=B' never meets y = 1"),
        ({"a": A, "clinic=B": CLINIC}, np.maximum(Y, CLINIC), "'clinic=B' never meets y = 0"),
        ({"a": A, "b": B}, (A > 0.3).astype(float), "'a' separates y = 0 from y = 1: it is at most"),
        ({"a": A, "b": B}, (A < 0.3).astype(float), "'a' separates y = 0 from y = 1: it is at least"),
        ({"a": A, "b": B}, (A + 2 * B > 0.1).astype(float), "together 'a', 'b', the intercept separate"),
        ({"a": A}, np.zeros(N), "y is 0 at all rows"),
        ({"a": A}, np.ones(N), "y is 1 at all rows"),
    ],
)
def test_what_separates_is_named(columns, y, words):
    assert words in found(columns, y)


def test_counts_are_separated_only_by_zeros():
    assert "where 'clinic=B' is not 0, y is 0 at all rows" in found(
        {"clinic=B": CLINIC, "a": A}, COUNTS * (1 - CLINIC), br.PoissonLikelihood()
    )
    many = np.where(CLINIC > 0, 5.0, COUNTS + 1.0)
    assert found({"clinic=B": CLINIC, "a": A}, many, br.PoissonLikelihood()) is None


def test_the_sign_of_a_column_separates_without_an_intercept():
    assert found({"a": A}, (A > 0.0).astype(float), fit_intercept=False) == (
        "the sign of 'a' separates y = 0 from y = 1"
    )
    assert found({"a": A}, (A > 0.3).astype(float), fit_intercept=False) is None


def test_penalised_columns_and_rows_of_weight_0_do_not_count():
    y = (A > 0.3).astype(float)
    assert found({"a": A, "b": B}, y, flat=["b"]) is None
    mixed = y.copy()
    mixed[np.argmax(A)] = 0.0
    assert found({"a": A}, mixed) is None
    assert found({"a": A}, mixed, weight=(np.arange(N) != np.argmax(A)).astype(float)) is not None


def test_fractions_separate_nothing():
    assert found({"a": A}, np.where(A > 0.3, 0.9, 0.1)) is None


def test_many_rows_of_which_few_overlap():
    """The rows asked first may be separated though all are not, and a rare level may be absent from them."""
    rng = np.random.default_rng(0)
    n = 20_000
    a, rare = rng.normal(size=n), (np.arange(n) % 5000 == 17).astype(float)
    y = (a > 0.0).astype(float)
    overlapping = y.copy()
    overlapping[[5, 11_111]] = 1.0 - y[[5, 11_111]]
    if (a[[5, 11_111]] > 0).all() or (a[[5, 11_111]] < 0).all():
        overlapping[12] = 1.0 - y[12]
    columns = {"a": a, "rare": rare}
    random = (rng.random(n) < 0.4).astype(float)
    assert "'rare' never meets y = 1" in found(columns, random * (1.0 - rare))
    assert found({"a": a}, y) is not None
    assert found({"a": a}, overlapping) is None


def test_against_a_brute_force_of_directions():
    """Small whole-number designs: a direction exists if one of many is found, and never contradicts the programme."""
    rng = np.random.default_rng(7)
    directions = np.array(np.meshgrid(*[np.arange(-3, 4)] * 3)).reshape(3, -1).T
    seen = set()
    for _ in range(150):
        columns = rng.integers(-1, 2, size=(7, 2)).astype(float)
        y = rng.integers(0, 2, size=7).astype(float)
        along = np.column_stack([columns, np.ones(7)]) @ directions.T * (2 * y - 1)[:, None]
        expected = bool(((along >= 0).all(axis=0) & (along > 0).any(axis=0)).any())
        if np.ptp(columns, axis=0).min() == 0.0:
            continue
        seen.add(expected)
        assert (found({"a": columns[:, 0], "b": columns[:, 1]}, y) is not None) == expected
    assert seen == {True, False}


def test_a_mode_and_a_posterior_are_refused_and_a_prior_mends_it():
    data = br.RowData.from_arrays(
        np.column_stack([A, CLINIC]), Y * (1.0 - CLINIC), feature_names=["a", "clinic=B"]
    )
    flat = br.LinearModel(br.GaussianPrior(1.0, factor={"clinic=B": np.inf}), br.BernoulliLikelihood())
    with pytest.raises(br.NoModeError, match=r"'clinic=B' never meets y = 1.*GaussianPrior\(2.5\)"):
        br.map_estimate(flat, data)
    with pytest.raises(br.NoModeError, match="never meets"):
        br.map_path(flat, data)
    with pytest.raises(br.ImproperPosteriorError, match="never meets y = 1"):
        br.sample_posterior(flat, data)
    mended = br.LinearModel(br.GaussianPrior(2.5), br.BernoulliLikelihood())
    assert br.map_estimate(mended, data).coef[1] < -1.0
    assert br.sample_posterior(mended, data, progress=False).attrs["certified"] == 1
