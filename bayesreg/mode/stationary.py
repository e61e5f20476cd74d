"""Modes of densities that are not log-concave: the loss is not convex, or nuisance parameters are estimated too.

Steps of a convex majoriser and of the nuisance parameters alternate; Newton steps on the support follow. The
best of several starts is returned: a stationary point, without a proof that no other is higher.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from ..base.errors import NoModeError
from ..base.jax_context import float64_on_cpu
from ..model.row_problem import RowProblem
from ..priors.elastic_net_algebra import penalty_terms
from ..priors.hyperpriors import LogDensity, log_density
from ..priors.scales import draw_proper
from .newton import RowObjective
from .row_loss import RowLoss

_ROUNDS, _JOINT_ROUNDS = 40, 30
_ENOUGH = 1e-7  # relative decrease of a round that ends the alternation
_STILL = 1e-14  # relative decrease of a joint step that is rounding
_HALVINGS = 30
_LONGEST = 1.0  # step of the logarithm of a nuisance parameter
_STEP = 1e-5  # of a coordinate in its own unit, for derivatives
_MOST_JOINT = 400  # coefficients up to which joint Newton steps are taken
_SMALLEST = 1e-6  # of the spread of y: a noise scale below it follows a few rows only
_DRAWS = 1024

Coefs = Float[np.ndarray, " d"]


@final
@dataclass(frozen=True, eq=False)
class StationaryPoint:
    """A local mode.

    Attributes
    ----------
    coefs : array (d,)
        Of the features, then the intercept if there is one.
    nuisance : dict of str to float
        All nuisance parameters, the known ones too.
    height : float
        Minus the log density, up to a constant.
    n_rounds : int
    """

    coefs: Coefs
    nuisance: dict[str, float]
    height: float
    n_rounds: int


def stationary_points(problem: RowProblem) -> tuple[StationaryPoint, ...]:
    """Find local modes from several starts; the highest density is first.

    Raises
    ------
    NoModeError
        If from every start the noise scale goes to 0.
    """
    objective = _Joint(problem)
    found = [objective.climb(start) for start in objective.starts()]
    smallest = _SMALLEST * problem.response_scale
    proper = [one for one in found if one.nuisance.get("noise_scale", np.inf) > smallest]
    if not proper:
        raise NoModeError(
            "the density is unbounded: noise_scale goes to 0 while a few rows are fitted perfectly. Give it a number, "
            "or a prior that vanishes at 0, for example LogNormal; or more degrees of freedom."
        )
    return tuple(sorted(proper, key=lambda one: one.height))


@final
@dataclass(frozen=True, eq=False)
class _Joint:
    """Minus the log density of coefficients and of the logarithms u of unknown nuisance parameters."""

    problem: RowProblem

    @cached_property
    def names(self) -> tuple[str, ...]:
        parameters = self.problem.likelihood.parameters()
        return tuple(sorted(parameters.keys() - self.problem.known.keys()))

    @cached_property
    def priors(self) -> dict[str, LogDensity]:
        hyperpriors = self.problem.hyperpriors
        with float64_on_cpu():
            return {name: log_density(hyperpriors[name]) for name in self.names}

    def starts(self) -> list[tuple[Coefs, Float[np.ndarray, " u"]]]:
        """Return starting points: wide noise and narrow noise around the null model, and other typical values."""
        middle = np.log([self._middle(name) for name in self.names])
        zero = np.zeros(self.problem.rates.l1.size)
        if not self.names:
            wide = self.problem.likelihood.parameters()
            return [(self._null(middle), middle), (self._gaussian(), middle)] if wide else [(zero, middle)]
        return [(self._null(middle + shift), middle + shift) for shift in (0.0, -1.5, 1.5)] + [
            (self._gaussian(), middle)
        ]

    def climb(self, start: tuple[Coefs, Float[np.ndarray, " u"]]) -> StationaryPoint:
        """Go to a stationary point."""
        coefs, u = start
        best, n_rounds = self.value(coefs, u), 0
        for _ in range(_ROUNDS):
            n_rounds += 1
            coefs = self._majorised(coefs, u)
            u = self._nuisance_step(coefs, u)
            value = self.value(coefs, u)
            done = best - value <= _ENOUGH * (1.0 + abs(value))
            best = value
            if self.nuisance(u).get("noise_scale", np.inf) < _SMALLEST * self.problem.response_scale:
                break
            if not done:
                continue
            coefs, u, more, settled = self._newton(coefs, u)
            best, n_rounds = self.value(coefs, u), n_rounds + more
            if settled:
                break
        return StationaryPoint(coefs, self.nuisance(u), best, n_rounds)

    def nuisance(self, u: Float[np.ndarray, " u"]) -> dict[str, float]:
        return {**self.problem.known, **dict(zip(self.names, np.exp(u).tolist(), strict=True))}

    def penalty(self, nuisance: dict[str, float]) -> tuple[Coefs, Coefs]:
        found = self.problem.rates.at(nuisance.get("noise_scale", 1.0), self.problem.is_feature, {})
        return found[0], found[1]

    def row_objective(self, u: Float[np.ndarray, " u"]) -> RowObjective:
        nuisance, problem = self.nuisance(u), self.problem
        loss = RowLoss(problem.data, problem.likelihood, nuisance, problem.has_intercept)
        return RowObjective(loss, *self.penalty(nuisance))

    def value(self, coefs: Coefs, u: Float[np.ndarray, " u"]) -> float:
        nuisance, problem = self.nuisance(u), self.problem
        l1, l2 = self.penalty(nuisance)
        log_prob = problem.likelihood.log_prob(problem.eta(coefs), problem.data.y, nuisance)
        relative = float((problem.rates.relative & problem.penalised).sum())
        of_priors = sum(float(self.priors[name](np.array([nuisance[name]]))[0][0]) for name in self.names)
        total = (
            float(penalty_terms(coefs, l1, l2).sum())
            - float(problem.data.sample_weight @ log_prob)
            - of_priors
        )
        return total + relative * np.log(nuisance.get("noise_scale", 1.0)) if relative else total

    def gradient(self, coefs: Coefs, u: Float[np.ndarray, " u"]) -> Float[np.ndarray, " e"]:
        """Return the gradient along coefficients, the l1 part with the coefficients' signs, and along u."""
        one = self.row_objective(u)
        of_coefs = one.l2 * coefs + one.l1 * np.sign(coefs) - one.slopes(coefs)
        of_u = [
            (self.value(coefs, u + step) - self.value(coefs, u - step)) / (2.0 * _STEP)
            for step in _STEP * np.eye(u.size)
        ]
        return np.append(of_coefs, of_u)

    def _middle(self, name: str) -> float:
        if name == "noise_scale":
            return 0.7 * self.problem.response_scale
        import jax

        with float64_on_cpu():
            draws = draw_proper(self.problem.hyperpriors[name], jax.random.key(0), _DRAWS)
        return 4.0 if draws is None else float(np.median(draws))

    def _null(self, u: Float[np.ndarray, " u"]) -> Coefs:
        return self.row_objective(u).null

    def _gaussian(self) -> Coefs:
        """Return coefficients of least squares, a little penalised, as another start."""
        from scipy.sparse.linalg import lsmr

        data = self.problem.data
        root = np.sqrt(data.sample_weight)
        design = self.problem.design
        weighted = (
            design * root[:, None] if isinstance(design, np.ndarray) else design.multiply(root[:, None])
        )
        found: Coefs = lsmr(weighted, data.less_offset * root, damp=1e-3 * float(root.sum()) ** 0.5)[0]
        return np.where(self.problem.penalised & (self.problem.rates.l1 > 0.0), 0.0, found)

    def _majorised(self, coefs: Coefs, u: Float[np.ndarray, " u"]) -> Coefs:
        """Minimise the convex majoriser at a point; the objective does not rise."""
        one = self.row_objective(u)
        moved = one.quadratic_mode(coefs)
        return moved if one.objective(moved) <= one.objective(coefs) else coefs

    def _nuisance_step(self, coefs: Coefs, u: Float[np.ndarray, " u"]) -> Float[np.ndarray, " u"]:
        if not u.size:
            return u
        from scipy.optimize import minimize

        found = minimize(
            lambda v: self.value(coefs, v), u, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9}
        )
        return found.x if found.fun <= self.value(coefs, u) else u

    def _newton(
        self, coefs: Coefs, u: Float[np.ndarray, " u"]
    ) -> tuple[Coefs, Float[np.ndarray, " u"], int, bool]:
        """Take Newton steps on the support; tell whether they end at a stationary point of all coordinates."""
        for n in range(_JOINT_ROUNDS):
            support = (coefs != 0.0) | (self.problem.rates.l1 == 0.0)
            if support.sum() > _MOST_JOINT:
                return coefs, u, n, False
            active = np.append(support, np.ones(u.size, dtype=bool))
            if not active.any():
                return coefs, u, n, self._is_stationary(coefs, u)
            slope = self.gradient(coefs, u)[active]
            step = np.zeros(active.size)
            step[active] = -_solved(self._hessian(coefs, u, active), slope)
            step *= min(1.0, _LONGEST / np.abs(step[coefs.size :]).max(initial=_LONGEST))
            moved = self._along(coefs, u, step)
            if moved is None:
                break
            still = np.abs(step[active]).max(initial=0.0) <= 1e-12 * (1.0 + np.abs(coefs).max(initial=0.0))
            coefs, u = moved
            if still:
                break
        return coefs, u, n + 1, self._is_stationary(coefs, u)

    def _along(
        self, coefs: Coefs, u: Float[np.ndarray, " u"], step: Float[np.ndarray, " e"]
    ) -> tuple[Coefs, Float[np.ndarray, " u"]] | None:
        """Halve a step until the objective does not rise and no sign changes."""
        best = self.value(coefs, u)
        for _ in range(_HALVINGS):
            moved, v = coefs + step[: coefs.size], u + step[coefs.size :]
            crossed = (np.sign(moved) * np.sign(coefs) < 0.0) & (self.problem.rates.l1 > 0.0)
            if not crossed.any() and self.value(moved, v) <= best + _STILL * abs(best):
                return moved, v
            step = 0.5 * step
        return None

    def _hessian(
        self, coefs: Coefs, u: Float[np.ndarray, " u"], active: Bool[np.ndarray, " e"]
    ) -> Float[np.ndarray, "a a"]:
        """Return second derivatives along active coordinates, by differences of the gradient."""
        one, columns = self.row_objective(u), []
        units = np.append(1.0 / np.sqrt(one.majoriser_diagonal(coefs)), np.ones(u.size))
        for j in np.flatnonzero(active):
            step = np.zeros(active.size)
            step[j] = _STEP * units[j]
            up, down = (
                self._smooth_gradient(coefs + way * step[: coefs.size], u + way * step[coefs.size :])
                for way in (1.0, -1.0)
            )
            columns.append((up - down)[active] / (2.0 * step[j]))
        found = np.array(columns)
        return 0.5 * (found + found.T)

    def _smooth_gradient(self, coefs: Coefs, u: Float[np.ndarray, " u"]) -> Float[np.ndarray, " e"]:
        """Return the gradient; signs change nothing in differences unless the penalty depends on u."""
        return self.gradient(coefs, u)

    def _is_stationary(self, coefs: Coefs, u: Float[np.ndarray, " u"]) -> bool:
        one = self.row_objective(u)
        return bool(one.violations(coefs).max(initial=0.0) <= 1e-6)


def _solved(hessian: Float[np.ndarray, "a a"], slope: Float[np.ndarray, " a"]) -> Float[np.ndarray, " a"]:
    """Return H⁻¹·slope, with the curvatures of H taken as positive: then the step goes down."""
    unit = 1.0 / np.sqrt(np.maximum(np.abs(np.diagonal(hessian)), 1e-300))
    values, vectors = np.linalg.eigh(hessian * unit * unit[:, None])
    safe = np.maximum(np.abs(values), 1e-10 * np.abs(values).max(initial=1e-300))
    return unit * (vectors @ ((vectors.T @ (unit * slope)) / safe))
