"""The file of draws: written with checksums; of one from elsewhere only what is known is read, and checked.

Every array of numbers is under HDF5's own Fletcher-32, so that whatever reads the file notices a flipped bit. A line
after HDF5's end, which it passes over, holds the SHA-256 of all before it: on a damaged file HDF5 may never end.
"""

import json
import os
import re
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.files.levels import levels_from_json
from ..data.files.text_rules import TextRules
from ..likelihoods.base import Likelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..likelihoods.table import LIKELIHOODS
from ..posterior.to_arviz import named_draws
from .target import Target

if TYPE_CHECKING:
    import h5py
    import xarray as xr

DRAWS = "posterior.nc"
LEVELS = "levels"  # how text became features
TEXT_RULES = "text_rules"  # how other text was read
TARGET = "target"  # what was explained
CAUTION = "response_caution"  # what is to be known of predictions
_FILES = "files"
_LAST_LINE = re.compile(rb"\nbayesreg sha256 ([0-9a-f]{64})\n\Z")
_LONGEST_LINE = 128
_DRAWN = {"coef": 3, "intercept": 2}  # and how many axes each has
_LIKELIHOOD, _HAS_OFFSET = "likelihood", "has_offset"
_MOST_PACKED = 2000  # how many times smaller than its values a variable can be: a thousand, by HDF5's filters
_MALFORMED = (AttributeError, KeyError, OverflowError, RecursionError, RuntimeError, TypeError)


def draws_content(tree: "xr.DataTree", files: Mapping[str, bytes]) -> bytes:
    """Return the file of draws, made in memory: HDF5 does not survive a full disk.

    Parameters
    ----------
    tree : xarray.DataTree
    files : mapping of str to bytes
        The other files of the same fit, by name.
    """
    kept = tree.copy()
    kept.attrs[_FILES] = json.dumps({name: digest(content) for name, content in files.items()})
    checked = {
        f"/{group}": {
            name: {"fletcher32": True, "chunksizes": (1, *array.shape[1:]) if array.ndim > 1 else array.shape}
            for name, array in node.to_dataset().variables.items()
            if array.ndim and array.size and array.dtype.kind in "biuf"
        }
        for group, node in kept.children.items()
    }
    stream = BytesIO()
    kept.to_netcdf(stream, engine="h5netcdf", encoding=checked)
    stream.seek(0, os.SEEK_END)
    stream.write(f"\nbayesreg sha256 {digest(stream.getvalue())}\n".encode())
    return stream.getvalue()


def read_draws(file: Path) -> "xr.DataTree":
    """Read what predictions are made of.

    Parameters
    ----------
    file : Path
        Of `bayesreg fit`, or a tree that was saved from Python, which has no SHA-256.

    Returns
    -------
    xarray.DataTree
        Coefficients, intercept and noise, the features' names, and what attributes say of levels and files.

    Raises
    ------
    ValueError
        Where it is damaged, malformed, or leads to other files.
    OSError
        Where it cannot be opened.
    """
    import h5py

    content = file.read_bytes()
    try:
        _check_digest(content)
        with h5py.File(BytesIO(content), "r") as opened:
            _check_layout(opened)
            return _known(opened)
    except ValueError as error:
        reason = str(error)
    except OSError:
        reason = "it is damaged, or of another kind"
    except _MALFORMED:
        reason = "it is malformed"
    raise ValueError(f"{file} holds no draws that can be read: {reason}. Fit again to write it anew.")


def files_of_fit(tree: "xr.DataTree") -> dict[str, str]:
    """Return the names of what else the same fit has written, and their SHA-256.

    Raises
    ------
    ValueError
        Where the attribute is malformed.
    """
    files = json.loads(tree.attrs.get(_FILES, "{}"))
    if not isinstance(files, dict):
        raise ValueError("its list of files is malformed")
    return files


def digest(content: bytes | memoryview) -> str:
    """Return a SHA-256 as text."""
    return sha256(content).hexdigest()


def _check_digest(content: bytes) -> None:
    told = _LAST_LINE.search(content, max(0, len(content) - _LONGEST_LINE))
    if told is not None and digest(memoryview(content)[: told.start()]) != told[1].decode():
        raise ValueError("its checksum is not that of what it holds")


