"""Lists of names for a sentence."""

from collections.abc import Sequence


def listed(texts: Sequence[str], most: int) -> str:
    """Join at most `most` texts by commas, or semicolons if one has a comma, and add the number of the others."""
    shown = ("; " if any(", " in text for text in texts[:most]) else ", ").join(texts[:most])
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"


def quoted(names: Sequence[object], most: int = 20) -> str:
    """Join at most `most` quoted names by commas, and add the number of the others."""
    return listed([repr(name) for name in names], most)
