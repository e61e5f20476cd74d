"""Rows that stay on disk give the mode and the posterior that rows in memory give, in few passes that are counted."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesreg as br

LIKELIHOODS = {
    "yes": br.BernoulliLikelihood(),
    "count": br.PoissonLikelihood(),
    "spread": br.NegativeBinomialLikelihood(2.0),
}
PRIORS = {
    "l2": br.GaussianPrior(0.7),
    "l1": br.LaplacePrior(0.02),
    "elastic net": br.ElasticNetPrior(0.02, 0.5),
    "standardised": br.LaplacePrior(None),
    "one unpenalised": br.GaussianPrior(
        {"a": 1.0, "b": np.inf, "far": 0.1, "city=m": 1.0, "city=n": 1.0, "city=o": 1.0}
    ),
}
FEATURES = ["a", "b", "city", "far"]


def _rows(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "a": rng.normal(size=n).astype("float32"),
            "b": rng.integers(0, 4, n),
            "city": rng.choice(["m", "n", "o"], n, p=[0.6, 0.39, 0.01]),
            "far": rng.normal(3000.0, 2.0, n),
            "w": rng.integers(0, 3, n) / 2.0,
            "known": rng.normal(size=n) / 2.0,
        }
    )
    eta = 0.8 * found.a - 0.3 * found.b + 0.5 * (found.city == "m") + found.known
    found["yes"] = (rng.random(n) < 1.0 / (1.0 + np.exp(-eta))).astype(int)
    found["count"] = rng.poisson(np.exp(eta))
    found["spread"] = rng.negative_binomial(2.0, 2.0 / (2.0 + np.exp(eta)))
    return found


def _design(rows: pd.DataFrame) -> pd.DataFrame:
    city = pd.get_dummies(rows["city"], prefix="city", prefix_sep="=").astype(float)
    return pd.concat([rows[["a", "b"]].astype(float), city, rows[["far"]]], axis=1)


def _in_memory(rows: pd.DataFrame, target: str) -> br.RowData:
    return br.RowData.from_arrays(_design(rows), rows[target], rows["w"], offset=rows["known"])


def _files(rows: pd.DataFrame, folder: Path, n_files: int = 3) -> Path:
    edges = np.linspace(0, len(rows), n_files + 1).astype(int)
    for k, (first, last) in enumerate(pairwise(edges)):
        rows[first:last].to_parquet(folder / f"part-{k}.parquet", row_group_size=400, index=False)
    return folder


def _source(folder: Path, target: str, **options) -> br.RowSource:
    return br.RowSource.from_parquet(folder, FEATURES, target, "w", offset="known", progress=False, **options)


@pytest.fixture
def few_sampled(monkeypatch):
    """Keep the sample small, so that the steps start away from the mode."""
    monkeypatch.setattr("bayesreg.data.sources.survey._ENTRIES", 1)
    monkeypatch.setattr("bayesreg.data.sources.survey._FEWEST", 300)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("target", LIKELIHOODS)
def test_the_mode_is_that_of_rows_in_memory(target, prior, tmp_path, few_sampled):
    rows = _rows()
    model = br.LinearModel(PRIORS[prior], LIKELIHOODS[target], standardize=prior == "standardised")
    found = br.map_estimate(model, _source(_files(rows, tmp_path), target))
    expected = br.map_estimate(model, _in_memory(rows, target))
    assert np.abs(found.coef - expected.coef).max() < 1e-9
    assert abs(found.intercept - expected.intercept) < 1e-6  # at 0 of a column around 3000
    assert found.feature_names == expected.feature_names
    assert ((found.coef == 0.0) == (expected.coef == 0.0)).all()
    assert found.duality_gap <= 1e-9
    assert found.converged
    assert found.certificate.null_objective == pytest.approx(expected.certificate.null_objective, rel=1e-9)
    assert found.certificate.primal == pytest.approx(expected.certificate.primal, rel=1e-12)
    assert found.n_passes <= 9
    assert f"{found.n_passes} passes over the rows" in str(found)


@pytest.mark.parametrize("intercept", [{"fit_intercept": False}, {"intercept_prior": br.GaussianPrior(1.0)}])
def test_an_intercept_may_be_absent_or_have_a_prior(intercept, tmp_path, few_sampled):
    rows = _rows()
    rows["far"] -= 3000.0
    model = br.LinearModel(br.ElasticNetPrior(0.05, 0.5), br.PoissonLikelihood(), **intercept)
    found = br.map_estimate(model, _source(_files(rows, tmp_path), "count"))
    expected = br.map_estimate(model, _in_memory(rows, "count"))
    assert np.abs(found.coef - expected.coef).max() < 1e-9
    assert found.intercept == pytest.approx(expected.intercept, abs=1e-9)
    assert found.duality_gap <= 1e-9


def test_the_gap_bounds_the_distance_of_a_point_that_is_not_the_mode(tmp_path):
    from bayesreg.mode.penalised_loss import RowMode
    from bayesreg.mode.source_newton import SourceObjective
    from bayesreg.model.source_problem import resolve_source

    rows = _rows()
    model = br.LinearModel(br.LaplacePrior(0.02), br.BernoulliLikelihood())
    objective = SourceObjective(resolve_source(model, _source(_files(rows, tmp_path), "yes"), "a test"))
    best = objective.mode()
    lowest = objective.objective(best.coefs)
    for size in (1e-1, 1e-3, 1e-6):
        away = RowMode(
            best.coefs + size * np.where(best.coefs != 0.0, 1.0, 0.0) / objective.norms, 1, best.curvature
        )
        above = objective.objective(away.coefs) - lowest
        assert 0.0 <= above <= objective.gap(away).gap + 1e-9
        assert objective.gap(away).gap < 300.0 * size


def test_files_streams_and_copies_are_the_same_rows(tmp_path):
    rows = _rows()
    rows["a"] = rows["a"].astype(float)  # text holds its digits
    folder = _files(rows, tmp_path / "parquet") if (tmp_path / "parquet").mkdir() is None else None
    rows.to_csv(tmp_path / "rows.csv", index=False)
    shared = {"offset": "known", "progress": False}
    sources = {
        "parquet": _source(folder, "count"),
        "one file": br.RowSource.from_parquet(folder / "part-*.parquet", FEATURES, "count", "w", **shared),
        "csv": br.RowSource.from_csv(tmp_path / "rows.csv", FEATURES, "count", "w", **shared),
        "frames": br.RowSource.from_batches(
            lambda: (rows[first : first + 700] for first in range(0, 3000, 700)),
            FEATURES,
            "count",
            "w",
            **shared,
        ),
        "copy": _source(folder, "count", cache=tmp_path / "copy.arrow"),
        "temporary copy": _source(folder, "count", cache=True),
    }
    model = br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood())
    modes = {name: br.map_estimate(model, source) for name, source in sources.items()}
    for name, mode in modes.items():
        assert np.abs(mode.coef - modes["parquet"].coef).max() < 1e-10, name
        assert sources[name].n_passes == mode.n_passes
    assert (tmp_path / "copy.arrow").exists()
    assert modes["copy"].n_passes == modes["parquet"].n_passes + 1


def test_a_copy_keeps_each_number_and_a_temporary_one_is_deleted(tmp_path):
    import pyarrow as pa

    rows = _rows()
    source = _source(_files(rows, tmp_path), "count", cache=tmp_path / "copy.arrow")
    br.map_estimate(br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood()), source)
    copied = pa.ipc.open_file(str(tmp_path / "copy.arrow")).read_all()
    kept = rows[rows["w"] > 0.0]
    assert copied.schema.field("a").type == pa.float32()
    assert copied.schema.field("far").type == pa.float64()
    for name in ("a", "b", "far", "count", "w", "known"):
        assert (copied[name].to_numpy() == kept[name].to_numpy()).all()
    assert copied["city"].to_pylist() == kept["city"].tolist()
    with pytest.raises(FileExistsError, match=r"copy\.arrow"):
        _source(tmp_path, "count", cache=tmp_path / "copy.arrow")
    passing = _source(tmp_path, "count", cache=True)
    br.map_estimate(br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood()), passing)
    file = passing._copy
    assert file.exists()
    del passing
    assert not file.exists()


def test_rows_are_filtered_and_dropped_and_counted(tmp_path):
    rows = _rows()
    rows.loc[::7, "a"] = np.nan
    folder = _files(rows, tmp_path)
    model = br.LinearModel(br.GaussianPrior(1.0), br.BernoulliLikelihood())
    with pytest.raises(ValueError, match=r"column 'a'.*missing"):
        br.map_estimate(model, _source(folder, "yes"))
    source = _source(folder, "yes", missing="drop", filters=[("b", ">", 0)])
    found = br.map_estimate(model, source)
    expected = br.map_estimate(model, _in_memory(rows[(rows["b"] > 0) & rows["a"].notna()], "yes"))
    assert np.abs(found.coef - expected.coef).max() < 1e-9
    assert source.statistics.dropped.n_rows == int(
        ((rows["b"] > 0) & rows["a"].isna() & (rows["w"] > 0)).sum()
    )


@pytest.mark.extended
@pytest.mark.parametrize("target", ["yes", "count"])
def test_draws_are_those_of_rows_in_memory(target, tmp_path, few_sampled):
    rows = _rows()
    model = br.LinearModel(br.GaussianPrior(0.7), LIKELIHOODS[target])
    source = _source(_files(rows, tmp_path), target)
    found = br.sample_posterior(model, source, seed=3, progress=False)
    expected = br.sample_posterior(model, _in_memory(rows, target), seed=4, progress=False)
    assert found.attrs["certified"] == 1
    assert found.attrs["n_passes"] == source.n_passes <= 13
    assert found.attrs["method"] == found.attrs["kernel"] == "independence"
    a, b = (tree["posterior"]["coef"].values.reshape(4000, -1) for tree in (found, expected))
    sd, effective = b.std(axis=0), 2000.0
    assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) < 4.0 * sd * np.sqrt(2.0 / effective)).all()
    assert (np.abs(np.log(a.std(axis=0) / sd)) < 4.0 * np.sqrt(1.0 / effective)).all()
    judged = br.certify_posterior(found, model, source)
    assert judged.largest_z == pytest.approx(found.attrs["certificate_largest_z"], rel=1e-6)
    again = br.certify_posterior(found, model, _in_memory(rows, target))
    assert again.largest_z == pytest.approx(judged.largest_z, rel=1e-4)


def test_densities_and_slopes_of_draws_are_those_of_rows_in_memory(tmp_path):
    from bayesreg.model.row_problem import resolve_rows
    from bayesreg.model.source_problem import resolve_source
    from bayesreg.posterior.source_slopes import slopes_at_draws
    from bayesreg.posterior.targets.source_target import log_densities

    rows = _rows(500)
    model = br.LinearModel(br.LaplacePrior(0.3), br.PoissonLikelihood())
    problem = resolve_source(model, _source(_files(rows, tmp_path), "count"), "a test")
    in_memory = resolve_rows(model, _in_memory(rows, "count"), "a test")
    moved = 0.1 * np.random.default_rng(0).normal(size=(1024, 7))
    coefs = problem.reported(moved)
    assert np.abs(problem.moved(coefs) - moved).max() < 1e-10
    eta, data = in_memory.eta(coefs), in_memory.data
    log_prior = -np.abs(coefs[:, :6]).sum(axis=1) / 0.3
    by_hand = in_memory.likelihood.log_prob(eta, data.y, {}) @ data.sample_weight + log_prior
    found = log_densities(problem, moved, "a test")
    assert np.ptp(found - by_hand) < 1e-8
    slopes = -(data.sample_weight * (np.exp(eta) - data.y)) @ in_memory.design
    assert np.abs(slopes_at_draws(problem, coefs) - slopes).max() < 1e-9 * np.abs(slopes).max()


def test_the_shift_is_the_first_order_mean_of_the_posterior(tmp_path):
    """Beside a flat prior in one dimension, the mean of n Poisson counts' log rate is known: digamma(Σy) − log n."""
    from scipy.special import digamma

    from bayesreg.model.source_problem import resolve_source
    from bayesreg.posterior.source_moments import expected_on_source

    y = np.array([0.0, 1.0, 2.0, 5.0, 4.0, 3.0])
    pd.DataFrame({"one": 1.0, "y": y}).to_parquet(tmp_path / "six.parquet")
    source = br.RowSource.from_parquet(tmp_path / "six.parquet", ["one"], "y", progress=False)
    model = br.LinearModel(br.FlatPrior(), br.PoissonLikelihood(), fit_intercept=False)
    near = expected_on_source(resolve_source(model, source, "a test"))
    mean = float((near.coef + near.transform @ near.moments.mean)[0])
    shift = digamma(y.sum()) - np.log(y.sum())  # of the mean from the mode
    assert mean - np.log(y.mean()) == pytest.approx(shift, rel=0.05)


