"""A progress bar on what takes longer than two seconds."""

from collections.abc import Iterable
from typing import Any

DELAY = 2.0  # seconds before it is shown


def progress_bar(
    items: Iterable[Any] | None, what: str, unit: str, *, shown: bool, total: int | None = None
) -> Any:
    """Return items that show on stderr how many are done; or a bar for `update` where there are none.

    Parameters
    ----------
    items : iterable or None
    what, unit : str
        What is done, and what one item is.
    shown : bool
    total : int, optional
        Of items without a length.
    """
    from tqdm.auto import tqdm

    return tqdm(items, desc=what, unit=unit, total=total, delay=DELAY, leave=False, disable=not shown)
