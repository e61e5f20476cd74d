"""The law of one coefficient: the mathematics of a prior that samplers, certificates and predictions use.

A prior's scales become two rates for each coefficient, l1 and l2: ``1/b`` and ``1/τ²`` for an elastic net. A law
gives the density at these rates. It does not depend on names, units, factors or sampled scales.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Law(ABC):
    """A density of one coefficient that is symmetric around 0.

    A law is abstract or final. It is a frozen dataclass, so that equal laws share compiled programs. All methods take
    arrays and work on each entry. JAX traces `energy` and `log_normaliser`, which serve NumPy too
    (`bayesreg.base.namespace`), and the methods of a `ScaleMixture`.

    Attributes
    ----------
    has_mode : bool
        Whether the energy is l1|β| + ½ l2 β², which the solvers of the mode minimise.
    tells_mass : bool
        Whether expectation propagation can integrate it under a Gaussian likelihood. If not, separate parts of a
        posterior are not searched for, and a scale cannot be sampled.
    """

    has_mode: ClassVar[bool] = False
    tells_mass: ClassVar[bool] = False

    @abstractmethod
    def energy(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate minus the log density without its normaliser: 0 at β = 0."""

    @abstractmethod
    def log_normaliser(self, l1: Any, l2: Any) -> Any:
        """Evaluate log ∫ exp(−energy) dβ."""

    def log_density(self, coef: Any, l1: Any, l2: Any, log_normaliser: Any) -> Any:
        """Evaluate the log density."""
        return -self.energy(coef, l1, l2) - log_normaliser

    @abstractmethod
    def weight(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate energy'(β)/β: the precision of the normal density with the same slope at β."""

    @abstractmethod
    def draw(self, rng: Any, l1: Any, l2: Any) -> Any:
        """Draw coefficients, one for each pair of rates."""

    def slope(self, coef: Any, l1: Any, l2: Any) -> Any:
        """Evaluate energy'(β)."""
        return self.weight(coef, l1, l2) * coef

    def of_scales(self, coef: Any, l1: Any, l2: Any) -> tuple[Any, Any]:
        """Return the derivatives of the log density in log b and in log τ. Here τ is the only scale."""
        of_tau = coef * self.slope(coef, l1, l2) - 1.0
        return 0.0 * of_tau, of_tau

    def of_scale_slopes(self, coef: Any, l1: Any, l2: Any, width: Any) -> tuple[Any, Any] | None:
        """Return the first and second derivative in β/`width` of `of_scales`' sum, with kinks smoothed over `width`.

        None if the certificate should omit the test of the prior's scale.
        """
        return None

    def precision(self, l1: Any, l2: Any, coef: Any = None) -> Any:
        """Return the precision of a normal density that approximates the law, around `coef` if it is given."""
        return self.weight(0.0 * l2 if coef is None else coef, l1, l2)

    def majoriser(self, coef: Any, l1: Any, l2: Any, unit: float, rounded: Any) -> Any:
        """Return `weight` times `unit`, for rates times `unit`, with a kink at 0 smoothed over √`rounded`."""
        return unit * self.weight(coef, l1 / unit, l2 / unit)

    def is_normal(self, l1: Any, l2: Any) -> bool:
        """Tell whether the law is normal at every one of these rates."""
        return False


class ScaleMixture(Law):
    """A law that is also given as a scale mixture of normals: β given e is normal, with a variance that e sets."""

    @abstractmethod
    def variance(self, mixing: Any, l1: Any, l2: Any, log_normaliser: Any) -> tuple[Any, Any]:
        """Return Var(β | e), and the log weight of e: the log of the factor of e's density that the rates set."""

    @abstractmethod
    def log_mixing(self, mixing: Any, log_mixing: Any, log_weight: Any) -> Any:
        """Return `log_weight` plus the log density of log e, up to a constant, from e and log e."""

    @abstractmethod
    def draw_mixing(self, key: Any, coef: Any, l1: Any, l2: Any) -> Any:
        """Draw e given β."""
