"""The command `predict`: new rows, by the draws that `fit` has kept."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...base.listed import listed, quoted
from ...base.version import __version__
from ...data.files.dialect import Dialect
from ...data.files.levels import levels_from_json
from ...data.files.new_rows import NOT_POSITIVE, UNSEEN, NewRows, read_new_rows
from ...data.files.text_rules import TextRules
from ...likelihoods.gaussian import GaussianLikelihood
from ...likelihoods.table import LIKELIHOODS
from ...posterior.draws.predict import predict_posterior
from ..draws_file import CAUTION, DRAWS, LEVELS, TARGET, TEXT_RULES, files_of_fit, read_draws
from ..outputs import COEFFICIENTS, check_one_fit
from ..target import Target
from ..words.terminal import print_aside, printable
from .as_json import print_json

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_ROW, _REASON = "row", "reason"
_OF_MEAN = ("mean_lower", "mean_upper")


def run(
    fitted: Path,
    file: Path,
    dialect: Dialect,
    *,
    mass: float,
    of: str | None,
    keep: tuple[str, ...],
    strict: bool,
    json: bool,
) -> None:
    """Print a prediction with its interval for each row of a file.

    Parameters
    ----------
    fitted : Path
        The folder that `bayesreg fit` wrote to, or the file of draws in it.
    file : Path
        CSV or Parquet, with the columns that were features.
    dialect : Dialect
        How a CSV file is written.
    mass : float
        Probability of the interval.
    of : "observation", "mean" or None
        What it is of; None is a new observation, of yes or no the probability.
    keep : tuple of str
        Columns of the file to print before the prediction.
    strict : bool
        Whether to refuse a file in which a row cannot be predicted.
    json : bool
        JSON in place of CSV.
    """
    tree = _draws(fitted)
    names = [str(name) for name in tree.children["posterior"].to_dataset()["feature"].values]
    levels = levels_from_json(tree.attrs.get(LEVELS, "[]"))
    rules = TextRules.from_json(tree.attrs[TEXT_RULES]) if TEXT_RULES in tree.attrs else TextRules()
    caution = str(tree.attrs.get(CAUTION, ""))
    target = Target.from_json(tree.attrs[TARGET]) if TARGET in tree.attrs else Target("y")
    form = _form_of(tree, of)
    known = {"offset": target.offset, "exposure": target.exposure}
    rows = read_new_rows(file, names, levels, rules, dialect, keep, strict=strict, **known)
    if rows.was:
        print_aside(f"{file} is read as {', '.join(rows.was)}.")
    found = _with_kept(rows, _predicted(tree, rows, form, mass), form)
    if json:
        predictions = found.drop(columns=_ROW).to_dict("records")
        said = {
            "mass": mass,
            "of_mean": form.of == "mean",
            "target": target.name,
            "event": target.event if form.is_probability else None,
            "cautions": [caution] if caution else [],
        }
        print_json({"bayesreg": __version__, **said, "predictions": predictions})
    else:
        print(_csv(found), end="")
    if caution:
        print_aside(f"Caution: {caution}")
    asides = list(_summary(rows, dialect.decimal))
    if _none_predicted(rows):
        raise ValueError(f"no row can be predicted. {' '.join(asides)}")
    for sentence in (*_meaning(form, target, mass), *asides):
        print_aside(sentence)


class _Form(NamedTuple):
    """What a prediction is.

    `of` is what the interval is of, `with_both` whether a count has the interval of its mean too, `is_probability`
    whether the mean is one.
    """

    of: str
    with_both: bool = False
    is_probability: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the numbers."""
        first = "probability" if self.is_probability else "mean"
        return (first, "sd", *(_OF_MEAN if self.with_both else ()), "lower", "upper")


def _form_of(tree: "xr.DataTree", of: str | None) -> _Form:
    """Return what to predict; of yes or no it is a probability, which has no interval but its own.

    Raises
    ------
    ValueError
        If the interval of a new yes or no is asked for.
    """
    likelihood = LIKELIHOODS[str(tree.attrs.get("likelihood", GaussianLikelihood.family))]
    if not likelihood.takes_labels:
        of = of or "observation"
        return _Form(of, with_both=likelihood.is_discrete and of == "observation")
    if of == "observation":
        raise ValueError(
            "--of observation: the fit is of two kinds, and a new row is one or the other. Leave it out to have the "
            "probability with its interval."
        )
    return _Form("mean", is_probability=True)


