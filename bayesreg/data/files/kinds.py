"""What a file is that holds no table of text, told by how it begins, with the way to one."""

from io import BytesIO

_SAVE = "Save it as 'CSV UTF-8'."
_KINDS = (
    (b"BZh", "is packed by bzip2. Unpack it with bunzip2; gzip is unpacked here."),
    (b"\xfd7zXZ\0", "is packed by xz. Unpack it with unxz; gzip is unpacked here."),
    (b"\x28\xb5\x2f\xfd", "is packed by zstd. Unpack it with unzstd; gzip is unpacked here."),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive. Unpack it, and give the file in it."),
    (b"Rar!", "is a RAR archive. Unpack it, and give the file in it."),
    (b"\xd0\xcf\x11\xe0", f"is an Excel workbook of the old kind (.xls). {_SAVE}"),
    (b"\x89HDF", "is an HDF5 file. Write its table as CSV or Parquet."),
    (b"ARROW1", "is a Feather file. Write its table as CSV or Parquet."),
    (b"SQLite format 3", "is an SQLite database. Write its table as CSV or Parquet."),
    (b"%PDF", "is a PDF. Give a table: CSV or Parquet."),
    (b"<stata_dta>", "is a Stata file. Write its table as CSV or Parquet."),
    (b"$FL2", "is an SPSS file. Write its table as CSV or Parquet."),
    (b"RDX", "is a file of R's. Write its table with write.csv(..., row.names = FALSE)."),
)
_ZIP = b"PK\x03\x04"
_ZIPPED = (
    ("xl/", "is an Excel workbook. Save its sheet as 'CSV UTF-8'."),
    ("content.xml", f"is a spreadsheet of LibreOffice's. {_SAVE}"),
    ("word/", "is a Word document. Give a table: CSV or Parquet."),
)
_UTF_32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT = 200


def other_kind(raw: bytes) -> str | None:
    """Say what bytes are that are no UTF-8 text, and the remedy; None where they may be such text.

    Parameters
    ----------
    raw : bytes
        Of a whole file.

    Returns
    -------
    str or None
        To stand after the name of the file.
    """
    if raw.startswith(_ZIP):
        return _zipped(raw)
    for start, said in _KINDS:
        if raw.startswith(start):
            return said
    wide = _wide_encoding(raw)
    if wide is not None:
        return (
            f"is {wide} text, as Excel's 'Unicode text' is. Save it as 'CSV UTF-8', or convert it, for example with "
            f"iconv -f {wide} -t UTF-8."
        )
    return None


def _zipped(raw: bytes) -> str:
    from zipfile import BadZipFile, ZipFile

    try:
        names = ZipFile(BytesIO(raw)).namelist()
    except (BadZipFile, OSError, ValueError):
        return "is a damaged zip archive or Excel workbook. Copy it anew."
    for part, said in _ZIPPED:
        if any(name.startswith(part) for name in names):
            return said
    return "is a zip archive. Unpack it, and give the file in it."


def _wide_encoding(raw: bytes) -> str | None:
    """Tell UTF-16 and UTF-32: by their first bytes, else by zeros in every second place."""
    if raw.startswith(_UTF_32):
        return "UTF-32"
    if raw.startswith(_UTF_16):
        return "UTF-16"
    start = raw[:_LOOKED_AT]
    halves = start[::2], start[1::2]
    if len(start) >= 4 and any(not any(half) for half in halves) and any(any(half) for half in halves):
        return "UTF-16"
    return None
