"""Which columns are used, as their names say."""

from collections.abc import Mapping, Sequence

from ...base.listed import quoted
from ...base.suggestions import did_you_mean


def chosen_columns(
    names: list[str],
    target: str,
    weights: str | None,
    features: Sequence[str],
    exclude: Sequence[str],
    folds: str | None = None,
    offset: str | None = None,
    exposure: str | None = None,
) -> tuple[dict[str, str], list[str]]:
    """Return what is asked for beside the features, by name with what it is, the target first; and the features.

    Parameters
    ----------
    names : list of str
        Of the file's columns.
    target : str
    weights, folds, offset, exposure : str or None
    features, exclude : sequence of str
        Names, or names joined by commas; no features are all others.

    Raises
    ------
    ValueError
        If a name is unknown or has two roles, or no feature is left.
    """
    asked = {target: "target"}
    for name, what, role in (
        (weights, "weights", "column of weights"),
        (folds, "folds", "column of groups or folds"),
        (offset, "offset", "offset"),
        (exposure, "exposure", "exposure"),
    ):
        if name is not None:
            _check_column(names, asked, name, what)
            asked[name] = role
    return asked, _features(names, asked, features, exclude)


def _check_column(names: list[str], asked: dict[str, str], name: str, what: str) -> None:
    if name not in names:
        raise ValueError(unknown_column(what, name, names))
    if name in asked:
        raise ValueError(f"{name!r} is the {asked[name]}, so it cannot be the {what} too.")


def _features(
    names: list[str], asked: dict[str, str], features: Sequence[str], exclude: Sequence[str]
) -> list[str]:
    target = next(iter(asked))
    if target not in names:
        raise ValueError(unknown_column("target", target, names))
    wanted = listed_columns("feature", names, asked, features)
    unwanted = listed_columns("column to exclude", names, asked, exclude)
    both = [name for name in wanted if name in unwanted]
    if both:
        raise ValueError(f"{quoted(both)} cannot be among the features and excluded too.")
    others = wanted if features else [name for name in names if name not in asked]
    chosen = [name for name in others if name not in unwanted]
    if not chosen:
        raise ValueError(
            f"there is no column beside the target {target!r}{' and what is excluded' if unwanted else ''}. "
            "If there should be, separate them by comma, semicolon, tab or bar, or say --separator."
        )
    return chosen


def listed_columns(what: str, names: list[str], asked: Mapping[str, str], given: Sequence[str]) -> list[str]:
    """Return columns that an option lists one by one, or joined by commas; `asked` says what others are."""
    found: dict[str, None] = {}
    for text in given:
        parts = [text] if text in names else [part for one in text.split(",") if (part := one.strip())]
        if not parts:
            raise ValueError(f"{text!r} names no {what}. Leave the option out, or name a column.")
        for name in parts:
            if name not in names:
                raise ValueError(unknown_column(what, name, names))
            if name in asked:
                raise ValueError(f"{name!r} is the {asked[name]}, so it cannot be a {what} too.")
            found[name] = None
    return list(found)


def unknown_column(what: str, name: str, names: list[str]) -> str:
    """Say that a column is not there, and which are."""
    if len(names) == 1 and len(names[0].split()) > 1:
        return (
            f"there is no column {name!r} for the {what}: the file has one, {names[0]!r}. If blanks separate entries, "
            "say --separator space."
        )
    return f"there is no column {name!r} for the {what}.{did_you_mean(name, names)} The columns are {quoted(names)}."
