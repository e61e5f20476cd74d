# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The posterior around the mode
#
# A lasso or ridge fit is the mode of a posterior: its highest point. The notebook
# `2_map_is_penalized_least_squares` shows that. But a highest point does not say how wide the mountain is.
# Here we ask the same model for draws from the whole posterior, and look at what the mode hides.
#
# A check in code follows each statement, folded out of the way. Draws carry a random error, so we judge
# them by their own yardstick: ArviZ estimates the Monte Carlo standard error (MCSE), and we accept an
# average of draws if it is off by less than 4 MCSE from an answer that was computed without draws.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $n, p$ | | number of rows and of columns |
# | $\beta_0, \beta$ | `intercept`, `coef` | intercept and the $p$ coefficients |
# | $\sigma$ | `noise_scale` | standard deviation of the noise, in units of $y$ |
# | $b$ | `LaplacePrior.scale` | Laplace prior: density $e^{-\lvert\beta\rvert/b}/(2b)$ |
# | $\tau$ | `GaussianPrior.scale` | standard deviation of the Gaussian prior |
# | $\lambda_1, \lambda_2$ | `Penalty.l1`, `Penalty.l2` | the penalties: $\sigma^2/b$ and $\sigma^2/\tau^2$ |

# %%
import textwrap
import warnings

warnings.filterwarnings("ignore", "IProgress not found")  # of NumPyro's progress bar, which is not used here

import arviz as az
import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import xarray as xr
from matplotlib.lines import Line2D
from scipy import stats
from scipy.integrate import quad
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, LassoCV, RidgeCV

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"  # told apart by colour-blind readers
plt.rcParams["axes.prop_cycle"] = plt.cycler(color=[BLUE, ORANGE, GREEN, PINK])  # ArviZ's chains, too

# %% [markdown]
# The data: 442 patients with diabetes, ten columns that are centred and have unit length, and the progress of
# the disease after one year, a score without a physical unit. The noise scale is the estimate of least
# squares, as in notebook 2. Sections 0 to 2 and section 6 take it as known.

# %%
X, y = load_diabetes(return_X_y=True, as_frame=True)
data = br.RowData.from_arrays(X, y)
n, p = data.n_samples, data.n_features
names = list(data.feature_names)
centred_y = data.y - data.y.mean()

rss = np.linalg.lstsq(np.column_stack([np.ones(n), data.X]), data.y)[1][0]
sigma = float(np.sqrt(rss / (n - p - 1)))
print(f"n = {n}, p = {p}, sigma = {sigma:.4f}")


# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (n, p) == (442, 10)
assert np.allclose(data.X.mean(axis=0), 0.0, atol=1e-12)
assert np.allclose(np.linalg.norm(data.X, axis=0), 1.0)

# %% [markdown]
# Two helpers for the checks. A *z-score* here is error divided by MCSE. The other helper asks ArviZ whether
# the chains agree: R-hat near 1, and a large effective sample size (ESS), which says how many independent
# draws our draws are worth.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def z_scores(draws, exact, method="mean"):
    """Return (mean or sd of the draws − exact) / MCSE."""
    estimate = getattr(draws, "std" if method == "sd" else "mean")(("chain", "draw"))
    return np.asarray((estimate - exact) / az.mcse(draws, method=method))


def check_chains(tree):
    """Assert that the chains of a sampled model agree and are long enough."""
    summary = az.summary(tree, kind="diagnostics", round_to="none")
    assert summary["r_hat"].max() < 1.01
    assert summary[["ess_bulk", "ess_tail"]].min().min() > 1000
    assert not tree["sample_stats"]["diverging"].any()


# %% [markdown]
# ## 0. One model, two questions
#
# **Question.** How do we get from the mode to the posterior?
#
# **Model.** Posterior = likelihood × prior, up to a constant. The mode is where it is largest; a draw is a
# random point, and regions of high probability get many draws.
#
# $$ p(\beta_0, \beta \mid y) \propto e^{-J(\beta_0,\,\beta)/\sigma^2}, \qquad
# J = \tfrac12 \sum_i r_i^2 + \lambda_1 \sum_j \lvert\beta_j\rvert . $$
#
# The model object is the same for both questions.

# %%
lasso_model = br.LinearModel(br.LaplacePrior(15.0), br.GaussianLikelihood(sigma))
lasso_mode = br.map_estimate(lasso_model, data)
lasso = br.sample_posterior(lasso_model, data, num_samples=2000, seed=1, progress=False)

print(lasso_mode)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert lasso["posterior"]["coef"].shape == (4, 2000, p)  # chain, draw, feature

# %% [markdown]
# The draws come as an xarray `DataTree` with names. ArviZ reads it as it is.

# %%
az.summary(lasso, ci_prob=0.9)

# %% [markdown]
# **Picture.** Four columns: the distribution of the draws, and the draws one after the other, one colour for
# each chain. The chains should look alike, and they should not wander. Sometimes one stands still for a
# while. This sampler proposes places independently of the current one. If a place is seldom proposed, the
# chain must keep it long enough for its probability. R-hat and the effective sample size below count that.

# %%
some = {"feature": ["bmi", "s3", "s4", "sex"]}
traces = az.plot_trace_dist(
    lasso,
    var_names=["coef"],
    coords=some,
    compact=False,
    combined=True,
    figure_kwargs={"figsize": (9, 6.4), "layout": "constrained"},
)
for feature in some["feature"]:
    left, right = (
        traces.viz["plot"]["coef"].sel(feature=feature, column=c).item() for c in ("dist", "trace")
    )
    left.set_xlabel("")
    left.set_ylabel("density")
    left.set_title(f"coefficient of {feature}, in units of y per unit of x", fontsize=10)
    right.set_title("four chains, a colour each", fontsize=10)
    right.set_ylabel(feature)
    right.set_xlabel("draw" if feature == some["feature"][-1] else "")

# %% [markdown]
# A sharper picture ranks the draws of all chains together. If the chains agree, the ranks of each chain are
# spread evenly over 0 to 1, and its curve stays near the line 0. The grey band is where it should be.

# %%
ranks = az.plot_rank(
    lasso,
    var_names=["coef"],
    coords=some,
    method="envelope",
    stats={"ecdf_pit": {"n_simulations": 250}},
    figure_kwargs={"figsize": (9, 2.8), "layout": "constrained"},
)
for axis, feature in zip(ranks.viz["plot"]["coef"].values, ranks.viz["plot"]["feature"].values, strict=True):
    axis.set_title(f"coefficient of {feature}", fontsize=10)
    axis.set_xlabel("rank, as a share")
    axis.set_yticks([])

# %% [markdown]
# **Check.** The numbers say the same for all ten coefficients and the intercept: R-hat below 1.01, ESS above
# 1000 in the middle and in the tails, and not one divergence (a step at which the sampler would have gone
# astray).

# %%
check_chains(lasso)

# %% [markdown]
# The mode is the top: $J$ is larger at every one of the 8000 draws.


# %%
def objective(intercept, coef, penalty):
    """Return J for each point: half the sum of squared residuals plus the penalty."""
    residual = data.y - np.asarray(intercept)[..., None] - coef @ data.X.T
    penalties = np.sum(penalty.l1 * np.abs(coef) + 0.5 * penalty.l2 * coef**2, axis=-1)
    return 0.5 * np.sum(residual**2, axis=-1) + penalties


def fall_from_mode(tree, mode):
    """Return by how much the log posterior is lower at each draw than at the mode."""
    at_draws = objective(tree["posterior"]["intercept"], tree["posterior"]["coef"].values, mode.penalty)
    at_mode = objective(mode.intercept, mode.coef, mode.penalty)
    return xr.DataArray((at_draws - at_mode) / mode.noise_scale**2, dims=("chain", "draw"))


