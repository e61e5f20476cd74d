"""Results as JSON: numbers, names and lists, for machines."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..words.terminal import printable_json


def print_json(document: Mapping[str, Any]) -> None:
    """Print a document, in the letters that standard output has."""
    print(printable_json(to_json(document), getattr(sys.stdout, "encoding", None)))


def to_json(document: Mapping[str, Any]) -> str:
    """Write a document; a number that is not finite becomes null, as JSON has none."""
    return json.dumps(_plain(document), allow_nan=False, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value if value is None else str(value)


def by_name(names: tuple[str, ...], values: Any) -> dict[str, Any]:
    """Return one value a feature, by name; one number stands for all."""
    return dict(zip(names, np.broadcast_to(values, (len(names),)).tolist(), strict=True))
