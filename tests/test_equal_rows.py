"""Equal rows are merged exactly, and only if that pays."""

import numpy as np
import pytest
from scipy.sparse import csc_array

import bayesreg as br
from bayesreg.data.equal_rows import merged
from bayesreg.likelihoods.base import Likelihood
from bayesreg.model.row_problem import resolve_rows


def _levels(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(0, 3, n), rng.integers(0, 2, n)]).astype(float)
    return X, rng.poisson(np.exp(0.3 * X[:, 0] - 0.2 * X[:, 1])).astype(float)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("with_offset", [False, True])
@pytest.mark.parametrize("n", [3000, 20_000])
def test_each_different_row_has_the_sum_of_the_weights(n: int, with_offset: bool, sparse: bool) -> None:
    X, y = _levels(n)
    rng = np.random.default_rng(1)
    weight, offset = rng.random(n), rng.integers(0, 2, n) * 0.25
    data = br.RowData.from_arrays(
        csc_array(X) if sparse else X, y, sample_weight=weight, offset=offset if with_offset else None
    )
    found = merged(data)
    dense = found.X if isinstance(found.X, np.ndarray) else found.X.toarray()
    columns = [dense, found.y[:, None], *([found.offset[:, None]] if found.offset is not None else [])]
    by_hand: dict[tuple[float, ...], float] = {}
    for i in range(n):
        row = (*X[i], y[i], *((offset[i],) if with_offset else ()))
        by_hand[row] = by_hand.get(row, 0.0) + weight[i]
    got = {tuple(row): w for row, w in zip(np.hstack(columns).tolist(), found.sample_weight, strict=True)}
    assert got.keys() == by_hand.keys()
    assert len(got) == found.y.size < n / 4
    assert all(abs(got[row] - by_hand[row]) < 1e-9 * by_hand[row] for row in got)


@pytest.mark.parametrize("what", ["few rows", "a number in each row", "half of the rows are different"])
def test_rows_stay_as_they_are_if_merging_does_not_pay(what: str) -> None:
    n = 1999 if what == "few rows" else 10_000
    X, y = _levels(n)
    if what == "a number in each row":
        X[:, 0] = np.random.default_rng(0).normal(size=n)
    if what == "half of the rows are different":
        X[:, 0] = np.arange(n) // 2
    data = br.RowData.from_arrays(X, y)
    assert merged(data) is data


def test_rows_that_differ_in_the_last_bit_are_not_merged() -> None:
    X, y = _levels(5000)
    X[:, 0] += 1.0
    X[7, 0] = np.nextafter(X[7, 0], 9.0)
    data = br.RowData.from_arrays(X, y)
    found = merged(data)
    assert X[7, 0] in found.X[:, 0] or found is data


@pytest.mark.parametrize(
    "likelihood",
    [
        br.PoissonLikelihood(),
        br.NegativeBinomialLikelihood(0.7),
        br.StudentTLikelihood(df=4.0, noise_scale=0.8),
    ],
    ids=lambda one: one.family,
)
def test_the_mode_is_that_of_all_rows(likelihood: Likelihood, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = _levels(6000)
    model, data = br.LinearModel(br.LaplacePrior(0.1), likelihood), br.RowData.from_arrays(X, y)
    assert resolve_rows(model, data, "test").data.y.size < 100
    short = br.map_estimate(model, data)
    monkeypatch.setattr("bayesreg.model.row_problem.merged", lambda rows: rows)
    assert resolve_rows(model, data, "test").data.y.size == 6000
    whole = br.map_estimate(model, data)
    np.testing.assert_allclose(short.coef, whole.coef, rtol=0.0, atol=1e-8)
    assert short.certificate.primal == pytest.approx(whole.certificate.primal, rel=1e-9)


def test_the_posterior_is_that_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = _levels(3000)
    model, data = br.LinearModel(br.GaussianPrior(0.5), br.PoissonLikelihood()), br.RowData.from_arrays(X, y)
    short = br.sample_posterior(model, data, log_likelihood=True, progress=False, seed=1)
    assert short["log_likelihood"]["y"].sizes["observation"] == 3000
    monkeypatch.setattr("bayesreg.model.row_problem.merged", lambda rows: rows)
    whole = br.sample_posterior(model, data, progress=False, seed=2)
    for tree in (short, whole):
        assert tree.attrs.get("certified", tree["posterior"].attrs.get("certified")) == 1
    means, sds = (
        [getattr(tree["posterior"]["coef"], what)(("chain", "draw")).values for tree in (short, whole)]
        for what in ("mean", "std")
    )
    assert np.abs(means[0] - means[1]).max() < 5.0 * sds[0].max() * np.sqrt(2.0 / 2000.0)
    np.testing.assert_allclose(sds[0], sds[1], rtol=0.1)


def test_a_level_without_events_is_told_although_few_different_rows_are_left() -> None:
    from bayesreg.model.separation import separating_columns

    level = np.repeat([0, 1, 2], 1000)
    y = np.where(level == 2, 0.0, (np.arange(3000) % 3 == 0).astype(float))
    X = np.eye(3)[level]
    data = br.RowData.from_arrays(X, y, feature_names=["a", "b", "c"])
    problem = resolve_rows(br.LinearModel(br.GaussianPrior(1.0), br.BernoulliLikelihood()), data, "test")
    assert problem.data.y.size == 5
    assert separating_columns(problem, 3) == ("'c' never meets y = 1",)
