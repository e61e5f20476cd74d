"""Missing entries: which texts they are, what is lost with their rows, and what keeps the rows."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import bayesreg as br
from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.data.files.missing import gaps_of
from bayesreg.data.files.missing_texts import MissingTexts
from bayesreg.data.files.table import read_table


def write(tmp_path, frame, name="data.csv"):
    frame.to_csv(tmp_path / name, index=False)
    return tmp_path / name


def refused(file, **options):
    with pytest.raises(ValueError) as told:
        read_table(file, "y", **options)
    return str(told.value)


def with_gaps(n=40, seed=0):
    """Return a frame whose columns lack entries in ways that overlap, and the text columns among them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 4)).round(3), columns=list("abcd"))
    frame["g"], frame["h"] = rng.choice(["u", "v"], n), rng.choice(["p", "q", "r"], n)
    frame["y"] = rng.normal(size=n).round(3)
    together = rng.random(n) < 0.3
    frame.loc[together, ["a", "b"]] = np.nan
    for name, share in (("c", 0.05), ("g", 0.4), ("h", rng.random() * 0.2), ("y", 0.02)):
        frame.loc[rng.random(n) < share, name] = np.nan
    return frame, ["g", "h"]


@pytest.mark.parametrize("seed", range(20))
def test_what_each_way_keeps_is_counted_right(seed):
    frame, text = with_gaps(seed=seed)
    gaps = gaps_of(frame, ["y"], text)
    assert gaps.n_complete == len(frame.dropna())
    assert gaps.counts == {name: n for name, n in frame.isna().sum().items() if n}
    assert list(gaps.counts.values()) == sorted(gaps.counts.values(), reverse=True)
    for names, n_complete in gaps.exclusions:
        assert "y" not in names
        assert n_complete == len(frame.drop(columns=list(names)).dropna()) > gaps.n_complete
    names, n_complete = gaps.as_levels
    assert set(names) <= set(text)
    assert n_complete == len(frame.assign(**frame[text].fillna("none")).dropna())


@pytest.mark.parametrize("seed", range(20))
def test_the_first_way_keeps_most_rows_for_a_column(seed):
    """No set of columns keeps more rows for each column that is left out, among all sets of them."""
    from itertools import combinations

    frame, text = with_gaps(seed=seed)
    gaps = gaps_of(frame, ["y"], text)
    gappy = [name for name in gaps.counts if name != "y"]
    best = max(
        (len(frame.drop(columns=list(names)).dropna()) - gaps.n_complete) / len(names)
        for size in range(1, len(gappy) + 1)
        for names in combinations(gappy, size)
    )
    names, n_complete = gaps.exclusions[0]
    found = (n_complete - gaps.n_complete) / len(names)
    assert found > 0.0
    # Ways are those in which entries lie together in a row; a union of them may do a little better.
    assert found >= 0.6 * best


def test_columns_that_lack_entries_together_are_named_together():
    frame = pd.DataFrame({"a": [1.0] * 8 + [np.nan] * 2, "b": [2.0] * 8 + [np.nan] * 2, "y": range(10)})
    gaps = gaps_of(frame, ["y"], [])
    assert gaps.exclusions == ((("a", "b"), 10),)
    assert gaps.as_levels is None
    assert gaps.advice() == "--exclude 'a, b' makes 10 rows complete."


def test_the_target_is_never_to_be_left_out():
    gaps = gaps_of(pd.DataFrame({"a": [1.0, 2.0, 3.0], "y": [1.0, np.nan, 2.0]}), ["y"], [])
    assert (gaps.exclusions, gaps.advice()) == ((), "")


def test_the_refusal_says_how_many_rows_each_way_keeps(tmp_path):
    frame, text = with_gaps()
    said = refused(write(tmp_path, frame))
    gaps = gaps_of(frame, ["y"], text)
    assert f"({gaps.n_complete} of 40 rows are complete)" in said
    assert gaps.advice() in said
    pasted = re.findall(r"--exclude '?([^']+?)'? makes (\d+) rows complete", said)
    assert pasted
    for names, n in pasted:
        table = read_table(tmp_path / "data.csv", "y", exclude=(names,), drop_missing=True)
        assert len(table.y) == int(n)
    names, n = re.search(r"--missing-level '?([^']+?)'? \(.*?\) makes (\d+) rows", said).groups()
    table = read_table(tmp_path / "data.csv", "y", missing_level=(names,), drop_missing=True)
    assert len(table.y) == int(n)


