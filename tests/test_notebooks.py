"""Each notebook's script runs clean, and the executed notebook beside it is that script's."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import claims
import jupytext
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SCRIPTS = claims.scripts()
TIME_LIMIT = 120.0  # seconds

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)


def executed(script):
    return nbformat.read(script.with_suffix(".ipynb"), as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def sources(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def run_afresh(*arguments, cwd):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )


def test_there_are_notebooks():
    assert SCRIPTS
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == {script.stem for script in SCRIPTS}


@pytest.mark.extended
@each_script
def test_script_runs_in_a_fresh_interpreter_without_a_warning(script, tmp_path):
    run = run_afresh("-W", "error", str(script), cwd=tmp_path)
    assert run.returncode == 0, run.stderr


@each_script
def test_executed_notebook_has_the_cells_of_the_script(script):
    assert sources(executed(script)) == sources(jupytext.read(script))


def folded(cell):
    """Tell whether a cell is shown without its code. JupyterLab reads one of the marks, Jupyter Book the other."""
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    assert hidden == ("hide-input" in cell.metadata.get("tags", [])), cell.source
    return hidden


@each_script
def test_checks_and_marks_of_claims_are_folded_in_the_script_and_in_the_notebook(script):
    cells = jupytext.read(script).cells
    assert [folded(cell) for cell in cells] == [folded(cell) for cell in executed(script).cells]
    for cell in cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\b[A-E]\d\b", cell.source), cell.source
        elif not folded(cell):
            nodes = ast.walk(ast.parse(cell.source))
            assert not any(isinstance(node, ast.Assert) for node in nodes), cell.source
            assert "# claim" not in cell.source
    assert any(folded(cell) for cell in cells)


@each_script
def test_notebook_was_executed_once_from_top_to_bottom(script):
    counts = [cell.execution_count for cell in code_cells(executed(script))]
    assert counts == list(range(1, len(counts) + 1))


@each_script
def test_no_output_is_an_error(script):
    outputs = [output for cell in code_cells(executed(script)) for output in cell.outputs]
    assert outputs
    assert all(output.output_type != "error" for output in outputs)
    assert all(output.get("name") != "stderr" for output in outputs)


def test_every_claim_has_its_assertion():
    """None of the teaching texts' 23 claims is left out, and each mark stands right above an assertion."""
    places = claims.shown()
    assert set(places) == set(claims.CLAIMS)
    for claim, found in places.items():
        for one in found:
            assert one.assertion.startswith("assert "), (claim, one)


def test_the_index_is_made_from_the_notebooks():
    assert claims.INDEX.read_text() == claims.index(), "run python tests/claims.py"


def test_the_texts_have_no_other_claim(validation):
    listed = re.findall(
        r"^\| ([A-E]\d) \|", (validation.parent / "seeds-claims.md").read_text(), flags=re.MULTILINE
    )
    assert sorted(listed) == sorted(claims.CLAIMS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("1_what_a_penalty_believes", "== 2 * d * a - d**2", "== 2 * d * a - 2 * d**2"),
        ("3_geometry", "formula = 1.0 - 4.0 / np.pi", "formula = 1.0 - 4.1 / np.pi"),
        ("7_norms_and_units", "comb(10, 4) == 210", "comb(10, 4) == 211"),
    ],
)
def test_a_wrong_number_in_a_claim_stops_the_notebook(name, right, wrong, tmp_path):
    source = (NOTEBOOKS / f"{name}.py").read_text()
    assert source.count(right) == 1
    changed = tmp_path / "changed.py"
    changed.write_text(source.replace(right, wrong))
    run = run_afresh(str(changed), cwd=tmp_path)
    assert run.returncode != 0
    assert "AssertionError" in run.stderr
