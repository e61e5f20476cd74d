"""Errors on rows that were held out, fold by fold."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float

from ..base.progress import progress_bar
from ..data.folds import FoldRows, Label, Rows, split_rows, sums_without_each
from ..data.gram import GramData
from ..data.rows import RowData
from ..likelihoods.gaussian import deviance
from ..mode.grid import penalty_weights_along
from ..mode.noise import noise_beside
from ..mode.solve_penalised import solve_coefs
from ..model.linear_model import LinearModel
from ..model.problem import Data, resolve

DEFAULT_FOLDS = 5

_STATISTICS_BUDGET = 2**30  # bytes that the statistics of all folds, and their sums, may take
_WIDEST = 2  # features a row above which statistics are larger than the rows, or nearly


class Split(NamedTuple):
    """What is fitted, and what it is to predict."""

    label: Label
    train: Data
    held_out: Data


class FoldScores(NamedTuple):
    """How well each fold is predicted from the others, at k scales of the prior."""

    labels: tuple[Label, ...]
    mse: Float[np.ndarray, "k folds"]
    log_density: Float[np.ndarray, "k folds"]


@final
@dataclass(frozen=True, eq=False)
class Partition:
    """Data cut into folds: as statistics where these are smaller than the rows."""

    data: Data
    rows: dict[Label, Rows] | None = None  # of each fold, where the data are held as rows

    @classmethod
    def of(cls, data: Data, folds: Any) -> "Partition":
        """Cut data into folds, which `GramData` brings along.

        Raises
        ------
        TypeError, ValueError
            Where `folds` does not fit the data, or a fold has no row.
        """
        if isinstance(data, GramData):
            _check_axis(data, folds)
            return cls(data)
        found = split_rows(folds, data.X, data.y)
        held = {label: own for label, own in found.rows.items() if data.sample_weight[own].any()}
        _require_folds(found.n_splits, tuple(held), data.n_samples)
        if not statistics_are_smaller(data, 2 * len(held)):
            return cls(data, held)
        return cls(GramData.from_folds(data, FoldRows(found.n_splits, held)))

    @property
    def labels(self) -> tuple[Label, ...]:
        """The folds' numbers or labels."""
        return tuple(self._parts if self.rows is None else self.rows)

    @property
    def _parts(self) -> dict[Label, GramData]:
        assert isinstance(self.data, GramData)
        assert self.data.folds is not None
        return self.data.folds.parts

    def splits(self) -> Iterator[Split]:
        """Yield each fold, with the others to fit."""
        if isinstance(self.data, RowData):
            yield from self._row_splits(self.data)
            return
        trains = sums_without_each(list(self._parts.values()))
        for (label, held_out), train in zip(self._parts.items(), trains, strict=True):
            yield Split(label, train, held_out)

    def _row_splits(self, data: RowData) -> Iterator[Split]:
        assert self.rows is not None
        for label, own in self.rows.items():
            others = np.ones(data.y.size, dtype=bool)
            others[own] = False
            yield Split(label, _subset(data, others), _subset(data, own))


def cross_validate(
    model: LinearModel,
    partition: Partition,
    multiples: Float[np.ndarray, " k"],
    noise_scales: Float[np.ndarray, " k"],
    *,
    per_row: bool,
    progress: bool = True,
) -> FoldScores:
    """Predict each fold from the others at every weight of a prior.

    Parameters
    ----------
    model : LinearModel
        Its prior at scale 1. What depends on the data (`standardize`, a default prior on σ) is
        computed from the training rows.
    partition : Partition
    multiples : array (k,)
        Of the rates at scale 1, the strongest first.
    noise_scales : array (k,)
        σ on all data at each; with the multiples it makes the penalty.
    per_row : bool
        Whether the penalty of a fold is Σw(training)/Σw times that of all data, so that it is held
        for each row; else the penalty itself, and with it the prior.
    progress : bool, default True
        Whether to show a bar on stderr where it takes long.

    Returns
    -------
    FoldScores
    """
    scores = []
    splits = partition.splits()
    for split in progress_bar(
        splits, "cross-validating", "fold", shown=progress, total=len(partition.labels)
    ):
        _require_rows(split)
        share = split.train.sum_weights / partition.data.sum_weights if per_row else 1.0
        scores.append(_score(model, split, multiples, noise_scales, share))
    mse, log_density = (np.column_stack(columns) for columns in zip(*scores, strict=True))
    return FoldScores(partition.labels, mse, log_density)


