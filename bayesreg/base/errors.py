"""The package's own warnings and errors."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

_NOT_THE_CALLER = (  # without the suffix: a whole path does not count as its own prefix
    str(Path(__file__).parents[1]),
    contextlib.__file__.removesuffix(".py"),
)


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line outside of bayesreg that caused the warning."""
    warnings.warn(message, category, skip_file_prefixes=_NOT_THE_CALLER)


@contextlib.contextmanager
def gathered_by_scale(n_scales: int) -> Iterator[None]:
    """Join the sampling warnings of all scales into one; show other warnings as they are."""
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
    """Return the error for values whose sizes differ too much."""
    return ValueError(
        "float64 cannot hold the objective: its squares and products overflow or underflow. The columns of X, y, "
        "the noise scale or the prior's scales differ too much in size. "
        "Change units, so that columns and y have similar sizes."
    )


class ConvergenceWarning(UserWarning):
    """A mode was returned whose certificate misses the requested tolerance."""


class DegenerateDataWarning(UserWarning):
    """The data determine the answer in a degenerate way, for example a constant response."""


class RowOrderWarning(UserWarning):
    """Folds are blocks of rows as they come, and the rows are in no random order."""


class NoModeError(ValueError):
    """The posterior density is unbounded, so it has no mode."""


class ImproperPosteriorError(ValueError):
    """The posterior does not integrate to a finite number, so it cannot be sampled."""


class ImproperPriorError(ValueError):
    """A prior does not integrate to a finite number, so it cannot be drawn from."""


class SamplingWarning(UserWarning):
    """The draws may not represent the posterior, or there are fewer than requested."""


class CheckpointError(ValueError):
    """A checkpoint is damaged, or belongs to another run."""


class ForkedProcessError(RuntimeError):
    """A process was forked after JAX had started. It lacks JAX's threads, so JAX would never answer."""


class DataNeededError(ValueError):
    """A translation needs data that were not given."""


class NoEquivalent(ValueError):  # noqa: N818 - the name is part of the public contract
    """A penalty has no counterpart in the requested convention."""


# Where users, filters and pickles have found them from the first.
for _one in (
    ConvergenceWarning,
    DegenerateDataWarning,
    RowOrderWarning,
    NoModeError,
    ImproperPosteriorError,
    ImproperPriorError,
    SamplingWarning,
    CheckpointError,
    ForkedProcessError,
    DataNeededError,
    NoEquivalent,
):
    _one.__module__ = f"{__name__.split('.')[0]}.errors"
