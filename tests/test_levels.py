"""Text columns in a fit: what the data tell of their levels, and how much of the response all of it explains."""

import html
import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import r2_score

import bayesreg as br
from bayesreg.app.cli import main
from bayesreg.app.fitted import Fit
from bayesreg.data.files.levels import Levels, found_levels, levels_from_json, levels_to_json
from bayesreg.data.files.most_levels import most_levels
from bayesreg.data.files.table import read_table


def fit(*arguments):
    return CliRunner().invoke(main, ["fit", *map(str, arguments)])


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """Cities that differ by 4 and 2, far from 0 together; shops numbered from 1001, one of them closed."""
    folder = tmp_path_factory.mktemp("shops")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"shop": np.arange(1001, 1091), "size": rng.normal(size=90)})
    frame["city"] = rng.choice(["Bonn", "Köln", "Ulm"], 90)
    frame["open"] = rng.choice(["no", "yes"], 90)
    frame["sales"] = frame["city"].map({"Bonn": 40.0, "Köln": 44.0, "Ulm": 42.0}) + rng.normal(0, 0.5, 90)
    frame.drop(index=17).to_csv(folder / "shops.csv", index=False)
    result = fit(folder / "shops.csv", "--target", "sales", "--out", folder / "out", "--report", "--json")
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.stdout)


def test_levels_are_told_as_differences(shops):
    folder, document = shops
    found = document["posterior"]["contrasts"]
    assert list(found) == ["city=Bonn", "city=Köln", "city=Ulm"]
    for name, truth in zip(found, (-2.0, 2.0, 0.0), strict=True):
        assert found[name]["q05"] < truth + 0.3
        assert found[name]["q95"] > truth - 0.3
        assert found[name]["q95"] - found[name]["q05"] < 0.6
        raw = document["posterior"]["coef"][name]
        assert raw["q95"] - raw["q05"] > 3.0  # the prior alone says how intercept and levels share the rest
    text = fit(
        folder / "shops.csv", "--target", "sales", "--exclude", "shop, size, open", "--out", folder / "b"
    ).stdout
    assert "city=Bonn to city=Ulm: less the mean of the column's 3 levels." in text
    (row,) = [line for line in text.splitlines() if line.startswith("city=Köln")]
    assert float(row.split()[1]) == pytest.approx(2.0, abs=0.3)


def test_the_page_says_which_columns_the_lines_to_paste_are_for(shops):
    """The line of scikit-learn, on columns made as the sentence says, gives the mode."""
    folder, document = shops
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert (
        "X has the columns of the table under Data, in their order: that of a level is 1 in its rows" in text
    )
    frame = pd.read_csv(folder / "shops.csv")
    names = list(document["posterior"]["coef"])
    X = pd.DataFrame(
        {
            name: frame[name] if name in frame else frame[(at := name.split("="))[0]] == at[1]
            for name in names
        },
        dtype=float,
    )
    code = re.search(r"X being the columns of the data(.*?)To paste", text, flags=re.DOTALL)[1]
    given = {"X": X, "y": frame["sales"]}
    exec(code[code.index("from sklearn") :], given)
    modes = [document["map"]["coef"][name] for name in names]
    np.testing.assert_allclose(given["coef"], modes, atol=1e-6)


def test_the_contrasts_are_those_of_the_draws(shops):
    folder, document = shops
    import arviz as az

    coef = az.from_netcdf(folder / "out" / "posterior.nc")["posterior"]["coef"]
    levels = coef.sel(feature=["city=Bonn", "city=Köln", "city=Ulm"])
    expected = levels - levels.mean("feature")
    for name, row in document["posterior"]["contrasts"].items():
        draws = expected.sel(feature=name).values.ravel()
        assert row["mean"] == pytest.approx(draws.mean())
        assert row["q05"] == pytest.approx(np.quantile(draws, 0.05))
        assert row["map"] == pytest.approx(
            document["map"]["coef"][name]
            - np.mean([document["map"]["coef"][n] for n in levels.feature.values])
        )


