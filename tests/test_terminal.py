"""What a terminal obeys is shown; a letter that it lacks costs the letter; where it fails, the work goes on."""

import errno
import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import bayesreg as br
from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.app.words.numbers import coefficient_cells
from bayesreg.app.words.terminal import Outlet, printable, printable_json
from bayesreg.app.words.text import make_console, make_table, print_labelled

HOSTILE = "x\x1b]52;c;aGk=\x07\x9b2J\x7f\u202e"
OBEYED = set("\x00\x07\x08\x0b\x0c\x1b\x7f\x85\x90\x9b\x9c\x9d\u202e")


def short_posterior(model, data, **_):
    return br.sample_posterior(model, data, num_warmup=50, num_samples=50, num_chains=2, progress=False)


def rows(n=40, names=("a", "b", "y")):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(n, len(names))), columns=list(names))
    return frame.round(3)


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2066, 0xDC9B])
def test_every_control_character_but_tab_and_line_feed_is_written_out(code):
    shown = printable(f"a{chr(code)}b")
    if chr(code) in "\t\n":
        assert shown == f"a{chr(code)}b"
    else:
        assert shown == f"a{ascii(chr(code))[1:-1]}b"
    assert json.loads(printable_json(json.dumps([chr(code)], ensure_ascii=False), "utf-8")) == [chr(code)]


def test_letters_of_names_stay():
    assert printable("Köln [m²], 東京 😀") == "Köln [m²], 東京 😀"


def test_a_console_shows_names_and_nothing_obeys_them():
    console = make_console()
    table = make_table("", ("name", HOSTILE))
    table.add_row(HOSTILE, "1")
    with console.capture() as caught:
        console.print(table)
        console.print(HOSTILE)
        print_labelled(console, "label", HOSTILE)
    assert OBEYED.isdisjoint(caught.get())
    assert caught.get().count("\\x1b]52") == 4
    assert caught.get().count("\\x9b") == 4


@pytest.mark.parametrize("as_json", [True, False])
def test_names_in_a_file_reach_no_terminal_as_they_are(tmp_path, monkeypatch, as_json):
    monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
    frame = rows(names=(HOSTILE, "b", "y")).assign(g=["u" + HOSTILE, "v"] * 20)
    folder = tmp_path / "f\x9bold\x1b[31m"
    folder.mkdir()
    frame.to_csv(folder / "d.csv", index=False)
    words = ["fit", str(folder / "d.csv"), "--target", "y", "--out", str(folder / "out")]
    result = CliRunner().invoke(main, words + ["--json"] * as_json)
    assert result.exit_code == 0, result.output
    assert OBEYED.isdisjoint(result.output)
    if as_json:
        assert HOSTILE in json.loads(result.stdout)["map"]["coef"]
    else:
        assert "x\\x1b]52" in result.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--target", HOSTILE], 1),
        (["--target", "y", "--features", HOSTILE], 1),
        (["--target", "y", HOSTILE], 2),
    ],
)
def test_errors_show_them_too(tmp_path, words, code):
    rows().to_csv(tmp_path / "d.csv", index=False)
    result = CliRunner().invoke(main, ["fit", str(tmp_path / "d.csv"), *words])
    assert result.exit_code == code
    assert OBEYED.isdisjoint(result.stderr)
    assert "52;c" in result.stderr


# Letters that an encoding lacks.


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", "\\xe9 +/- sigma^2 \\U0001f600"),
        ("latin-1", "é ± sigma² \\U0001f600"),
        ("utf-8", "é ± σ² 😀"),
    ],
)
def test_a_letter_that_is_lacking_is_replaced(encoding, expected):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    outlet = Outlet(stream)
    outlet.write("é ± σ² 😀")
    outlet.flush()
    assert stream.buffer.getvalue().decode(encoding) == expected
    assert outlet.fault is None


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_stays_json(encoding):
    names = ["é", "±", "σ", "😀", "a\\", '"']
    text = printable_json(json.dumps(names, ensure_ascii=False), encoding)
    assert json.loads(text.encode(encoding).decode(encoding)) == names
    assert ("é" in text) is (encoding != "ascii")


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
def test_a_narrow_stdout_costs_no_fit(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
    rows(names=("größe", "σ", "y")).to_csv(tmp_path / "d.csv", index=False)
    words = ["fit", str(tmp_path / "d.csv"), "--target", "y", "--scale", "cv", "--out", str(tmp_path / "out")]
    runner = CliRunner()
    runner.charset = encoding
    result = runner.invoke(main, words)
    assert result.exit_code == 0, result.stderr
    said = result.stdout_bytes.decode(encoding)
    assert ("größe" if encoding != "ascii" else "gr\\xf6\\xdfe") in said
    assert (" ± " if encoding != "ascii" else " +/- ") in said
    assert (tmp_path / "out" / "posterior.nc").exists()


# A closed or full stdout.


class Full(io.StringIO):
    encoding = "utf-8"

    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_outlet_remembers_its_fault_and_goes_on():
    outlet = Outlet(Full())
    assert outlet.write("lost") == 4
    assert outlet.fault.errno == errno.ENOSPC
    outlet.write("lost too")
    outlet.flush()
    closed = Outlet(None)
    assert closed.fault.errno == errno.EBADF
    closed.close()


CALL = [sys.executable, "-m", "bayesreg"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("redirected", "said"),
    [
        pytest.param("> /dev/full", "No space left on device", marks=pytest.mark.extended),
        pytest.param(">&-", "it is closed", marks=pytest.mark.extended),
        ("| true", "Broken pipe"),
    ],
)
def test_a_fit_outlives_its_stdout(tmp_path, redirected, said):
    rows().to_csv(tmp_path / "d.csv", index=False)
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(CALL)} fit d.csv --target y --out out {redirected}; echo ${{PIPESTATUS[0]}} >&2"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path)])},
    )  # fmt: skip
    *_, error, code = done.stderr.strip().splitlines()
    assert code == "1"
    assert error.startswith(f"Error: cannot write to standard output: {said}. Written: coefficients.csv")
    assert {"coefficients.csv", "posterior.nc", "forest.png"} <= set(os.listdir(tmp_path / "out"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["conventions", "glmnet"], ["conventions", "--json"]])
def test_other_commands_say_so(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*CALL, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: cannot write to standard output: No space left on device.\n"


# Zeros in tables.


@pytest.mark.parametrize(
    ("value", "sd", "shown"),
    [(0.0, 3.0, "0"), (-0.0, 300.0, "0"), (2e-5, 400.0, "2e-05"), (-3e-9, 0.2, "-3e-09"), (0.3, 1.0, "0.30")],
)
def test_only_what_is_exactly_zero_is_shown_as_zero(value, sd, shown):
    row = pd.Series({"map": value, "mean": 1.0, "sd": sd, "q05": 0.0, "q95": 2.0})
    assert coefficient_cells(row)[0] == shown
