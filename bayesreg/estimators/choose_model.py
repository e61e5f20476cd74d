"""The model to sample, and the choice of its mode's scale, if a choice is needed."""

from dataclasses import replace
from typing import Any

from ..base.arguments import check_choice
from ..data.rows import RowData
from ..model.linear_model import LinearModel
from ..selection.criteria import METHODS
from ..selection.partition import DEFAULT_FOLDS
from ..selection.scale_selection import ScaleSelection
from ..selection.select import select_scale


def choose_model(
    model: LinearModel, data: RowData, scale_selection: str | None, folds: Any = DEFAULT_FOLDS
) -> tuple[LinearModel, ScaleSelection | None]:
    """Choose the prior's scale from the data on request, or if the scale is sampled: then there is no joint mode.

    Parameters
    ----------
    model : LinearModel
    data : RowData
    scale_selection : str, optional
        A method of `select_scale`, with its defaults.
    folds : int, scikit-learn splitter or array (n,), default 5
        Of a method that has folds.

    Returns
    -------
    model : LinearModel
        The model to sample: with the chosen scale, or with the scale's own distribution.
    selection : ScaleSelection or None
        The choice of the mode's scale. None if nothing was chosen.

    Raises
    ------
    TypeError, ValueError
        If there is no such method, or the prior has no single scale to choose.
    """
    if scale_selection is not None:
        check_choice("scale_selection", scale_selection, METHODS)
        selection = select_scale(model, data, scale_selection, folds)
        return selection.model, selection
    prior = model.prior
    if not prior.has_sampled_scale:
        return model, None
    if len(prior.scales()) > 1:
        raise TypeError(
            "an elastic net whose scale is a distribution has no joint mode. The evidence can choose one scale, but "
            "this prior has two. Give both as numbers, with scale_selection='evidence', or draw from this prior with "
            "br.sample_posterior."
        )
    return model, select_scale(replace(model, prior=prior.with_scale(1.0)), data, "evidence")
