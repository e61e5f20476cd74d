"""The model as a user of NumPyro would write it: the density that ours must equal."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist


class ElasticNet(dist.Distribution):
    """p(β) ∝ exp(−|β|/b − ½(β/τ)²), normalised by numerical integration where it must be."""

    support = dist.constraints.real

    def __init__(self, b, tau):
        self.b, self.tau = jnp.broadcast_arrays(jnp.asarray(b, float), jnp.asarray(tau, float))
        super().__init__(batch_shape=self.b.shape)

    def sample(self, key, sample_shape=()):
        return jnp.zeros((*sample_shape, *self.batch_shape))  # a start for NUTS, no draw

    def log_prob(self, value):
        # 400 Gauss-Legendre nodes on [0, 40·min(b, τ)]: an independent normaliser
        import numpy as np

        nodes, weights = np.polynomial.legendre.leggauss(400)
        top = 40.0 * jnp.minimum(self.b, self.tau)[..., None]
        t = 0.5 * top * (nodes + 1.0)
        mass = 2.0 * jnp.sum(
            0.5 * top * weights * jnp.exp(-t / self.b[..., None] - 0.5 * (t / self.tau[..., None]) ** 2), -1
        )
        return -jnp.abs(value) / self.b - 0.5 * (value / self.tau) ** 2 - jnp.log(mass)


def prior_distribution(kind, scales, unit):
    """Return the coefficients' prior, whose scales are multiplied by `unit`."""
    if kind == "laplace":
        return dist.Laplace(0.0, scales["scale"] * unit)
    if kind == "gaussian":
        return dist.Normal(0.0, scales["scale"] * unit)
    return ElasticNet(scales["laplace_scale"] * unit, scales["gaussian_scale"] * unit)


def linear_regression(X, y, w, *, kind, scales, relative, noise, hyper, p):
    """Weight wᵢ multiplies row i's log-likelihood; intercept flat; all priors on natural scales."""
    intercept = numpyro.sample("intercept", dist.ImproperUniform(dist.constraints.real, (), ()))
    sigma = noise if isinstance(noise, float) else numpyro.sample("noise_scale", noise)
    scales = dict(scales)
    for name, prior in hyper.items():
        field = "scale" if name == "prior_scale" else name
        scales[field] = numpyro.sample(name, prior) * jnp.ones(p)
    unit = sigma if relative else 1.0
    coef = numpyro.sample("coef", prior_distribution(kind, scales, unit * jnp.ones(p)).to_event(1))
    log_likelihood = dist.Normal(intercept + X @ coef, sigma).log_prob(y)
    numpyro.sample("rows", dist.Delta(0.0, log_density=jnp.sum(w * log_likelihood)), obs=0.0)
