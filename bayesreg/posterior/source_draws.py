"""Draws on rows that are read anew at each pass: independent proposals, all of whose densities are one pass.

The first pass of proposals is a trial too. If too few are accepted, proposals are fitted to it, and there is another.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..base.jax_context import float64_on_cpu
from ..model.needs import refusal
from ..model.source_problem import SourceProblem
from .kernels.chains import Plan, Record
from .kernels.independence import (
    HOPELESS,
    PER_BLOCK,
    PILOT_SEED,
    ROUNDS,
    STARTS,
    Drawn,
    IndependenceTarget,
    Moments,
    Pilot,
    Proposals,
    Starts,
    State,
    drawn,
    follow,
    judged,
    refitted,
    thinning_for,
    weighted,
)
from .kernels.pareto import pareto_k
from .source_moments import Reference, expected_on_source
from .targets.density import Scales
from .targets.source_target import SourceTarget, log_densities

_STAY = 0.15  # probability that a draw repeats the one before: less costs another pass, of more proposals
_ENOUGH = 0.8  # acceptance from which proposals are not fitted again
_ROUND = 2**12  # blocks of a chain, in one round: each round has its own random numbers


class _Round(NamedTuple):
    """Proposals of all chains, and of one more that gives the starts."""

    target: IndependenceTarget
    chains: list[list[Proposals]]
    log_weight: Float[np.ndarray, " m"]
    position: Float[np.ndarray, "m d"]


def draws_on_source(problem: SourceProblem, plan: Plan) -> Record:
    """Draw from a proper posterior.

    Parameters
    ----------
    problem : SourceProblem
    plan : Plan
        There is no warm-up.

    Returns
    -------
    Record
        Leading axes (chain, draw).

    Raises
    ------
    ValueError
        If too few proposals are accepted, or the tail of their weights is too heavy.
    """
    near = expected_on_source(problem)
    moments, thinning = near.moments, 1
    alike: list[Float[np.ndarray, " m"]] = []  # weights of proposals from the same distribution
    for number in range(ROUNDS):
        found = _proposed(problem, near, moments, plan, number, thinning)
        alike.append(found.log_weight)
        weight, rejection = judged(found.log_weight)
        acceptance, stay = 1.0 - float(weight @ rejection), float(weight @ rejection**thinning)
        if stay <= _STAY or acceptance < HOPELESS or number == ROUNDS - 1:
            break
        thinning = thinning_for(weight, rejection)[0]
        if acceptance < _ENOUGH:
            alike.clear()
            moments = Moments(*refitted(found.position, weight, *moments))
    trial = Pilot(found.target, acceptance, stay, pareto_k(np.concatenate(alike)))
    if not trial.promising_on_rows:
        raise ValueError(
            refusal(
                "sample_posterior on a RowSource",
                "a posterior that is nearly normal, because NUTS would read the rows at each step",
                f"{acceptance:.0%} of independent proposals were accepted (Pareto k of their weights "
                f"{trial.pareto_k:.2f})",
                "Sample fewer rows in memory, as RowData; or give a stronger prior.",
            )
        )
    return _followed(found, plan)


def _proposed(
    problem: SourceProblem, near: Reference, moments: Moments, plan: Plan, number: int, thinning: int
) -> _Round:
    """Draw proposals, and evaluate the densities of all of them in one pass."""
    reported = problem.reported(np.vstack([near.coef, near.coef + near.transform.T]))
    n_blocks = -(-plan.num_samples // (PER_BLOCK // thinning))
    with float64_on_cpu():
        known = {name: np.float64(value) for name, value in problem.known.items()}
        inner = SourceTarget(
            jax.device_put(reported[0]), jax.device_put((reported[1:] - reported[0]).T), Scales(known, {})
        )
        nowhere = Starts(*(np.zeros((STARTS, *shape)) for shape in ((near.coef.size,), (), ())))
        target = IndependenceTarget(
            inner,
            jax.device_put(moments.mean),
            jax.device_put(moments.root),
            jnp.asarray(float(thinning)),
            nowhere,
        )
        blocks: list[Drawn] = [
            jax.tree.map(np.asarray, drawn(np.int64(plan.seed), np.int64(chain), np.int64(block), target))
            for chain in range(plan.num_chains + 1)
            for block in range(
                number * _ROUND, number * _ROUND + (n_blocks if chain < plan.num_chains else 1)
            )
        ]
    position = np.concatenate([one.position for one in blocks])
    log_density = log_densities(problem, near.coef + position @ near.transform.T, "draws")
    with float64_on_cpu():
        found: list[Proposals] = [
            jax.tree.map(np.asarray, weighted(one, values))
            for one, values in zip(blocks, log_density.reshape(-1, PER_BLOCK), strict=True)
        ]
    chains = [found[k * n_blocks : (k + 1) * n_blocks] for k in range(plan.num_chains)]
    target = target._replace(starts=_starts(found[-1]))
    return _Round(target, chains, np.concatenate([one.log_weight for one in found]), position)


def _starts(found: Proposals) -> Starts:
    """Choose by weight among proposals that no chain sees."""
    weight, _ = judged(np.asarray(found.log_weight))
    chosen = np.random.default_rng(PILOT_SEED).choice(weight.size, STARTS, p=weight)
    return Starts(*(np.asarray(one)[chosen] for one in (found.position, found.log_weight, found.log_density)))


def _followed(found: _Round, plan: Plan) -> Record:
    per_block = PER_BLOCK // int(found.target.thinning)
    chains = []
    with float64_on_cpu():
        for chain, blocks in enumerate(found.chains):
            first = [np.asarray(values)[chain % STARTS] for values in found.target.starts]
            state: Any = State(np.int64(plan.seed), np.int64(chain), np.int64(0), *first)
            records, left = [], plan.num_samples
            for block in blocks:
                n = min(per_block, left)
                state, record = follow(state, found.target, block, n)
                records.append(jax.tree.map(lambda rows, n=n: np.asarray(rows)[:n], record))
                left -= n
            chains.append(jax.tree.map(lambda *rows: np.concatenate(rows), *records))
    stacked: Record = jax.tree.map(lambda *rows: np.stack(rows), *chains)
    return stacked
