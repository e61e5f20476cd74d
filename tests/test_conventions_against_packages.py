"""Every convention against the coefficients that its own package returned (tests/references/make.py made them)."""

import json
from pathlib import Path

import numpy as np
import pytest

import bayesreg as br

STORED = json.loads((Path(__file__).parent / "references" / "references.json").read_text())
DATA = {name: np.array(values) for name, values in STORED["data"].items()}
RECORDS = STORED["records"]


def label(record):
    values = ",".join(
        f"{name}={value}" if not isinstance(value, list) else name for name, value in record["values"].items()
    )
    flags = "w" * record["weighted"] + "-" * (not record["fit_intercept"])
    return f"{record['package']} {record['version']}|{record['key']}({values}){flags}"


def arrays(record):
    X = DATA["X"]
    y = DATA[record["response"]]
    if record.get("scaled"):
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        y = y - y.mean()
    return X, y, DATA["weights"] if record["weighted"] else None


def penalty_of(record):
    X, y, w = arrays(record)
    return br.translate(
        record["values"],
        record["key"],
        "Penalty",
        X=X,
        y=y,
        sample_weight=w,
        fit_intercept=record["fit_intercept"],
    ).penalty


def slopes(record, coef, intercept):
    """Return −∂loss/∂(β₀, β) of the family's negative log-likelihood."""
    X, y, w = arrays(record)
    eta = X @ coef + intercept
    mean = {"y": eta, "binary": 1.0 / (1.0 + np.exp(-eta)), "counts": np.exp(np.minimum(eta, 50.0))}[
        record["response"]
    ]
    residual = (y - mean) * (1.0 if w is None else w)
    return residual.sum(), X.T @ residual


def violation(record, penalty):
    """Return how far the package's own answer is from optimal, in units of the largest slope at zero."""
    coef = np.array(record["coef"])
    at_intercept, gradient = slopes(record, coef, record["intercept"])
    X = arrays(record)[0]
    null = slopes(record, np.zeros(coef.size), 0.0)[1]
    l1, l2 = (np.broadcast_to(part, coef.shape) for part in (penalty.l1, penalty.l2))
    slope = gradient - l2 * coef
    wrong = np.where(coef != 0.0, np.abs(slope - l1 * np.sign(coef)), np.maximum(np.abs(slope) - l1, 0.0))
    intercept = abs(at_intercept) * np.abs(X).max() if record["fit_intercept"] else 0.0
    return max(wrong.max(), intercept) / np.abs(null).max()


def test_every_package_that_was_run_has_records():
    run = {key for key, row in br.CONVENTIONS.items() if row.evidence.startswith("run against")}
    assert run == {record["key"] for record in RECORDS}
    for record in RECORDS:
        assert record["version"].split("+")[0] in br.CONVENTIONS[record["key"]].evidence, record["key"]


@pytest.mark.parametrize("record", RECORDS, ids=label)
def test_the_packages_answer_is_optimal_under_our_reading(record):
    assert violation(record, penalty_of(record)) < 30 * record["tol"]


GAUSSIAN = [record for record in RECORDS if record["response"] == "y"]


@pytest.mark.parametrize("record", GAUSSIAN, ids=label)
def test_our_mode_is_the_packages_coefficients(record):
    X, y, w = arrays(record)
    model = br.LinearModel(
        penalty_of(record).to_prior(1.0), br.GaussianLikelihood(1.0), fit_intercept=record["fit_intercept"]
    )
    mode = br.map_estimate(model, br.RowData.from_arrays(X, y, w))
    coef = np.array(record["coef"])
    np.testing.assert_allclose(mode.coef, coef, rtol=0, atol=record["tol"] * np.abs(coef).max())
    if record["fit_intercept"]:
        reach = np.abs(X).max(axis=0).sum()
        assert abs(mode.intercept - record["intercept"]) <= record["tol"] * np.abs(coef).max() * reach + 1e-9


def test_a_wrong_reading_is_seen():
    """The records can tell one convention from another: n, sd(y), a half, a standardisation."""
    for record in GAUSSIAN:
        right = penalty_of(record)
        for wrong in (
            br.Penalty(right.l1 * 1.05, right.l2 * 1.05),
            br.Penalty(right.l1 * 2.0, right.l2 * 2.0),
        ):
            assert violation(record, wrong) > 3 * violation(record, right) + 1e-5
