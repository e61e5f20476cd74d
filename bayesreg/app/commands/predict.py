"""The command `predict`: new rows, by the draws that `fit` has kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from ...base.version import __version__
from ...data.files.levels import levels_from_json
from ...data.files.table import read_features
from ...posterior.draws.predict import predict_posterior
from ..draws_file import DRAWS, LEVELS, files_of_fit, read_draws
from ..outputs import COEFFICIENTS, check_one_fit
from .as_json import print_json

if TYPE_CHECKING:
    import xarray as xr


def run(fitted: Path, file: Path, *, mass: float, of_mean: bool, decimal: str, json: bool) -> None:
    """Print a prediction with its interval for each row of a file.

    Parameters
    ----------
    fitted : Path
        The folder that `bayesreg fit` wrote to, or the file of draws in it.
    file : Path
        CSV or Parquet, with the columns that were features.
    mass : float
        Probability of the interval.
    of_mean : bool
        Whether it is of the mean response, not of a new observation.
    decimal : "." or ","
        Of a CSV file.
    json : bool
        JSON in place of CSV.
    """
    import pandas as pd

    tree = _draws(fitted)
    names = [str(name) for name in tree.children["posterior"].to_dataset()["feature"].values]
    X = read_features(file, names, levels_from_json(tree.attrs.get(LEVELS, "[]")), decimal)
    found = predict_posterior(tree, X, mass=mass, of="mean" if of_mean else "observation")
    found = found.set_axis(pd.RangeIndex(1, len(found) + 1))
    if json:
        rows = found.to_dict("records")
        print_json({"bayesreg": __version__, "mass": mass, "of_mean": of_mean, "predictions": rows})
    else:
        print(found.to_csv(index_label="row", float_format="%.10g", lineterminator="\n"), end="")


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
