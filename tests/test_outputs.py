"""The folder of a fit holds whole files of one fit, whenever and however a process ends."""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from bayesreg.app import fit as analysis
from bayesreg.app import outputs
from bayesreg.app.cli import main
from bayesreg.app.draws_file import files_of_fit, read_draws
from bayesreg.app.outputs import Outputs, check_one_fit, put_somewhere

REPORT = b'<html><meta name="generator" content="bayesreg">'
EARLIER = {name: b"earlier " + name.encode() for name in ("coefficients.csv", "scales.csv", "path.png", "forest.png", "posterior.nc")} | {"report.html": REPORT + b"earlier"}  # fmt: skip
MODE = {"coefficients.csv": b"later, the mode", "path.png": b"later"}
WHOLE = {"coefficients.csv": b"later", "path.png": b"later", "forest.png": b"later", "posterior.nc": b"later"}


def held(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def some_of(files, of):
    return files.items() <= of.items()


def filled(folder, files):
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


class TestPut:
    @pytest.mark.parametrize("later", [MODE, WHOLE, {"coefficients.csv": b"later"}], ids=len)
    def test_at_every_step_the_folder_is_of_one_fit(self, tmp_path, monkeypatch, later):
        folder = filled(tmp_path / "out", EARLIER | {".bayesreg-0.partial": b"of one who was killed"})
        seen = []
        for name in ("replace", "unlink", "fsync", "open"):
            genuine = getattr(os, name)

            def step(*arguments, genuine=genuine, **options):
                seen.append(held(folder))
                result = genuine(*arguments, **options)
                seen.append(held(folder))
                return result

            monkeypatch.setattr(os, name, step)
        Outputs(folder, []).put(later)
        monkeypatch.undo()
        assert len(seen) > 2 * len(later)
        assert all(some_of(files, EARLIER) or some_of(files, later) for files in seen)
        assert all("coefficients.csv" in files for files in seen)  # a reader never finds none
        assert held(folder) == later
        assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []

    @pytest.mark.parametrize("fails", ["fsync", "open"])
    def test_what_cannot_be_written_changes_nothing(self, tmp_path, monkeypatch, fails):
        folder = filled(tmp_path / "out", EARLIER)
        genuine, calls = getattr(os, fails), []

        def full(*arguments, **options):
            calls.append(arguments)
            if len(calls) > 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            return genuine(*arguments, **options)

        monkeypatch.setattr(os, fails, full)
        with pytest.raises(OSError, match="No space left"):
            Outputs(folder, []).put(WHOLE)
        monkeypatch.undo()
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == EARLIER

    def test_files_of_others_stay_and_are_told(self, tmp_path):
        mine = {"notes.txt": b"mine", "report.html": b"<html>mine"}
        folder = filled(tmp_path / "out", EARLIER | mine)
        put = Outputs(folder, [])
        put.put(WHOLE)
        assert held(folder) == WHOLE | mine
        assert (put.removed, put.left) == (["scales.csv"], ["report.html"])

    def test_a_folder_under_a_files_name_changes_nothing(self, tmp_path):
        folder = filled(tmp_path / "out", {"coefficients.csv": b"earlier"})
        (folder / "posterior.nc").mkdir()
        with pytest.raises(IsADirectoryError, match=r"posterior\.nc is a folder"):
            Outputs(folder, []).put(MODE)
        assert (folder / "coefficients.csv").read_bytes() == b"earlier"

    def test_links_under_the_files_names_are_replaced(self, tmp_path):
        precious = tmp_path / "precious"
        precious.write_bytes(REPORT)
        folder = filled(tmp_path / "out", {})
        for name in EARLIER:
            (folder / name).symlink_to(precious)
        Outputs(folder, []).put(WHOLE)
        assert precious.read_bytes() == REPORT
        assert {name: (folder / name).read_bytes() for name in WHOLE} == WHOLE
        assert not any(path.is_symlink() for path in folder.iterdir())

    def test_two_fits_at_once_leave_one(self, tmp_path):
        code = (
            "import sys; from pathlib import Path; from bayesreg.app.outputs import Outputs\n"
            "for k in range(30):\n"
            "    text = f'{sys.argv[2]} {k}'.encode()\n"
            "    Outputs(Path(sys.argv[1]), []).put({n: text for n in ('coefficients.csv', 'path.png', 'posterior.nc')})"
        )
        folder = tmp_path / "out"
        both = [subprocess.Popen([sys.executable, "-c", code, folder, name]) for name in "AB"]
        assert [one.wait() for one in both] == [0, 0]
        assert len(set(held(folder).values())) == 1
        assert len(list(folder.iterdir())) == 3

    def test_ctrl_c_waits_until_the_files_are_there(self, tmp_path, monkeypatch):
        genuine = os.replace

        def interrupted(*arguments):
            signal.raise_signal(signal.SIGINT)
            genuine(*arguments)

        monkeypatch.setattr(os, "replace", interrupted)
        put = Outputs(tmp_path / "out", [])
        with pytest.raises(KeyboardInterrupt):
            put.put(WHOLE)
        assert held(tmp_path / "out") == WHOLE
        assert sorted(put.written) == sorted(WHOLE)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_a_fit_that_cannot_go_to_its_folder_is_offered_elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.setattr(outputs, "mkdtemp", lambda prefix: str(filled(tmp_path / f"{prefix}else", {})))
        (tmp_path / "out").write_text("a file")
        with pytest.raises(OSError, match=r"\] \w.*; the fit is in .*bayesreg-else instead"):
            put_somewhere(Outputs(tmp_path / "out", []), WHOLE)
        assert held(tmp_path / "bayesreg-else") == WHOLE

    def test_where_no_place_has_room_the_cause_is_told(self, tmp_path, monkeypatch):
        def full(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(outputs, "mkdtemp", lambda prefix: str(filled(tmp_path / f"{prefix}else", {})))
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"No space left on device$"):
            put_somewhere(Outputs(tmp_path / "out", []), WHOLE)
        assert not (tmp_path / "bayesreg-else").exists()


def fit(file, out, *more):
    quick = ("--prior", "ridge", "--noise-scale", "1")  # little to compile
    return [
        sys.executable,
        "-m",
        "bayesreg",
        "fit",
        str(file),
        "--target",
        "y",
        "--out",
        str(out),
        *quick,
        *more,
    ]


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """Two files, y = 3x and y = -3x; all that a fit of each writes."""
    folder = tmp_path_factory.mktemp("fits")
    rng = np.random.default_rng(8)
    x = rng.normal(size=50)
    for name, slope in (("A", 3.0), ("B", -3.0)):
        frame = pd.DataFrame({"x": x, "y": slope * x + rng.normal(size=50)})
        frame.to_csv(folder / f"{name}.csv", index=False)
    pd.DataFrame({"x": [2.0]}).to_csv(folder / "new.csv", index=False)
    started = time.monotonic()
    for name in "AB":
        subprocess.run(fit(folder / f"{name}.csv", folder / name), check=True, capture_output=True)
    return folder, (time.monotonic() - started) / 2


def whose(folder, path):
    """Tell which fit a file is of, and that it is whole."""
    content = path.read_bytes()
    if path.name == "coefficients.csv":
        frame = pd.read_csv(path, index_col="feature")
        assert list(frame.index) == ["x", "intercept"]
        return "A" if frame.loc["x", "map"] > 0 else "B"
    if path.name == "posterior.nc":
        tree = read_draws(path)
        assert tree["posterior"]["coef"].shape == (4, 1000, 1)
        check_one_fit(path.parent, files_of_fit(tree))
        return "A" if tree["posterior"]["coef"].mean() > 0 else "B"
    owners = [name for name in "AB" if (folder / name / path.name).exists() and (folder / name / path.name).read_bytes() == content]  # fmt: skip
    assert len(owners) == 1, f"{path.name} is half a file, or nobody's"
    return owners[0]


def broken_off(fits, out, number, moment):
    """Fit B into the folder of fit A, stopped at a moment; return whose the folder is then, and what was said.

    The moment is a share of a fit's time, or, from 1 on, so many changes of the folder and some milliseconds.
    """
    folder, duration = fits
    shutil.copytree(folder / "A", out)
    run = subprocess.Popen(
        fit(folder / "B.csv", out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if moment < 1.0:
        time.sleep(moment * duration)
    else:
        changes, before = 0, os.stat(out).st_mtime_ns
        while run.poll() is None and changes < int(moment):
            now = os.stat(out).st_mtime_ns
            changes, before = changes + (now != before), now
        time.sleep(0.01 * (moment % 1.0))
    run.send_signal(number)
    said = run.communicate()[1]
    files = [path for path in out.iterdir() if not path.name.startswith(".")]
    owners = {path.name: whose(folder, path) for path in files}
    assert len(set(owners.values())) == 1, owners
    assert "coefficients.csv" in owners
    if "there is no posterior" in said:
        assert "posterior.nc" not in owners
    answer = CliRunner().invoke(main, ["predict", str(out), str(folder / "new.csv")])
    if answer.exit_code == 0:
        mean = float(answer.stdout.splitlines()[1].split(",")[1])
        assert (mean > 0) == (owners["coefficients.csv"] == "A")
    else:
        assert "posterior.nc" not in owners
        assert "has a mode and no posterior.nc: its fit was broken off" in answer.stderr
    return owners["coefficients.csv"]


STOPS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)


@pytest.mark.extended
def test_a_fit_that_is_broken_off_leaves_one_fit(fits, tmp_path):
    for stop, moment in zip(STOPS, (1.0, 2.3, 0.6), strict=True):
        broken_off(fits, tmp_path / stop.name, stop, moment)


@pytest.mark.slow
def test_a_fit_that_is_broken_off_at_60_moments_leaves_one_fit(fits, tmp_path):
    rng = random.Random(2)
    left = []
    for k in range(60):
        moment = rng.random() if k % 2 else rng.choice((1, 1, 2, 3, 4, 6, 9)) + rng.random()
        left.append(broken_off(fits, tmp_path / str(k), STOPS[k % 3], moment))
    print(f"the earlier fit was left {left.count('A')} times, the later {left.count('B')}")
    assert set(left) == {"A", "B"}  # else the moments were no test


def test_a_mix_is_refused_in_both_directions(fits, tmp_path):
    folder, _ = fits
    for ours, theirs, name in (
        ("A", "B", "coefficients.csv"),
        ("B", "A", "posterior.nc"),
        ("A", "B", "path.png"),
    ):
        out = tmp_path / f"{ours}-{name}"
        shutil.copytree(folder / ours, out)
        shutil.copy(folder / theirs / name, out / name)
        result = CliRunner().invoke(main, ["predict", str(out), str(folder / "new.csv")])
        assert result.exit_code == 1
        assert len(result.stderr.strip().splitlines()) == 1
        assert "mixes two fits" in result.stderr
        alone = CliRunner().invoke(main, ["predict", str(out / "posterior.nc"), str(folder / "new.csv")])
        assert alone.exit_code == 0


def test_a_fit_without_a_report_says_that_it_removed_the_earlier_one(fits, tmp_path):
    folder, _ = fits
    out = tmp_path / "out"
    shutil.copytree(folder / "A", out)
    (out / "report.html").write_bytes(REPORT)
    result = CliRunner().invoke(main, fit(folder / "B.csv", out)[3:])
    assert result.exit_code == 0, result.output
    assert "report.html, of an earlier fit" in " ".join(result.stdout.split())
    assert sorted(path.name for path in out.iterdir()) == [
        "coefficients.csv",
        "forest.png",
        "path.png",
        "posterior.nc",
    ]


def test_a_full_disk_is_one_line_and_leaves_the_mode(fits, tmp_path):
    """A limit on the size of files stands for the disk: the mode's fit in it, the draws do not."""
    folder, _ = fits
    out = tmp_path / "out"
    shutil.copytree(folder / "A", out)
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (80_000,) * 2); from bayesreg.app.cli import main; main(sys.argv[1:])"
    run = subprocess.run(
        [sys.executable, "-c", code, *fit(folder / "B.csv", out)[3:]], capture_output=True, text=True
    )
    lines = [line for line in run.stderr.splitlines() if line.strip() and "sampling:" not in line]
    assert (run.returncode, len(lines)) == (1, 1), run.stderr
    assert lines[0] == f"Error: cannot write to {out}: File too large."
    assert sorted(path.name for path in out.iterdir()) == ["coefficients.csv", "path.png"]
    assert {whose(folder, path) for path in out.iterdir()} == {"B"}


def test_draws_are_written_before_anything_is_shown(fits, tmp_path, monkeypatch):
    folder, _ = fits

    def unshown(*_):
        raise OSError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(analysis, "print_fit", unshown)
    result = CliRunner().invoke(main, fit(folder / "B.csv", tmp_path / "out")[3:])
    assert result.exit_code == 1
    assert read_draws(Path(tmp_path / "out" / "posterior.nc"))["posterior"]["coef"].mean() < 0
