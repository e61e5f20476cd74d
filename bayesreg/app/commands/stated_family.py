"""Which likelihood a command's target gets: the one that is asked for, or what the target looks like."""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ...data.files.target import OTHER_LABEL
from ...likelihoods.base import Likelihood
from ...likelihoods.bernoulli import BernoulliLikelihood
from ...likelihoods.gaussian import GaussianLikelihood
from ...likelihoods.negative_binomial import NegativeBinomialLikelihood
from ...likelihoods.poisson import PoissonLikelihood
from ...likelihoods.student_t import StudentTLikelihood
from ..words.families import FAMILY_WORDS, has_noise

if TYPE_CHECKING:
    from ...data.files.table import Table
    from ...data.gram import GramData

_FEWEST_ROWS, _ROWS_A_VALUE, _FEWEST_VALUES = 10, 2.0, 3
_SMALL_MEAN = 10.0
_LEAST_SKEWNESS = 0.2  # of that of a Poisson count
_OVERDISPERSED = 1.5  # variance over mean
_SAME = 1e-9  # so near are sums of the same numbers
_KINDS: dict[str, type[Likelihood]] = {
    kind.family: kind
    for kind in (
        GaussianLikelihood,
        BernoulliLikelihood,
        PoissonLikelihood,
        NegativeBinomialLikelihood,
        StudentTLikelihood,
    )
}


class Family(NamedTuple):
    """A likelihood by its name, and why it was taken, in a line."""

    name: str
    said: str


def family_of(asked: str | None, table: "Table", exposure: str | None = None) -> Family:
    """Return the likelihood of a table's target.

    Labels of two kinds and the numbers 0 and 1 get a logistic regression. Small counts are asked about: whole numbers
    from 0, which is among them, with a mean below 10, of three values at least, in ten rows at least and two rows for
    each value.

    Parameters
    ----------
    asked : str or None
        What `--family` says.
    table : Table
    exposure : str, optional
        The column of exposures, which only counts have.

    Raises
    ------
    ValueError
        If the target looks like a count and nothing was asked for, or it is not for what was.
    """
    y, name = _present(table.y.to_numpy(), table), str(table.y.name)
    if not np.isfinite(y).all():
        return Family(asked or GaussianLikelihood.family, "")  # it is refused with its row
    seems = looks_like(table)
    is_two = seems == "two values"
    if asked is None and exposure is None and is_two:
        several = table.labels is not None and table.labels.zero == OTHER_LABEL
        why = f"one label of {name!r} is asked about" if several else f"{name!r} has two values"
        return Family("bernoulli", _logistic(name, table, f", as {why}"))
    if asked is None and (exposure is not None or seems == "counts"):
        raise ValueError(_question(name, y))
    family = asked or GaussianLikelihood.family
    _check_target(family, name, y)
    if exposure is not None and FAMILY_WORDS[family].ratio != "rate ratio":
        raise ValueError(
            f"--exposure is of counts, whose mean is proportional to it, and --family is {family}. Leave it out, or "
            "say --family poisson."
        )
    return Family(
        family, _logistic(name, table, "") if is_two and family == "bernoulli" else _said(family, "")
    )


def looks_like(table: "Table") -> Literal["two values", "counts"] | None:
    """Return what a target looks like that normal noise is not made for."""
    y = _present(table.y.to_numpy(), table)
    if table.labels is not None or np.array_equal(np.unique(y), (0.0, 1.0)):
        return "two values"
    return "counts" if np.isfinite(y).all() and _are_small_counts(y) else None


def family_of_statistics(asked: str | None, data: "GramData", name: str) -> Family:
    """Return the likelihood of the target of statistics, which are enough for normal noise only.

    Values of which all are 0 or 1 are told by their sums: those of the values and of their squares are the same.

    Raises
    ------
    ValueError
        If another likelihood is asked for, or the target is 0 and 1 and none is.
    """
    if asked not in (None, GaussianLikelihood.family):
        raise ValueError(
            f"--family {asked} needs the rows, and only sums over them are at hand, which are enough for normal noise. "
            "Give the file of the rows (with --no-stream, if it is large)."
        )
    mean = data.y_mean
    squares = data.response_ss / data.sum_weights + mean**2
    if asked is None and 0.0 < mean < 1.0 and abs(squares - mean) <= _SAME * mean:
        raise ValueError(
            f"the target {name!r} is 0 or 1 in all rows. A logistic regression needs the rows: give their file "
            "(with --no-stream, if it is large). --family gaussian takes 0 and 1 as numbers, with normal noise."
        )
    return Family(GaussianLikelihood.family, _said(GaussianLikelihood.family, ""))


