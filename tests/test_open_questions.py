"""All that is to be decided of a file is asked at once, with options that are right for what the columns hold."""

import re
import shlex
from string import ascii_uppercase

import numpy as np
import pandas as pd
import pytest

from bayesreg.data.files.dates import looks_like_a_date
from bayesreg.data.files.most_levels import tell_rows_apart
from bayesreg.data.files.table import read_table

N = 60
CODES = [one + two for one in ascii_uppercase for two in "AMN"][:N]  # "NA" is among them, as Namibia is


def frame(**columns):
    rng = np.random.default_rng(1)
    return pd.DataFrame({**columns, "x": rng.normal(size=N).round(3), "y": rng.normal(size=N).round(3)})


def refused(tmp_path, data, **options):
    data.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError) as told:
        read_table(tmp_path / "t.csv", "y", **options)
    return str(told.value)


def options_of(said):
    """Return the pasted options as arguments of read_table."""
    given: dict[str, tuple[str, ...] | bool] = {}
    words = shlex.split(said.split("All at once, if it is meant so: ")[1])
    while words:
        flag = words.pop(0)[2:].replace("-", "_")
        given[flag] = True if flag == "drop_missing" else (*given.get(flag, ()), words.pop(0))
    return given


def test_an_identifier_is_never_offered_as_levels(tmp_path):
    data = frame(iso=CODES, continent=np.resize(["NA", "EU", "AF", "AS"], N))
    said = refused(tmp_path, data)
    assert "column 'iso' holds text with 60 levels in 60 rows" in said
    assert not [part for part in re.findall(r"--levels ('[^']*'|\S+)", said) if "iso" in part]
    assert options_of(said) == {"levels": ("continent",), "exclude": ("iso",)}


@pytest.mark.parametrize("levels", [("iso",), ("iso, continent",)])
def test_levels_that_tell_rows_apart_are_refused_whoever_says_it(tmp_path, levels):
    data = frame(iso=CODES, continent=np.resize(["EU", "AF", "AS"], N))
    said = refused(tmp_path, data, levels=levels)
    assert "column 'iso' holds text with 60 levels in 60 rows" in said
    assert "That is an identifier, not groups of rows. --exclude iso leaves it out." in said
    assert read_table(tmp_path / "t.csv", "y", levels=("iso",), max_levels=60).X.shape == (N, 64)


def test_numbers_that_are_said_to_be_levels_are_no_identifier_either(tmp_path):
    said = refused(tmp_path, frame(house=np.arange(1000, 1000 + N)), levels=("house",))
    assert "column 'house' holds text with 60 levels in 60 rows" in said
    table = read_table(tmp_path / "t.csv", "y")
    assert list(table.X) == ["house", "x"]


@pytest.mark.parametrize(
    ("n_levels", "n_rows", "apart"),
    [(10, 10, False), (11, 11, True), (11, 23, False), (12, 24, True), (30, 61, False), (31, 61, True)],
)
def test_two_rows_a_level_are_groups(n_levels, n_rows, apart):
    assert tell_rows_apart(n_levels, n_rows) is apart


def test_all_is_asked_at_once_and_the_answers_end_it(tmp_path):
    """Numbers as text, an open month, codes, words for missing, an identifier, blanks: one refusal, one answer."""
    rng = np.random.default_rng(2)
    data = frame(
        iso=CODES,
        continent=np.resize(["NA", "EU", "AF", "AS"], N),
        alley=np.resize(["NA", "grvl", "pave"], N),
        sold=[f"0{1 + i % 9}/0{1 + i % 7}/2020" for i in range(N)],
        price=[f"{value:,}" for value in rng.integers(1000, 9000, N)],
    )
    data.loc[:4, "x"] = np.nan
    said = refused(tmp_path, data)
    assert said.startswith("6 columns need a word from you.")
    given = options_of(said)
    assert given["missing"] == ("alley=NA",)  # of continents NA is one
    table = read_table(tmp_path / "t.csv", "y", **given)
    assert [name for name in table.X if "=" not in name] == ["sold", "price", "x"]
    assert "continent=NA" in table.X
    assert "alley=(missing)" in table.X
    assert table.n_dropped == 5


def test_a_word_is_missing_in_its_column_alone_if_another_is_said_to_name_groups_by_it(tmp_path):
    data = frame(continent=np.resize(["NA", "EU", "AF", "AS"], N), alley=np.resize(["NA", "grvl", "pave"], N))
    said = refused(tmp_path, data, levels=("continent",), drop_missing=True)
    assert "--missing alley=NA says that it is missing" in said
    table = read_table(
        tmp_path / "t.csv", "y", levels=("continent",), missing=("alley=NA",), drop_missing=True
    )
    assert "continent=NA" in table.X
    assert table.n_dropped == N // 3


def test_entries_that_answers_make_missing_are_asked_about_with_them(tmp_path):
    data = frame(rooms=["?", *(str(i % 7) for i in range(N - 1))])
    said = refused(tmp_path, data)
    assert "entries are missing: 1 in 'rooms'" in said
    assert options_of(said) == {"missing": ("?",), "drop_missing": True}
    assert len(read_table(tmp_path / "t.csv", "y", **options_of(said)).y) == N - 1


@pytest.mark.parametrize("entry", ["5/1/24 extra", "2024-05-01", "1 May 2024", "12.3.1999"])
def test_a_date_is_asked_about_if_it_looks_like_one(entry):
    assert looks_like_a_date(entry) is (entry != "5/1/24 extra")


