"""A posterior whose answer is known without bayesreg: its data, its priors, and its model in bayesreg."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

import bayesreg as br

from .positive import Positive

Scale = float | Positive | None


@dataclass(frozen=True)
class Posterior:
    """Rows, a Laplace, Gaussian or elastic-net prior with one scale for all columns, and a flat intercept."""

    X: Float[np.ndarray, "n p"]
    y: Float[np.ndarray, " n"]
    noise: float | Positive
    laplace: Scale = None  # b
    gaussian: Scale = None  # τ; both: an elastic net
    relative: bool = False
    copies: tuple[
        int, ...
    ] = ()  # the number of equal columns along each orthogonal direction; (): general columns
    about: str = ""

    def __str__(self) -> str:
        n, p = self.X.shape
        scales = {"b": self.laplace, "τ": self.gaussian}
        words = [f"{self.prior}, {n}×{p}", self.about]
        words += [f"{name} = {_text(value)}" for name, value in scales.items() if value is not None]
        return ", ".join([*words, *["in units of σ"] * self.relative, f"σ: {_text(self.noise)}"])

    @property
    def prior(self) -> str:
        """The prior in words."""
        if self.laplace is None:
            return "Gaussian"
        return "Laplace" if self.gaussian is None else "elastic net"

    @property
    def sampled(self) -> dict[str, Positive]:
        """The sampled scale, by its name in the draws."""
        names = ("laplace_scale", "gaussian_scale") if self.prior == "elastic net" else ("prior_scale",) * 2
        scales = zip(names, (self.laplace, self.gaussian), strict=True)
        return {name: value for name, value in scales if isinstance(value, Positive)}

    def rates(self, sigma: Any, scale: Any) -> tuple[Any, Any]:
        """Return 1/b and 1/τ² at σ and at a sampled scale."""
        unit = sigma if self.relative else 1.0
        b, tau = (scale if isinstance(one, Positive) else one for one in (self.laplace, self.gaussian))
        zero = np.zeros_like(sigma + scale)
        return (zero if b is None else zero + 1.0 / (b * unit)), (
            zero if tau is None else zero + (tau * unit) ** -2.0
        )

    def model(self) -> br.LinearModel:
        """Return bayesreg's model."""
        b, tau = (
            one.numpyro() if isinstance(one, Positive) else one for one in (self.laplace, self.gaussian)
        )
        prior: br.LaplacePrior | br.GaussianPrior | br.ElasticNetPrior
        if b is None:
            prior = br.GaussianPrior(tau, relative_to_noise=self.relative)
        elif tau is None:
            prior = br.LaplacePrior(b, relative_to_noise=self.relative)
        else:
            prior = br.ElasticNetPrior(b, tau, relative_to_noise=self.relative)
        noise = self.noise.numpyro() if isinstance(self.noise, Positive) else self.noise
        return br.LinearModel(prior, br.GaussianLikelihood(noise))

    def data(self) -> br.RowData:
        """Return bayesreg's data."""
        return br.RowData.from_arrays(self.X, self.y)


def _text(value: float | Positive) -> str:
    return str(value) if isinstance(value, Positive) else f"{value:.4g}"
