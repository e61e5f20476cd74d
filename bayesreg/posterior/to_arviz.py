"""Conversion of draws to a named xarray DataTree for ArviZ, and back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..data.row_blocks import row_slices
from ..model.problem import ModelOnData
from ..priors.hyperpriors import log_density
from ..priors.scales import SCALE_NAMES

if TYPE_CHECKING:
    import xarray as xr


class Posterior(NamedTuple):
    """Complete draws, on the original columns."""

    coef: Float[np.ndarray, "chain draw p"]
    intercept: Float[np.ndarray, "chain draw"]
    nuisance: dict[str, Float[np.ndarray, "chain draw"]]  # the known ones too
    scales: dict[str, Float[np.ndarray, "chain draw"]]
    stats: dict[str, np.ndarray]

    @property
    def shape(self) -> tuple[int, int]:
        """The number of chains, and of draws in each."""
        return self.intercept.shape[0], self.intercept.shape[1]

    @property
    def noise_scale(self) -> Float[np.ndarray, "chain draw"]:
        """σ, the unit of scales relative to the noise; 1 if the likelihood has none."""
        return self.nuisance.get("noise_scale", np.ones(self.shape))


def to_datatree(problem: ModelOnData, posterior: Posterior, settings: dict[str, Any]) -> "xr.DataTree":
    """Convert draws to a named tree.

    Parameters
    ----------
    problem : Problem
    posterior : Posterior
    settings : dict
        The settings of the run. They become attributes.

    Returns
    -------
    xarray.DataTree
    """
    import xarray as xr

    from ..base.version import __version__

    variables: dict[str, Any] = {"coef": posterior.coef}
    if problem.has_intercept:
        variables["intercept"] = posterior.intercept
    variables |= {name: values for name, values in posterior.nuisance.items() if name not in problem.known}
    variables.update(posterior.scales)
    names = problem.feature_names
    groups = {
        "posterior": named_draws(variables, names),
        "sample_stats": named_draws(posterior.stats, ()),
        "log_prior": named_draws(_log_prior(problem, posterior), names),
        "constant_data": xr.Dataset(_constants(problem), coords={"feature": list(names)}),
    }
    tree = xr.DataTree()
    # DataTree.from_dict copies each group twice
    tree.children = {name: xr.DataTree(group) for name, group in groups.items()}
    tree.attrs.update(inference_library="bayesreg", inference_library_version=__version__, **settings)
    tree.attrs.update(likelihood=problem.likelihood.family, is_penalty=int(problem.law.has_mode))
    return tree


def from_datatree(problem: ModelOnData, tree: "xr.DataTree") -> Posterior:
    """Read complete draws from a tree, and refuse draws of another model.

    Parameters
    ----------
    problem : Problem
    tree : xarray.DataTree
        With a group ``posterior``.

    Returns
    -------
    Posterior

    Raises
    ------
    TypeError, ValueError
    """
    if not hasattr(tree, "children") or "posterior" not in tree.children:
        raise TypeError(
            "`tree` must be a DataTree with a group `posterior`, like that of sample_posterior; "
            f"got {type(tree).__name__}."
        )
    draws = tree["posterior"].to_dataset()
    unknown = [name for name in problem.hyperpriors if name not in problem.sampled_scales]
    sampled = ["coef", *problem.sampled_scales, *["intercept"] * problem.has_intercept, *unknown]
    missing = [name for name in sampled if name not in draws]
    if missing:
        raise ValueError(
            f"the draws lack {', '.join(missing)}, but the model samples it. Give the model of the draws."
        )
    names = (
        [str(name) for name in draws["coef"].coords["feature"].values]
        if "feature" in draws["coef"].coords
        else []
    )
    if names != [str(name) for name in problem.feature_names]:
        raise ValueError(
            f"the draws are of the features {names[:5]}, but the data have {list(problem.feature_names)[:5]}. "
            "Give the data of the draws."
        )
    extra = [name for name in (*problem.known, *SCALE_NAMES) if name in draws and name not in sampled]
    if extra:
        raise ValueError(
            f"the draws hold {', '.join(extra)}, but it is known in the model. Give the model of the draws."
        )
    read = {
        name: np.asarray(draws[name].transpose("chain", "draw", ...).values, dtype=float) for name in sampled
    }
    for name, values in read.items():
        if not np.isfinite(values).all():
            raise ValueError(f"the draws of {name} are not all finite numbers.")
    shape = read["coef"].shape[:2]
    return Posterior(
        coef=read["coef"],
        intercept=read.get("intercept", np.zeros(shape)),
        nuisance={name: np.full(shape, value) for name, value in problem.known.items()}
        | {name: read[name] for name in unknown},
        scales={name: read[name] for name in problem.sampled_scales},
        stats={},
    )


def named_draws(variables: dict[str, Any], labels: Iterable[Any], dim: str = "feature") -> "xr.Dataset":
    """Return draws (chain, draw) or (chain, draw, `dim`) as a dataset."""
    import xarray as xr

    dims = ("chain", "draw", dim)
    chains, draws = next(iter(variables.values())).shape[:2]
    coords: dict[str, Any] = {"chain": np.arange(chains), "draw": np.arange(draws)}
    if any(values.ndim == 3 for values in variables.values()):
        coords[dim] = list(labels)
    return xr.Dataset({name: (dims[: v.ndim], v) for name, v in variables.items()}, coords=coords)


def _log_prior(problem: ModelOnData, posterior: Posterior) -> dict[str, Any]:
    """Evaluate the log prior density of every sampled quantity; flat priors count as 0."""
    coef = posterior.coef
    if problem.has_intercept_column:
        coef = np.concatenate([coef, posterior.intercept[..., None]], axis=-1)
    columns = {name: values.reshape(-1, 1) for name, values in posterior.scales.items()}
    values = _of_coefs(
        problem, coef.reshape(-1, coef.shape[2]), posterior.noise_scale.reshape(-1, 1), columns
    )
    values = values.reshape(coef.shape)
    own = {**posterior.nuisance, **posterior.scales}
    result = {name: log_density(prior)(own[name])[0] for name, prior in problem.hyperpriors.items()}
    result["coef"] = values[..., : problem.n_features]
    if problem.has_intercept_column and not problem.rates.flat[-1]:
        result["intercept"] = values[..., -1]
    return result


def _of_coefs(
    problem: ModelOnData, coef: Any, sigma: Any, scales: dict[str, Any]
) -> Float[np.ndarray, "s q"]:
    """Evaluate the log prior density of each coefficient at each draw."""
    found, law = np.empty(coef.shape), problem.law
    shared = not (scales or problem.rates.relative.any())  # all draws have the same rates
    for rows in row_slices(range(len(coef)), coef.shape[1]):
        some = slice(0, 1) if shared else rows
        l1, l2 = problem.rates.at(sigma[some], problem.is_feature, {k: v[some] for k, v in scales.items()})
        with np.errstate(divide="ignore", invalid="ignore"):  # of flat ones
            found[rows] = law.log_density(coef[rows], l1, l2, law.log_normaliser(l1, l2))
    found[:, problem.rates.flat] = 0.0
    return found


def _constants(problem: ModelOnData) -> dict[str, Any]:
    """Return known values: nuisance parameters, and each coefficient's prior scales (1 if they are sampled)."""
    p = problem.n_features
    with np.errstate(divide="ignore"):
        constants: dict[str, Any] = {
            "laplace_scale": ("feature", 1.0 / problem.rates.l1[:p]),
            "gaussian_scale": ("feature", 1.0 / np.sqrt(problem.rates.l2[:p])),
            "relative_to_noise": ("feature", np.asarray(problem.rates.relative[:p])),
            "sum_weights": problem.sum_weights,
        }
    return constants | problem.known
