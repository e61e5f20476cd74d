"""Every convention against the coefficients that its own package returned (tests/references/make.py made them)."""

import json
from pathlib import Path

import numpy as np
import pytest

import bayesreg as br

STORED = json.loads((Path(__file__).parent / "references" / "references.json").read_text())
DATA = {name: np.array(values) for name, values in STORED["data"].items()}
ALL_RECORDS = STORED["records"]
RECORDS = [one for one in ALL_RECORDS if one["key"] != "spark.GeneralizedLinearRegression"]
DISPERSION = 2.0  # of every negative binomial fit


def label(record):
    values = ",".join(
        f"{name}={value}" if not isinstance(value, list) else name for name, value in record["values"].items()
    )
    flags = "w" * record["weighted"] + "o" * has_offset(record) + "-" * (not record["fit_intercept"])
    return f"{record['package']} {record['version']}|{record['key']}({values}){flags}"


def has_offset(record):
    return record.get("has_offset", False)


def offset(record):
    return DATA["offset"] if has_offset(record) else None


def family(record):
    """Return what `br.audit` takes as the family of a record."""
    of_key = br.CONVENTIONS[record["key"]].family
    return br.NegativeBinomialLikelihood(DISPERSION) if of_key == "negative-binomial" else of_key


def arrays(record):
    X = DATA["X"]
    y = DATA[record["response"]]
    if record.get("scaled"):
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        y = y - y.mean() if record["response"] == "y" else y
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
    eta = X @ coef + intercept + (DATA["offset"] if has_offset(record) else 0.0)
    mean = {"y": eta, "binary": 1.0 / (1.0 + np.exp(-eta)), "counts": np.exp(np.minimum(eta, 50.0))}[
        record["response"]
    ]
    residual = (y - mean) * (1.0 if w is None else w)
    if br.CONVENTIONS[record["key"]].family == "negative-binomial":
        residual = residual / (1.0 + mean / DISPERSION)
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
    assert run == {record["key"] for record in ALL_RECORDS}
    for record in ALL_RECORDS:
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


WITHOUT_NOISE = [record for record in RECORDS if record["response"] != "y" and not record.get("scaled")]


@pytest.mark.parametrize("record", WITHOUT_NOISE, ids=label)
def test_our_mode_of_labels_and_counts_is_the_packages(record):
    """`like` with the package's own numbers: labels, counts, weights, offsets, with and without an intercept."""
    X, y, w = arrays(record)
    values = {name.replace(".", "_"): value for name, value in record["values"].items()}
    known = {"dispersion": DISPERSION} if br.CONVENTIONS[record["key"]].family == "negative-binomial" else {}
    model = br.LinearModel.like(
        record["key"], X, y, sample_weight=w, fit_intercept=record["fit_intercept"], **known, **values
    )
    mode = br.map_estimate(model, br.RowData.from_arrays(X, y, w, offset=offset(record)))
    coef = np.array(record["coef"])
    # a gradient of tol leaves a coefficient off by tol over the smallest curvature
    np.testing.assert_allclose(
        mode.coef, coef, rtol=0, atol=max(30 * record["tol"], 1e-6) * np.abs(coef).max()
    )
    if record["fit_intercept"]:
        reach = np.abs(X).max(axis=0).sum()
        assert abs(mode.intercept - record["intercept"]) <= max(30 * record["tol"], 1e-6) * reach


def test_sparks_generalised_regression_divides_by_its_working_weights():
    """Its answers are no optimum of a penalty fixed before: regParam counts for Σ s·μ at the answer, not for Σs."""
    found = [one for one in ALL_RECORDS if one["key"] == "spark.GeneralizedLinearRegression"]
    assert len(found) == 2
    for record in found:
        X, _, w = arrays(record)
        coef = np.array(record["coef"])
        _, gradient = slopes(record, coef, record["intercept"])
        working = (1.0 if w is None else w) * np.exp(X @ coef + record["intercept"])
        l2 = record["values"]["regParam"] * working.sum()
        np.testing.assert_allclose(gradient, l2 * coef, rtol=1e-5)
        assert abs(l2 / (record["values"]["regParam"] * (40 if w is None else w.sum())) - 1.0) > 0.1
    with pytest.raises(br.NoEquivalent, match="working weights"):
        br.translate(0.05, "spark.GeneralizedLinearRegression", "Penalty", X=DATA["X"], y=DATA["counts"])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("response", ["binary", "counts"])
def test_torchs_weight_decay_by_its_own_steps(reduction, response):
    """PyTorch's SGD written out: the gradient of the loss plus weight_decay times the parameter."""
    key = f"torch.SGD.{'bce' if response == 'binary' else 'poisson'}" + (".sum" if reduction == "sum" else "")
    Z, y = (DATA["X"] - DATA["X"].mean(axis=0)) / DATA["X"].std(axis=0), DATA[response]
    share = 1.0 / len(y) if reduction == "mean" else 1.0
    decay, coef = 0.1 * share * len(y), np.zeros(5)
    for _ in range(4000):
        eta = Z @ coef
        mean = 1.0 / (1.0 + np.exp(-eta)) if response == "binary" else np.exp(eta)
        gradient = share * Z.T @ (mean - y)
        coef = coef - 0.1 / (share * len(y)) * (gradient + decay * coef)
    penalty = br.translate(decay, key, "Penalty", X=Z, y=y, fit_intercept=False).penalty
    family = "binomial" if response == "binary" else "poisson"
    assert br.audit(coef, 0.0, Z, y, penalty, fit_intercept=False, family=family).duality_gap < 1e-12
    with pytest.raises(br.NoEquivalent, match="penalises the intercept"):
        br.translate(decay, key, "Penalty", X=Z, y=y)


def test_a_wrong_reading_is_seen():
    """The records can tell one convention from another: n, sd(y), a half, a standardisation."""
    for record in (*GAUSSIAN, *WITHOUT_NOISE):
        right = penalty_of(record)
        for wrong in (
            br.Penalty(right.l1 * 1.05, right.l2 * 1.05),
            br.Penalty(right.l1 * 2.0, right.l2 * 2.0),
        ):
            assert violation(record, wrong) > 3 * violation(record, right) + 1e-5
