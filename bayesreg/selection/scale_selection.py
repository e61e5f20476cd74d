"""The result of select_scale: a scale chosen from the data, and all compared scales."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Float

from ..base.shown import Shown
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
    "strongest": "It is the strongest of the compared priors: the data do not ask for more than the null model.",
    "weakest": "It is the weakest of the compared priors. A smaller `min_ratio` or larger `scales` go further.",
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
@dataclass(frozen=True, eq=False, repr=False)
class ScaleSelection(Shown):
    """A scale chosen from the data, and all compared scales. Row k belongs to ``scales[k]``.

    It keeps the data, for `map_estimate`.

    Attributes
    ----------
    method, hold : str
        As given to `select_scale`.
    score : str
        The name of `scores`: "mse" or "log_density" as given, or the method's own criterion. The
        lowest is best for "mse", "aic" and "bic". The highest is best for "log_density", "log_evidence", "elpd_loo"
        and "log_posterior".
    scores : array (k,)
        The numbers that were compared.
    index : int
        The chosen row.
    model : LinearModel
        The model with the chosen scale.
    penalty : Penalty
        The canonical penalty at the chosen scale, on all data and for the original columns.
    scales : array (k,)
        In the order of the argument. By default from the strongest prior to the weakest.
    noise_scales : array (k,)
        σ on all data at each scale: the known one, or the stationary one at that scale.
    effective_df : array (k,)
        Effective degrees of freedom on all data, with that of the intercept.
    mse : array (k,)
        Mean squared error on held-out rows; for "gcv" its criterion. It is NaN if no rows were held out.
    log_density : array (k,)
        Mean log predictive density of held-out rows for "cv" and "cv-1se", else NaN.
    standard_errors : array (k,)
        Standard errors of the score. For "cv" and "cv-1se": standard deviation over folds (ddof 1) divided by √K.
        For "loo" and "psis-loo": from the rows. For "evidence" and "posterior" under a prior that is not Gaussian: the
        Monte Carlo error. Else NaN.
    fold_scores : array (k, K)
        The score in each fold for "cv" and "cv-1se". For other methods K is 0.
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
    _problem: Problem | None = field(repr=False)  # at the chosen scale, already reduced

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes for a pickle or a copy. Rows become statistics if n ≥ p."""
        data = as_small_as_can_be(self._data) if self.model.likelihood.is_quadratic else self._data
        return {**self.__dict__, "_problem": None, "_data": data}

    def map_estimate(self, tol: float = 1e-8) -> MapEstimate:
        """Return the mode of the chosen model on the data.

        It is `map_estimate(selection.model, data)`, from values that the selection has already
        computed. These may be statistics in place of rows, if no columns are nearly collinear.

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
            If the density of the chosen model is unbounded.
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
        """The edge of the scales, if it was chosen: "strongest", "weakest", or None."""
        if self.scales.size > 1 and self.scale == self.scales.min():
            return "strongest"
        return "weakest" if self.scales.size > 1 and self.scale == self.scales.max() else None

    def penalty_at(self, row: int) -> Penalty:
        """Return the canonical penalty at one scale, on all data and for the original columns."""
        prior, chosen = self.model.prior, self.index
        multiples = prior.multiples(self.scales)
        stronger = multiples[row] / multiples[chosen]
        noisier = self.noise_scales[row] / self.noise_scales[chosen]
        l1, l2 = penalty_weights(stronger, stronger, noisier, prior.relative_to_noise)
        return Penalty(self.penalty.l1 * l1, self.penalty.l2 * l2)

    def in_convention(self, convention: str) -> Float[np.ndarray, " k"]:
        """Return each scale in a package's convention: its λ, alpha, C or scale.

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
            If that package cannot state these penalties by one number.
        ValueError
            If it needs rows, and the data are statistics.
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
        """Return the comparison as a table with one row for each scale.

        Parameters
        ----------
        convention : str, optional
            A key of `CONVENTIONS`. A column of that name has each scale in this convention.
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

    def _table(self) -> "pd.DataFrame":
        return self.to_frame()

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
