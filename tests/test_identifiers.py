"""Whole numbers that may be names are asked about, and quantities are not."""

import numpy as np
import pandas as pd
import pytest

from bayesreg.app.words.identifiers import identifier_notes
from bayesreg.data.files.table import read_table

N = 120
RNG = np.random.default_rng(0)


def notes(tmp_path, values, name="x", **options):
    frame = pd.DataFrame({name: values, "z": RNG.normal(size=len(values)), "y": RNG.normal(size=len(values))})
    frame.to_csv(tmp_path / "t.csv", index=False)
    return identifier_notes(read_table(tmp_path / "t.csv", "y", **options))


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("row", np.arange(1, N + 1), "numbers the rows"),
        ("row", RNG.permutation(N), "numbers the rows"),
        ("row", np.delete(np.arange(5000, 5000 + N + 20), slice(3, 23)), "numbers the rows"),
        ("parcel", 526_301_100 + RNG.choice(10**6, N, replace=False), "has another code in each row"),
        ("Chick", np.repeat(np.arange(1, 16), 8), "numbers blocks of rows"),
        ("PID", RNG.integers(1, 900, N), "is called as identifiers and codes are"),
        ("staff_no", RNG.integers(1, 900, N), "is called as identifiers"),
        ("Sample Number", RNG.integers(1, 900, N), "is called as identifiers"),
        ("flight", RNG.integers(1, 900, N), "is called as identifiers"),
        ("regionCode", RNG.integers(1, 5, N), "is called as identifiers"),
        ("zip", RNG.integers(10_000, 99_999, N), "is called as identifiers"),
    ],
)
def test_what_may_be_a_name_is_asked_about(tmp_path, name, values, said):
    (note,) = notes(tmp_path, values, name)
    assert f"{name!r} {said}" in note
    assert "--exclude" in note


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("salary", RNG.integers(20_000, 90_000, N)),
        ("rooms", RNG.integers(1, 9, N)),
        ("year", np.repeat(np.arange(2000, 2012), 10)),
        ("month", np.repeat(np.arange(1, 13), 10)),
        ("casino", RNG.integers(1, 900, N)),
        ("humid", RNG.integers(1, 900, N)),
        ("paid", RNG.integers(1, 900, N)),
        ("grid_no", RNG.normal(size=N)),
        ("has_id", RNG.integers(0, 2, N)),
        ("population", RNG.integers(1_000, 9_000_000, N)),
    ],
)
def test_quantities_are_not(tmp_path, name, values):
    assert notes(tmp_path, values, name) == ()


def test_groups_may_be_levels_and_names_of_rows_may_not(tmp_path):
    (of_groups,) = notes(tmp_path, np.repeat(np.arange(1, 16), 8), "Chick")
    assert of_groups.endswith("--levels Chick takes its numbers as names, --exclude Chick leaves it out")
    (of_rows,) = notes(tmp_path, np.arange(N), "house id")
    assert of_rows == "'house id' numbers the rows, and is a feature. --exclude 'house id' leaves it out"


def test_days_and_few_rows_are_no_identifiers(tmp_path):
    days = pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d")
    assert notes(tmp_path, days, "day", dates=("day",)) == ()
    assert notes(tmp_path, np.arange(9)) == ()


@pytest.mark.parametrize(
    "options", [{"exclude": ("name",)}, {"levels": ("name",)}, {"exclude": ("name",), "n": 9}]
)
@pytest.mark.parametrize(
    ("entry", "is_a_sum"), [("Total", True), (" MEAN: ", True), ("Totality", False), ("d", False)]
)
def test_a_last_row_that_sums_up_the_others_is_told(tmp_path, options, entry, is_a_sum):
    n = options.get("n", 30)
    frame = pd.DataFrame(
        {"name": np.resize(["a", "b", "c"], n), "x": np.arange(n) ** 2.0, "y": RNG.normal(size=n)}
    )
    frame.loc[n - 1, "name"] = entry
    frame.to_csv(tmp_path / "t.csv", index=False)
    options = {key: value for key, value in options.items() if key != "n"}
    cautions = read_table(tmp_path / "t.csv", "y", **options).cautions
    assert bool(cautions) is is_a_sum
    if is_a_sum:
        assert f"The last row says {entry.strip()!r} in 'name'" in cautions[0]


def test_a_sum_that_is_dropped_for_a_gap_is_not_told(tmp_path):
    frame = pd.DataFrame(
        {"name": ["a", "b", "b", "a", "Total"], "x": [1.0, 2.0, 4.0, 8.0, np.nan], "y": range(5)}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = read_table(tmp_path / "t.csv", "y", exclude=("name",), drop_missing=True)
    assert not [one for one in table.cautions if "last row" in one]
