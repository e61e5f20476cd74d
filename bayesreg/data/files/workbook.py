"""A workbook of Excel's as CSV, by openpyxl."""

import csv
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from ...base.listed import quoted

OF_A_WORKBOOK = "of an Excel workbook"


def workbook_as_csv(file: Path, raw: bytes) -> tuple[bytes, str]:
    """Write the one sheet that holds something as CSV.

    Returns
    -------
    bytes
        UTF-8, separated by comma.
    str
        What the sheet is called.

    Raises
    ------
    ValueError
        If openpyxl is absent or cannot read it, or more than one sheet holds something.
    """
    import pandas as pd

    try:
        sheets = pd.read_excel(
            BytesIO(raw), sheet_name=None, header=None, dtype=object, na_filter=False, engine="openpyxl"
        )
    except ImportError:
        raise ValueError(
            f"{file} is an Excel workbook. Save its sheet as 'CSV UTF-8', or install what reads it: "
            "pip install 'bayesreg[excel]'."
        ) from None
    except Exception as error:  # openpyxl has no class of its own for what is damaged
        raise ValueError(
            f"{file} is an Excel workbook that openpyxl cannot read: {error}. Save its sheet as 'CSV UTF-8'."
        ) from None
    filled = {str(name): rows for name, sheet in sheets.items() if any(rows := _rows(sheet))}
    if len(filled) != 1:
        held = f"sheets {quoted(list(filled))}" if filled else "no sheet with an entry"
        raise ValueError(
            f"{file} is an Excel workbook with {held}. Save the one that is meant as 'CSV UTF-8'."
        )
    ((name, rows),) = filled.items()
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode(), name


def _rows(sheet: Any) -> list[list[str]]:
    """Return a sheet's entries as text, without the columns that are blank; a blank row is a blank line."""
    rows = [[_text(entry) for entry in row] for row in sheet.itertuples(index=False, name=None)]
    used = [any(column) for column in zip(*rows, strict=True)]
    kept = [[entry for entry, is_used in zip(row, used, strict=True) if is_used] for row in rows]
    return [row if any(row) else [] for row in kept]


def _text(entry: Any) -> str:
    from datetime import date, datetime

    if entry is None or entry != entry:
        return ""
    if isinstance(entry, datetime | date):
        return str(entry.isoformat(sep=" ") if isinstance(entry, datetime) else entry.isoformat())
    return str(entry).strip()
