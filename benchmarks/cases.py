"""The cases: what is simulated, which λ are asked for, and the least work that it takes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .problem import Array, Design, Kind, Problem
from .referee import lambda_max

Maker = Callable[[np.random.Generator, int, int, int], tuple[Design, Array]]


@dataclass(frozen=True)
class Work:
    """The least work of a case under a stated assumption: operations, bytes read from memory."""

    flops: float
    gigabytes: float
    assumption: str


@dataclass(frozen=True)
class Case:
    """A row of the table. `ratio` is the last λ in units of λmax; `n_lambdas` 1 asks for that λ alone."""

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

    def problem(self, seed: int = 0) -> Problem:
        """Simulate the case; seed 0 is the one that is reported, others are for warming up."""
        rng = np.random.default_rng([seed, self.n, self.p])
        X, y = self.maker(rng, self.n, self.p, self.n_true)
        return Problem(X, y, self._lambdas(X, y), self.l1_ratio, self.fit_intercept, self.kind)

    def quick(self) -> "Case":
        """Return a miniature of the case, for smoke runs."""
        n, p = (self.n, self.p) if self.maker is diabetes else (max(60, self.n // 40), max(20, self.p // 40))
        return replace(self, n=n, p=p, n_true=max(3, self.n_true // 20), n_lambdas=min(10, self.n_lambdas))

    def _lambdas(self, X: Design, y: Array) -> Array:
        if self.kind == "ridge_cv":
            return np.logspace(6, -2, self.n_lambdas) / y.size
        if self.l1_ratio == 0.0:
            assert isinstance(X, np.ndarray)
            strongest = float(np.linalg.norm(X, 2)) ** 2 / y.size
            return strongest * np.geomspace(1.0, self.ratio, self.n_lambdas)
        largest = lambda_max(X, y, self.l1_ratio, self.fit_intercept)
        if self.n_lambdas == 1:
            return np.array([self.ratio * largest])
        return largest * np.geomspace(1.0, self.ratio, self.n_lambdas)


def diabetes(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Resample the rows of the diabetes data (442, 10), all of them in order where the draw is the reported one."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    reported = rng.bit_generator.seed_seq.entropy[0] == 0  # type: ignore[attr-defined]
    rows = np.arange(n) if reported else rng.integers(0, n, n)
    return _centred(np.asfortranarray(X[rows]), y[rows])


def autoregressive(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Simulate neighbouring columns with correlation 0.5, n_true coefficients of size 1, SNR 3; all centred."""
    X = rng.normal(size=(p, n)).T
    for j in range(1, p):
        X[:, j] *= np.sqrt(0.75)
        X[:, j] += 0.5 * X[:, j - 1]
    return _centred(X, _response(rng, X, n_true))


def independent(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Simulate independent columns; otherwise as `autoregressive`."""
    X = rng.normal(size=(p, n)).T
    return _centred(X, _response(rng, X, n_true))


def sparse_columns(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[sparse.csc_array, Array]:
    """Simulate a CSC matrix with normal entries, 0.1% of them nonzero (2 a column at the least); not centred."""
    each = max(2, round(n / 1000))
    indices = np.concatenate([np.sort(rng.choice(n, each, replace=False)) for _ in range(p)])
    indptr = np.arange(0, each * p + 1, each, dtype=np.int32)
    X = sparse.csc_array((rng.normal(size=each * p), indices.astype(np.int32), indptr), shape=(n, p))
    return X, _response(rng, X, n_true)


def degenerate(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Simulate duplicate columns (10%), constant columns (5%), scales 1e-6 … 1e6 and means; nothing centred."""
    X = rng.normal(size=(p, n)).T
    y = _response(rng, X, n_true)
    n_twins, n_constants = p // 10, p // 20
    twins = rng.choice(p, 2 * n_twins, replace=False)
    X[:, twins[:n_twins]] = X[:, twins[n_twins:]]
    X += rng.normal(size=p)
    X[:, rng.choice(p, n_constants, replace=False)] = 1.0
    X *= 10.0 ** rng.uniform(-6, 6, p)
    X[:, twins[:n_twins]] = X[:, twins[n_twins:]]
    return X, y + 10.0


def _response(rng: np.random.Generator, X: Design, n_true: int) -> Array:
    n, p = X.shape
    coef = np.zeros(p)
    coef[rng.choice(p, n_true, replace=False)] = rng.choice([-1.0, 1.0], n_true)
    signal = X @ coef
    return signal + rng.normal(size=n) * np.sqrt(signal.var() / 3.0)


def _centred(X: Array, y: Array) -> tuple[Array, Array]:
    for j in range(X.shape[1]):
        X[:, j] -= X[:, j].mean()
    return X, y - y.mean()


def gram(case: Case, support: int) -> Work:
    """One Gram matrix of all columns: n·p² operations (the symmetric product), X read once."""
    n, p = case.n, case.p
    return Work(n * p**2, 8e-9 * n * p, "one XᵀX, X read once; what follows on the Gram is free")


def passes(case: Case, support: int) -> Work:
    """One product with all columns for each λ; the Gram of the final support, factorised once."""
    n, p, s, k = case.n, case.p, support, case.n_lambdas
    flops = 2 * n * p * k + n * s**2 + s**3 / 3
    return Work(
        flops,
        8e-9 * n * p * k,
        "X read once for each λ; Gram of the last support and its Cholesky factor once",
    )


def support_gram(case: Case, support: int) -> Work:
    """Two products with all columns (find, prove); the Gram of the support, factorised once."""
    n, p, s = case.n, case.p, support
    flops = 4 * n * p + n * s**2 + s**3 / 3
    return Work(
        flops, 16e-9 * n * p, "X read twice (find, prove); Gram of the support and its Cholesky factor once"
    )


def readings(case: Case, support: int) -> Work:
    """Two products with X and two with X' (find, prove), for columns so little correlated that no Gram is needed."""
    n, p = case.n, case.p
    return Work(
        8 * n * p, 16e-9 * n * p, "X read twice (find, prove), a product with X and one with X' each time"
    )


def sparse_passes(case: Case, support: int) -> Work:
    """One product with all stored entries (12 bytes each) for each λ."""
    entries = max(2, round(case.n / 1000)) * case.p
    k = max(case.n_lambdas, 2)
    return Work(
        2 * entries * k, 12e-9 * entries * k, "stored entries read once for each λ, twice for a single one"
    )


def decomposition(case: Case, support: int) -> Work:
    """XᵀX and one eigendecomposition (9p³), then a product p×p×k."""
    n, p, k = case.n, case.p, case.n_lambdas
    return Work(
        n * p**2 + 9 * p**3 + 2 * p**2 * k, 8e-9 * n * p, "XᵀX, one eigendecomposition (9p³), every λ from it"
    )


def leave_one_out(case: Case, support: int) -> Work:
    """XᵀX, the rows in the eigenbasis, and residuals and leverages of every row at every λ."""
    n, p, k = case.n, case.p, case.n_lambdas
    flops = n * p**2 + 2 * n * p**2 + 4 * n * p * k
    return Work(
        flops, 16e-9 * n * p, "XᵀX, rows turned to the eigenbasis, leverages and residuals of every row and λ"
    )


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
    ]


CASES: dict[str, Case] = {case.name: case for case in _cases()}