@pytest.mark.parametrize("entry", ["2024/03/01 8:09:24 AM EST", "1.2.2024 8:09 CET"])
def test_a_date_may_name_its_zone(entry):
    assert looks_like_a_date(entry)


def test_a_time_of_day_is_asked_about(tmp_path):
    said = refused(tmp_path, frame(at=[f"{7 + i // 6}:{10 * (i % 6):02d}" for i in range(N)]))
    assert "for example '7:00'" in said
    assert "Is it a time? Write it as a number in the file, of hours say." in said


@pytest.mark.parametrize("entry", ["N1A2", "AB-12", "12 Main St", "0049171"])
def test_a_plate_is_no_date(entry):
    assert not looks_like_a_date(entry)


def test_a_code_draws_no_question_of_dates(tmp_path):
    assert "Is it a date?" not in refused(tmp_path, frame(tail=[f"N{i}A{i}" for i in range(N)]))
    assert "Is it a date?" in refused(
        tmp_path, frame(tail=[f"{1 + i % 28} Mond {1900 + i}" for i in range(N)])
    )


def test_a_comma_too_many_names_no_column_and_nothing_is_no_name(tmp_path):
    frame(g=np.resize(["a", "b", "c"], N)).to_csv(tmp_path / "t.csv", index=False)
    assert list(read_table(tmp_path / "t.csv", "y", exclude=("g, ",)).X) == ["x"]
    for nothing in ("", " ", ","):
        with pytest.raises(
            ValueError, match=r"names no column to exclude\. Leave the option out, or name a column"
        ):
            read_table(tmp_path / "t.csv", "y", exclude=(nothing,))


def test_gathering_is_offered_if_it_leaves_half_of_the_rows_in_levels_of_their_own(tmp_path):
    single = [f"v{i}" for i in range(N - 12)]
    said = refused(tmp_path, frame(g=[*single, *(["a"] * 6), *(["b"] * 6)]))
    assert "--gather-rare" not in said
    few = [f"v{i}" for i in range(30)]
    said = refused(tmp_path, frame(g=[*few, *(["a"] * 15), *(["b"] * 15)]))
    assert "--gather-rare 2 makes one level of those with fewer than 2 rows, which leaves 3." in said


def test_columns_without_room_are_named_once_and_gaps_are_always_told(tmp_path):
    numbers = {f"p{k}": [f"{1000 + i + k:,}" for i in range(N)] for k in range(6)}
    data = frame(**numbers, iso=CODES)
    data.loc[:4, "x"] = np.nan
    data.loc[3, "p0"] = np.nan
    said = refused(tmp_path, data)
    assert said.startswith("8 columns need a word from you.")
    assert "(6) column 'p5' is text" in said
    assert " And 'iso'. Besides, entries are missing: 5 in 'x', 1 in 'p0'." in said
    assert "55 of 60 rows are complete" in said


UNITS = pd.DataFrame({"x": ["degC"], "y": ["mm"], "g": [None], "day": ["yyyy-mm-dd"]})


def with_units(n=N, **more):
    rng = np.random.default_rng(5)
    days = pd.date_range("2024-01-01", periods=n).strftime("%Y-%m-%d")
    return pd.DataFrame(
        {
            "x": rng.normal(size=n).round(2),
            "y": rng.normal(size=n).round(2),
            "g": np.resize(["a", "b"], n),
            "day": days,
        }
        | more
    )


def test_a_row_of_units_is_told_and_the_questions_are_those_of_the_others(tmp_path):
    said = refused(tmp_path, pd.concat([UNITS, with_units()]))
    assert (
        "the first row below the header holds words where the others hold numbers: 'mm' in 'y', 'degC' in 'x'."
        in said
    )
    assert "Delete it from the file." in said
    assert "column 'day' is text, and its entries are dates" in said
    assert "entries are missing" not in said
    assert options_of(said) == {"dates": ("day",)}


@pytest.mark.parametrize("first", [{"x": ["n/k"]}, {"x": ["?"], "y": ["?"]}, {"x": ["1.5"], "y": ["2.5"]}])
def test_one_word_or_marks_in_the_first_row_are_no_units(tmp_path, first):
    said = refused(tmp_path, pd.concat([pd.DataFrame(first), with_units()]))
    assert "below the header" not in said


def test_a_word_that_comes_again_is_no_unit(tmp_path):
    data = with_units().astype({"x": "str", "y": "str"})
    data.loc[[0, 3], "x"] = "off"
    data.loc[[0, 4], "y"] = "low"
    assert "below the header" not in refused(tmp_path, data)


def test_dates_beside_a_word_are_dates_and_the_answers_end_it(tmp_path):
    data = with_units()
    data.loc[N - 1, "day"] = "Mean"
    said = refused(tmp_path, data)
    assert "column 'day' holds dates, for example '2024-01-01', beside 'Mean' (1 time)." in said
    assert options_of(said) == {"missing": ("day=Mean",), "dates": ("day",), "drop_missing": True}
    table = read_table(tmp_path / "t.csv", "y", **options_of(said))
    assert table.X["day"].tolist() == list(range(N - 1))


def test_dates_beside_many_words_are_no_dates(tmp_path):
    data = with_units()
    data.loc[:9, "day"] = "later"
    assert "holds dates" not in refused(tmp_path, data)
