"""A run saved as it goes: a folder of files, each with its checksum, from which it goes on bit by bit.

``run.json`` says what was asked for, ``target.block`` holds the density, and a chain's blocks
the state after them and the draws in them. A file is a line of text, a SHA-256, and NumPy's own
format; nothing in it is executed when it is read. Files appear whole, by renaming.
"""

import json
import os
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from threading import get_ident
from time import monotonic
from typing import Any, Self, final

import numpy as np

from ..errors import CheckpointError
from ..jax_context import float64_on_cpu

_MAGIC = b"bayesreg checkpoint 1\n"
_RUN, _TARGET = "run.json", "target.block"
_SECONDS, _SHARE = (
    1.0,
    0.02,
)  # a block is saved no sooner after the last than this, or than this share of the run
_SAME = 1e-6  # of an array's largest entry: what the order of a sum may change between machines


@final
class Checkpoint:
    """The folder of one run."""

    def __init__(self, folder: Path, target: Any) -> None:
        self._folder = folder
        self.target = target

    @classmethod
    def open(cls, folder: Any, asked: dict[str, Any], target: Any) -> Self:
        """Begin a run in a folder, or go on with the one that is there.

        Parameters
        ----------
        folder : path
            New, empty, or of a run with the same settings, model and data.
        asked : dict
            The settings, plain JSON.
        target : pytree of float64 arrays
            The density. That of a run that goes on is the saved one, to the last bit.

        Raises
        ------
        CheckpointError
            Where the folder is of another run, is damaged, or holds other files.
        """
        folder = Path(folder)
        if folder.exists() and not folder.is_dir():
            raise CheckpointError(f"`checkpoint` must be a folder; {folder} is a file. Give another path.")
        run = {"settings": asked, "versions": _versions()}
        if (folder / _RUN).exists():
            _check_same_run(folder, run)
            return cls(folder, _same_target(folder, target))
        if folder.exists() and any(not _is_leftover(path) for path in folder.iterdir()):
            raise CheckpointError(
                f"the folder {folder} holds files, and no run of bayesreg. Give a new folder; nothing was changed."
            )
        folder.mkdir(parents=True, exist_ok=True)
        same = _named("same", _leaves(target.fingerprint()))
        _write(folder / _TARGET, _named("leaf", _leaves(target)) | same)
        _write_bytes(folder / _RUN, (json.dumps(run, indent=1, sort_keys=True) + "\n").encode())
        return cls(folder, target)

    def chain(self, number: int, state: Any, blank: Any) -> "SavedChain":
        """Return what is saved of one chain.

        Parameters
        ----------
        number : int
        state : pytree
            The chain's first state.
        blank : pytree
            Shapes and types of a block of draws.
        """
        return SavedChain(self._folder, number, state, blank)


@final
class SavedChain:
    """One chain's blocks."""

    def __init__(self, folder: Path, number: int, state: Any, blank: Any) -> None:
        self._folder, self._number = folder, number
        self._began = self._saved_at = monotonic()
        self._state = state
        self._pending: list[Any] = []
        self._done, blocks = 0, []
        for path in sorted(folder.glob(f"chain-{number:04d}-*.block")):
            arrays = _read(path)
            first, last = (int(end) for end in arrays["range"])
            if first != self._done:
                raise CheckpointError(
                    f"{folder} lacks a block: chain {number} has nothing from transition {self._done} to {first}. "
                    "Restore the missing file, or remove the folder to begin anew."
                )
            self._state = _restored(path, arrays, "state", state)
            if arrays["n_rows"] > 0:
                blocks.append(_restored(path, arrays, "row", blank, rows=int(arrays["n_rows"])))
            self._done = last
        self._reached = self._done
        self.restored = self._done, self._state, blocks

    def save(self, done: int, state: Any, kept: list[Any], *, last: bool) -> None:
        """Take a block in, and write what has come together when it is time."""
        self._reached, self._state = done, state
        self._pending += kept
        now = monotonic()
        if last or now - self._saved_at >= max(_SECONDS, _SHARE * (now - self._began)):
            self.flush()
            self._saved_at = now

    def flush(self) -> None:
        """Write what has come together since the last block."""
        import jax

        if self._reached == self._done:
            return
        arrays = _named("state", _leaves(self._state))
        n_rows = 0
        if self._pending:
            rows = jax.tree.map(lambda *parts: np.concatenate(parts), *self._pending)
            arrays |= _named("row", _leaves(rows))
            n_rows = len(jax.tree.leaves(rows)[0])
        arrays |= {"range": np.array([self._done, self._reached]), "n_rows": np.array(n_rows)}
        _write(self._folder / f"chain-{self._number:04d}-{self._reached:012d}.block", arrays)
        self._done, self._pending = self._reached, []


