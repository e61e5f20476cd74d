"""The law p(β) ∝ exp(−l1|β| − ½ l2 β²) of the Laplace, the Gaussian and the elastic-net prior."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..base.namespace import namespace
from .law import ScaleMixture

_FAR = 1e3  # of l1/√(2 l2): above it the elastic net is a Laplace prior
_NEARLY_LAPLACE = (
    1e4  # of l1/√l2: above it the Gaussian factor is 1 to 1e-8 in the bulk of the Laplace density
)


@final
@dataclass(frozen=True)
class ElasticNetLaw(ScaleMixture):
    """The normalised density exp(−l1|β| − ½ l2 β²). l1 and l2 are not both 0.

    If e ~ Exponential(1) and z ~ Normal(0, 1), then b·√(2e)·z is Laplace(b) (Andrews and Mallows 1974). With an L2 part
    the variance is 1/(1/v + 1/τ²), v = 2b²e (Li and Lin 2010, doi:10.1214/10-BA506).
    """

    has_mode = True
    tells_mass = True

    def energy(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate l1|β| + ½ l2 β²."""
        return l1 * abs(coef) + 0.5 * l2 * coef**2

    def log_density(self, coef: Any, l1: Any, l2: Any, log_normaliser: Any) -> Any:
        """Evaluate −l1|β| − ½ l2 β² − the log normaliser."""
        return -l1 * abs(coef) - 0.5 * l2 * coef**2 - log_normaliser

    def log_normaliser(self, l1: Any, l2: Any) -> Any:
        """Evaluate log(τ√(2π)·erfcx(τ/(b√2))), which is log 2b for τ = ∞."""
        if namespace(l1, l2) is np:
            with np.errstate(divide="ignore"):
                return log_normaliser_at(1.0 / l1, 1.0 / np.sqrt(l2))
        import jax.numpy as jnp

        has_l2 = l2 > 0.0
        l2_safe, l1_safe = jnp.where(has_l2, l2, 1.0), jnp.where(has_l2, 1.0, l1)
        gaussian = 0.5 * jnp.log(2.0 * jnp.pi / l2_safe) + _log_erfcx(l1 / jnp.sqrt(2.0 * l2_safe))
        return jnp.where(has_l2, gaussian, jnp.log(2.0 / l1_safe))

    def weight(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate l1/|β| + l2."""
        return _per_size(l1, coef) + l2

    def slope(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate l1·sign(β) + l2·β."""
        return l1 * np.sign(coef) + l2 * coef

    def of_scales(self, coef: Any, l1: Any, l2: Any) -> tuple[Any, Any]:
        """Return l1|β| and l2 β², each minus its prior mean. They have no meaning if both rates are 0."""
        absolute, quadratic = prior_energies(l1, l2)
        return l1 * np.abs(coef) - absolute, 2.0 * (0.5 * l2 * coef**2 - quadratic)

    def of_scale_slopes(self, coef: Any, l1: Any, l2: Any, width: Any) -> tuple[Any, Any]:
        """Return the derivatives of l1|β| + l2 β², with a hyperbolic tangent instead of the sign."""
        sign = np.tanh(coef / width)
        first = (l1 * sign + 2.0 * l2 * coef) * width
        return first, l1 * (1.0 - sign**2) * width + 2.0 * l2 * width**2

    def precision(self, l1: Any, l2: Any, coef: Any = None) -> Any:
        """Return the sum of both parts' precisions; the variance of a Laplace law is 2b².

        In a Laplace law's tail, if |β| > 2b, its part is 1/(b|β|), the precision of a normal density with the same
        slope: the log density of the tail is a straight line.
        """
        absolute = 0.5 * l1**2
        if coef is not None:
            absolute = np.minimum(absolute, _per_size(l1, coef))
        return absolute + l2

    def majoriser(self, coef: Any, l1: Any, l2: Any, unit: float, rounded: Any) -> Any:
        """Return l2 + l1/√(β² + `rounded`)."""
        return l2 + l1 / np.sqrt(coef**2 + rounded)

    def is_normal(self, l1: Any, l2: Any) -> bool:
        """Tell whether there is no part in |β|."""
        return not l1.any()

    def draw(self, rng: Any, l1: Any, l2: Any) -> Any:
        """Draw a sign, and a size from the upper tail of a normal distribution."""
        from scipy.special import log_ndtr, ndtri_exp

        with np.errstate(divide="ignore"):
            ratio = np.divide(l1, np.sqrt(l2), out=np.full(l1.shape, np.inf), where=l2 > 0.0)
        log_uniform = -rng.standard_exponential(l1.shape)
        nearly_laplace = ratio > _NEARLY_LAPLACE
        some = np.where(nearly_laplace, 0.0, ratio)
        tail = (-ndtri_exp(log_uniform + log_ndtr(-some)) - some) / np.sqrt(np.where(l2 > 0.0, l2, 1.0))
        size = np.where(nearly_laplace, -log_uniform / np.where(l1 > 0.0, l1, 1.0), tail)
        return np.where(rng.random(l1.shape) < 0.5, -size, size)

    def variance(self, mixing: Any, l1: Any, l2: Any, log_normaliser: Any) -> tuple[Any, Any]:
        """Return the variance of β given e, and the log ratio of e's density to that of Exponential(1).

        If there is no part in |β|, the variance is 1/l2 for every e.
        """
        import jax.numpy as jnp

        has_l1 = l1 > 0.0
        rate = jnp.where(has_l1, l1, 1.0)
        v = 2.0 * mixing / rate**2
        variance = jnp.where(has_l1, v / (1.0 + v * l2), 1.0 / jnp.where(has_l1, 1.0, l2))
        log_weight = jnp.log(2.0 / rate) - log_normaliser - 0.5 * jnp.log1p(v * l2)
        return variance, jnp.where(has_l1, log_weight, 0.0)

    def log_mixing(self, mixing: Any, log_mixing: Any, log_weight: Any) -> Any:
        """Return the log density of log e for e ~ Exponential(1), plus the log weight."""
        return log_weight + log_mixing - mixing

    def draw_mixing(self, key: Any, coef: Any, l1: Any, l2: Any) -> Any:
        """Draw e given |β|/b: half a reciprocal inverse Gaussian (Michael, Schucany and Haas 1976).

        The formula of its roots avoids cancellation if the coefficient is 0.
        """
        import jax
        import jax.numpy as jnp

        size = l1 * jnp.abs(coef)
        key_normal, key_uniform = jax.random.split(key)
        half = 0.5 * jax.random.normal(key_normal, size.shape, dtype=size.dtype) ** 2
        root = size + half + jnp.sqrt(half * (half + 2.0 * size))
        uniform = jax.random.uniform(key_uniform, size.shape, dtype=size.dtype)
        other = jnp.where(root > 0.0, size**2 / jnp.where(root > 0.0, root, 1.0), 0.0)
        return 0.5 * jnp.where(uniform * (root + size) <= root, root, other)


ELASTIC_NET = ElasticNetLaw()


def _per_size(l1: Any, coef: Any) -> Any:
    """Return l1/|β|, which is 0 without an l1 part even if β = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(l1) > 0.0, l1 / np.abs(coef), 0.0)


def log_normaliser_at(b: Any, tau: Any) -> Any:
    """Return log ∫ exp(−|β|/b − ½(β/τ)²) dβ for scales b and τ; one of them may be infinite."""
    from scipy.special import erfcx

    b, tau = np.broadcast_arrays(b, tau)
    finite_tau = np.where(np.isinf(tau), 1.0, tau)
    gaussian = np.log(finite_tau * np.sqrt(2.0 * np.pi) * erfcx(finite_tau / (b * np.sqrt(2.0))))
    return np.where(np.isinf(tau), np.log(2.0 * b), gaussian)


def prior_energies(l1: Any, l2: Any) -> tuple[Any, Any]:
    """Return the prior means of l1|β| and ½ l2 β²: (1, 0) for a Laplace prior, (0, ½) for a Gaussian one."""
    from scipy.special import erfcx

    with np.errstate(divide="ignore", invalid="ignore"):
        t = l1 / np.sqrt(2.0 * l2)
        near = 2.0 * t * (1.0 / (np.sqrt(np.pi) * erfcx(t)) - t)
        far = 1.0 - 1.0 / t**2  # the two terms above cancel for large t
    absolute = np.where(t > _FAR, far, near)
    return absolute, 0.5 * (1.0 - absolute)


def _log_erfcx(x: Any) -> Any:
    """Evaluate log(exp(x²)·erfc(x)) for x ≥ 0: JAX has no such function."""
    import jax
    import jax.numpy as jnp

    near = jnp.minimum(x, 10.0)
    direct = near**2 + jnp.log(2.0) + jax.scipy.special.log_ndtr(-jnp.sqrt(2.0) * near)
    far = jnp.maximum(x, 10.0)
    inverse = 0.5 / far**2  # of the asymptotic series: its sixth term is below 1e-11 if x ≥ 10
    terms = (1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0, -135135.0)
    series = sum(term * inverse**k for k, term in enumerate(terms))
    return jnp.where(x < 10.0, direct, jnp.log(series) - jnp.log(far * jnp.sqrt(jnp.pi)))
