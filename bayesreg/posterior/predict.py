"""Predictive draws, intervals and the pointwise log-likelihood."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ..data.rows import RowData
from ..model import LinearModel
from ..problem import Data

if TYPE_CHECKING:
    import xarray as xr

_BUDGET = 4 * 2**30  # bytes of one (chain, draw, row) array
_BLOCK = 2**24  # entries of (draw, row) held at once
_BISECTIONS = 60
_PREDICTIVE_STREAM = 1


def add_log_likelihood(tree: "xr.DataTree", model: LinearModel, data: Data) -> "xr.DataTree":
    """Add the pointwise log-likelihood wᵢ·log p(yᵢ | draw) as a group.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior(model, data).
    model : LinearModel
    data : RowData
        The rows that the draws were made from.

    Returns
    -------
    xarray.DataTree
        A copy with the group ``log_likelihood``, variable ``y`` (chain, draw, observation).

    Raises
    ------
    TypeError, ValueError, MemoryError
        Where there are no rows, where names differ, or where the array passes its budget.
    """
    import xarray as xr

    if not isinstance(data, RowData):
        raise TypeError(
            f"the pointwise log-likelihood needs rows, and {type(data).__name__} has none. Give RowData."
        )
    _check_names(tree, data.feature_names)
    shape = (*_posterior(tree)["coef"].shape[:2], data.y.size)
    _check_budget(shape)
    mean, sigma = linear_predictor(tree, data.X), noise_scale(tree)[:, None]
    residual = (data.y - mean) / sigma
    values = data.sample_weight * (-0.5 * residual**2 - np.log(sigma) - 0.5 * np.log(2.0 * np.pi))
    groups = {name: tree[name].to_dataset() for name in tree.children}
    coords = {"chain": np.arange(shape[0]), "draw": np.arange(shape[1]), "observation": np.arange(shape[2])}
    groups["log_likelihood"] = xr.Dataset(
        {"y": (("chain", "draw", "observation"), values.reshape(shape))}, coords=coords
    )
    groups["observed_data"] = xr.Dataset(
        {"y": ("observation", data.y)}, coords={"observation": coords["observation"]}
    )
    extended = xr.DataTree.from_dict(groups)
    extended.attrs.update(tree.attrs)
    return extended


def _posterior(tree: "xr.DataTree") -> "xr.Dataset":
    return tree.children["posterior"].to_dataset()


def _check_names(tree: "xr.DataTree", names: tuple[str, ...]) -> None:
    known = tuple(str(name) for name in _posterior(tree)["feature"].values)
    if known != tuple(names):
        raise ValueError(f"the draws are of features {list(known)}, the data of {list(names)}.")


def _check_budget(shape: tuple[int, ...]) -> None:
    size = 8 * int(np.prod(shape))
    if size > _BUDGET:
        raise MemoryError(
            f"an array of shape {shape} takes {size:,} bytes, above the budget of {_BUDGET:,}. "
            "Give fewer rows at a time, or thin the draws."
        )


def linear_predictor(tree: "xr.DataTree", X: Float[np.ndarray, "n p"]) -> Float[np.ndarray, "s n"]:
    """Return β₀ + Xβ for each of the s draws of all chains."""
    posterior = _posterior(tree)
    coefs = posterior["coef"].values.reshape(-1, X.shape[1])
    mean = coefs @ X.T
    if "intercept" in posterior:
        mean += posterior["intercept"].values.reshape(-1, 1)
    return mean


def noise_scale(tree: "xr.DataTree") -> Float[np.ndarray, " s"]:
    """Return σ for each of the s draws of all chains, the known one where it is known."""
    posterior = _posterior(tree)
    if "noise_scale" in posterior:
        return posterior["noise_scale"].values.ravel()
    n_draws = int(np.prod(posterior["coef"].shape[:2]))
    return np.full(n_draws, float(tree["constant_data"]["noise_scale"]))


def predictive_draws(
    tree: "xr.DataTree", X: Float[np.ndarray, "n p"], seed: int
) -> Float[np.ndarray, "chain draw n"]:
    """Draw new observations at X, one for each draw of the posterior."""
    chains, draws = _posterior(tree)["coef"].shape[:2]
    _check_budget((chains, draws, X.shape[0]))
    mean = linear_predictor(tree, X)
    # A stream of its own: the same seed has drawn the intercept, which must not repeat as noise.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PREDICTIVE_STREAM,)))
    mean += noise_scale(tree)[:, None] * rng.standard_normal(mean.shape)
    return mean.reshape(chains, draws, X.shape[0])


def predictive_sd(
    tree: "xr.DataTree", X: Float[np.ndarray, "n p"], *, of_mean: bool
) -> Float[np.ndarray, " n"]:
    """Return the posterior sd of a new observation at each row, or of its mean."""
    variance = np.concatenate([linear_predictor(tree, block).var(axis=0) for block in _blocks(tree, X)])
    return np.sqrt(variance if of_mean else variance + np.mean(noise_scale(tree) ** 2))


def predictive_bounds(
    tree: "xr.DataTree", X: Float[np.ndarray, "n p"], mass: float, *, of_mean: bool
) -> Float[np.ndarray, "n 2"]:
    """Return equal-tailed bounds of a new observation at each row, or of its mean."""
    tails = (0.5 * (1.0 - mass), 0.5 * (1.0 + mass))
    bounds = []
    for block in _blocks(tree, X):
        mean = linear_predictor(tree, block)
        if of_mean:
            bounds.append(np.quantile(mean, tails, axis=0).T)
        else:
            bounds.append(
                np.column_stack([_mixture_quantile(mean, noise_scale(tree), tail) for tail in tails])
            )
    return np.concatenate(bounds)


def _blocks(tree: "xr.DataTree", X: Float[np.ndarray, "n p"]) -> list[Float[np.ndarray, "b p"]]:
    n_draws = int(np.prod(_posterior(tree)["coef"].shape[:2]))
    step = max(1, _BLOCK // n_draws)
    return [X[first : first + step] for first in range(0, X.shape[0], step)]


def _mixture_quantile(
    mean: Float[np.ndarray, "s n"], sigma: Float[np.ndarray, " s"], probability: float
) -> Float[np.ndarray, " n"]:
    """Invert the distribution function of the mixture of Normal(meanₛ, σₛ) exactly: no noise is simulated."""
    from scipy.special import ndtr, ndtri

    quantiles = mean + sigma[:, None] * ndtri(probability)
    low, high = quantiles.min(axis=0), quantiles.max(axis=0)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        above = ndtr((middle - mean) / sigma[:, None]).mean(axis=0) >= probability
        low, high = np.where(above, low, middle), np.where(above, middle, high)
        if np.all(high - low <= 1e-10 * sigma.min()):
            break
    return 0.5 * (low + high)
