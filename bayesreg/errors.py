"""The warnings and errors that are bayesreg's own."""


class ConvergenceWarning(UserWarning):
    """A mode was returned whose certificate misses the requested tolerance."""


class DegenerateDataWarning(UserWarning):
    """The data determine the answer in a degenerate way, for example a constant response."""


class NoModeError(ValueError):
    """The posterior density is unbounded, so it has no mode."""


class NoEquivalent(ValueError):  # noqa: N818 - the name is part of the public contract
    """A penalty has no counterpart in the requested convention."""
