"""The first second's own parts: environments, what fails, the empty folder of programs, the table."""

import sys
from importlib.metadata import version

import pytest

from benchmarks import first_second
from benchmarks.first_second import JOBS, Job, home_of, markdown, timed


def test_a_package_is_looked_for_in_each_environment():
    assert home_of("sklearn", ["/no/python", sys.executable]) == (sys.executable, version("scikit-learn"))
    assert home_of("no-such-package", [sys.executable]) is None


def test_a_process_that_fails_says_why(tmp_path):
    seconds, failed = timed(Job("", "sklearn", ("-c", "raise ValueError('no')")), sys.executable, tmp_path)
    assert failed == "ValueError: no"
    assert seconds < 10.0
    assert timed(Job("", "sklearn", ("-c", "")), sys.executable, tmp_path)[1] == ""


def test_programs_are_gone_at_a_first_run_and_there_at_the_next(tmp_path):
    code = "import os; from pathlib import Path; folder = Path(os.environ['XDG_CACHE_HOME']); assert folder.exists() is {}"
    (tmp_path / "programs").mkdir()
    for there, first in ((True, False), (False, True)):
        assert (
            timed(Job("", "bayesreg", ("-c", code.format(there)), first=first), sys.executable, tmp_path)[1]
            == ""
        )


def test_the_table_tells_goals_and_failures():
    page = markdown(
        [
            {"title": "a", "goal": 0.5, "seconds": [0.4, 0.45, 0.6]},
            {"title": "b", "goal": 0.5, "seconds": [0.6, 0.6, 0.4]},
            {"title": "c", "goal": None, "seconds": [], "failed": "not installed"},
        ]
    )
    assert "| a | 450 ms (400–600; 3 runs) | ≤ 0.5 s | yes |" in page
    assert "| b | 600 ms (400–600; 3 runs) | ≤ 0.5 s | no |" in page
    assert "| c | not installed |  |  |" in page


@pytest.mark.extended
def test_the_last_job_writes_all_but_pictures(tmp_path):
    first_second._write_data(tmp_path)
    assert timed(JOBS[-1], sys.executable, tmp_path)[1] == ""
    sizes = {file.name: file.stat().st_size for file in (tmp_path / "out").iterdir()}
    assert sizes.pop("forest.png") == 0
    assert set(sizes) == {"coefficients.csv", "posterior.nc"}
    assert any((tmp_path / "programs").rglob("jit*"))  # kept, as the command keeps them
