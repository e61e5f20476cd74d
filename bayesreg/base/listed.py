"""Many names in one sentence."""

from collections.abc import Sequence


def listed(texts: Sequence[str], most: int) -> str:
    """Return texts with commas between, so many at most, and how many more there are."""
    shown = ", ".join(texts[:most])
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"


def quoted(names: Sequence[str], most: int = 20) -> str:
    """Return names in quotes, so many at most, and how many more there are."""
    return listed([repr(name) for name in names], most)
