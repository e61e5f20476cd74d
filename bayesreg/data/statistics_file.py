"""A file of statistics: arrays and their names, versioned and with a checksum; it is read without pickle.

The first line says ``bayesreg statistics, version 1``, the second is the SHA-256 of all that follows: a ZIP archive. In
it ``about.json`` holds names and counts, and each array is a member in NumPy's ``.npy`` format. Of a symmetric matrix
the upper triangle is kept, row by row. Statistics of folds, and of rows held out, are further groups of arrays.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from ..base.files import write_whole
from .source_columns import SourceColumns
from .statistics import Dropped, FoldAxis, Statistics

MAGIC, VERSION = b"bayesreg statistics, version ", 1
_ABOUT = "about.json"
_ARRAYS = ("x_mean", "triangle", "cross", "rest")


def is_statistics(path: Path) -> bool:
    """Tell by its first bytes whether a file holds statistics. A pipe is not looked into."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def save_statistics(data: Statistics, path: Any) -> None:
    """Write statistics to a file, whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written. An earlier file is then unchanged.
    """
    arrays: dict[str, np.ndarray] = {}
    about = {
        "target": data.target,
        "feature_names": list(data.feature_names),
        "columns": _columns_to_json(data.columns),
        "whole": _group(data, "whole", arrays),
        "folds": None,
        "held_out": None if data.held_out is None else _group(data.held_out, "held_out", arrays),
    }
    if data.folds is not None:
        about["folds"] = {
            "n_splits": data.folds.n_splits,
            "in_order": data.folds.in_order,
            "parts": [
                {"label": label, **_group(part, f"fold_{k}", arrays)}
                for k, (label, part) in enumerate(data.folds.parts.items())
            ],
        }
    content = BytesIO()
    with ZipFile(content, "w", ZIP_STORED) as archive:
        archive.writestr(_ABOUT, json.dumps(about, ensure_ascii=False, allow_nan=False))
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", _as_npy(array))
    body = content.getvalue()
    write_whole(Path(path), MAGIC + b"%d\n%s\n" % (VERSION, sha256(body).hexdigest().encode()) + body)


def load_statistics[Kind: Statistics](kind: type[Kind], path: Any) -> Kind:
    """Read statistics from a file.

    Parameters
    ----------
    kind : type
        Of the statistics.
    path : path

    Raises
    ------
    ValueError
        If it is no such file, is damaged, or is of a later version.
    OSError
        If it cannot be read.
    """
    with ZipFile(BytesIO(_checked(path))) as archive:
        about = json.loads(archive.read(_ABOUT))
        arrays = {
            name.removesuffix(".npy"): np.load(BytesIO(archive.read(name)), allow_pickle=False)
            for name in archive.namelist()
            if name != _ABOUT
        }
    columns = _columns_from_json(about["columns"])

    def of(group: Mapping[str, Any], name: str, **more: Any) -> Kind:
        p = len(about["feature_names"])
        gram = np.zeros((p, p))
        upper = np.triu_indices(p)
        gram[upper] = arrays[f"{name}_triangle"]
        gram.T[upper] = arrays[f"{name}_triangle"]
        return kind(
            n_samples=group["n_samples"],
            sum_weights=float.fromhex(group["sum_weights"]),
            x_mean=arrays[f"{name}_x_mean"],
            y_mean=float.fromhex(group["y_mean"]),
            gram=gram,
            cross=arrays[f"{name}_cross"],
            response_ss=float.fromhex(group["response_ss"]),
            feature_names=tuple(about["feature_names"]),
            columns=columns,
            rest=arrays[f"{name}_rest"],
            dropped=Dropped(group["dropped"], group["missing"]),
            **more,
        )

    folds = None
    if about["folds"] is not None:
        parts = {part["label"]: of(part, f"fold_{k}") for k, part in enumerate(about["folds"]["parts"])}
        folds = FoldAxis(about["folds"]["n_splits"], parts, about["folds"]["in_order"])
    held_out = None if about["held_out"] is None else of(about["held_out"], "held_out")
    return of(about["whole"], "whole", folds=folds, held_out=held_out, target=about["target"])


def _group(data: Statistics, name: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Add a group's arrays, and return its numbers. Floats are hexadecimal: to the last bit."""
    own = (data.x_mean, data.gram[np.triu_indices(data.n_features)], data.cross, data._rest)
    arrays |= {f"{name}_{what}": array for what, array in zip(_ARRAYS, own, strict=True)}
    return {
        "n_samples": int(data.n_samples),
        "sum_weights": float(data.sum_weights).hex(),
        "y_mean": float(data.y_mean).hex(),
        "response_ss": float(data.response_ss).hex(),
        "dropped": data.dropped.n_rows,
        "missing": dict(data.dropped.entries),
    }


def _as_npy(array: np.ndarray) -> bytes:
    content = BytesIO()
    np.save(content, np.ascontiguousarray(array, dtype="<f8"), allow_pickle=False)
    return content.getvalue()


def _checked(path: Any) -> bytes:
    """Return what follows the first two lines, if it is what was written."""
    content = Path(path).read_bytes()
    if not content.startswith(MAGIC):
        raise ValueError(f"{path} is no file of statistics. GramData.save writes one.")
    version, digest, body = (*content[len(MAGIC) :].split(b"\n", 2), b"", b"")[:3]
    if version.isdigit() and int(version) > VERSION:
        raise ValueError(
            f"{path} is of version {int(version)} of the format, and this bayesreg reads up to {VERSION}. Update it."
        )
    if version != b"%d" % VERSION or digest != sha256(body).hexdigest().encode():
        raise ValueError(
            f"{path} is damaged or not whole: its checksum is not that of its content. Reduce the rows anew."
        )
    return body


def _columns_to_json(columns: SourceColumns | None) -> Any:
    if columns is None:
        return None
    return {
        "names": list(columns.names),
        "levels": {name: list(levels) for name, levels in columns.levels.items()},
        "unknown": sorted(columns.unknown),
    }


def _columns_from_json(found: Any) -> SourceColumns | None:
    if found is None:
        return None
    levels = {name: tuple(one) for name, one in found["levels"].items()}
    return SourceColumns(tuple(found["names"]), levels, frozenset(found["unknown"]))
