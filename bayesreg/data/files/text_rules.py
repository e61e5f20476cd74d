"""What a fit keeps of how text was read, so that new rows are read in the same way."""

import json
from dataclasses import asdict, dataclass, field
from typing import final

from .dates import DateColumn
from .missing_texts import MissingTexts
from .written_numbers import NumberColumn


@final
@dataclass(frozen=True)
class TextRules:
    """How text was read, but for levels.

    Attributes
    ----------
    missing : MissingTexts
    numbers : tuple of NumberColumn
    dates : tuple of DateColumn
    """

    missing: MissingTexts = field(default_factory=MissingTexts)
    numbers: tuple[NumberColumn, ...] = ()
    dates: tuple[DateColumn, ...] = ()

    def to_json(self) -> str:
        """Return the rules as text, for a file to keep."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "TextRules":
        """Return the rules that to_json made text of.

        Raises
        ------
        ValueError
            If it is no such text.
        """
        try:
            said = json.loads(text)
            rules = cls(
                MissingTexts(
                    tuple(said["missing"]["everywhere"]), tuple(map(tuple, said["missing"]["in_column"]))
                ),
                tuple(NumberColumn(**one) for one in said["numbers"]),
                tuple(DateColumn(**one) for one in said["dates"]),
            )
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            raise ValueError("what it says of reading text is malformed") from None
        words = [
            *rules.missing.everywhere,
            *(word for pair in rules.missing.in_column for word in pair),
            *(word for one in rules.numbers for word in (one.column, one.unit)),
            *(word for one in rules.dates for word in (one.column, one.format, one.first)),
        ]
        texts = all(isinstance(word, str) for word in words)
        pairs = all(len(pair) == 2 for pair in rules.missing.in_column)
        if not (texts and pairs and all(one.is_sound for one in rules.dates)):
            raise ValueError("what it says of reading text is malformed")
        return rules
