"""The diagnostics of draws: the certificate, three numbers, and their meaning."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from .chain_numbers import chain_numbers

if TYPE_CHECKING:
    import xarray as xr

LARGEST_R_HAT = 1.01
LEAST_ESS_PER_CHAIN = 100
_CERTIFIED = "certified: "  # as a certificate begins that has found nothing


@final
@dataclass(frozen=True)
class Diagnostics:
    """The worst diagnostics of all sampled quantities.

    Attributes
    ----------
    r_hat : float
        The largest rank-normalised R-hat. It is near 1 if chains agree.
    ess_bulk, ess_tail : float
        The smallest effective numbers of draws, for means and for the 5% and 95% quantiles.
    n_divergent : int
        Divergent transitions after warm-up.
    n_chains, n_draws : int
        Chains, and draws of all of them together.
    certificate : str
        The sentence of the certificate. Empty if there is none.
    judged : bool
        Whether the certificate could judge the draws: there were enough.
    certified : bool
        Whether the certificate does not contradict the draws.
    tried : str
        Samplers whose draws were refused before, with the reasons.
    parts : str
        The separate parts of the posterior with their masses, if there are several.

    References
    ----------
    A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Bürkner (2021),
    doi:10.1214/20-BA1221, for the thresholds too.
    """

    r_hat: float
    ess_bulk: float
    ess_tail: float
    n_divergent: int
    n_chains: int
    n_draws: int
    certificate: str = ""
    judged: bool = False
    certified: bool = True
    tried: str = ""
    parts: str = ""

    @property
    def complaints(self) -> tuple[str, ...]:
        """The reasons not to rely on the draws."""
        found = []
        if not self.certified:
            found.append("the density contradicts the draws")
        if not self.r_hat <= LARGEST_R_HAT:
            found.append("the chains disagree")
        if not min(self.ess_bulk, self.ess_tail) >= LEAST_ESS_PER_CHAIN * self.n_chains:
            found.append("too few draws are effectively independent")
        if self.n_divergent:
            found.append("divergences leave out a part of the posterior")
        return tuple(found)

    @property
    def sentence(self) -> str:
        """The meaning of the numbers, in one sentence."""
        return self.verdict("sample longer (num_samples), or use a smaller prior scale")

    def verdict(self, remedy: str) -> str:
        """Return the meaning of the numbers, with a remedy if they are not to be relied on.

        Parameters
        ----------
        remedy : str
            Without a capital and a full stop.
        """
        if not self.complaints:
            confirmed = (
                "The density confirms the draws: "
                if self.judged
                else "The chains agree and explored enough: "
            )
            return f"{confirmed}means and intervals are those of this model's posterior."
        return f"Do not rely on the means and intervals: {', and '.join(self.complaints)}; {remedy}."

    @property
    def tests(self) -> str:
        """What the certificate's tests have found; that they alone certify nothing if another diagnostic objects."""
        return (
            self.certificate.removeprefix(_CERTIFIED)
            if self.complaints and self.certified
            else self.certificate
        )

    def __str__(self) -> str:
        divergences = "no divergence" if self.n_divergent == 0 else f"{self.n_divergent} divergences"
        certificate = f"{self.tests}; " if self.tests else ""
        return (
            f"{certificate}largest R-hat {self.r_hat:.3f}, smallest ESS {self.ess_bulk:.0f} bulk and "
            f"{self.ess_tail:.0f} tail of {self.n_draws} draws, {divergences}"
        )


def diagnose(tree: "xr.DataTree") -> Diagnostics:
    """Compute the diagnostics of draws.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior, with at least four draws a chain.

    Returns
    -------
    Diagnostics
    """
    attributes = tree.attrs
    draws = [one.transpose("chain", "draw", ...).values for one in tree["posterior"].to_dataset().values()]
    columns = np.concatenate([one.reshape(*one.shape[:2], -1) for one in draws], axis=2)
    numbers = chain_numbers(columns)
    r_hat = numbers.r_hat if columns.shape[0] > 1 else np.full(1, np.nan)
    diverging = tree["sample_stats"].to_dataset()["diverging"].values
    judged = bool(attributes.get("certificate_tests", 0))
    return Diagnostics(
        r_hat=float(np.fmax.reduce(r_hat)),
        ess_bulk=float(np.fmin.reduce(numbers.bulk)),
        ess_tail=float(np.fmin.reduce(numbers.tail)),
        n_divergent=int(diverging.sum()),
        n_chains=diverging.shape[0],
        n_draws=diverging.size,
        certificate=str(attributes.get("certificate", "")),
        judged=judged,
        certified=not judged or bool(attributes.get("certified", 1)),
        tried=str(attributes.get("tried", "")),
        parts=str(attributes.get("parts", "")),
    )
