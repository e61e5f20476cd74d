"""What reaches a terminal: no control characters, no letter that it lacks; and where it fails, work goes on."""

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO, cast

# C0 but tab and line feed, DEL, C1, the signs that reorder text, ends of lines and paragraphs, halves of letters.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_PLAIN = {
    "±": "+/-", "−": "-", "–": "-", "—": "-", "×": "x", "·": "*", "≈": "~", "≤": "<=", "≥": ">=", "½": "1/2",
    "²": "^2", "₁": "1", "₂": "2", "√": "sqrt", "Σ": "sum", "→": "->", "…": "...", "’": "'", "β": "beta",
    "γ": "gamma", "λ": "lambda", "μ": "mu", "ν": "nu", "σ": "sigma", "τ": "tau", "ω": "omega", "‖": "||",
}  # fmt: skip


def printable(text: str) -> str:
    """Return text with control characters written out, escape as x1b after a backslash: a terminal obeys them."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def print_aside(text: str) -> None:
    """Print a line on standard error, beside what is asked for."""
    print(printable(text), file=sys.stderr)


def printable_json(text: str, encoding: str | None) -> str:
    """Return JSON with what a terminal would obey, or an encoding lacks, as JSON's own escapes."""
    kept = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    if _has(encoding, kept):
        return kept
    return "".join(letter if _has(encoding, letter) else _escaped(letter) for letter in kept)


def _escaped(letter: str) -> str:
    halves = letter.encode("utf-16-be").hex()
    return "".join(f"\\u{halves[i : i + 4]}" for i in range(0, len(halves), 4))


def _has(encoding: str | None, text: str) -> bool:
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _in(encoding: str | None, text: str) -> str:
    """Return text with letters that an encoding lacks replaced by what it has."""
    if _has(encoding, text):
        return text
    return "".join(
        letter if _has(encoding, letter) else _PLAIN.get(letter, ascii(letter)[1:-1]) for letter in text
    )


class Outlet:
    """A stream that is written to for as long as it takes what it is given.

    Attributes
    ----------
    fault : OSError or None
        Why it takes no more; what is written then is lost.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.fault = None if stream is not None else OSError(errno.EBADF, "it is closed")
        self._stream = stream or open(os.devnull, "w")  # noqa: SIM115 - takes the place of the closed one

    def write(self, text: str) -> int:
        """Write text, in the letters that the stream has."""
        shown = _in(self._stream.encoding, text)
        with self._faults_are_kept():
            self._stream.write(shown)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        with self._faults_are_kept():
            self._stream.flush()

    @contextmanager
    def _faults_are_kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.fault = error
            self._lead_nowhere()

    def _lead_nowhere(self) -> None:
        """Let what is left to be written, at the end of the process too, be written without a fault."""
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # else bytes would be written past this
            raise AttributeError(name)
        return getattr(self._stream, name)


@contextmanager
def outlets() -> Iterator[None]:
    """Write to standard output and error by outlets inside."""
    out, err = (cast(TextIO, Outlet(stream)) for stream in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        yield


def stdout_fault() -> str | None:
    """Return why standard output has taken no more, as a sentence without its end; None where it takes all."""
    if not isinstance(sys.stdout, Outlet):
        return None
    sys.stdout.flush()
    fault = sys.stdout.fault
    return None if fault is None else f"cannot write to standard output: {fault.strerror or fault}"
