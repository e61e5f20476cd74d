"""A penalty as it is typed: a number, or names with numbers."""

from dataclasses import dataclass
from typing import Any, Self, final

from ...base.suggestions import did_you_mean
from ...conventions.convention import Convention
from ...conventions.table import CONVENTIONS

_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None, "null": None}


@final
@dataclass(frozen=True, eq=False)
class StatedPenalty:
    """A penalty in a convention, as it was typed.

    Attributes
    ----------
    text : str
    row : Convention
    value : None, float, list of floats, or dict
        What `translate` takes.
    """

    text: str
    row: Convention
    value: Any

    @classmethod
    def of(cls, key: str, text: str | None) -> Self:
        """Read the value of a convention.

        Raises
        ------
        ValueError
            Where there is no such convention, or the value cannot be read.
        """
        row = convention(key)
        return cls(f"{key} {text or ''}".strip(), row, penalty_value(text, row))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a convention and its value, as in "sklearn.Lasso alpha=0.1".

        Raises
        ------
        ValueError
            As in `of`.
        """
        key, _, value = text.strip().partition(" ")
        return cls.of(key, value)


def convention(key: str) -> Convention:
    """Return the row of a key.

    Raises
    ------
    ValueError
        Where there is none, with those that are close.
    """
    if key in CONVENTIONS:
        return CONVENTIONS[key]
    raise ValueError(
        f"there is no convention {key!r}.{did_you_mean(key, CONVENTIONS)} `bayesreg conventions` lists them all."
    )


def penalty_value(text: str | None, row: Convention) -> Any:
    """Read the value of a penalty in a convention.

    Parameters
    ----------
    text : str or None
        "0.1", "[0, 0.1, 0.2]" for one number a column, or "alpha=0.1,l1_ratio=0.5". None where the convention is a
        default without parameters.
    row : Convention
        Whose parameters may be spelt with a dot or an underscore, and R's `lambda` as it is in R.

    Returns
    -------
    None, float, list of floats, or dict

    Raises
    ------
    ValueError
        Where it cannot be read.
    """
    if text is None or not text.strip():
        return None
    if "=" not in text:
        return _scalar_or_list(text)
    values: dict[str, Any] = {}
    for part in _split(text):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(
                f"cannot read {part.strip()!r} in {text!r}: write name=value, separated by commas."
            )
        values[_spelt(name.strip(), row)] = _scalar_or_list(value)
    return values


def _spelt(name: str, row: Convention) -> str:
    """Return a parameter's name as the table spells it."""
    plain = {_plain(known): known for known in row.parameters}
    return plain.get(_plain(name), name)


def _plain(name: str) -> str:
    return name.replace(".", "_").rstrip("_")


def _split(text: str) -> list[str]:
    """Split at commas that no bracket holds."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [part for part in (*parts, text[start:]) if part.strip()]


def _scalar_or_list(text: str) -> Any:
    stripped = text.strip()
    if stripped.startswith("[") and stripped.endswith("]"):
        return [_scalar(part) for part in stripped[1:-1].replace(",", " ").split()]
    return _scalar(stripped)


def _scalar(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"cannot read {text!r} as a number. Write 0.1, or names as in alpha=0.1,l1_ratio=0.5, or one number a "
            "column as in [0, 0.1, 0.2]."
        ) from None
