"""Exact posteriors by quadrature over log σ and the log of a sampled scale, in plain NumPy and without bayesreg.

Given σ and the scale, the coefficients of orthogonal columns are independent (`half_line`). Under a Gaussian prior the
coefficients along the principal axes are independent for any columns. Two correlated columns need one more quadrature
(`pair`). The grid starts so wide that it holds every bulk of σ, and is then refined.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from .half_line import one_line
from .pair import pair_component
from .posterior import Posterior

Array = Float[np.ndarray, "..."]

_COARSE = 0.5  # first step of log σ and of log scale
_BELOW, _ABOVE = 45.0, 30.0  # reach of the first grid, below and above the middle
_SEARCHED, _KEPT = 100.0, 34.0  # log density below the largest
_STEP = 0.5  # step, in units of the least sd that log σ may have
_VALLEY, _LEAST_MASS = 1.0, 1e-4  # depth of a valley between bulks; least mass of a bulk
_BULK, _MOST_BENT = (
    8.0,
    0.5,
)  # log density below the largest that counts, and its largest second difference between points
_AT_ONCE = 10_000


class Component(NamedTuple):
    """The log evidence at each σ and scale, and each coefficient's mean and central moments."""

    log_evidence: Float[np.ndarray, " g"]
    mean: Any = None  # (g, p), like the next three
    variance: Any = None
    third: Any = None
    fourth: Any = None


Conditional = Callable[[Array, Array, bool], Component]


def exact(posterior: Posterior, refinement: float = 1.0) -> dict[str, Any]:
    """Return each parameter's mean, sd and kurtosis, and the bulks of σ.

    Parameters
    ----------
    posterior : Posterior
    refinement : float, default 1.0
        The grid is finer than usual by this factor.

    Returns
    -------
    dict
        ``parameters`` by name (``coef[j]``, and the logs of σ and of a scale if they are unknown);
        ``bulks``, the (σ, mass) of each; ``splits``, the values of σ between them.
    """
    log_sigma, log_scale, component = _grid(posterior, _conditional(posterior), refinement)
    weight = np.exp(component.log_evidence - component.log_evidence.max())
    weight /= weight.sum()
    found = _mixed(weight, component)
    names = [f"coef[{j}]" for j in range(posterior.X.shape[1])]
    parameters = {name: {k: float(v[j]) for k, v in found.items()} for j, name in enumerate(names)}
    for name in posterior.sampled:
        parameters[f"log {name}"] = _of_values(weight, log_scale)
    bulks: tuple[list[tuple[float, float]], list[float]] = ([], [])
    if not isinstance(posterior.noise, float):
        parameters["log noise_scale"] = _of_values(weight, log_sigma)
        bulks = bulks_of(weight, log_sigma)
    return {"parameters": parameters, "bulks": bulks[0], "splits": bulks[1]}


def log_sigma_density(posterior: Posterior) -> tuple[Array, Array]:
    """Return a grid of log σ, and the weight of each of its points in the posterior."""
    log_sigma, _, component = _grid(posterior, _conditional(posterior), 1.0, moments=False)
    weight = np.exp(component.log_evidence - component.log_evidence.max())
    values, places = np.unique(log_sigma, return_inverse=True)
    total = np.bincount(places, weight)
    return values, total / total.sum()


def bulks(posterior: Posterior) -> list[tuple[float, float]]:
    """Return σ at each bulk's peak, and the bulk's mass."""
    values, weight = log_sigma_density(posterior)
    return bulks_of(weight, values)[0]


def has_quadrature(posterior: Posterior) -> bool:
    """Whether `exact` can be used: it needs a quadrature over at most σ, a scale and one coefficient."""
    return bool(posterior.copies) or posterior.laplace is None or posterior.X.shape[1] == 2


def _conditional(posterior: Posterior) -> Conditional:
    if posterior.copies:
        return _orthogonal(posterior)
    if posterior.laplace is None:
        return _spectral(posterior)
    if not has_quadrature(posterior):
        raise ValueError("general columns under a Laplace prior have no quadrature: see `ladder`")
    return pair_component(posterior)


def _log_prior(posterior: Posterior, log_sigma: Array, log_scale: Array) -> Array:
    """Return the log prior density of log σ and log scale."""
    total = np.zeros_like(log_sigma)
    if not isinstance(posterior.noise, float):
        total = total + posterior.noise.log_density(np.exp(log_sigma)) + log_sigma
    for prior in posterior.sampled.values():
        total = total + prior.log_density(np.exp(log_scale)) + log_scale
    return total


