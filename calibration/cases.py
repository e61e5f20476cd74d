"""The cases: a sampler, a prior, a shape, and what is known. Truth and data are simulated without bayesreg."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

import bayesreg as br

INTERCEPT, FLAT = 3.7, -2.3  # flat, so fixed at arbitrary values
KNOWN_NOISE = 0.8
SCALES = {"laplace": 0.5, "gaussian": 0.6}
AWAY = (-0.5, 0.4)
_WHITENED = ("independence", "whitened")


@dataclass(frozen=True)
class Truth:
    """Parameters drawn from the prior, and responses drawn given them."""

    coef: Float[np.ndarray, " p"]
    noise_scale: float  # or the dispersion
    prior_scale: float | None
    y: Float[np.ndarray, " n"]
    intercept: float = INTERCEPT


@dataclass(frozen=True)
class Case:
    """One sampler on one kind of model."""

    method: str
    prior: str  # "laplace", "gaussian" or "elastic net"
    known_noise: bool
    n: int
    p: int
    relative: bool = False
    hyper: bool = False  # True: the prior's scale is HalfNormal(1); False: a number
    weighted: bool = False
    shift: float = 0.0  # of X
    flat: bool = False  # the first column is unpenalised, and its coefficient is FLAT
    away: bool = False  # a sampled scale's prior keeps away from 0: LogNormal(−0.5, 0.4)

    @property
    def name(self) -> str:
        """The unique name of the case, in words."""
        words = [
            self.method,
            self.prior,
            f"{self.n}×{self.p}",
            "σ known" if self.known_noise else "σ unknown",
        ]
        sampled = "scale sampled, away from 0" if self.away else "scale sampled"
        marks = {
            "relative": self.relative,
            sampled: self.hyper,
            "weights": self.weighted,
            "one flat": self.flat,
        }
        rest = [f"X + {self.shift:g}"] * bool(self.shift)
        return ", ".join([*words, *(word for word, is_so in marks.items() if is_so), *rest])

    @property
    def factor(self) -> Float[np.ndarray, " p"]:
        """Multipliers of the scale."""
        factor = np.linspace(0.7, 1.5, self.p)
        factor[: int(self.flat)] = np.inf
        return factor

    @property
    def ranked(self) -> range:
        """The coefficients that are drawn from a prior."""
        return range(int(self.flat), self.p)

    def profiled(self, values: Float[np.ndarray, "... n"]) -> Float[np.ndarray, "... n"]:
        """Subtract the weighted projections on the intercept and the flat column from rows of values."""
        columns = np.column_stack([np.ones(self.n), self.design()[:, : int(self.flat)]])
        root = np.sqrt(self.weights())
        basis = np.linalg.qr(root[:, None] * columns)[0]
        return values - ((values * root) @ basis @ basis.T) / root

    def design(self) -> Float[np.ndarray, "n p"]:
        """Return X: correlated columns, the same for all simulations of a case."""
        rng = np.random.default_rng(self.n * 1000 + self.p)
        return rng.normal(size=(self.n, self.p)) + 0.7 * rng.normal(size=(self.n, 1)) + self.shift

    def weights(self) -> Float[np.ndarray, " n"]:
        """Return weights that sum to n, so that the power of σ is that of y ~ Normal(μ, σ²/w)."""
        if not self.weighted:
            return np.ones(self.n)
        raw = np.random.default_rng(5).uniform(0.3, 2.0, self.n)
        return raw * self.n / raw.sum()

    def model(self) -> br.LinearModel:
        """Return the model that the data are drawn from."""
        import numpyro.distributions as dist

        options: dict[str, Any] = {"factor": self.factor, "relative_to_noise": self.relative}
        of_scale = dist.LogNormal(*AWAY) if self.away else dist.HalfNormal(1.0)
        scale: Any = of_scale if self.hyper else None
        noise: Any = KNOWN_NOISE if self.known_noise else dist.Gamma(4.0, 5.0)
        prior: Any
        if self.prior == "elastic net":
            prior = br.ElasticNetPrior(scale or SCALES["laplace"], SCALES["gaussian"], **options)
        elif self.prior == "laplace":
            prior = br.LaplacePrior(scale or SCALES["laplace"], **options)
        else:
            prior = br.GaussianPrior(scale or SCALES["gaussian"], **options)
        return br.LinearModel(prior, br.GaussianLikelihood(noise))

    def simulate(self, rng: np.random.Generator) -> Truth:
        """Draw parameters from the prior, and responses."""
        sigma = KNOWN_NOISE if self.known_noise else rng.gamma(4.0, 1.0 / 5.0)
        of_scale = np.exp(rng.normal(*AWAY)) if self.away else abs(rng.normal())
        scale = of_scale if self.hyper else None
        factor = np.where(np.isinf(self.factor), 1.0, self.factor)
        coef = draw_coefs(rng, self.prior, factor, scale) * (sigma if self.relative else 1.0)
        coef[: int(self.flat)] = FLAT
        noise = sigma / np.sqrt(self.weights()) * rng.normal(size=self.n)
        return Truth(coef, sigma, scale, INTERCEPT + self.design() @ coef + noise)

    def data(self, y: Float[np.ndarray, " n"]) -> br.RowData:
        """Return bayesreg's data."""
        return br.RowData.from_arrays(self.design(), y, self.weights())

    def true_values(self, truth: Truth) -> dict[str, float]:
        """Return the true values from the prior, under the names of the draws."""
        values = {f"coef {j}": float(truth.coef[j]) for j in self.ranked}
        if not self.known_noise:
            values["noise_scale"] = truth.noise_scale
        if truth.prior_scale is not None:
            values["laplace_scale" if self.prior == "elastic net" else "prior_scale"] = truth.prior_scale
        return values

    def log_likelihood(
        self, values: dict[str, Float[np.ndarray, " s"]], y: Float[np.ndarray, " n"]
    ) -> Float[np.ndarray, " s"]:
        """Evaluate the log-likelihood with the intercept and a flat coefficient integrated out."""
        X, w = self.design(), self.weights()
        coefs = np.column_stack([values[f"coef {j}"] for j in self.ranked])
        residual = self.profiled(y - coefs @ X[:, list(self.ranked)].T)
        sigma = values.get("noise_scale", np.full(len(coefs), KNOWN_NOISE))
        power = w.sum() - 1.0 - int(self.flat)
        return -power * np.log(sigma) - 0.5 * (w * residual**2).sum(axis=1) / sigma**2


