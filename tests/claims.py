"""Which notebook shows which claim: read from the notebooks' own marks, written to notebooks/README.md.

Run `python tests/claims.py` after a notebook changed; a test says when that was forgotten.
"""

import re
from pathlib import Path
from typing import NamedTuple

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
INDEX = NOTEBOOKS / "README.md"
_MARK = re.compile(r"# claim ([A-E]\d)\b")

# What five teaching texts on l1 and l2 say, in our words. The letter is the text's, the number the claim's.
CLAIMS = {
    "A1": "where a weight nears 0, l2 leaves it small and l1 sets it to 0",
    "A2": "the loss touches the diamond on an axis more often than the circle",
    "A3": "a step δ lowers l1 by δ wherever it starts, and l2 by 2δw − δ²",
    "A4": "the gradient of l1 is ±1 everywhere, so zeros are exact",
    "A5": "coefficient paths of lasso and ridge",
    "A6": "lasso selects, ridge keeps all; early stopping, noise and dropout regularise too",
    "B1": "closed forms for a diagonal Hessian",
    "B2": "−log prior is the penalty, and what its constants are for",
    "B3": "beside cross-entropy too, l1 is a Laplace prior and l2 a Gaussian one",
    "C1": "ridge tames a polynomial of degree 15",
    "C2": "penalised and constrained problems are one, by the multiplier",
    "C3": "coordinate descent with soft thresholding",
    "C4": "ridge in closed form",
    "C5": "MAP adds the log prior to the log likelihood",
    "C6": "Laplace prior → lasso, Gaussian prior → ridge",
    "D1": "the subgradient of |w| at 0",
    "D2": "the coordinate update, normalised or not",
    "E1": "norms as lengths and distances; normalising rows, min–max",
    "E2": "each way of writing the cost is one prior scale",
    "E3": "λ by cross-validation, beside evidence, LOO and the scale's posterior",
    "E4": "convex, hence one optimum",
    "E5": "regularisation does not lower the training loss",
    "E6": "corners are touched by many lines; who shrinks more",
}


class Shown(NamedTuple):
    """Where a claim is shown."""

    notebook: str
    section: str
    assertion: str


def scripts() -> list[Path]:
    """Return the notebooks' scripts in their order, which is that of the numbers before their names."""
    return sorted(NOTEBOOKS.glob("*.py"), key=lambda script: int(script.stem.split("_")[0]))


def shown() -> dict[str, list[Shown]]:
    """Return every mark of every notebook, with the heading above it and the assertion below."""
    found: dict[str, list[Shown]] = {}
    for script in scripts():
        heading, lines = "", script.read_text().splitlines()
        for i, line in enumerate(lines):
            if line.startswith("# ## "):
                heading = line.removeprefix("# ## ")
            for claim in _MARK.findall(line):
                below = [
                    one.strip()
                    for one in lines[i + 1 : i + 4]
                    if one.strip() and not one.strip().startswith("#")
                ]
                found.setdefault(claim, []).append(Shown(script.stem, heading, below[0] if below else ""))
    return found


def titles() -> dict[str, str]:
    """Return each notebook's title."""
    found = {}
    for script in scripts():
        found[script.stem] = next(
            line.removeprefix("# # ") for line in script.read_text().splitlines() if line.startswith("# # ")
        )
    return found


def index() -> str:
    """Return the page."""
    places = shown()
    lines = [
        "# Notebooks",
        "",
        "In reading order. A check in code follows each statement; a false one would stop the notebook. The checks are",
        "folded in JupyterLab and on the documentation site. `make notebooks` runs all from clean kernels.",
        "",
        *(f"- [{title}]({name}.ipynb)" for name, title in titles().items()),
        "",
        "<details>",
        "<summary>Which claim is shown where</summary>",
        "",
        "The claims are those of five teaching texts on l1 and l2 regularisation (A to E); "
        f"{len(places)} of {len(CLAIMS)} are shown. Made by",
        "`python tests/claims.py` from the marks in the notebooks.",
        "",
        "| claim | | notebook | section | first assertion |",
        "|---|---|---|---|---|",
    ]
    for claim, text in CLAIMS.items():
        for one in dict.fromkeys(places.get(claim, [])):
            code = one.assertion.replace("|", "\\|")
            lines.append(
                f"| {claim} | {text} | [{one.notebook}]({one.notebook}.ipynb) | {one.section} | `{code}` |"
            )
    return "\n".join([*lines, "", "</details>"]) + "\n"


if __name__ == "__main__":
    INDEX.write_text(index())
