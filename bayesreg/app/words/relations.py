"""Columns that others tell, exactly or nearly, by name."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor, log10
from typing import NamedTuple

from ...base.listed import listed
from ...data.files.levels import Levels
from ...data.files.pasted import pasted
from ...data.relations import Relation, Relations
from ..fitted import Fit

_MOST_TOLD, _MOST_TERMS, _MOST_NAMED = 5, 6, 3
_A_PAIR = 2
_DIGITS = 4  # of a decimal number that is written as it is
_LARGEST_DENOMINATOR = 1000


def relation_notes(fit: Fit, *, in_command: bool) -> tuple[str, ...]:
    """Say which columns others tell, exactly or nearly, each in one sentence, and the remedies.

    Parameters
    ----------
    fit : Fit
    in_command : bool
        Whether the reader has the options of the command, not Python.
    """
    known = fit.relations
    if known.n_columns + fit.model.fit_intercept > known.n_samples:
        return (
            f"There are more columns than rows can tell apart: {known.n_columns} for {known.n_samples}. Many "
            "coefficients fit alike, and the prior chooses among them.",
        )
    said = _of_exact(fit, in_command=in_command)
    return (*said, *_of_near(fit, in_command=in_command))


def _of_exact(fit: Fit, *, in_command: bool) -> list[str]:
    known = fit.relations
    told = _told(fit, known.found)
    if not told:
        return []
    shown = list(told)[:_MOST_TOLD]
    n_more = len(told) - len(shown) + known.n_more
    more = (
        [f"There {'is' if n_more == 1 else 'are'} {n_more} more such column{'s' * (n_more != 1)}."]
        if n_more
        else []
    )
    ways = list(dict.fromkeys(told[text] for text in shown))
    return [*(f"{text}." for text in shown), *more, _meaning(ways, in_command=in_command)]


def _of_near(fit: Fit, *, in_command: bool) -> list[str]:
    """Say which columns others nearly tell; of levels, which column they are of."""
    names, column_of = fit.mode.feature_names, _columns_of_levels(fit)
    found: dict[str, str] = {}
    for near in fit.relations.near:
        of, *others = dict.fromkeys(column_of.get(names[j], names[j]) for j in (near.of, *near.by))
        if others:
            explained = f"R² {1.0 - near.left:.{_nines(near.left)}f}"
            found.setdefault(of, f"{of} is nearly told by {listed(others, _MOST_NAMED)} ({explained}).")
    if not found:
        return []
    more = [f"There are {len(found) - _MOST_TOLD} more."] if len(found) > _MOST_TOLD else []
    shown = list(found)[:_MOST_TOLD]
    meaning = "The data hardly tell their coefficients apart; predictions are as good as ever."
    remedy = _remedy([_Way(of) for of in shown], in_command=in_command)
    return [*(found[of] for of in shown), *more, f"{meaning} {remedy}"]


def _nines(left: float) -> int:
    """Return how many decimals show that a share is not all."""
    return max(4, 1 - floor(log10(left))) if left > 0.0 else 4


class _Way(NamedTuple):
    """A column that may be left out, or the rows of a level of it."""

    column: str
    level: str | None = None

    def text(self, *, in_command: bool) -> str:
        if self.level is None:
            return pasted("--exclude", self.column) if in_command else repr(self.column)
        rows = f"{self.column}={self.level}"
        return f"{pasted('--missing', rows)} --drop-missing" if in_command else f"the rows of {rows!r}"


def relation_text(relation: Relation, names: Sequence[str]) -> str:
    """Write a relation: "sched_dep_time = 100 hour + minute"."""
    of = names[relation.of]
    if len(relation.terms) == 1 and relation.terms[0].factor == 1.0 and relation.constant == 0.0:
        return f"{of} equals {names[relation.terms[0].at]}"
    in_order = sorted(relation.terms, key=lambda term: term.factor < 0.0)
    terms = [(term.factor, names[term.at]) for term in in_order]
    numbers = [factor for factor, _ in terms] + ([relation.constant] if relation.constant else [])
    sign = "=" if all(_is_small(number) for number in numbers) else "≈"
    parts = [_signed(factor, name) for factor, name in terms[:_MOST_TERMS]]
    if relation.constant:
        parts.insert(0, _signed(relation.constant, ""))
    if len(terms) > _MOST_TERMS:
        parts.append(f"+ … ({len(terms) - _MOST_TERMS} more)")
    text = " ".join(parts)
    return f"{of} {sign} {text[2:] if text.startswith('+ ') else f'-{text[2:]}'}"


def _told(fit: Fit, found: Sequence[Relation]) -> dict[str, _Way]:
    """Return what is said of relations, each once, and what may be left out for it."""
    names, column_of = fit.mode.feature_names, _columns_of_levels(fit)
    nested = _nested(fit, found)
    told: dict[str, _Way] = {}
    for relation in found:
        pair = next((pair for pair in _told_by_levels(relation, names, column_of) if pair in nested), None)
        if pair is not None:
            told[f"{pair[0]} is told by the level of {pair[1]}"] = _Way(pair[1])
        else:
            told[relation_text(relation, names)] = _way_out(relation, names, column_of, fit.levels)
    return told


def _columns_of_levels(fit: Fit) -> dict[str, str]:
    return {feature: one.column for one in fit.levels for feature in one.features}


def _told_by_levels(
    relation: Relation, names: Sequence[str], column_of: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return a column with the text column whose levels tell it in a relation; of two single levels, both ways."""
    features = [names[j] for j in (relation.of, *(term.at for term in relation.terms))]
    times = Counter(column_of.get(name, name) for name in features)
    if len(times) != _A_PAIR:
        return []
    levels = [column for column in times if column in column_of.values()]
    return [
        (own, only)
        for only in levels
        for own in times
        if own != only and times[own] == 1 and (times[only] > 1 or own in levels)
    ]


