"""All that is known of one fit: what its report, its table and its JSON are made of."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, final

from ..data.files.levels import Levels
from ..data.rows import RowData
from ..mode.estimate import MapEstimate
from ..model.linear_model import LinearModel
from ..model.problem import Data
from ..posterior.diagnostics import FEWEST_DRAWS, Diagnostics, diagnose
from ..posterior.draws.predictive_check import PredictiveCheck, check_predictions
from ..posterior.draws.summary import summarise_coefs, summarise_contrasts, summarise_noise_scale
from ..selection.scale_selection import ScaleSelection
from .words.sklearn_line import SklearnLine, sklearn_line

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


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
    """

    model: LinearModel
    data: Data
    mode: MapEstimate
    tree: "xr.DataTree"
    selection: ScaleSelection | None
    levels: tuple[Levels, ...] = ()
    folds: str | None = None

    @property
    def model_of_mode(self) -> LinearModel:
        """The model whose mode it is: at the scale that was chosen, if one was."""
        return self.model if self.selection is None else self.selection.model

    @cached_property
    def coefs(self) -> "pd.DataFrame":
        """Mode and posterior of each coefficient and the intercept."""
        return summarise_coefs(self.mode, self.tree)

    @cached_property
    def contrasts(self) -> "pd.DataFrame":
        """Mode and posterior of each level of a text column, as its difference from the mean of that column's levels.

        Beside an intercept the data tell the differences only. A column of two levels is one feature, which is one; so
        are the features beside a reference level.
        """
        return summarise_contrasts(
            self.mode, self.tree, [one.features for one in self.levels if one.reference is None]
        )

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
        return summarise_noise_scale(self.mode, self.tree)

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
