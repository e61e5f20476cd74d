"""What the README shows is what happens."""

import re
from pathlib import Path

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()


def test_python_blocks_run_and_print_what_they_show(capsys, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    blocks = re.findall(r"```python\n(.*?)```(?:\s*```text\n(.*?)```)?", README, flags=re.DOTALL)
    assert len(blocks) >= 2
    names = {}
    for code, shown in blocks:
        exec(code, names)
        printed = capsys.readouterr().out
        if shown:
            assert without_rounding(printed) == without_rounding(shown)


def without_rounding(text):
    """Blank what differs between machines: numbers that are rounding error."""
    return re.sub(r"-?\d+(\.\d+)?e-\d\d|-?0\.0+e\+00|\s+", " ", text).split()


def test_make_targets_exist():
    makefile = (Path(__file__).resolve().parents[1] / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_linked_files_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in link:
            assert (Path(__file__).resolve().parents[1] / link).exists(), link