def _nested(fit: Fit, found: Sequence[Relation]) -> set[tuple[str, str]]:
    """Return columns of which every level, or every number, is told by the level of another, with that other."""
    names, column_of = fit.mode.feature_names, _columns_of_levels(fit)
    n_levels = {one.column: len(one.values) for one in fit.levels}
    times = Counter(pair for relation in found for pair in _told_by_levels(relation, names, column_of))
    return {
        (left, only)
        for (left, only), n in times.items()
        if n_levels.get(only, 0) >= n_levels.get(left, 0) and n >= n_levels.get(left, 2) - 1
    }


def _way_out(
    relation: Relation, names: Sequence[str], column_of: Mapping[str, str], levels: Sequence[Levels]
) -> _Way:
    """Return what may be left out: the number itself, or the level of a few rows, of the column with most levels."""
    name = names[relation.of]
    at_levels = [
        names[j] for j in (relation.of, *(term.at for term in relation.terms)) if names[j] in column_of
    ]
    if name not in column_of or not at_levels:
        return _Way(name)
    n_levels = {one.column: len(one.values) for one in levels}
    written = _written_levels(levels)
    if len(at_levels) == len(relation.terms) + 1 == _A_PAIR and any(one in written for one in at_levels):
        own = max(filter(written.__contains__, at_levels), key=lambda feature: n_levels[column_of[feature]])
        return _Way(column_of[own], written[own])
    return _Way(column_of[max(at_levels, key=lambda feature: n_levels[column_of[feature]])])


def _written_levels(levels: Sequence[Levels]) -> dict[str, str]:
    """Return the levels that stand in the file, by feature: not what missing entries, or rare levels, became."""
    return {
        feature: shown
        for one in levels
        for feature, shown in zip(one.features, one.shown, strict=True)
        if shown not in (one.missing, one.other)
    }


def _meaning(ways: Sequence[_Way], *, in_command: bool) -> str:
    meaning = "The data tell only what these columns do together; the prior divides it among them."
    return f"{meaning} {_remedy(ways, in_command=in_command)}"


def _remedy(ways: Sequence[_Way], *, in_command: bool) -> str:
    texts = list(dict.fromkeys(way.text(in_command=in_command) for way in ways))
    return f"Remedy: {'' if in_command else 'leave out '}{listed(texts, _MOST_TOLD)}."


def _signed(number: float, name: str) -> str:
    sign = "-" if number < 0.0 else "+"
    size = abs(number)
    factor = "" if size == 1.0 and name else _written(size)
    return f"{sign} {' '.join(filter(None, (factor, name)))}"


def _written(number: float) -> str:
    if float(f"{number:.{_DIGITS}g}") == number or number == round(number):
        return f"{number:.12g}"
    return (
        str(Fraction(number).limit_denominator(_LARGEST_DENOMINATOR))
        if _is_small(number)
        else f"{number:.3g}"
    )


def _is_small(number: float) -> bool:
    """Tell whether a number is a fraction with a small denominator."""
    return float(Fraction(number).limit_denominator(_LARGEST_DENOMINATOR)) == number


def relations_document(known: Relations, names: Sequence[str]) -> list[dict[str, object]]:
    """Return relations for machines."""
    return [
        {
            "column": names[relation.of],
            "terms": {names[term.at]: term.factor for term in relation.terms},
            "constant": relation.constant,
            "text": relation_text(relation, names),
        }
        for relation in known.found
    ]
