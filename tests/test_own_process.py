"""A process that is one command alone searches its memory seldom; a process that merely calls a command is left alone."""

import gc
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import bayesreg.__main__
from bayesreg.app.cli import main

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
ALONE = """
import atexit, gc, sys
from bayesreg.__main__ import run
sys.argv = ["bayesreg", "--version"]
try:
    run()
except SystemExit:
    pass
print(gc.isenabled(), 500_000 < gc.get_threshold()[0] < 1_000_000, gc.get_freeze_count() == 0)
atexit._run_exitfuncs()
print(gc.get_freeze_count() > 10_000)
"""


def test_a_process_of_its_own_searches_seldom_and_not_as_it_ends():
    ran = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-2:] == ["True True True", "True"]


DASK = """
import importlib.util, sys, tempfile
from pathlib import Path
from bayesreg.__main__ import run
folder = Path(tempfile.mkdtemp())
(folder / "t.csv").write_text("x,y\\n" + "".join(f"{i % 7},{i % 5 + 0.5 * i}\\n" for i in range(40)))
sys.argv = ["bayesreg", "fit", str(folder / "t.csv"), "--target", "y", "--out", str(folder / "o"), "--draws", "4"]
try:
    run()
except SystemExit as done:
    assert not done.code
print((folder / "o" / "posterior.nc").stat().st_size > 0)
print([name for name in sys.modules if name.split(".")[0] in ("dask", "distributed") and sys.modules[name]])
"""


@pytest.mark.extended
def test_a_command_loads_no_dask():
    ran = subprocess.run([sys.executable, "-c", DASK], capture_output=True, text=True)
    assert ran.stdout.splitlines()[-2:] == ["True", "[]"], ran.stderr


def test_a_process_that_calls_a_command_stays_as_it_is():
    before = gc.get_threshold(), gc.get_freeze_count(), sys.modules.get("dask", "not loaded")
    assert CliRunner().invoke(main, ["conventions"]).exit_code == 0
    assert (gc.get_threshold(), gc.get_freeze_count(), sys.modules.get("dask", "not loaded")) == before


def test_the_script_is_a_process_of_its_own():
    script = tomllib.loads(PROJECT.read_text())["project"]["scripts"]["bayesreg"]
    module, name = script.split(":")
    assert module == bayesreg.__main__.__name__
    assert callable(getattr(bayesreg.__main__, name))
