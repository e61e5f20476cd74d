"""The demonstration: one data set, both penalties, every claim beside its check."""

from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from ..compare.scikit_learn import compare_map_with_penalized
from ..conventions.translation import Translation, translate
from ..data.rows import RowData
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.estimate import map_estimate, map_path
from ..model.linear_model import LinearModel
from ..plots.paths import plot_coefficient_path
from ..posterior.diagnostics import diagnose
from ..posterior.draws.summary import summarise_coefs
from ..posterior.sample import sample_posterior
from ..priors.base import Prior
from ..priors.flat import FlatPrior
from ..priors.gaussian import GaussianPrior
from ..priors.laplace import LaplacePrior
from .figures import make_figure, save_figure
from .fitted import Fit
from .pictures import forest_figure
from .words.numbers import coefficient_cells, exactly
from .words.text import (
    make_console,
    make_table,
    print_certificate,
    print_code,
    print_diagnostics,
)

_LASSO_ALPHA, _RIDGE_ALPHA = 0.1, 0.1


def run(directory: Path) -> None:
    """Print the comparisons and a posterior; write coefficient path and forest as PNG into `directory`."""
    from sklearn.datasets import load_diabetes

    directory.mkdir(parents=True, exist_ok=True)
    console = make_console()
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    data = RowData.from_arrays(X, y)
    least_squares = map_estimate(LinearModel(FlatPrior(), GaussianLikelihood(1.0)), data)
    degrees_of_freedom = data.n_samples - data.n_features - 1
    sigma = float(np.sqrt(2 * least_squares.certificate.primal / degrees_of_freedom))
    console.print(
        f"Diabetes data: {data.n_samples} patients, {data.n_features} features, y = disease progression after a year.\n"
        f"Noise scale, from least squares: sigma = sqrt(RSS / (n - p - 1)) = {sigma:.4f}.\n"
    )
    lasso = translate(_LASSO_ALPHA, "sklearn.Lasso", "LaplacePrior", y=y, noise_scale=sigma)
    ridge = translate(_RIDGE_ALPHA, "sklearn.Ridge", "GaussianPrior", y=y, noise_scale=sigma)
    for name, prior, translation in (
        ("Lasso", LaplacePrior(float(lasso)), lasso),
        ("Ridge", GaussianPrior(float(ridge)), ridge),
    ):
        _print_comparison(console, name, prior, translation, X, y, sigma)
    _draw(directory / "coefficient_path.png", data, sigma)
    _print_posterior(console, directory / "forest.png", LaplacePrior(float(lasso)), data, sigma)
    console.print(f"Coefficient paths: {directory / 'coefficient_path.png'}")
    console.print(f"Posterior intervals: {directory / 'forest.png'}")


def _print_comparison(
    console: Console,
    name: str,
    prior: Prior,
    translation: Translation,
    X: pd.DataFrame,
    y: pd.Series,
    sigma: float,
) -> None:
    model = LinearModel(prior, GaussianLikelihood(sigma))
    frame = compare_map_with_penalized(model, X, y)
    table = make_table(
        f"{type(prior).__name__}: its mode is the {name.lower()}",
        ("feature", "our MAP", f"scikit-learn's {name}", "difference"),
    )
    for feature, row in frame.iterrows():
        ours, theirs, difference = map(float, row)
        table.add_row(
            str(feature), exactly(ours), exactly(theirs), f"{difference:.1e}" if difference else "0"
        )
    console.print(table)
    mode = map_estimate(model, RowData.from_arrays(X, y))
    strength = "l1" if np.any(mode.penalty.l1) else "l2"
    value = float(np.max(getattr(mode.penalty, strength)))
    print_certificate(console, mode)
    console.print(
        f"lambda        canonical {strength} = {value:.6g}  <->  prior scale = {float(translation):.6g}"
    )
    print_code(console, "scikit-learn", frame.attrs["code"])
    print_code(console, "bayesreg", f"br.BayesRegressor({translation.code}, noise_scale={sigma!r})\n")


def _print_posterior(console: Console, file: Path, prior: Prior, data: RowData, sigma: float) -> None:
    model = LinearModel(prior, GaussianLikelihood(sigma))
    mode, tree = map_estimate(model, data), sample_posterior(model, data)
    table = make_table(
        f"{type(prior).__name__}: the posterior around its mode",
        ("feature", "MAP", "posterior mean", "90% interval"),
    )
    for name, row in summarise_coefs(mode, tree).iterrows():
        table.add_row(str(name), *coefficient_cells(row))
    console.print(table)
    found = diagnose(tree)
    print_diagnostics(console, found, found.sentence)
    console.print()
    save_figure(forest_figure(Fit(model, data, mode, tree, None)), file)


def _draw(file: Path, data: RowData, sigma: float) -> None:
    figure = make_figure(8, 9)
    axes = figure.subplots(2, 1)
    for ax, prior, title in (
        (axes[0], LaplacePrior(), "Laplace prior: coefficients are exactly zero until they enter"),
        (axes[1], GaussianPrior(), "Gaussian prior: all shrink together, none is zero"),
    ):
        path = map_path(LinearModel(prior, GaussianLikelihood(sigma)), data)
        plot_coefficient_path(path, ax, title)
    save_figure(figure, file)
