"""How many levels a text column may have, by the rows that there are for each."""

_FEW, _ROWS_OF_FEW = 50, 2
_MOST, _ROWS_OF_MANY = 1000, 10
_MOST_ENTRIES = 2**27
_NEVER_TOO_MANY = 10  # levels that somebody names: files of a few rows have them


def most_levels(n_rows: int) -> int:
    """Return how many levels are taken without a question.

    They are up to 50 if there are more than two rows for each, and up to 1,000 if there are ten and their columns take
    less than a gigabyte.
    """
    few = min(_FEW, (n_rows - 1) // _ROWS_OF_FEW)
    many = min(_MOST, n_rows // _ROWS_OF_MANY, _MOST_ENTRIES // n_rows)
    return max(2, few, many)


def tell_rows_apart(n_levels: int, n_rows: int) -> bool:
    """Tell whether levels are an identifier's: there are not even two rows for each, so they name no groups."""
    return n_levels > max(_NEVER_TOO_MANY, (n_rows - 1) // _ROWS_OF_FEW)
