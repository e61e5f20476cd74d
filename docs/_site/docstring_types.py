"""Docstrings as they are meant: each name its own default, and types in words rather than as Python would read them."""

import re
from typing import Any

import griffe

_NAMES = re.compile(r"^( *)(\w+(?:, \w+)+)( : .+)$")
_SHAPE = re.compile(r"\barray \(([^()]*)\)")
_ERRORS = re.compile(r"^( *)(\w+(?:Error|Warning)(?:, \w+(?:Error|Warning))+)$")
_CLASSES = re.compile(r"^( *(?:\w+ : )?)((?:[A-Z]\w+, )+[A-Z]\w+ or [A-Z]\w+)((?:, optional|, default .*)?)$")
_QUOTED = re.compile(r"^( *(?:\w+ : )?)(\".+\",? .*)$")


class DocstringTypes(griffe.Extension):
    """Put into words what Griffe would read as code, such as ``array (p,)`` and ``TypeError, ValueError``."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of one object."""
        if obj.docstring is not None:
            lines = _one_name_a_line(obj.docstring.value.split("\n"))
            obj.docstring.value = "\n".join(_in_words(line) for line in lines)


def _one_name_a_line(lines: list[str]) -> list[str]:
    """Write ``a, b : int`` as two entries: Griffe gives both the default of the first."""
    made, place = [], 0
    while place < len(lines):
        found = _NAMES.match(lines[place])
        end = place + 1
        if found is not None:
            while end < len(lines) and lines[end].startswith(found[1] + " "):
                end += 1
            for name in found[2].split(", "):
                made += [f"{found[1]}{name}{found[3]}", *lines[place + 1 : end]]
        else:
            made.append(lines[place])
        place = end
    return made


def _in_words(line: str) -> str:
    line = _SHAPE.sub(r"array of shape (\1)", line)
    line = _QUOTED.sub(r"\1one of \2", line)
    line = _ERRORS.sub(lambda found: found[1] + found[2].replace(", ", " or "), line)
    return _CLASSES.sub(lambda found: found[1] + found[2].replace(", ", " or ") + found[3], line)