@pytest.mark.parametrize(("n_missing", "cautioned"), [(0, False), (2, False), (3, True), (7, True)])
def test_more_than_a_fifth_of_the_rows_is_cautioned_of(tmp_path, n_missing, cautioned):
    frame = pd.DataFrame({"a": np.arange(10.0), "b": np.arange(10.0)[::-1], "y": np.arange(10.0) ** 2})
    frame.loc[: n_missing - 1, "a"] = np.nan
    table = read_table(write(tmp_path, frame), "y", drop_missing=True)
    assert table.n_dropped == n_missing
    assert bool(table.cautions) is cautioned
    if cautioned:
        assert f"leaves out {n_missing} of 10 rows ({10 * n_missing}%)" in table.cautions[0]
        assert "--exclude a makes 10 rows complete" in table.cautions[0]
    assert (("more rows", "--exclude a makes 10 rows complete.") in table.said) is (n_missing == 2)


def test_the_caution_is_printed_and_in_the_report_and_in_json(tmp_path, monkeypatch):
    def short(model, data, **_):
        return br.sample_posterior(model, data, num_warmup=50, num_samples=50, num_chains=2, progress=False)

    monkeypatch.setattr(analysis, "sample_posterior", short)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(30, 3)), columns=["a", "b", "y"]).astype("object")
    frame.loc[:19, "a"] = "?"
    file, out = write(tmp_path, frame), tmp_path / "out"
    words = ["fit", str(file), "--target", "y", "--missing", "?", "--drop-missing", "--prior", "gaussian"]
    words += ["--out", str(out)]
    result = CliRunner().invoke(main, [*words, "--report"])
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "caution --drop-missing leaves out 20 of 30 rows (67%)" in said
    assert "missing read as missing: '?' 20 times in 'a'" in said
    assert "leaves out 20 of 30 rows (67%)" in (out / "report.html").read_text()
    document = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert any("leaves out 20 of 30 rows" in one for one in document["cautions"])
    assert document["data"]["notes"] == ["missing: read as missing: '?' 20 times in 'a'"]


# A level for what is missing.


def text_with_gaps(tmp_path):
    frame = pd.DataFrame(
        {"g": ["u", None, "v", "u", None, "v"] * 3, "k": ["p", "q", "p", None, "q", "q"] * 3, "x": range(18)}
    )
    return write(tmp_path, frame.assign(y=np.arange(18.0)))


def test_a_blank_is_a_level_of_its_own_if_that_is_said(tmp_path):
    file = text_with_gaps(tmp_path)
    table = read_table(file, "y", missing_level=("all",))
    assert list(table.X.columns) == ["g=u", "g=v", "g=(missing)", "k=p", "k=q", "k=(missing)", "x"]
    assert table.X["g=(missing)"].sum() == 6
    assert [one.missing for one in table.levels] == ["(missing)", "(missing)"]
    one = read_table(file, "y", missing_level=("g",), drop_missing=True)
    assert one.dropped == {"k": 3}
    assert one.levels[0].missing == "(missing)"
    assert one.levels[1].missing is None
    assert list(read_table(file, "y", missing_level=("g, k",)).X.columns) == list(table.X.columns)


def test_a_level_for_what_is_missing_has_a_name_that_is_free(tmp_path):
    frame = pd.DataFrame({"g": ["(missing)", None, "(missing 2)", "u"] * 3, "y": np.arange(12.0)})
    (levels,) = read_table(write(tmp_path, frame), "y", missing_level=("g",)).levels
    assert levels.missing == "(missing 3)"
    assert levels.values[-1] == "(missing 3)"


def test_two_levels_of_which_one_is_missing_are_one_feature(tmp_path):
    frame = pd.DataFrame({"g": ["yes", None] * 6, "y": np.arange(12.0)})
    table = read_table(write(tmp_path, frame), "y", missing_level=("g",))
    assert list(table.X.columns) == ["g=(missing)"]
    assert table.X["g=(missing)"].tolist() == [0.0, 1.0] * 6


def test_a_missing_number_is_no_level(tmp_path):
    frame = pd.DataFrame({"a": [1.0, None, 3.0, 4.0], "y": [1.0, 2.0, 3.0, 5.0]})
    said = refused(write(tmp_path, frame), missing_level=("a",))
    assert "'a' of --missing-level holds numbers" in said
    assert "there is no column 'b' for the column of --missing-level" in refused(
        tmp_path / "data.csv", missing_level=("b",)
    )


