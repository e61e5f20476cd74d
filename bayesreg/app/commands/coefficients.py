"""Coefficients that someone else has found, read from a file by name."""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ...base.listed import quoted
from ...base.suggestions import did_you_mean
from ...data.files.csv import csv_columns, csv_rows
from ...data.files.dialect import Dialect
from ...data.files.plain_text import plain_text

_EXAMPLE = 'Write them as in {"bmi": 1.5, "intercept": 0.1}.'
_INTERCEPTS = ("(Intercept)", "intercept", "Intercept", "const", "Constant")


class Coefficients(NamedTuple):
    """An answer: one number a feature, in the order of the data, and the intercept."""

    coef: Float[np.ndarray, " p"]
    intercept: float


def read_coefficients(file: Path, features: Sequence[str], *, fit_intercept: bool) -> Coefficients:
    """Read coefficients by name.

    Parameters
    ----------
    file : Path
        CSV: a name and a number a row, in the first two columns, with or without a header, as `Series.to_csv` writes
        them. Levels have the names of the data, or those of pandas, patsy or R. The intercept is the row called
        "intercept" or "(Intercept)". Or JSON: {"bmi": 1.5, ..., "intercept": 0.1}, or
        {"coef": {...}, "intercept": 0.1} with names or a list in the order of the data, or what
        `bayesreg fit --json` says.
    features : sequence of str
        Names of the data's columns.
    fit_intercept : bool
        Whether there must be an intercept; without one it must be absent or 0.

    Returns
    -------
    Coefficients

    Raises
    ------
    ValueError
        Where the file cannot be read so, or names are missing, repeated or unknown.
    """
    raw = plain_text(file, file.read_bytes(), Dialect()).raw
    named, intercept = _from_json(file, raw, features) if _is_json(raw) else _from_csv(file, raw, features)
    named = _as_here(named, features)
    missing = [name for name in features if name not in named]
    unknown = [name for name in named if name not in features]
    if missing or unknown:
        raise ValueError(f"{file} does not fit the data: {_mismatch(missing, unknown)}")
    if fit_intercept and intercept is None:
        raise ValueError(
            f"{file} has no intercept. Add a row called 'intercept', or give --no-intercept for a model without one."
        )
    if not fit_intercept and intercept:
        raise ValueError(
            f"{file} has the intercept {intercept:g}, and --no-intercept says that there is none."
        )
    return Coefficients(np.array([named[name] for name in features]), float(intercept or 0.0))


def _mismatch(missing: list[str], unknown: list[str]) -> str:
    said = []
    if missing:
        said.append(f"no coefficient for {quoted(missing)}.")
    if unknown:
        said.append(f"no column for {quoted(unknown)}.{did_you_mean(unknown[0], missing)}")
    return " ".join(said)


def _is_json(raw: bytes) -> bool:
    return raw.removeprefix(BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def _from_csv(file: Path, raw: bytes, features: Sequence[str]) -> tuple[dict[str, float], float | None]:
    """Read names and numbers from the first two columns."""
    delimiter = csv_columns(file, raw).delimiter or ","
    rows = [row for _, row in csv_rows(raw, delimiter)]
    if rows and _is_header(rows[0], features):
        rows = rows[1:]
    pairs = []
    for row in rows:
        if len(row) < 2 or not _is_number(row[1]):
            raise ValueError(f"{file} must hold a name and a number in each row; got {', '.join(row)!r}.")
        pairs.append((row[0].strip(), float(row[1])))
    return _split(file, pairs, features)


def _from_json(file: Path, raw: bytes, features: Sequence[str]) -> tuple[dict[str, float], float | None]:
    try:
        document = json.loads(raw, parse_int=float)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is no JSON document: {error}.") from None
    except RecursionError:
        raise ValueError(f"{file} is nested too deeply to hold coefficients. {_EXAMPLE}") from None
    if isinstance(document, Mapping) and isinstance(document.get("map"), Mapping):
        document = document["map"]  # of `bayesreg fit --json`
    if not isinstance(document, Mapping):
        raise ValueError(f"{file} must hold names with numbers. {_EXAMPLE}")
    coef = document.get("coef")
    if isinstance(coef, list) and len(coef) == len(features):
        coef = dict(zip(features, coef, strict=True))
    if isinstance(coef, list):
        raise ValueError(f"{file} has {len(coef)} coefficients, the data {len(features)} columns.")
    if isinstance(coef, Mapping):
        numbers = _numbers(file, coef)
        own = document.get("intercept")
        return numbers, None if own is None else _numbers(file, {"intercept": own})["intercept"]
    return _split(file, list(_numbers(file, document).items()), features)


def _numbers(file: Path, values: Mapping[Any, Any]) -> dict[str, float]:
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{file} must hold a number for {name!r}; got {value!r}.")
    return {str(name): float(value) for name, value in values.items()}


def _split(
    file: Path, pairs: list[tuple[str, float]], features: Sequence[str]
) -> tuple[dict[str, float], float | None]:
    """Tell the intercept from the coefficients."""
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{file} has more than one number for {quoted(twice)}.")
    named = dict(pairs)
    called = [name for name in _INTERCEPTS if name in named and name not in features]
    if len(called) > 1:
        raise ValueError(f"{file} has more than one intercept: {quoted(called)}.")
    return named, named.pop(called[0]) if called else None


def _is_header(row: Sequence[str], features: Sequence[str]) -> bool:
    """Tell whether a row holds no coefficient; pandas writes a series without a name under ",0"."""
    if len(row) < 2 or not _is_number(row[1]):
        return True
    return not row[0].strip() and "" not in features


def _as_here(named: dict[str, float], features: Sequence[str]) -> dict[str, float]:
    """Return coefficients by the data's names, those of levels too that other packages write in their way."""
    found: dict[str, float] = {}
    for name, value in named.items():
        alike = [] if name in features else [one for one in features if name in _other_names(one)]
        own = alike[0] if len(alike) == 1 and alike[0] not in named else name
        found[own] = value
    return found if len(found) == len(named) else named


def _other_names(feature: str) -> tuple[str, ...]:
    """Return what pandas, patsy and R call a level of a text column."""
    column, equal, level = feature.partition("=")
    if not equal:
        return ()
    return f"{column}_{level}", f"{column}[T.{level}]", f"{column}[{level}]", f"{column}{level}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
