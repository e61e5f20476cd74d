"""bayesreg through its public contract, from arrays to a DataTree."""

from common import CHAINS, DRAWS, serve


def load():
    """Import what it takes; return the fit."""
    import numpyro.distributions as dist

    import bayesreg as br

    def fit(X, y, scale, seed, way):
        model = br.LinearModel(br.LaplacePrior(scale), br.GaussianLikelihood(dist.HalfNormal(1.0)))
        tree = br.sample_posterior(
            model, br.RowData.from_arrays(X, y), num_samples=DRAWS, num_chains=CHAINS, seed=seed, progress=False,
            method=way,
        )  # fmt: skip
        posterior = tree["posterior"]
        names = {"coef": "coef", "intercept": "intercept", "sigma": "noise_scale"}
        stats = tree["sample_stats"]
        steps = float(stats["n_steps"].mean()) if "n_steps" in stats else None
        extra = {"diverging": int(stats["diverging"].sum()), "n_steps": steps, "method": tree.attrs["method"]}
        return {ours: posterior[theirs].values for ours, theirs in names.items()}, extra

    return fit


def versions():
    """Return the versions at work."""
    import jax
    import numpyro

    import bayesreg as br

    return {"bayesreg": br.__version__, "numpyro": numpyro.__version__, "jax": jax.__version__}


if __name__ == "__main__":
    serve(load, versions)
