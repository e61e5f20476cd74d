"""The sensitivity of posterior means to the prior's scale."""

from typing import TYPE_CHECKING

import numpy as np

from ...priors.scales import SCALE_NAMES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def scale_sensitivity(tree: "xr.DataTree") -> "pd.DataFrame":
    """Differentiate each posterior mean by the logarithm of the prior's scale.

    The derivative is the posterior covariance of the parameter with the prior's score,
    Σ(|βⱼ|/bⱼ + βⱼ²/τⱼ² − 1). No model is fitted again. Multiplied by log 2 it is, to first order,
    the change of the mean if every scale is doubled.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior of a model whose scale is a number.

    Returns
    -------
    DataFrame
        One row for each coefficient, then intercept and noise_scale if they are sampled; columns "mean",
        "sd", "derivative" (of the mean, in log scale), "derivative_in_sd" and "mcse" (of the
        derivative, as if draws were independent).

    Raises
    ------
    ValueError
        If the scale is sampled, or every coefficient is unpenalised.

    References
    ----------
    N. Kallioinen, T. Paananen, P.-C. Bürkner and A. Vehtari (2024), doi:10.1007/s11222-023-10366-5,
    for power-scaling (ArviZ's ``psense``).
    """
    import pandas as pd

    posterior, known = tree["posterior"].to_dataset(), tree["constant_data"].to_dataset()
    if sampled := set(SCALE_NAMES) & set(posterior.data_vars):
        raise ValueError(
            f"{', '.join(sorted(sampled))} is sampled, so there is no scale to differentiate by. "
            "Give the prior's scale as a number, or power-scale the priors with arviz.psense."
        )
    if not tree.attrs.get("is_penalty", 1):
        raise ValueError(
            "the prior is not a penalty l1|β| + ½ l2 β². Power-scale the priors with arviz.psense instead."
        )
    coef = posterior["coef"].values.reshape(-1, posterior.sizes["feature"])
    sigma = next((of["noise_scale"].values.ravel() for of in (posterior, known) if "noise_scale" in of), 1.0)
    unit = np.where(known["relative_to_noise"].values, np.reshape(sigma, (-1, 1)), 1.0)
    b, tau = known["laplace_scale"].values * unit, known["gaussian_scale"].values * unit
    proper = np.isfinite(b) | np.isfinite(tau)
    if not proper.any():
        raise ValueError("every coefficient is unpenalised, so there is no scale to differentiate by.")
    score = np.where(proper, np.abs(coef) / b + (coef / tau) ** 2 - 1.0, 0.0).sum(axis=1)
    names, draws = list(posterior["feature"].values), coef
    for name in (str(one) for one in posterior.data_vars if one != "coef"):
        names.append(name)
        draws = np.column_stack([draws, posterior[name].values.ravel()])
    centred = draws - draws.mean(axis=0)
    products = centred * (score - score.mean())[:, None]
    sd = draws.std(axis=0, ddof=1)
    derivative = products.sum(axis=0) / (len(draws) - 1)
    return pd.DataFrame(
        {
            "mean": draws.mean(axis=0),
            "sd": sd,
            "derivative": derivative,
            "derivative_in_sd": derivative / sd,
            "mcse": products.std(axis=0, ddof=1) / np.sqrt(len(draws)),
        },
        index=pd.Index(names, name="parameter"),
    )
