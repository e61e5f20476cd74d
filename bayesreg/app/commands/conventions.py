"""The command `conventions`: the table that `translate` reads."""

from typing import Any

from ...base.version import __version__
from ...conventions.convention import REQUIRED, Convention
from ...conventions.table import CONVENTIONS
from ..words.text import make_console, make_table, print_labelled
from .as_json import print_json


def run(words: tuple[str, ...], *, json: bool) -> None:
    """Print the conventions whose keys hold one of the words; all where there are none.

    Parameters
    ----------
    words : tuple of str
    json : bool

    Raises
    ------
    ValueError
        Where no key holds any.
    """
    wanted = [word.lower() for word in words]
    found = [
        row for key, row in CONVENTIONS.items() if not wanted or any(word in key.lower() for word in wanted)
    ]
    if not found:
        raise ValueError(
            f"no convention is called like {' or '.join(map(repr, words))}. All are listed without a word."
        )
    if json:
        print_json({"bayesreg": __version__, "conventions": [_document(row) for row in found]})
    elif words:
        _print_each(found)
    else:
        _print_table(found)


def _document(row: Convention) -> dict[str, Any]:
    return {
        "key": row.key,
        "parameters": {name: None if value is REQUIRED else value for name, value in row.parameters.items()},
        "required": [name for name, value in row.parameters.items() if value is REQUIRED],
        "objective": row.objective,
        "family": row.family,
        "standardizes": row.standardizes,
        "intercept": row.intercept,
        "weights": row.weights,
        "language": row.language,
        "evidence": row.evidence,
    }


def _print_table(rows: list[Convention]) -> None:
    console = make_console()
    table = make_table("", ("convention", "parameters", "established"))
    for column in table.columns:
        column.justify = "left"
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(row.key, _parameters(row), row.evidence)
    console.print(table)
    console.print(
        f"{len(rows)} conventions. `bayesreg conventions WORD` shows the objective of those called so."
    )


def _print_each(rows: list[Convention]) -> None:
    console = make_console()
    for position, row in enumerate(rows):
        if position:
            console.print()
        for label, text in (
            ("convention", row.key),
            ("parameters", _parameters(row)),
            ("minimises", row.objective),
            ("likelihood", row.family),
            ("standardises", row.standardizes),
            ("intercept", row.intercept),
            ("weights", row.weights),
            ("established", row.evidence),
        ):
            print_labelled(console, label, text)


def _parameters(row: Convention) -> str:
    spelt = {name: name.rstrip("_") if row.language == "R" else name for name in row.parameters}
    return ", ".join(
        spelt[name] if value is REQUIRED or value is None else f"{spelt[name]}={value}"
        for name, value in row.parameters.items()
    )
