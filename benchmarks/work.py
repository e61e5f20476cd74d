"""The least work that a case takes, under an assumption that is stated."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cases import Case


@dataclass(frozen=True)
class Work:
    """The least work of a case under a stated assumption: operations, bytes read from memory."""

    flops: float
    gigabytes: float
    assumption: str


def gram(case: "Case", support: int) -> Work:
    """One Gram matrix of all columns: n·p² operations (the symmetric product), X read once."""
    n, p = case.n, case.p
    return Work(n * p**2, 8e-9 * n * p, "one XᵀX, X read once; what follows on the Gram is free")


def passes(case: "Case", support: int) -> Work:
    """One product with all columns for each λ; the Gram of the final support, factorised once."""
    n, p, s, k = case.n, case.p, support, case.n_lambdas
    flops = 2 * n * p * k + n * s**2 + s**3 / 3
    return Work(
        flops,
        8e-9 * n * p * k,
        "X read once for each λ; Gram of the last support and its Cholesky factor once",
    )


def support_gram(case: "Case", support: int) -> Work:
    """Two products with all columns (find, prove); the Gram of the support, factorised once."""
    n, p, s = case.n, case.p, support
    flops = 4 * n * p + n * s**2 + s**3 / 3
    return Work(
        flops, 16e-9 * n * p, "X read twice (find, prove); Gram of the support and its Cholesky factor once"
    )


def readings(case: "Case", support: int) -> Work:
    """Two products with X and two with X' (find, prove), for columns so little correlated that no Gram is needed."""
    n, p = case.n, case.p
    return Work(
        8 * n * p, 16e-9 * n * p, "X read twice (find, prove), a product with X and one with X' each time"
    )


def sparse_passes(case: "Case", support: int) -> Work:
    """One product with all stored entries (12 bytes each) for each λ."""
    entries = max(2, round(case.n / 1000)) * case.p
    k = max(case.n_lambdas, 2)
    return Work(
        2 * entries * k, 12e-9 * entries * k, "stored entries read once for each λ, twice for a single one"
    )


def decomposition(case: "Case", support: int) -> Work:
    """XᵀX and one eigendecomposition (9p³), then a product p×p×k."""
    n, p, k = case.n, case.p, case.n_lambdas
    return Work(
        n * p**2 + 9 * p**3 + 2 * p**2 * k, 8e-9 * n * p, "XᵀX, one eigendecomposition (9p³), every λ from it"
    )


def leave_one_out(case: "Case", support: int) -> Work:
    """XᵀX, the rows in the eigenbasis, and residuals and leverages of every row at every λ."""
    n, p, k = case.n, case.p, case.n_lambdas
    flops = n * p**2 + 2 * n * p**2 + 4 * n * p * k
    return Work(
        flops, 16e-9 * n * p, "XᵀX, rows turned to the eigenbasis, leverages and residuals of every row and λ"
    )


def newton_steps(case: "Case", support: int) -> Work:
    """One weighted Gram matrix of all columns; X read for it, for the step's gradient and for the proof."""
    n, p = case.n, case.p
    return Work(
        n * p**2 + 4 * n * p, 24e-9 * n * p, "one weighted XᵀX; X read three times (find, step, prove)"
    )


def newton_passes(case: "Case", support: int) -> Work:
    """One Newton step for each λ: a product with all columns, and a weighted Gram matrix of the support."""
    n, p, s, k = case.n, case.p, support, case.n_lambdas
    return Work(
        k * (2 * n * p + n * s**2 / 3),
        8e-9 * n * p * k,
        "one Newton step for each λ: X read once, the weighted Gram of a support that grows evenly (s²/3)",
    )
