"""What `bayesreg fit` fits: rows in memory, or sums over rows, with all that is said of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, final

from ...data.files.chosen_columns import chosen_columns
from ...data.files.levels import Levels, free_name, levels_of
from ...data.files.stated_columns import StatedColumns
from ...data.files.text_rules import TextRules
from ...data.gram import GramData
from ...data.rows import RowData
from ...data.source_columns import SourceColumns
from ...data.statistics_file import is_statistics
from ...likelihoods.gaussian import GaussianLikelihood
from ...model.problem import Data
from ...selection.methods import METHOD_WORDS
from ..target import Target
from .data_text import doubts, statistics_notes, table_notes
from .rows import Rows
from .stated_family import Family, family_of, family_of_statistics
from .stated_folds import DEFAULT_FOLDS, Folds, StatedFolds
from .stated_model import StatedModel
from .streamed import added_up, first_rows, memory_needed

_OF_STATISTICS = frozenset(("target", "features", "exclude", "reference"))
_WITHOUT_ROWS = (
    "residuals, the predictive check and the pointwise log-likelihood: they need the rows, and only sums over them are "
    "kept"
)


@final
@dataclass(frozen=True, eq=False)
class FitData:
    """Data, and what is known of them beside.

    Attributes
    ----------
    data : RowData or GramData
    target : Target
    family : Family
        Of the target.
    notes : tuple of (str, str)
        What was read and what became of it, as labels and texts.
    levels : tuple of Levels
        Of text columns.
    folds : Folds or None
        Of the method that is to choose the scale, if it has some.
    rules : TextRules
        By which other text was read.
    n_dropped : int
        Rows that were left out for missing entries.
    said, cautions
        As of a `Table`.
    """

    data: Data
    target: Target
    family: Family
    notes: tuple[tuple[str, str], ...]
    levels: tuple[Levels, ...]
    folds: Folds | None
    rules: TextRules = field(default_factory=TextRules)
    n_dropped: int = 0
    said: tuple[tuple[str, str], ...] = ()
    cautions: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """What is asked for: the columns, the model, the folds and their seed, and whether rows are read once."""

    rows: Rows
    stated: StatedModel
    folds: StatedFolds
    seed: int
    stream: bool | None = None

    @property
    def folds_method(self) -> str | None:
        """The method that chooses the scale, if it has folds."""
        method = self.stated.method
        return method if method is not None and METHOD_WORDS[method].folds else None


def read_fit_data(wanted: Wanted) -> FitData:
    """Read a file of rows or of statistics.

    Raises
    ------
    ValueError, TypeError, OSError, ImportError, MemoryError
        If it cannot be read so, with the remedy.
    """
    rows = wanted.rows
    if is_statistics(rows.file):
        return _of_file_of_statistics(wanted)
    need = memory_needed(rows) if wanted.stream is None else None
    if wanted.stream:
        return _of_pass(wanted, "as --stream says, its rows")
    if need is not None and need.is_too_large:
        return _of_pass(wanted, f"{need} (--no-stream keeps them all the same): they")
    return _of_rows(wanted)


def _of_rows(wanted: Wanted) -> FitData:
    rows, stated = wanted.rows, wanted.stated
    table = rows.read(folds=wanted.folds.column, **stated.columns)
    family = family_of(stated.family, table, stated.exposure)
    labels = None if table.labels is None else (table.labels.zero, table.labels.one)
    return FitData(
        RowData.from_arrays(table.X, table.y, table.weights, offset=table.offset),
        Target(str(table.y.name), labels, stated.offset, stated.exposure),
        family,
        table_notes(rows.file, table, fit_intercept=not stated.no_intercept),
        table.levels,
        None if wanted.folds_method is None else wanted.folds.of(table, wanted.seed),
        table.rules,
        table.n_dropped,
        table.said,
        table.cautions,
    )


def _of_pass(wanted: Wanted, why: str) -> FitData:
    rows, stated = wanted.rows, wanted.stated
    _refuse_what_needs_rows(wanted)
    folds = wanted.folds.of_a_pass if wanted.folds_method is not None else None
    first = first_rows([rows.file], rows, offset=stated.offset, folds=folds)
    family = family_of(stated.family, first)
    if family.name != GaussianLikelihood.family:
        raise ValueError(
            f"{rows.file}: {why} are added up as they are read, which is enough for normal noise only. Here the "
            f"likelihood is {family.said}. --no-stream reads all rows at once; --family gaussian takes the target as a "
            "number like any other."
        )
    data = added_up([rows.file], first, rows, offset=stated.offset, folds=folds)
    notes = [
        ("read once", f"{why} are added up as they are read, and not kept"),
        *((label, f"of the first rows: {text}") for label, text in doubts(first)),
    ]
    taken = wanted._replace(rows=replace(rows, features=(), exclude=()))  # these were read, and no others
    return _of_statistics(taken, data, notes, share_out=wanted.folds.groups is not None)


def _of_file_of_statistics(wanted: Wanted) -> FitData:
    rows, stated, folds = wanted.rows, wanted.stated, wanted.folds
    said = rows.options_beside(_OF_STATISTICS)
    said += [
        option
        for option, value in (
            ("--offset", stated.offset),
            ("--groups", folds.groups),
            ("--folds-by", folds.folds_by),
            ("--stream", wanted.stream),
        )
        if value
    ]
    if said:
        raise ValueError(
            f"{said[0]} is of rows, and {rows.file} holds sums over them. Give it to `bayesreg reduce`, which makes "
            "such a file, or leave it out."
        )
    _refuse_what_needs_rows(wanted)
    data = GramData.load(rows.file)
    if rows.target is not None and data.target not in (None, rows.target):
        raise ValueError(
            f"{rows.file} holds sums of the target {data.target!r}, not {rows.target!r}. Leave --target out, or reduce "
            "the rows again."
        )
    if wanted.folds_method is not None and data.folds is None:
        raise ValueError(
            f"{rows.file} has no folds, so --scale {wanted.folds_method} has no rows to predict. Give --scale "
            f"evidence, or reduce the rows again with --folds {DEFAULT_FOLDS}."
        )
    return _of_statistics(wanted, data, [], share_out=folds.folds is not None)


def _refuse_what_needs_rows(wanted: Wanted) -> None:
    stated, method = wanted.stated, wanted.stated.method
    by_rows = [name for name in ("loo", "psis-loo") if name == method]
    if by_rows:
        raise ValueError(
            f"--scale {by_rows[0]} leaves out each row, and only sums over rows are kept. Give --scale cv or "
            "--scale evidence, or --no-stream with the file of the rows."
        )
    if wanted.folds.time_order:
        raise ValueError(
            "--time-order needs the rows in their order, and only sums over them are kept. Give --folds-by with a "
            "column of periods, or --no-stream with the file of the rows."
        )
    for option, value in (("--exposure", stated.exposure), ("--positive", stated.positive)):
        if value is not None:
            raise ValueError(
                f"{option} is of counts or labels, and sums over rows are enough for normal noise only. Leave it out, "
                "or give --no-stream with the file of the rows."
            )


def _of_statistics(
    wanted: Wanted, data: GramData, more: list[tuple[str, str]], *, share_out: bool
) -> FitData:
    rows, stated = wanted.rows, wanted.stated
    name = data.target or rows.target or "y"
    chosen, levels = features_of(data, rows.features, rows.exclude, rows.reference)
    family = family_of_statistics(stated.family, chosen, name)
    folds = None
    if wanted.folds_method is not None:
        chosen, folds = wanted.folds.of_statistics(chosen, wanted.seed, share_out=share_out)
    notes = statistics_notes(str(rows.file), chosen, levels, fit_intercept=not stated.no_intercept)
    said = (*more, ("left out", _WITHOUT_ROWS))
    return FitData(
        chosen,
        Target(name, None, stated.offset),
        family,
        (*notes, *said),
        levels,
        folds,
        n_dropped=data.dropped.n_rows,
        said=said,
    )


def features_of(
    data: GramData,
    features: Sequence[str] = (),
    exclude: Sequence[str] = (),
    reference: Sequence[str] = (),
) -> tuple[GramData, tuple[Levels, ...]]:
    """Return the statistics of the features as a fit in memory has them, of two levels one column, and the levels.

    Parameters
    ----------
    data : GramData
    features, exclude, reference
        As `read_table` takes them.

    Raises
    ------
    ValueError
        If a name is unknown, or two features have one name.
    """
    known = data.columns or SourceColumns(data.feature_names)
    names, target = list(known.names), data.target or free_name("(target)", known.names)
    asked, used = chosen_columns([*names, target], target, None, features, exclude)
    stated = StatedColumns.said(
        names, asked, used, levels=(), numbers=(), dates=(), missing=(), missing_level=(),
        reference=reference,
    )  # fmt: skip
    no_text = [name for name in stated.reference if name not in known.levels]
    if no_text:
        raise ValueError(f"{no_text[0]!r} of --reference holds numbers, which have no levels. Leave it out.")
    levels = tuple(
        levels_of(name, known.levels[name], stated.reference.get(name))
        for name in used
        if name in known.levels
    )
    of_text = {one.column: one.features for one in levels}
    wanted = [one for name in used if name not in known.unknown for one in of_text.get(name, (name,))]
    return data.select(wanted), levels
