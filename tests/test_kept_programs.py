"""Programs that the commands keep: in the user's own folder, bounded, and switched off by one option."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayesreg.app import kept_programs
from bayesreg.app.kept_programs import keep_programs, remove_oldest, user_folder

NAME = "JAX_COMPILATION_CACHE_DIR"
OTHERS = ("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES")


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A process that has not imported JAX, whose user has a cache folder."""
    for name in (NAME, *OTHERS):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "jax")
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


@pytest.mark.parametrize(
    ("system", "variables", "folder"),
    [
        ("linux", {"XDG_CACHE_HOME": "/a/b"}, "/a/b/bayesreg/programs"),
        ("linux", {"HOME": "/home/me"}, "/home/me/.cache/bayesreg/programs"),
        ("darwin", {"HOME": "/home/me"}, "/home/me/Library/Caches/bayesreg/programs"),
        ("win32", {"LOCALAPPDATA": "/c/me"}, "/c/me/bayesreg/programs"),
    ],
)
def test_each_system_has_its_own_place(monkeypatch, system, variables, folder):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    assert user_folder() == Path(folder)


def test_jax_is_told_of_a_folder_that_is_the_users_alone(fresh):
    keep_programs()
    own = Path(os.environ[NAME])
    assert own.parent == fresh / "bayesreg" / "programs"
    assert own.stat().st_mode & 0o077 == 0
    assert all(os.environ[name] == "0" for name in OTHERS)


def test_a_folder_that_the_user_chose_stays(fresh, monkeypatch):
    monkeypatch.setenv(NAME, "/chosen")
    keep_programs()
    assert os.environ[NAME] == "/chosen"
    assert not list(fresh.iterdir())


def test_nothing_is_kept_where_others_may_write(fresh):
    keep_programs()
    own = Path(os.environ.pop(NAME))
    own.chmod(0o777)
    keep_programs()
    assert NAME not in os.environ


def test_nothing_is_kept_where_there_can_be_no_folder(fresh):
    (fresh / "bayesreg").write_text("a file")
    keep_programs()
    assert NAME not in os.environ


def test_the_oldest_programs_go_first(tmp_path):
    for age in range(10):
        path = tmp_path / f"version-{age % 2}" / f"{age}-cache"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))
    remove_oldest(tmp_path, 1000)
    assert len(list(tmp_path.rglob("*-cache"))) == 10
    remove_oldest(tmp_path, 999)
    assert sorted(path.name for path in tmp_path.rglob("*-cache")) == [f"{age}-cache" for age in range(4)]
    assert kept_programs.MOST_BYTES == 256 * 2**20


@pytest.mark.extended
@pytest.mark.parametrize("keeps", [True, False])
def test_a_command_keeps_programs_unless_told_not_to(tmp_path, keeps):
    rng = np.random.default_rng(0)
    pd.DataFrame(rng.normal(size=(40, 3)), columns=["a", "b", "y"]).to_csv(tmp_path / "rows.csv", index=False)
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    surroundings["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    command = [sys.executable, "-m", "bayesreg", *([] if keeps else ["--no-keep-programs"])]
    command += ["fit", str(tmp_path / "rows.csv"), "--target", "y"]
    said = []
    for _ in range(3):
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)
        said.append(done.stdout)
        kept = list((tmp_path / "cache").rglob("*-cache"))
        assert "persistent" not in done.stderr
        if len(said) == 2:  # the third command finds only half of each program, as a full disk leaves it
            for program in kept:
                program.write_bytes(program.read_bytes()[:100])
    assert said[0] == said[1] == said[2]
    assert bool(kept) == keeps
