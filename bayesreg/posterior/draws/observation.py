"""The likelihood at the draws, for predictions of a response."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ...likelihoods.base import Likelihood
from ...likelihoods.gaussian import GaussianLikelihood
from ...likelihoods.table import LIKELIHOODS

if TYPE_CHECKING:
    import xarray as xr


class Observation(NamedTuple):
    """A likelihood, and its nuisance parameters at each of the s draws of all chains."""

    likelihood: Likelihood
    nuisance: dict[str, Float[np.ndarray, "s 1"]]

    @classmethod
    def of(cls, tree: "xr.DataTree", likelihood: Likelihood | None = None) -> "Observation":
        """Return the likelihood at draws.

        Parameters
        ----------
        tree : xarray.DataTree
        likelihood : Likelihood, optional
            Default: the package's own likelihood of the draws' family.

        Raises
        ------
        ValueError
            If the package does not know the draws' likelihood.
        """
        if likelihood is None:
            family = tree.attrs.get("likelihood", GaussianLikelihood.family)
            if family not in LIKELIHOODS:
                raise ValueError(
                    f"the draws are of a likelihood of your own, {family!r}, which they do not hold. "
                    "Give it as `likelihood`."
                )
            likelihood = LIKELIHOODS[family]
        return cls(likelihood, {name: _values(tree, name)[:, None] for name in likelihood.parameters()})

    def thinned(self, step: int) -> "Observation":
        """Return the likelihood at every `step`-th draw."""
        return self._replace(nuisance={name: values[::step] for name, values in self.nuisance.items()})

    def log_prob(self, eta: Float[np.ndarray, "s n"], y: Any) -> Float[np.ndarray, "s n"]:
        """Evaluate log p(y | η)."""
        return np.asarray(self.likelihood.log_prob(eta, y, self.nuisance))

    def draw(self, rng: np.random.Generator, eta: Float[np.ndarray, "s n"]) -> Float[np.ndarray, "s n"]:
        """Draw a response for each η."""
        return self.likelihood.draw(rng, eta, self.nuisance)

    def cdf(self, eta: Float[np.ndarray, "s n"], y: Any) -> Float[np.ndarray, "s n"]:
        """Evaluate the probability of a response of at most y."""
        return self.likelihood.cdf(eta, y, self.nuisance)

    def quantile(self, eta: Float[np.ndarray, "s n"], probability: float) -> Float[np.ndarray, "s n"]:
        """Return the smallest response whose `cdf` is at least a probability."""
        return self.likelihood.quantile(eta, probability, self.nuisance)

    def mean(self, eta: Float[np.ndarray, "s n"]) -> Float[np.ndarray, "s n"]:
        """Return the mean of a response."""
        return self.likelihood.mean(eta, self.nuisance)

    def variance(self, eta: Float[np.ndarray, "s n"]) -> Float[np.ndarray, "s n"]:
        """Return the variance of a response, in a shape that broadcasts with η."""
        return self.likelihood.variance(eta, self.nuisance)


def noise_scale(tree: "xr.DataTree") -> Float[np.ndarray, " s"]:
    """Return σ for each of the s draws of all chains. A known σ is repeated."""
    return _values(tree, "noise_scale")


def _values(tree: "xr.DataTree", name: str) -> Float[np.ndarray, " s"]:
    posterior = tree.children["posterior"].to_dataset()
    if name in posterior:
        return np.asarray(posterior[name].values.ravel())
    n_draws = int(np.prod(posterior["coef"].shape[:2]))
    return np.full(n_draws, float(tree["constant_data"][name]))