def _versions() -> dict[str, str]:
    from .. import __version__

    return {"bayesreg": __version__} | {name: version(name) for name in ("jax", "jaxlib", "numpyro")}


def _check_same_run(folder: Path, run: dict[str, Any]) -> None:
    try:
        saved = json.loads((folder / _RUN).read_text())
        old = {**saved["versions"], **saved["settings"]}
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise CheckpointError(
            f"{folder / _RUN} is damaged ({error}). Remove the folder to begin anew."
        ) from None
    new = {**run["versions"], **run["settings"]}
    differing = [
        f"{name} was {old.get(name)!r} and is {new.get(name)!r}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    if differing:
        raise CheckpointError(
            f"the run in {folder} is another one: {'; '.join(differing)}. "
            "Ask for the same again, or give another folder; nothing was changed."
        )


def _same_target(folder: Path, target: Any) -> Any:
    """Return the saved density, once it is known to be this one but for rounding."""
    import jax

    path = folder / _TARGET
    arrays = _read(path)
    fingerprint = _leaves(target.fingerprint())
    saved = [arrays[name] for name in _named("leaf", _leaves(target)) if name in arrays]
    structure, n_leaves = jax.tree.structure(target), len(jax.tree.leaves(target))
    same = len(saved) == n_leaves == len(arrays) - len(fingerprint) and all(
        name in arrays
        and arrays[name].shape == new.shape
        and np.abs(arrays[name] - new).max(initial=0.0) <= _SAME * _size(new)
        for name, new in _named("same", fingerprint).items()
    )
    if not same:
        raise CheckpointError(
            f"the run in {folder} is of other data or of another model. Give another folder; nothing was changed."
        )
    with float64_on_cpu():
        return jax.tree.unflatten(structure, [jax.numpy.asarray(leaf) for leaf in saved])


def _size(array: np.ndarray) -> float:
    return max(float(np.abs(array).max(initial=0.0)), float(np.finfo(float).tiny))


def _leaves(tree: Any) -> list[np.ndarray]:
    """Return a pytree's leaves as plain arrays, random keys as their data."""
    import jax

    return [
        np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf) for leaf in jax.tree.leaves(tree)
    ]


def _is_key(leaf: Any) -> bool:
    import jax

    return hasattr(leaf, "dtype") and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _named(kind: str, leaves: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{kind}{i:04d}": leaf for i, leaf in enumerate(leaves)}


def _restored(
    path: Path, arrays: dict[str, np.ndarray], kind: str, like: Any, rows: int | None = None
) -> Any:
    """Return the pytree that was saved, where it has the shapes of `like`."""
    import jax

    leaves, structure = jax.tree.flatten(like)
    restored: list[Any] = []
    for i, leaf in enumerate(leaves):
        array = arrays.get(f"{kind}{i:04d}")
        wanted = jax.random.key_data(leaf) if _is_key(leaf) else leaf
        shape = wanted.shape if rows is None else (rows, *wanted.shape[1:])
        if array is None or array.shape != shape or array.dtype != wanted.dtype:
            raise CheckpointError(f"{path} is of another run. Remove the folder to begin anew.")
        if rows is not None:
            restored.append(array)
        else:
            restored.append(
                jax.random.wrap_key_data(jax.numpy.asarray(array))
                if _is_key(leaf)
                else jax.numpy.asarray(array)
            )
    return jax.tree.unflatten(structure, restored)


def _is_leftover(path: Path) -> bool:
    return path.suffix == ".partial" or path.name == _TARGET


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    payload = buffer.getvalue()
    _write_bytes(path, _MAGIC + sha256(payload).hexdigest().encode() + b"\n" + payload)


def _write_bytes(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _read(path: Path) -> dict[str, np.ndarray]:
    remedy = "Restore it, or remove the folder to begin anew."
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}). {remedy}") from None
    head = len(_MAGIC) + 65
    if not content.startswith(_MAGIC) or content[head - 1 : head] != b"\n":
        raise CheckpointError(f"{path} is no block of a bayesreg checkpoint. {remedy}")
    digest, payload = content[len(_MAGIC) : head - 1], content[head:]
    if sha256(payload).hexdigest().encode() != digest:
        raise CheckpointError(f"{path} is damaged: its checksum differs. {remedy}")
    with np.load(BytesIO(payload), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
