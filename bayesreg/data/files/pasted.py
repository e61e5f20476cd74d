"""Options of the command, as they are pasted into a shell."""

import shlex
from collections.abc import Sequence


def pasted(option: str, *words: str) -> str:
    """Return an option with words, each of which it is given by itself."""
    return " ".join(f"{option} {shlex.quote(word)}" for word in words)


def pasted_names(option: str, names: Sequence[str]) -> str:
    """Return an option with names of columns, joined by commas if none has a comma of its own."""
    if any("," in name or name != name.strip() for name in names):
        return pasted(option, *names)
    return pasted(option, ", ".join(names))
