"""The cases: what is simulated, which λ are asked for, and the least work that it takes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .designs import autoregressive, binary, counts, degenerate, diabetes, independent, sparse_columns
from .problem import Array, Design, Family, Kind, Problem
from .referee import lambda_max
from .work import (
    Work,
    decomposition,
    gram,
    leave_one_out,
    newton_passes,
    newton_steps,
    passes,
    readings,
    sparse_passes,
    support_gram,
)

Maker = Callable[[np.random.Generator, int, int, int], tuple[Design, Array]]


@dataclass(frozen=True)
class Case:
    """A row of the table. `n_lambdas` 1 asks for the last λ alone.

    The last λ is `ratio`·λmax. For one ridge, which has no λmax, it is `ratio`/n: 1/ratio is scikit-learn's C.
    """

    name: str
    title: str
    n: int
    p: int
    n_true: int
    maker: Maker
    work: Callable[["Case", int], Work]
    kind: Kind = "path"
    ratio: float = 0.01
    n_lambdas: int = 100
    l1_ratio: float = 1.0
    fit_intercept: bool = False
    family: Family = "gaussian"

    def problem(self, seed: int = 0) -> Problem:
        """Simulate the case; seed 0 is the one that is reported, others are for warming up."""
        rng = np.random.default_rng([seed, self.n, self.p])
        X, y = self.maker(rng, self.n, self.p, self.n_true)
        return Problem(X, y, self._lambdas(X, y), self.l1_ratio, self.fit_intercept, self.kind, self.family)

    def quick(self) -> "Case":
        """Return a miniature of the case, for smoke runs."""
        n, p = (self.n, self.p) if self.maker is diabetes else (max(60, self.n // 40), max(20, self.p // 40))
        return replace(self, n=n, p=p, n_true=max(3, self.n_true // 20), n_lambdas=min(10, self.n_lambdas))

    def _lambdas(self, X: Design, y: Array) -> Array:
        if self.kind == "ridge_cv":
            return np.logspace(6, -2, self.n_lambdas) / y.size
        if self.l1_ratio == 0.0 and self.n_lambdas == 1:
            return np.array([self.ratio / y.size])
        if self.l1_ratio == 0.0:
            assert isinstance(X, np.ndarray)
            strongest = float(np.linalg.norm(X, 2)) ** 2 / y.size
            return strongest * np.geomspace(1.0, self.ratio, self.n_lambdas)
        largest = lambda_max(X, y, self.l1_ratio, self.fit_intercept)
        if self.n_lambdas == 1:
            return np.array([self.ratio * largest])
        return largest * np.geomspace(1.0, self.ratio, self.n_lambdas)


def _cases() -> list[Case]:
    ar, iid = autoregressive, independent
    return [
        Case("M1", "diabetes 442×10, lasso path", 442, 10, 0, diabetes, gram),
        Case("M2", "100,000×100, lasso path", 100_000, 100, 20, ar, gram),
        Case("M2'", "100,000×100, one λ = 0.01 λmax", 100_000, 100, 20, ar, gram, "single", n_lambdas=1),
        Case("M3", "2,000×500, lasso path", 2_000, 500, 50, ar, gram),
        Case("M4", "1,000×5,000, 50 true, lasso path", 1_000, 5_000, 50, ar, passes),
        Case(
            "M4'", "1,000×5,000, one λ = 0.01 λmax", 1_000, 5_000, 50, ar, support_gram, "single", n_lambdas=1
        ),
        Case(
            "M5",
            "1,000×2,000 independent, 200 true, one λ = 1e-3 λmax",
            *(1_000, 2_000, 200, iid, support_gram, "single"),
            ratio=1e-3,
            n_lambdas=1,
        ),
        Case(
            "M6",
            "10,000×1,000 independent, 100 true, one λ = 0.01 λmax",
            *(10_000, 1_000, 100, iid, readings, "single"),
            n_lambdas=1,
        ),
        Case("EN", "2,000×500, elastic net path, l1_ratio 0.5", 2_000, 500, 50, ar, gram, l1_ratio=0.5),
        Case("R", "2,000×500, ridge path", 2_000, 500, 50, ar, decomposition, ratio=1e-5, l1_ratio=0.0),
        Case("W1", "wide 200×20,000, lasso path", 200, 20_000, 20, ar, passes),
        Case("W2", "wide 1,000×10,000, lasso path", 1_000, 10_000, 50, ar, passes),
        Case(
            "S1",
            "sparse 20,000×50,000 at 0.1%, one λ = 0.1 λmax",
            *(20_000, 50_000, 100, sparse_columns, sparse_passes, "single"),
            ratio=0.1,
            n_lambdas=1,
        ),
        Case(
            "S2",
            "sparse 20,000×50,000 at 0.1%, lasso path",
            20_000,
            50_000,
            100,
            sparse_columns,
            sparse_passes,
        ),
        Case("D1", "degenerate 2,000×200, lasso path", 2_000, 200, 40, degenerate, gram, fit_intercept=True),
        Case(
            "D1'",
            "degenerate 2,000×200, one λ = 0.01 λmax",
            *(2_000, 200, 40, degenerate, gram, "single"),
            n_lambdas=1,
            fit_intercept=True,
        ),
        Case(
            "D2",
            "degenerate 2,000×200, elastic net path, l1_ratio 0.5",
            *(2_000, 200, 40, degenerate, gram),
            l1_ratio=0.5,
            fit_intercept=True,
        ),
        Case(
            "C1",
            "200,000×100, lasso, 5-fold CV over 100 λ",
            200_000,
            100,
            20,
            ar,
            gram,
            "lasso_cv",
            ratio=1e-3,  # LassoCV's own default; at 0.01 the last λ would be chosen
            fit_intercept=True,
        ),
        Case(
            "C2",
            "200,000×100, ridge, leave-one-out over 100 λ",
            *(200_000, 100, 20, ar, leave_one_out, "ridge_cv"),
            l1_ratio=0.0,
            fit_intercept=True,
        ),
        *_likelihood_cases(),
    ]


def _likelihood_cases() -> list[Case]:
    ridge: dict[str, Any] = {"kind": "single", "n_lambdas": 1, "ratio": 1.0, "l1_ratio": 0.0}
    lasso: dict[str, Any] = {"kind": "single", "n_lambdas": 1}

    def tall(name: str, title: str, maker: Maker, family: Family, how: dict[str, Any]) -> Case:
        size: dict[str, Any] = {"n": 100_000, "p": 100, "n_true": 20}
        return Case(
            name, title, maker=maker, work=newton_steps, family=family, fit_intercept=True, **size, **how
        )

    return [
        tall("L1", "100,000×100 logistic, L2, λ = 1/n", binary, "bernoulli", ridge),
        tall("L2", "100,000×100 logistic, L1, λ = 0.01 λmax", binary, "bernoulli", lasso),
        Case(
            "L3",
            "500×5,000 logistic, 20 true, L1 path",
            *(500, 5_000, 20, binary, newton_passes),
            family="bernoulli",
            fit_intercept=True,
        ),
        tall("L4", "100,000×100 counts, L2, λ = 1/n", counts, "poisson", ridge),
    ]


CASES: dict[str, Case] = {case.name: case for case in _cases()}
