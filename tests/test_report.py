"""The report: one page, self-contained, true to the fit, and escaped; opened in a browser where there is one."""

import base64
import datetime
import html
import json
import os
import pickle
import platform
import re
import shutil
import struct
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import KFold

import bayesreg as br
from bayesreg.app.figures import png_bytes
from bayesreg.app.fitted import Fit
from bayesreg.app.pictures import forest_figure, path_figure
from bayesreg.app.report.data_summary import summarise_data
from bayesreg.app.report.figures import predictive_figure, residual_figure, selection_figure
from bayesreg.app.report.results import certificate_section, sureness
from bayesreg.app.report.section import Row, fold_rows
from bayesreg.app.target import Target
from bayesreg.app.words.code_lines import regressor_code
from bayesreg.app.words.folds_text import folds_text
from bayesreg.plots.style import shown
from bayesreg.posterior.draws.predictive_check import check_predictions
from bayesreg.posterior.draws.replicates import Replicates, replicate
from bayesreg.posterior.draws.residual_groups import residual_groups

SECTIONS = [
    *("summary", "coefficients", "check", "residuals", "diagnostics", "mode", "path", "model", "data"),
    *("lambda", "origin"),
]
DAY = datetime.date(2024, 2, 29)
ODD = [
    "<script>alert('x')</script>",
    "<img src=x onerror=alert(1)>",
    "say \"yes\" & 'no'",
    "$\\frac{1}{2}$ in $",
    "_hidden {{ 7 * 7 }} {% raw %}",
    "größe 日本語 مرحبا",
    "two\nlines",
    "long " * 40,
]
VOID = {"meta", "img", "br", "hr", "link", "input", "wbr"}

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None
)
in_a_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on PATH; Debian: apt-get install chromium"
)


class Page(HTMLParser):
    """What the tests ask of a page: its elements with their attributes, its text, by section."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts, self.tables = [], [], {}, {}
        self.section = ""
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = attributes["aria-labelledby"]
        if tag == "table":
            self.tables.setdefault(self.section, []).append([])
        if tag == "tr":
            self.tables[self.section][-1].append([])
        if tag in ("td", "th"):
            self.tables[self.section][-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag
        if tag == "section":
            self.section = ""

    def handle_data(self, text):
        self.texts[self.section] = self.texts.get(self.section, "") + text
        if {"td", "th"} & set(self.open):
            self.tables[self.section][-1][-1][-1] += text

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def said(self, section):
        return " ".join(self.texts[section].split())


def frame(p, n=80, seed=0, names=None):
    """Simulate p columns of which three matter."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, p)), columns=names or [f"c{j}" for j in range(p)])
    y = X.to_numpy()[:, : min(p, 3)] @ np.array([2.0, -1.0, 0.5])[: min(p, 3)] + rng.normal(size=n)
    return X, y


def sampled(regressor, X, y, **options):
    return regressor.fit(X, y, **options).sample(progress=False)


def written(regressor, path, **options):
    return br.write_report(regressor, path, date=DAY, **options).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def diabetes_report(tmp_path_factory):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    regressor = sampled(br.BayesRegressor(br.LaplacePrior(66.3), noise_scale=54.15), X, y)
    path = tmp_path_factory.mktemp("report") / "report.html"
    return regressor, X, y, path, written(regressor, path, title="Diabetes", response="progression")


