"""bayesreg through its public contract, from arrays to a DataTree."""

from common import CHAINS, DRAWS, serve


def load():
    """Import what it takes; return the fit."""
    import numpyro.distributions as dist

    import bayesreg as br

    def model_of(case):
        if case.family == "bernoulli":
            flat_or_so = br.GaussianPrior(10.0)
            return br.LinearModel(
                br.GaussianPrior(case.scale), br.BernoulliLikelihood(), intercept_prior=flat_or_so
            )
        return br.LinearModel(br.LaplacePrior(case.scale), br.GaussianLikelihood(dist.HalfNormal(1.0)))

    def fit(case, seed, way):
        tree = br.sample_posterior(
            model_of(case), br.RowData.from_arrays(case.X, case.y), num_samples=DRAWS, num_chains=CHAINS,
            seed=seed, progress=False, method=way,
        )  # fmt: skip
        posterior = tree["posterior"]
        names = {"coef": "coef", "intercept": "intercept", "sigma": "noise_scale"}
        found = {ours: posterior[theirs].values for ours, theirs in names.items() if theirs in posterior}
        stats = tree["sample_stats"]
        steps = float(stats["n_steps"].mean()) if "n_steps" in stats else None
        extra = {"diverging": int(stats["diverging"].sum()), "n_steps": steps, "method": tree.attrs["method"]}
        return found, {**extra, "certified": bool(tree.attrs["certified"])}

    return fit


def versions():
    """Return the versions at work."""
    import jax
    import numpyro

    import bayesreg as br

    return {"bayesreg": br.__version__, "numpyro": numpyro.__version__, "jax": jax.__version__}


if __name__ == "__main__":
    serve(load, versions)
