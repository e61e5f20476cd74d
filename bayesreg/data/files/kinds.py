"""What a file is that holds no table of text, told by how it begins, with the way to one."""

from .packed import ZIP, zipped_names

_SAVE = "Save it as 'CSV UTF-8'."
_KINDS = (
    (
        b"\x28\xb5\x2f\xfd",
        "is packed by zstd. Unpack it with unzstd; gzip, bzip2, xz and zip are unpacked here.",
    ),
    (b"PAR1", "is a Parquet file that was packed. Unpack it."),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive. Unpack it, and give the file in it."),
    (b"Rar!", "is a RAR archive. Unpack it, and give the file in it."),
    (b"\xd0\xcf\x11\xe0", f"is an Excel workbook of the old kind (.xls). {_SAVE}"),
    (b"\x89HDF", "is an HDF5 file. Write its table as CSV or Parquet."),
    (b"ARROW1", "is a Feather file. Write its table as CSV or Parquet."),
    (b"SQLite format 3", "is an SQLite database. Write its table as CSV or Parquet."),
    (b"%PDF", "is a PDF. Give a table: CSV or Parquet."),
    (b"<stata_dta>", "is a Stata file. Write its table as CSV or Parquet."),
    (b"$FL2", "is an SPSS file. Write its table as CSV or Parquet."),
    (
        b"bayesreg statistics,",
        "holds statistics, as `bayesreg reduce` writes them, and here rows are needed. Give the file of the rows.",
    ),
    (b"RDX", "is a file of R's. Write its table with write.csv(..., row.names = FALSE)."),
)
_ZIPPED = (
    ("content.xml", f"is a spreadsheet of LibreOffice's. {_SAVE}"),
    ("word/", "is a Word document. Give a table: CSV or Parquet."),
)
_WORKBOOK = "xl/"


def other_kind(raw: bytes) -> str | None:
    """Say what bytes are that are no text, and the remedy; None if they may be text.

    Parameters
    ----------
    raw : bytes
        Of a whole file.

    Returns
    -------
    str or None
        To stand after the name of the file.
    """
    if raw.startswith(ZIP):
        return _zipped(raw)
    return next((said for start, said in _KINDS if raw.startswith(start)), None)


def is_workbook(raw: bytes) -> bool:
    """Tell a workbook of Excel's."""
    return raw.startswith(ZIP) and any(name.startswith(_WORKBOOK) for name in zipped_names(raw) or ())


def _zipped(raw: bytes) -> str:
    names = zipped_names(raw)
    if names is None:
        return "is a damaged zip archive or Excel workbook. Copy it anew."
    for part, said in _ZIPPED:
        if any(name.startswith(part) for name in names):
            return said
    return "is a zip archive in another. Unpack it, and give the file in it."
