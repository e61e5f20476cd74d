"""The cases: rows, columns, the prior's scale; columns have mean 0 and sd 1, and so has a measured y."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from ..designs import autoregressive, binary, diabetes


@dataclass(frozen=True)
class Case:
    """y ~ Normal(intercept + Xβ, σ), β ~ Laplace(0, scale), σ ~ HalfNormal(1); intercept flat or about so.

    Or, of labels: y ~ Bernoulli(1/(1 + exp(−intercept − Xβ))), β ~ Normal(0, scale), intercept ~ Normal(0, 10).
    """

    name: str
    n: int
    p: int
    n_true: int
    scale: float
    family: Literal["gaussian", "bernoulli"] = "gaussian"

    @property
    def title(self) -> str:
        """The case in words."""
        kind = "Laplace" if self.family == "gaussian" else "logistic, Gaussian"
        return f"{self.n:,} × {self.p:,}, {kind} scale {self.scale:g}"

    def data(self, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Simulate; seed 0 is the one that is reported."""
        rng = np.random.default_rng([seed, self.n, self.p])
        if (self.n, self.p) == (569, 30):
            X, y = _breast_cancer(rng, seed)
        else:
            maker = diabetes if (self.n, self.p) == (442, 10) else autoregressive
            X, y = (binary if self.family == "bernoulli" else maker)(rng, self.n, self.p, self.n_true)
        X = (X - X.mean(axis=0)) / X.std(axis=0) if self.family == "bernoulli" else X / X.std(axis=0)
        return X, y if self.family == "bernoulli" else (y - y.mean()) / y.std()

    def save(self, folder: Path, seed: int = 0) -> None:
        """Write X (column by column), y and the facts, for any language to read."""
        folder.mkdir(parents=True, exist_ok=True)
        X, y = self.data(seed)
        np.asfortranarray(X).ravel(order="F").tofile(folder / "x.bin")
        y.tofile(folder / "y.bin")
        (folder / "facts.txt").write_text(f"{self.n} {self.p} {self.scale!r} {self.family}\n")

    def quick(self) -> "Case":
        """Return a miniature of a larger case, for smoke runs."""
        return self if self.n < 1_000 else replace(self, n=500, p=5, n_true=3)

    @property
    def parts(self) -> "list[Case]":
        """The case; a tall one also with a share of its rows, for peers that do not finish all of them."""
        if self.n < 100_000:
            return [self]
        share = (
            100 if self.family == "gaussian" else 10
        )  # with fewer, labels would make another problem of it
        return [self, replace(self, name=f"{self.name}/{share}", n=self.n // share)]


def _breast_cancer(rng: np.random.Generator, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the breast cancer data, for other seeds than 0 with resampled rows."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    rows = rng.integers(0, y.size, y.size) if seed else np.arange(y.size)
    return X[rows], y[rows].astype(float)


CASES = {
    case.name: case
    for case in (
        Case("P1", 442, 10, 10, 0.1),
        Case("P2", 10_000, 50, 20, 0.1),
        Case("T5", 100_000, 100, 30, 0.1),
        Case("T6", 1_000_000, 100, 30, 0.1),
        Case("P3", 100, 200, 10, 0.05),
        Case("W", 71, 1_000, 10, 0.02),
        Case("L5", 569, 30, 0, 1.0, "bernoulli"),  # the breast cancer data, scikit-learn's C = 1
        Case("L6", 10_000, 50, 20, 1.0, "bernoulli"),
        Case("L7", 100_000, 100, 30, 1.0, "bernoulli"),
    )
}
