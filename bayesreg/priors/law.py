"""The law of one coefficient: the mathematics that samplers, certificates and predictions ask of a prior.

A prior's scales become two rates, l1 and l2, one each a coefficient: ``1/b`` and ``1/τ²`` of an elastic net. A law
says what the density is at these rates. So a law knows nothing of names, units, factors or sampled scales.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Law(ABC):
    """A density of one coefficient that is symmetric around 0, and what follows from it.

    A law is abstract or final, and a frozen dataclass, so that equal laws share compiled programs. All methods take
    arrays and work on each entry. `energy`, `log_normaliser`, `variance`, `log_mixing` and `draw_mixing` are traced by
    JAX; the first two serve NumPy, too (`bayesreg.base.namespace`).

    Attributes
    ----------
    has_mode : bool
        Whether the energy is l1|β| + ½ l2 β², which the solvers of the mode minimise.
    tells_mass : bool
        Whether expectation propagation can integrate it beside Gaussian data. If not, separate parts of a posterior
        are not looked for, and a scale cannot be sampled.
    """

    has_mode: ClassVar[bool] = False
    tells_mass: ClassVar[bool] = False

    @abstractmethod
    def energy(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate minus the log density, but for its normaliser: 0 at β = 0."""

    @abstractmethod
    def log_normaliser(self, l1: Any, l2: Any) -> Any:
        """Evaluate log ∫ exp(−energy) dβ."""

    def log_density(self, coef: Any, l1: Any, l2: Any, log_normaliser: Any) -> Any:
        """Evaluate the log density."""
        return -self.energy(coef, l1, l2) - log_normaliser

    @abstractmethod
    def weight(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate energy'(β)/β: the precision of the normal density that has the law's slope at β."""

    @abstractmethod
    def draw(self, rng: Any, l1: Any, l2: Any) -> Any:
        """Draw coefficients, one for each pair of rates."""

    def slope(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate energy'(β)."""
        return self.weight(coef, l1, l2) * coef

    def of_scales(self, coef: Any, l1: Any, l2: Any) -> tuple[Any, Any]:
        """Return the derivatives of the log density along log b and along log τ: here τ is the only scale."""
        of_tau = coef * self.slope(coef, l1, l2) - 1.0
        return 0.0 * of_tau, of_tau

    def of_scale_slopes(self, coef: Any, l1: Any, l2: Any, width: Any) -> tuple[Any, Any] | None:
        """Return first and second derivative along β/`width` of `of_scales`' sum, kinks rounded off within `width`.

        None if the certificate should leave out the test of the prior's scale.
        """
        return None

    def precision(self, l1: Any, l2: Any, coef: Any = None) -> Any:
        """Return the precision of a normal density that stands for the law: around `coef`, or of all of it."""
        return self.weight(0.0 * l2 if coef is None else coef, l1, l2)

    def majoriser(self, coef: Any, l1: Any, l2: Any, unit: float, rounded: Any) -> Any:
        """Return `weight` times `unit`, for rates times `unit`, with a kink at 0 rounded off within √`rounded`."""
        return unit * self.weight(coef, l1 / unit, l2 / unit)

    def is_normal(self, l1: Any, l2: Any) -> bool:
        """Tell whether the law is normal at all of these rates."""
        return False

    def variance(self, mixing: Any, l1: Any, l2: Any, log_normaliser: Any) -> tuple[Any, Any]:
        """Return Var(β | e) of the law as a scale mixture of normals, and the log weight of e.

        The weight is the factor by which the density of e depends on the rates.
        """
        raise NotImplementedError

    def log_mixing(self, mixing: Any, log_mixing: Any, log_weight: Any) -> Any:
        """Return `log_weight` plus the log density of log e, but for a constant; e and log e are given."""
        raise NotImplementedError

    def draw_mixing(self, key: Any, coef: Any, l1: Any, l2: Any) -> Any:
        """Draw e given β."""
        raise NotImplementedError

    @property
    def mixes(self) -> bool:
        """Whether the law is stated as a scale mixture of normals."""
        return type(self).variance is not Law.variance
