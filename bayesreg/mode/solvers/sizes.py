"""Sizes of arrays for compiled programs."""

_SMALLEST = 16


def padded(size: int) -> int:
    """Return the padded length for arrays of a size. Few lengths exist, so few programs serve all sizes."""
    length = _SMALLEST
    while length < size:  # powers of two and the midpoints between them
        length = length * 3 // 2 if length & (length - 1) == 0 else length // 3 * 4
    return length
