"""The folds of an estimator in words."""

from typing import TYPE_CHECKING

from ...base.shown import in_short
from ...selection.methods import METHOD_WORDS

if TYPE_CHECKING:
    from ...estimators.classifier import BayesClassifier
    from ...estimators.regressor import BayesRegressor


def folds_text(regressor: "BayesRegressor | BayesClassifier") -> str | None:
    """Return by which folds a fitted estimator's scale was chosen; None if it was not chosen by folds."""
    chosen, folds = regressor.selection_, regressor.folds
    if chosen is None or not METHOD_WORDS[chosen.method].folds:
        return None
    k = len(chosen.fold_labels)
    if isinstance(folds, int):
        return f"{k} folds, blocks of rows as they come"
    return (
        f"{k} folds by {in_short(repr(folds))}"
        if hasattr(folds, "split")
        else f"{k} folds, one for each label"
    )
