"""A file as numbers: a response and named numeric columns, text one-hot encoded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from ...base.listed import quoted
from .chosen_columns import chosen_columns
from .dialect import Dialect
from .doubtful_text import may_be_numbers
from .last_row import caution_of_last_row
from .levels import MISSING, Levels, found_levels, free_name
from .missing import Gaps, gaps_of, without_missing, written_as
from .numeric import is_numeric
from .offsets import known_part
from .open_columns import open_columns
from .open_questions import Stated, open_questions
from .pasted import pasted
from .questions import Question, ask
from .reading import read_columns
from .stated_columns import StatedColumns
from .target import TargetLabels, coded_target
from .text_rules import TextRules

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
        The column of weights, if one was named.
    n_columns : int
        Of the file.
    delimiter : str or None
        Of a CSV file.
    levels : tuple of Levels
        One for each text column.
    dropped : mapping of str to int
        Missing entries of each column, if rows with them were dropped.
    n_dropped : int
        How many rows that were.
    constant : tuple of str
        Columns of X that do not vary.
    unnamed : tuple of int
        Columns of the file without a name, counted from 1, which are left out.
    rules : TextRules
        By which text was read, but for levels.
    was : tuple of str
        What the file was other than Parquet or UTF-8 text.
    said : tuple of (str, str)
        What else happened while it was read, as labels and sentences.
    cautions : tuple of str
        What a reader of the result must know of it.
    folds : series (n,) of str, or None
        The column that says which rows are held out together, if one was named.
    offset : series (n,) or None
        The known part of the linear predictor, if a column of it or of exposures was named.
    labels : TargetLabels or None
        What 0 and 1 of y stand for, if the target is labels.
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
    rules: TextRules
    was: tuple[str, ...]
    said: tuple[tuple[str, str], ...]
    cautions: tuple[str, ...]
    folds: "pd.Series | None" = None
    offset: "pd.Series | None" = None
    labels: TargetLabels | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """The columns of the file that became X, in their order."""
        of_levels = {feature: one.column for one in self.levels for feature in one.features}
        return tuple(dict.fromkeys(of_levels.get(str(name), str(name)) for name in self.X.columns))


def read_table(
    file: Path,
    target: str,
    features: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    weights: str | None = None,
    drop_missing: bool = False,
    missing: Sequence[str] = (),
    missing_level: Sequence[str] = (),
    levels: Sequence[str] = (),
    reference: Sequence[str] = (),
    max_levels: int | None = None,
    gather_rare: int | None = None,
    numbers: Sequence[str] = (),
    dates: Sequence[str] = (),
    separator: str | None = None,
    decimal: str = ".",
    encoding: str | None = None,
    comment: str | None = None,
    folds: str | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    takes_labels: bool = False,
    positive: str | None = None,
    first_only: bool = False,
) -> Table:
    """Read a CSV or Parquet file as a regression problem.

    Names of columns are given one by one, or joined by commas.

    Parameters
    ----------
    file : Path
        CSV with a header, or Parquet, told by how it begins.
    target : str
        Name of the response.
    features : sequence of str, default ()
        Names of the columns to use; empty means all others.
    exclude : sequence of str, default ()
        Names of columns to leave out.
    weights : str, optional
        Name of a column of sample weights, which is then no feature.
    drop_missing : bool, default False
        Whether to leave out rows with a missing entry; default is to refuse them.
    missing : sequence of str, default ()
        What stands for a missing entry, beside a blank; "NAME=TEXT" speaks of one column.
    missing_level : sequence of str, default ()
        Names of text columns whose missing entries are a level of their own; "all" is all of them.
    levels : sequence of str, default ()
        Names of the features whose entries name groups, whatever they look like.
    reference : sequence of str, default ()
        "NAME=LEVEL": a level that has no column, so that the column's coefficients are differences from it.
    max_levels : int, optional
        How many levels a text column may have.  The default looks at the rows that there are for each.
    gather_rare : int, optional
        Levels with fewer rows than this become one.
    numbers : sequence of str, default ()
        Names of columns that are numbers with thousands separators, a currency, a percent sign or a unit.
    dates : sequence of str, default ()
        Names of columns of dates, which become days since the first; "NAME=FORMAT" says how they are written.
    separator : str, optional
        Between the entries of a CSV file.  The default finds comma, semicolon, tab or bar.
    decimal : "." or ",", default "."
        The mark in numbers that are text, as in a CSV file.
    encoding : str, optional
        Of a CSV file.  The default is UTF-8, or what its first bytes say.
    comment : str, optional
        What a line of a CSV file begins with that is no row.
    folds : str, optional
        Name of a column that says which rows are held out together, which is then no feature.
    offset, exposure : str, optional
        Name of a column with the known part of the linear predictor, or with numbers whose logarithm it is.
    takes_labels : bool, default False
        Whether the target may be labels of two kinds.
    positive : str, optional
        The label that is 1.
    first_only : bool, default False
        Whether to read the first rows only, as if the file had no others.

    Returns
    -------
    Table
        With numbers as they are, truth values as 0 and 1, and text one-hot encoded under names
        like ``city=a``.

    Raises
    ------
    ValueError
        If the file is no such table, a name is unknown, an entry is missing, or a column cannot be turned into
        numbers or is text that may be meant as numbers, dates or missing entries, with the remedy.
    ImportError
        If the file is Parquet and pyarrow is absent.
    OSError
        If the file cannot be read.
    """
    dialect = Dialect(separator, decimal, encoding, comment)
    source = open_columns(file, dialect, least=1 if first_only else 2, first_only=first_only)
    names = [name for name in source.names if name]
    asked, chosen = chosen_columns(names, target, weights, features, exclude, folds, offset, exposure)
    stated = StatedColumns.said(
        names, asked, chosen, levels=levels, numbers=numbers, dates=dates, missing=missing,
        missing_level=missing_level, reference=reference,
    )  # fmt: skip
    as_text = stated if folds is None else replace(stated, levels=(*stated.levels, folds))
    reading = read_columns(source, [*asked, *chosen], as_text, decimal)
    frame = reading.frame
    text = [name for name in chosen if not is_numeric(frame[name])]
    as_labels = takes_labels and not (is_numeric(frame[target]) or may_be_numbers(frame[target], decimal))
    whole, filled = _with_missing_levels(frame, text, stated)
    written = written_as({name: counts for name, counts in reading.missing.items() if name not in filled})
    said = Stated(stated, decimal, drop_missing, max_levels, gather_rare, as_labels)
    of_labels = _question_of_labels(frame[target].dropna(), positive) if as_labels else []
    ask([*of_labels, *open_questions(frame, whole, text, asked, said, written)])
    gaps = gaps_of(whole, list(asked), text)
    frame = without_missing(whole, gaps, written)
    ends_in_sum = ""
    if frame.index[-1] == whole.index[-1] and not first_only:
        others = [name for name in names if name not in asked and name not in chosen]
        ends_in_sum = caution_of_last_row(source, whole, text, others)
    y, labels = coded_target(frame[target], positive) if takes_labels else (frame[target], None)
    encoded = _levels(frame, text, filled, stated, gather_rare)
    X = _encoded(frame[chosen], encoded)
    return Table(
        X=X,
        y=y,
        weights=None if weights is None else frame[weights],
        n_columns=len(source.names),
        delimiter=source.delimiter,
        levels=encoded,
        dropped={} if gaps is None else gaps.counts,
        n_dropped=source.n_rows - len(frame),
        constant=tuple(str(name) for name in X.columns if X[name].min() == X[name].max()),
        unnamed=tuple(position for position, name in enumerate(source.names, start=1) if not name),
        rules=reading.rules,
        was=source.was,
        said=(*_of_missing(reading.missing, gaps), *reading.said),
        cautions=(*_cautions(gaps), *filter(None, [ends_in_sum])),
        folds=None if folds is None else frame[folds],
        offset=known_part(frame, offset, exposure),
        labels=labels,
    )


def _question_of_labels(column: "pd.Series", positive: str | None) -> list[Question]:
    """Ask about a target of text that is not of two kinds."""
    try:
        if len(column):
            coded_target(column, positive)
    except ValueError as error:
        name = str(column.name)
        return [Question((name,), name, str(error), ())]
    return []


def _with_missing_levels(
    frame: "pd.DataFrame", text: Sequence[str], stated: StatedColumns
) -> "tuple[pd.DataFrame, dict[str, str]]":
    """Fill missing text if that is a level, and return the level's name for each such column."""
    wanted = text if stated.missing_level is None else stated.missing_level
    numeric = [name for name in wanted if name not in text]
    if numeric:
        raise ValueError(
            f"{quoted(numeric)} of --missing-level holds numbers, of which a missing one is no level. "
            f"{pasted('--levels', *numeric)} makes levels of its entries."
        )
    names = {name: free_name(MISSING, set(frame[name].dropna())) for name in wanted}
    return frame.assign(**{name: frame[name].fillna(level) for name, level in names.items()}), names


