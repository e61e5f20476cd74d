"""What select_scale found: a scale chosen from the data, and all that it was compared with."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Float

from ..data.folds import Label
from ..data.smaller import as_small_as_can_be
from ..mode.estimate import MapEstimate, check_tol, map_estimate
from ..model.linear_model import LinearModel
from ..model.problem import Data, Problem
from ..priors.penalty import Penalty, penalty_weights
from .chosen_mode import mode_at_hand
from .numbers_along import numbers_along

if TYPE_CHECKING:
    import pandas as pd

_EDGES = {
    "strongest": "It is the strongest prior of those compared: the data do not ask for more than the null model.",
    "weakest": "It is the weakest prior of those compared: a smaller `min_ratio`, or larger `scales`, go on from it.",
}
PREDICTIVE = {"mse": "mean squared error", "log_density": "mean log predictive density"}
SCORES = PREDICTIVE | {
    "aic": "AIC",
    "bic": "BIC",
    "log_evidence": "log evidence",
    "elpd_loo": "expected log predictive density, left out",
    "log_posterior": "log posterior density of the log scale",
}


@final
@dataclass(frozen=True, eq=False)
class ScaleSelection:
    """A scale chosen from the data, and all that it was compared with; row k belongs to ``scales[k]``.

    It holds on to the data, for `map_estimate`.

    Attributes
    ----------
    method, hold : str
        As given to `select_scale`.
    score : str
        What `scores` are: "mse" or "log_density" as given, or the method's own criterion: "aic", "bic" (lowest is
        best), "log_evidence", "elpd_loo" or "log_posterior" (highest).
    scores : array (k,)
        What was compared.
    index : int
        The row that was chosen.
    model : LinearModel
        With the chosen scale.
    penalty : Penalty
        The canonical penalty at the chosen scale, on all data and the original columns.
    scales : array (k,)
        In the order given; by default from the strongest prior to the weakest.
    noise_scales : array (k,)
        σ on all data at each scale: as given, or stationary there.
    effective_df : array (k,)
        Effective degrees of freedom on all data, intercept included.
    mse : array (k,)
        Mean squared error on rows that were held out; for "gcv" its criterion; NaN where none were.
    log_density : array (k,)
        Mean log predictive density of rows that were held out; NaN but for "cv" and "cv-1se".
    standard_errors : array (k,)
        Of the score: standard deviation over folds (ddof 1) divided by √K; for "loo" and "psis-loo" over rows;
        for "evidence" and "posterior" of a prior that is not Gaussian the Monte Carlo error; else NaN.
    fold_scores : array (k, K)
        The score in each fold; K is 0 but for "cv" and "cv-1se".
    fold_labels : tuple of K
        The folds' numbers, or their labels.
    """

    method: str
    hold: str
    score: str
    index: int
    model: LinearModel
    penalty: Penalty
    scales: Float[np.ndarray, " k"]
    noise_scales: Float[np.ndarray, " k"]
    effective_df: Float[np.ndarray, " k"]
    scores: Float[np.ndarray, " k"]
    mse: Float[np.ndarray, " k"]
    log_density: Float[np.ndarray, " k"]
    standard_errors: Float[np.ndarray, " k"]
    fold_scores: Float[np.ndarray, "k folds"]
    fold_labels: tuple[Label, ...]
    _data: Data = field(repr=False)
    _problem: Problem | None = field(repr=False)  # at the chosen scale, reduced already

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes for a pickle or a copy, rows as statistics where these are smaller."""
        return {**self.__dict__, "_problem": None, "_data": as_small_as_can_be(self._data)}

    def map_estimate(self, tol: float = 1e-8) -> MapEstimate:
        """Return the mode of the chosen model on the data.

        As `map_estimate(selection.model, data)`, from what the selection has already computed of
        the data: statistics, where it reduced rows to these and no two columns are alike.

        Parameters
        ----------
        tol : float, default 1e-8
            Relative duality gap above which a ConvergenceWarning is given.

        Returns
        -------
        MapEstimate

        Raises
        ------
        NoModeError
            Where the density of the chosen model is unbounded.
        """
        check_tol(tol)
        at_hand = None if self._problem is None else mode_at_hand(self._problem, self._data, tol)
        return map_estimate(self.model, self._data, tol) if at_hand is None else at_hand

    @property
    def scale(self) -> float:
        """The chosen value of the prior's scale (of `laplace_scale` for an elastic net)."""
        return float(self.scales[self.index])

    @property
    def noise_scale(self) -> float:
        """σ on all data at the chosen scale."""
        return float(self.noise_scales[self.index])

    @property
    def edge(self) -> str | None:
        """Which edge of the scales was chosen: "strongest", "weakest", or None."""
        if self.scales.size > 1 and self.scale == self.scales.min():
            return "strongest"
        return "weakest" if self.scales.size > 1 and self.scale == self.scales.max() else None

    def penalty_at(self, row: int) -> Penalty:
        """Return the canonical penalty at one of the scales, on all data and the original columns."""
        prior, chosen = self.model.prior, self.index
        multiples = prior.multiples(self.scales)
        stronger = multiples[row] / multiples[chosen]
        noisier = self.noise_scales[row] / self.noise_scales[chosen]
        l1, l2 = penalty_weights(stronger, stronger, noisier, prior.relative_to_noise)
        return Penalty(self.penalty.l1 * l1, self.penalty.l2 * l2)

    def in_convention(self, convention: str) -> Float[np.ndarray, " k"]:
        """Return what each scale is in a package's convention: its λ, alpha, C or scale.

        Parameters
        ----------
        convention : str
            A key of `CONVENTIONS`.

        Returns
        -------
        array (k,)

        Raises
        ------
        NoEquivalent
            Where that package cannot state these penalties by one number.
        ValueError
            Where it asks for rows, and the data are statistics.
        """
        penalties = [self.penalty_at(row) for row in range(self.scales.size)]
        return numbers_along(
            penalties,
            self.noise_scales,
            self._data,
            convention,
            self.index,
            fit_intercept=self.model.fit_intercept,
        )

    def to_frame(self, convention: str | None = None) -> "pd.DataFrame":
        """Return the comparison as a table, one row a scale.

        Parameters
        ----------
        convention : str, optional
            A key of `CONVENTIONS`: a column of that name says what each scale is there.
        """
        import pandas as pd

        columns = {
            **({} if convention is None else {convention: self.in_convention(convention)}),
            **({} if self.score in PREDICTIVE else {self.score: self.scores}),
            "mse": self.mse,
            "log_density": self.log_density,
            "standard_error": self.standard_errors,
            "effective_df": self.effective_df,
            "noise_scale": self.noise_scales,
            "chosen": np.arange(self.scales.size) == self.index,
        }
        return pd.DataFrame(columns, index=pd.Index(self.scales, name="scale"))

    def __str__(self) -> str:
        held = "prior" if self.hold == "prior" else "penalty per row"
        folds = f" ({len(self.fold_labels)} folds, {held} held)" if self.fold_labels else ""
        error = self.standard_errors[self.index]
        spread = "" if np.isnan(error) else f" ± {_two_digits(float(error))}"
        edge = "" if self.edge is None else f"\n{_EDGES[self.edge]}"
        return (
            f"scale {self.scale:.6g}, chosen from {self.scales.size} by {self.method}{folds}: "
            f"{SCORES[self.score]} {self.scores[self.index]:.6g}{spread}, "
            f"{self.effective_df[self.index]:.4g} effective degrees of freedom{edge}"
        )


def _two_digits(value: float) -> str:
    rounded = float(f"{value:.2g}")
    return f"{rounded:.0f}" if 100.0 <= rounded < 1e6 else f"{rounded:g}"
