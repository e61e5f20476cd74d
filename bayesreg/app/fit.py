"""The command `fit`: a file to a mode, a posterior, pictures, a report, and lines to paste."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, final

from ..data.files.levels import levels_to_json
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.estimate import MapEstimate, map_estimate
from ..model.linear_model import LinearModel
from ..model.problem import Data
from ..posterior.chain_numbers import FEWEST_DRAWS
from ..posterior.draws.interval import Interval
from ..posterior.sample import sample_posterior
from ..selection.scale_selection import ScaleSelection
from ..selection.select import select_scale
from .commands.as_json import print_json
from .commands.fit_data import Wanted, read_fit_data
from .commands.fit_json import fit_document
from .commands.fit_text import print_fit
from .commands.rows import Rows
from .commands.stated_folds import Folds, StatedFolds
from .commands.stated_model import StatedModel
from .draws_file import CAUTION, DRAWS, LEVELS, TARGET, TEXT_RULES, draws_content
from .figures import picture
from .fitted import Fit
from .outputs import COEFFICIENTS, DIFFERENCES, EFFECTS, FOREST, PATH, REPORT, SCALES, Outputs, put_somewhere
from .pictures import forest_figure, path_figure
from .report.page import render
from .report.section import Origin
from .words.cautions import prediction_caution
from .words.chosen_scale import selection_sentences
from .words.families import has_noise, unit_of
from .words.model_text import described
from .words.terminal import print_aside
from .words.text import make_console, print_labelled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console


@final
@dataclass(frozen=True)
class Task:
    """What `bayesreg fit` was asked for.

    Attributes
    ----------
    rows : Rows
        The file and its columns; the target may be None, if the file holds statistics.
    stated : StatedModel
        The model, or all of it but the scale and how that is to be chosen.
    folds : StatedFolds
        By which it is chosen, if the method has folds.
    seed : int
    out : Path
        The directory to write to.
    report : bool
        Whether to write the HTML page.
    json : bool
        Whether to print JSON in place of text.
    everything : bool
        Whether to print every coefficient.
    interval : float
        Probability of the intervals that are shown.
    command : str
        The command line, for the report.
    draws, warmup : int
        Of each of four chains.
    stream : bool or None
        Whether the rows are read once, for sums over them; None: if they need too much memory.
    """

    rows: Rows
    stated: StatedModel
    folds: StatedFolds
    seed: int
    out: Path
    report: bool
    json: bool
    everything: bool
    interval: float
    command: str
    draws: int = 1000
    warmup: int = 500
    stream: bool | None = None


def run(task: Task, written: list[str]) -> None:
    """Fit a file, print the result and write it, the mode before the posterior.

    Parameters
    ----------
    task : Task
    written : list of str
        Filled with the names of the files as they are complete.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C: at once, or once they are written if each chain has some draws.
    """
    console = make_console(quiet=task.json)
    stated = task.stated
    stated.model(stated.family or GaussianLikelihood.family)  # refuses what options contradict
    task.folds.check(stated.method)
    found = read_fit_data(Wanted(task.rows, stated, task.folds, task.seed, task.stream))
    data, target, folds = found.data, found.target, found.folds
    model = stated.model(found.family.name)
    _check_names(data.feature_names, fit_intercept=model.fit_intercept)
    notes = found.notes
    if stated.family is not None or not model.likelihood.is_quadratic:
        notes = (*notes, ("family", found.family.said))
    for label, text in notes:
        print_labelled(console, label, text)
    if stated.family is None and not model.likelihood.is_quadratic and not sys.stdout.isatty():
        print_aside(f"Note: the target is taken as 0 and 1: {found.family.said}")  # it was not asked for
    model, chosen = _choose(console, task, model, data, folds)
    mode = map_estimate(model, data) if chosen is None else chosen.map_estimate()
    outputs = Outputs(task.out, written)
    # σ is 0 for a constant response, which was warned of; without a convex loss there is no path.
    has_path = mode.noise_scale > 0.0 and model.likelihood.is_convex
    path = path_figure(model, mode, data, unit_of(model.likelihood, target)) if has_path else None
    files = _mode_files(model, mode, chosen, path)
    outputs.put(files)
    tree = sample_posterior(
        model,
        data,
        num_warmup=task.warmup,
        num_samples=task.draws,
        seed=task.seed,
        progress=sys.stderr.isatty(),
    )
    tree.attrs[LEVELS] = levels_to_json(found.levels)
    tree.attrs[TEXT_RULES] = found.rules.to_json()
    tree.attrs[TARGET] = target.to_json()
    fit = Fit(
        model,
        data,
        mode,
        tree,
        chosen,
        found.levels,
        None if folds is None else folds.text,
        target,
        Interval(task.interval),
        in_command=True,
    )
    tree.attrs[CAUTION] = prediction_caution(fit)
    if fit.n_draws_a_chain < FEWEST_DRAWS and not fit.complete:
        raise KeyboardInterrupt
    files |= _coefficient_files(fit)
    put_somewhere(outputs, files | {DRAWS: draws_content(tree, files)})
    print_fit(console, fit, everything=task.everything)
    files[FOREST] = picture(forest_figure(fit))
    if task.report:
        files[REPORT] = render(fit, _origin(task, fit, notes, found.n_dropped), path).encode()
    outputs.put(files | {DRAWS: draws_content(tree, files)})
    _print_outputs(console, outputs)
    if task.json:
        print_json(fit_document(fit, found, [str(task.out / name) for name in written]))
    if not fit.complete:
        raise KeyboardInterrupt


def _origin(task: Task, fit: Fit, notes: tuple[tuple[str, str], ...], n_dropped: int) -> Origin:
    return Origin(
        f"{fit.response} in {task.rows.file.name}",
        fit.response,
        "Command",
        task.command,
        date.today(),
        f"bayesreg predict {quote(str(task.out))} NEW.csv",
        notes,
        n_dropped,
    )


def _check_names(names: Sequence[str], *, fit_intercept: bool) -> None:
    if fit_intercept and "intercept" in names:
        raise ValueError(
            "a column is called 'intercept', as the model's own is. Leave it out with --exclude intercept, give "
            "--no-intercept to have it in place of the model's own, or rename it."
        )


def _print_outputs(console: "Console", outputs: Outputs) -> None:
    """Say what was written, and what became of the files of an earlier fit."""
    for label, names, where in (
        ("written", outputs.written, " in"),
        ("removed", outputs.removed, ", of an earlier fit, from"),
        ("left", outputs.left, ", of another fit, in"),
    ):
        if names:
            print_labelled(console, label, f"{', '.join(names)}{where} {outputs.folder}")


def _choose(
    console: "Console", task: Task, model: LinearModel, data: Data, folds: Folds | None
) -> tuple[LinearModel, ScaleSelection | None]:
    """Return the model to fit, and how its scale was chosen if it was."""
    stated = task.stated
    if stated.draws_at_every_scale:
        print(
            f"Choosing the scale by {stated.method}, from draws at every scale: this takes a while.",
            file=sys.stderr,
        )
    given = {} if folds is None else {"folds": folds.folds}
    chosen = None
    if stated.method is not None:
        at = _at_known_dispersion(model, data)
        chosen = select_scale(at, data, stated.method, seed=task.seed, **given)
        if at is not model:
            chosen = replace(chosen, model=replace(chosen.model, likelihood=model.likelihood))
    model = model if chosen is None else chosen.model
    print_labelled(console, "model", described(model))
    if chosen is not None:
        print_labelled(console, "chosen", " ".join(selection_sentences(chosen, in_command=True)))
    if folds is not None:
        print_labelled(console, "folds", folds.text)
    return model, chosen


def _at_known_dispersion(model: LinearModel, data: Data) -> LinearModel:
    """Return the model with what its likelihood has beside σ as it is at the mode of the default scale."""
    likelihood = model.likelihood
    if has_noise(likelihood) or likelihood.parameters().keys() == likelihood.known.keys():
        return model
    return replace(model, likelihood=replace(likelihood, **map_estimate(model, data).nuisance))  # type: ignore[type-var]


def _mode_files(
    model: LinearModel, mode: MapEstimate, chosen: ScaleSelection | None, path: "Figure | None"
) -> dict[str, bytes]:
    """Return what is known before the posterior is, by the names of the files."""
    files = {COEFFICIENTS: _csv(_mode_frame(mode, model))}
    if chosen is not None:
        files[SCALES] = _csv(chosen.to_frame())
    if path is not None:
        files[PATH] = picture(path)
    return files


def _coefficient_files(fit: Fit) -> dict[str, bytes]:
    """Return the coefficients and, apart from them, what the data tell otherwise, with 90% intervals at least."""
    usual = fit if fit.interval == Interval() else replace(fit, interval=Interval())
    columns = list(fit.interval.columns)
    coefs, told = (
        mine if usual is fit else mine.assign(**{name: theirs[name] for name in columns})
        for mine, theirs in ((usual.coefs, fit.coefs), (usual.told, fit.told))
    )
    at = fit.effects.differing
    files = {COEFFICIENTS: _csv(coefs)} | ({DIFFERENCES: _csv(told.iloc[at])} if at.size else {})
    return files | ({} if fit.reported is None else {EFFECTS: _csv(fit.reported)})


def _csv(frame: "pd.DataFrame") -> bytes:
    return frame.to_csv().encode()


def _mode_frame(mode: MapEstimate, model: LinearModel) -> "pd.DataFrame":
    import pandas as pd

    names, values = [*mode.feature_names], [*(mode.coef + 0.0)]
    if model.fit_intercept:
        names, values = [*names, "intercept"], [*values, mode.intercept]
    return pd.DataFrame({"map": values}, index=pd.Index(names, name="feature"))
