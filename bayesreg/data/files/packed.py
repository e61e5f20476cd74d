"""Files that were packed: what is inside, by the standard library."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

ZIP = b"PK\x03\x04"
_PACKERS: tuple[tuple[bytes, str, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", "gzip", gzip.decompress),
    (b"BZh", "bzip2", bz2.decompress),
    (b"\xfd7zXZ\0", "xz", lzma.decompress),
)
_OF_SPREADSHEETS = ("xl/", "word/", "content.xml")
_OF_THE_SYSTEM = "__MACOSX/"


def is_packed(raw: bytes) -> bool:
    """Tell from its first bytes whether a file was packed."""
    return raw.startswith((ZIP, *(start for start, _, _ in _PACKERS)))


def unpacked(file: Path, raw: bytes) -> tuple[bytes, str]:
    """Unpack what was packed, whatever the file is called.

    Returns
    -------
    bytes
        As they are if nothing has packed them.
    str
        To be said of it; "" if there is nothing to say.

    Raises
    ------
    ValueError
        If it is damaged, or there is more than one file in it.
    """
    for start, name, unpack in _PACKERS:
        if raw.startswith(start):
            try:
                return unpack(raw), f"text packed by {name}"
            except (EOFError, OSError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise ValueError(f"{file} is a damaged {name} file: {error}.") from None
    return _unzipped(file, raw) if raw.startswith(ZIP) else (raw, "")


def zipped_names(raw: bytes) -> list[str] | None:
    """Return the names in a zip archive; None if it is damaged."""
    try:
        with ZipFile(BytesIO(raw)) as archive:
            return archive.namelist()
    except (BadZipFile, OSError, ValueError):
        return None


def _unzipped(file: Path, raw: bytes) -> tuple[bytes, str]:
    names = zipped_names(raw)
    if names is None or any(name.startswith(_OF_SPREADSHEETS) for name in names):
        return raw, ""
    inside = [name for name in names if not name.endswith("/") and not name.startswith(_OF_THE_SYSTEM)]
    if len(inside) != 1:
        held = "no file" if not inside else f"{len(inside)} files ({', '.join(inside[:3])}, ...)"
        raise ValueError(f"{file} is a zip archive of {held}. Unpack it, and give the file that is meant.")
    try:
        with ZipFile(BytesIO(raw)) as archive:
            return archive.read(inside[0]), f"{inside[0]} in a zip archive"
    # A RuntimeError is zipfile's word for a password, and for a compression that it lacks.
    except (BadZipFile, OSError, EOFError, RuntimeError, zlib.error) as error:
        raise ValueError(
            f"{file} is a zip archive whose {inside[0]} cannot be unpacked: {error}. Unpack it, and give that file."
        ) from None
