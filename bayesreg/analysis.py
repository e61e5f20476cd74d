"""The command `fit`: a CSV file to a mode, a posterior, pictures, and lines to paste."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .code_lines import regressor_code, sklearn_code
from .data.rows import RowData
from .data.table import Table, read_table
from .errors import NoEquivalent
from .figures import make_figure, save_figure, save_forest
from .likelihoods import GaussianLikelihood
from .mode.solve import MapEstimate, MapPath, map_estimate, map_path
from .model import LinearModel
from .penalty import Penalty
from .posterior.diagnostics import diagnose
from .posterior.sample import sample_posterior
from .posterior.summary import summarise_coefs, summarise_noise_scale
from .priors import DEFAULT_SCALE, ElasticNetPrior, GaussianPrior, LaplacePrior, Prior
from .selection import select_scale
from .text import (
    coefficient_cells,
    make_console,
    make_table,
    print_certificate,
    print_code,
    print_diagnostics,
    print_labelled,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes
    from rich.console import Console

_MODE_NAMES = {"LaplacePrior": "lasso", "GaussianPrior": "ridge", "ElasticNetPrior": "elastic net"}
_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MOST_ROWS = 60
_DIFFERENT_UNITS = 10.0  # ratio of column sds above which raw coefficients share no axis
_UNITS_LABEL = "coefficient × sd(x), in units of y"
_MARGIN = 1.5  # how far a path goes on past the scale of the fit


def make_model(
    prior: str, scale: float | str | None, noise_scale: float | None, standardize: bool | None
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
        return LinearModel(net, likelihood, standardize=True)
    if isinstance(scale, str):  # relative to the noise, so that the mode has the lambda that is chosen
        kind = LaplacePrior if prior == "laplace" else GaussianPrior
        to_choose = kind(DEFAULT_SCALE, relative_to_noise=True)
        return LinearModel(to_choose, likelihood, standardize=standardize is not False)
    chosen: Prior
    if prior == "elastic-net":
        chosen = ElasticNetPrior(scale, scale)
    else:
        chosen = LaplacePrior(scale) if prior == "laplace" else GaussianPrior(scale)
    return LinearModel(chosen, likelihood, standardize=bool(standardize))


def run(
    file: Path,
    target: str,
    features: tuple[str, ...],
    model: LinearModel,
    out: Path,
    written: list[str],
    *,
    selection: str | None = None,
    drop_missing: bool,
    seed: int,
) -> None:
    """Fit a CSV file, print the result and write it, the mode before the posterior.

    Parameters
    ----------
    file : Path
    target : str
    features : tuple of str
        Empty means all columns but the target.
    model : LinearModel
    out : Path
        The directory to write to.
    written : list of str
        Filled with the names of the files as they are complete.
    selection : str, optional
        The method that chooses the scale; None: it is the model's.
    drop_missing : bool
    seed : int
    """
    console = make_console()
    table = read_table(file, target, features, drop_missing=drop_missing)
    data = RowData.from_arrays(table.X, table.y)
    _print_table(console, file, table)
    chosen = None if selection is None else select_scale(model, data, selection)
    model = model if chosen is None else chosen.model
    print_labelled(console, "model", _described(model))
    if chosen is not None:
        print_labelled(console, "chosen", str(chosen))
    mode = map_estimate(model, data) if chosen is None else chosen.map_estimate()
    out.mkdir(parents=True, exist_ok=True)
    _write_mode(out, mode)
    written.append("coefficients.csv")
    if chosen is not None:
        chosen.to_frame().to_csv(out / "scales.csv")
        written.append("scales.csv")
    if mode.noise_scale > 0.0:  # it is 0 for a constant response, which was warned of
        _draw_path(out / "path.png", model, mode, data)
        written.append("path.png")
    tree = sample_posterior(model, data, seed=seed)
    coefs = summarise_coefs(mode, tree)
    coefs.to_csv(out / "coefficients.csv")
    tree.to_netcdf(out / "posterior.nc", engine="h5netcdf")
    written.append("posterior.nc")
    save_forest(out / "forest.png", tree, mode, _common_units(data))
    written.append("forest.png")
    _print_coefficients(console, coefs)
    print_certificate(console, mode)
    print_labelled(console, "sigma", _sigma(mode, tree))
    print_diagnostics(console, diagnose(tree))
    _print_code(console, model, mode, data)
    print_labelled(console, "written", f"{', '.join(written)} in {out}")


def _print_table(console: "Console", file: Path, table: Table) -> None:
    rows, p = table.X.shape
    print_labelled(
        console,
        "data",
        f"{file}: {rows + table.n_dropped} rows, {table.n_columns} columns separated by "
        f"{_DELIMITER_NAMES[table.delimiter]}; target {table.y.name!r}, {p} feature{'s' * (p != 1)}",
    )
    if table.unnamed:
        places = ", ".join(map(str, table.unnamed))
        print_labelled(console, "left out", f"column {places} of the file, which has no name")
    if table.n_dropped:
        counts = ", ".join(f"{count} in {name!r}" for name, count in table.dropped.items())
        print_labelled(
            console, "dropped", f"rows with missing entries: {table.n_dropped} ({counts}); {rows} are left"
        )
    for levels in table.levels:
        print_labelled(console, "levels", _levels(levels.column, levels.values, levels.features))
    if table.constant:
        names = ", ".join(map(repr, table.constant))
        print_labelled(
            console,
            "constant",
            f"{names}: the data say nothing of a column that does not vary, so its MAP is 0 and its "
            "posterior is the prior",
        )


def _levels(column: str, values: tuple[str, ...], features: tuple[str, ...]) -> str:
    if len(values) == 2:
        return f"{column!r} is text: {features[0]} is 1 for {values[1]!r} and 0 for {values[0]!r}"
    if len(values) == 1:
        return f"{column!r} is text of one level: {features[0]}"
    return (
        f"{column!r} is text of {len(values)} levels, each a column: {', '.join(features)}; the data tell only "
        "their differences apart, the prior how intercept and levels share the rest"
    )


def _described(model: LinearModel) -> str:
    kind = type(model.prior).__name__
    scales = ", ".join(
        f"{name} {_default_scale(model) if value is None else format(value, 'g')}"
        for name, value in model.prior.scales().items()
    )
    relative = " relative to sigma" if model.prior.relative_to_noise else ""
    columns = " on standardised columns" if model.standardize else ""
    sigma = model.likelihood.known_noise_scale
    noise = "sigma unknown" if sigma is None else f"sigma = {sigma:g}"
    return f"{kind} (its mode is the {_MODE_NAMES[kind]}), {scales}{relative}{columns}; {noise}"


def _default_scale(model: LinearModel) -> str:
    return f"{DEFAULT_SCALE:g}{'' if model.standardize else '/sd(x)'} relative to sigma"


def _write_mode(out: Path, mode: MapEstimate) -> None:
    import pandas as pd

    at_mode = {"feature": [*mode.feature_names, "intercept"], "map": [*(mode.coef + 0.0), mode.intercept]}
    pd.DataFrame(at_mode).to_csv(out / "coefficients.csv", index=False)


def _draw_path(file: Path, model: LinearModel, mode: MapEstimate, data: RowData) -> None:
    model = _on_path(model, mode.noise_scale)
    path = _path_past(model, data)
    units = _common_units(data)
    if units is not None:
        path = replace(path, coefs=path.coefs * units)
    from .plots import plot_coefficient_path

    figure = make_figure(8, 5)
    ax = plot_coefficient_path(path, figure.subplots())
    ax.set_xlabel(_path_label(model))
    if units is not None:
        ax.set_ylabel(_UNITS_LABEL)
    scale = _first_scale(model.prior)
    if scale < np.inf:
        _mark_scale(ax, scale)
    save_figure(figure, file)


def _mark_scale(ax: "Axes", scale: float) -> None:
    low, high = ax.get_xlim()
    on_right = scale > np.sqrt(low * high)
    ax.axvline(scale, color="0.3", linewidth=1.0, linestyle=(0, (1, 2)), zorder=0)
    ax.annotate(
        f"this fit: {scale:g}",
        (scale, 0.02),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if on_right else 4, 0),
        textcoords="offset points",
        rotation=90,
        ha="right" if on_right else "left",
        va="bottom",
        fontsize="small",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
    )


def _on_path(model: LinearModel, noise_scale: float) -> LinearModel:
    """Return the same model with σ known, and a default scale stated as the number that it is."""
    likelihood = GaussianLikelihood(noise_scale)
    if _first_scale(model.prior) is not None:
        return replace(model, likelihood=likelihood)
    kind = LaplacePrior if isinstance(model.prior, LaplacePrior) else GaussianPrior
    prior = kind(DEFAULT_SCALE, relative_to_noise=True)
    return replace(model, prior=prior, likelihood=likelihood, standardize=True)


def _first_scale(prior: Prior) -> Any:
    return next(iter(prior.scales().values()))


def _path_past(model: LinearModel, data: RowData) -> MapPath:
    """Follow the path over its usual scales, and on to the model's own where that lies outside."""
    scale = _first_scale(model.prior)
    if scale == np.inf:
        return map_path(replace(model, prior=model.prior.with_scale(1.0)), data)
    path = map_path(model, data)
    low, high = path.scales.min(), path.scales.max()
    if low <= scale <= high:
        return path
    scales = np.geomspace(min(low, scale / _MARGIN), max(high, scale * _MARGIN), path.scales.size)
    return map_path(model, data, scales=scales)


