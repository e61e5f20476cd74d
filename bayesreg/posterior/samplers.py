"""The samplers: each has a density in coordinates that suit it, and a kernel."""

from typing import NamedTuple

from ..gaussian.propriety import power
from ..gaussian.spectrum import Rotation, is_one_gaussian
from ..model.needs import refusal
from ..model.problem import Problem
from ..model.row_problem import AnyProblem
from ..priors.law import ScaleMixture
from .kernels.chains import Program
from .kernels.expected import expected_moments
from .kernels.gibbs import gibbs_program
from .kernels.independence import Pilot, independence_program, pilot
from .kernels.nuts import TARGET_ACCEPT, nuts_program
from .marginals.bulks import Bulk, Look, Marginal, gaussian_marginal
from .targets.density import Target
from .targets.marginal import rotation
from .targets.mixture import mixture_target
from .targets.reference_point import ReferencePoint, reference_point
from .targets.whitened import WhitenedTarget, whitened_target

LEAVE_OUT = "Leave `method` out."
_CAREFUL = 0.98  # acceptance for narrow posteriors: with 0.8 calibration failed on 6 × 10


class Sampler(NamedTuple):
    """A sampler with its density."""

    name: str
    kernel: str
    target: Target | None = None  # None: no chain is needed, and draws are independent
    program: Program | None = None
    rotation: Rotation | None = None  # of coefficients that are drawn last
    marginal: Marginal | None = None  # of σ and the prior's scale, which are drawn from it
    parts: tuple[
        tuple[Bulk, Target], ...
    ] = ()  # of a posterior with several parts: each with a target that stays in it


class Maker(NamedTuple):
    """The maker of samplers for one posterior."""

    problem: Problem
    near: ReferencePoint
    found: Look | None
    num_warmup: int

    def marginal(self) -> Sampler | None:
        """Return the sampler that integrates Gaussian coefficients out, or None if it is not possible in float64."""
        rotated = rotation(self.problem, self.near) if is_one_gaussian(self.problem) else None
        if rotated is None:
            return None
        return Sampler(
            "marginal", "none", rotation=rotated, marginal=gaussian_marginal(self.problem, rotated)
        )

    def whitening(self) -> WhitenedTarget:
        """Return the density in coordinates in which it is nearly normal if the data dominate."""
        return whitened_target(self.problem, self.near)

    def whitened(self, target: WhitenedTarget) -> Sampler:
        """Return NUTS in these coordinates."""
        return Sampler("whitened", "nuts", target, nuts_program(self.num_warmup))

    def trial(self, target: WhitenedTarget) -> Pilot:
        """Try proposals that do not depend on the last draw, in these coordinates."""
        return pilot(target, expected_moments(self.problem, target, self.near, self.found))

    def independence(self, trial: Pilot) -> Sampler:
        """Return the sampler with such proposals."""
        return Sampler("independence", "independence", trial.target, independence_program())

    def mixture(self) -> Sampler:
        """Return NUTS on the prior as a scale mixture."""
        narrow = self.problem.penalised.sum() >= power(
            self.problem
        )  # the data can be interpolated, and σ can be small
        program = nuts_program(self.num_warmup, _CAREFUL if narrow else TARGET_ACCEPT)
        return Sampler("mixture", "nuts", mixture_target(self.problem, self.near), program)

    def gibbs(self) -> Sampler:
        """Return the Gibbs sampler of the scale mixture."""
        relative = self.problem.penalised_rates.relative
        program = gibbs_program("all" if relative.all() else "some" if relative.any() else "none")
        return Sampler("gibbs", "gibbs", mixture_target(self.problem, self.near), program)

    def in_parts(self, bulks: tuple[Bulk, ...]) -> Sampler:
        """Return the Gibbs sampler within each of several parts of the posterior."""
        targets = (mixture_target(self.problem, reference_point(self.problem, bulk)) for bulk in bulks)
        return self.gibbs()._replace(parts=tuple(zip(bulks, targets, strict=True)))

    def named(self, name: str) -> Sampler:
        """Return the sampler with this name.

        Raises
        ------
        ValueError
            If it cannot sample under this prior.
        """
        if name == "marginal":
            made = self.marginal()
            if made is None:
                raise ValueError(
                    refusal(
                        "method='marginal'",
                        "a GaussianPrior, one kind of scale for all coefficients, and columns that float64 can "
                        "distinguish",
                        "one of these is missing",
                        LEAVE_OUT,
                    )
                )
            return made
        if name in ("gibbs", "mixture"):
            require_mixture(self.problem, name)
            return self.gibbs() if name == "gibbs" else self.mixture()
        target = self.whitening()
        return self.whitened(target) if name == "whitened" else self.independence(self.trial(target))


def require_mixture(problem: AnyProblem, method: str) -> None:
    """Refuse a prior that is not given as a scale mixture.

    Raises
    ------
    ValueError
    """
    if not isinstance(problem.law, ScaleMixture):
        raise ValueError(
            refusal(
                f"method={method!r}",
                "a prior that is given as a scale mixture of normals",
                f"{type(problem.law).__name__} is not",
                LEAVE_OUT,
            )
        )
