"""The cases: rows, columns, the Laplace scale; y and columns have mean 0, y has sd 1."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..designs import autoregressive, diabetes


@dataclass(frozen=True)
class Case:
    """y ~ Normal(intercept + Xβ, σ), β ~ Laplace(0, scale), σ ~ HalfNormal(1); intercept flat or about so."""

    name: str
    n: int
    p: int
    n_true: int
    scale: float

    @property
    def title(self) -> str:
        """The case in words."""
        return f"{self.n:,} × {self.p:,}, Laplace scale {self.scale:g}"

    def data(self, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Simulate; seed 0 is the one that is reported."""
        maker = diabetes if (self.n, self.p) == (442, 10) else autoregressive
        X, y = maker(np.random.default_rng([seed, self.n, self.p]), self.n, self.p, self.n_true)
        X = X / X.std(axis=0)
        return X, (y - y.mean()) / y.std()

    def save(self, folder: Path, seed: int = 0) -> None:
        """Write X (column by column), y and the facts, for any language to read."""
        folder.mkdir(parents=True, exist_ok=True)
        X, y = self.data(seed)
        np.asfortranarray(X).ravel(order="F").tofile(folder / "x.bin")
        y.tofile(folder / "y.bin")
        (folder / "facts.txt").write_text(f"{self.n} {self.p} {self.scale!r}\n")

    def rows(self, n: int) -> "Case":
        """Return the same case with fewer rows."""
        return replace(self, name=f"{self.name}/{self.n // n}", n=n)


CASES = {
    case.name: case
    for case in (
        Case("P1", 442, 10, 10, 0.1),
        Case("P2", 10_000, 50, 20, 0.1),
        Case("T5", 100_000, 100, 30, 0.1),
        Case("T6", 1_000_000, 100, 30, 0.1),
        Case("P3", 100, 200, 10, 0.05),
        Case("W", 71, 1_000, 10, 0.02),
    )
}
