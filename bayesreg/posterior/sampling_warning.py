"""The warning against draws: one message with the reasons, the parameters and the remedies."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..base.listed import listed
from ..model.problem import ModelOnData
from .certificate import PosteriorCertificate
from .chain_numbers import chain_numbers
from .diagnostics import LARGEST_R_HAT, LEAST_ESS_PER_CHAIN
from .kernels.pareto import pareto_k
from .to_arviz import Posterior

LEAST_DRAWS = 200  # of a chain: with fewer, R-hat and ESS mean nothing
_LEAST_BFMI = 0.3
_NAMED = 3
_LEAST_FREE = 0.7  # (Σ stays)²/Σ stays², of the draws of a chain
_STUCK_FREE, _STUCK_STAY, _STUCK_K = 0.3, 0.05, 0.7  # beyond these another kernel is needed
_MOST_K = 0.5  # of the tail of proposals' weights
_LONGEST_STAY = 0.01  # share of a chain's draws: a fifth of the 5% beyond a 95% quantile


class Judgement(NamedTuple):
    """R-hat and effective sample sizes of each parameter."""

    r_hat: Float[np.ndarray, " k"]
    ess: Float[np.ndarray, " k"]  # the smaller of bulk and tail


def judge(draws: Float[np.ndarray, "chain draw k"]) -> Judgement:
    """Compute rank-normalised split R-hat and the smaller of bulk and tail ESS.

    Parameters
    ----------
    draws : array (chain, draw, k)

    Returns
    -------
    Judgement
        Constant parameters have R-hat 1 and all their draws.
    """
    constant = np.ptp(draws, axis=(0, 1)) == 0.0
    r_hat, bulk, tail = chain_numbers(draws)
    return Judgement(np.where(constant, 1.0, r_hat), np.minimum(bulk, tail))


def bfmi(energy: Float[np.ndarray, "chain draw"]) -> Float[np.ndarray, " chain"]:
    """Return the energy Bayesian fraction of missing information of each chain (Betancourt 2016, arXiv:1604.00695)."""
    return np.square(np.diff(energy, axis=1)).mean(axis=1) / energy.var(axis=1)


def sampling_warning(
    posterior: Posterior,
    problem: ModelOnData,
    certificate: PosteriorCertificate,
    *,
    independent: bool,
    remedy: str | None = None,
) -> str | None:
    """Return the text of the warning, or None.

    Parameters
    ----------
    posterior : Posterior
    problem : Problem
    certificate : PosteriorCertificate
    independent : bool
        Whether draws were made without a chain. R-hat and ESS are then not needed.
    remedy : str, optional
        What to do if chains disagree or stay; by default, what the kernel suggests.
    """
    remedy = remedy or _remedy(posterior.stats)
    findings = [
        *_divergences(posterior.stats),
        *_energy(posterior.stats),
        *_contradiction(certificate, remedy),
    ]
    free = independent or _moves_freely(posterior.stats)
    if posterior.shape[1] >= LEAST_DRAWS and not free:
        findings += [*_long_stays(posterior.stats, remedy), *_disagreement(posterior, problem, remedy)]
    if not findings:
        return None
    return "The draws may not represent the posterior: " + " ".join(findings)


def _divergences(stats: dict[str, Any]) -> list[str]:
    diverging = stats["diverging"]
    if not diverging.any():
        return []
    return [
        f"{int(diverging.sum())} of {diverging.size} transitions diverged, so a part of it may be missing: "
        "sample with a larger num_warmup, a smaller prior scale, or a prior on noise_scale that avoids 0."
    ]


def _energy(stats: dict[str, Any]) -> list[str]:
    if "energy" not in stats or stats["energy"].shape[1] < LEAST_DRAWS:
        return []
    values = bfmi(stats["energy"])
    low = np.flatnonzero(values < _LEAST_BFMI)
    if low.size == 0:
        return []
    return [
        f"E-BFMI is {values.min():.2f} in chain {', '.join(map(str, low))} (at least {_LEAST_BFMI} is safe): σ or the "
        "prior's scale has tails too long for the step: give it a prior with lighter tails, or sample with a larger "
        "num_warmup."
    ]


def _contradiction(certificate: PosteriorCertificate, remedy: str) -> list[str]:
    if certificate.finding is None:
        return []
    return [f"{certificate.finding}: {remedy}."]


def _moves_freely(stats: dict[str, Any]) -> bool:
    """Tell whether draws are so nearly independent that R-hat and ESS of each parameter are not needed.

    A chain of independent proposals is a weighted sample of them: the weights are the lengths of its stays. If
    (Σ stays)²/Σ stays² is most of the draws, no stay is long, and the weights' tail is light, then every parameter
    has many effective draws.
    """
    if "accepted" not in stats:
        return False
    free, longest = _stays(stats["accepted"])
    return free >= _LEAST_FREE and longest <= _LONGEST_STAY and _weights_k(stats) <= _MOST_K


def _long_stays(stats: dict[str, Any], remedy: str) -> list[str]:
    """Return a finding if independent proposals were rejected for so long that draws may miss places."""
    if "accepted" not in stats:
        return []
    free, longest = _stays(stats["accepted"])
    if free >= _STUCK_FREE and longest <= _STUCK_STAY and _weights_k(stats) <= _STUCK_K:
        return []
    return [
        f"chains stay at one draw for up to {longest:.1%} of their length, and the proposals' weights have a tail of "
        f"shape {_weights_k(stats):.2f} (below {_STUCK_K} is safe): {remedy}."
    ]


def _weights_k(stats: dict[str, Any]) -> float:
    """Return the tail's shape k of the proposals' weights. Among draws, which are chosen by weight, it is k/(1 − k)."""
    drawn = pareto_k(stats["log_weight"][stats["accepted"]])
    return 1.0 - 1.0 / (1.0 + drawn) if drawn > 0.0 else drawn


def _stays(accepted: Any) -> tuple[float, float]:
    """Return the least (Σ stays)²/Σ stays² of a chain, and the longest stay, as shares of a chain's draws."""
    accepted = accepted.copy()
    accepted[:, 0] = True
    ends = np.append(np.flatnonzero(accepted), accepted.size)
    stays, n_draws = np.diff(ends), accepted.shape[1]
    squares = np.add.reduceat(stays**2, np.searchsorted(ends, np.arange(len(accepted)) * n_draws))
    return float(n_draws / squares.max()), float(stays.max() / n_draws)