def _path_label(model: LinearModel) -> str:
    y = "sigma" if model.prior.relative_to_noise else "y"
    x = "sd(x)" if model.standardize else "x"
    name = "Laplace scale" if isinstance(model.prior, ElasticNetPrior) else "prior scale"
    return f"{name}, in units of {y} per {'' if model.standardize else 'unit of '}{x}"


def _common_units(data: RowData) -> Any:
    """Return the columns' sd where raw coefficients are too unlike to share an axis, else None."""
    sd = data.column_sd
    varying = sd[sd > 0]
    return sd if varying.size and varying.max() > _DIFFERENT_UNITS * varying.min() else None


def _print_coefficients(console: "Console", summary: "pd.DataFrame") -> None:
    shown = summary
    if len(summary) > _MOST_ROWS:
        clarity = (summary["mean"] / summary["sd"].where(summary["sd"] > 0)).abs()
        shown = summary.loc[(clarity.rank(ascending=False, method="first") <= _MOST_ROWS).to_numpy()]
    table = make_table("", ("feature", "MAP", "posterior mean", "90% interval", "P(sign)"))
    for name, row in shown.iterrows():
        table.add_row(str(name), *coefficient_cells(row), _probability(row["p_sign"]))
    console.print()
    console.print(table)
    if len(shown) < len(summary):
        console.print(
            f"The {len(shown)} of {len(summary)} whose |mean|/sd is largest; all are in coefficients.csv."
        )
    console.print("P(sign): posterior probability that the coefficient has the sign of its mean.")
    if (summary["map"] == 0.0).any():
        console.print("A MAP of 0 is exactly zero.")
    console.print()