def _orthogonal(posterior: Posterior) -> Conditional:
    copies = np.array(posterior.copies)
    first = np.concatenate([[0], np.cumsum(copies)[:-1]])
    centred, z = posterior.X[:, first] - posterior.X[:, first].mean(axis=0), posterior.y - posterior.y.mean()
    d = (centred**2).sum(axis=0)
    least_squares = centred.T @ z / d
    rss = ((z - centred @ least_squares) ** 2).sum()

    def component(log_sigma: Array, log_scale: Array, moments: bool) -> Component:
        sigma = np.exp(log_sigma)
        r, l2 = posterior.rates(sigma, np.exp(log_scale))
        total = -(len(z) - 1) * log_sigma - 0.5 * rss / sigma**2
        raw = np.empty((4, len(sigma), copies.sum()))
        for m in set(posterior.copies):
            chosen = np.flatnonzero(copies == m)
            line = one_line(
                least_squares[chosen],
                d[chosen],
                *(one[:, None] for one in (sigma, r, l2)),
                copies=m,
                moments=moments,
            )
            total = total + line.log_integral.sum(axis=1)
            for k, values in enumerate(line.moments):
                for copy in range(m):
                    raw[k][:, first[chosen] + copy] = values
        return Component(total, *central(*raw)) if moments else Component(total)

    return component


def central(one: Array, two: Array, three: Array, four: Array) -> tuple[Array, Array, Array, Array]:
    """Turn moments about 0 into the mean and moments about it."""
    variance = two - one**2
    third = three - 3.0 * one * variance - one**3
    return one, variance, third, four - 4.0 * one * third - 6.0 * one**2 * variance - one**4


def _spectral(posterior: Posterior) -> Conditional:
    """Integrate Gaussian coefficients out along the principal axes."""
    z = posterior.y - posterior.y.mean()
    left, singular, axes = np.linalg.svd(posterior.X - posterior.X.mean(axis=0), full_matrices=False)
    kept = singular > 1e-12 * singular[0]
    left, singular, axes = left[:, kept], singular[kept], axes[kept]
    along = left.T @ z
    rss = max(((z - left @ along) ** 2).sum() - 1e-26 * (z @ z), 0.0) if len(singular) < len(z) - 1 else 0.0
    outside = np.clip(1.0 - (axes**2).sum(axis=0), 0.0, 1.0)

    def component(log_sigma: Array, log_scale: Array, moments: bool) -> Component:
        sigma = np.exp(log_sigma)
        tau2 = (1.0 / posterior.rates(sigma, np.exp(log_scale))[1])[:, None]
        spread = sigma[:, None] ** 2 + tau2 * singular**2
        total = -(len(z) - 1 - len(singular)) * log_sigma - 0.5 * rss / sigma**2
        total = total - 0.5 * (np.log(spread) + along**2 / spread).sum(axis=1)
        if not moments:
            return Component(total)
        mean = (tau2 * singular * along / spread) @ axes
        variance = (sigma[:, None] ** 2 * tau2 / spread) @ axes**2 + tau2 * outside
        return Component(total, mean, variance, np.zeros_like(mean), 3.0 * variance**2)

    return component


def _grid(
    posterior: Posterior, conditional: Conditional, refinement: float, *, moments: bool = True
) -> tuple[Array, Array, Component]:
    """Return points that hold the posterior's mass, with the component at each. Priors of σ and scale are included."""
    n, p = posterior.X.shape
    knows_noise, scales = isinstance(posterior.noise, float), list(posterior.sampled.values())
    middle_sigma = np.log(posterior.noise if knows_noise else posterior.y.std())  # type: ignore[arg-type]
    middle_scale = np.log(scales[0].middle) if scales else 0.0
    least = np.array([_STEP / np.sqrt(2.0 * (n + p)), _least_step(scales, p)]) / refinement
    free = np.array([not knows_noise, bool(scales)])
    low = np.array([middle_sigma, middle_scale]) - _BELOW * free
    high = np.array([middle_sigma, middle_scale]) + _ABOVE * free
    step = np.full(2, _COARSE)
    while True:
        axes = [
            np.arange(a, b + s, s) if f else np.array([a])
            for a, b, s, f in zip(low, high, step, free, strict=True)
        ]
        mesh = [one.ravel() for one in np.meshgrid(*axes, indexing="ij")]
        density = _in_blocks(posterior, conditional, mesh, moments=False).log_evidence
        last = bool((step <= least)[free].all())
        if last:  # far out in the prior's tail a bulk is narrower than the prior suggests
            bent = _bent(density.reshape([one.size for one in axes]))
            least, last = np.where(bent, least / 2.0, least), not bent.any()
        near = density > density.max() - (_KEPT if last else _SEARCHED)
        points = [one[near] for one in mesh]
        if last:
            break
        low, high = (
            np.array([one.min() for one in points]) - step * free,
            np.array([one.max() for one in points]) + step * free,
        )
        step = np.maximum(step / 4.0, 0.999 * least)
    return points[0], points[1], _in_blocks(posterior, conditional, points, moments=moments)


