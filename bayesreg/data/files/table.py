"""A file as numbers: a response and named numeric columns, text one-hot encoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from ...base.listed import quoted
from .chosen_columns import chosen_columns, listed_columns, unknown_column
from .doubtful_text import check_levels, why_no_numbers
from .levels import Levels, found_levels
from .missing import cleaned, counted, is_numeric, missing_entries, without_missing
from .open_columns import open_columns

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True, eq=False)
class Table:
    """A regression read from a CSV or Parquet file.

    Attributes
    ----------
    X : data frame (n, p)
        float64, no entry missing.
    y : series (n,)
        float64, named as in the file.
    weights : series (n,) or None
        The column of weights, where one was named.
    n_columns : int
        Of the file.
    delimiter : str or None
        Of a CSV file.
    levels : tuple of Levels
        One for each text column.
    dropped : mapping of str to int
        Missing entries of each column, where rows with them were dropped.
    n_dropped : int
        How many rows that were.
    constant : tuple of str
        Columns of X that do not vary.
    unnamed : tuple of int
        Columns of the file without a name, counted from 1, which are left out.
    """

    X: "pd.DataFrame"
    y: "pd.Series"
    weights: "pd.Series | None"
    n_columns: int
    delimiter: str | None
    levels: tuple[Levels, ...]
    dropped: dict[str, int]
    n_dropped: int
    constant: tuple[str, ...]
    unnamed: tuple[int, ...]


def read_table(
    file: Path,
    target: str,
    features: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    weights: str | None = None,
    drop_missing: bool = False,
    decimal: str = ".",
    missing: Sequence[str] = (),
    levels: Sequence[str] = (),
) -> Table:
    """Read a CSV or Parquet file as a regression problem.

    Parameters
    ----------
    file : Path
        CSV: UTF-8 with a header, separated by comma, semicolon, tab or bar. Or Parquet, told by how it begins.
    target : str
        Name of the response.
    features : sequence of str, default ()
        Names of the columns to use, or names joined by commas; empty means all others.
    exclude : sequence of str, default ()
        Names of columns to leave out, or names joined by commas.
    weights : str, optional
        Name of a column of sample weights, which is then no feature.
    drop_missing : bool, default False
        Whether to leave out rows with a missing entry; default is to refuse them.
    decimal : "." or ",", default "."
        Of a CSV file.
    missing : sequence of str, default ()
        What stands for a missing entry, beside a blank.
    levels : sequence of str, default ()
        Names of the features, or names joined by commas, whose entries name groups, whatever they look like.

    Returns
    -------
    Table
        With numbers as they are, truth values as 0 and 1, and text one-hot encoded under names
        like ``city=a``.

    Raises
    ------
    ValueError
        Where the file is no such table, a name is unknown, an entry is missing, or a column cannot be turned into
        numbers or is text that may be meant as numbers or as missing, with the remedy.
    ImportError
        Where the file is Parquet and pyarrow is absent.
    OSError
        Where the file cannot be read.
    """
    source = open_columns(file, decimal, least=2)
    names = [name for name in source.names if name]
    asked, chosen = chosen_columns(names, target, weights, features, exclude)
    as_text = listed_columns("column of levels", names, asked, levels)
    unused = [name for name in as_text if name not in chosen]
    if unused:
        raise ValueError(f"{quoted(unused)} of --levels is not among the features.")
    frame = source.read([*asked, *chosen], as_text, missing).apply(partial(cleaned, missing=missing))
    for name, what in zip(asked, ("target", "weights column"), strict=False):
        _check_numeric(frame[name], what)
    for name in chosen:
        if name not in as_text and not is_numeric(frame[name]):
            check_levels(frame[name], written_out=source.writes_missing_out)
    frame, dropped = without_missing(frame, drop_missing=drop_missing)
    X, encoded = _encoded(frame[chosen], source.n_rows, as_text)
    return Table(
        X=X,
        y=frame[target].astype("float64"),
        weights=None if weights is None else frame[weights].astype("float64"),
        n_columns=len(source.names),
        delimiter=source.delimiter,
        levels=encoded,
        dropped=dropped,
        n_dropped=source.n_rows - len(frame),
        constant=tuple(str(name) for name in X.columns if X[name].min() == X[name].max()),
        unnamed=tuple(position for position, name in enumerate(source.names, start=1) if not name),
    )


def read_features(
    file: Path, features: Sequence[str], levels: Sequence[Levels], decimal: str = "."
) -> "pd.DataFrame":
    """Read a CSV or Parquet file of new rows as the features of an earlier fit.

    Parameters
    ----------
    file : Path
        Its other columns are left alone.
    features : sequence of str
        Of the fit.
    levels : sequence of Levels
        How the fit turned text columns into features.
    decimal : "." or ",", default "."
        Of a CSV file.

    Returns
    -------
    data frame (n, p)
        float64, with a column a feature, in that order.

    Raises
    ------
    ValueError
        Where a column is missing, holds text in place of numbers or a level that the fit has not seen, or
        where an entry is missing.
    ImportError, OSError
        As in read_table.
    """
    import pandas as pd

    source = open_columns(file, decimal, least=1)
    from_text = {feature for one in levels for feature in one.features}
    numeric = [name for name in features if name not in from_text]
    names = [name for name in source.names if name]
    wanted = [*numeric, *(one.column for one in levels)]
    for name in wanted:
        if name not in names:
            raise ValueError(unknown_column("feature", name, names))
    frame = source.read(wanted, [one.column for one in levels], ()).apply(cleaned)
    counts = missing_entries(frame)
    if counts:
        raise ValueError(f"entries are missing: {counted(counts)}. Leave these rows out, or impute them.")
    for name in numeric:
        _check_numeric(frame[name], "feature")
    blocks = [frame[numeric].astype("float64"), *(one.encoded(frame[one.column]) for one in levels)]
    return pd.concat(blocks, axis=1)[list(features)]


def _check_numeric(column: "pd.Series", what: str) -> None:
    if not is_numeric(column):
        raise ValueError(
            f"the {what} {column.name!r} must be numeric, but it holds text, {why_no_numbers(column)}"
        )


def _encoded(
    frame: "pd.DataFrame", n_rows: int, as_text: Sequence[str]
) -> "tuple[pd.DataFrame, tuple[Levels, ...]]":
    import pandas as pd

    blocks: list[Any] = []
    levels: list[Levels] = []
    for name in frame.columns:
        column = frame[name]
        if is_numeric(column):
            blocks.append(column.astype("float64"))
            continue
        described = found_levels(column, None if name in as_text else n_rows)
        block = described.encoded(column)
        blocks.append(block)
        levels.append(described)
    X = pd.concat(blocks, axis=1)
    twice = sorted(set(X.columns[X.columns.duplicated()]))
    if twice:
        raise ValueError(f"after encoding text, two features are called {quoted(twice)}. Rename a column.")
    return X, tuple(levels)