def _score(
    model: LinearModel,
    split: Split,
    multiples: Float[np.ndarray, " k"],
    noise_scales: Float[np.ndarray, " k"],
    share: float,
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return mean squared error and mean log predictive density of the held-out rows."""
    problem = resolve(model, split.train)
    penalty_weights = penalty_weights_along(problem, multiples, noise_scales)
    l1, l2 = (share * weight[:, problem.penalised] for weight in penalty_weights)
    penalised = solve_coefs(problem, l1, l2).values
    mse = held_out_mse(split.held_out, *problem.expand(penalised))
    known = problem.noise_scale
    return mse, log_density(mse, noise_beside(problem, penalised, l1, l2) if known is None else known)


def held_out_mse(
    held_out: Data, coefs: Float[np.ndarray, "k p"], intercepts: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"]:
    """Return the weighted mean squared error of k fits on data, however they are held.

    It is the one about the data's means, plus the square of the error at the means.
    """
    centred, means = held_out.least_squares(centre=True)
    offsets = means.y - intercepts - coefs @ means.x
    return centred.residuals(coefs)[1] / held_out.sum_weights + offsets**2


def log_density(
    mse: Float[np.ndarray, " k"], noise_scale: Float[np.ndarray, " k"] | float
) -> Float[np.ndarray, " k"]:
    """Return the mean of log Normal(y | prediction, σ²) over rows: −½ log 2πσ² − ½ mse/σ²."""
    variance = np.broadcast_to(np.square(noise_scale), mse.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = -0.5 * deviance(1.0, mse, variance)
    return np.where(variance > 0.0, value, -np.inf)  # σ = 0 allows for no error


def statistics_if_smaller(data: Data) -> Data:
    """Return the statistics of rows where they are smaller than the rows, else the data as they are."""
    return GramData.from_rows(data) if isinstance(data, RowData) and statistics_are_smaller(data) else data


def as_small_as_can_be(data: Data) -> Data:
    """Return what to keep of data: the statistics of rows that are no fewer than the columns."""
    if isinstance(data, RowData) and data.n_features <= data.n_samples:
        return GramData.from_rows(data)
    return data


def statistics_are_smaller(data: Data, n_matrices: int = 1) -> bool:
    """Tell whether so many p × p matrices are smaller than the rows, or about so, and within the budget."""
    size = 8 * n_matrices * data.n_features**2
    return size <= _STATISTICS_BUDGET and data.n_features <= _WIDEST * data.n_samples


def _subset(data: RowData, rows: Any) -> RowData:
    return data.at(rows)


def _check_axis(data: GramData, folds: Any) -> None:
    if data.folds is None:
        raise ValueError(
            "cross-validation needs the statistics of each fold, which these do not have. Make them with "
            "GramData.from_arrays(X, y, folds=5) or from_chunks(..., folds=5), or give the rows (RowData)."
        )
    present = tuple(data.folds.parts)
    n_folds = data.folds.n_splits or len(present)
    if not isinstance(folds, int | np.integer) or folds not in (DEFAULT_FOLDS, n_folds):
        raise ValueError(
            f"these statistics have {n_folds} folds, which were fixed when they were made; got folds={folds!r}. "
            "Leave `folds` out, or make the statistics with other folds."
        )
    _require_folds(data.folds.n_splits, present, data.n_samples, of_blocks=True)


def _require_folds(
    n_splits: int | None, present: tuple[Label, ...], n_samples: int, *, of_blocks: bool = False
) -> None:
    missing = [] if n_splits is None else sorted(set(range(n_splits)) - set(present))
    if missing:
        of_each_block = (
            " Each chunk was cut into that many folds by itself, and one with fewer rows has none for the last: give "
            "larger chunks, or a label for each row."
            if of_blocks and n_samples >= (n_splits or 0)
            else ""
        )
        raise ValueError(
            f"each of {n_splits} folds needs a row with a positive weight, but fold {missing[0]} (from 0) has none; "
            f"there are {n_samples} such rows.{of_each_block or ' Give fewer `folds`.'}"
        )
    if len(present) < 2:
        raise ValueError(
            f"cross-validation needs at least 2 folds; got {list(present)}. Give `folds` two or more labels."
        )


def _require_rows(split: Split) -> None:
    if split.train.n_samples < 2:
        raise ValueError(
            f"without fold {split.label!r}, {split.train.n_samples} row is left to fit, and at least 2 are needed. "
            "Spread the rows over more folds."
        )
