"""Numbers that may stand for a missing entry are asked about."""

import numpy as np
import pandas as pd
import pytest

from bayesreg.app.words.marks import mark_notes
from bayesreg.data.files.table import read_table

RNG = np.random.default_rng(0)


def notes(tmp_path, values, **options):
    n = len(values)
    frame = pd.DataFrame({"x": values, "g": np.resize(["a", "b", "c"], n), "y": RNG.normal(size=n)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    return mark_notes(read_table(tmp_path / "t.csv", "y", **options))


@pytest.mark.parametrize("mark", [-9, -99, -999, 999, 9_999_999])
def test_a_mark_far_from_all_others_is_asked_about(tmp_path, mark):
    values = np.append(RNG.uniform(0.0, 4.0, 30).round(2), [mark, mark])
    (note,) = notes(tmp_path, values)
    assert note.startswith(f"{mark} stands 2 times in 'x'")
    assert note.endswith(f"If it says that the entry is missing: --missing x={mark}")
    assert notes(tmp_path, values, missing=(f"x={mark}",), drop_missing=True) == ()


@pytest.mark.parametrize("mark", [-1, -9, -99])
def test_the_only_number_below_0_is_asked_about_if_it_is_there_twice(tmp_path, mark):
    values = np.append(RNG.uniform(0.0, 400.0, 30).round(2), [mark, mark])
    (note,) = notes(tmp_path, values)
    assert note == (
        f"{mark} stands 2 times in 'x', which has no other number below 0, and is taken as a number. If it says that "
        f"the entry is missing: --missing x={mark}"
    )


@pytest.mark.parametrize(
    "values",
    [
        np.append(RNG.uniform(0.0, 400.0, 30), [-9.0]),  # once
        np.append(RNG.uniform(-1.0, 400.0, 300), [-9.0, -9.0]),  # not the only one
        np.append(RNG.uniform(0.0, 400.0, 30), [-8.0, -8.0]),
        np.resize([-1.0, 0.0, 1.0, 2.0], 30),  # a score
        np.append(RNG.uniform(0.0, 4.0, 30), [-99.0]),  # once
        np.append(RNG.uniform(0.0, 98.0, 30), [99.0, 99.0]),  # near the others
        np.append(RNG.uniform(0.0, 4.0, 30), [-98.0, -98.0]),
        np.append(np.zeros(30), [99.0, 99.0]),  # one of two
        np.full(30, 99.0),
    ],
)
def test_other_numbers_are_numbers(tmp_path, values):
    assert notes(tmp_path, values) == ()


def test_the_target_is_looked_at_too(tmp_path):
    frame = pd.DataFrame(
        {"x": RNG.normal(size=30), "my y": np.append(RNG.uniform(0, 9, 27).round(1), [-999] * 3)}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    (note,) = mark_notes(read_table(tmp_path / "t.csv", "my y"))
    assert note.endswith("--missing 'my y=-999'")
