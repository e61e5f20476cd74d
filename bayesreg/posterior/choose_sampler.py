"""The choice of a sampler: by the prior, by the place of the mass, by the data's share, and by a pilot."""

from collections.abc import Iterator

from ..model.row_problem import AnyProblem, RowProblem
from ..priors.law import ScaleMixture
from .marginals.bulks import Bulk, Look, bulks_of
from .row_samplers import on_rows
from .samplers import Maker, Sampler
from .suits import (
    LEAST_DATA_SHARE,
    LEAST_DATA_SHARE_TO_PROPOSE,
    factorises,
    is_hard_for_nuts,
    is_wide,
    material,
    may_vanish,
    tails_are_light,
    with_mass,
    within_reach,
)
from .targets.reference_point import reference_point

_FEW = 300  # coefficients up to which a draw by Gibbs takes little time
_SHALLOW = 1.0  # depth of a valley, in log density, that chains may still cross slowly
_LIGHT = 0.05  # a share of the mass beyond such a valley that few draws of a chain would reach
METHODS = ("auto", "marginal", "independence", "whitened", "mixture", "gibbs")


def suitable_samplers(
    problem: AnyProblem, method: str, num_warmup: int, found: Look | None
) -> Iterator[Sampler]:
    """Yield the requested sampler, or for "auto" those that suit; the best is first.

    Parameters
    ----------
    problem : Problem or RowProblem
        Of a proper posterior.
    method : one of METHODS
    num_warmup : int
        Of NUTS.
    found : Look, optional
        The marginal of σ and scales.

    Yields
    ------
    Sampler
        Each is made only when it is needed.

    Raises
    ------
    ValueError
        If the method cannot sample under this prior.
    """
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(map(repr, METHODS))}; got {method!r}.")
    if isinstance(problem, RowProblem):
        yield from on_rows(problem, method, num_warmup)
        return
    bulks = material(found)
    maker = Maker(problem, reference_point(problem, bulks[0] if bulks else None), found, num_warmup)
    if method != "auto":
        yield maker.named(method)
    elif (integrated := maker.marginal()) is not None:
        yield integrated
    else:
        yield from _automatic(maker, bulks)


def _automatic(maker: Maker, bulks: tuple[Bulk, ...]) -> Iterator[Sampler]:
    """Yield suitable samplers. If there are several parts, the sampler draws each with its share."""
    in_parts = factorises(maker.problem, maker.near)
    if len(bulks) > 1 and in_parts:
        yield maker.in_parts(bulks)
        return
    found = maker.found
    parts = with_mass(found, bulks_of(found, _SHALLOW)) if found is not None and in_parts else ()
    of_one = _of_one_bulk(maker)
    if not any(part.mass < _LIGHT for part in parts):
        yield next(of_one)
    # Chains may fail to cross a valley that is too shallow to separate two bulks, and seldom find a light part.
    if len(parts) > 1:
        yield maker.in_parts(parts)
    yield from of_one


def _of_one_bulk(maker: Maker) -> Iterator[Sampler]:
    problem, near, found = maker.problem, maker.near, maker.found
    if not isinstance(problem.law, ScaleMixture):
        yield maker.whitened(maker.whitening())
        return
    wide, few = is_wide(problem), problem.penalised.sum() <= _FEW
    if wide or may_vanish(problem, found):
        by_blocks = factorises(problem, near) and (wide or few)
        yield from (
            maker.named(name) for name in (("gibbs", "mixture") if by_blocks else ("mixture", "gibbs"))
        )
        return
    target = maker.whitening()
    if tails_are_light(problem) and within_reach(found) and target.data_share >= LEAST_DATA_SHARE_TO_PROPOSE:
        trial = maker.trial(target)
        if trial.promising:
            yield maker.independence(trial)
    if target.data_share >= LEAST_DATA_SHARE:
        yield maker.whitened(target)
        yield maker.gibbs()
    elif few or is_hard_for_nuts(problem, near, target):
        yield maker.gibbs()
        yield maker.whitened(target)
    else:
        yield maker.mixture()
        yield maker.gibbs()
