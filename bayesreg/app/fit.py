"""The command `fit`: a file to a mode, a posterior, pictures, a report, and lines to paste."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from ..data.files.levels import levels_to_json
from ..data.files.table import Table
from ..data.rows import RowData
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.estimate import MapEstimate, map_estimate
from ..model.linear_model import LinearModel
from ..posterior.sample import sample_posterior
from ..priors.base import DEFAULT_SCALE, Prior
from ..priors.elastic_net import ElasticNetPrior
from ..priors.gaussian import GaussianPrior
from ..priors.laplace import LaplacePrior
from ..selection.select import ScaleSelection, select_scale
from .commands.as_json import print_json
from .commands.fit_json import fit_document
from .commands.fit_text import print_fit, table_notes
from .commands.rows import Rows
from .draws_file import DRAWS, LEVELS, draws_content
from .figures import picture
from .fitted import FEWEST_DRAWS, Fit
from .outputs import COEFFICIENTS, FOREST, PATH, REPORT, SCALES, Outputs, put_somewhere
from .pictures import forest_figure, path_figure
from .report.page import render
from .report.section import Origin
from .words.model_text import described
from .words.text import make_console, print_labelled

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def make_model(
    prior: str,
    scale: float | str | None,
    noise_scale: float | None,
    standardize: bool | None,
    *,
    relative_to_noise: bool = False,
    fit_intercept: bool = True,
) -> LinearModel:
    """Return the model that the options state.

    Parameters
    ----------
    prior : "laplace", "gaussian" or "elastic-net"
    scale : float or str, optional
        Of the prior; None is the prior's default, and text a method that is to choose it.
    noise_scale : float, optional
        σ; None is unknown.
    standardize : bool, optional
        None is no, except where a scale is to be chosen, and for an elastic net without one, which
        has a default on standardised columns only.
    relative_to_noise : bool, default False
        Whether a scale that is given is in units of the noise, as a chosen one is.
    fit_intercept : bool, default True

    Returns
    -------
    LinearModel
    """
    likelihood = GaussianLikelihood(noise_scale)
    if prior == "elastic-net" and not isinstance(scale, float):
        if standardize is False:
            raise ValueError(
                "an elastic net has a default scale on standardised columns only. "
                "Give --scale as a number, or leave out --no-standardize."
            )
        net = ElasticNetPrior(DEFAULT_SCALE, DEFAULT_SCALE, relative_to_noise=True)
        return LinearModel(net, likelihood, fit_intercept, standardize=True)
    if isinstance(scale, str):  # relative to the noise, so that the mode has the lambda that is chosen
        kind = LaplacePrior if prior == "laplace" else GaussianPrior
        to_choose = kind(DEFAULT_SCALE, relative_to_noise=True)
        return LinearModel(to_choose, likelihood, fit_intercept, standardize=standardize is not False)
    chosen: Prior
    if prior == "elastic-net":
        chosen = ElasticNetPrior(scale, scale, relative_to_noise=relative_to_noise)
    else:
        kind = LaplacePrior if prior == "laplace" else GaussianPrior
        chosen = kind(scale, relative_to_noise=relative_to_noise)
    return LinearModel(chosen, likelihood, fit_intercept, standardize=bool(standardize))


@final
@dataclass(frozen=True)
class Task:
    """What `bayesreg fit` was asked for.

    Attributes
    ----------
    rows : Rows
        The file and its columns.
    model : LinearModel
    selection : str or None
        The method that chooses the scale; None: it is the model's.
    seed : int
    out : Path
        The directory to write to.
    report : bool
        Whether to write the HTML page.
    json : bool
        Whether to print JSON in place of text.
    command : str
        The command line, for the report.
    """

    rows: Rows
    model: LinearModel
    selection: str | None
    seed: int
    out: Path
    report: bool
    json: bool
    command: str


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
        After Ctrl-C: at once, or where each chain has some draws once they are written.
    """
    console = make_console(quiet=task.json)
    table = task.rows.read()
    _check_names(task, table)
    notes = table_notes(task.rows.file, table, fit_intercept=task.model.fit_intercept)
    for label, text in notes:
        print_labelled(console, label, text)
    data = RowData.from_arrays(table.X, table.y, table.weights)
    model, chosen = _choose(console, task, data)
    mode = map_estimate(model, data) if chosen is None else chosen.map_estimate()
    outputs = Outputs(task.out, written)
    files = _mode_files(model, mode, chosen, data)
    outputs.put(files)
    tree = sample_posterior(model, data, seed=task.seed)
    tree.attrs[LEVELS] = levels_to_json(table.levels)
    fit = Fit(model, data, mode, tree, chosen, table.levels)
    if fit.n_draws_a_chain < FEWEST_DRAWS and not fit.complete:
        raise KeyboardInterrupt
    files[COEFFICIENTS] = _csv(fit.coefs)
    put_somewhere(outputs, files | {DRAWS: draws_content(tree, files)})
    print_fit(console, fit)
    files[FOREST] = picture(forest_figure(fit.tree, fit.mode, fit.data))
    if task.report:
        origin = Origin(
            f"{table.y.name} in {task.rows.file.name}", str(table.y.name), "Command", task.command, notes
        )
        files[REPORT] = render(fit, origin).encode()
    outputs.put(files | {DRAWS: draws_content(tree, files)})
    print_labelled(console, "written", f"{', '.join(written)} in {task.out}")
    if outputs.removed:
        print_labelled(
            console, "removed", f"{', '.join(outputs.removed)}, of an earlier fit, from {task.out}"
        )
    if outputs.left:
        print_labelled(console, "left", f"{', '.join(outputs.left)}, of another fit, in {task.out}")
    if task.json:
        print_json(fit_document(fit, table, [str(task.out / name) for name in written]))
    if not fit.complete:
        raise KeyboardInterrupt


def _check_names(task: Task, table: Table) -> None:
    if task.model.fit_intercept and "intercept" in table.X.columns:
        raise ValueError(
            "a column is called 'intercept', as the model's own is. Leave it out with --exclude intercept, give "
            "--no-intercept to have it in place of the model's own, or rename it."
        )


def _choose(console: "Console", task: Task, data: RowData) -> tuple[LinearModel, ScaleSelection | None]:
    """Return the model to fit, and how its scale was chosen where it was."""
    chosen = None if task.selection is None else select_scale(task.model, data, task.selection)
    model = task.model if chosen is None else chosen.model
    print_labelled(console, "model", described(model))
    if chosen is not None:
        print_labelled(console, "chosen", str(chosen))
    return model, chosen


def _mode_files(
    model: LinearModel, mode: MapEstimate, chosen: ScaleSelection | None, data: RowData
) -> dict[str, bytes]:
    """Return what is known before the posterior is, by the names of the files."""
    files = {COEFFICIENTS: _csv(_mode_frame(mode, model))}
    if chosen is not None:
        files[SCALES] = _csv(chosen.to_frame())
    if mode.noise_scale > 0.0:  # it is 0 for a constant response, which was warned of
        files[PATH] = picture(path_figure(model, mode, data))
    return files


def _csv(frame: "pd.DataFrame") -> bytes:
    return frame.to_csv().encode()


def _mode_frame(mode: MapEstimate, model: LinearModel) -> "pd.DataFrame":
    import pandas as pd

    names, values = [*mode.feature_names], [*(mode.coef + 0.0)]
    if model.fit_intercept:
        names, values = [*names, "intercept"], [*values, mode.intercept]
    return pd.DataFrame({"map": values}, index=pd.Index(names, name="feature"))
