"""Answers of R's glmnet and of ppmlhdfe (Stata) for yes/no and counts, stored with the projects that print them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bayesreg as br
from bayesreg.model import separation

DATA = Path(__file__).parent / "data"
GLMNET = json.loads((DATA / "glmnet_glm.json").read_text())  # statsmodels' tests of fit_regularized, BSD-3
SETS = json.loads(
    (DATA / "ppmlhdfe_separation.json").read_text()
)  # test/separation_datasets of ppmlhdfe, MIT


@pytest.mark.parametrize(
    ("family", "likelihood"), [("binomial", br.BernoulliLikelihood()), ("poisson", br.PoissonLikelihood())]
)
def test_eighteen_fits_of_glmnet(family, likelihood):
    """R read the file with its first row as the header, so 199 rows; its columns have mean 0 and sd 1 (ddof 1).

    Each fit is l1_ratio, lambda and the coefficients, without an intercept and unstandardised by glmnet.
    """
    rows = np.array(GLMNET[family]["rows"])
    y, X = rows[:, 0], rows[:, 1:]
    X = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
    assert len(GLMNET[family]["fits"]) == 9
    for ratio, lambda_, *coef in GLMNET[family]["fits"]:
        of_glmnet = br.LinearModel.like(
            f"glmnet.{family}", X, y, lambda_=lambda_, alpha=ratio, standardize=False
        )
        model = replace(of_glmnet, fit_intercept=False)
        assert model.likelihood == likelihood
        found = br.map_estimate(model, br.RowData.from_arrays(X, y))
        np.testing.assert_allclose(found.coef, coef, rtol=0, atol=5e-5)
        assert found.duality_gap < 1e-10


def columns_of(name):
    """Return regressors, fixed effects as columns of 0 and 1, an intercept, y and the rows that ppmlhdfe separates."""
    names, rows = SETS[name]["columns"], np.array(SETS[name]["rows"])
    effects = [j for j, one in enumerate(names) if one.startswith("id")]
    dummies = [rows[:, j] == value for j in effects for value in np.unique(rows[:, j])[1:]]
    regressors = [rows[:, j] for j, one in enumerate(names) if one.startswith("x")]
    return np.column_stack([*regressors, *dummies]).astype(float), rows[:, 0], rows[:, -1] == 1.0


@pytest.mark.parametrize("name", SETS)
def test_separated_rows_are_those_of_ppmlhdfe(name):
    """One direction after the other is looked for among the rows that are left."""
    X, y, expected = columns_of(name)
    columns = np.column_stack([X, np.ones(len(y))])
    columns /= np.abs(columns).max(axis=0)
    flagged = np.zeros(len(y), dtype=bool)
    while (
        found := separation._direction(columns[~flagged], -(y[~flagged] == 0.0).astype(float))
    ) is not None:
        flagged |= ~flagged & (np.abs(columns @ found) > 1e-7)
    np.testing.assert_array_equal(flagged, expected)


@pytest.mark.parametrize("name", SETS)
def test_a_mode_is_refused_exactly_if_ppmlhdfe_separates_a_row(name):
    X, y, separated = columns_of(name)
    counts = np.ceil(y)  # theirs are not all whole; only their zeros separate
    model = br.LinearModel(br.FlatPrior(), br.PoissonLikelihood())
    if separated.any():
        with pytest.raises(br.NoModeError, match="the rows are separated"):
            br.map_estimate(model, br.RowData.from_arrays(X, counts))
    rest = ~separated
    assert br.map_estimate(model, br.RowData.from_arrays(X[rest], counts[rest])).kkt_residual < 1e-6
