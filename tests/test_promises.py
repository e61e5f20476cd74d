"""docs/explanation/promises.md: the tests that it names exist, and the two promises that have no other test."""

import ast
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import bayesreg as br
from bayesreg.app.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "promises.md"
NAMED = re.compile(r"`(tests/\w+\.py)::([\w:]+)`")


def named_in(path):
    """Yield a file's tests as pytest names them."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (
                f"{node.name}::{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)
            )


def test_every_promise_names_tests_that_exist():
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.M)[1:]
    assert len(sections) == 5
    for section in sections:
        named = NAMED.findall(section)
        assert named, section.splitlines()[0]
        assert section.count("tests/") == len(named)  # none is written in a way that is passed over
        for file, test in named:
            assert test in named_in(ROOT / file), f"{file} has no {test}"
            assert test.split("::")[-1].startswith("test_")


WITHOUT_A_NETWORK = """
import os, stat, sys

def refuse(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        raise RuntimeError(f"a promise is broken: {event} {arguments}")

sys.addaudithook(refuse)
from bayesreg.app.cli import main

file, new, out = sys.argv[1:]
for words in (
    ["fit", file, "--target", "y", "--out", out, "--prior", "ridge", "--noise-scale", "1", "--report"],
    ["predict", out, new],
    ["translate", "0.1", "--from", "sklearn.Lasso", "--to", "glmnet", "--data", file, "--target", "y"],
    ["conventions", "glmnet"],
):
    main(words, standalone_mode=False)
for number in range(256):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        continue
    assert number < 3 or not stat.S_ISSOCK(mode), number
import socket
try:
    socket.create_connection(("127.0.0.1", 9))
except RuntimeError:
    print("guarded", file=sys.stderr)
"""


@pytest.mark.extended
def test_the_commands_open_no_socket(tmp_path):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(40, 2))
    rows = [f"{a},{b},{a - b + e}" for (a, b), e in zip(X, rng.normal(size=40), strict=True)]
    (tmp_path / "d.csv").write_text("\n".join(["a,b,y", *rows]))
    (tmp_path / "new.csv").write_text("a,b\n1,2\n")
    words = [tmp_path / "d.csv", tmp_path / "new.csv", tmp_path / "out"]
    run = subprocess.run([sys.executable, "-c", WITHOUT_A_NETWORK, *words], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stderr.splitlines()[-1] == "guarded"  # else the guard refused nothing
    assert (tmp_path / "out" / "report.html").exists()


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "nc", "json", "npz"])
def test_a_pickle_in_place_of_a_file_is_never_opened(tmp_path, suffix):
    mark = str(tmp_path / "sprung")
    trap = tmp_path / f"trap.{suffix}"
    if suffix == "npz":
        np.savez(trap, coef=np.array([Trap(mark)], dtype=object))
    else:
        trap.write_bytes(pickle.dumps(Trap(mark)))
    sound, out = tmp_path / "d.csv", tmp_path / "out"
    sound.write_text("a,y\n1,2\n2,3\n3,5\n4,4\n")
    out.mkdir()
    (out / "posterior.nc").write_bytes(trap.read_bytes())
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_bytes(trap.read_bytes())
    for words in (
        ("fit", trap, "--target", "y", "--out", tmp_path / "new"),
        ("predict", trap, sound),
        ("predict", out, sound),
        ("audit", sound, "--target", "y", "--coef", trap, "--penalty", "sklearn.Lasso alpha=0.1"),
    ):
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == 1, result.output
    data = br.RowData.from_arrays([[1.0], [2.0], [4.0]], [1.0, 3.0, 3.0])
    with pytest.raises(br.CheckpointError):
        br.sample_posterior(
            br.LinearModel(br.LaplacePrior()), data, progress=False, checkpoint=tmp_path / "run"
        )
    assert not Path(mark).exists()
    pickle.loads(pickle.dumps(Trap(mark)))
    assert Path(mark).exists()  # so the trap would have sprung


def test_names_like_code_are_text(tmp_path):
    mark = tmp_path / "sprung"
    name = f"__import__('os').mkdir({str(mark)!r})"
    (tmp_path / "d.csv").write_text('a,"' + name + '",y\n1,0,2\n2,1,3\n3,1,5\n4,0,4\n5,2,7\n')
    words = [
        "fit",
        tmp_path / "d.csv",
        "--target",
        "y",
        "--out",
        tmp_path / "out",
        "--prior",
        "ridge",
        "--noise-scale",
        "1",
    ]
    result = CliRunner().invoke(main, [str(word) for word in [*words, "--json"]])
    assert result.exit_code == 0, result.output
    assert name in json.dumps(json.loads(result.stdout), ensure_ascii=False).replace('\\"', '"')
    assert not mark.exists()


def test_the_source_has_no_way_to_run_data():
    for path in (ROOT / "bayesreg").rglob("*.py"):
        tree = ast.parse(path.read_text())
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        imported = {
            name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            )
        }
        assert not called & {"eval", "exec", "compile", "__import__"}, path
        assert not imported & {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml"}, path
        assert not imported & {"socket", "urllib", "http", "requests", "ftplib"}, path
        loads = [
            node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "allow_pickle"
        ]
        assert all(isinstance(one.value, ast.Constant) and one.value.value is False for one in loads), path
