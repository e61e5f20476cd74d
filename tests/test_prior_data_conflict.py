"""What is told before intervals are used: here, weights that say of how many rows they are."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.app.fitted import Fit
from bayesreg.app.words.prior_data_conflict import prior_data_conflicts

RNG = np.random.default_rng(6)
X = RNG.normal(size=(50, 2))
Y = X @ [2.0, -1.0] + 3.0 + RNG.normal(size=50)
RAW = RNG.uniform(0.2, 1.8, 50)


def said(weights, noise_scale=None, holds=br.RowData):
    data = holds.from_arrays(X, Y, weights)
    model = br.LinearModel(br.GaussianPrior(2.0), br.GaussianLikelihood(noise_scale))
    tree = br.sample_posterior(model, data, num_samples=100, progress=False)
    found = prior_data_conflicts(Fit(model, data, br.map_estimate(model, data), tree, None))
    return [one for one in found if one.startswith("The weights of")]


@pytest.mark.parametrize("holds", [br.RowData, br.GramData])
@pytest.mark.parametrize("total", [1.0, 5.0, 2000.0])
def test_weights_that_are_no_counts_of_rows_are_asked_about(holds, total):
    (sentence,) = said(RAW / RAW.sum() * total, holds=holds)
    assert f"of 50 rows sum to {total:g}," in sentence
    assert "divide them by their mean" in sentence


@pytest.mark.parametrize(
    ("weights", "noise_scale"),
    [
        (None, None),
        (RAW / RAW.mean(), None),
        (1.5 * RAW / RAW.mean(), None),
        (RNG.integers(0, 9, 50).astype(float), None),  # copies of rows
        (RAW / RAW.mean() * 40.0, 1.0),  # precisions, beside a noise that is known
    ],
)
def test_weights_that_may_be_meant_are_not(weights, noise_scale):
    assert said(weights, noise_scale) == []


def test_a_sum_of_one_is_never_meant():
    assert said(RAW / RAW.sum(), noise_scale=1.0)
