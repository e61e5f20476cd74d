"""One table as CSV and as Parquet: the same model from both, or a question, and never two models."""

import numpy as np
import pandas as pd
import pytest

from bayesreg.data.files.new_rows import read_new_rows
from bayesreg.data.files.table import read_table

pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")

N = 40
SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.extended) for seed in range(12, 100))]
KINDS = {
    "whole": lambda rng: rng.integers(-5, 50, N),
    "real": lambda rng: rng.normal(size=N) * 10.0 ** rng.integers(-12, 12),
    "whole with gaps": lambda rng: pd.array(rng.integers(0, 9, N), dtype="Int64").astype("object"),
    "truth": lambda rng: rng.choice([True, False], N),
    "truth as text": lambda rng: rng.choice(["TRUE", "FALSE"], N),
    "text": lambda rng: rng.choice(["Köln", "Bonn", " Ulm"], N),
    "two words": lambda rng: rng.choice(["yes", "no"], N),
    "text with NA": lambda rng: rng.choice(["NA", "EU", "None", "AS"], N),
    "codes": lambda rng: rng.choice(["007", "012", "7", "A1"], N),
    "digits as text": lambda rng: rng.choice(["01", "1", "12"], N),
    "marked numbers": lambda rng: rng.choice(["1", "2.5", "3", "?", "-"], N),
    "numbers with NA": lambda rng: rng.choice(["1", "2.5", "3", "NA", "n/a"], N),
    "percent": lambda rng: [f"{value:.1f}%" for value in rng.uniform(0, 9, N)],
    "money": lambda rng: [f"${value:,}" for value in rng.integers(500, 5000, N)],
    "day": lambda rng: (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, N), "D")).date,
    "moment": lambda rng: pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**6, N), "s"),
    "day as text": lambda rng: [
        f"{d:02d}.{m:02d}.2024" for d, m in zip(rng.integers(1, 28, N), rng.integers(1, 12, N), strict=True)
    ],
    "category": lambda rng: pd.Categorical(rng.choice(["p", "q", "r"], N)),
    "nothing": lambda rng: [None] * N,
    "sentinel": lambda rng: rng.choice([-99, 1, 2, 3], N),
}
ANSWERS = (
    {},
    {"missing": ("?", "-", "NA", "None", "-99")},
    {"missing": ("?", "-", "NA", "None", "-99"), "missing_level": ("all",)},
    {"gather_rare": 8, "missing": ("?", "-", "NA", "None")},
)


def frame_of(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(index=range(N))
    for name in rng.choice(list(KINDS), rng.integers(1, 7), replace=False):
        column = pd.Series(KINDS[name](rng), name=name)
        if rng.random() < 0.4 and name != "real":
            column = column.astype("object").mask(rng.random(N) < 0.1, None)
            if name in ("whole", "sentinel"):
                column = column.astype("Int64")
        frame[str(name)] = column
    return frame.assign(x=rng.normal(size=N), y=rng.normal(size=N).round(3))


def outcome(file, **options):
    try:
        return read_table(file, "y", drop_missing=True, **options), ""
    except ValueError as error:
        return None, str(error)


def of_both(tmp_path, frame, **options):
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    return [outcome(tmp_path / f"t.{kind}", **options) for kind in ("csv", "parquet")]


def same(ours, theirs):
    pd.testing.assert_frame_equal(
        ours.X, theirs.X, check_exact=True, check_column_type=False, check_names=False
    )
    pd.testing.assert_series_equal(ours.y, theirs.y, check_exact=True)
    assert ours.levels == theirs.levels
    assert ours.rules == theirs.rules
    assert ours.dropped == theirs.dropped


@pytest.mark.parametrize("seed", SEEDS)
def test_two_files_of_one_table_never_give_two_models(tmp_path, seed):
    frame = frame_of(seed)
    for options in ANSWERS:
        (ours, _), (theirs, _) = of_both(tmp_path, frame, **options)
        if ours is not None and theirs is not None:
            same(ours, theirs)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_the_answers_that_are_asked_for_both_files_give_one_model(tmp_path, seed):
    frame = frame_of(seed).drop(columns="nothing", errors="ignore")
    options = {
        "numbers": [name for name in frame if name in ("percent", "money", "digits as text")],
        "dates": [name for name in frame if name in ("day", "moment", "day as text")],
        "levels": [name for name in frame if name in ("text with NA", "codes")],
        "missing": ("?", "-", "-99", "n/a"),
        "missing_level": ("all",),
    }
    (ours, said), (theirs, told) = of_both(tmp_path, frame, **options)
    assert not said
    assert not told
    same(ours, theirs)
    new = [
        read_new_rows(tmp_path / f"t.{kind}", list(ours.X.columns), ours.levels, ours.rules).X
        for kind in ("csv", "parquet")
    ]
    pd.testing.assert_frame_equal(*new, check_exact=True, check_column_type=False, check_names=False)
    rows = new[0].dropna().reset_index(drop=True)
    pd.testing.assert_frame_equal(
        rows, ours.X.reset_index(drop=True), check_column_type=False, check_names=False
    )


def test_the_tables_are_messy_enough_and_models_come_of_them(tmp_path):
    found = [of_both(tmp_path, frame_of(seed), **ANSWERS[2]) for seed in range(40)]
    asked = sum(ours is None or theirs is None for (ours, _), (theirs, _) in found)
    assert 10 < asked < 38