def _bent(density: Array) -> Array:
    """Tell along which axes the density bends too much from point to point, among points that count."""
    found = []
    for axis, length in enumerate(density.shape):
        if length < 3:
            found.append(False)
            continue
        middle = np.moveaxis(density, axis, 0)[1:-1]
        bend = np.abs(np.diff(np.moveaxis(density, axis, 0), 2, axis=0))
        found.append(bool((bend[middle > density.max() - _BULK] > _MOST_BENT).any()))
    return np.array(found)


def _least_step(scales: list[Any], p: int) -> float:
    if scales and scales[0].family == "LogNormal":
        return _STEP / np.sqrt(2.0 * p + scales[0].parameters[1] ** -2.0)
    return _STEP / np.sqrt(2.0 * p + 4.0)


def _in_blocks(
    posterior: Posterior, conditional: Conditional, points: list[Array], *, moments: bool
) -> Component:
    parts = []
    for start in range(0, len(points[0]), _AT_ONCE):
        log_sigma, log_scale = (one[start : start + _AT_ONCE] for one in points)
        part = conditional(log_sigma, log_scale, moments)
        with np.errstate(over="ignore", divide="ignore"):
            prior = _log_prior(posterior, log_sigma, log_scale)
        parts.append(
            part._replace(log_evidence=np.nan_to_num(part.log_evidence + prior, nan=-np.inf, neginf=-np.inf))
        )
    columns = zip(*parts, strict=True)
    return Component(*(None if column[0] is None else np.concatenate(column) for column in columns))


def _mixed(weight: Array, component: Component) -> dict[str, Array]:
    """Return the moments of a mixture, about its own mean."""
    mean = weight @ component.mean
    off = component.mean - mean
    variance = weight @ (component.variance + off**2)
    fourth = weight @ (
        component.fourth + 4.0 * off * component.third + 6.0 * off**2 * component.variance + off**4
    )
    return {"mean": mean, "sd": np.sqrt(variance), "kurtosis": np.maximum(fourth / variance**2, 1.0)}


def _of_values(weight: Array, values: Array) -> dict[str, float]:
    mean = weight @ values
    variance = weight @ (values - mean) ** 2
    kurtosis = weight @ (values - mean) ** 4 / variance**2
    return {"mean": float(mean), "sd": float(np.sqrt(variance)), "kurtosis": float(kurtosis)}


def bulks_of(weight: Array, log_sigma: Array) -> tuple[list[tuple[float, float]], list[float]]:
    """Cut log σ in the valleys of its density. Return σ and mass of each peak, and σ in each valley."""
    values, places = np.unique(log_sigma, return_inverse=True)
    density = np.bincount(places, weight)
    with np.errstate(divide="ignore"):
        cuts = _valleys(np.log(density))
    below = np.cumsum(density) - 0.5 * density
    while True:
        masses = np.diff([0.0, *below[cuts], 1.0])
        lightest = int(masses.argmin())
        if not cuts or masses[lightest] >= _LEAST_MASS:
            break
        del cuts[min(lightest, len(cuts) - 1)]
    edges = [0, *cuts, len(values)]
    peaks = [values[a + density[a:b].argmax()] for a, b in pairwise(edges)]
    told = [(float(np.exp(peak)), float(mass)) for peak, mass in zip(peaks, masses, strict=True)]
    return told, [float(np.exp(values[cut])) for cut in cuts]


def _valleys(height: Array) -> list[int]:
    """Return the positions of valleys that are clearly lower than the peaks on both sides."""
    if len(height) < 3:
        return []
    inner = np.flatnonzero((height[1:-1] < height[:-2]) & (height[1:-1] <= height[2:])) + 1
    cuts: list[int] = []
    for place in sorted(inner, key=lambda i: height[i]):
        edges = sorted([0, *cuts, len(height)])
        k = int(np.searchsorted(edges, place, side="right"))
        left, right = height[edges[k - 1] : place], height[place : edges[k]]
        if min(left.max(), right.max()) > height[place] + _VALLEY:
            cuts.append(int(place))
    return sorted(cuts)
