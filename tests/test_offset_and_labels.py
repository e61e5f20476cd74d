"""The known part of the linear predictor, and labels in place of 0 and 1."""

import warnings

import numpy as np
import pandas as pd
import pytest

import bayesreg as br

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
OFFSET = RNG.normal(size=60)
Y = 0.4 + OFFSET + X @ [1.0, -0.5, 0.0] + 0.7 * RNG.normal(size=60)
WEIGHT = RNG.uniform(0.2, 2.0, 60)
YES = (X[:, 0] + RNG.logistic(size=60) > 0.0).astype(float)


def test_a_gaussian_offset_is_taken_from_y():
    model = br.LinearModel(br.LaplacePrior(0.3), br.GaussianLikelihood(0.7))
    with_offset = br.RowData.from_arrays(X, Y, WEIGHT, offset=OFFSET)
    less = br.RowData.from_arrays(X, Y - OFFSET, WEIGHT)
    a, b = br.map_estimate(model, with_offset), br.map_estimate(model, less)
    np.testing.assert_array_equal(a.coef, b.coef)
    assert a.intercept == b.intercept
    one, other = (
        br.sample_posterior(model, data, num_samples=100, progress=False) for data in (with_offset, less)
    )
    np.testing.assert_array_equal(one["posterior"]["coef"].values, other["posterior"]["coef"].values)
    for tree, data in ((one, with_offset), (other, less)):
        assert br.certify_posterior(tree, model, data).ok
    np.testing.assert_allclose(
        *(
            br.add_log_likelihood(t, model, d)["log_likelihood"]["y"].values
            for t, d in ((one, with_offset), (other, less))
        )
    )
    np.testing.assert_allclose(
        br.check_predictions(one, with_offset).places, br.check_predictions(other, less).places, atol=1e-12
    )
    new = X[:4]
    with pytest.raises(ValueError, match="had an offset, so predictions need one"):
        br.predict_posterior(one, new)
    shifted = br.predict_posterior(one, new, offset=[1.0, 2.0, 0.0, -1.0])
    plain = br.predict_posterior(other, new)
    np.testing.assert_allclose(shifted["lower"] - plain["lower"], [1.0, 2.0, 0.0, -1.0], atol=1e-9)
    np.testing.assert_allclose(shifted["sd"], plain["sd"])


@pytest.mark.parametrize("method", ["cv", "loo", "gcv", "evidence"])
def test_a_scale_is_chosen_with_the_offset_taken_off(method):
    model = br.LinearModel(br.GaussianPrior(), br.GaussianLikelihood(0.7))
    found = [
        br.select_scale(model, data, method)
        for data in (br.RowData.from_arrays(X, Y, offset=OFFSET), br.RowData.from_arrays(X, Y - OFFSET))
    ]
    np.testing.assert_allclose(found[0].scores, found[1].scores)


@pytest.mark.parametrize(
    "labels",
    [
        np.where(YES > 0, "yes", "no"),
        np.where(YES > 0, "yes", "no").astype(object),
        pd.Series(np.where(YES > 0, "yes", "no")),
        pd.Categorical(np.where(YES > 0, "yes", "no")),
        pd.Series(np.where(YES > 0, "yes", "no"), dtype="string"),
        YES > 0,
        pd.array(YES > 0, dtype="boolean"),
        np.where(YES > 0, 2, 1),
        np.where(YES > 0, 1, -1),
        np.where(YES > 0, 7.5, 3.5),
    ],
    ids=[
        "text",
        "objects",
        "series",
        "categorical",
        "string",
        "bool",
        "nullable",
        "1 and 2",
        "-1 and 1",
        "numbers",
    ],
)
def test_labels_of_two_kinds_are_0_and_1(labels):
    model = br.LinearModel(br.LaplacePrior(0.5), br.BernoulliLikelihood())
    ours = br.map_estimate(model, br.RowData.from_arrays(X, labels))
    expected = br.map_estimate(model, br.RowData.from_arrays(X, YES))
    np.testing.assert_array_equal(ours.coef, expected.coef)


def test_labels_are_for_a_bernoulli_likelihood():
    data = br.RowData.from_arrays(X, np.where(YES > 0, "yes", "no"))
    assert data.labels == ("no", "yes")
    with pytest.raises(ValueError, match="'no', 'yes', and the model is a GaussianLikelihood"):
        br.map_estimate(br.LinearModel(br.LaplacePrior(0.5), br.GaussianLikelihood(1.0)), data)
    for labels, message in (
        (np.resize(["a", "b", "c"], 60), "text of 3 kinds, 'a', 'b', 'c'"),
        (["same"] * 60, "text of 1 kinds"),
        (["a", None] * 30, "holds labels, but 30 of its entries are none"),
    ):
        with pytest.raises(ValueError, match=message):
            br.RowData.from_arrays(X, labels)


@pytest.mark.parametrize(
    ("offset", "message"),
    [
        (np.zeros(59), "one number for each of the 60 rows"),
        (
            np.log(
                np.where(np.arange(60) == 7, 0.0, 1.0), where=np.arange(60) != 7, out=np.full(60, -np.inf)
            ),
            "-inf at row 7: an exposure of 0",
        ),
        (np.where(np.arange(60) == 3, np.nan, 1.0), "`offset` has 1 NaN"),
        (["a"] * 60, "`offset` holds text"),
    ],
)
def test_an_offset_must_be_finite_numbers(offset, message):
    with warnings.catch_warnings(), pytest.raises(ValueError, match=message):
        br.RowData.from_arrays(X, Y, offset=offset)