def test_a_posterior_that_is_far_from_normal_is_refused(tmp_path):
    """Three rows of forty columns beside a Laplace prior: the posterior is the prior's, with its kinks and tails."""
    columns = np.random.default_rng(0).normal(size=(40, 3))
    rows = pd.DataFrame({f"x{j}": column for j, column in enumerate(columns)}).assign(y=[0, 1, 0])
    rows.to_parquet(tmp_path / "three.parquet")
    source = br.RowSource.from_parquet(tmp_path / "three.parquet", None, "y", progress=False)
    model = br.LinearModel(
        br.LaplacePrior(0.1), br.BernoulliLikelihood(), intercept_prior=br.GaussianPrior(1.0)
    )
    with pytest.raises(
        ValueError, match=r"nearly normal.*of independent proposals.*as RowData; or give a stronger"
    ):
        br.sample_posterior(model, source)


REFUSED = {
    "a Gaussian likelihood": (br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(1.0)), "GramData.from_parquet"),
    "an unknown dispersion": (
        br.LinearModel(br.GaussianPrior(1.0), br.NegativeBinomialLikelihood(None)), "Give it numbers",
    ),
    "a loss that is not convex": (br.LinearModel(br.GaussianPrior(1.0), br.StudentTLikelihood(4.0, 1.0)), "convex"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_rows_on_disk_do_not_give_is_refused_with_the_remedy(what, tmp_path):
    model, words = REFUSED[what]
    source = _source(_files(_rows(100), tmp_path), "count")
    for method in (br.map_estimate, br.sample_posterior):
        with pytest.raises((TypeError, ValueError), match=words):
            method(model, source)


def test_other_methods_refuse_a_source_and_name_what_takes_it(tmp_path):
    import numpyro.distributions as dist

    model = br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood())
    source = _source(_files(_rows(100), tmp_path), "count")
    for method in (br.map_path, br.select_scale):
        with pytest.raises(TypeError, match="map_estimate and sample_posterior take it"):
            method(model, source)
    for options, words in (
        ({"log_likelihood": True}, "Give RowData"), ({"checkpoint": tmp_path / "c"}, "Leave `checkpoint` out"),
        ({"method": "whitened"}, "Leave `method` out"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            br.sample_posterior(model, source, **options)
    sampled = br.LinearModel(br.GaussianPrior(dist.HalfNormal(1.0)), br.PoissonLikelihood())
    with pytest.raises(ValueError, match="its scale is a distribution"):
        br.sample_posterior(sampled, source)
    with pytest.raises(ValueError, match="cannot be held out"):
        _source(tmp_path, "count", held_out=0.1)
    with pytest.raises(TypeError, match="opens the stream anew"):
        br.RowSource.from_batches(iter([]), FEATURES, "count")


def test_a_source_that_changes_between_passes_is_refused():
    rows, opened = _rows(400), []

    def changing():
        opened.append(1)
        return [rows[: 400 - len(opened)]]

    source = br.RowSource.from_batches(changing, ["a", "b"], "count", progress=False)
    with pytest.raises(ValueError, match=r"pass 2 .* 398 rows .* first pass 399"):
        br.map_estimate(br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood()), source)


def test_responses_that_a_likelihood_does_not_allow_are_named(tmp_path):
    rows = _rows(400)
    rows["count"] -= 0.5
    with pytest.raises(ValueError, match=r"part-0\.parquet, row group 0.*whole"):
        br.map_estimate(
            br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood()),
            _source(_files(rows, tmp_path), "count"),
        )


