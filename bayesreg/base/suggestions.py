"""Suggestions for a misspelt name."""

import difflib
from collections.abc import Iterable

_MOST = 3


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'a' or 'b'?" with similar known names, or an empty text.

    Names that end in it after a dot come first, then names that contain it, else names with a similar spelling.
    """
    lowered, asked = {one.lower(): one for one in known}, name.lower()
    called = asked.partition("(")[0]  # the name may be code, such as a call
    ending = [one for one in lowered if called and one.endswith(f".{called}")]
    within = [one for one in lowered if asked and asked in one]
    close = (ending or within)[:_MOST] or difflib.get_close_matches(asked, list(lowered), n=_MOST)
    return f" Did you mean {' or '.join(repr(lowered[one]) for one in close)}?" if close else ""