def test_the_report_tells_them_too(shops):
    page = (shops[0] / "out" / "report.html").read_text()
    assert "city=Bonn to city=Ulm: less the mean of the column&#39;s 3 levels." in page
    assert "of the variance of &#39;sales&#39; on these rows (R²)" in page
    assert "levels: less the mean of their column" in page


def test_a_column_that_numbers_the_rows_is_asked_about(shops):
    text = fit(
        shops[0] / "shops.csv", "--target", "sales", "--features", "shop, size", "--out", shops[0] / "c"
    ).stdout
    (line,) = [line for line in text.splitlines() if line.startswith("identifier?")]
    assert "'shop' numbers the rows" in line


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("holds", [br.RowData, br.GramData])
def test_r_squared_is_sklearns(intercept, weighted, holds):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 3)) + 5.0
    y = X @ [1.0, 0.0, -2.0] + 30.0 + rng.normal(size=40)
    w = rng.uniform(0.5, 2.0, 40) if weighted else None
    data = holds.from_arrays(X, y, w)
    model = br.LinearModel(br.LaplacePrior(0.3), br.GaussianLikelihood(1.0), intercept)
    mode = br.map_estimate(model, data)
    found = Fit(model, data, mode, None, None).r_squared
    assert found == pytest.approx(r2_score(y, mode.intercept + X @ mode.coef, sample_weight=w), rel=1e-9)


def test_levels_come_back_from_text():
    levels = (
        Levels("a, b", ("u", "v"), ("a, b=v",)),
        Levels("ö", ("x",), ("ö=x",)),
        Levels(
            "g",
            ("u", "(missing)", "(other)"),
            ("g=u", "g=(other)"),
            "(missing)",
            "(other)",
            "(missing)",
            ("w", "x"),
        ),
    )
    assert levels_from_json(levels_to_json(levels)) == levels


def test_levels_of_an_earlier_version_come_back():
    text = '[{"column": "a", "values": ["u", "v", "w"], "features": ["a=u", "a=v", "a=w"]}]'
    assert levels_from_json(text) == (Levels("a", ("u", "v", "w"), ("a=u", "a=v", "a=w")),)


def column(counts, name="g"):
    return pd.Series([level for level, n in counts.items() for _ in range(n)], name=name)


# How many levels.


@pytest.mark.parametrize(
    ("n_rows", "expected"),
    [
        (2, 2),
        (5, 2),
        (7, 3),
        (40, 19),
        (101, 50),
        (499, 50),
        (510, 51),
        (3000, 300),
        (10_000, 1000),
        (336_776, 398),
        (10**7, 50),
        (10**6, 134),
    ],
)
def test_how_many_levels_there_may_be_looks_at_the_rows(n_rows, expected):
    assert most_levels(n_rows) == expected


def of_levels(tmp_path, n_levels, n_rows, **options):
    frame = pd.DataFrame({"g": [f"v{i % n_levels}" for i in range(n_rows)], "x": range(n_rows)})
    frame.assign(y=np.arange(n_rows) % 7).to_csv(tmp_path / "t.csv", index=False)
    return read_table(tmp_path / "t.csv", "y", **options)


def test_a_hundred_levels_of_many_rows_are_levels(tmp_path):
    assert of_levels(tmp_path, 100, 1000).X.shape == (1000, 101)


