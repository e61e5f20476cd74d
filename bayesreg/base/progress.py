"""A progress bar for work that takes longer than two seconds."""

from collections.abc import Iterable
from typing import Any

DELAY = 2.0  # seconds before it is shown


def progress_bar(
    items: Iterable[Any] | None, what: str, unit: str, *, shown: bool, total: int | None = None
) -> Any:
    """Return items that show on stderr how many are done, or a bar with `update` if there are no items.

    Parameters
    ----------
    items : iterable or None
    what, unit : str
        The name of the work, and of one item.
    shown : bool
    total : int, optional
        The number of items, if they have no length.
    """
    from tqdm.auto import tqdm

    return tqdm(items, desc=what, unit=unit, total=total, delay=DELAY, leave=False, disable=not shown)
