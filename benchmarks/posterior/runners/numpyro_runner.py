"""NumPyro, as its users write the model, and by an expert: a dense metric, of measured y on sufficient statistics."""

from common import CHAINS, DRAWS, WARMUP, serve


def load():
    """Import what it takes; return the fit."""
    import jax
    import numpyro

    numpyro.set_host_device_count(CHAINS)
    numpyro.enable_x64()
    import jax.numpy as jnp
    import numpy as np
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS

    def as_written(X, y, scale):
        intercept = numpyro.sample("intercept", dist.Normal(0.0, 10.0))
        coef = numpyro.sample("coef", dist.Laplace(0.0, scale).expand([X.shape[1]]).to_event(1))
        sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
        numpyro.sample("y", dist.Normal(intercept + X @ coef, sigma), obs=y)

    def statistics(n, gram, cross, square, means, mean, scale):
        intercept = numpyro.sample("intercept", dist.Normal(0.0, 10.0))
        coef = numpyro.sample("coef", dist.Laplace(0.0, scale).expand([cross.size]).to_event(1))
        sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
        rss = square - 2.0 * coef @ cross + coef @ gram @ coef + n * (intercept - mean + means @ coef) ** 2
        numpyro.factor("rows", -n * jnp.log(sigma) - 0.5 * rss / sigma**2)

    def labels(X, y, scale):
        intercept = numpyro.sample("intercept", dist.Normal(0.0, 10.0))
        coef = numpyro.sample("coef", dist.Normal(0.0, scale).expand([X.shape[1]]).to_event(1))
        numpyro.sample("y", dist.Bernoulli(logits=intercept + X @ coef), obs=y)

    # Parallel chains compile again for new data; vectorised ones do not with jit_model_args, which slows them: both.
    kernels = {
        f"{model}, {method}": MCMC(
            NUTS(function, **kernel), num_warmup=WARMUP, num_samples=DRAWS, num_chains=CHAINS, chain_method=method,
            progress_bar=False, jit_model_args=True,
        )
        for model, function, kernel in (
            ("written", as_written, {}),
            ("labels", labels, {}),
            ("dense", labels, {"dense_mass": True}),
            ("statistics", statistics, {"dense_mass": [("coef", "intercept")]}),
        )
        for method in ("parallel", "vectorized")
    }  # fmt: skip

    def fit(case, seed, way):
        X, y, scale, family = case
        mcmc = kernels[way if family == "gaussian" else way.replace("written", "labels")]
        if not way.startswith("statistics"):
            arguments = (X, y, scale)
        else:
            centred, deviation = X - X.mean(axis=0), y - y.mean()
            arguments = (
                float(len(y)), centred.T @ centred, centred.T @ deviation, float(deviation @ deviation), X.mean(axis=0),
                float(y.mean()), scale,
            )  # fmt: skip
        mcmc.run(jax.random.key(seed), *arguments, extra_fields=("diverging", "num_steps"))
        draws = {name: np.asarray(v) for name, v in mcmc.get_samples(group_by_chain=True).items()}
        fields = mcmc.get_extra_fields()
        return draws, {
            "diverging": int(fields["diverging"].sum()),
            "n_steps": float(fields["num_steps"].mean()),
        }

    return fit


def versions():
    """Return the versions at work."""
    import jax
    import numpyro

    return {"numpyro": numpyro.__version__, "jax": jax.__version__}


if __name__ == "__main__":
    serve(load, versions)
