"""What is explained: its name, what 0 and 1 stand for, and the columns of what is known of it."""

import json
from dataclasses import asdict, dataclass
from typing import final


@final
@dataclass(frozen=True)
class Target:
    """The response of a fit.

    Attributes
    ----------
    name : str
    labels : (str, str) or None
        What 0 and 1 stand for, if the response is labels.
    offset, exposure : str or None
        Columns with the known part of the linear predictor, and with that whose logarithm it is.
    """

    name: str
    labels: tuple[str, str] | None = None
    offset: str | None = None
    exposure: str | None = None

    @property
    def event(self) -> str:
        """What a probability is of: "survived=yes"."""
        return f"{self.name}={'1' if self.labels is None else self.labels[1]}"

    @property
    def other_event(self) -> str:
        """What 0 is: "survived=no"."""
        return f"{self.name}={'0' if self.labels is None else self.labels[0]}"

    @property
    def known_part(self) -> str | None:
        """The offset by the names of its columns: "log(days)"; None if there is none, or its columns are not known."""
        parts = [*([] if self.offset is None else [self.offset])]
        parts += [] if self.exposure is None else [f"log({self.exposure})"]
        return " + ".join(parts) or None

    def to_json(self) -> str:
        """Return it as text, for a file to keep."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Target":
        """Return the target that to_json made text of.

        Raises
        ------
        ValueError
            If it is no such text.
        """
        try:
            said = json.loads(text)
            labels = said["labels"]
            found = cls(
                said["name"], None if labels is None else tuple(labels), said["offset"], said["exposure"]
            )
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            raise ValueError("what it says of the target is malformed") from None
        words = [found.name, *(found.labels or ())]
        columns = [one for one in (found.offset, found.exposure) if one is not None]
        two = found.labels is None or len(found.labels) == 2
        if not (two and all(isinstance(word, str) for word in (*words, *columns))):
            raise ValueError("what it says of the target is malformed")
        return found
