"""Columns that others tell exactly, by name."""

from collections.abc import Sequence
from fractions import Fraction

from ...base.listed import listed
from ...data.relations import Relation, Relations
from ..fitted import Fit

_MOST_TOLD, _MOST_TERMS, _MOST_NAMED = 5, 6, 3
_DIGITS = 4  # of a decimal number that is written as it is
_LARGEST_DENOMINATOR = 1000


def relation_notes(fit: Fit, *, in_command: bool) -> tuple[str, ...]:
    """Say which columns others tell exactly, each in one sentence, and the remedy.

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
    told = _told(fit, known.found)
    if not told:
        return ()
    shown = list(told)[:_MOST_TOLD]
    n_more = len(told) - len(shown) + known.n_more
    more = (
        [f"There {'is' if n_more == 1 else 'are'} {n_more} more such column{'s' * (n_more != 1)}."]
        if n_more
        else []
    )
    left_out = [name for text in shown for name in (told[text],) if name is not None]
    return (*(f"{text}." for text in shown), *more, _meaning(left_out, in_command=in_command))


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


def _told(fit: Fit, found: Sequence[Relation]) -> dict[str, str | None]:
    """Return what is said of relations, each once, and the column that may be left out for it."""
    names = fit.mode.feature_names
    column_of = {feature: one.column for one in fit.levels for feature in one.features}
    told: dict[str, str | None] = {}
    for relation in found:
        left = column_of.get(names[relation.of])
        right = {column_of.get(names[term.at]) for term in relation.terms}
        (only,) = right if len(right) == 1 else (None,)
        if only is not None and only != left and len(relation.terms) > 1:
            told[f"{left or names[relation.of]} is told by the level of {only}"] = left or names[relation.of]
        else:
            told[relation_text(relation, names)] = None if left is not None else names[relation.of]
    return told


def _meaning(left_out: Sequence[str], *, in_command: bool) -> str:
    meaning = "The data tell only what these columns do together; the prior divides it among them."
    if not left_out:
        return meaning
    if in_command:
        return f"{meaning} Remedy: {listed([f'--exclude {name!r}' for name in left_out], _MOST_TOLD)}."
    return f"{meaning} Remedy: leave out {listed([repr(name) for name in left_out], _MOST_TOLD)}."


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