def _check_layout(opened: "h5py.File") -> None:
    """Refuse all but groups of variables that lie in the file itself."""
    import h5py

    for group in _members(opened):
        if not isinstance(group, h5py.Group):
            raise ValueError(f"{group.name!r} is no group of variables")
        for variable in _members(group):
            if not isinstance(variable, h5py.Dataset):
                raise ValueError(f"{variable.name!r} is no variable")
            if variable.external or variable.is_virtual:
                raise ValueError(f"the values of {variable.name!r} are said to lie in another file")


def _members(group: "h5py.Group") -> list[Any]:
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{name!r} is a link to another place")
    return [group[name] for name in group]


def _known(opened: "h5py.File") -> "xr.DataTree":
    import xarray as xr

    posterior = opened.get("posterior", {})
    if "coef" not in posterior or "feature" not in posterior:
        raise ValueError("it has no coefficients with the names of their features")
    likelihood = _likelihood(opened)
    axes = _DRAWN | dict.fromkeys(likelihood.parameters(), 2)
    drawn = {name: _numbers(posterior[name], n_axes) for name, n_axes in axes.items() if name in posterior}
    names = [str(name) for name in posterior["feature"].asstr()[...]]
    shape = drawn["coef"].shape
    if shape[2] != len(names) or any(array.shape[:2] != shape[:2] for array in drawn.values()):
        raise ValueError("its variables differ in their numbers of draws or of features")
    tree = xr.DataTree.from_dict({"posterior": named_draws(drawn, names)})
    constants = opened.get("constant_data", {})
    known = {}
    for name in likelihood.parameters():
        called = name.replace("_", " ")
        if name not in drawn and name not in constants:
            raise ValueError(f"it has no {called}")
        values = drawn[name] if name in drawn else _numbers(constants[name], 0)
        if not np.all(values > 0.0):
            raise ValueError(f"a {called} is not positive")
        if name not in drawn:
            known[name] = float(values)
    tree["constant_data"] = xr.DataTree(xr.Dataset(known))
    tree.attrs[_LIKELIHOOD] = likelihood.family
    tree.attrs[_HAS_OFFSET] = int(bool(opened.attrs.get(_HAS_OFFSET, 0)))
    for attribute in (LEVELS, TEXT_RULES, TARGET, CAUTION, _FILES):
        if attribute in opened.attrs:
            tree.attrs[attribute] = str(opened.attrs[attribute])
    _check_levels(tree)
    if TARGET in tree.attrs:
        Target.from_json(tree.attrs[TARGET])
    if TEXT_RULES in tree.attrs:
        TextRules.from_json(tree.attrs[TEXT_RULES])
    files_of_fit(tree)
    return tree


def _likelihood(opened: "h5py.File") -> Likelihood:
    family = str(opened.attrs.get(_LIKELIHOOD, GaussianLikelihood.family))
    if family not in LIKELIHOODS:
        raise ValueError(f"its likelihood, {family!r}, is none of ours")
    return LIKELIHOODS[family]


def _check_levels(tree: "xr.DataTree") -> None:
    try:
        for one in levels_from_json(tree.attrs.get(LEVELS, "[]")):
            without = 1 if one.reference is not None or len(one.values) == 2 else 0
            known = [one.missing, one.other, one.reference]
            words = (
                *(one.column, *one.values, *one.features, *one.gathered),
                *(word for word in known if word is not None),
            )
            if not all(isinstance(word, str) for word in words):
                raise TypeError
            if len(one.features) != len(one.values) - without or not {*known} <= {*one.values, None}:
                raise ValueError
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise ValueError("what it says of text columns is malformed") from None


def _numbers(variable: "h5py.Dataset", n_axes: int) -> np.ndarray:
    name = variable.name
    if variable.dtype.kind != "f" or variable.ndim != n_axes or variable.size == 0:
        raise ValueError(f"{name!r} holds {variable.dtype} of shape {variable.shape}, which are no draws")
    if variable.nbytes > _MOST_PACKED * variable.id.get_storage_size():
        raise ValueError(f"{name!r} says that it has more values than it holds")
    values = variable[...].astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name!r} holds entries that are no finite numbers")
    return values
