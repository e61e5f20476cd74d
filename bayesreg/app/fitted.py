"""All that is known of one fit: what its report, its table and its JSON are made of."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Int

from ..data.files.levels import Levels
from ..data.relations import Relations, linear_relations
from ..data.rows import RowData
from ..mode.estimate import MapEstimate
from ..model.linear_model import LinearModel
from ..model.problem import Data
from ..posterior.diagnostics import FEWEST_DRAWS, Diagnostics, diagnose
from ..posterior.draws.interval import Interval
from ..posterior.draws.predictive_check import PredictiveCheck, check_predictions
from ..posterior.draws.summary import summarise_coefs, summarise_noise_scale
from ..selection.scale_selection import ScaleSelection
from .effects import Effects, sum_to_one
from .words.sklearn_line import SklearnLine, sklearn_line

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_SOME_ROWS, _SOME_DRAWS = 1000, 100  # which show what fails badly


@final
@dataclass(frozen=True, eq=False)
class Fit:
    """A model, the data, the mode and the posterior.

    Attributes
    ----------
    model : LinearModel
        That was sampled.
    data : RowData or GramData
    mode : MapEstimate
    tree : xarray.DataTree
    selection : ScaleSelection or None
        How the scale of the mode was chosen, if it was.
    levels : tuple of Levels
        Text columns, and the features that stand for them, if a file had some.
    folds : str or None
        By which folds the scale was chosen, in words.
    response : str
        Its name.
    interval : Interval
        That is shown.
    in_command : bool
        Whether the reader has the options of the command, not Python.
    """

    model: LinearModel
    data: Data
    mode: MapEstimate
    tree: "xr.DataTree"
    selection: ScaleSelection | None
    levels: tuple[Levels, ...] = ()
    folds: str | None = None
    response: str = "y"
    interval: Interval = field(default_factory=Interval)
    in_command: bool = False

    @property
    def model_of_mode(self) -> LinearModel:
        """The model whose mode it is: at the scale that was chosen, if one was."""
        return self.model if self.selection is None else self.selection.model

    @cached_property
    def coefs(self) -> "pd.DataFrame":
        """Mode and posterior of each coefficient and the intercept."""
        return summarise_coefs(self.mode, self.tree, self.interval)

    @cached_property
    def effects(self) -> Effects:
        """What the data tell of the coefficients: of levels their differences."""
        return Effects.of(self.mode, self.tree, self.data, self.levels, self.relations.found)

    @cached_property
    def told(self) -> "pd.DataFrame":
        """The rows of `coefs` as the data tell them, which is what a reader is shown.

        A column that does not vary has no numbers.
        """
        return self.effects.frame(self.coefs, self.interval)

    @property
    def contrasts(self) -> "pd.DataFrame":
        """Those rows that are levels of a text column, less the mean of that column's levels."""
        return self.told.iloc[self.effects.less_a_mean]

    @cached_property
    def rows_of_levels(self) -> dict[str, int]:
        """How many rows have the level that a feature stands for; empty without levels, or if rows are not at hand."""
        names = [name for one in self.levels for name in one.features]
        if not names or not isinstance(self.data, RowData):
            return {}
        at = [self.mode.feature_names.index(name) for name in names]
        used = (self.data.sample_weight > 0.0).astype(float)
        counts = np.asarray(used @ self.data.X[:, at])
        return {name: round(n) for name, n in zip(names, counts.tolist(), strict=True)}

    @cached_property
    def clear(self) -> tuple[str, ...]:
        """Names of the coefficients whose interval leaves out 0."""
        of_features = self.told.iloc[: self.mode.coef.size]
        return tuple(map(str, of_features.index[self.interval.leaves_out_0(of_features)]))

    def shown_at(self, most: int) -> Int[np.ndarray, " k"]:
        """Return the positions of at most so many coefficients, and of the intercept, in their order.

        Those come first whose interval leaves out 0, then those of the largest |mode| × sd(x).
        """
        p, rows = self.mode.coef.size, len(self.told)
        if p <= most:
            return np.arange(rows)
        of_features, sd = self.told.iloc[:p], self.data.column_sd
        at_mode, mean = np.nan_to_num(of_features[["map", "mean"]].abs().to_numpy() * sd[:, None]).T
        order = np.lexsort((-mean, -at_mode, ~self.interval.leaves_out_0(of_features)))
        return np.append(np.sort(order[:most]), np.arange(p, rows))

    @cached_property
    def r_squared(self) -> float | None:
        """The share of the response's variance that the mode explains on the rows that were fitted.

        None if the response does not vary.
        """
        centred, means = self.data.least_squares(centre=True)
        if not centred.response_ss > 0.0:
            return None
        off = means.y - means.x @ self.mode.coef - self.mode.intercept
        rss = centred.residuals(self.mode.coef[None, :])[1][0] + self.data.sum_weights * off**2
        return float(1.0 - rss / centred.response_ss)

    @cached_property
    def noise(self) -> "pd.DataFrame | None":
        """Mode and posterior of σ in one row; None if it is known."""
        return summarise_noise_scale(self.mode, self.tree, self.interval)

    @cached_property
    def quick_check(self) -> PredictiveCheck | None:
        """Some rows beside what some draws predict for them; None if only statistics of the rows are at hand."""
        if not isinstance(self.data, RowData):
            return None
        return check_predictions(
            self.tree,
            self.data,
            likelihood=self.model.likelihood,
            most_rows=_SOME_ROWS,
            most_draws=_SOME_DRAWS,
        )

    @cached_property
    def relations(self) -> Relations:
        """Columns that others tell exactly; levels, which sum to one, are known to."""
        at = {name: j for j, name in enumerate(self.mode.feature_names)}
        sets = [[at[name] for name in one.features] for one in self.levels if sum_to_one(one)]
        return linear_relations(self.data, sets, fit_intercept=self.model.fit_intercept)

    @cached_property
    def diagnostics(self) -> Diagnostics | None:
        """What the draws' diagnostics are; None if draws are too few to have any."""
        return diagnose(self.tree) if self.n_draws_a_chain >= FEWEST_DRAWS else None

    @cached_property
    def check(self) -> PredictiveCheck | None:
        """The rows held against their predictions; None if only statistics of them are at hand."""
        return check_predictions(self.tree, self.data) if isinstance(self.data, RowData) else None

    def sklearn_line(self) -> SklearnLine:
        """Return what reproduces the mode in scikit-learn.

        Raises
        ------
        NoEquivalent
            If no single λ does.
        """
        return sklearn_line(self.mode.penalty, self.data, fit_intercept=self.model.fit_intercept)

    @property
    def n_draws_a_chain(self) -> int:
        """How many draws each chain made."""
        return int(self.tree["posterior"].sizes["draw"])

    @property
    def complete(self) -> bool:
        """Whether all draws that were asked for were made."""
        return bool(self.tree.attrs.get("complete", 1))