def _levels(
    frame: "pd.DataFrame",
    text: Sequence[str],
    filled: dict[str, str],
    stated: StatedColumns,
    gather_rare: int | None,
) -> tuple[Levels, ...]:
    no_text = [name for name in stated.reference if name not in text]
    if no_text:
        raise ValueError(
            f"{quoted(no_text)} of --reference holds numbers. {pasted('--levels', *no_text)} makes levels of them."
        )
    return tuple(
        found_levels(
            frame[name],
            missing=filled.get(name),
            gather_rare=gather_rare,
            reference=stated.reference.get(name),
        )
        for name in text
    )


def _encoded(frame: "pd.DataFrame", levels: Sequence[Levels]) -> "pd.DataFrame":
    import pandas as pd

    by_column = {one.column: one for one in levels}
    blocks: list[Any] = [
        by_column[name].encoded(frame[name]) if name in by_column else frame[name] for name in frame.columns
    ]
    X = pd.concat(blocks, axis=1)
    twice = sorted(set(X.columns[X.columns.duplicated()]))
    if twice:
        raise ValueError(f"after encoding text, two features are called {quoted(twice)}. Rename a column.")
    return X


def _of_missing(missing: Any, gaps: Gaps | None) -> list[tuple[str, str]]:
    said = []
    written = written_as(missing)
    if written:
        said.append(("missing", f"read as missing: {written}"))
    if gaps is not None and not gaps.many and gaps.advice():
        said.append(("more rows", gaps.advice()))
    return said


def _cautions(gaps: Gaps | None) -> tuple[str, ...]:
    if gaps is None or not gaps.many:
        return ()
    share = 100.0 * gaps.n_dropped / gaps.n_rows
    return (
        f"--drop-missing leaves out {gaps.n_dropped} of {gaps.n_rows} rows ({share:.0f}%): what is left may not stand "
        f"for all. {gaps.advice()}".strip(),
    )
