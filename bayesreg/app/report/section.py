"""What a report is made of, before it is a page: sections of sentences, tables and pictures."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, final

from ..figures import png_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 150
_MOST_FOLDED = 1000  # rows
_CSS_DPI = 96


@final
@dataclass(frozen=True)
class Origin:
    """Where a fit comes from.

    Attributes
    ----------
    title, response : str
        Of the page, and what the response is called.
    language : str
        Of the code.
    made_by : str
        The command or the code that made it.
    made_on : date
    predicts : str
        The command or the code that predicts new rows.
    notes : tuple of (label, text)
        What happened while the data were read.
    n_dropped : int
        Rows that were left out while the data were read.
    """

    title: str
    response: str
    language: str
    made_by: str
    made_on: date
    predicts: str
    notes: tuple[tuple[str, str], ...] = ()
    n_dropped: int = 0


class Picture(NamedTuple):
    """An image inside the page."""

    uri: str
    alt: str
    width: int
    height: int

    @classmethod
    def of(cls, figure: "Figure", alt: str) -> "Picture":
        """Draw a figure."""
        data = png_bytes(figure, _DPI)
        width, height = (round(inches * _CSS_DPI) for inches in figure.get_size_inches())
        return cls(f"data:image/png;base64,{b64encode(data).decode()}", alt, width, height)


class Row(NamedTuple):
    """A row of a table: its cells, the first of which names it, and whether it stands out."""

    cells: tuple[str, ...]
    stands_out: bool = False


class FoldedRows(NamedTuple):
    """Rows of a section's table that a reader may unfold, and paper leaves out, with the label that counts them."""

    label: str
    rows: tuple[Row, ...]


class FoldedPicture(NamedTuple):
    """A picture that a reader may unfold, and paper leaves out, with its label and its caption."""

    label: str
    picture: Picture
    caption: str


class Section(NamedTuple):
    """Sentences, and what else a section has; `reason` where a part of it cannot be made; `caption` of the picture."""

    sentences: list[str]
    picture: Picture | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[Any, ...] = ()
    folded: FoldedRows | FoldedPicture | None = None
    more: Any = None
    reason: str | None = None
    caption: str = ""


def fold_rows(rows: Sequence[Row], what: str) -> FoldedRows | None:
    """Fold rows away, as many as a page can bear; None if there are none."""
    if not rows:
        return None
    kept = f"{_MOST_FOLDED} of the" if len(rows) > _MOST_FOLDED else "The"
    return FoldedRows(f"{kept} {count(len(rows), what)}", tuple(rows[:_MOST_FOLDED]))


def count(n: int, what: str) -> str:
    """Return a number of things."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def capital(text: str) -> str:
    """Return a sentence with its first letter large."""
    return text[:1].upper() + text[1:]
