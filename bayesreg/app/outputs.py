"""The folder that `bayesreg fit` writes to: whole files of one fit, and never of two."""

import errno
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from threading import current_thread, main_thread
from typing import final

from ..base.files import exclusive, remove_leftovers, staged
from .draws_file import DRAWS, digest

COEFFICIENTS, DIFFERENCES, SCALES = "coefficients.csv", "differences.csv", "scales.csv"
EFFECTS = "effects.csv"  # odds or rate ratios, and average effects
REPORT = "report.html"
PATH, FOREST = "path.png", "forest.png"
_NAMES = (COEFFICIENTS, DIFFERENCES, EFFECTS, SCALES, PATH, FOREST, REPORT, DRAWS)
_OUR_REPORT = b'<meta name="generator" content="bayesreg'


@final
class Outputs:
    """One fit's files, and the folder that they go to.

    Attributes
    ----------
    folder : Path
    written : list of str
        Names of the files that are there.
    """

    def __init__(self, folder: Path, written: list[str]) -> None:
        self.folder, self.written = folder, written
        self._gone: list[str] = []

    @property
    def removed(self) -> list[str]:
        """Names of an earlier fit's files that this one has no others for."""
        return [name for name in _NAMES if name in self._gone and name not in self.written]

    @property
    def left(self) -> list[str]:
        """Names of files that are called like a fit's, and are none."""
        return [name for name in _NAMES if name not in self.written and (self.folder / name).exists()]

    def put(self, files: Mapping[str, bytes]) -> None:
        """Put files in place of all that any fit has written to the folder.

        At every moment the folder holds files of one fit only, all of them whole: what is new lies there under
        other names before anything goes, the draws go first and come last, and the coefficients change hands in
        one step between.

        Parameters
        ----------
        files : mapping of str to bytes
            By name; the coefficients among them.

        Raises
        ------
        OSError
            Where they cannot be written; the folder is then as it was.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with _ctrl_c_waits(), exclusive(self.folder), ExitStack() as stack:
            remove_leftovers(self.folder)
            _refuse_folders(self.folder)
            partials = {
                name: stack.enter_context(staged(self.folder / name, files[name]))
                for name in _NAMES
                if name in files
            }
            for name in reversed(_NAMES[1:]):
                if _is_a_fits(self.folder / name):
                    (self.folder / name).unlink()
                    self._gone.append(name)
            for name, partial in partials.items():
                os.replace(partial, self.folder / name)
                if name not in self.written:
                    self.written.append(name)


def put_somewhere(outputs: Outputs, files: Mapping[str, bytes]) -> None:
    """Put files in their folder, or, where that fails, in a new one among what is temporary.

    Raises
    ------
    OSError
        Where they are not in their folder, saying where they are.
    """
    try:
        outputs.put(files)
    except OSError as error:
        elsewhere = _put_elsewhere(files)
        if elsewhere is None:
            raise
        told = f"{error.strerror or error}; the fit is in {elsewhere} instead"
        raise OSError(error.errno, told, error.filename) from None


def _put_elsewhere(files: Mapping[str, bytes]) -> Path | None:
    try:
        folder = Path(mkdtemp(prefix="bayesreg-"))
    except OSError:
        return None
    try:
        Outputs(folder, []).put(files)
    except OSError:
        folder.rmdir()
        return None
    return folder


def check_one_fit(folder: Path, of_the_fit: Mapping[str, str]) -> None:
    """Refuse a folder whose files are not of the fit that its draws are of.

    Parameters
    ----------
    folder : Path
    of_the_fit : mapping of str to str
        What its draws say: the names of the other files, and their SHA-256.

    Raises
    ------
    ValueError
    """
    for name in _NAMES:
        file = folder / name
        if name in of_the_fit and file.is_file() and digest(file.read_bytes()) != of_the_fit[name]:
            raise ValueError(
                f"{folder} mixes two fits, or was changed: {name} is not what the fit of {DRAWS} wrote. "
                f"Fit again, or give {folder / DRAWS} to predict by these draws all the same."
            )


def _refuse_folders(folder: Path) -> None:
    for name in _NAMES:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, f"{name} is a folder there", str(folder / name))


def _is_a_fits(file: Path) -> bool:
    """Tell whether a file is a fit's: by its name, but a page may be anybody's."""
    if file.name != REPORT:
        return os.path.lexists(file)
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return _OUR_REPORT in stream.read(2048)


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Let Ctrl-C wait until what is under way is done."""
    before = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or not callable(before):  # another's, or ignored
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            before(came[0], None)
