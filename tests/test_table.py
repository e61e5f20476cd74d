"""The table that `bayesreg fit` prints: which rows, how names and numbers stand in it, and what else says the same."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

import bayesreg as br
from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.app.words.numbers import coefficient_cells, exactly, percentage, probability, rounded
from bayesreg.app.words.text import elided, make_console, print_named_rows
from bayesreg.posterior.draws.interval import Interval

WIDE = 45
LONG = "a_name_that_is_longer_than_a_terminal_has_room_for_beside_its_numbers"


def short_posterior(model, data, **_):
    return br.sample_posterior(model, data, num_warmup=100, num_samples=100, num_chains=2, progress=False)


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(analysis, "sample_posterior", short_posterior)


def wide():
    rng = np.random.default_rng(0)
    n = 150
    frame = pd.DataFrame(rng.normal(size=(n, WIDE)), columns=[f"column_{j}" for j in range(WIDE)])
    frame[LONG] = rng.normal(size=n)
    frame["city"] = rng.choice([f"town {name}" for name in "abcdefghijkl"], n)
    frame["year"] = 2026
    frame["price"] = 3.0 * frame[LONG] + frame["column_7"] + rng.normal(size=n)
    return frame


def fit(folder, frame, *options, columns=None):
    file = folder / "data.csv"
    frame.to_csv(file, index=False)
    words = [
        "fit",
        str(file),
        "--target",
        "price",
        "--noise-scale",
        "1",
        "--out",
        str(folder / "out"),
        *options,
    ]
    result = CliRunner(env={"COLUMNS": columns}).invoke(main, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def table(text):
    """Return the lines of the first table, its header and its rule left out."""
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("────"))
    return lines[start + 1 : lines.index("", start)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("wide")


@pytest.mark.extended
def test_a_wide_fit_has_a_short_table_and_says_where_the_rest_is(folder):
    text = fit(folder, wide())
    rows = table(text)
    assert len(rows) == 31
    assert rows[-1].startswith("intercept ")
    p = WIDE + 1 + 12 + 1
    assert f"{p - 30} more coefficients are in coefficients.csv and differences.csv" in " ".join(text.split())
    names = pd.read_csv(folder / "out" / "coefficients.csv")["feature"]
    assert len(names) == p + 1
    assert LONG in set(names)
    differences = pd.read_csv(folder / "out" / "differences.csv")
    assert len(differences) == 13
    assert differences["map"].iloc[:-1].sum() == pytest.approx(0.0, abs=1e-9)


def test_levels_are_told_in_one_line(folder):
    lines = [line for line in fit(folder, wide(), columns="80").splitlines() if line.startswith("levels ")]
    (line,) = lines
    assert line.endswith("'city' is text of 12 levels: town a, town b, town c and 9 more")
    assert len(line) <= 80


def test_all_shows_everything_and_the_coefficients_of_the_model(folder):
    text = fit(folder, wide(), "--all")
    assert len(table(text)) == WIDE + 1 + 12 + 1 + 1
    (year,) = [line for line in text.splitlines() if line.startswith("year ")]
    assert year.split() == ["year", "constant"]
    city = [line for line in text.splitlines() if line.startswith("city=town a ")]
    assert len(city) == 2
    assert city[0] != city[1]
    assert "more coefficients" not in text


@pytest.mark.parametrize(("columns", "most"), [("80", 80), ("100", 100), ("300", 100), ("20", 70)])
def test_no_name_is_broken(folder, columns, most):
    text = fit(folder, wide(), columns=columns)
    rows = table(text)
    assert len(rows) == 31  # one line each
    assert max(map(cell_len, rows)) <= most
    (long,) = [row.split()[0] for row in rows if "…" in row.split()[0]]
    start, end = long.split("…")
    assert LONG.startswith(start)
    assert LONG.endswith(end)
    assert start
    assert end


def test_a_narrow_terminal_wraps_text_too(folder):
    text = fit(folder, wide(), columns="80")
    long = [line for line in text.splitlines() if len(line) > 80 and not line.startswith(("sci", "bay"))]
    assert all(
        LONG in line and len(line.split()) == 1 for line in long
    )  # a name of more letters than a line has


@pytest.mark.parametrize(
    ("name", "room", "shown"),
    [
        ("short", 12, "short"),
        ("exactlytwelv", 12, "exactlytwelv"),
        ("thirteen_long", 12, "thirte…_long"),
        ("日本語の長い名前です", 12, "日本語…です"),
        ("日" * 7, 13, "日日日…日日日"),
    ],
)
def test_a_name_loses_its_middle(name, room, shown):
    assert elided(name, room) == shown
    assert cell_len(elided(name, room)) <= room


def test_numbers_are_never_cut():
    console = make_console()
    with console.capture() as caught:
        print_named_rows(console, ("feature", "value"), [("x" * 50, "1" * 120), ("two\nlines", "2")])
    rows = caught.get().splitlines()
    assert "1" * 120 in rows[-2]
    assert rows[-1].startswith("two\\nlines")


def test_another_interval_is_in_table_picture_report_and_json(folder, monkeypatch):
    labels = []
    drawn = analysis.picture
    monkeypatch.setattr(
        analysis,
        "picture",
        lambda figure: labels.extend(figure.axes[0].get_legend_handles_labels()[1]) or drawn(figure),
    )
    frame = wide()[["column_1", "column_7", "city", "price"]]
    document = json.loads(fit(folder, frame, "--interval", "0.8", "--report", "--json"))
    assert document["posterior"]["interval"] == {"mass": 0.8, "columns": ["q10", "q90"]}
    assert {"q10", "q90"} < set(document["posterior"]["coef"]["column_7"])
    assert "80% interval" in labels
    assert "90% interval" not in labels
    page = (folder / "out" / "report.html").read_text()
    assert "<th>80% interval</th>" in page or ">80% interval<" in page
    text = fit(folder, frame, "--interval", "0.8")
    assert "80% interval" in text
    assert "90% interval" not in text
    coefs = pd.read_csv(folder / "out" / "coefficients.csv", index_col="feature")
    assert list(coefs.columns) == ["map", "mean", "sd", "q05", "q95", "p_sign", "q10", "q90"]
    assert (coefs["q05"] < coefs["q10"]).all()
    assert document["posterior"]["coef"]["column_7"]["q10"] == pytest.approx(coefs.loc["column_7", "q10"])


def test_json_says_what_the_table_says(folder):
    frame = wide()[["column_1", "column_7", "city", "year", "price"]].assign(
        twice=lambda f: 2 * f["column_7"]
    )
    document = json.loads(fit(folder, frame, "--json"))
    told = document["posterior"]["told"]
    assert list(told) == [*document["data"]["features"], "intercept"]
    assert told["city=town a"] == document["posterior"]["contrasts"]["city=town a"]
    assert told["city=town a"] != document["posterior"]["coef"]["city=town a"]
    assert told["year"] == dict.fromkeys(told["year"])
    assert document["constant"] == ["year"]
    (relation,) = document["collinear"]["relations"]
    assert relation == {
        "column": "twice", "terms": {"column_7": 2.0}, "constant": 0.0, "text": "twice = 2 column_7",
    }  # fmt: skip
    assert "--exclude twice" in document["collinear"]["notes"][1]
    assert document["headline"][0].startswith("The 90% interval leaves out 0 for")
    assert any("less the mean" in sentence for sentence in document["posterior"]["told_meaning"])


def test_a_target_of_two_values_is_cautioned_everywhere(folder):
    frame = wide()[["column_1", "price"]]
    frame["price"] = (frame["price"] > 0).astype(int)
    said = "'price' has two values only, 0 and 1"
    document = json.loads(fit(folder, frame, "--family", "gaussian", "--json", "--report"))
    assert any(said in sentence for sentence in document["cautions"])
    assert any(said in sentence for sentence in document["headline"])
    assert said.replace("'", "&#39;") in (folder / "out" / "report.html").read_text()
    text = " ".join(fit(folder, frame, "--family", "gaussian").split())
    assert f"caution {said}" in text
    assert f"With care: {said}" in text


@pytest.mark.parametrize(
    ("value", "sd", "shown"),
    [
        (0.0, 1.0, "0"),
        (1e-7, 1.0, "≈0"),
        (-1e-7, 1.0, "≈0"),
        (0.004, 1.0, "≈0"),
        (0.005001, 1.0, "0.01"),
        (np.nan, 1.0, ""),
    ],
)
def test_0_is_exactly_0(value, sd, shown):
    assert rounded(value, sd) == shown


def test_an_interval_shows_on_which_side_of_0_it_ends():
    row = {"map": 0.5, "mean": 0.001, "sd": 0.25, "q05": 2e-5, "q95": 0.9}
    assert coefficient_cells(row) == ["0.500", "0.001", "[2e-05, 0.900]"]
    row |= {"map": 0.0, "mean": -1e-9, "q05": -3e-6, "q95": 0.0}
    assert coefficient_cells(row) == ["0", "≈0", "[-3e-06, 0]"]
    row |= {"q025": -1.0, "q975": 1.0}
    assert coefficient_cells(row, Interval(0.95))[2] == "[-1.000, 1.000]"


def test_shares_and_decimals_do_not_round_to_0():
    assert [percentage(share) for share in (0.0, 0.00001, 0.5, 1.0)] == ["0%", "0.001%", "50.0%", "100.0%"]
    assert [exactly(value) for value in (0.0, -0.0, 1e-9, 0.5)] == ["0", "0", "≈0", "0.500000"]
    assert [probability(value) for value in (np.nan, 0.9999, 0.5)] == ["", ">0.999", "0.500"]
