"""The report: one page, self-contained, true to the fit, and escaped; opened in a browser where there is one."""

import base64
import datetime
import html
import json
import os
import pickle
import re
import shutil
import struct
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Lasso, Ridge

import bayesreg as br
from bayesreg.app.report.data_summary import summarise_data
from bayesreg.app.words.code_lines import regressor_code
from bayesreg.posterior.draws.predictive_check import check_predictions

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
    assert "σ = " in page.said("mode")  # unknown, so the proof is given it
    assert len(page.all("img")) == 6


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


# What a browser says, asked by a script that is put into a copy of the page; its own policy would refuse it.
ASK = """<script>
addEventListener("load", () => {
  const root = document.documentElement, boxes = [...document.querySelectorAll("main > section > *, h1, .points")];
  const found = {
    images: [...document.images].map(image => [image.complete, image.naturalWidth, image.getBoundingClientRect().right]),
    width: root.clientWidth, scroll: root.scrollWidth,
    beyond: boxes.filter(box => box.getBoundingClientRect().right > root.clientWidth + 1).map(box => box.tagName),
    text: getComputedStyle(document.body).color, page: getComputedStyle(document.body).backgroundColor,
  };
  const answer = document.createElement("pre");
  answer.id = "answer";
  answer.textContent = JSON.stringify(found);
  document.body.append(answer);
});
</script>"""


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


def answer_of(folder, text, width):
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', text)[0]
    copy = folder / f"copy-{width}.html"
    copy.write_text(text.replace(policy, "").replace("</body>", f"{ASK}</body>"), encoding="utf-8")
    dumped, console = chromium(folder, f"--window-size={width},900", "--dump-dom", copy.as_uri())
    assert console == []
    found = re.search(r'<pre id="answer">(.*?)</pre>', dumped, re.DOTALL)
    return json.loads(found[1])


@pytest.fixture(scope="module")
def odd_report(tmp_path_factory):
    X, y = frame(60, names=[*ODD, *(f"column {j}" for j in range(len(ODD), 60))])
    regressor = sampled(
        br.BayesRegressor(br.GaussianPrior(relative_to_noise=True), scale_selection="cv"), X, y
    )
    path = tmp_path_factory.mktemp("odd") / "odd.html"
    return path, written(regressor, path, title=ODD[0], response=ODD[1])


@in_a_browser
@pytest.mark.parametrize("width", [500, 1280])
@pytest.mark.parametrize("which", ["diabetes_report", "odd_report"])
def test_a_browser_shows_it(which, width, request, tmp_path):
    *_, text = request.getfixturevalue(which)
    found = answer_of(tmp_path, text, width)
    assert found["width"] == width
    assert len(found["images"]) == {"diabetes_report": 4, "odd_report": 5}[which]
    for complete, natural_width, right in found["images"]:
        assert complete
        assert natural_width > 1000
        assert (
            right <= width or width < 640
        )  # on a phone it scrolls inside its figure, so that its letters stay legible
    assert found["scroll"] <= width  # nothing scrolls sideways but tables and code, in their own boxes
    assert found["beyond"] == []


@in_a_browser
@pytest.mark.parametrize("which", ["diabetes_report", "odd_report"])
def test_its_console_stays_silent(which, request, tmp_path):
    *_, path, _ = (None, *request.getfixturevalue(which))
    dumped, console = chromium(tmp_path, "--dump-dom", path.as_uri())
    assert console == []
    assert "</html>" in dumped


@in_a_browser
def test_its_policy_refuses_a_script(diabetes_report, tmp_path):
    *_, text = diabetes_report
    copy = tmp_path / "copy.html"
    copy.write_text(text.replace("</body>", f"{ASK}</body>"), encoding="utf-8")
    dumped, console = chromium(tmp_path, "--dump-dom", copy.as_uri())
    assert '<pre id="answer">' not in dumped
    assert len(console) == 1
    assert "Content Security Policy" in console[0]


@in_a_browser
def test_it_prints(diabetes_report, tmp_path):
    *_, path, _ = diabetes_report
    chromium(tmp_path, f"--print-to-pdf={tmp_path / 'report.pdf'}", "--no-pdf-header-footer", path.as_uri())
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 4 <= pages <= 14
    assert len(re.findall(rb"/Subtype\s*/Image", pdf)) >= 4


def test_the_template_is_in_the_package():
    folder = Path(br.__file__).parent / "app" / "report" / "templates"
    assert sorted(path.name for path in folder.iterdir()) == ["report.css", "report.html"]
