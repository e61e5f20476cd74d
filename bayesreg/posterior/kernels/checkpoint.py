"""Checkpoints: a run is saved in a folder as it goes, and continues from there to the same bits.

``run.json`` holds the settings, and ``target.block`` holds the density. Each block of a chain holds the
chain's state after it, and its draws. It names its run, chain and transitions.
A file is a line of text, a SHA-256, and NumPy's own format. Nothing in it is executed when it is read.
Files appear complete, by renaming, and only one process at a time holds the folder.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, Self, final
from zipfile import BadZipFile

import numpy as np

from ...base.errors import CheckpointError
from ...base.files import exclusive, is_partial, remove_leftovers, write_whole
from ...base.jax_context import float64_on_cpu
from .identity import Identity

_MAGIC = b"bayesreg checkpoint 2\n"
_RUN, _TARGET, _LOCK = "run.json", "target.block", "lock"
_SECONDS, _SHARE = (
    1.0,
    0.02,
)  # least time between two saved blocks: in seconds, and as a share of the run so far


@final
class Checkpoint:
    """The folder of one run."""

    def __init__(self, folder: Path, target: Any) -> None:
        self._folder, self.target = folder, target
        self._run = _run_of(folder)

    @classmethod
    @contextmanager
    def open(cls, folder: Any, asked: dict[str, Any], target: Any, identity: Identity) -> Iterator[Self]:
        """Start a run in a folder, or continue the one in it. The folder is locked meanwhile.

        Parameters
        ----------
        folder : path
            A new or empty folder, or that of a run with the same settings, model and data.
        asked : dict
            The settings, plain JSON.
        target : pytree of float64 arrays
            The density. A run that continues uses the saved one, to the last bit.
        identity : Identity
            Of the posterior.

        Raises
        ------
        CheckpointError
            If the folder belongs to another run, is damaged, holds other files, or another process holds it.
        """
        folder = Path(folder)
        _check_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with _held(folder):
            remove_leftovers(folder)
            run = {"settings": asked, "versions": _versions()}
            if (folder / _RUN).exists():
                _check_same_run(folder, run)
                target = _same_target(folder, target, identity)
            else:
                saved = _named("leaf", _leaves(target)) | _named("identity", list(identity))
                _write(folder / _TARGET, saved)
                write_whole(folder / _RUN, (json.dumps(run, indent=1, sort_keys=True) + "\n").encode())
            yield cls(folder, target)

    def chain(self, number: int, state: Any, blank: Any) -> "SavedChain":
        """Return the saved part of one chain.

        Parameters
        ----------
        number : int
        state : pytree
            The chain's first state.
        blank : pytree
            Shapes and types of a block of draws.
        """
        return SavedChain(self._folder, _Place(self._run, number), state, blank)


class _Place(NamedTuple):
    """The run and chain of a block."""

    run: str
    chain: int

    def file(self, folder: Path, last: int) -> Path:
        """Return the path of the block that ends with a transition."""
        return folder / f"chain-{self.chain:04d}-{last:012d}.block"

    def named(self, first: int, last: int) -> dict[str, np.ndarray]:
        """Return the arrays that identify a block."""
        return {"run": np.array(self.run), "chain": np.array(self.chain), "range": np.array([first, last])}

    def check(self, file: Path, arrays: dict[str, np.ndarray]) -> tuple[int, int]:
        """Return the transitions of a block that belongs here.

        Raises
        ------
        CheckpointError
            If it does not belong here.
        """
        first, last = (int(end) for end in arrays.get("range", (0, 0)))
        stated = self.named(first, last)
        same = all(name in arrays and np.array_equal(arrays[name], value) for name, value in stated.items())
        if not same or file != self.file(file.parent, last):
            raise _foreign(file)
        return first, last


def _foreign(file: Path) -> CheckpointError:
    return CheckpointError(
        f"{file} is of another run, or of another place in this one. Restore the right one, or remove the folder to "
        "begin anew."
    )


@final
class SavedChain:
    """One chain's blocks."""

    def __init__(self, folder: Path, place: _Place, state: Any, blank: Any) -> None:
        self._folder, self._place = folder, place
        self._began = self._saved_at = monotonic()
        self._state = state
        self._pending: list[Any] = []
        self._done, blocks = 0, []
        for path in sorted(folder.glob(f"chain-{place.chain:04d}-*.block")):
            arrays = _read(path)
            first, last = place.check(path, arrays)
            if first != self._done:
                raise CheckpointError(
                    f"{folder} lacks a block: chain {place.chain} has nothing from transition {self._done} to {first}. "
                    "Restore the missing file, or remove the folder to begin anew."
                )
            self._state = _restored(path, arrays, "state", state)
            if arrays["n_rows"] > 0:
                blocks.append(_restored(path, arrays, "row", blank, rows=int(arrays["n_rows"])))
            self._done = last
        self._reached = self._done
        self.restored = self._done, self._state, blocks

    def save(self, done: int, state: Any, kept: list[Any], *, last: bool) -> None:
        """Add a block. Write all pending blocks if it is time."""
        self._reached, self._state = done, state
        self._pending += kept
        now = monotonic()
        if last or now - self._saved_at >= max(_SECONDS, _SHARE * (now - self._began)):
            self.flush()
            self._saved_at = now

    def flush(self) -> None:
        """Write all blocks since the last file."""
        import jax

        if self._reached == self._done:
            return
        arrays = _named("state", _leaves(self._state))
        n_rows = 0
        if self._pending:
            rows = jax.tree.map(lambda *parts: np.concatenate(parts), *self._pending)
            arrays |= _named("row", _leaves(rows))
            n_rows = len(jax.tree.leaves(rows)[0])
        arrays |= {"n_rows": np.array(n_rows), **self._place.named(self._done, self._reached)}
        _write(self._place.file(self._folder, self._reached), arrays)
        self._done, self._pending = self._reached, []