def _disagreement(posterior: Posterior, problem: ModelOnData, remedy: str) -> list[str]:
    names, columns = [f"coef[{name}]" for name in problem.feature_names], [posterior.coef]
    unknown = {name: values for name, values in posterior.nuisance.items() if name not in problem.known}
    others = {**posterior.scales, **unknown}
    if problem.has_intercept:
        others["intercept"] = posterior.intercept
    names += others
    columns += [values[..., None] for values in others.values()]
    judged = judge(np.concatenate(columns, axis=-1))
    least = LEAST_ESS_PER_CHAIN * posterior.shape[0]
    findings = []
    if (apart := ~(judged.r_hat <= LARGEST_R_HAT)).any():
        findings.append(
            f"R-hat is above {LARGEST_R_HAT} for {_worst(names, -judged.r_hat, apart, judged.r_hat, '.3f')}: the "
            f"chains disagree: {remedy}."
        )
    if (few := ~(judged.ess >= least)).any():
        findings.append(
            f"ESS is below {least} for {_worst(names, judged.ess, few, judged.ess, '.0f')}: too few draws are "
            "effectively independent: ask for more num_samples."
        )
    return findings


def _remedy(stats: dict[str, Any]) -> str:
    """Return the remedy if chains disagree. Independent proposals have no warm-up."""
    if "accepted" in stats:
        return 'sample with method="whitened" or a larger num_samples'
    return "sample with a larger num_warmup or num_samples"


def _worst(names: list[str], order: Any, hit: Any, values: Any, style: str) -> str:
    """Name the worst few, with their values."""
    return listed([f"{names[j]} ({values[j]:{style}})" for j in np.argsort(order) if hit[j]], _NAMED)