def self_contained(text):
    """Check what a page must be, whatever it holds; return it parsed."""
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert page.all("html") == [{"lang": "en"}]
    assert not re.search(r"https?://", text)
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "base"}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in text.split("</style>")[0]
    assert "@import" not in text
    (policy,) = [a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script" not in policy
    for image in page.all("img"):
        assert image["src"].startswith("data:image/png;base64,")
        assert len(image["alt"]) > 40
        data = base64.b64decode(image["src"].split(",", 1)[1], validate=True)
        assert data.startswith(b"\x89PNG\r\n")
        width, height = struct.unpack(">II", data[16:24])
        assert abs(int(image["width"]) / int(image["height"]) - width / height) < 0.02
        assert width > 1.4 * int(image["width"])  # sharp in print
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [link["href"][1:] for link in page.all("a")] == ids
    assert [section["aria-labelledby"] for section in page.all("section")] == ids
    return page


def test_the_page_is_whole_and_needs_nothing(diabetes_report):
    *_, path, text = diabetes_report
    page = self_contained(text)
    assert [section["aria-labelledby"] for section in page.all("section")] == SECTIONS
    assert len(page.all("img")) == 6
    assert path.stat().st_size < 2_000_000
    assert re.search(r"<title>Diabetes</title>", text)


def test_the_tables_hold_the_results(diabetes_report):
    regressor, X, y, _, text = diabetes_report
    page = Page(text)
    (columns,) = page.tables["data"]
    assert columns[0] == ["column", "mean", "sd", "smallest", "largest"]
    assert [row[0] for row in columns[1:]] == ["progression", *X.columns]
    np.testing.assert_allclose(
        [float(cell) for cell in columns[1][1:]],
        [y.mean(), y.std(ddof=0), y.min(), y.max()],
        atol=0.01 * y.std(),
    )
    np.testing.assert_allclose([float(row[4]) for row in columns[2:]], X.max(), atol=0.01 * X.std().min())
    (posterior,) = page.tables["coefficients"]
    draws = regressor.posterior_["posterior"]["coef"].values.reshape(-1, 10)
    for j, row in enumerate(posterior[1:11]):
        low, high = np.quantile(draws[:, j], (0.05, 0.95))
        sd = draws[:, j].std(ddof=1)
        assert row[0] == X.columns[j]
        assert abs(float(row[1]) - regressor.coef_[j]) < 0.01 * sd
        assert (row[1] == "0") == (regressor.coef_[j] == 0.0)
        assert abs(float(row[2]) - draws[:, j].mean()) < 0.01 * sd
        np.testing.assert_allclose(
            [float(end) for end in row[3][1:-1].split(",")], [low, high], atol=0.01 * sd
        )
        np.testing.assert_allclose(float(row[4]), sd, rtol=0.01)
    assert posterior[11][0] == "intercept"
    assert f"{regressor.duality_gap_:.1e}" in page.said("mode")
    assert "Of 442 rows" in page.said("check")
    df = 1 + np.count_nonzero(regressor.coef_)
    assert f"with {df} effective degrees of freedom for 442 rows" in page.said("check")
    assert f"The mode uses {df} effective degrees of freedom, the intercept included." in page.said("lambda")


def test_the_points_are_true(diabetes_report):
    regressor, X, *_, text = diabetes_report
    said = Page(text).said("summary")
    zeros = int((regressor.coef_ == 0.0).sum())
    assert f"At the mode {zeros} of 10 coefficients are exactly 0." in said
    draws = regressor.posterior_["posterior"]["coef"].values.reshape(-1, 10)
    low, high = np.quantile(draws, (0.05, 0.95), axis=0)
    clear = list(X.columns[(low > 0) | (high < 0)])
    assert f"leaves out 0 for {len(clear)} of 10 coefficients: {', '.join(clear)}." in said


def test_every_line_of_code_is_the_translation(diabetes_report):
    regressor, X, y, _, text = diabetes_report
    page = Page(text)
    (table,) = page.tables["lambda"]
    expected = br.equivalents(regressor.penalty_, X, y, 54.15)
    stated = expected[expected["code"] != ""]
    assert len(stated) > 15
    assert [row[0].removeprefix("bayesreg.") for row in table[1:]] == list(stated.index)
    for row, code in zip(table[1:], stated["code"], strict=True):
        assert row[1].strip().endswith(code)
    for reason in expected.loc[expected["code"] == "", "reason"]:
        assert " ".join(reason.split()) in page.said("lambda")
    code = re.search(r"Lasso\(alpha=[^)]*\)", page.said("lambda"))[0]
    fitted = eval(code, {"Lasso": Lasso}).fit(X, y)
    np.testing.assert_allclose(fitted.coef_, regressor.coef_, atol=1e-5)


@pytest.mark.extended
@pytest.mark.parametrize("standardize", [False, True])
def test_the_lines_for_scikit_learn_run_as_they_stand(tmp_path, standardize):
    X, y = frame(4)
    X["c1"] *= 50.0
    model = br.BayesRegressor(br.LaplacePrior(0.05), noise_scale=1.0, standardize=standardize)
    regressor = sampled(model, X, y)
    text = written(regressor, tmp_path / "r.html")
    code = re.search(r"X being the columns of the data.*?<code>(.*?)</code>", text, flags=re.DOTALL)[1]
    names = {"X": X, "y": y}
    exec(html.unescape(code), names)
    np.testing.assert_allclose(names["coef"], regressor.coef_, atol=1e-6)
    assert names["intercept"] == pytest.approx(regressor.intercept_, abs=1e-6)


@pytest.mark.extended
def test_prior_and_data_that_disagree_are_named(tmp_path):
    X, y = frame(3)
    silent = sampled(br.BayesRegressor(br.GaussianPrior(2.0)), X, y)
    assert "disagree" not in written(silent, tmp_path / "a.html")
    pulled = sampled(br.BayesRegressor(br.LaplacePrior(0.01, relative_to_noise=True)), X, 1000.0 * y)
    text = written(pulled, tmp_path / "b.html")
    assert "Prior and data disagree about the noise" in text
    assert "every penalised coefficient is 0" in written(
        sampled(br.BayesRegressor(br.LaplacePrior(1e-6), noise_scale=1.0), X, y), tmp_path / "c.html"
    )


def test_the_code_makes_the_page_again(diabetes_report, tmp_path, monkeypatch):
    *_, X, y, path, text = diabetes_report
    code = Page(text).texts["origin"].split("Python", 1)[1]
    assert "title='Diabetes', response='progression')" in code
    monkeypatch.chdir(tmp_path)
    code = code.replace("seed=0)", "seed=0, progress=False)")
    code = code.replace("response='progression')", "response='progression', date=day)")
    exec(code, {"X": X, "y": y, "day": DAY})
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.extended
def test_the_same_fit_gives_the_same_file(diabetes_report, tmp_path):
    regressor, *_, path, _ = diabetes_report
    options = {"title": "Diabetes", "response": "progression"}
    other = br.write_report(regressor, tmp_path / path.name, date=DAY, **options)
    assert other.read_bytes() == path.read_bytes()
    another_day = br.write_report(regressor, tmp_path / path.name, date=datetime.date(2024, 3, 1), **options)
    assert another_day.read_text(encoding="utf-8") == path.read_text(encoding="utf-8").replace(
        "2024-02-29", "2024-03-01"
    )


def test_names_are_escaped(tmp_path):
    X, y = frame(len(ODD), names=ODD)
    regressor = sampled(br.BayesRegressor(br.LaplacePrior(1.0)), X, y)
    text = written(regressor, tmp_path / "r.html", title="<b>odd</b> & more", response='"y" <i>')
    page = self_contained(text)
    assert not page.all("b")
    assert not page.all("i") or all(not attributes for attributes in page.all("i"))
    (columns,) = page.tables["data"]
    assert [row[0] for row in columns[1:]] == ['"y" <i>', *ODD]
    assert "{{ 7 * 7 }}" in page.said("coefficients")


@pytest.mark.parametrize("p", [2, 60])
def test_few_and_many_columns(tmp_path, p):
    prior = br.LaplacePrior(0.5) if p == 2 else br.GaussianPrior(0.5)
    regressor = sampled(br.BayesRegressor(prior), *frame(p))
    page = self_contained(written(regressor, tmp_path / "r.html"))
    shown, *rest = page.tables["coefficients"]
    assert len(shown) == 1 + min(p, 30) + 1
    assert shown[-1][0] == "intercept"
    assert (f"The table has the 30 of {p} whose" in page.said("coefficients")) == (p == 60)
    assert [len(table) for table in rest] == ([1 + 30] if p == 60 else [])
    named = [row[0] for table in (shown[1:-1], *(table[1:] for table in rest)) for row in table]
    assert sorted(named) == sorted(f"c{j}" for j in range(p))
    assert ("The 30 other coefficients" in page.said("coefficients")) == (p == 60)
    assert ("The 60 columns" in page.said("data")) == (p == 60)
    assert "σ = " in page.said("mode")  # unknown, so the proof is given it
    assert len(page.all("img")) == 6


@pytest.mark.extended
@pytest.mark.parametrize(
    ("prior", "options", "scale"),
    [
        (br.LaplacePrior(2.0), {"noise_scale": 1.0}, "bj = 2 "),
        (br.GaussianPrior(2.0, relative_to_noise=True), {}, "τj = 2 σ "),
        (br.LaplacePrior(2.0), {"standardize": True}, "bj = 2 / sd(xj)"),
        (br.GaussianPrior(), {}, "τj = 2.5 σ / sd(xj)"),
        (br.ElasticNetPrior(1.0, 2.0), {"noise_scale": 1.0}, "bj = 1 "),
        (
            br.LaplacePrior([1.0, 2.0, np.inf, 4.0]),
            {"noise_scale": 1.0},
            "bj = sj, sj from 1 to inf, by coefficient",
        ),
        (
            br.GaussianPrior(1.0, factor={"c0": 3.0}),
            {"noise_scale": 1.0},
            "τj = 1 fj, factor fj from 1 to 3, by coefficient",
        ),
        (br.FlatPrior(), {"noise_scale": 1.0}, "constant (improper)"),
        (br.LaplacePrior(1.0), {"noise_scale": 1.0, "fit_intercept": False}, "bj = 1 "),
        (br.LaplacePrior(1.0), {"noise_scale": dist.HalfNormal(2.0)}, "σ ~ HalfNormal(scale=2)"),
    ],
)
def test_every_model_has_a_page(tmp_path, prior, options, scale):
    X, y = frame(4)
    regressor = sampled(br.BayesRegressor(prior, **options), X, y)
    page = self_contained(written(regressor, tmp_path / "r.html"))
    said = page.said("model")
    assert scale in said
    assert ("β0: flat prior" in said) == regressor.fit_intercept
    has_path = not isinstance(prior, br.FlatPrior)
    assert ("There is no path: a flat prior has no scale" in page.said("path")) != has_path
    code = page.texts["origin"].split("regressor = ", 1)[1].split("\n", 1)[0]
    again = eval(code, {"br": br, "numpyro": __import__("numpyro")}).fit(X, y)
    np.testing.assert_allclose(again.coef_, regressor.coef_, rtol=1e-12, atol=1e-12)


@pytest.mark.extended
@pytest.mark.parametrize("method", ["cv", "gcv", "bic", "evidence"])
def test_the_choice_of_the_scale_is_shown(tmp_path, method):
    prior = br.GaussianPrior(relative_to_noise=True)
    regressor = sampled(br.BayesRegressor(prior, scale_selection=method), *frame(5))
    page = self_contained(written(regressor, tmp_path / "r.html"))
    assert "scale" in [section["aria-labelledby"] for section in page.all("section")]
    assert f"Scale {regressor.selection_.scale:.6g}, chosen from 100 by {method}" in page.said("scale")
    assert f"scale_selection='{method}'" in page.said("origin")
    (image,) = [image for image in page.all("img") if "scales of the prior; the scale" in image["alt"]]
    assert f"the scale {regressor.selection_.scale:.3g} is marked" in image["alt"]


def test_the_folds_are_said_and_stand_in_the_code(tmp_path):
    X, y = frame(3)
    prior = br.LaplacePrior(relative_to_noise=True)
    shuffled = KFold(4, shuffle=True, random_state=2)
    regressor = sampled(br.BayesRegressor(prior, scale_selection="cv", folds=shuffled), X, y)
    page = self_contained(written(regressor, tmp_path / "r.html"))
    assert "The folds: 4 folds by KFold(n_splits=4, random_state=2, shuffle=True)." in page.said("scale")
    code = page.texts["origin"].split("Python", 1)[1].split("With bayesreg", 1)[0]
    assert "from sklearn.model_selection import KFold" in code
    names = {"X": X, "y": y}
    exec(
        "\n".join(line for line in code.splitlines() if line.startswith(("import", "from", "regressor ="))),
        names,
    )
    assert names["regressor"].fit(X, y).selection_.scale == regressor.selection_.scale
    in_blocks = br.BayesRegressor(prior, scale_selection="cv-1se", folds=3).fit(X, y)
    assert folds_text(in_blocks) == "3 folds, blocks of rows as they come"
    assert "scale_selection='cv-1se', folds=3)" in regressor_code(
        in_blocks._model, scale_selection="cv-1se", folds=3
    )
    labels = np.arange(len(y)) % 5
    by_label = br.BayesRegressor(prior, scale_selection="cv", folds=labels).fit(X, y)
    assert folds_text(by_label) == "5 folds, one for each label"
    assert "folds=folds)" in regressor_code(by_label._model, scale_selection="cv", folds=labels)
    assert folds_text(br.BayesRegressor(prior, scale_selection="bic").fit(X, y)) is None
    assert folds_text(br.BayesRegressor(prior).fit(X, y)) is None


def test_a_sampled_scale_says_where_its_mode_is(tmp_path):
    regressor = sampled(br.BayesRegressor(br.GaussianPrior(dist.HalfNormal(3.0))), *frame(5))
    page = self_contained(written(regressor, tmp_path / "r.html"))
    assert "no joint mode" in page.said("mode")
    draws = regressor.posterior_["posterior"]["prior_scale"].values
    low = re.search(
        r"The prior scale: posterior mean (\S+), 90% interval \[(\S+), (\S+)\]", page.said("coefficients")
    )
    np.testing.assert_allclose(
        [float(x) for x in low.groups()], [draws.mean(), *np.quantile(draws, (0.05, 0.95))], rtol=0.01
    )
    assert "HalfNormal(scale=3.0)" in page.said("origin")


def test_statistics_leave_out_what_needs_rows_and_say_so(tmp_path):
    X, y = frame(4)
    regressor = pickle.loads(pickle.dumps(sampled(br.BayesRegressor(br.LaplacePrior(1.0), 1.0), X, y)))
    assert isinstance(regressor._data, br.GramData)
    page = self_contained(written(regressor, tmp_path / "r.html"))
    (columns,) = page.tables["data"]
    assert columns[0] == ["column", "mean", "sd"]
    np.testing.assert_allclose([float(row[1]) for row in columns[2:]], X.mean(), atol=0.01 * X.std().min())
    assert "extremes are left out" in page.said("data")
    assert "a predictive check needs the rows" in page.said("check")
    assert "residuals need the rows" in page.said("residuals")
    assert "what other packages standardise needs the rows" in page.said("lambda")
    assert len(page.all("img")) == 4


def test_weighted_rows(tmp_path):
    X, y = frame(3)
    w = np.random.default_rng(1).integers(0, 4, len(y)).astype(float)
    regressor = sampled(br.BayesRegressor(br.GaussianPrior(1.0), noise_scale=1.0), X, y, sample_weight=w)
    page = self_contained(written(regressor, tmp_path / "r.html"))
    assert f"Their weights sum to {w.sum():g}." in page.said("data")
    assert "sample_weight=sample_weight" in page.said("origin")
    (columns,) = page.tables["data"]
    np.testing.assert_allclose(float(columns[2][1]), np.average(X["c0"], weights=w), atol=0.01)
    np.testing.assert_allclose(float(columns[2][4]), X["c0"][w > 0].max(), atol=0.01)
    code = re.search(r"Ridge\([^)]*\)", page.said("lambda"))[0]
    fitted = eval(code, {"Ridge": Ridge}).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(fitted.coef_, regressor.coef_, atol=1e-9)
    assert f"Of {int((w > 0).sum())} rows" in page.said("check")


def test_sparse_rows(tmp_path):
    rng = np.random.default_rng(0)
    X = sparse.random_array((60, 5), density=0.4, rng=rng, format="csr")
    y = X @ np.arange(5.0) + rng.normal(size=60)
    regressor = sampled(br.BayesRegressor(br.LaplacePrior(1.0), noise_scale=1.0), X, y)
    self_contained(written(regressor, tmp_path / "r.html"))
    w = rng.uniform(size=60)
    of_sparse = summarise_data(br.RowData.from_arrays(X, y, w))
    of_dense = summarise_data(br.RowData.from_arrays(X.toarray(), y, w))
    pd.testing.assert_frame_equal(of_sparse, of_dense, rtol=1e-12)


def test_before_sampling_it_refuses(tmp_path):
    X, y = frame(2)
    regressor = br.BayesRegressor(br.GaussianPrior(1.0), noise_scale=1.0)
    with pytest.raises(NotFittedError):
        br.write_report(regressor, tmp_path / "r.html")
    with pytest.raises(NotFittedError, match=r"needs posterior draws: call \.sample\(\) first"):
        br.write_report(regressor.fit(X, y), tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_code_of_a_model_states_every_kind_of_value():
    model = br.LinearModel(
        br.LaplacePrior({"a": 1.0, "b": np.inf}, factor=[1.0, 2.0]),
        br.GaussianLikelihood(dist.LogNormal(0.0, 0.5)),
        fit_intercept=False,
    )
    code = regressor_code(model, scale_selection="cv")
    made = eval(code, {"br": br, "numpyro": __import__("numpyro")})
    assert made.prior == model.prior
    assert (made.fit_intercept, made.scale_selection) == (False, "cv")
    assert float(made.noise_scale.scale) == 0.5


class TestPredictiveCheck:
    def test_it_is_the_distribution_function_of_the_predictions(self):
        X, y = frame(3)
        regressor = sampled(br.BayesRegressor(br.GaussianPrior(1.0), noise_scale=1.3), X, y)
        found = check_predictions(regressor.posterior_, regressor._data)
        draws = regressor.posterior_predictive(X, seed=5).values.reshape(-1, len(y))
        simulated = (draws < y).mean(axis=0)
        assert found.places.shape == (80,)
        assert np.abs(found.places - simulated).max() < 5 * 0.5 / np.sqrt(len(draws))
        inside = (y >= np.quantile(draws, 0.05, axis=0)) & (y <= np.quantile(draws, 0.95, axis=0))
        assert abs(found.covered - inside.mean()) < 0.03

    def test_it_tells_a_wrong_noise(self):
        X, y = frame(2, n=2000)
        outside = {}
        for sigma in (0.5, 1.0, 2.0):
            regressor = sampled(br.BayesRegressor(br.GaussianPrior(5.0), noise_scale=sigma), X, y)
            found = check_predictions(regressor.posterior_, regressor._data)
            outside[sigma] = found.n_outside_band
            assert abs(found.covered - {0.5: 0.589, 1.0: 0.9, 2.0: 0.999}[sigma]) < 0.03
            assert found.counts.sum() == 2000
        assert outside[1.0] <= 6
        assert min(outside[0.5], outside[2.0]) >= 15

    def test_of_many_rows_some_are_taken(self):
        X, y = frame(2, n=12_000)
        regressor = sampled(br.BayesRegressor(br.GaussianPrior(5.0), noise_scale=1.0), X, y)
        found = check_predictions(regressor.posterior_, regressor._data)
        assert (found.places.size, found.n_rows) == (10_000, 12_000)
        low, high = found.band
        assert low < 10_000 / found.n_bins < high


class TestReplicates:
    @staticmethod
    def of(y, data=None, **options):
        X = np.random.default_rng(1).normal(size=(len(y), 2))
        regressor = sampled(br.BayesRegressor(br.GaussianPrior(1.0), **options), X, y)
        return regressor, replicate(regressor.posterior_, regressor._data)

    def test_they_have_the_predictive_distribution(self):
        y = np.random.default_rng(0).normal(5.0, 2.0, size=300)
        regressor, found = self.of(y)
        assert found.replicated.shape == (200, 300)
        np.testing.assert_array_equal(found.observed, y)
        mean, sd = regressor.predict(regressor._data.X, return_std=True)
        z = (found.replicated - mean) / sd
        assert abs(z.mean()) < 5 / np.sqrt(200)
        assert abs(z.std() - 1.0) < 0.05
        again = replicate(regressor.posterior_, regressor._data)
        np.testing.assert_array_equal(again.replicated, found.replicated)

    def test_bars_of_the_right_model_end_inside_their_lines(self):
        y = np.random.default_rng(0).normal(size=500)
        _, found = self.of(y)
        low, middle, high = found.band
        assert found.counts.sum() == 500
        assert (low <= middle).all()
        assert (middle <= high).all()
        inside = (found.counts >= low) & (found.counts <= high)
        assert inside.mean() > 0.7
        skewed = self.of(np.exp(1.5 * y))[1]
        low, _, high = skewed.band
        inside = (skewed.counts >= low) & (skewed.counts <= high)
        assert inside[high > 0].mean() < 0.5

    def test_few_whole_numbers_are_the_middles_of_bars(self):
        """Between them the model's own draws are seen, if it draws any there."""
        _, found = self.of(np.arange(60.0) % 3)
        middles = 0.5 * (found.edges[:-1] + found.edges[1:])
        counts = dict(zip(np.round(middles, 9), found.counts, strict=True))
        assert [counts[value] for value in (0.0, 1.0, 2.0)] == [20, 20, 20]
        low, _, _ = found.band
        assert low[np.argmin(np.abs(middles - 0.5))] > 0.0
        assert found.counts[np.argmin(np.abs(middles - 0.5))] == 0
        y, counted = np.array([0.0, 1.0, 1.0]), np.array([[0.0, 2.0, 1.0], [1.0, 1.0, 0.0]])
        np.testing.assert_array_equal(Replicates(y, counted).edges, [-0.5, 0.5, 1.5, 2.5])

    @pytest.mark.parametrize("step", range(1, 29))
    def test_there_are_not_too_many_bars_of_whole_numbers(self, step):
        y = np.array([0.0, float(step)])
        found = Replicates(y, np.array([[0.1, step - 0.1]]))
        assert found.counts.sum() == 2
        assert found.edges.size - 1 <= 31
        assert (np.abs((found.edges[:-1] + found.edges[1:]) / 2).min()) < 1e-12

    def test_odd_responses_have_bars(self):
        mostly = np.zeros(50)
        mostly[0] = 1234.5  # no spread between the quartiles
        _, found = self.of(mostly)
        assert np.all(np.diff(found.edges) > 0.0)
        assert found.counts.sum() == 50
        _, found = self.of(1e-9 * np.random.default_rng(0).normal(size=40))
        assert found.counts.sum() == 40

    def test_rows_of_weight_0_are_absent_and_of_many_rows_some_are_taken(self):
        X, y = frame(2, n=3000)
        w = np.ones(3000)
        w[:500] = 0.0
        regressor = sampled(br.BayesRegressor(br.GaussianPrior(1.0), 1.0), X, y, sample_weight=w)
        found = replicate(regressor.posterior_, regressor._data)
        assert found.observed.size == 2000
        assert np.isin(found.observed, y[500:]).all()


class TestResidualGroups:
    @staticmethod
    def check(predicted, observed):
        return br.PredictiveCheck(np.full(predicted.size, 0.5), predicted, observed, predicted.size)

    def test_they_are_means_of_neighbours(self):
        predicted = np.arange(40.0)[::-1]
        observed = predicted + np.repeat([1.0, -1.0], 20)[::-1] + np.tile([0.1, -0.1], 20)
        found = residual_groups(self.check(predicted, observed))
        np.testing.assert_allclose(found.predicted, [4.5, 14.5, 24.5, 34.5])
        np.testing.assert_allclose(found.mean, [1.0, 1.0, -1.0, -1.0], atol=1e-12)
        np.testing.assert_allclose(found.standard_error, np.sqrt(0.1**2 * 10 / 9) / np.sqrt(10))
        assert found.n_away == 4

    def test_noise_alone_is_seldom_away_and_a_bend_is(self):
        rng = np.random.default_rng(0)
        predicted, noise = rng.normal(size=5000), rng.normal(size=5000)
        assert residual_groups(self.check(predicted, predicted + noise)).n_away <= 3
        bent = residual_groups(self.check(predicted, predicted + 0.5 * (predicted**2 - 1.0) + noise))
        assert bent.mean.size == 12
        assert bent.n_away >= 8

    @pytest.mark.parametrize("n", [1, 2, 19])
    def test_too_few_rows_have_none(self, n):
        found = residual_groups(self.check(np.arange(float(n)), np.ones(n)))
        assert found.mean.size == 0
        assert found.n_away == 0


def test_rows_beyond_what_a_page_can_bear_are_counted():
    rows = [Row((f"c{j}", "1")) for j in range(1001)]
    assert fold_rows([], "column") is None
    assert fold_rows(rows[:1], "column") == ("The 1 column", (rows[0],))
    assert fold_rows(rows[:1000], "other column").label == "The 1000 other columns"
    many = fold_rows(rows, "column")
    assert (many.label, len(many.rows)) == ("1000 of the 1001 columns", 1000)


def test_the_summary_says_what_to_do_next(diabetes_report, tmp_path):
    regressor, X, *_, text = diabetes_report
    said = Page(text).said("summary")
    for part in ("What it says", "How sure it is", "What to do next"):
        assert part in said
    assert "Cautions" not in said
    assert "response progression" in said
    assert "442 rows, 10 columns" in said
    assert "known: 54.15" in said
    assert "4 chains of 1000 draws each" in said
    check = check_predictions(regressor.posterior_, regressor._data)
    assert f"{check.covered:.1%} of the rows lie inside their own 90% predictive interval." in said
    assert "The prior's scale is the one that was given. Let the data choose one" in said
    steps = re.search(r"What to do next</h3>\s*<ol>(.*?)</ol>", text, re.DOTALL)[1]
    code = dict(pair for pair in re.findall(r"<li>(.*?)<code>(.*?)</code>", steps))
    codes = [html.unescape(line) for line in code.values()]
    again = eval(f"br.BayesRegressor(br.LaplacePrior(), {codes[0]})", {"br": br})
    assert again.scale_selection == "cv"
    predicted, bounds = eval(codes[1], {"regressor": regressor, "X_new": X[:3]})
    assert (predicted.shape, bounds.shape) == ((3,), (3, 2))


@pytest.mark.filterwarnings("ignore::bayesreg.base.errors.ConvergenceWarning")
@pytest.mark.parametrize(
    ("tol", "said", "other"),
    [
        (1e-8, "The mode is proved: its objective is above the minimum by at most", "misses the tolerance"),
        (
            1e-25,
            "The mode misses the tolerance that was asked for: its objective may be above the",
            "is proved",
        ),
    ],
)
def test_the_page_says_whether_the_mode_meets_its_tolerance(tol, said, other):
    X, y = frame(4)
    model, data = (
        br.LinearModel(br.LaplacePrior(0.3), br.GaussianLikelihood(1.0)),
        br.RowData.from_arrays(X, y),
    )
    mode = br.map_estimate(model, data, tol)
    assert bool(mode.converged) is (tol > 1e-20)
    tree = br.sample_posterior(model, data, num_warmup=50, num_samples=50, num_chains=2, progress=False)
    fit = Fit(model, data, mode, tree, None)
    for sentences in (sureness(fit), certificate_section(fit).sentences):
        text = " ".join(sentences)
        assert said in text
        assert other not in text
        assert f"{mode.certificate.proven_gap:.1e} of the objective of the model without predictors" in text


def test_the_summary_begins_with_cautions_if_there_are_some(tmp_path):
    X, y = frame(3)
    regressor = sampled(br.BayesRegressor(br.LaplacePrior(1e-6), noise_scale=1.0), X, y)
    page = self_contained(written(regressor, tmp_path / "r.html"))
    said = page.said("summary")
    assert "At the mode every penalised coefficient is 0" in said
    assert said.index("Cautions") < said.index("What it says")
    assert "What to do next Settle the cautions first" in said


@pytest.mark.filterwarnings("ignore::bayesreg.base.errors.SamplingWarning")
def test_draws_that_are_not_to_be_relied_on_come_before_predictions(tmp_path):
    X, y = frame(2)
    regressor = br.BayesRegressor(br.GaussianPrior(1.0), noise_scale=1.0).fit(X, y)
    page = Page(written(regressor.sample(num_samples=5, progress=False), tmp_path / "r.html"))
    said = page.said("summary")
    assert "Do not rely on the means and intervals" in said
    assert said.index("What to do next These draws are not to be relied on. Sample longer: regressor.sample(")
    assert "not to be relied on" not in Page(
        written(regressor.sample(progress=False), tmp_path / "r.html")
    ).said("summary")


@pytest.mark.parametrize(
    ("prior", "offered"),
    [
        (br.GaussianPrior(), "The prior's scale is the default."),
        (br.LaplacePrior([1.0, 2.0]), None),
        (br.FlatPrior(), None),
        (br.GaussianPrior(dist.HalfNormal(1.0)), None),
    ],
)
def test_a_choice_of_the_scale_is_offered_if_there_is_one(tmp_path, prior, offered):
    said = Page(written(sampled(br.BayesRegressor(prior), *frame(2)), tmp_path / "r.html")).said("summary")
    assert ("Let the data choose one" in said) == (offered is not None)
    assert offered is None or offered in said


def test_the_foot_has_the_date_and_the_versions(diabetes_report, tmp_path):
    regressor, *_, text = diabetes_report
    foot = text.split("<footer>")[1]
    assert '<time datetime="2024-02-29">2024-02-29</time>' in foot
    for name, number in (
        ("bayesreg", br.__version__),
        ("Python", platform.python_version()),
        ("JAX", jax.__version__),
        ("numpy", np.__version__),
    ):
        assert f"{name} {number}" in foot
    days = [datetime.date.today()]
    today = br.write_report(regressor, tmp_path / "today.html").read_text(encoding="utf-8")
    days.append(datetime.date.today())
    assert any(f'<time datetime="{day}">' in today for day in days)


def test_names_that_stand_out_are_those_whose_interval_leaves_out_0(diabetes_report):
    regressor, X, *_, text = diabetes_report
    draws = regressor.posterior_["posterior"]["coef"].values.reshape(-1, 10)
    low, high = np.quantile(draws, (0.05, 0.95), axis=0)
    found = re.findall(r'<tr class="stands-out"><th scope="row">(.*?)</th>', text)
    assert found == [*X.columns[(low > 0) | (high < 0)], "intercept"]


def test_long_arrays_are_folded(tmp_path):
    X, y = frame(40)
    prior = br.LaplacePrior(np.linspace(0.5, 1.5, 40))
    text = written(sampled(br.BayesRegressor(prior, noise_scale=1.0), X, y), tmp_path / "r.html")
    self_contained(text)
    open_to_all = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
    assert max(len(code) for code in re.findall(r"<code>(.*?)</code>", open_to_all, re.DOTALL)) < 1000
    assert "<details open" not in text
    whole = [html.unescape(code) for code in re.findall(r"<code>(.*?)</code>", text, re.DOTALL)]
    (regressor,) = [code for code in whole if code.startswith("br.BayesRegressor(") and "…" not in code]
    again = eval(regressor, {"br": br})
    np.testing.assert_array_equal(np.asarray(again.prior.scale), np.linspace(0.5, 1.5, 40))


@pytest.mark.parametrize("response", ["blood pressure", "$\\frac{1}{2}$ _y_", "<b>price</b> " * 9])
def test_axes_name_the_response(response):
    X, y = frame(3)
    regressor = sampled(br.BayesRegressor(br.GaussianPrior(1.0), 1.0), X, y)
    tree, mode, data = regressor.posterior_, regressor.map_, regressor._data
    check, selection = check_predictions(tree, data), br.select_scale(regressor._model, data, "cv")
    figures = [
        forest_figure(Fit(regressor._model, data, mode, tree, None, target=Target(response))),
        path_figure(regressor._model, mode, data, response),
        predictive_figure(check, replicate(tree, data), response),
        residual_figure(check, response),
        selection_figure(selection, response),
    ]
    name = shown(response)
    for figure, labels in zip(
        figures,
        (
            [f"coefficient, {name} per unit of x"],
            [f"prior scale, in units of {name} per unit of x", f"coefficient, {name} per unit of x"],
            [name],
            [f"predicted mean of {name}", f"observed {name}"],
            [
                f"prior scale, in units of {name} per unit of x",
                f"mean squared error, units of {name} squared",
            ],
        ),
        strict=True,
    ):
        found = [text for ax in figure.axes for text in (ax.get_xlabel(), ax.get_ylabel())]
        assert set(labels) <= set(found)
        assert png_bytes(figure, 50).startswith(b"\x89PNG")


# What a browser says, asked by a script that is put into a copy of the page; its own policy would refuse it.
ASK = """<script>
addEventListener("load", () => {
  const root = document.documentElement, boxes = [...document.querySelectorAll("main > section > *, h1, footer")];
  const box = one => one.getBoundingClientRect(), style = one => getComputedStyle(one);
  const found = {
    images: [...document.images].map(image => [image.complete, image.naturalWidth]),
    drawn: [...document.images].filter(image => image.checkVisibility()).map(image => [
      box(image).right, image.parentElement.scrollWidth > image.parentElement.clientWidth,
      style(image.parentElement).backgroundColor]),
    width: root.clientWidth, scroll: root.scrollWidth,
    beyond: boxes.filter(one => box(one).right > root.clientWidth + 1).map(one => one.tagName),
    colours: [...document.querySelectorAll("p, td, dt, dd, li, code, figcaption, summary, a")]
      .map(one => [style(one).color, ground(one)]),
    folded: [...document.querySelectorAll("details")].map(one => {
      one.open = true;
      return [...one.children].filter(part => part.tagName != "SUMMARY").map(part => box(part).height);
    }),
  };
  parent.postMessage(JSON.stringify(found), "*");
});
function ground(one) {
  while (one && getComputedStyle(one).backgroundColor == "rgba(0, 0, 0, 0)") one = one.parentElement;
  return one ? getComputedStyle(one).backgroundColor : "none";
}
</script>"""

# A window is never narrower than some 500 pixels; a frame is.
FRAME = """<!DOCTYPE html><body style="margin: 0"><iframe src="{page}" style="border: 0; width: {width}px; height: 900px">
</iframe><script>addEventListener("message", event => {{
  const answer = document.createElement("pre");
  answer.id = "answer";
  answer.textContent = event.data;
  document.body.append(answer);
}});</script></body>"""
PHONE, DESKTOP = 390, 1280


def chromium(folder, *arguments):
    """Run a browser without a window; return what it prints and what its console says."""
    command = [
        CHROMIUM, "--headless", "--disable-gpu", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars",
        "--no-first-run", "--disable-background-networking", f"--user-data-dir={folder / 'profile'}",
        "--enable-logging=stderr", "--virtual-time-budget=5000", *arguments,
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": str(folder)}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def answer_of(folder, text, width, media=None):
    """Open a copy of a page, at a width; or as if all of it stood under one media query."""
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', text)[0]
    if media is not None:
        assert f"@media {media} {{" in text
        text = text.replace(f"@media {media} {{", "@media all {")
    copy, outer = folder / f"copy-{width}.html", folder / f"frame-{width}.html"
    copy.write_text(text.replace(policy, "").replace("</body>", f"{ASK}</body>"), encoding="utf-8")
    outer.write_text(FRAME.format(page=copy.as_uri(), width=width), encoding="utf-8")
    dumped, console = chromium(folder, "--window-size=1400,900", "--dump-dom", outer.as_uri())
    assert console == []
    found = re.search(r'<pre id="answer">(.*?)</pre>', dumped, re.DOTALL)
    return json.loads(html.unescape(found[1]))


def contrast(one, other):
    """Return the contrast of two colours by WCAG 2."""
    light = []
    for colour in (one, other):
        channels = np.array([float(c) for c in re.findall(r"[\d.]+", colour)[:3]]) / 255.0
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.fixture(scope="module")
def odd_report(tmp_path_factory):
    X, y = frame(60, names=[*ODD, *(f"column {j}" for j in range(len(ODD), 60))])
    regressor = sampled(
        br.BayesRegressor(br.GaussianPrior(relative_to_noise=True), scale_selection="cv"), X, y
    )
    path = tmp_path_factory.mktemp("odd") / "odd.html"
    return path, written(regressor, path, title=ODD[0], response=ODD[1])


@pytest.fixture(scope="module")
def wide_report(tmp_path_factory):
    """A fit of 300 columns in units of their own, with a response whose name is long."""
    X, y = frame(300, n=400, names=[f"expression of gene {j}" for j in range(300)])
    X *= np.exp(np.random.default_rng(1).normal(0.0, 2.0, size=300))
    regressor = sampled(
        br.BayesRegressor(br.GaussianPrior(relative_to_noise=True), scale_selection="cv", standardize=True),
        X,
        y,
    )
    path = tmp_path_factory.mktemp("wide") / "wide.html"
    return path, written(regressor, path, title="A wide fit", response="days until the next visit")


@pytest.mark.extended
@in_a_browser
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("which", ["diabetes_report", "odd_report"])
def test_a_browser_shows_it(which, width, request, tmp_path):
    *_, text = request.getfixturevalue(which)
    found = answer_of(tmp_path, text, width)
    assert found["width"] == width
    assert len(found["images"]) == {"diabetes_report": 6, "odd_report": 7}[which]
    for complete, natural_width in found["images"]:
        assert complete
        assert natural_width > 1000
    assert len(found["drawn"]) == len(found["images"]) - 2  # the two certificates' are folded
    for right, scrolls, _ in found["drawn"]:
        # On a phone it scrolls inside its own box, so that its letters stay legible.
        assert (right > width, scrolls) == (width == PHONE,) * 2
    assert (
        found["scroll"] <= width
    )  # nothing scrolls sideways but tables, pictures and code, in their own boxes
    assert found["beyond"] == []
    assert min(contrast(*pair) for pair in found["colours"]) > 4.5


@pytest.mark.extended
@in_a_browser
def test_in_the_dark_it_is_legible_and_pictures_stay_on_white(diabetes_report, tmp_path):
    *_, text = diabetes_report
    light = answer_of(tmp_path, text, DESKTOP)
    dark = answer_of(tmp_path, text, DESKTOP, "screen and (prefers-color-scheme: dark)")
    assert len(dark["colours"]) == len(light["colours"])
    for (_, light_page), (_, dark_page) in zip(light["colours"], dark["colours"], strict=True):
        assert contrast(light_page, "0, 0, 0") > 10
        assert contrast(dark_page, "255, 255, 255") > 10
    assert min(contrast(*pair) for pair in dark["colours"]) > 4.5
    assert {card for *_, card in dark["drawn"]} == {"rgb(255, 255, 255)"}


@pytest.mark.extended
@in_a_browser
def test_on_paper_all_that_is_folded_stays_so_even_if_it_is_open(wide_report, tmp_path):
    *_, text = wide_report
    screen, paper = answer_of(tmp_path, text, DESKTOP), answer_of(tmp_path, text, DESKTOP, "print")
    assert len(paper["folded"]) == len(screen["folded"]) > 5
    assert all(min(heights) > 0.0 for heights in screen["folded"])
    assert all(max(heights) == 0.0 for heights in paper["folded"])


@pytest.mark.extended
@in_a_browser
@pytest.mark.parametrize("which", ["diabetes_report", "odd_report"])
def test_its_console_stays_silent(which, request, tmp_path):
    *_, path, _ = (None, *request.getfixturevalue(which))
    dumped, console = chromium(tmp_path, "--dump-dom", path.as_uri())
    assert console == []
    assert "</html>" in dumped


@pytest.mark.extended
@in_a_browser
def test_its_policy_refuses_a_script(diabetes_report, tmp_path):
    *_, text = diabetes_report
    copy = tmp_path / "copy.html"
    script = "<script>document.body.id = 'ran'</script>"
    copy.write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
    dumped, console = chromium(tmp_path, "--dump-dom", copy.as_uri())
    assert "</html>" in dumped
    assert '<body id="ran">' not in dumped
    assert len(console) == 1
    assert "Content Security Policy" in console[0]


@pytest.mark.extended
@in_a_browser
@pytest.mark.parametrize(("which", "most"), [("diabetes_report", 6), ("wide_report", 8)])
def test_it_prints_on_few_pages(which, most, request, tmp_path):
    text = request.getfixturevalue(which)[-1]
    page, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(text, encoding="utf-8")
    _, console = chromium(tmp_path, f"--print-to-pdf={pdf}", "--no-pdf-header-footer", page.as_uri())
    assert console == []
    printed = pdf.read_bytes()
    assert printed.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= most
    assert len(re.findall(rb"/Subtype\s*/Image", printed)) >= 4


def test_the_template_is_in_the_package():
    folder = Path(br.__file__).parent / "app" / "report" / "templates"
    assert sorted(path.name for path in folder.iterdir()) == ["report.css", "report.html"]
