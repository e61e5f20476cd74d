"""A model on rows that are read anew at each pass; columns are less their means if the intercept is flat."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

import numpy as np
from jaxtyping import Bool, Float

from ..data.row_source import RowSource
from ..data.rows import require_two_rows
from ..data.sources.blocks import Layout
from .linear_model import LinearModel
from .needs import ON_DISK, AnyData, Need, require
from .problem import ModelOnData, Rates, prior_rates, sampled_scales
from .row_problem import AnyProblem, RowProblem, resolve_any
from .separation import separation

_SMALLEST = 1e-10  # eigenvalue of unit columns: below it they are dependent


@final
@dataclass(frozen=True, eq=False)
class SourceProblem(ModelOnData):
    """A model on rows that stay on disk, with any likelihood whose parameters are known.

    Coefficients are those of the features and then the intercept. "Moved" coefficients are of columns less their means:
    the intercept is then the value at the means. Priors are the same for both, because the columns are moved only if
    the intercept is flat.
    """

    source: RowSource
    centred: ClassVar[bool] = False

    @property
    def moves(self) -> bool:
        """Whether columns are less their means."""
        return self.has_intercept and bool(self.rates.flat[-1])

    @cached_property
    def layout(self) -> Layout:
        """The columns of blocks."""
        return self.source.layout(centred=self.moves, has_intercept=self.has_intercept)

    def reported(self, moved: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... d"]:
        """Return coefficients of the columns as they are."""
        if not self.moves:
            return moved
        found = moved.copy()
        found[..., -1] -= moved[..., :-1] @ self.layout.shift
        return found

    def moved(self, coefs: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... d"]:
        """Return coefficients of the columns less their means."""
        if not self.moves:
            return coefs
        found = coefs.copy()
        found[..., -1] += coefs[..., :-1] @ self.layout.shift
        return found

    @cached_property
    def norms(self) -> Float[np.ndarray, " d"]:
        """Lengths of the columns as blocks have them; that of an intercept is 1 if they are less their means."""
        statistics = self.source.statistics
        rows, _ = statistics.least_squares(centre=self.moves)
        norms = np.sqrt(rows.squared_norms)
        if not self.has_intercept:
            return norms
        return np.append(norms, 1.0 if self.moves else np.sqrt(self.sum_weights))

    @cached_property
    def sample(self) -> RowProblem:
        """The same model on a sample of the rows, or on all if they are few."""
        data = self.source.sample
        return RowProblem(
            feature_names=self.feature_names,
            sum_weights=self.sum_weights,
            has_intercept=self.has_intercept,
            rates=self.rates,
            law=self.law,
            known=self.known,
            response_scale=self.response_scale,
            sampled_scales={},
            likelihood=self.likelihood,
            data=data,
        )

    def undetermined(self) -> Bool[np.ndarray, " d"]:
        """Return which unpenalised coefficients the columns leave undetermined."""
        flat = self.rates.flat
        statistics = self.source.statistics
        rows, _ = statistics.least_squares(
            centre=self.moves, intercept_column=self.has_intercept and not self.moves
        )
        gram = rows.gram
        of = flat[: len(gram)]
        gram, size = gram[np.ix_(of, of)], np.sqrt(np.diagonal(gram)[of])
        size = np.where(size > 0.0, size, 1.0)
        values, vectors = np.linalg.eigh(gram / size / size[:, None])
        found = np.zeros(flat.size, dtype=bool)
        among = np.flatnonzero(flat)[: int(of.sum())]
        found[among] = (np.abs(vectors[:, values < _SMALLEST]) > np.sqrt(_SMALLEST)).any(axis=1)
        return found

    def refuse_separation(self, error: type[Exception], what: str) -> None:
        """Refuse data that unpenalised columns separate.

        A sample that is not separated proves that the rows are not. If it is, the rows may be: an intercept alone is
        judged by all rows, other columns are refused.

        Raises
        ------
        Exception
            `error`.
        """
        flat = self.rates.flat
        found = separation(self.sample) if flat.any() else None
        if found is None:
            return
        if self.source.sample.y.size == self.source.n_samples:
            known = "the rows are separated"
        elif flat.sum() == 1 and self.moves:
            if not self._is_extreme():
                return
            known = "the rows are separated"
        else:
            known = (
                f"a sample of {self.source.sample.y.size} of the {self.source.n_samples} rows is separated, so the "
                "rows may be"
            )
        raise error(
            f"{known}: {found}. So an unpenalised coefficient may be best at infinity, and {what}. Give it a prior "
            "with a finite scale, for example GaussianPrior(2.5), as `intercept_prior` if it is the intercept; or drop "
            "the column."
        )

    def _is_extreme(self) -> bool:
        """Tell whether all responses pull the intercept one way: their mean is as far as a response can be."""
        statistics = self.source.statistics
        up, down = self.likelihood.bounded(np.array([statistics.y_mean]))
        return bool(up[0] or down[0]) and statistics.response_ss == 0.0


AnyForm = AnyProblem | SourceProblem


def resolve_any_form(model: LinearModel, data: AnyData, by: str, *needs: Need) -> AnyForm:
    """State a model on data of any form. The parameters are those of `resolve_source`."""
    if isinstance(data, RowSource):
        return resolve_source(model, data, by, *needs)
    return resolve_any(model, data, by, *needs)


def resolve_source(model: LinearModel, source: RowSource, by: str, *needs: Need) -> SourceProblem:
    """State a model on rows that are read anew at each pass. The first pass is made, if it was not.

    Parameters
    ----------
    model : LinearModel
    source : RowSource
    by : str
        The calling method, for messages.
    *needs : Need
        Its needs besides.

    Returns
    -------
    SourceProblem

    Raises
    ------
    TypeError, ValueError
        If names in the prior do not fit the columns, or a column is no numbers.
    """
    require(by, model, source, *ON_DISK, *needs)
    require_two_rows(source.n_samples)
    uses_sd = model.standardize or any(value is None for value in model.prior.scales().values())
    column_sd = source.column_sd if uses_sd else np.ones(source.n_features)
    rates = prior_rates(model, source.feature_names, column_sd)
    if model.fit_intercept and model.intercept_prior is None:
        rates = Rates(np.append(rates.l1, 0.0), np.append(rates.l2, 0.0), np.append(rates.relative, False))
    known = model.likelihood.known
    l1, l2 = rates.at(known.get("noise_scale", 1.0), np.ones(rates.l1.size, dtype=bool), {})
    return SourceProblem(
        feature_names=source.feature_names,
        sum_weights=source.sum_weights,
        has_intercept=bool(model.fit_intercept),
        rates=Rates(l1, l2, np.zeros(l1.size, dtype=bool)),
        law=model.prior.law,
        known=known,
        response_scale=source.statistics.response_sd or 1.0,
        sampled_scales=sampled_scales(model),
        likelihood=model.likelihood,
        source=source,
    )
