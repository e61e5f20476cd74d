"""The samplers for likelihoods that need the rows, and the choice among them."""

from collections.abc import Iterator

from ..model.needs import QUADRATIC_LOSS, refusal
from ..model.row_problem import RowProblem
from ..priors.law import ScaleMixture
from .kernels.independence import Pilot, independence_program, pilot
from .kernels.nuts import nuts_program
from .kernels.row_moments import Expected, expected_on_rows
from .samplers import LEAVE_OUT, Sampler, require_mixture
from .suits import LEAST_DATA_SHARE, LEAST_DATA_SHARE_TO_PROPOSE
from .targets.row_mixture import row_mixture_target
from .targets.row_reference import RowReference, row_reference
from .targets.rows import RowTarget, data_share, narrowest, row_target

_METHODS = ("auto", "independence", "whitened", "mixture")
_NARROW = (
    0.01  # of the prior's sd: the steps of NUTS in the prior's units are too short along such a direction
)
_ENOUGH = 0.8  # acceptance of a pilot, which costs two passes over rows for each round


def on_rows(problem: RowProblem, method: str, num_warmup: int) -> Iterator[Sampler]:
    """Yield the requested sampler, or for "auto" those that suit; the best is first.

    Independent proposals if a pilot promises; then NUTS, on the prior as a scale mixture if the prior dominates and
    the rows tell no direction much better than the prior.

    Raises
    ------
    ValueError
        If another method was requested, or one that cannot sample under this prior.
    """
    _check(problem, method)
    near = row_reference(problem)
    target = row_target(problem, near)
    program = nuts_program(num_warmup)
    whitened = Sampler("whitened", "nuts", target, program)
    mixture = Sampler("mixture", "nuts", row_mixture_target(target), program)
    if method == "independence":
        yield _independence(_trial(target, expected_on_rows(problem, target, near)))
    elif method != "auto":
        yield whitened if method == "whitened" else mixture
    else:
        share = data_share(problem, target)
        is_normal = problem.law.is_normal(problem.rates.l1, problem.rates.l2)
        if is_normal or share >= LEAST_DATA_SHARE_TO_PROPOSE:
            yield from _promising(problem, target, near)
        mixes = isinstance(problem.law, ScaleMixture) and not is_normal and share < LEAST_DATA_SHARE
        if not mixes:
            yield whitened
        elif narrowest(problem, target) < _NARROW:
            yield from (whitened, mixture)
        else:
            yield from (mixture, whitened)


def _promising(problem: RowProblem, target: RowTarget, near: RowReference) -> Iterator[Sampler]:
    """Yield independent proposals if there is hope, and a pilot confirms it."""
    if not target.splits:
        return
    expected = expected_on_rows(problem, target, near)
    if not expected.hopeless:
        trial = _trial(target, expected)
        if trial.promising_on_rows:
            yield _independence(trial)


def _trial(target: RowTarget, expected: Expected) -> Pilot:
    return pilot(target.in_blocks(), expected.moments, _ENOUGH)


def _independence(trial: Pilot) -> Sampler:
    return Sampler("independence", "independence", trial.target, independence_program())


def _check(problem: RowProblem, method: str) -> None:
    if method not in _METHODS:
        raise ValueError(
            refusal(
                f"method={method!r}",
                QUADRATIC_LOSS.what,
                f"the loss of {type(problem.likelihood).__name__} is not",
                LEAVE_OUT,
            )
        )
    if method == "mixture":
        require_mixture(problem, method)