def _check_folder(folder: Path) -> None:
    """Refuse a folder with other files, before anything in it is changed."""
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"`checkpoint` must be a folder; {folder} is a file. Give another path.")
    if not folder.exists() or (folder / _RUN).exists():
        return
    if any(path.name not in (_TARGET, _LOCK) and not is_partial(path) for path in folder.iterdir()):
        raise CheckpointError(
            f"the folder {folder} holds files, and no run of bayesreg. Give a new folder; nothing was changed."
        )


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock the folder. A folder that cannot be written to needs no lock."""
    with ExitStack() as held:
        try:
            held.enter_context(exclusive(folder / _LOCK, wait=False))
        except BlockingIOError:
            raise CheckpointError(
                f"another process is at work on the run in {folder}. Wait until it ends, or give another folder; "
                "nothing was changed."
            ) from None
        except OSError as error:
            if os.access(folder, os.W_OK):
                raise CheckpointError(
                    f"{folder / _LOCK} cannot be opened ({error.strerror}). Give another folder; nothing was changed."
                ) from None
        yield


def _run_of(folder: Path) -> str:
    """Return the name of a run: the hash of its settings and its density."""
    return sha256(b"".join((folder / name).read_bytes() for name in (_RUN, _TARGET))).hexdigest()


def _versions() -> dict[str, str]:
    from ...base.version import __version__

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


def _same_target(folder: Path, target: Any, identity: Identity) -> Any:
    """Return the saved density, after a check that it belongs to this posterior."""
    import jax

    arrays = _read(folder / _TARGET)
    leaves, structure = jax.tree.flatten(target)
    saved = [arrays.get(name) for name in _named("leaf", leaves)]
    kept = Identity(*(arrays.get(name) for name in _named("identity", list(identity))))
    shapes = [None if leaf is None else leaf.shape for leaf in saved]
    if not identity.agrees(kept) or shapes != [np.shape(leaf) for leaf in leaves]:
        raise CheckpointError(
            f"the run in {folder} is of other data or of another model. Give another folder; nothing was changed."
        )
    with float64_on_cpu():
        return jax.tree.unflatten(structure, [jax.device_put(leaf) for leaf in saved])


def _leaves(tree: Any) -> list[np.ndarray]:
    """Return a pytree's leaves as plain arrays; random keys become their data."""
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
    """Return the saved pytree, if it has the shapes of `like`."""
    import jax

    leaves, structure = jax.tree.flatten(like)
    restored: list[Any] = []
    for i, leaf in enumerate(leaves):
        array = arrays.get(f"{kind}{i:04d}")
        wanted = jax.random.key_data(leaf) if _is_key(leaf) else leaf
        shape = wanted.shape if rows is None else (rows, *wanted.shape[1:])
        if array is None or array.shape != shape or array.dtype != wanted.dtype:
            raise _foreign(path)
        if rows is not None:
            restored.append(array)
        else:
            restored.append(
                jax.random.wrap_key_data(jax.numpy.asarray(array))
                if _is_key(leaf)
                else jax.numpy.asarray(array)
            )
    return jax.tree.unflatten(structure, restored)


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    payload = buffer.getvalue()
    write_whole(path, _MAGIC + sha256(payload).hexdigest().encode() + b"\n" + payload)


def _read(path: Path) -> dict[str, np.ndarray]:
    remedy = "Restore it, or remove the folder to begin anew."
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}). {remedy}") from None
    head = len(_MAGIC) + 65
    if not content.startswith(_MAGIC) or content[head - 1 : head] != b"\n":
        raise CheckpointError(f"{path} is not a block of a bayesreg checkpoint. {remedy}")
    digest, payload = content[len(_MAGIC) : head - 1], content[head:]
    if sha256(payload).hexdigest().encode() != digest:
        raise CheckpointError(f"{path} is damaged: its checksum differs. {remedy}")
    try:
        with np.load(BytesIO(payload), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, BadZipFile) as error:
        raise CheckpointError(f"{path} is malformed ({error}). {remedy}") from None
