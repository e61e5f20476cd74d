"""Bambi as its users write it, with PyMC's sampler or with nutpie's."""

import logging
import warnings

from common import CHAINS, DRAWS, WARMUP, serve


def load():
    """Import what it takes; return the fit."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import bambi as bmb
    import pandas as pd

    def fit(case, seed, way):
        names = [f"x{j}" for j in range(case.X.shape[1])]
        frame = pd.DataFrame(case.X, columns=names).assign(y=case.y)
        measured = case.family == "gaussian"
        law = {"name": "Laplace", "b": case.scale} if measured else {"name": "Normal", "sigma": case.scale}
        priors = {name: bmb.Prior(mu=0.0, **law) for name in names}
        priors["Intercept"] = bmb.Prior("Normal", mu=0.0, sigma=10.0)
        if measured:
            priors["sigma"] = bmb.Prior("HalfNormal", sigma=1.0)
        model = bmb.Model(
            "y ~ " + " + ".join(names), frame, family=case.family, priors=priors, center_predictors=False
        )
        tree = model.fit(
            draws=DRAWS, tune=WARMUP, chains=CHAINS, cores=2, random_seed=seed, inference_method=way, progressbar=False,
        )  # fmt: skip
        posterior = tree["posterior"]
        import numpy as np

        draws = {
            "coef": np.stack([posterior[name].values for name in names], axis=-1),
            "intercept": posterior["Intercept"].values,
        }
        if measured:
            draws["sigma"] = posterior["sigma"].values
        stats = tree["sample_stats"]
        steps = float(stats["n_steps"].mean()) if "n_steps" in stats else None
        return draws, {"diverging": int(stats["diverging"].sum()), "n_steps": steps}

    return fit


def versions():
    """Return the versions at work."""
    import bambi
    import pymc

    found = {"bambi": bambi.__version__, "pymc": pymc.__version__}
    try:
        import nutpie
    except ImportError:
        return found
    return found | {"nutpie": nutpie.__version__}


if __name__ == "__main__":
    serve(load, versions)
