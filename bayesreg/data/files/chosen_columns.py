"""Which columns are used, as their names say."""

from collections.abc import Sequence

from ...base.listed import quoted
from ...base.suggestions import did_you_mean


def chosen_columns(
    names: list[str], target: str, weights: str | None, features: Sequence[str], exclude: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return what is asked for beside the features, the target first, and the features.

    Parameters
    ----------
    names : list of str
        Of the file's columns.
    target : str
    weights : str or None
    features, exclude : sequence of str
        Names, or names joined by commas; no features are all others.

    Raises
    ------
    ValueError
        If a name is unknown or has two roles, or no feature is left.
    """
    asked = [target] if weights is None else [target, _weights_column(names, target, weights)]
    return asked, _features(names, asked, features, exclude)


def _weights_column(names: list[str], target: str, weights: str) -> str:
    if weights not in names:
        raise ValueError(unknown_column("weights", weights, names))
    if weights == target:
        raise ValueError(f"{weights!r} is the target, so it cannot be the weights too.")
    return weights


def _features(
    names: list[str], asked: list[str], features: Sequence[str], exclude: Sequence[str]
) -> list[str]:
    target = asked[0]
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


def listed_columns(what: str, names: list[str], asked: list[str], given: Sequence[str]) -> list[str]:
    """Return columns that an option lists one by one, or joined by commas."""
    found: dict[str, None] = {}
    for text in given:
        for name in [text] if text in names else [part.strip() for part in text.split(",")]:
            if name not in names:
                raise ValueError(unknown_column(what, name, names))
            if name in asked:
                role = "target" if name == asked[0] else "column of weights"
                raise ValueError(f"{name!r} is the {role}, so it cannot be a {what} too.")
            found[name] = None
    return list(found)


def unknown_column(what: str, name: str, names: list[str]) -> str:
    """Say that a column is not there, and which are."""
    return f"there is no column {name!r} for the {what}.{did_you_mean(name, names)} The columns are {quoted(names)}."
