"""The columns of a source and the levels that its text columns have had so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Int


@final
@dataclass(frozen=True)
class SourceColumns:
    """Columns in their order; some are text, with one feature a level.

    Attributes
    ----------
    names : tuple of str
    levels : mapping of str to tuple of str
        Of each text column, sorted. More may come with more rows.
    unknown : set of str
        Columns whose entries were all missing, so that nothing says what they hold. No row with them was kept.
    """

    names: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The features: columns of numbers, and ``column=level``."""
        found: list[str] = []
        for name in self.names:
            if name in self.levels:
                found += [f"{name}={level}" for level in self.levels[name]]
            elif name not in self.unknown:
                found.append(name)
        return tuple(found)

    def __or__(self, other: "SourceColumns") -> "SourceColumns":
        """Return the same columns with the levels of both."""
        if self == other:
            return self
        levels = {
            name: tuple(sorted({*self.levels.get(name, ()), *other.levels.get(name, ())}))
            for name in self.names
            if name in self.levels or name in other.levels
        }
        return SourceColumns(self.names, levels, self.unknown & other.unknown)

    def places_in(self, larger: "SourceColumns") -> Int[np.ndarray, " p"]:
        """Return where each feature stands among those of columns with more levels."""
        place = {name: j for j, name in enumerate(larger.feature_names)}
        return np.array([place[name] for name in self.feature_names], dtype=int)

    def difference(self, other: "SourceColumns") -> str | None:
        """Say how two sources' columns differ, or return None."""
        if self == other:
            return None
        if self.names != other.names:
            return f"got the columns {list(self.names)} and {list(other.names)}"
        for name in self.names:
            known = name not in self.unknown and name not in other.unknown
            if known and (name in self.levels) != (name in other.levels):
                return f"column {name!r} is text in one and numbers in the other"
        return None