def _probability(value: float) -> str:
    return ">0.999" if value > 0.9995 else f"{value:.3f}"


def _sigma(mode: MapEstimate, tree: "xr.DataTree") -> str:
    row = summarise_noise_scale(mode, tree)
    if row is None:
        return f"known, {mode.noise_scale:g}"
    at_mode, mean, interval = coefficient_cells(row.iloc[0])
    return f"MAP {at_mode}, posterior mean {mean}, 90% interval {interval}"


def _print_code(console: "Console", model: LinearModel, mode: MapEstimate, data: RowData) -> None:
    print_labelled(console, "lambda", _strengths(mode.penalty))
    try:
        print_code(console, "scikit-learn", sklearn_code(mode.penalty, data))
    except NoEquivalent as error:
        print_labelled(console, "scikit-learn", f"no single lambda: {error}")
    print_code(console, "bayesreg", regressor_code(model))


def _strengths(penalty: Penalty) -> str:
    parts = []
    for name, value in (("l1", np.asarray(penalty.l1)), ("l2", np.asarray(penalty.l2))):
        if value.any():
            low, high = value.min(), value.max()
            same = np.isclose(low, high, rtol=1e-12, atol=0.0)
            parts.append(
                f"{name} = {high:.6g}" if same else f"{name} from {low:.6g} to {high:.6g}, by column"
            )
    return f"canonical {'; '.join(parts)}" if parts else "0: least squares"