def test_too_many_levels_are_told_with_each_way_out(tmp_path):
    with pytest.raises(ValueError) as told:
        of_levels(tmp_path, 101, 1000)
    said = str(told.value)
    assert "column 'g' holds text with 101 levels in 1000 rows, for example 'v0'" in said
    assert "--exclude g leaves it out" in said
    assert "--max-levels 101 takes them all" in said
    assert of_levels(tmp_path, 101, 1000, max_levels=101).X.shape == (1000, 102)
    with pytest.raises(ValueError, match=r"levels in 1000 rows, .*, and --max-levels allows 100"):
        of_levels(tmp_path, 101, 1000, max_levels=100)
    assert of_levels(tmp_path, 101, 1000, levels=("g",)).X.shape == (1000, 102)
    with pytest.raises(
        ValueError, match="--max-levels allows 5"
    ):  # it is said of all columns, those of --levels too
        of_levels(tmp_path, 6, 1000, max_levels=5, levels=("g",))


def test_what_is_proposed_for_rare_levels_is_true(tmp_path):
    counts = {f"v{i}": n for i, n in enumerate([40] * 3 + [7] * 5 + [1] * 60)}
    frame = column(counts).to_frame().assign(y=np.arange(215))
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(
        ValueError, match=r"--gather-rare 2 makes one level of those with fewer than 2 rows, which leaves 9"
    ):
        read_table(tmp_path / "t.csv", "y")
    (levels,) = read_table(tmp_path / "t.csv", "y", gather_rare=2).levels
    assert len(levels.values) == 9


def test_the_rows_that_are_left_count_and_not_those_of_the_file(tmp_path):
    frame = pd.DataFrame({"g": [f"v{i % 20}" for i in range(200)], "x": np.arange(200.0), "y": range(200)})
    frame.loc[25:, "x"] = np.nan
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match="20 levels in 25 rows"):
        read_table(tmp_path / "t.csv", "y", drop_missing=True)
    assert read_table(tmp_path / "t.csv", "y", exclude=("x",)).X.shape == (200, 20)


# Rare levels.


def test_rare_levels_become_one():
    counts = {"a": 5, "b": 4, "c": 3, "d": 1}
    levels = found_levels(column(counts), gather_rare=4)
    assert levels == Levels(
        "g", ("a", "b", "(other)"), ("g=a", "g=b", "g=(other)"), None, "(other)", None, ("c", "d")
    )
    encoded = levels.encoded(column(counts))
    assert encoded.sum().tolist() == [5.0, 4.0, 4.0]
    new = levels.of(pd.Series(["a", "c", "never", None], name="g"))
    assert new.tolist()[:3] == ["a", "(other)", "(other)"]
    assert new.isna().tolist() == [False, False, False, True]


def test_nothing_rare_leaves_no_level_for_it():
    levels = found_levels(column({"a": 5, "b": 4, "c": 4}), gather_rare=4)
    assert (levels.other, levels.gathered) == (None, ())
    assert levels.of(pd.Series(["never"], name="g")).isna().all()


def test_what_is_missing_and_the_reference_are_not_gathered():
    counts = {"a": 5, "b": 4, "(missing)": 1, "r": 1, "c": 1}
    levels = found_levels(column(counts), missing="(missing)", gather_rare=3, reference="r")
    assert levels.values == ("a", "b", "r", "(missing)", "(other)")
    assert levels.features == ("g=a", "g=b", "g=(missing)", "g=(other)")
    assert levels.gathered == ("c",)


def test_a_level_that_is_called_other_keeps_its_name():
    levels = found_levels(column({"(other)": 5, "b": 4, "c": 1}), gather_rare=3)
    assert levels.values == ("(other)", "b", "(other 2)")
    assert levels.of(pd.Series(["(other)", "never"], name="g")).tolist() == ["(other)", "(other 2)"]


def test_all_levels_are_rare():
    levels = found_levels(column({"a": 2, "b": 1}), gather_rare=3)
    assert (levels.values, levels.features) == (("(other)",), ("g=(other)",))


# A reference.


