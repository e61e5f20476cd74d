"""Coefficients in the form in which the data tell them: levels as differences, the intercept with what they share.

Columns of levels that sum to one are told apart from an intercept by the prior alone. So is a column that does not
vary. The data tell how the levels of a text column differ, and what the response is at their mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self, final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.listed import listed
from ..data.files.levels import Levels
from ..data.relations import Relation
from ..model.problem import Data
from ..posterior.draws.interval import Interval
from ..posterior.draws.summary import summarise

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ..mode.estimate import MapEstimate

_MOST_NAMED = 4
_FACTOR_DIGITS = 6
_MOST_LEVELS = 0.5


class Compared(NamedTuple):
    """The levels of one text column.

    `at` are the positions of their features. `reference` is the level that has none; if it is None, they are compared
    with the mean of those at `mean_of`. Others than these the data do not tell apart from another column.
    """

    column: str
    at: Int[np.ndarray, " k"]
    reference: str | None
    mean_of: Int[np.ndarray, " m"]


@final
@dataclass(frozen=True, eq=False)
class Effects:
    """What the data tell of each of p coefficients, and of the intercept if there is one.

    Attributes
    ----------
    names : tuple of str
        Of the coefficients and the intercept, as everywhere.
    at_mode : array (q,)
    draws : array (s, q)
    compared : tuple of Compared
        Text columns of more than one level.
    constant : array (q,)
        Which belong to columns that do not vary beside an intercept: the data tell nothing of them.
    base : array (b,)
        Positions of what holds all that levels share: the intercept or, without one, a constant column or the levels
        of the first text column. Empty if nothing is shared.
    """

    names: tuple[str, ...]
    at_mode: Float[np.ndarray, " q"]
    draws: Float[np.ndarray, "s q"]
    compared: tuple[Compared, ...]
    constant: Bool[np.ndarray, " q"]
    base: Int[np.ndarray, " b"]

    @classmethod
    def of(
        cls,
        mode: "MapEstimate",
        tree: "xr.DataTree",
        data: Data,
        levels: Sequence[Levels],
        relations: Sequence[Relation] = (),
    ) -> Self:
        """Return what the data tell of a posterior.

        Parameters
        ----------
        mode : MapEstimate
        tree : xarray.DataTree
            From sample_posterior of the same model and data.
        data : RowData or GramData
        levels : sequence of Levels
            Text columns, and the features that stand for them.
        relations : sequence of Relation
            Exact ones among the features.
        """
        posterior = tree["posterior"].to_dataset()
        names, at_mode = list(mode.feature_names), mode.coef
        draws = posterior["coef"].values.reshape(-1, mode.coef.size)
        has_intercept = "intercept" in posterior
        if has_intercept:
            names, at_mode = [*names, "intercept"], np.append(at_mode, mode.intercept)
            draws = np.column_stack([draws, posterior["intercept"].values.ravel()])
        fixed = _fixed_values(data)
        compared = _compared(mode.feature_names, levels, relations, varies=np.isnan(fixed))
        constant = np.append(~np.isnan(fixed), False) if has_intercept else np.zeros(len(names), dtype=bool)
        sharing = _Sharing.of(compared, fixed, has_intercept=has_intercept)
        return cls(
            tuple(names),
            sharing.applied(at_mode[None, :])[0],
            sharing.applied(draws),
            tuple(one for one in compared if one.at is not sharing.base),
            constant,
            sharing.base if sharing.is_any else np.empty(0, dtype=int),
        )

    @property
    def less_a_mean(self) -> Int[np.ndarray, " k"]:
        """Positions of the levels that are compared with a mean."""
        at = [one.at for one in self.compared if one.reference is None]
        return np.concatenate([np.empty(0, dtype=int), *at])

    @property
    def differing(self) -> Int[np.ndarray, " k"]:
        """Positions of all that is no plain coefficient: levels less a mean, and what holds what they share."""
        return np.sort(np.concatenate([self.less_a_mean, self.base]))

    def frame(self, coefs: "pd.DataFrame", interval: Interval) -> "pd.DataFrame":
        """Return `summarise_coefs` of what the data tell: numbers of a constant column are missing."""
        at = self.differing
        if not at.size and not self.constant.any():
            return coefs
        told = coefs.copy()
        names = [self.names[j] for j in at]
        told.iloc[at] = summarise(names, self.at_mode[at], self.draws[:, at], interval).to_numpy()
        told.iloc[np.flatnonzero(self.constant)] = np.nan
        return told

    def sentences(self, response: str = "the response") -> tuple[str, ...]:
        """Say what the rows are that are no plain coefficients; `response` is what the linear predictor is."""
        against_mean = [one for one in self.compared if one.reference is None]
        found = []
        if len(against_mean) == 1:
            (one,) = against_mean
            others = " other" if one.mean_of.size < one.at.size else ""
            found.append(
                f"{self._range(one.at)}: less the mean of the column's {one.mean_of.size}{others} levels"
            )
        elif against_mean:
            said = listed([f"{one.column} ({one.mean_of.size})" for one in against_mean], _MOST_NAMED)
            found.append(f"levels of {said}: each less the mean of its column's levels")
        untold = [self.names[j] for one in against_mean for j in np.setdiff1d(one.at, one.mean_of)]
        if untold:
            found.append(
                f"In no such mean, as the data do not tell {'it' if len(untold) == 1 else 'them'} apart from another "
                f"column: {listed(untold, _MOST_NAMED)}"
            )
        against_level = [
            f"{self._range(one.at)}: less {one.column}={one.reference}"
            for one in self.compared
            if one.reference is not None
        ]
        if against_level:
            found.append(listed(against_level, _MOST_NAMED))
        if self.base.size:
            found.append(self._about_base(response))
        return tuple(f"{sentence}." for sentence in found)

    def _about_base(self, response: str) -> str:
        means = [one.column for one in self.compared if one.reference is None]
        fixed = [self.names[j] for j in np.flatnonzero(self.constant)]
        parts = [f"at the mean of the levels of {listed(means, _MOST_NAMED)}"] if means else []
        if fixed:
            parts.append(f"with {listed(fixed, _MOST_NAMED)} as {'it is' if len(fixed) == 1 else 'they are'}")
        return f"{self._range(self.base)}: {response} {', '.join(parts)}, and 0 in all other columns"

    def _range(self, at: Int[np.ndarray, " k"]) -> str:
        first, last = self.names[at[0]], self.names[at[-1]]
        return first if at.size == 1 else f"{first} to {last}"


class _Sharing(NamedTuple):
    """What moves from levels and constant columns to the base."""

    sets: list[Compared]
    fixed: Float[np.ndarray, " p"]
    base: Int[np.ndarray, " b"]
    unit: float  # the value of the base's own column

    @classmethod
    def of(cls, compared: Sequence[Compared], fixed: Float[np.ndarray, " p"], *, has_intercept: bool) -> Self:
        sets = [one for one in compared if one.reference is None]
        p = fixed.size
        nothing = np.full(p, np.nan)
        if has_intercept:
            return cls(sets, fixed, np.array([p]), 1.0)
        constant = np.flatnonzero(np.nan_to_num(fixed))
        if constant.size:
            return cls(sets, nothing, constant[:1], float(fixed[constant[0]]))
        return cls(sets[1:], nothing, sets[0].at if sets else np.empty(0, dtype=int), 1.0)

    @property
    def is_any(self) -> bool:
        return bool(self.sets) or bool(np.nan_to_num(self.fixed).any())

    def applied(self, values: Float[np.ndarray, "s q"]) -> Float[np.ndarray, "s q"]:
        """Return numbers, the coefficients and an intercept a row, as the data tell them."""
        if not self.is_any:
            return values
        told = values.copy()
        at = np.flatnonzero(np.nan_to_num(self.fixed))
        shared = values[:, at] @ self.fixed[at]
        for levels in self.sets:
            mean = values[:, levels.mean_of].mean(axis=1)
            told[:, levels.at] -= mean[:, None]
            shared += mean
        told[:, self.base] += shared[:, None] / self.unit
        return told


def _fixed_values(data: Data) -> Float[np.ndarray, " p"]:
    """Return the values of the columns that do not vary, and nan for those that do."""
    centred, means = data.least_squares(centre=True)
    return np.where(centred.squared_norms > 0.0, np.nan, means.x)


def _compared(
    names: Sequence[str],
    levels: Sequence[Levels],
    relations: Sequence[Relation],
    varies: Bool[np.ndarray, " p"],
) -> tuple[Compared, ...]:
    """Return text columns of more than one level; a level that no row has is none."""
    position = {name: j for j, name in enumerate(names)}
    found = []
    for one in levels:
        at = np.array([j for j in map(position.__getitem__, one.features) if varies[j]], dtype=int)
        if at.size > 1 or (at.size == 1 and not sum_to_one(one)):
            found.append(Compared(one.column, at, _left_out(one), _told_apart(at, relations)))
    return tuple(found)


def _told_apart(at: Int[np.ndarray, " k"], relations: Sequence[Relation]) -> Int[np.ndarray, " m"]:
    """Return the levels whose differences the data tell, if these are most of them; else all.

    A difference is told if no relation of columns has the two levels with different factors.
    """
    place = {int(j): k for k, j in enumerate(at)}
    factors = np.zeros((at.size, len(relations)))
    for column, relation in enumerate(relations):
        for j, factor in ((relation.of, -1.0), *relation.terms):
            if j in place:
                factors[place[j], column] = round(factor, _FACTOR_DIGITS)
    _, kinds, times = np.unique(factors, axis=0, return_inverse=True, return_counts=True)
    most = int(np.argmax(times))
    return at[kinds == most] if times[most] > _MOST_LEVELS * at.size else at


def sum_to_one(levels: Levels) -> bool:
    """Tell whether each level of a text column has a feature."""
    return len(levels.features) == len(levels.values)


def _left_out(levels: Levels) -> str | None:
    """Return the level that has no feature."""
    without = [value for value in levels.values if f"{levels.column}={value}" not in levels.features]
    return without[0] if without else None
