"""Sums in pairs of equal size, as in a binary counter: the error grows with the logarithm of the number of terms."""

from typing import Any, final


@final
class PairwiseSum[Summand]:
    """A sum to which terms are added one by one."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, Any]] = []

    def add(self, term: Summand) -> None:
        """Add a term."""
        size, total = 1, term
        while self._parts and self._parts[-1][0] == size:
            total = self._parts.pop()[1] + total
            size *= 2
        self._parts.append((size, total))

    @property
    def latest(self) -> Summand | None:
        """The sum of the latest terms; None if there is none."""
        return self._parts[-1][1] if self._parts else None

    @property
    def total(self) -> Summand | None:
        """The sum of all terms; None if there is none."""
        total = None
        for _, part in reversed(self._parts):
            total = part if total is None else part + total
        return total
