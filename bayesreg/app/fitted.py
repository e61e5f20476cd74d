"""All that is known of one fit: what its report, its table and its JSON are made of."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Int

from ..data.files.levels import Levels
from ..data.gram import GramData
from ..data.relations import Relations, linear_relations
from ..data.rows import RowData
from ..mode.estimate import MapEstimate
from ..model.linear_model import LinearModel
from ..model.problem import Data
from ..model.row_problem import resolve_rows
from ..model.separation import separating_columns
from ..posterior.chain_numbers import FEWEST_DRAWS
from ..posterior.diagnostics import Diagnostics, diagnose
from ..posterior.draws.interval import Interval
from ..posterior.draws.predictive_check import PredictiveCheck, check_predictions
from ..posterior.draws.summary import summarise_coefs, summarise_noise_scale, summarise_nuisance
from ..selection.scale_selection import ScaleSelection
from .deviance import deviance_explained
from .effects import Effects, sum_to_one
from .effects_on_response import effects_on_response
from .errors_of_mode import Errors
from .target import Target
from .words.code_lines import regressor_code
from .words.families import FamilyWords, unit_of, words_of
from .words.glmnet_line import glmnet_line
from .words.sklearn_line import SklearnLine, sklearn_line

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_MOST_SEPARATIONS = 5
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
    target : Target
        What is explained.
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
    target: Target = field(default_factory=lambda: Target("y"))
    interval: Interval = field(default_factory=Interval)
    in_command: bool = False

    @property
    def response(self) -> str:
        """The name of what is explained."""
        return self.target.name

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

        None if the response does not vary, or the noise is not normal: rows far off would decide the variance.
        """
        if not self.model.likelihood.is_quadratic:
            return None
        return Errors.of(self.mode, self.data).r_squared

    @cached_property
    def held_out(self) -> Errors | None:
        """How the mode predicts rows that were kept apart; None if there are none."""
        apart = self.data.held_out if isinstance(self.data, GramData) else None
        return None if apart is None or not apart.n_samples else Errors.of(self.mode, apart)

    @property
    def words(self) -> FamilyWords:
        """The likelihood in words."""
        return words_of(self.model.likelihood)

    @property
    def unit(self) -> str:
        """What coefficients are in, for one unit of a column: the response, or "log odds of survived=yes"."""
        return unit_of(self.model.likelihood, self.target)

    @property
    def is_yes_or_no(self) -> bool:
        """Whether the response is one of two kinds, so that its mean is a probability."""
        return self.model.likelihood.takes_labels

    @property
    def is_count(self) -> bool:
        """Whether the response is a count."""
        return self.model.likelihood.is_discrete and not self.is_yes_or_no

    @cached_property
    def deviance_explained(self) -> float | None:
        """The share of the deviance without predictors that the mode explains, on the rows that were fitted.

        None under normal noise, where it is `r_squared`, or if a loss has no smallest value.
        """
        if self.words.predictor is None or not isinstance(self.data, RowData):
            return None
        return deviance_explained(self.model_of_mode, self.data, self.mode)

    @cached_property
    def noise(self) -> "pd.DataFrame | None":
        """Mode and posterior of σ in one row; None if it is known, or there is none."""
        return summarise_noise_scale(self.mode, self.tree, self.interval)

    @cached_property
    def others(self) -> "pd.DataFrame":
        """Mode and posterior of what else the likelihood has and is not known, one a row: dispersion, df."""
        return summarise_nuisance(self.mode, self.tree, self.interval)

    @cached_property
    def reported(self) -> "pd.DataFrame | None":
        """What coefficients mean for the response: ratios and average effects; None if a coefficient is that itself."""
        return None if self.words.ratio is None else effects_on_response(self)

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
    def separations(self) -> tuple[str, ...]:
        """What separates the rows, if the prior alone keeps coefficients from infinity, in the response's own words."""
        likelihood = self.model.likelihood
        if not (likelihood.is_discrete and isinstance(self.data, RowData)):
            return ()
        problem = resolve_rows(self.model_of_mode, self.data, "separation")
        yes, no = self.target.event, self.target.other_event
        return tuple(
            text if self.is_count else text.replace("y = 1", yes).replace("y = 0", no)
            for text in separating_columns(problem, _MOST_SEPARATIONS)
        )

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
        return sklearn_line(
            self.mode.penalty,
            self.data,
            fit_intercept=self.model.fit_intercept,
            likelihood=self.model.likelihood,
            target=self.target,
        )

    def bayesreg_line(self) -> str:
        """Return what states the model in Python, with what its `fit` is to be given in a comment."""
        said = []
        if self.target.known_part is not None:
            said.append(f"with offset = {self.target.known_part} given to `fit`")
        if self.is_yes_or_no:
            said.append(f"y is 1 for {self.target.event}")
        return f"{regressor_code(self.model)}{f'  # {", ".join(said)}' if said else ''}"

    def glmnet_line(self) -> str | None:
        """Return what reproduces the mode of a logit or log link in glmnet; None if nothing does."""
        return glmnet_line(
            self.mode.penalty,
            self.data,
            fit_intercept=self.model.fit_intercept,
            likelihood=self.model.likelihood,
            target=self.target,
        )

    @property
    def n_draws_a_chain(self) -> int:
        """How many draws each chain made."""
        return int(self.tree["posterior"].sizes["draw"])

    @property
    def complete(self) -> bool:
        """Whether all draws that were asked for were made."""
        return bool(self.tree.attrs.get("complete", 1))