@pytest.mark.parametrize(
    ("reference", "features"),
    [("a", ("g=b", "g=c")), ("b", ("g=a", "g=c")), ("c", ("g=a", "g=b"))],
)
def test_a_reference_has_no_column(reference, features):
    counts = {"a": 3, "b": 2, "c": 1}
    levels = found_levels(column(counts), reference=reference)
    assert levels.features == features
    encoded = levels.encoded(column(counts))
    assert (encoded.sum(axis=1) == (column(counts) != reference)).all()
    for name in features:
        assert encoded[name].sum() == counts[name[2:]]


def test_of_two_levels_the_reference_says_which_is_0():
    assert found_levels(column({"no": 2, "yes": 1})).features == ("g=yes",)
    levels = found_levels(column({"no": 2, "yes": 1}), reference="yes")
    assert levels.features == ("g=no",)
    assert levels.encoded(column({"no": 2, "yes": 1}))["g=no"].tolist() == [1.0, 1.0, 0.0]


def test_references_of_columns_whose_names_have_signs(tmp_path):
    frame = pd.DataFrame(
        {"a": ["u", "v", "w"] * 4, "a=b": ["=", "v", "w"] * 4, "x": range(12), "y": range(12)}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = read_table(tmp_path / "t.csv", "y", reference=("a=v", "a=b=="))
    assert list(table.X.columns) == ["a=u", "a=w", "a=b=v", "a=b=w", "x"]
    for text, said in (
        ("a=x", "column 'a' has no level 'x' for --reference. Its levels are 'u', 'v', 'w'"),
        ("x=1", "'x' of --reference holds numbers. --levels x makes levels of them"),
        ("z=1", "there is no column 'z' for the --reference"),
        ("u", "--reference 'u' must be a column and a level, as in NAME=LEVEL"),
    ):
        with pytest.raises(ValueError) as told:
            read_table(tmp_path / "t.csv", "y", reference=(text,))
        assert said in str(told.value)
    with pytest.raises(ValueError, match="is not among the features"):
        read_table(tmp_path / "t.csv", "y", exclude=("a",), reference=("a=v",))


def test_coefficients_beside_a_reference_are_differences_from_it(tmp_path):
    rng = np.random.default_rng(0)
    g = rng.choice(["a", "b", "c"], 200)
    frame = pd.DataFrame(
        {"g": g, "y": pd.Series(g).map({"a": 10.0, "b": 13.0, "c": 8.0}) + rng.normal(0, 0.1, 200)}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    result = fit(
        tmp_path / "t.csv",
        "--target",
        "y",
        "--reference",
        "g=b",
        "--prior",
        "gaussian",
        "--out",
        tmp_path / "out",
        "--json",
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["map"]["coef"] == {"g=a": pytest.approx(-3.0, abs=0.1), "g=c": pytest.approx(-5.0, abs=0.1)}
    assert found["map"]["intercept"] == pytest.approx(13.0, abs=0.1)
    assert found["posterior"]["contrasts"] == {}
    text = " ".join(
        fit(
            tmp_path / "t.csv",
            "--target",
            "y",
            "--reference",
            "g=b",
            "--prior",
            "gaussian",
            "--out",
            tmp_path / "b",
        ).stdout.split()
    )
    assert "'g' is text of 3 levels, less 'b', which has no column: a, c" in text


@pytest.mark.extended
def test_a_mode_that_is_no_typical_point_is_said(tmp_path):
    """More columns than rows can tell: σ at the joint mode lies outside of its posterior, and that is said."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 90)), columns=[f"x{j}" for j in range(90)])
    X.assign(y=3.0 * X["x0"] + rng.normal(size=60)).to_csv(tmp_path / "wide.csv", index=False)
    result = fit(tmp_path / "wide.csv", "--target", "y", "--scale", "cv", "--out", tmp_path / "out", "--json")
    found = json.loads(result.stdout)
    sigma = found["posterior"]["noise_scale"]
    assert sigma["map"] < sigma["q05"]
    (_, caution) = found["cautions"]  # the first is of so many columns
    assert caution.startswith("The mode is no typical point of the posterior: its σ is")
