"""The pictures on the reference's page of plots: `make pictures` writes them to docs/images/plots."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.datasets import load_diabetes

import bayesreg as br

FOLDER = Path(__file__).resolve().parents[1] / "images" / "plots"
X, Y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
TRAIN, TEST = (br.RowData.from_arrays(X[rows], Y[rows]) for rows in (X.index % 2 == 0, X.index % 2 == 1))
DATA = br.RowData.from_arrays(X, Y)
Z = (X - X.mean()) / X.std(ddof=0)
STANDARDISED = br.LinearModel(br.LaplacePrior(10.0), br.GaussianLikelihood(54.0), standardize=True)
PRIORS = (br.LaplacePrior(1.0), br.GaussianPrior(1.0), br.ElasticNetPrior(1.0, 1.0))


def path(ax: Axes) -> None:
    """Draw a path on standardised columns, with bands and the scales that two methods take."""
    rows = br.RowData.from_arrays(Z, Y)
    model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(54.0))
    scales = np.geomspace(0.1, 200.0, 40)
    chosen = [br.select_scale(model, rows, method) for method in ("cv-1se", "evidence")]
    bands = br.path_intervals(model, rows, scales, num_samples=2000, progress=False)
    ax = br.plot_coefficient_path(br.map_path(model, rows, scales=scales), ax, bands=bands, marks=chosen)
    ax.set_ylim(-60.0, 60.0)


def selection(figure: Figure) -> None:
    """Draw what five methods compared."""
    rows, model = br.RowData.from_arrays(Z, Y), br.LinearModel(br.GaussianPrior())
    methods = ("cv", "cv-1se", "loo", "bic", "evidence", "posterior")
    found = [br.select_scale(model, rows, method) for method in methods]
    br.plot_scale_selection(found, list(figure.subplots(2, 1, sharex=True)), convention="sklearn.Ridge")


def geometry(ax: Axes) -> None:
    """Draw a diamond that meets a contour well before least squares."""
    rows = br.RowData.from_arrays(Z[["bmi", "bp"]], Y)
    br.plot_geometry(br.LinearModel(br.LaplacePrior(0.5), br.GaussianLikelihood(54.0)), rows, ax)


def of_patients() -> None:
    """Draw whether a disease that goes far is foreseen."""
    far = (Y.median() < Y).astype(float)
    model = br.LinearModel(br.GaussianPrior(), br.BernoulliLikelihood())
    rows = br.RowData.from_arrays(X, far)
    check = br.check_predictions(br.sample_posterior(model, rows, progress=False), rows)
    save("plot_reliability", lambda ax: br.plot_reliability(check, ax, event="far"), 5.0)
    save("plot_probabilities", lambda ax: br.plot_probabilities(check, ax, labels=("not far", "far")), 5.0)


def of_counts() -> None:
    """Draw counts that vary more than a Poisson model says, and what a negative binomial makes of them."""
    rng = np.random.default_rng(4)
    counts = rng.poisson(np.exp(0.6 + 0.5 * Z["bmi"]) * rng.gamma(1.5, 1 / 1.5, len(Z)))
    rows = br.RowData.from_arrays(Z, counts)
    poisson = br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood())
    tree = br.sample_posterior(poisson, rows, progress=False)
    save("plot_rootogram", lambda ax: br.plot_rootogram(br.replicate(tree, rows), ax, response="count"))
    check = br.check_predictions(tree, rows)
    save("plot_quantile_residuals", lambda ax: br.plot_quantile_residuals(check, ax, response="count"))
    save("plot_replicates", lambda ax: br.plot_replicates(br.replicate(tree, rows), ax, response="count"))


def save(name: str, draw: "object", width: float = 6.5, height: float = 4.0) -> None:
    """Draw on a figure of its own, and write it."""
    figure = Figure(figsize=(width, height), layout="constrained")
    draw(figure if draw is selection else figure.subplots())  # type: ignore[operator]
    figure.savefig(FOLDER / f"{name}.png", dpi=110)


def all_priors(plot: "object") -> "object":
    """Return what draws three priors on one axes."""
    return lambda ax: [plot(prior, 1.0, ax) for prior in PRIORS]  # type: ignore[operator]


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    mode = br.map_estimate(STANDARDISED, DATA)
    tree = br.sample_posterior(STANDARDISED, DATA, progress=False)
    check = br.check_predictions(br.sample_posterior(STANDARDISED, TRAIN, progress=False), TEST)
    save("plot_coefficient_path", path)
    save("plot_forest", lambda ax: br.plot_forest(tree, mode, ax, DATA.column_sd))
    save("plot_scale_selection", selection, 8.0, 6.5)
    save("plot_prior", all_priors(br.plot_prior))
    save("plot_penalty", all_priors(br.plot_penalty))
    save("plot_shrinkage", all_priors(br.plot_shrinkage))
    save("plot_geometry", geometry)
    save("plot_certificate", lambda ax: br.plot_certificate(mode, STANDARDISED, DATA, ax))
    judged = br.certify_posterior(tree, STANDARDISED, DATA)
    save("plot_posterior_certificate", lambda ax: br.plot_posterior_certificate(judged, ax), 8.0, 6.0)
    save("plot_predictive_check", lambda ax: br.plot_predictive_check(check, ax))
    save("plot_calibration", lambda ax: br.plot_calibration(check, ax), 5.0)
    save("plot_observed", lambda ax: br.plot_observed(check, ax), 5.0)
    save("plot_residuals", lambda ax: br.plot_residuals(check, ax))
    of_patients()
    of_counts()


if __name__ == "__main__":
    main()
