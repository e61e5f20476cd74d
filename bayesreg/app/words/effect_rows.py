"""The table of what coefficients mean for the response: ratios and average effects."""

from ..fitted import Fit
from .numbers import effect_cell, ratio_cell


def effect_columns(fit: Fit) -> tuple[str, ...]:
    """Return the names of the columns of ratios and, if there are some, of average effects."""
    percent = f"{100.0 * fit.interval.mass:.10g}%"
    columns = [f"{fit.words.ratio} [{percent}]"]
    if _has_effects(fit):
        columns.append(f"average effect, {'% points' if fit.is_yes_or_no else 'counts'} [{percent}]")
    return tuple(columns)


def effect_cells(fit: Fit, name: str) -> tuple[str, ...]:
    """Return the cells of one row; empty for what has no ratio, as the intercept."""
    assert fit.reported is not None
    if name not in fit.reported.index:
        return ("",) * len(effect_columns(fit))
    row = fit.reported.loc[name]
    cells = [ratio_cell(row)]
    if _has_effects(fit):
        cells.append(effect_cell(row, as_share=fit.is_yes_or_no))
    return tuple(cells)


def effect_sentences(fit: Fit) -> tuple[str, ...]:
    """Say what the columns of the table are."""
    assert fit.reported is not None
    of = (
        f"the odds of {fit.target.event}, p/(1 − p)," if fit.is_yes_or_no else f"the mean of {fit.response!r}"
    )
    found = [f"{fit.words.ratio}: {of} are multiplied by it for one unit more of the column."]
    if not fit.is_yes_or_no:
        found = [found[0].replace(" are multiplied", " is multiplied")]
    if _has_effects(fit):
        what = (
            f"the probability of {fit.target.event}" if fit.is_yes_or_no else f"the mean of {fit.response!r}"
        )
        found.append(
            f"average effect: what {what} changes by, on average over the rows; of a column of 0 and 1, or a level, "
            "for 1 in place of 0, of others for one unit."
        )
    return tuple(found)


def _has_effects(fit: Fit) -> bool:
    assert fit.reported is not None
    return bool(fit.reported["effect"].notna().any())