def test_separated_rows_are_refused_and_rare_events_are_not(tmp_path, few_sampled):
    rows = _rows()
    rows["yes"] = 0
    model = br.LinearModel(br.GaussianPrior(1.0), br.BernoulliLikelihood())
    (tmp_path / "none").mkdir()
    with pytest.raises(br.NoModeError, match="separated"):
        br.map_estimate(model, _source(_files(rows, tmp_path / "none"), "yes"))
    rows.loc[rows.index[rows["w"] > 0.0][5], "yes"] = 1
    (tmp_path / "one").mkdir()
    found = br.map_estimate(model, _source(_files(rows, tmp_path / "one"), "yes"))
    expected = br.map_estimate(model, _in_memory(rows, "yes"))
    assert np.abs(found.coef - expected.coef).max() < 1e-8
    assert found.duality_gap < 1e-9


MEMORY = """
import json, resource, sys
import bayesreg as br
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
model = br.LinearModel(br.GaussianPrior(1.0), br.BernoulliLikelihood())
few, many = sys.argv[1:]
br.map_estimate(model, br.RowSource.from_parquet(few, None, "y", progress=False))
before = peak()
mode = br.map_estimate(model, br.RowSource.from_parquet(many, None, "y", progress=False))
print(json.dumps({"grown": peak() - before, "passes": mode.n_passes, "gap": mode.duality_gap}))
"""


@pytest.mark.extended
def test_memory_does_not_grow_with_the_rows(tmp_path):
    """Two million rows of 20 columns, 320 MB in float64, take as much as 200,000: a bound of 100 MB more."""
    from benchmarks.big_rows import make_file

    make_file(tmp_path / "few", 200_000, 20)
    make_file(tmp_path / "many", 2_000_000, 20)
    asked = [sys.executable, "-c", MEMORY, str(tmp_path / "few"), str(tmp_path / "many")]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, env=dict(os.environ))
    found = json.loads(told.stdout)
    assert found["grown"] < 100.0
    assert found["passes"] <= 9
    assert found["gap"] <= 1e-9
