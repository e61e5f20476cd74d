"""Labels of two kinds as 0 and 1."""

from typing import Any

import numpy as np

from ..base.listed import quoted

Labels = tuple[Any, Any]


def coded(y: Any) -> tuple[Any, Labels | None]:
    """Code text of two kinds as 0 and 1.

    Parameters
    ----------
    y : array or series (n,)

    Returns
    -------
    array or series (n,)
        The argument itself if it is no text.
    pair or None
        The labels of 0 and 1, sorted; None for numbers.

    Raises
    ------
    ValueError
        If text is of another number of kinds, or an entry is missing.
    """
    if y is None or getattr(y, "ndim", 1) != 1 or not _is_text(values := np.asarray(y)):
        return y, None
    missing = np.array([not isinstance(one, str | bytes) for one in values.tolist()])
    if missing.any():
        raise ValueError(
            f"`y` holds labels, but {int(missing.sum())} of its entries are none (first at row "
            f"{int(missing.argmax())}: {values[missing.argmax()]!r}). Leave these rows out."
        )
    kinds = sorted(set(values.tolist()))
    if len(kinds) != 2:
        raise ValueError(
            f"`y` holds text of {len(kinds)} kinds, {quoted([str(kind) for kind in kinds])}: labels must be of two. "
            "Convert numbers that are written as text, for example with y.astype(float); or ask about one label, "
            "y == label."
        )
    return (values == kinds[1]).astype(np.float64), (kinds[0], kinds[1])


def _is_text(values: np.ndarray) -> bool:
    if values.dtype.kind in "US":
        return True
    return values.dtype.kind == "O" and any(isinstance(one, str | bytes) for one in values.tolist())
