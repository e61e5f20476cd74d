"""One referee: effective draws and Monte Carlo errors by ArviZ, and means against a reference."""

from typing import Any

import numpy as np

_FAR = 4.0  # Monte Carlo standard errors


def judge(draws: dict[str, np.ndarray], reference: dict[str, np.ndarray] | None) -> dict[str, Any]:
    """Return the smallest effective sample sizes, the largest R-hat, and how far means are from a reference.

    Parameters
    ----------
    draws : dict of arrays (chain, draw) or (chain, draw, k)
    reference : dict, optional
        Mean and its Monte Carlo error of each parameter, as two rows (2, number of parameters).
    """
    import arviz as az

    values = flat(draws)
    names = [f"v{j}" for j in range(values.shape[-1])]
    tree = az.from_dict({"posterior": {name: values[..., j] for j, name in enumerate(names)}})
    table = az.summary(tree, kind="all", round_to="none")
    found = {
        "ess_bulk": float(table["ess_bulk"].min()),
        "ess_tail": float(table["ess_tail"].min()),
        "r_hat": float(table["r_hat"].max()),
        "draws": int(values.shape[0] * values.shape[1]),
    }
    if reference is not None:
        mean, error = reference["mean"], reference["mcse"]
        distance = np.abs(values.mean(axis=(0, 1)) - mean) / np.hypot(table["mcse_mean"].to_numpy(), error)
        found["distance"] = float(distance.max())
        found["expected_distance"] = float(np.sqrt(2.0 * np.log(2.0 * distance.size)))
    return found


def flat(draws: dict[str, np.ndarray]) -> np.ndarray:
    """Return all parameters side by side: coefficients, intercept, and σ if there is one."""
    others = [draws[name][..., None] for name in ("intercept", "sigma") if name in draws]
    return np.concatenate([draws["coef"], *others], axis=-1)


def reference_of(draws: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return means and their Monte Carlo errors."""
    import arviz as az

    values = flat(draws)
    errors = [float(az.mcse(values[..., j], method="mean")) for j in range(values.shape[-1])]
    return {"mean": values.mean(axis=(0, 1)), "mcse": np.array(errors)}


def sound(found: dict[str, Any]) -> bool:
    """Tell whether a run counts: R-hat, divergences, distance from the reference, and ours by its certificate too."""
    limit = max(_FAR, 1.3 * found.get("expected_distance", 0.0))
    mixed = found["r_hat"] < 1.01 and found["diverging"] == 0 and found.get("certified", True)
    return bool(mixed and found.get("distance", 0.0) < limit)