def likelihood_of(family: str, noise_scale: float | None) -> Likelihood:
    """Return a likelihood by its name; a noise scale that is not given is unknown.

    Raises
    ------
    ValueError
        If a noise scale is given to a likelihood without one.
    """
    kind = _KINDS[family]
    if noise_scale is None:
        return kind()
    if not has_noise(kind()):
        raise ValueError(
            f"--noise-scale is of noise around a mean, which {_called(family)} has not. Leave it out."
        )
    return kind(noise_scale=noise_scale)  # type: ignore[call-arg]


def _said(family: str, why: str) -> str:
    name = FAMILY_WORDS[family].name
    return f"{family}, {_article(name)} {name}{why}"


def _called(family: str) -> str:
    name = FAMILY_WORDS[family].name
    return f"{_article(name)} {name}"


def _article(name: str) -> str:
    return "an" if name[0] in "aeiou" else "a"


def _logistic(name: str, table: "Table", why: str) -> str:
    labels = f"1 is {name}=1, 0 is 0" if table.labels is None else table.labels.said
    return f"{_said('bernoulli', why)}. {labels}"


def _present(values: Any, table: "Table") -> Any:
    return values if table.weights is None else values[table.weights.to_numpy() > 0.0]


def _are_counts(y: Any) -> bool:
    return bool(y.min() >= 0.0 and not (y % 1.0).any())


def _are_small_counts(y: Any) -> bool:
    values = np.unique(y).size
    return bool(
        _are_counts(y)
        and y.min() == 0.0
        and y.mean() < _SMALL_MEAN
        and values >= _FEWEST_VALUES
        and y.size >= max(_FEWEST_ROWS, _ROWS_A_VALUE * values)
        and _leans_like_counts(y)
    )


def _leans_like_counts(y: Any) -> bool:
    """Return whether large values are rarer than small ones: the skewness of a Poisson count is 1/√mean."""
    away = y - y.mean()
    return bool((away**3).mean() >= _LEAST_SKEWNESS / np.sqrt(y.mean()) * (away**2).mean() ** 1.5)


def _question(name: str, y: Any) -> str:
    """Ask which likelihood a count is to have, with each answer ready to paste."""
    mean, variance = float(y.mean()), float(y.var())
    if not _are_counts(y):
        return (
            f"--exposure is of counts, and the target {name!r} is none: it holds {_first_no_count(y):g}. Give the "
            "counts as the target, or leave --exposure out."
        )
    wider = variance > _OVERDISPERSED * mean
    return (
        f"the target {name!r} looks like a count, from {y.min():g} to {y.max():g} with mean {mean:.3g} and variance "
        f"{variance:.3g}. Say which noise it has: --family poisson (variance about equal to the mean, given the other "
        "columns), --family negative-binomial (variance above it"
        f"{', which these numbers suggest' if wider else ''}), or --family gaussian (a number like any other: normal "
        "noise, alike in all rows)."
    )


def _first_no_count(y: Any) -> float:
    return float(y[(y < 0.0) | (y % 1.0 != 0.0)][0])


def _check_target(family: str, name: str, y: Any) -> None:
    """Refuse a target that the family is not for, in the command's words."""
    of_counts = FAMILY_WORDS[family].ratio == "rate ratio"
    if of_counts and not _are_counts(y):
        first = _first_no_count(y)
        raise ValueError(
            f"--family {family} is for counts, 0, 1, 2, …, and the target {name!r} holds {first:g}, which is "
            f"{'negative' if first < 0.0 else 'no whole number'}. If these are rates, give the counts as the target "
            "and what they are divided by as --exposure."
        )
    if of_counts and not y.any():
        raise ValueError(
            f"the target {name!r} is 0 in all rows: the data tell no rate but one below all others, so there is "
            "nothing to fit. Take in rows with counts."
        )
    if family == "bernoulli":
        _check_yes_or_no(name, y)


def _check_yes_or_no(name: str, y: Any) -> None:
    if y.min() < 0.0 or y.max() > 1.0:
        values = np.unique(y)
        raise ValueError(
            f"--family bernoulli is for two values, or shares from 0 to 1, and the target {name!r} holds {values.size} "
            f"numbers from {values[0]:g} to {values[-1]:g}. --positive {values[-1]:g} asks about one of them against "
            "all others."
        )
    if y.min() == y.max() and y[0] in (0.0, 1.0):
        raise ValueError(
            f"the target {name!r} is {y[0]:g} in all rows: there is nothing to compare it with. Take in rows of the "
            "other kind."
        )