lasso_fall = fall_from_mode(lasso, lasso_mode)
print(
    f"below the mode: the best draw {float(lasso_fall.min()):.2f}, the average {float(lasso_fall.mean()):.2f}"
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert lasso_fall.size == 8000
assert np.all(lasso_fall > 0.0)

# %% [markdown]
# ## 1. Ridge: the posterior in closed form
#
# **Question.** Are the draws right? We can tell if we know the answer without drawing.
#
# **Model.** With a Gaussian prior and known $\sigma$ the posterior is Gaussian. The columns of $X$ are
# centred, so intercept and coefficients are independent:
#
# $$
# \beta \mid y \sim \mathrm{Normal}\bigl(m,\ \sigma^2 (X^\top X + \lambda_2 I)^{-1}\bigr), \quad
# m = (X^\top X + \lambda_2 I)^{-1} X^\top y, \qquad
# \beta_0 \mid y \sim \mathrm{Normal}(\bar y,\ \sigma^2/n).
# $$

# %%
ridge_model = br.LinearModel(br.GaussianPrior(200.0), br.GaussianLikelihood(sigma))
ridge_mode = br.map_estimate(ridge_model, data)
ridge = br.sample_posterior(ridge_model, data, num_samples=2000, seed=1, progress=False)
check_chains(ridge)

precision = (data.X.T @ data.X + sigma**2 / 200.0**2 * np.eye(p)) / sigma**2
covariance = np.linalg.inv(precision)
mean, sd = covariance @ data.X.T @ centred_y / sigma**2, np.sqrt(np.diag(covariance))

# %% [markdown]
# **Picture.** Two coefficients that depend on each other. The ellipse holds 90% of the exact posterior.
# Right: one of them alone.

# %%
coef = ridge["posterior"]["coef"]
s1, s2 = names.index("s1"), names.index("s2")
angle = np.linspace(0.0, 2.0 * np.pi, 200)
circle = np.sqrt(stats.chi2.ppf(0.9, 2)) * np.stack([np.cos(angle), np.sin(angle)])
ellipse = mean[[s1, s2], None] + np.linalg.cholesky(covariance[np.ix_([s1, s2], [s1, s2])]) @ circle
grid = mean[s1] + sd[s1] * np.linspace(-4.0, 4.0, 201)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.plot(coef.values[..., s1].ravel()[::4], coef.values[..., s2].ravel()[::4], ".", color=BLUE, markersize=2)
left.plot(*ellipse, color=ORANGE, linewidth=2, label="exact, 90%")
left.plot(ridge_mode.coef[s1], ridge_mode.coef[s2], "k*", markersize=12, label="mode")
left.set_xlabel("coefficient of s1, in units of y per unit of x")
left.set_ylabel("coefficient of s2,\nin units of y per unit of x")
left.set_title("Every fourth draw")
left.legend(frameon=False)
right.hist(coef.values[..., s1].ravel(), bins=60, density=True, color=BLUE, alpha=0.4, label="draws")
right.plot(grid, stats.norm.pdf(grid, mean[s1], sd[s1]), color=ORANGE, linewidth=2, label="exact density")
right.axvline(ridge_mode.coef[s1], color="black", linestyle=":", label="mode")
right.set_xlabel("coefficient of s1, in units of y per unit of x")
right.set_ylabel("probability density")
right.set_title("One coefficient")
_ = right.legend(frameon=False)
# %% [markdown]
# **Check.** Ten means, ten standard deviations, mean and standard deviation of the intercept, and its ten
# covariances with the coefficients, which are 0: each within 4 MCSE of the closed form. So is the share of
# draws inside the ellipse.

# %%
z = np.concatenate(
    [
        z_scores(coef, mean),
        z_scores(coef, sd, "sd"),
        [z_scores(ridge["posterior"]["intercept"], data.y.mean())],
        [z_scores(ridge["posterior"]["intercept"], sigma / np.sqrt(n), "sd")],
        z_scores((ridge["posterior"]["intercept"] - data.y.mean()) * (coef - mean), 0.0),
    ]
)
pair = coef.isel(feature=[s1, s2]).values - mean[[s1, s2]]
distance = np.sum(pair @ np.linalg.inv(covariance[np.ix_([s1, s2], [s1, s2])]) * pair, axis=-1)
inside = xr.DataArray((distance < stats.chi2.ppf(0.9, 2)).astype(float), dims=("chain", "draw"))

print(f"{z.size} z-scores, the largest {np.abs(z).max():.2f}; inside the ellipse: {float(inside.mean()):.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert z.size == 32
assert np.all(np.abs(z) < 4.0)
assert abs(z_scores(inside, 0.9)) < 4.0

# %% [markdown]
# For a Gaussian, mode and mean are the same point.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(ridge_mode.coef, mean, rtol=1e-9)
assert np.isclose(ridge_mode.intercept, data.y.mean(), rtol=1e-12)

# %% [markdown]
# Still, hardly any draw is near the mode. With $k = p + 1$ coefficients, twice the fall of the log density
# from the mode follows a $\chi^2_k$ distribution, so the fall is $k/2 = 5.5$ on average: a typical draw has
# only $e^{-5.5}$ of the density at the mode, 0.4%. One point is high, but it is only one point; there is
# much more room a little further down.

# %%
ridge_fall = fall_from_mode(ridge, ridge_mode)
print(f"average fall {float(ridge_fall.mean()):.2f}, smallest fall {float(ridge_fall.min()):.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert abs(z_scores(ridge_fall, 0.5 * (p + 1))) < 4.0
assert abs(z_scores(ridge_fall, np.sqrt(0.5 * (p + 1)), "sd")) < 4.0
assert 0.003 < np.exp(-0.5 * (p + 1)) < 0.005
assert np.mean(ridge_fall < 0.5) < 0.001

# %% [markdown]
# ## 2. Lasso: zeros in the mode, none in the draws
#
# **Question.** The lasso sets coefficients to exactly zero. Does the posterior believe these zeros?
#
# **Model.** Take one column only. The log posterior of its coefficient is a parabola plus a roof:
#
# $$ \log p(\beta \mid y) = \frac{x^\top y_c\,\beta - \frac12 x^\top x\,\beta^2}{\sigma^2}
# - \frac{\lvert\beta\rvert}{b} + \text{const}, $$
#
# with $y_c = y - \bar y$. The ridge of the roof is at $\beta = 0$: there the slope drops by $2/b$. If the
# slope is positive on the left and negative on the right, the mode is exactly 0. But the density is an
# ordinary density, and a single point has probability 0.

# %%
x = data.X[:, names.index("sex")]
one_column = br.RowData.from_arrays(x[:, None], y, feature_names=["sex"])
one_mode = br.map_estimate(lasso_model, one_column)
one = br.sample_posterior(lasso_model, one_column, num_samples=2000, seed=2, progress=False)
check_chains(one)

slope_left, slope_right = x @ centred_y / sigma**2 + 1.0 / 15.0, x @ centred_y / sigma**2 - 1.0 / 15.0
print(f"slope left of 0: {slope_left:.4f}, right of 0: {slope_right:.4f}; mode {one_mode.coef[0]}")


# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(slope_left - slope_right, 2.0 / 15.0)
assert slope_right < 0.0 < slope_left
assert one_mode.coef[0] == 0.0

# %% [markdown]
# The exact density needs one integral. SciPy's quadrature gives it, piece by piece on each side of the kink.


# %%
def unnormalised(beta):
    """Return the posterior density of the one coefficient, 1 at zero."""
    return np.exp((x @ centred_y * beta - 0.5 * x @ x * beta**2) / sigma**2 - np.abs(beta) / 15.0)


def integral(function, low=-600.0, high=600.0):
    """Integrate a function times the density, split at the kink."""
    pieces = [(low, min(high, 0.0)), (max(low, 0.0), high)]
    return sum(
        quad(lambda t: function(t) * unnormalised(t), *piece)[0] for piece in pieces if piece[0] < piece[1]
    )


total = integral(lambda _: 1.0)
exact_mean = integral(lambda t: t) / total
exact_sd = np.sqrt(integral(lambda t: (t - exact_mean) ** 2) / total)
exact_positive = integral(lambda _: 1.0, low=0.0) / total
print(f"exact: mean {exact_mean:.3f}, sd {exact_sd:.3f}, P(coefficient > 0) = {exact_positive:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert unnormalised(600.0) < 1e-25  # nothing is left outside
assert unnormalised(-600.0) < 1e-25

# %% [markdown]
# **Picture.**

# %%
draws = one["posterior"]["coef"].sel(feature="sex")
grid = np.linspace(-60.0, 100.0, 801)

fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
ax.hist(
    draws.values.ravel(),
    bins=np.arange(-60.0, 101.0, 2.0),
    density=True,
    color=BLUE,
    alpha=0.4,
    label="draws",
)
ax.plot(grid, unnormalised(grid) / total, color=ORANGE, linewidth=2, label="exact density")
ax.axvline(0.0, color="black", linestyle=":", label="mode: exactly 0")
ax.axvline(exact_mean, color=GREEN, linestyle="--", label=f"mean: {exact_mean:.1f}")
ax.set_xlim(-60.0, 100.0)
ax.set_xlabel("coefficient of sex, in units of y per unit of x")
ax.set_ylabel("probability density")
ax.set_title("One column: the mode sits on the kink, the probability lies around it")
_ = ax.legend(frameon=False)
# %% [markdown]
# **Check.** The draws agree with quadrature: mean, standard deviation, the probability of a positive sign,
# and the probability below nine points. None of the 8000 draws is exactly 0. And the mode, 0, is not the
# mean: the coefficient is more likely positive than negative, and the mean knows it.

# %%
below = {q: integral(lambda _: 1.0, high=q) / total for q in np.linspace(-30.0, 50.0, 9)}
z = [
    z_scores(draws, exact_mean),
    z_scores(draws, exact_sd, "sd"),
    z_scores((draws > 0.0) * 1.0, exact_positive),
]
z += [z_scores((draws < q) * 1.0, probability) for q, probability in below.items()]
print(
    f"{len(z)} z-scores, the largest {np.abs(z).max():.2f}; zeros among {draws.size} draws: {int((draws == 0.0).sum())}"
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert len(z) == 12
assert np.all(np.abs(z) < 4.0)
assert draws.size == 8000
assert np.all(draws != 0.0)
assert exact_positive > 0.5
assert exact_mean > 0.0

# %% [markdown]
# **All ten columns.** Now the model of section 0. Its mode has six exact zeros. We count the zeros among its
# 80,000 drawn coefficients.

# %%
coef = lasso["posterior"]["coef"]
is_zero = lasso_mode.coef == 0.0
table = pd.DataFrame(
    {
        "mode": lasso_mode.coef + 0.0,
        "mean": coef.mean(("chain", "draw")),
        "sd": coef.std(("chain", "draw")),
        "draws exactly 0": (coef == 0.0).sum(("chain", "draw")),
        "P(coef > 0)": (coef > 0.0).mean(("chain", "draw")),
    },
    index=pd.Index(names, name="feature"),
)
table.round({"mode": 1, "mean": 1, "sd": 1, "P(coef > 0)": 3})

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert is_zero.sum() == 6
assert coef.size == 80_000
assert table["draws exactly 0"].sum() == 0

# %% [markdown]
# **Picture.** Left: the distribution of three coefficients whose mode is 0. Right: the probability that a
# coefficient is positive. The mode says the same of all six zeros; the posterior does not.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
bins = np.arange(-120.0, 181.0, 6.0)
for feature, colour, style in (("s4", ORANGE, "-"), ("sex", GREEN, "--"), ("s1", BLUE, "-.")):
    values = coef.sel(feature=feature).values.ravel()
    look = {"color": colour, "linestyle": style, "linewidth": 1.5}
    left.hist(values, bins=bins, density=True, histtype="step", **look)
    left.plot([], [], **look, label=f"{feature}, mean {values.mean():.0f}")
left.axvline(0.0, color="black", linestyle=":", label="mode of all three")
left.set_xlabel("coefficient, in units of y per unit of x")
left.set_ylabel("probability density")
left.set_title("Three zeros, three distributions")
left.legend(frameon=False)
order = np.argsort(table["P(coef > 0)"].to_numpy())
for zero, marker, colour, label in ((True, "o", ORANGE, "mode exactly 0"), (False, "s", BLUE, "mode not 0")):
    rows = np.flatnonzero(is_zero[order] == zero)
    right.plot(table["P(coef > 0)"].to_numpy()[order][rows], rows, marker, color=colour, label=label)
right.axvline(0.5, color="0.4", linestyle="--")
right.set_yticks(np.arange(p), np.array(names)[order])
right.set_xlim(-0.03, 1.03)
right.set_xlabel("posterior probability that the coefficient is positive")
right.set_title("What is known of the sign")
_ = right.legend(loc="upper left", frameon=False)
# %% [markdown]
# **Check.** All six zeros of the mode have a mean that is not 0, by more than 4 MCSE. For s4 and s6 the odds
# of a positive sign are better than 4 to 1. For sex the odds of a negative sign are better than 2 to 1. Age,
# s1 and s2 are nearly open. And if the mode is not 0, the posterior gives the mode's sign at least 95%.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
positive = table["P(coef > 0)"]
assert np.all(np.abs(z_scores(coef, 0.0))[is_zero] > 4.0)
assert positive[["s4", "s6"]].min() > 4.0 / 5.0
assert positive["sex"] < 1.0 / 3.0
assert positive[["age", "s1", "s2"]].between(0.35, 0.65).all()
agrees = np.where(lasso_mode.coef > 0.0, positive, 1.0 - positive)[~is_zero]
assert np.all(agrees >= 0.95)

# %% [markdown]
# ## 3. Intervals for a lasso and a ridge that you already have
#
# **Question.** `LassoCV` and `RidgeCV` choose a penalty and give coefficients. How sure are these?
#
# **Model.** The penalty $\lambda$ is known, and $b = \sigma^2/\lambda_1$ or $\tau = \sigma/\sqrt{\lambda_2}$
# needs a $\sigma$. `br.from_sklearn` estimates it from the residuals of the fit:
#
# $$ \hat\sigma^2 = \frac{\mathrm{RSS}}{n - \mathrm{df}}, \qquad
# \mathrm{df} = 1 + \#\{j : \beta_j \neq 0\} \ \text{(lasso)}, \quad
# \mathrm{df} = 1 + \sum_j \frac{d_j}{d_j + \lambda_2} \ \text{(ridge)}, $$
#
# with $d_j$ the eigenvalues of $X^\top X$. The 1 is the intercept.

# %%
lasso_cv = LassoCV(cv=10).fit(X, y)
ridge_cv = RidgeCV(alphas=np.geomspace(1e-3, 10.0, 41)).fit(X, y)

fitted = {
    "lasso": (lasso_cv, br.from_sklearn(lasso_cv, X, y)),
    "ridge": (ridge_cv, br.from_sklearn(ridge_cv, X, y)),
}
for name, (theirs, ours) in fitted.items():
    ours.sample(num_samples=2000, seed=3, progress=False)
    check_chains(ours.posterior_)
    print(f"{name}: alpha = {theirs.alpha_:.4g}, sigma = {ours.noise_scale_:.2f}, "
          f"{type(ours.prior).__name__}({ours.prior.scale:.4g})")  # fmt: skip

# %% jupyter={"source_hidden": true} tags=["hide-input"]
eigenvalues = np.linalg.eigvalsh(data.X.T @ data.X)
df = {
    "lasso": 1.0 + np.count_nonzero(lasso_cv.coef_),
    "ridge": 1.0 + np.sum(eigenvalues / (eigenvalues + ridge_cv.alpha_)),
}
for name, (theirs, ours) in fitted.items():
    residual = data.y - theirs.predict(X)
    assert np.isclose(ours.noise_scale_**2, residual @ residual / (n - df[name]), rtol=1e-6)
assert np.isclose(
    fitted["lasso"][1].prior.scale, fitted["lasso"][1].noise_scale_ ** 2 / (n * lasso_cv.alpha_)
)
assert np.isclose(fitted["ridge"][1].prior.scale, fitted["ridge"][1].noise_scale_ / np.sqrt(ridge_cv.alpha_))

# %% [markdown]
# The mode is what scikit-learn reports. `LassoCV` stops at a tolerance of $10^{-4}$, so we allow its
# coefficients that share of the largest one; `RidgeCV` solves exactly.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
allowed = {"lasso": 1e-4, "ridge": 1e-9}
for name, (theirs, ours) in fitted.items():
    difference = np.abs(ours.coef_ - theirs.coef_).max() / np.abs(theirs.coef_).max()
    print(f"{name}: largest difference from coef_, as a share of the largest coefficient: {difference:.1e}")
    assert difference < allowed[name]
    assert np.array_equal(ours.coef_ == 0.0, theirs.coef_ == 0.0)

# %% [markdown]
# **Picture.** Circles are posterior means, thick lines 50% and thin lines 90% intervals. Crosses are
# scikit-learn's `coef_`.

# %%
forest = az.plot_forest(
    {name: ours.posterior_ for name, (_, ours) in fitted.items()},
    var_names=["coef"],
    combined=True,
    ci_probs=(0.5, 0.9),
    labels=["feature"],
    aes={"color": ["model"]},
    color=[BLUE, ORANGE],
    figure_kwargs={"figsize": (9, 6.4), "layout": "constrained", "width_ratios": [1, 7]},
)
ax = forest.viz["plot"].sel(column="forest").item()
height = forest.aes["y"]["coef"]
for name, (theirs, _) in fitted.items():
    ax.plot(theirs.coef_, height.sel(model=name), "kx", markersize=6)
ax.axvline(0.0, color="0.6", linestyle=":", zorder=0)
ax.set_xlabel("coefficient, in units of y per unit of x")
handles = [
    Line2D([], [], color=c, marker="o", markerfacecolor="white", label=f"{m}: posterior")
    for m, c in (("lasso", BLUE), ("ridge", ORANGE))
]
handles.append(Line2D([], [], color="black", marker="x", linestyle="", label="coef_ of scikit-learn"))
_ = ax.legend(handles=handles, loc="lower left", frameon=False)
# %% [markdown]
# **Check.** Both intervals of every coefficient hold scikit-learn's `coef_`. The three coefficients that the
# lasso sets to 0 have intervals from below to above 0. For sex, bmi, bp and s5 both models are sure of
# the sign: the 90% intervals do not touch 0.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
bounds = {}
for name, (theirs, ours) in fitted.items():
    bounds[name] = ours.posterior_["posterior"]["coef"].quantile([0.05, 0.95], ("chain", "draw")).values
    assert np.all((bounds[name][0] < theirs.coef_) & (theirs.coef_ < bounds[name][1]))
    clear = bounds[name].prod(axis=0) > 0.0
    print(f"{name}: 90% interval without 0 for", *np.array(names)[clear])
    assert np.all(clear[[names.index(feature) for feature in ("sex", "bmi", "bp", "s5")]])

zeros = lasso_cv.coef_ == 0.0
assert zeros.sum() == 3
assert np.all(bounds["lasso"][0, zeros] < 0.0)
assert np.all(bounds["lasso"][1, zeros] > 0.0)

# %% [markdown]
# For s1 the two modes differ by more than 400, and ridge's interval is more than twice as wide as the
# lasso's. Yet the intervals overlap: what looks like a contradiction is a lack of knowledge.

# %%
s1 = names.index("s1")
widths = {name: float(np.diff(bounds[name][:, s1])[0]) for name in bounds}
print(f"s1, lasso: mode {lasso_cv.coef_[s1]:.0f}, width {widths['lasso']:.0f}")
print(f"s1, ridge: mode {ridge_cv.coef_[s1]:.0f}, width {widths['ridge']:.0f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert abs(lasso_cv.coef_[s1] - ridge_cv.coef_[s1]) > 400.0
assert widths["ridge"] > 2.0 * widths["lasso"]
assert bounds["lasso"][0, s1] < bounds["ridge"][1, s1]

# %% [markdown]
# These intervals take $\sigma$ and $\lambda$ as given, although both came from the same data. Sections 5
# and 6 let them vary.
#
# ### Which of the two predicts better?
#
# `az.loo` estimates how well each patient is predicted from all the others. It needs the log-likelihood of
# each patient under each draw; `br.add_log_likelihood` adds it.

# %%
with_log_likelihood = {
    name: br.add_log_likelihood(
        ours.posterior_, br.LinearModel(ours.prior, br.GaussianLikelihood(ours.noise_scale_)), data
    )
    for name, (_, ours) in fitted.items()
}
loo = {name: az.loo(tree, pointwise=True) for name, tree in with_log_likelihood.items()}
comparison = az.compare(loo, round_to="none")
comparison[["rank", "elpd", "se", "p", "elpd_diff", "dse", "weight"]].round(2)

# %% [markdown]
# **Check.** The difference is less than two of its standard errors, and less than 4, below which ArviZ calls
# predictions similar. So the data do not say which model is better.

# %%
worse = comparison.iloc[1]
print(f"difference {worse['elpd_diff']:.2f}, its standard error {worse['dse']:.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert abs(worse["elpd_diff"]) < 2.0 * worse["dse"]
assert abs(worse["elpd_diff"]) < 4.0
assert all(result.pareto_k.max() < 0.7 for result in loo.values())

# %% [markdown]
# For ridge the leave-one-out answer is also known exactly. With $h_i$ the diagonal of the matrix that takes
# $y$ to the fit (intercept included), the prediction of row $i$ from the others is Gaussian with
#
# $$ y_i - \text{mean} = \frac{r_i}{1 - h_i}, \qquad \text{variance} = \frac{\sigma^2}{1 - h_i}. $$
#
# The MCSE comes from the draws: leaving row $i$ out divides each draw by its likelihood, and to first order
# the error of the sum of logs is the error of the average of $\sum_i p(y_i \mid \text{draw})^{-1}$, each
# term divided by its average.

# %%
ridge_sigma = fitted["ridge"][1].noise_scale_
hat = 1.0 / n + np.sum(
    (data.X @ np.linalg.inv(data.X.T @ data.X + ridge_cv.alpha_ * np.eye(p))) * data.X, axis=1
)
residual = data.y - ridge_cv.predict(X)
exact = stats.norm.logpdf(residual / (1.0 - hat), scale=ridge_sigma / np.sqrt(1.0 - hat)).sum()

inverse = np.exp(-with_log_likelihood["ridge"]["log_likelihood"]["y"])
error = float(az.mcse((inverse / inverse.mean(("chain", "draw"))).sum("observation"), method="mean"))
print(f"exact {exact:.3f}, az.loo {loo['ridge'].elpd:.3f}, MCSE {error:.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert abs(loo["ridge"].elpd - exact) < 4.0 * error

# %% [markdown]
# ### Beside the bootstrap
#
# **Question.** We can also draw the patients anew, with replacement, fit the lasso again, and do that a
# thousand times. Do the quantiles of these fits give the same interval?
#
# **Model.** No. They answer another question, and `br.compare_intervals` says which.

# %%
lasso_regressor = fitted["lasso"][1]
regressor_model = br.LinearModel(lasso_regressor.prior, br.GaussianLikelihood(lasso_regressor.noise_scale_))
side_by_side = br.compare_intervals(
    regressor_model, data, 0.9, posterior=lasso_regressor.posterior_, progress=False
)
print(textwrap.fill(side_by_side.attrs["note"], 100))
side_by_side.round(2) + 0.0

# %% [markdown]
# For one coefficient we can compute what each promises, without a draw. Take a column of length 1,
# $\sigma = 1$ and $b = 1$. Its least-squares value is $z = \beta + \varepsilon$ with
# $\varepsilon \sim \mathrm{Normal}(0, 1)$, and the mode moves $z$ by 1 towards 0, not beyond. The bootstrap
# moves the mode as $z$ would move: from the mode of $z - 1.645$ to the mode of $z + 1.645$.

# %%
fine = np.linspace(-25.0, 25.0, 5001)
z_values = np.linspace(-20.0, 20.0, 801)
density = np.exp(-0.5 * (z_values[:, None] - fine) ** 2 - np.abs(fine))
below = np.cumsum(density, axis=1) - 0.5 * density
posterior_ends = np.array([np.interp([0.05, 0.95], row / row[-1], fine) for row in below])

truth = np.linspace(1e-6, 14.0, 701)[:, None]  # negative ones are alike, and 0 itself has no probability
z_drawn = truth + stats.norm.ppf((np.arange(4000) + 0.5) / 4000.0)


def soft(z):
    """Return the mode of the one coefficient."""
    return np.sign(z) * np.maximum(np.abs(z) - 1.0, 0.0)


interval = {
    "posterior": [np.interp(z_drawn, z_values, end) for end in posterior_ends.T],
    "bootstrap": [soft(z_drawn + stats.norm.ppf(tail)) for tail in (0.05, 0.95)],
}
coverage = {name: np.mean((a <= truth) & (truth <= b), axis=1) for name, (a, b) in interval.items()}
on_average = {name: np.trapezoid(c * np.exp(-truth[:, 0]), truth[:, 0]) for name, c in coverage.items()}
for name, share in on_average.items():
    print(
        f"{name}: covers {100 * share:.1f}% on average over the prior, {100 * coverage[name][-1]:.1f}% at β = 14"
    )

# %% [markdown]
# **Picture.** Left: both intervals for the patients. Right: how often each holds the one coefficient, whose
# true value is on the axis.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), width_ratios=(3, 2), layout="constrained")
places = np.arange(p)
for name, colour, style, shift in (("posterior", BLUE, "-", -0.17), ("bootstrap", ORANGE, "--", 0.17)):
    ends = side_by_side[[f"{name}_low", f"{name}_high"]].to_numpy()[:p].T
    left.hlines(places + shift, *ends, color=colour, linestyle=style, linewidth=2.0, label=f"{name}, 90%")
    left.plot(ends, np.tile(places + shift, (2, 1)), "|", color=colour, markersize=7)
    right.plot(truth, coverage[name], color=colour, linestyle=style, label=name)
left.plot(side_by_side["map"][:p], places, "kx", markersize=6, label="mode")
left.axvline(0.0, color="0.6", linewidth=0.8, zorder=0)
left.set_yticks(places, names)
left.invert_yaxis()
left.set_xlabel("coefficient, in units of y per unit of x")
left.set_title("The lasso of the diabetes data")
left.legend(frameon=False, loc="lower left")
right.axhline(0.9, color="0.4", linewidth=0.8, linestyle=":", label="90%")
right.set_xlim(0.0, 8.0)
right.set_ylim(0.5, 1.02)
right.set_xlabel("true coefficient β, in units of σ")
right.set_ylabel("probability that the interval holds it")
right.set_title("One coefficient: what is promised")
_ = right.legend(frameon=False, loc="upper right")
# %% [markdown]
# **Check.** On average over the prior the posterior interval covers 90%, as it should. The bootstrap covers
# $\Phi(2.645) - \Phi(-0.645) = 74\%$ for every β except 0 itself. Neither promises 90% for one given β. Both
# move a large β towards 0, and the posterior also covers it in only 74%. That is the price of a prior under
# which such values are unlikely.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
at_large = stats.norm.cdf(2.645) - stats.norm.cdf(-0.645)
assert abs(on_average["posterior"] - 0.9) < 1e-3
assert np.all(np.abs(coverage["bootstrap"] - at_large) < 2e-3)
assert abs(coverage["posterior"][-1] - at_large) < 2e-3

# %% [markdown]
# In the table, the posterior's columns are the quantiles that we had. The bootstrap's agree with 500 fits of
# scikit-learn to patients drawn anew: the share of these below each end is 5% or 95%, up to chance. And the
# bootstrap cannot see beyond its own zeros: if more than half of the replicates are exactly 0, its interval
# ends at 0 or has it inside.

# %%
rng = np.random.default_rng(11)
replicates = np.empty((500, p))
for replicate in replicates:
    rows = rng.integers(n, size=n)
    replicate[:] = Lasso(lasso_cv.alpha_, tol=1e-8).fit(data.X[rows], data.y[rows]).coef_

of_features = side_by_side.iloc[:p]
chance = 4.0 * np.sqrt(0.05 * 0.95 * (1.0 / 500.0 + 1.0 / 1000.0))
mostly_zero = of_features[of_features["bootstrap_zero"] > 0.5]
print("exactly 0 in more than half of the replicates:", ", ".join(mostly_zero.index))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(of_features[["posterior_low", "posterior_high"]].to_numpy().T, bounds["lasso"])
for end, share in (("bootstrap_low", 0.05), ("bootstrap_high", 0.95)):
    assert np.all((replicates < of_features[end].to_numpy() - 1e-6).mean(axis=0) < share + chance)
    assert np.all((replicates <= of_features[end].to_numpy() + 1e-6).mean(axis=0) > share - chance)
assert len(mostly_zero) > 0
assert np.all((mostly_zero["bootstrap_low"] <= 0.0) & (mostly_zero["bootstrap_high"] >= 0.0))
assert np.all(mostly_zero["posterior_low"] < 0.0)
assert np.all(mostly_zero["posterior_high"] > 0.0)

# %% [markdown]
# ## 4. Two columns that say the same
#
# **Question.** What does a lasso hide when two columns are nearly equal?
#
# **Model.** The second column is the first plus a little noise. Each has the coefficient 1.
#
# $$ y_i = x_{i1} + x_{i2} + \varepsilon_i, \qquad x_{i2} = x_{i1} + 0.05\,u_i, \qquad
# \varepsilon_i, u_i, x_{i1} \sim \mathrm{Normal}(0, 1). $$
#
# The data know the sum $\beta_1 + \beta_2$ well, because the columns move together. They know the difference
# badly. And a Laplace prior does not help: if both are positive, $\lvert\beta_1\rvert + \lvert\beta_2\rvert$
# is the sum again.


# %%
def simulate(seed):
    """Return 60 rows of two nearly equal columns, each with the coefficient 1."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=60)
    twins = np.column_stack([first, first + 0.05 * rng.normal(size=60)])
    return br.RowData.from_arrays(twins, twins.sum(axis=1) + rng.normal(size=60), feature_names=["x1", "x2"])


twin_data = simulate(seed=7)
twin_model = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(1.0))
twin_mode = br.map_estimate(twin_model, twin_data)
twin = br.sample_posterior(twin_model, twin_data, num_samples=2000, seed=4, progress=False)
check_chains(twin)

# %% [markdown]
# The mode puts everything on one column. With these data it is x2; x1 gets an exact zero.

# %%
twin_correlation_x = np.corrcoef(twin_data.X.T)[0, 1]
print(
    f"correlation of the columns {twin_correlation_x:.4f}; mode: x1 {twin_mode.coef[0]}, x2 {twin_mode.coef[1]:.4f}"
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert twin_correlation_x > 0.99
assert twin_mode.coef[0] == 0.0
assert twin_mode.coef[1] > 1.5

# %% [markdown]
# Which column wins is chance. In 200 data sets of the same kind, more than half of the modes have an exact
# zero, and each column gets it in at least a quarter of the data sets. Not once are both zero, and the sum
# of the two is always between 1 and 3.

# %%
others = np.array([br.map_estimate(twin_model, simulate(seed=seed)).coef for seed in range(200)])
print(f"zeros in 200 modes: x1 {np.sum(others[:, 0] == 0.0)}, x2 {np.sum(others[:, 1] == 0.0)}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.mean(np.any(others == 0.0, axis=1)) > 0.5
assert np.all(np.mean(others == 0.0, axis=0) >= 0.25)
assert not np.any(np.all(others == 0.0, axis=1))
assert np.all((others.sum(axis=1) > 1.0) & (others.sum(axis=1) < 3.0))

# %% [markdown]
# The exact answer, for the check: the posterior of two coefficients on a fine grid of sum and difference.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
centred = twin_data.X - twin_data.X.mean(axis=0)
gram, cross = centred.T @ centred, centred.T @ (twin_data.y - twin_data.y.mean())


def twin_log_density(beta_1, beta_2):
    """Return the log posterior of the two coefficients, up to a constant."""
    square = gram[0, 0] * beta_1**2 + 2.0 * gram[0, 1] * beta_1 * beta_2 + gram[1, 1] * beta_2**2
    return cross[0] * beta_1 + cross[1] * beta_2 - 0.5 * square - np.abs(beta_1) - np.abs(beta_2)


def twin_moments(points):
    """Return mean and sd of x1, x2 and their sum, and the correlation of x1 and x2, from a grid."""
    total, difference = np.meshgrid(
        np.linspace(0.5, 3.5, points), np.linspace(-30.0, 30.0, 5 * points), indexing="ij"
    )
    beta = np.stack([0.5 * (total + difference), 0.5 * (total - difference), total])
    weight = np.exp(twin_log_density(beta[0], beta[1]))
    assert (
        max(weight[0].max(), weight[-1].max(), weight[:, 0].max(), weight[:, -1].max()) < 1e-8 * weight.max()
    )
    weight /= weight.sum()
    mean = np.sum(weight * beta, axis=(1, 2))
    deviation = beta - mean[:, None, None]
    sd = np.sqrt(np.sum(weight * deviation**2, axis=(1, 2)))
    return mean, sd, np.sum(weight * deviation[0] * deviation[1]) / (sd[0] * sd[1])


twin_mean, twin_sd, twin_correlation = twin_moments(601)
coarse_mean, coarse_sd, coarse_correlation = twin_moments(301)
print(f"exact: means {twin_mean.round(3)}, sds {twin_sd.round(3)}, correlation {twin_correlation:.4f}")
assert np.allclose(twin_mean, coarse_mean, atol=1e-4)
assert np.allclose(twin_sd, coarse_sd, atol=1e-4)
assert np.isclose(twin_correlation, coarse_correlation, atol=1e-4)

# %% [markdown]
# **Picture.** Left: if one coefficient is larger, the other is smaller. The mode, a star, sits where the
# cloud crosses an axis. Right: each coefficient is vague, their sum is not.

# %%
x1, x2 = (twin["posterior"]["coef"].sel(feature=feature) for feature in ("x1", "x2"))

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
left.plot(
    x1.values.ravel()[::4], x2.values.ravel()[::4], ".", color=BLUE, markersize=2, label="every fourth draw"
)
left.plot(*twin_mode.coef, "*", color="black", markersize=14, label="mode")
left.plot(*twin_mean[:2], "o", color=ORANGE, markersize=8, label="mean")
left.axhline(0.0, color="0.6", linewidth=0.8)
left.axvline(0.0, color="0.6", linewidth=0.8)
left.set_xlabel("coefficient of x1, in units of y per unit of x")
left.set_ylabel("coefficient of x2,\nin units of y per unit of x")
left.set_title("Two columns that say the same")
left.legend(frameon=False)
bins = np.linspace(-2.5, 4.5, 71)
for values, colour, style, label in (
    (x1, BLUE, "-", "x1"), (x2, ORANGE, "--", "x2"), (x1 + x2, GREEN, "-.", "sum")
):  # fmt: skip
    look = {"color": colour, "linestyle": style, "linewidth": 1.5}
    right.hist(values.values.ravel(), bins=bins, density=True, histtype="step", **look)
    right.plot([], [], **look, label=f"{label}: {float(values.mean()):.2f} ± {float(values.std()):.2f}")
right.set_xlabel("coefficient, in units of y per unit of x")
right.set_ylabel("probability density")
right.set_title("Each is unsure, their sum is not (mean ± sd)")
_ = right.legend(frameon=False)
# %% [markdown]
# **Check.** Means and standard deviations of x1, x2 and the sum agree with the grid, and so does the
# correlation, through the average of the product of the standardised coefficients.

# %%
z = [z_scores(values, twin_mean[k]) for k, values in enumerate((x1, x2, x1 + x2))]
z += [z_scores(values, twin_sd[k], "sd") for k, values in enumerate((x1, x2, x1 + x2))]
z += [z_scores((x1 - twin_mean[0]) * (x2 - twin_mean[1]) / (twin_sd[0] * twin_sd[1]), twin_correlation)]
print(f"{len(z)} z-scores, the largest {np.abs(z).max():.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert len(z) == 7
assert np.all(np.abs(z) < 4.0)

# %% [markdown]
# The correlation is below −0.95, and the sum is known more than five times better than either coefficient.
# The mode's zero is no evidence against x1: its probability of being positive is above 70%, and a fair
# split of the mode's sum costs the log posterior less than 1.

# %%
split = 0.5 * twin_mode.coef.sum()
cost = twin_log_density(*twin_mode.coef) - twin_log_density(split, split)
print(f"P(x1 > 0) = {float((x1 > 0.0).mean()):.3f}; the fair split costs {cost:.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert twin_correlation < -0.95
assert twin_sd[:2].min() > 5.0 * twin_sd[2]
assert (x1 > 0.0).mean() > 0.7
assert 0.0 < cost < 1.0

# %% [markdown]
# ## 5. Unknown noise, and intervals for predictions
#
# **Question.** How surely can we predict a new patient?
#
# **Model.** `BayesRegressor()` takes nothing as known. Coefficients have a wide Gaussian prior, in units of
# the noise, $\tau_j = 2.5\,\sigma/\mathrm{sd}(x_j)$. The noise scale has a half-Student-t prior $p(\sigma)$
# with 4 degrees of freedom and the scale $\mathrm{sd}(y)$. We can integrate out all coefficients by hand:
#
# $$ p(\sigma \mid y) \propto p(\sigma)\,\sigma^{-(n-1)}\,e^{-S/(2\sigma^2)}, \qquad
# S = \min_\beta\, \lVert y_c - X_c\beta\rVert^2 + \sum_j \Bigl(\frac{\beta_j\,\mathrm{sd}(x_j)}{2.5}\Bigr)^2 . $$
#
# We fit 300 patients and keep 142 for the check.

# %%
shuffled = np.random.default_rng(5).permutation(n)
X_fit, y_fit = X.iloc[shuffled[:300]], y.iloc[shuffled[:300]]
X_new, y_new = X.iloc[shuffled[300:]], y.iloc[shuffled[300:]]

regressor = br.BayesRegressor().fit(X_fit, y_fit).sample(num_samples=2000, seed=5, progress=False)
prediction, bounds_new = regressor.predict(X_new, interval=0.9)
_, bounds_mean = regressor.predict(X_new, interval=0.9, of_mean=True)
check_chains(regressor.posterior_)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert len(y_new) == 142

# %% [markdown]
# The exact posterior of $\sigma$, from one integral:

# %%
X_c, y_c = (X_fit - X_fit.mean()).to_numpy(), (y_fit - y_fit.mean()).to_numpy()
weights = np.diag((X_c.std(axis=0) / 2.5) ** 2)
S = y_c @ (y_c - X_c @ np.linalg.solve(X_c.T @ X_c + weights, X_c.T @ y_c))
peak = np.sqrt(S / (len(y_c) - 1))


def noise_density(noise_scale):
    """Return the posterior density of σ, up to a constant."""
    power = -(len(y_c) - 1) * np.log(noise_scale / peak)
    prior = stats.t.pdf(noise_scale / y_c.std(), df=4)
    return prior * np.exp(power - 0.5 * S * (noise_scale**-2.0 - peak**-2.0))


def noise_integral(function):
    """Integrate a function times the density of σ."""
    return quad(lambda s: function(s) * noise_density(s), 0.6 * peak, 1.6 * peak, epsabs=0.0, epsrel=1e-10)[0]


noise_total = noise_integral(lambda _: 1.0)
noise_mean = noise_integral(lambda s: s) / noise_total
noise_sd = np.sqrt(noise_integral(lambda s: (s - noise_mean) ** 2) / noise_total)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert max(noise_density(0.6 * peak), noise_density(1.6 * peak)) < 1e-12 * noise_density(peak)

# %% [markdown]
# **Picture.** Left: the posterior of $\sigma$. Right: the 142 patients, sorted by their prediction.

# %%
noise = regressor.posterior_["posterior"]["noise_scale"]
covered = (bounds_new[:, 0] < y_new) & (y_new < bounds_new[:, 1])
order = np.argsort(prediction)
position = np.arange(len(order))
grid = np.linspace(noise_mean - 4.0 * noise_sd, noise_mean + 4.5 * noise_sd, 301)

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), width_ratios=(2, 3), layout="constrained")
left.hist(noise.values.ravel(), bins=50, density=True, color=BLUE, alpha=0.4, label="draws")
left.plot(grid, noise_density(grid) / noise_total, color=ORANGE, linewidth=2, label="exact density")
left.axvline(regressor.noise_scale_, color="black", linestyle=":", label="at the joint mode")
left.set_ylim(0.0, 0.27)
left.set_xlabel("noise scale σ, in units of y")
left.set_ylabel("probability density")
left.set_title("How large is the noise?")
left.legend(frameon=False, loc="upper right")
right.fill_between(position, *bounds_new[order].T, color=BLUE, alpha=0.2, label="90%: a new patient")
right.fill_between(position, *bounds_mean[order].T, color=BLUE, alpha=0.6, label="90%: the mean")
for inside, colour, label in ((True, "black", "inside"), (False, ORANGE, "outside")):
    here = covered.to_numpy()[order] == inside
    right.plot(position[here], y_new.to_numpy()[order][here], ".", color=colour, label=f"patient, {label}")
right.set_ylim(-70.0, 470.0)
right.set_xlabel("held-out patients, sorted by prediction")
right.set_ylabel("y, progress of the disease")
right.set_title(f"{covered.sum()} of {len(covered)} patients inside")
_ = right.legend(frameon=False, loc="upper left", ncols=2)
# %% [markdown]
# **Check.** Mean and standard deviation of $\sigma$ agree with quadrature.

# %%
z = [z_scores(noise, noise_mean), z_scores(noise, noise_sd, "sd")]
print(f"sigma: exact mean {noise_mean:.3f}, sd {noise_sd:.3f}; z-scores {z[0]:.2f} and {z[1]:.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.all(np.abs(z) < 4.0)

# %% [markdown]
# The joint mode of coefficients and $\sigma$ has a smaller $\sigma$ than the average of the posterior. It
# has chosen the coefficients that fit best, and then the noise that goes with them; the posterior also
# knows the coefficients that fit less well.

# %%
print(f"sigma at the joint mode {regressor.noise_scale_:.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert regressor.noise_scale_ < noise_mean
assert noise_integral(lambda s: float(s < regressor.noise_scale_)) / noise_total < 0.5

# %% [markdown]
# If 142 patients were each inside with probability 0.9, their number would lie in the binomial band below
# with probability 99.9%. It does. The interval of the mean is narrower for every patient. It is not meant for
# single patients, and holds fewer than half of them.

# %%
low, high = stats.binom.interval(0.999, len(y_new), 0.9)
covered_by_mean = (bounds_mean[:, 0] < y_new) & (y_new < bounds_mean[:, 1])
print(
    f"inside: {covered.sum()} (band {low:.0f} to {high:.0f}); inside the interval of the mean: {covered_by_mean.sum()}"
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert low <= covered.sum() <= high
assert np.all(np.diff(bounds_mean, axis=1) < np.diff(bounds_new, axis=1))
assert covered_by_mean.mean() < 0.5

# %% [markdown]
# The bounds are quantiles of the distribution of a new observation. Simulated observations confirm them: on
# average over the patients, 90% fall inside.

# %%
simulated = regressor.posterior_predictive(X_new, seed=6)
inside = ((simulated > bounds_new[:, 0]) & (simulated < bounds_new[:, 1])).mean("observation")
print(f"simulated observations inside: {float(inside.mean()):.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert simulated.shape == (4, 2000, 142)
assert abs(z_scores(inside, 0.9)) < 4.0

# %% [markdown]
# ## 6. The prior scale as one more unknown
#
# **Question.** Where does $b$ come from? Can it be estimated along with everything else?
#
# **Model.** Give $b$ a prior of its own. The half-Cauchy with scale 100 has its median at 100 and a long
# tail.
#
# $$ b \sim \mathrm{HalfCauchy}(100), \qquad \beta_j \mid b \sim \mathrm{Laplace}(b). $$

# %%
hyper_model = br.LinearModel(br.LaplacePrior(dist.HalfCauchy(100.0)), br.GaussianLikelihood(sigma))
hyper = br.sample_posterior(hyper_model, data, num_samples=2000, seed=7, progress=False)
check_chains(hyper)
az.summary(hyper, var_names=["prior_scale", "coef"], ci_prob=0.9)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(stats.halfcauchy.median(scale=100.0), 100.0)

# %% [markdown]
# There is no mode to ask for, and `map_estimate` says so.

# %%
try:
    br.map_estimate(hyper_model, data)
except br.NoModeError as error:
    print(error)
else:
    raise AssertionError("a mode was returned")


# %% [markdown]
# Why not? Let all coefficients and $b$ shrink together: $\beta = t\,\hat\beta$, $b = t\,\hat b$. The term
# $\lvert\beta_j\rvert/b$ stays the same, and the likelihood goes to its value at $\beta = 0$. But each
# Laplace density has a height of $1/(2b)$. So the joint density grows like $t^{-p}$, without bound. The
# half-Cauchy density is positive at $b = 0$, so it does not prevent that.


# %%
def joint_log_density(intercept, coef, scale):
    """Return the log density of data, coefficients and prior scale together, for each point."""
    intercept, scale = np.asarray(intercept)[..., None], np.asarray(scale)[..., None]
    log_likelihood = stats.norm.logpdf(data.y, intercept + coef @ data.X.T, sigma).sum(axis=-1)
    log_prior = stats.laplace.logpdf(coef, scale=scale).sum(axis=-1)
    return log_likelihood + log_prior + stats.halfcauchy.logpdf(scale[..., 0], scale=100.0)


hyper_draws = hyper["posterior"]
at_draws = joint_log_density(*(hyper_draws[name].values for name in ("intercept", "coef", "prior_scale")))
b_mean = float(hyper_draws["prior_scale"].mean())
coef_mean = hyper_draws["coef"].mean(("chain", "draw")).values
shrink = np.geomspace(1.0, 1e-12, 61)
along = joint_log_density(np.full(shrink.size, data.y.mean()), shrink[:, None] * coef_mean, shrink * b_mean)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert stats.halfcauchy.pdf(0.0, scale=100.0) > 0.0

# %% [markdown]
# **Picture.** Left: what the data say of $b$. Right: the joint density on the way down.

# %%
scale = hyper["posterior"]["prior_scale"]
cv_scales = {
    folds: float(
        br.translate(
            LassoCV(cv=folds).fit(X, y).alpha_, "sklearn.Lasso", "LaplacePrior", y=y, noise_scale=sigma
        )
    )
    for folds in (10, 5)
}
grid = np.geomspace(20.0, 4000.0, 301)
ticks = np.array([30.0, 100.0, 300.0, 1000.0, 3000.0])

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.hist(
    np.log10(scale.values.ravel()), bins=50, density=True, color=BLUE, alpha=0.4, label="posterior draws"
)
prior_of_log = stats.halfcauchy.pdf(grid, scale=100.0) * grid * np.log(10.0)
left.plot(np.log10(grid), prior_of_log, color=GREEN, label="prior: half-Cauchy")
for folds, style in ((10, ":"), (5, "--")):
    left.axvline(
        np.log10(cv_scales[folds]), ymax=0.62, color="black", linestyle=style, label=f"LassoCV, {folds} folds"
    )
left.set_ylim(0.0, 4.6)
left.set_xticks(np.log10(ticks), [f"{tick:.0f}" for tick in ticks])
left.set_xlabel("prior scale b, in units of y per unit of x")
left.set_ylabel("probability density of log₁₀ b")
left.set_title("The prior scale, estimated")
left.legend(frameon=False)
right.plot(shrink, along, color=ORANGE, label="coefficients and scale shrunk by t")
right.axhline(at_draws.max(), color="0.4", linestyle="--", label="best of 8000 draws")
right.set_xscale("log")
right.invert_xaxis()
right.set_xlabel("t")
right.set_ylabel("log joint density")
right.set_title("No top: the density grows without bound")
_ = right.legend(frameon=False)
# %% [markdown]
# **Check.** Near the end the log density grows by $p = 10$ for each factor of $e$. At $t = 10^{-12}$ it is
# above the best of the draws by more than 40, and it goes on growing. A search for the mode would run down
# there, to coefficients of zero: an answer about the shape of the density, not about the patients. The draws
# are not fooled, because that spike is high but has almost no width. All of them have $b$ above 20.

# %%
slope = np.polyfit(np.log(shrink[-20:]), along[-20:], 1)[0]
print(
    f"slope {slope:.4f}; end {along[-1]:.0f}, best draw {at_draws.max():.0f}; smallest b drawn {float(scale.min()):.1f}"
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert abs(slope + p) < 1e-6
assert along[-1] > at_draws.max() + 40.0
assert at_draws.size == 8000
assert scale.min() > 20.0

# %% [markdown]
# Are the draws of $b$ right? There is no closed form, but there is an exact law. The slope of a log density
# with respect to one of its coordinates is 0 on average, if the density vanishes at both ends. For the
# coordinate $\log b$ this says, with $s = 100$:
#
# $$ \mathbb{E}\Bigl[\,1 - p + \tfrac1b \sum_j \lvert\beta_j\rvert - \frac{2b^2}{s^2 + b^2} \;\Big|\; y\,\Bigr] = 0. $$

# %%
norm_1 = np.abs(hyper["posterior"]["coef"]).sum("feature")
slopes = 1.0 - p + norm_1 / scale - 2.0 * scale**2 / (100.0**2 + scale**2)
print(f"average slope {float(slopes.mean()):.4f}, z-score {float(z_scores(slopes, 0.0)):.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert abs(z_scores(slopes, 0.0)) < 4.0

# %% [markdown]
# The 90% interval of $b$ is wide: its upper end is more than twice its lower end. Ten coefficients cannot
# tell much about their own spread. Cross-validation asks another question: for which $b$ does the *mode*
# predict best? Its answer is one number without an interval, and here it depends on the folds. With 10 folds
# it lies below our interval, with 5 folds above, and the two differ by a factor of more than 10.

# %%
low, high = scale.quantile([0.05, 0.95]).values
print(
    f"b: 90% interval {low:.0f} to {high:.0f}; LassoCV, 10 folds: {cv_scales[10]:.0f}, 5 folds: {cv_scales[5]:.0f}"
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert high > 2.0 * low
assert cv_scales[10] < low
assert cv_scales[5] > high
assert cv_scales[5] > 10.0 * cv_scales[10]

# %% [markdown]
# ### The same, asked of `select_scale`
#
# `br.select_scale(..., "posterior")` computes the same posterior in another way. It samples no scale. At some
# two dozen fixed scales it estimates how the evidence changes, adds that up, and multiplies by the
# half-Cauchy.

# %%
selected = br.select_scale(hyper_model, data, "posterior", num_samples=300, progress=False)
print(selected)

grid = np.sort(selected.scales)
density = np.exp(selected.scores[np.argsort(selected.scales)])  # of log b
below = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(np.log(grid)))])

fig, ax = plt.subplots(figsize=(8, 3.8), layout="constrained")
ax.hist(
    np.log(scale.values.ravel()),
    bins=50,
    density=True,
    color=BLUE,
    alpha=0.4,
    label="draws of b, with the coefficients",
)
ax.plot(np.log(grid), density, color=ORANGE, linewidth=2, label="select_scale, by the evidence")
ax.axvline(
    np.log(selected.scale),
    color="black",
    linestyle=":",
    label=f"what it takes, the median: {selected.scale:.0f}",
)
ax.set_xlim(np.log(20.0), np.log(1500.0))
ticks = np.array([30.0, 100.0, 300.0, 1000.0])
ax.set_xticks(np.log(ticks), [f"{tick:.0f}" for tick in ticks])
ax.set_xlabel("prior scale b, in units of y per unit of x")
ax.set_ylabel("probability density of log b")
ax.set_title("Two roads to one posterior")
_ = ax.legend(frameon=False)

# %% [markdown]
# **Check.** The two distribution functions agree at five points to 0.02, which is about what their Monte
# Carlo errors allow. The chosen scale is next to the median of the draws. It is a number, so there is a mode
# again, with a certificate.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for q in scale.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).values:
    share = np.interp(np.log(q), np.log(grid), below)
    by_draws = float((scale < q).mean())
    print(f"P(b < {q:4.0f}): {share:.3f} by the evidence, {by_draws:.3f} by draws")
    assert abs(share - by_draws) < 0.02
assert abs(np.log(selected.scale / float(scale.median()))) < 1.5 * np.diff(np.log(grid)).max()
assert selected.map_estimate().duality_gap < 1e-10

# %% [markdown]
# ## What was shown
#
# The same model gives the mode and the posterior. The draws agree with every answer that we could compute
# without them: a Gaussian posterior, an exact leave-one-out, three integrals, one law and the evidence. And
# they show what the mode hides: how wide the posterior is, that its zeros are points and not beliefs, that
# two columns can share one effect, and that with an unknown prior scale there may be no mode at all.
