"""A problem as every runner gets it, and its form on disk: raw little-endian arrays that Python and R can read."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

type Kind = Literal["path", "single", "lasso_cv", "ridge_cv"]
type Family = Literal["gaussian", "bernoulli", "poisson"]
Array = np.ndarray
type Design = np.ndarray | sparse.csc_array


@dataclass(frozen=True, eq=False)
class Problem:
    """Loss/n + λ(a‖β‖₁ + (1−a)/2‖β‖²) for each λ of a decreasing grid; X is F-ordered or CSC, float64.

    The loss is half the deviance: RSS/2 of a Gaussian family, the negative log likelihood of labels 0 and 1.
    """

    X: Design
    y: Array
    lambdas: Array
    l1_ratio: float
    fit_intercept: bool
    kind: Kind
    family: Family = "gaussian"

    @property
    def x_bytes(self) -> int:
        """Bytes that hold X."""
        if isinstance(self.X, np.ndarray):
            return self.X.nbytes
        return self.X.data.nbytes + self.X.indices.nbytes + self.X.indptr.nbytes

    def cut(self, times: int) -> "Problem":
        """Return the same problem on a new shape: 7·times rows and about 2% · times of the columns fewer."""
        n, p = self.X.shape
        rows, columns = n - 7 * times, p - times * max(1, p // 50)
        X = self.X[:rows, :columns]
        X = np.asfortranarray(X) if isinstance(X, np.ndarray) else X
        return replace(self, X=X, y=self.y[:rows].copy())


def save(problem: Problem, folder: Path) -> None:
    """Write a problem: one text line of facts and one raw file for each array."""
    folder.mkdir(parents=True, exist_ok=True)
    X = problem.X
    if isinstance(X, np.ndarray):
        X.ravel(order="F").tofile(folder / "x.bin")
        nnz = 0
    else:
        X.data.tofile(folder / "x.bin")
        X.indices.astype(np.int32).tofile(folder / "indices.bin")
        X.indptr.astype(np.int32).tofile(folder / "indptr.bin")
        nnz = X.nnz
    problem.y.tofile(folder / "y.bin")
    problem.lambdas.tofile(folder / "lambdas.bin")
    facts = [
        *X.shape,
        nnz,
        problem.lambdas.size,
        repr(problem.l1_ratio),
        int(problem.fit_intercept),
        problem.kind,
        problem.family,
    ]
    (folder / "facts.txt").write_text(" ".join(map(str, facts)) + "\n")


def load(folder: Path) -> Problem:
    """Read a problem back, X into memory of its own."""
    n, p, nnz, _, l1_ratio, fit_intercept, kind, family = (folder / "facts.txt").read_text().split()
    shape = int(n), int(p)
    X: Design
    if int(nnz):
        from scipy import sparse  # not at the top: a dense fit's cold start shall not pay for it

        names = ("indices.bin", "indptr.bin")
        indices, indptr = (np.fromfile(folder / name, dtype=np.int32) for name in names)
        X = sparse.csc_array((np.fromfile(folder / "x.bin"), indices, indptr), shape=shape)
    else:
        X = np.fromfile(folder / "x.bin").reshape(shape, order="F")
    y, lambdas = np.fromfile(folder / "y.bin"), np.fromfile(folder / "lambdas.bin")
    return Problem(X, y, lambdas, float(l1_ratio), bool(int(fit_intercept)), kind, family)  # type: ignore[arg-type]