def _meaning(form: _Form, target: Target, mass: float) -> Iterator[str]:
    """Say what the numbers are, if they are not what a number usually has."""
    percent = f"{100.0 * mass:.10g}%"
    if form.is_probability:
        yield f"probability is that of {target.event}; lower and upper are its {percent} interval."
    if form.with_both:
        yield (
            f"mean is the expected count, mean_lower and mean_upper its {percent} interval; lower and upper are whole "
            f"numbers between which a new count lies with a probability of at least {percent}."
        )


def _predicted(tree: "xr.DataTree", rows: NewRows, form: _Form, mass: float) -> "pd.DataFrame":
    """Return the prediction of each row that has one; the others are blank, with the reason."""
    import pandas as pd

    is_whole = rows.reasons == ""
    whole = rows.X[is_whole]
    offset = None if rows.offset is None else rows.offset[is_whole].to_numpy()
    found = pd.DataFrame(columns=[*form.columns], dtype="float64")
    if len(whole):
        predicted = predict_posterior(tree, whole, mass=mass, of=form.of, offset=offset)
        if form.with_both:
            of_mean = predict_posterior(tree, whole, mass=mass, of="mean", offset=offset)
            predicted = predicted.assign(mean_lower=of_mean["lower"], mean_upper=of_mean["upper"])
        found = predicted.rename(columns={"mean": form.columns[0]})[[*form.columns]]
    found = found.reindex(rows.X.index)
    return (
        found
        if len(whole) == len(rows.X)
        else found.assign(**{_REASON: rows.reasons.astype("object").where(rows.reasons != "", None)})
    )


def _with_kept(rows: NewRows, predicted: "pd.DataFrame", form: _Form) -> "pd.DataFrame":
    """Put columns that are carried through, and the number of the row, before the prediction."""
    import pandas as pd

    own = [_ROW, *form.columns, _REASON]
    twice = [str(name) for name in rows.kept.columns if name in own]
    if twice:
        raise ValueError(
            f"{quoted(twice)} of --keep is what the output calls a column of its own ({', '.join(own)}). Rename it."
        )
    numbered = pd.Series(range(1, len(predicted) + 1), index=predicted.index, name=_ROW)
    return pd.concat([rows.kept, numbered, predicted], axis=1)


def _summary(rows: NewRows, decimal: str) -> Iterator[str]:
    """Say how many rows have no prediction and why, and what counts as a level of rare ones."""
    n_blank = int((rows.reasons != "").sum())
    if n_blank:
        n_rows = len(rows.reasons)
        yield (
            f"{n_blank} of {n_rows} rows {'has' if n_blank == 1 else 'have'} no prediction: "
            f"{'; '.join(map(str, rows.faults))}. The column 'reason' says why"
            f"{'' if _none_predicted(rows) else '; --strict refuses such a file'}."
        )
    other = "." if decimal == "," else ","
    if any(one.what not in (UNSEEN, NOT_POSITIVE) and one.has_numbers_with(other) for one in rows.faults):
        yield f"Are numbers written with {other!r} as decimal mark? --decimal {other} reads them."
    for column, level, entries in rows.gathered:
        shown = listed([repr(entry) for entry, _ in entries.most_common()], 3)
        n = entries.total()
        yield (
            f"{n} row{'s' * (n != 1)} with {shown} in {column!r}, which the fit has not seen, count"
            f"{'s' * (n == 1)} as {level!r}, the level of rare ones."
        )


def _none_predicted(rows: NewRows) -> bool:
    return bool(len(rows.reasons)) and bool((rows.reasons != "").all())


def _csv(found: "pd.DataFrame") -> str:
    text = found.to_csv(float_format="%.10g", lineterminator="\n", index=False)
    return printable(text) if sys.stdout.isatty() else text  # to a file what was kept goes as it is


def _draws(fitted: Path) -> "xr.DataTree":
    if not fitted.is_dir():
        return read_draws(fitted)
    if not (fitted / DRAWS).exists() and (fitted / COEFFICIENTS).exists():
        raise ValueError(
            f"{fitted} has a mode and no {DRAWS}: its fit was broken off. Fit again to have draws."
        )
    if not (fitted / DRAWS).exists():
        raise ValueError(f"{fitted} has no {DRAWS}. `bayesreg fit` writes it: give the folder of its --out.")
    tree = read_draws(fitted / DRAWS)
    check_one_fit(fitted, files_of_fit(tree))
    return tree
