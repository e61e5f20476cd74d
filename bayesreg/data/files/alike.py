"""Names that differ in upper and lower case, or in blanks, and in nothing else."""

from collections.abc import Iterable


def alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of names that differ in nothing else, as they come."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(" ".join(name.casefold().split()), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def said_of_alike(groups: list[tuple[str, ...]], most: int) -> str:
    """Write groups: "'Prof' and 'prof'; 'PhD' and 'phd'"."""
    shown = "; ".join(" and ".join(map(repr, group)) for group in groups[:most])
    return shown if len(groups) <= most else f"{shown}; and {len(groups) - most} more"