def test_a_column_called_all_is_a_column(tmp_path):
    frame = pd.DataFrame({"all": ["u", None, "v"] * 4, "g": ["u", "v", None] * 4, "y": np.arange(12.0)})
    table = read_table(write(tmp_path, frame), "y", missing_level=("all",), drop_missing=True)
    assert table.dropped == {"g": 4}


# Which texts they are.


def test_texts_speak_of_all_columns_or_of_one():
    found = MissingTexts.said(["NA", "a=0", "a=b=x", "b=", "c=1"], ["a", "a=b", "b"])
    assert found.everywhere == ("NA", "c=1")
    assert found.of("a") == ("NA", "c=1", "0")
    assert found.of("a=b") == ("NA", "c=1", "x")
    assert found.of("b") == ("NA", "c=1", "")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_text_is_missing_in_one_column_only(tmp_path, kind):
    frame = pd.DataFrame(
        {"land": ["NA", "DE", "FR"] * 4, "g": ["NA", "u", "v"] * 4, "n": [0, 1, 2] * 4, "m": [0, 1, 2] * 4}
    ).assign(y=np.arange(12.0))
    file = tmp_path / f"t.{kind}"
    if kind == "csv":
        frame.to_csv(file, index=False)
    else:
        pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
        frame.to_parquet(file, index=False)
    said = refused(file)
    assert "columns 'land', 'g' are text, and 'NA' in them may name a group or a missing entry" in said
    table = read_table(file, "y", missing=("g=NA", "n=0"), levels=("land",), drop_missing=True)
    assert table.dropped == {"g": 4, "n": 4}
    assert table.levels[0].values == ("DE", "FR")
    assert ("missing", "read as missing: 'NA' 4 times in 'g', '0' 4 times in 'n'") in table.said


def test_what_was_read_as_missing_is_said_with_its_texts(tmp_path):
    text = "a,b,g,y\n1,NA,u,1\n,nan,v,2\n-,3,,3\n4, NA ,u,4\n5,5,v,5\n-9,6,u,6\n7,7,v,7\n"
    (tmp_path / "t.csv").write_text(text)
    table = read_table(tmp_path / "t.csv", "y", missing=("-", "-9"), drop_missing=True)
    ((label, said),) = [note for note in table.said if note[0] == "missing"]
    assert label == "missing"
    for part in (
        "a blank 2 times in 'a', 'g'",
        "'NA' 2 times in 'b'",
        "'nan' 1 time in 'b'",
        "'-' 1 time in 'a'",
        "'-9' 1 time in 'a'",
    ):
        assert part in said
    blank = "a,y\n1,1\n,2\n3,4\n4,2\n"
    (tmp_path / "blank.csv").write_text(blank)
    assert not [
        one for one in read_table(tmp_path / "blank.csv", "y", drop_missing=True).said if one[0] == "missing"
    ]


def test_many_questions_are_one_message_with_options_that_answer_them(tmp_path):
    import shlex

    rng = np.random.default_rng(1)
    n = 60
    frame = pd.DataFrame(
        {
            "alley, old": rng.choice(["NA", "grvl", "pave"], n),
            "fence": rng.choice(["NA", "wood"], n),
            "sold": pd.date_range("2020-01-01", periods=n).strftime("%d.%m.%Y"),
            "tax": [f"{value:.1f}%" for value in rng.uniform(0, 9, n)],
            "size": [f"{value:,}" for value in rng.integers(500, 5000, n)],
            "rooms": rng.choice(["1", "2", "3", "?"], n),
        }
    ).assign(y=[f"${value}" for value in rng.integers(1, 99, n)])
    file = write(tmp_path, frame)
    said = refused(file)
    assert said.startswith("7 columns need a word from you. (1) the target 'y' must be numeric")
    *options, last = shlex.split(said.split("All at once, if it is meant so: ")[1])
    assert last == "--drop-missing"  # as "?" is then missing
    given = dict.fromkeys(("numbers", "dates", "missing", "levels", "missing-level"), ())
    for flag, value in zip(options[::2], options[1::2], strict=True):
        given[flag[2:]] = (*given[flag[2:]], value)
    assert given["missing-level"] == ("fence", "alley, old")
    table = read_table(file, "y", missing_level=given.pop("missing-level"), drop_missing=True, **given)
    assert [name for name in table.X if "=" not in name] == ["sold", "tax", "size", "rooms"]
    assert table.levels[0].column == "alley, old"
    assert table.n_dropped == (frame["rooms"] == "?").sum()
