"""The warnings and errors that are bayesreg's own."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

_NOT_THE_CALLER = (  # a whole path is no prefix of itself here
    str(Path(__file__).parents[1]),
    contextlib.__file__.removesuffix(".py"),
)


def warn(message: str, category: type[Warning]) -> None:
    """Warn of something at the line outside of bayesreg that led to it."""
    warnings.warn(message, category, skip_file_prefixes=_NOT_THE_CALLER)


@contextlib.contextmanager
def gathered_by_scale(n_scales: int) -> Iterator[None]:
    """Tell once of the scales whose draws are in doubt; other warnings are shown as they are."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SamplingWarning)
        yield
    doubts = [str(one.message) for one in caught if issubclass(one.category, SamplingWarning)]
    for one in caught:
        if not issubclass(one.category, SamplingWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if doubts:
        warn(
            f"draws at {len(doubts)} of {n_scales} scales are in doubt, the first: {doubts[0]}",
            SamplingWarning,
        )


def beyond_float64() -> ValueError:
    """Return the error for sizes that are too far apart."""
    return ValueError(
        "float64 cannot hold the objective: columns of X differ so much in size, or coefficients, noise "
        "or prior scales are so far from theirs, that squares and products leave its range. "
        "Change units, so that columns and y are of like size."
    )


class ConvergenceWarning(UserWarning):
    """A mode was returned whose certificate misses the requested tolerance."""


class DegenerateDataWarning(UserWarning):
    """The data determine the answer in a degenerate way, for example a constant response."""


class NoModeError(ValueError):
    """The posterior density is unbounded, so it has no mode."""


class ImproperPosteriorError(ValueError):
    """The posterior does not integrate to a finite number, so it cannot be sampled."""


class ImproperPriorError(ValueError):
    """A prior does not integrate to a finite number, so it cannot be drawn from."""


class SamplingWarning(UserWarning):
    """The draws may not represent the posterior, or are fewer than asked for."""


class CheckpointError(ValueError):
    """A checkpoint is damaged, or of another run."""


class ForkedProcessError(RuntimeError):
    """A process was forked after JAX was at work, whose threads it has not got: JAX would never answer there."""


class DataNeededError(ValueError):
    """A translation needs data, and they were not given."""


class NoEquivalent(ValueError):  # noqa: N818 - the name is part of the public contract
    """A penalty has no counterpart in the requested convention."""