def draw_coefs(
    rng: np.random.Generator, prior: str, factor: Float[np.ndarray, " p"], scale: float | None
) -> Float[np.ndarray, " p"]:
    """Draw coefficients from a prior at a scale; None is the prior's own of `SCALES`."""
    if prior == "gaussian":
        return (SCALES["gaussian"] if scale is None else scale) * factor * rng.normal(size=factor.size)
    b = (SCALES["laplace"] if scale is None else scale) * factor
    coef = rng.laplace(scale=b)
    if prior == "laplace":
        return coef
    tau = SCALES["gaussian"] * factor
    to_judge = np.ones(factor.size, dtype=bool)
    while to_judge.any():  # by rejection
        rejected = to_judge & (rng.random(factor.size) > np.exp(-0.5 * (coef / tau) ** 2))
        coef, to_judge = np.where(rejected, rng.laplace(scale=b), coef), rejected
    return coef


def all_cases() -> list[Case]:
    """Return every sampler × prior × known or unknown σ, with few rows and with fewer rows than columns."""
    cases = [
        Case("marginal", "gaussian", known, n, p, relative=relative, hyper=hyper)
        for known in (True, False)
        for n, p in ((8, 3), (6, 10))
        for relative, hyper in ((False, False), (True, True), (False, True))
    ]
    cases += [
        Case(method, prior, known, n, p)
        for method in ("independence", "whitened", "mixture", "gibbs")
        for prior in ("laplace", "elastic net", "gaussian")
        for known in (True, False)
        for n, p in ((8, 3), (6, 10))
        if n > p or method in ("mixture", "gibbs")
    ]
    # Whitened coordinates do not follow a sampled scale to 0. Users get a warning, and "auto" takes another sampler.
    cases += [
        Case(
            method, "laplace", False, 8, 3, relative=relative, hyper=hyper, away=hyper and method in _WHITENED
        )
        for method in (*_WHITENED, "mixture", "gibbs")
        for relative, hyper in ((True, False), (False, True), (True, True))
    ]
    cases += [
        Case(method, prior, False, n, p, relative=relative, hyper=True)
        for method, n, p in (("gibbs", 6, 10), ("auto", 8, 3))
        for prior in ("laplace", "elastic net")
        for relative in (False, True)
    ]
    cases += [Case(method, "laplace", False, 9, 4, flat=True) for method in (*_WHITENED, "mixture", "gibbs")]
    cases.append(Case("marginal", "gaussian", False, 9, 4, hyper=True, flat=True))
    cases += [
        Case(method, "laplace", False, 40, 5, weighted=True, shift=1e3)
        for method in ("independence", "whitened", "mixture", "gibbs")
    ]
    return [*cases, Case("marginal", "gaussian", False, 40, 5, hyper=True, weighted=True, shift=1e3)]
