"""Bytes as UTF-8 text: unpacked, decoded, without comments."""

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from .dialect import Dialect
from .kinds import is_workbook, other_kind
from .packed import unpacked
from .workbook import OF_A_WORKBOOK, workbook_as_csv

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_LOOKED_AT = 200


class PlainText(NamedTuple):
    """Text of a file.

    Attributes
    ----------
    raw : bytes
        UTF-8, without a byte order mark.
    was : tuple of str
        What the file was other than such text: "UTF-16 text", "text packed by bzip2".
    """

    raw: bytes
    was: tuple[str, ...]


def plain_text(file: Path, raw: bytes, dialect: Dialect) -> PlainText:
    """Return the text of a file.

    Raises
    ------
    ValueError
        If it is none, with what it is and the remedy.
    """
    raw, packing = unpacked(file, raw)
    was = [packing] if packing else []
    if is_workbook(raw):
        raw, sheet = workbook_as_csv(file, raw)
        was.append(f"sheet {sheet!r} {OF_A_WORKBOOK}")
    other = other_kind(raw)
    if other is not None:
        raise ValueError(f"{file} {other}")
    raw, encoding = _decoded(file, raw, dialect.encoding)
    if encoding:
        was.append(f"{encoding} text")
    if b"\0" in raw:
        raise ValueError(f"{file} is no text file: it holds zero bytes. Save it as 'CSV UTF-8'.")
    if dialect.comment is not None:
        raw = _without_comments(raw, dialect.comment)
    if not raw or raw.isspace():
        raise ValueError(
            f"{file} is empty. It needs a header of column names and a row for each observation."
        )
    return PlainText(raw, tuple(was))


def _decoded(file: Path, raw: bytes, encoding: str | None) -> tuple[bytes, str]:
    """Return UTF-8 without a byte order mark, and which encoding it was if it was another."""
    if encoding is not None:
        return _from(file, raw, encoding), "" if _is_utf_8(encoding) else encoding
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if marked is not None:
        return _from(file, raw, marked), marked
    wide = _wide_encoding(raw)
    if wide is not None:
        raise ValueError(f"{file} is UTF-16 text that does not say so: --encoding {wide} reads it.")
    return _from(file, raw, "UTF-8"), ""


def _from(file: Path, raw: bytes, encoding: str) -> bytes:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if not _is_utf_8(encoding):
            raise ValueError(f"{file} is no {encoding} text: {error.reason} at byte {error.start}.") from None
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{file} is not UTF-8 text (byte 0x{raw[error.start]:02x} in line {line}). Save it as 'CSV UTF-8', or say "
            "how it is written: --encoding cp1252 for Western European text of Windows."
        ) from None
    if _is_utf_8(encoding):
        return raw.removeprefix(codecs.BOM_UTF8)
    return text.removeprefix("\ufeff").encode()


def _is_utf_8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _wide_encoding(raw: bytes) -> str | None:
    """Tell UTF-16 by zeros in every second place."""
    start = raw[:_LOOKED_AT]
    even, odd = start[::2], start[1::2]
    if len(start) < 4 or any(even) == any(odd):
        return None
    return "utf-16-le" if any(even) else "utf-16-be"


def _without_comments(raw: bytes, comment: str) -> bytes:
    """Blank out lines that begin with a comment's sign, so that lines keep their numbers."""
    return re.sub(rb"(?m)^[ \t]*" + re.escape(comment.encode()) + rb"[^\r\n]*", b"", raw)
