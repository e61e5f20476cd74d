"""Cases of yes/no, count and Student-t models. Truth and data are simulated without bayesreg."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import special, stats

import bayesreg as br

from .cases import AWAY, SCALES, Truth, draw_coefs

INTERCEPT_SD = 1.0  # of the intercept's Gaussian prior: a flat one cannot be drawn from
KNOWN = {"dispersion": 3.0, "noise_scale": 0.8, "df": 4.0}
_GAMMA = {"dispersion": (6.0, 2.0), "noise_scale": (4.0, 5.0)}  # shape and rate of priors of unknown ones
_NUISANCE = {"negative binomial": "dispersion", "student t": "noise_scale"}
FAMILIES = ("bernoulli", "poisson", "negative binomial", "student t")

Array = Float[np.ndarray, "..."]


@dataclass(frozen=True)
class RowCase:
    """One sampler on one kind of model that needs its rows. All have an offset; yes/no has numbers of trials."""

    method: str
    family: str
    prior: str  # "laplace" or "gaussian"
    n: int
    p: int
    hyper: bool = False  # True: the prior's scale is LogNormal(−0.5, 0.4); False: a number
    unknown: bool = False  # the dispersion, or σ
    low: bool = False  # columns a third as large: without it counts of 6×8 reach 10¹⁰

    @property
    def name(self) -> str:
        """The unique name of the case, in words."""
        nuisance = "σ" if self.family == "student t" else "dispersion"
        words = [f"{self.method} on rows", self.family, self.prior, f"{self.n}×{self.p}"]
        others = {f"{nuisance} unknown": self.unknown, "scale sampled": self.hyper, "low counts": self.low}
        return ", ".join([*words, *(word for word, so in others.items() if so)])

    @property
    def factor(self) -> Float[np.ndarray, " p"]:
        """Multipliers of the scale."""
        return np.linspace(0.7, 1.5, self.p)

    @property
    def nuisance(self) -> str:
        """The name of the parameter that may be unknown, or an empty text."""
        return _NUISANCE[self.family] if self.unknown else ""

    def design(self) -> Float[np.ndarray, "n p"]:
        """Return X: correlated columns, the same for all simulations of a case."""
        rng = np.random.default_rng(self.n * 1000 + self.p)
        X = rng.normal(size=(self.n, self.p)) + 0.7 * rng.normal(size=(self.n, 1))
        return X / 3.0 if self.low else X

    def trials(self) -> Float[np.ndarray, " n"]:
        """Return weights: one to three trials of each row of yes/no, else 1."""
        return 1.0 + np.arange(self.n) % 3 if self.family == "bernoulli" else np.ones(self.n)

    def offset(self) -> Float[np.ndarray, " n"]:
        """Return the known part of η."""
        return np.linspace(-0.8, 0.8, self.n)

    def data(self, y: Array) -> br.RowData:
        """Return bayesreg's data."""
        return br.RowData.from_arrays(self.design(), y, self.trials(), offset=self.offset())

    def model(self) -> br.LinearModel:
        """Return the model that the data are drawn from."""
        import numpyro.distributions as dist

        scale: Any = dist.LogNormal(*AWAY) if self.hyper else SCALES[self.prior]
        kind = br.LaplacePrior if self.prior == "laplace" else br.GaussianPrior
        rest = {
            name: dist.Gamma(*_GAMMA[name]) if name == self.nuisance else value
            for name, value in KNOWN.items()
        }
        likelihood = {
            "bernoulli": lambda: br.BernoulliLikelihood(),
            "poisson": lambda: br.PoissonLikelihood(),
            "negative binomial": lambda: br.NegativeBinomialLikelihood(rest["dispersion"]),
            "student t": lambda: br.StudentTLikelihood(rest["df"], rest["noise_scale"]),
        }[self.family]()
        prior: Any = kind(scale, factor=self.factor)
        return br.LinearModel(prior, likelihood, intercept_prior=br.GaussianPrior(INTERCEPT_SD))

    def simulate(self, rng: np.random.Generator) -> Truth:
        """Draw parameters from the prior, and responses."""
        scale = float(np.exp(rng.normal(*AWAY))) if self.hyper else None
        coef = draw_coefs(rng, self.prior, self.factor, scale)
        intercept = INTERCEPT_SD * rng.normal()
        nuisance = KNOWN | {
            name: rng.gamma(_GAMMA[name][0]) / _GAMMA[name][1] for name in [self.nuisance] if name
        }
        eta = self.design() @ coef + intercept + self.offset()
        y = self._draw(rng, eta, nuisance)
        return Truth(coef, nuisance.get(self.nuisance, np.nan), scale, y, intercept)

    def _draw(self, rng: np.random.Generator, eta: Array, nuisance: dict[str, float]) -> Array:
        if self.family == "bernoulli":
            return rng.binomial(self.trials().astype(int), special.expit(eta)) / self.trials()
        if self.family == "poisson":
            return rng.poisson(np.exp(eta)).astype(float)
        if self.family == "negative binomial":
            k = nuisance["dispersion"]
            return rng.negative_binomial(k, k / (k + np.exp(eta))).astype(float)
        return eta + nuisance["noise_scale"] * rng.standard_t(nuisance["df"], self.n)

    def true_values(self, truth: Truth) -> dict[str, float]:
        """Return the true values from the prior, under the names of the draws."""
        values = {f"coef {j}": float(truth.coef[j]) for j in range(self.p)} | {"intercept": truth.intercept}
        if self.nuisance:
            values[self.nuisance] = truth.noise_scale
        if truth.prior_scale is not None:
            values["prior_scale"] = truth.prior_scale
        return values

    def log_likelihood(self, values: dict[str, Float[np.ndarray, " s"]], y: Array) -> Float[np.ndarray, " s"]:
        """Evaluate the log-likelihood at some values of all parameters."""
        coefs = np.column_stack([values[f"coef {j}"] for j in range(self.p)])
        eta = coefs @ self.design().T + np.asarray(values["intercept"])[:, None] + self.offset()
        if self.family == "bernoulli":
            m = self.trials()
            return stats.binom(m, special.expit(eta)).logpmf(np.round(y * m)).sum(axis=1)
        if self.family == "poisson":
            return stats.poisson(np.exp(eta)).logpmf(y).sum(axis=1)
        unknown = np.asarray(values.get(self.nuisance, np.full(len(eta), np.nan)))[:, None]
        if self.family == "negative binomial":
            k = unknown if self.unknown else KNOWN["dispersion"]
            return stats.nbinom(k, k / (k + np.exp(eta))).logpmf(y).sum(axis=1)
        sigma = unknown if self.unknown else KNOWN["noise_scale"]
        return stats.t(KNOWN["df"], eta, sigma).logpdf(y).sum(axis=1)


def row_cases() -> list[RowCase]:
    """Return every sampler × likelihood × prior × fixed or sampled scale, and unknown dispersion and σ."""
    cases = [
        RowCase(method, family, prior, 25, 3, hyper=hyper, unknown=unknown)
        for method in ("independence", "whitened", "auto")
        for family in FAMILIES
        for prior in ("laplace", "gaussian")
        for hyper in (False, True)
        for unknown in ((False, True) if family in _NUISANCE and method != "auto" else (family in _NUISANCE,))
    ]
    weak = [
        RowCase("whitened", family, prior, 6, 8) for family in FAMILIES for prior in ("laplace", "gaussian")
    ]
    mixtures = [
        RowCase("mixture", family, "laplace", n, p, hyper=hyper)
        for family in FAMILIES
        for n, p in ((25, 3), (6, 8))
        for hyper in (False, True)
        if (family, n, hyper) != ("poisson", 6, True)
    ]
    wild = [
        RowCase("mixture", "poisson", "laplace", 6, 8, hyper=True, low=True),
        RowCase("auto", "poisson", "laplace", 6, 8, hyper=True),
    ]
    return [*cases, *weak, *mixtures, *wild]
