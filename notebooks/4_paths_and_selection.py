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
# # Paths, and how strong a penalty should be
#
# Somebody must choose the penalty $\lambda$. Here we look at what it does: to the coefficients, to the error
# on the fitted rows and to the error on others. Then we let the data choose it, in four ways on one axis. And
# we look at three other things that are said to regularise: stopping early, noise on the inputs, and dropout.
# Each of them is close to ridge, and we say how close.
#
# A check in code follows each statement, folded out of the way. If the statement were false, the notebook
# would stop there.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $n, p$ | | number of rows and of columns |
# | $\beta_0, \beta$ | `intercept`, `coef` | intercept and the $p$ coefficients |
# | $\sigma$ | `noise_scale` | standard deviation of the noise, in units of $y$ |
# | $b$ | `LaplacePrior.scale` | Laplace prior: density $e^{-\lvert\beta\rvert/b}/(2b)$ |
# | $\tau$ | `GaussianPrior.scale` | standard deviation of the Gaussian prior |
# | $\lambda_1, \lambda_2$ | `Penalty.l1`, `Penalty.l2` | the penalties: $\sigma^2/b$ and $\sigma^2/\tau^2$ |
#
# The objective is always
# $J = \frac12\sum_i r_i^2 + \sum_j \lambda_{1j}\lvert\beta_j\rvert + \frac12\sum_j\lambda_{2j}\beta_j^2$.

# %%
import os
import warnings

os.environ["TQDM_DISABLE"] = "1"  # progress bars, which slow machines would show
warnings.filterwarnings("ignore", "IProgress not found")  # of NumPyro's progress bar, which is not used here

import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from bayesreg.plots.style import COLOURS, STYLES  # a coefficient's look in a path
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso, LassoCV, Ridge, RidgeCV
from sklearn.model_selection import KFold, cross_val_score
from sklearn.preprocessing import PolynomialFeatures

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"  # told apart by colour-blind readers

# %% [markdown]
# The data: 442 patients with diabetes, ten columns that are centred and have unit length, and the progress of
# the disease after one year, a score without a physical unit. We take the noise scale as known, as least
# squares estimates it.

# %%
X, y = load_diabetes(return_X_y=True, as_frame=True)
data = br.RowData.from_arrays(X, y)
n, p = data.n_samples, data.n_features
centred_rows, centred_y = data.X - data.X.mean(axis=0), data.y - data.y.mean()

least_squares = br.map_estimate(br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0)), data)
sigma = float(np.sqrt(2.0 * least_squares.certificate.primal / (n - p - 1)))
likelihood = br.GaussianLikelihood(sigma)
print(f"n = {n}, p = {p}, sigma = {sigma:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (n, p) == (442, 10)

# %% [markdown]
# ## 1. The two paths
#
# **Question.** What does the penalty do to the coefficients?
#
# **Model.** A penalty $\lambda$ is a prior scale in other words: $\lambda_1 = \sigma^2/b$ and
# $\lambda_2 = \sigma^2/\tau^2$. We follow the mode over all $\lambda$ that make a difference.

# %%
lasso = br.map_path(br.LinearModel(br.LaplacePrior(1.0), likelihood), data, n_scales=60, tol=1e-10)
ridge = br.map_path(
    br.LinearModel(br.GaussianPrior(1.0), likelihood), data, n_scales=60, min_ratio=1e-5, tol=1e-10
)

# %% [markdown]
# **Picture.** The lower axis is the prior scale, the upper one $\lambda$. To the right the prior is wider
# and the penalty weaker.

# %%
fig, axes = plt.subplots(2, 1, figsize=(8.5, 8.6), layout="constrained")
br.plot_coefficient_path(lasso, axes[0], "Laplace prior: lasso")
_ = br.plot_coefficient_path(ridge, axes[1], "Gaussian prior: ridge")

# %% [markdown]
# Many texts draw the same paths against $\lambda$ instead, growing to the right. That is the mirror image.

# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 4.0), sharey=True, layout="constrained")
for ax, path, title in zip(axes, (lasso, ridge), ("lasso", "ridge"), strict=True):
    br.plot_coefficient_path(path, ax, title, x="lambda")
    ax.set_xlim(*sorted(ax.get_xlim()))
axes[0].get_legend().remove()
_ = axes[1].set_ylabel("")

# %% [markdown]
# **Check.** Each $\lambda$ is its prior scale in other words. Both paths are scikit-learn's. The lasso begins
# with exact zeros at all coefficients, and at the wide end it has none. Ridge has no exact zero under any
# penalty. Both end near least squares.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
l1 = np.array([penalty.l1[0] for penalty in lasso.penalties])
l2 = np.array([penalty.l2[0] for penalty in ridge.penalties])
largest = np.abs(least_squares.coef).max()
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # we ask for more digits than it promises
    theirs = [Lasso(alpha=strength / n, tol=1e-14, max_iter=100_000).fit(X, y).coef_ for strength in l1]
# claim A5
assert np.allclose(l1 * lasso.scales, sigma**2, rtol=1e-12)
assert np.allclose(l2 * ridge.scales**2, sigma**2, rtol=1e-12)
assert np.abs(lasso.coefs - theirs).max() <= 1e-9 * largest
for strength, coef in zip(l2, ridge.coefs, strict=True):
    assert np.abs(coef - Ridge(alpha=strength).fit(X, y).coef_).max() <= 1e-9 * largest
assert np.all(lasso.coefs[0] == 0.0)
assert np.all(lasso.coefs[-1] != 0.0)
assert np.all(ridge.coefs != 0.0)
assert np.abs(ridge.coefs[0]).max() < 0.03 * largest
for path in (lasso, ridge):
    assert np.abs((path.coefs[-1] - least_squares.coef) * data.X.std(axis=0)).max() < 0.1 * np.std(y)

# %% [markdown]
# ## 2. Which of the three predicts better?
#
# **Question.** The lasso selects, ridge keeps all, the elastic net does both. Texts say that the choice
# depends on the goal. On what, exactly?
#
# **Model.** It also depends on the truth. 60 rows, 40 independent columns, noise with $\sigma = 1$, and two
# kinds of truth of the same size $\lVert\beta\rVert^2 = 2.25$: *sparse*, with four coefficients of
# $\pm 0.75$; and *dense*, with 40 small ones. Each method gets the scale that 5-fold cross-validation
# chooses. The columns have unit variance, so the error on new rows above $\sigma^2$ is exactly
# $\lVert\hat\beta - \beta\rVert^2 + (\hat\beta_0 - \beta_0)^2$, and we need no test rows. 30 data sets of
# each kind, the same for all three.

# %%
methods = {
    "lasso": br.LaplacePrior(1.0),
    "ridge": br.GaussianPrior(1.0),
    "elastic net": br.ElasticNetPrior(1.0, 1.0),
}
repeats, columns, size = 30, 40, 1.5
rng = np.random.default_rng(30)


def draw_truth(kind):
    """Return coefficients of length `size`."""
    truth = np.zeros(columns)
    if kind == "sparse":
        truth[:4] = rng.choice([-1.0, 1.0], size=4)
    else:
        truth[:] = rng.normal(size=columns)
    return size * truth / np.linalg.norm(truth)


errors, supports, found = [], [], []
for kind in ("sparse", "dense"):
    for _ in range(repeats):
        truth, rows = draw_truth(kind), rng.normal(size=(60, columns))
        sample = br.RowData.from_arrays(rows, rows @ truth + rng.normal(size=60))
        for name, prior in methods.items():
            model = br.LinearModel(prior, br.GaussianLikelihood(1.0))
            fit = br.select_scale(model, sample, "cv", n_scales=20, progress=False).map_estimate()
            errors.append((kind, name, np.sum((fit.coef - truth) ** 2) + fit.intercept**2))
            supports.append((kind, name, np.count_nonzero(fit.coef)))
            found.append((kind, name, np.count_nonzero(fit.coef[:4])))


def by_method(rows):
    """Return a table (repeat, method) for each kind of truth."""
    frame = pd.DataFrame(rows, columns=["truth", "method", "value"])
    return {
        kind: pd.DataFrame(
            {name: part["value"].to_numpy() for name, part in group.groupby("method", sort=False)}
        )
        for kind, group in frame.groupby("truth", sort=False)
    }


errors, supports, found = by_method(errors), by_method(supports), by_method(found)

# %% [markdown]
# **Picture.** Each thin line is a data set, the diamonds are means.

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 4.0), sharey=True, layout="constrained")
for ax, kind in zip(axes, errors, strict=True):
    ax.plot(np.arange(3), errors[kind].to_numpy().T, color="0.8", linewidth=0.7)
    ax.plot(np.arange(3), errors[kind].mean(), "D-", color=BLUE, label="mean of 30 data sets")
    ax.axhline(size**2, color="0.4", linestyle="--", label="all coefficients 0")
    ax.set_xticks(np.arange(3), list(methods))
    ax.set_xlim(-0.3, 2.3)
    ax.set_title(f"{kind} truth")
axes[0].set_ylabel("error on new rows above σ², units of y²")
axes[0].set_ylim(0.0, 3.2)
_ = axes[0].legend(loc="upper left", frameon=False)

# %% [markdown]
# **Check.** The winner changes with the truth, by more than four standard errors each way. The elastic net is
# between the two. And selection is another goal than prediction: on the sparse truth the lasso nearly always
# finds the four true columns, but if it is tuned to predict, it lets in more than twice as many others. Ridge
# keeps all 40.


# %%
def z_score(difference):
    """Return the mean in units of its standard error."""
    return difference.mean() / (difference.std(ddof=1) / np.sqrt(difference.size))


z_sparse = z_score(errors["sparse"]["ridge"] - errors["sparse"]["lasso"])
z_dense = z_score(errors["dense"]["lasso"] - errors["dense"]["ridge"])
print(
    f"lasso better on the sparse truth by {z_sparse:.1f} standard errors, ridge on the dense by {z_dense:.1f}"
)
print(pd.DataFrame({f"mean error, {kind} truth": table.mean().round(3) for kind, table in errors.items()}
                   | {"columns kept, sparse truth": supports["sparse"].mean().round(1)}))  # fmt: skip
print(f"of the four true ones the lasso keeps {found['sparse']['lasso'].mean():.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A6
assert z_sparse > 4.0
assert z_dense > 4.0
for kind, best, worst in (("sparse", "lasso", "ridge"), ("dense", "ridge", "lasso")):
    means = errors[kind].mean()
    assert means[best] < means["elastic net"] < means[worst]
assert found["sparse"]["lasso"].mean() > 3.9
assert (supports["sparse"]["lasso"] - found["sparse"]["lasso"]).mean() > 8.0
assert np.all(supports["sparse"]["ridge"] == columns)

# %% [markdown]
# ## 3. The elastic net is a prior too
#
# **Question.** Two penalties are added. Which prior is that?
#
# **Model.** Sums of penalties are products of densities:
# $p(\beta) \propto e^{-\lvert\beta\rvert/b}\, e^{-\frac12\beta^2/\tau^2}$.
#
# **Picture.** Left the densities, right the penalties that they are. The elastic net has the lasso's kink
# at 0 and ridge's steep walls.

# %%
net_prior = br.ElasticNetPrior(1.0, 1.0)
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.0), layout="constrained")
for prior, colour, style in (
    (br.LaplacePrior(1.0), BLUE, "-"),
    (br.GaussianPrior(1.0), ORANGE, "--"),
    (net_prior, GREEN, "-."),
):
    for ax, plot in ((left, br.plot_prior), (right, br.plot_penalty)):
        plot(prior, 1.0, ax)
        ax.lines[-1].set(color=colour, linestyle=style)
left.legend(frameon=False)
_ = right.legend(loc="upper center", frameon=False)

# %% [markdown]
# **Check.** The log density is the sum of the other two up to a constant, and it integrates to 1. It has
# ridge's *grouping*: of two equal columns each gets half. The lasso does not care how they share.

# %%
coefs = np.linspace(-5.0, 5.0, 101)
joint = br.LaplacePrior(1.0).log_prob(coefs) + br.GaussianPrior(1.0).log_prob(coefs)
twice = br.RowData.from_arrays(np.column_stack([X, X["bmi"]]), y)
shared = br.map_estimate(br.LinearModel(br.ElasticNetPrior(15.0, 100.0), likelihood), twice).coef

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A6
assert np.ptp(net_prior.log_prob(coefs) - joint) <= 1e-12
assert np.isclose(
    2.0 * quad(lambda coef: np.exp(net_prior.log_prob(np.array(coef))), 0.0, np.inf)[0], 1.0, rtol=1e-8
)
assert shared[2] > 0.0
assert abs(shared[2] - shared[10]) <= 1e-9 * shared[2]
assert np.any(shared == 0.0)

# %% [markdown]
# ## 4. Stopping early
#
# **Question.** Texts say that gradient descent that is stopped early is like ridge. How close is it?
#
# **Model.** Write $X = U S V^\top$ and start at 0. A direction $v$ with singular value $s$ never sees the
# others. After $k$ steps of length $\eta$ on $\frac12$RSS, gradient descent has reached a share of the
# least-squares fit in that direction. Ridge has a share too:
#
# $$ f_k(s) = 1 - (1 - \eta s^2)^k \qquad\text{and}\qquad \frac{s^2}{s^2 + \lambda_2}. $$
#
# For small $\eta k s^2$ both are near $\eta k s^2$, if $\lambda_2 = 1/(\eta k)$. That is the sense in which
# early stopping "is" ridge.

# %%
U, s, Vt = np.linalg.svd(centred_rows, full_matrices=False)
eta = 0.5 / s[0] ** 2
in_directions = U.T @ centred_y / s  # least squares, direction by direction


def gradient_descent(n_steps):
    """Return the coefficients after so many steps on ½ RSS, from 0."""
    coef = np.zeros(p)
    for _ in range(n_steps):
        coef = coef + eta * centred_rows.T @ (centred_y - centred_rows @ coef)
    return coef


counts = np.unique(np.geomspace(1, 3000, 40).astype(int))
stopped = np.array([gradient_descent(k) for k in counts])
filters = 1.0 - (1.0 - eta * s**2) ** counts[:, None]
equal_ridge = br.map_path(
    br.LinearModel(br.GaussianPrior(1.0), likelihood), data, scales=sigma * np.sqrt(eta * counts)
)

# %% [markdown]
# **Picture.** Left: the two shares as functions of $x = \eta k s^2$, in the limit of small steps, where
# $f_k = 1 - e^{-x}$. Right: coefficients of the ten columns along both. Lines are gradient descent, circles
# ridge with $\lambda_2 = 1/(\eta k)$, filled beside full lines and open beside dashed ones.

# %%
x = np.geomspace(1e-2, 1e2, 401)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
left.plot(x, 1.0 - np.exp(-x), color=BLUE, label="stopped early: 1 − exp(−x)")
left.plot(x, x / (1.0 + x), color=ORANGE, linestyle="--", label="ridge: x / (1 + x)")
left.plot(x, np.minimum(x, 1.2), color="0.5", linestyle=":", label="both, for small x: x")
left.set_xscale("log")
left.set_ylim(0.0, 1.05)
left.set_xlabel("x = η k s² = s² / λ₂")
left.set_ylabel("share of the least-squares fit")
left.legend(frameon=False)
for j in range(p):
    colour, style = COLOURS[j], STYLES[j % 4]
    right.plot(counts, stopped[:, j], style, color=colour, label=data.feature_names[j])
    right.plot(counts[::3], equal_ridge.coefs[::3, j], "o", color=colour, fillstyle="none", markersize=4)
right.set_xscale("log")
right.set_xlabel("steps k of gradient descent; λ₂ = 1/(ηk)")
right.set_ylabel("coefficient, y per unit of x")
_ = right.legend(
    title="lines: descent\ncircles: ridge", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False
)

# %% [markdown]
# **Check.** The formula for the share is exact. The two shares agree to first order: their relative
# difference is about $x/2$ while $x$ is small. But at $x \approx 2.5$ they differ by 0.20, and no other
# $\lambda_2$ makes the curves equal, because one is exponential and the other is not. So "early stopping is
# ridge" is a good picture, but the equation holds only while $\eta k s^2$ is small.

# %%
small = x < 0.1
relative = (1.0 - np.exp(-x)) / (x / (1.0 + x)) - 1.0
gap = 1.0 - np.exp(-x) - x / (1.0 + x)
print(f"largest difference {gap.max():.4f} at x = {x[gap.argmax()]:.2f}")
ridge_filters = s**2 / (s**2 + 1.0 / (eta * counts[:, None]))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A6
assert np.abs(stopped - filters * in_directions @ Vt).max() <= 1e-10 * largest
assert np.abs(relative[small] / (x[small] / 2.0) - 1.0).max() < 0.07
assert abs(gap.max() - 0.2037) < 1e-4
assert abs(x[gap.argmax()] - 2.51) < 0.05
assert np.abs(equal_ridge.coefs - ridge_filters * in_directions @ Vt).max() <= 1e-9 * largest

# %% [markdown]
# There is an exact statement. Stopping early *is* the mode under a Gaussian prior, but its scale differs from
# direction to direction: solve $f_k(s) = s^2/(s^2 + \lambda)$ for $\lambda$. It is a prior that has seen $X$.
# Directions in which the data say much get almost no penalty at all.

# %%
k = 10
equal_l2 = s**2 * (1.0 - eta * s**2) ** k / (1.0 - (1.0 - eta * s**2) ** k)
print("λ₂ by direction, in units of 1/(ηk):", (equal_l2 * eta * k).round(3))
directions = br.RowData.from_arrays(data.X @ Vt.T, data.y)
as_prior = br.map_estimate(br.LinearModel(br.Penalty(l2=equal_l2).to_prior(sigma), likelihood), directions)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A6
assert np.abs(as_prior.coef @ Vt - gradient_descent(k)).max() <= 1e-9 * largest
assert np.all(np.diff(equal_l2) > 0.0)
assert equal_l2[0] * eta * k < 0.01
assert equal_l2[-1] * eta * k > 0.9

# %% [markdown]
# ## 5. Noise on the inputs, and dropout
#
# **Question.** Texts say that training on inputs with added noise, or with inputs dropped at random, is like
# ridge. With which $\lambda_2$?
#
# **Model.** Let $\tilde X$ be the disturbed inputs, with mean $X$ and independent entries. The *expected*
# loss is
#
# $$
# \mathbb{E}\,\tfrac12\lVert y - \beta_0 - \tilde X\beta\rVert^2 = \tfrac12\lVert y - \beta_0 - X\beta\rVert^2
# + \tfrac12\sum_j \beta_j^2 \sum_i \operatorname{var}(\tilde x_{ij}).
# $$
#
# - Gaussian noise of variance $v$: $\lambda_2 = n\,v$, the same for all columns.
# - Dropout with rate $q$, kept values divided by $1 - q$: the mask has variance $q/(1-q)$, and
#   $\lambda_{2j} = \frac{q}{1-q}\sum_i x_{ij}^2$. The sum is of squares about 0, not about the mean.
#
# Both are statements about an expectation. One disturbed copy of the data gives something random; only many
# copies give ridge. We pile up $m$ copies, each with weight $1/m$, and let least squares fit them. The
# blocks are added up one by one, so the copies need no memory.

# %%
v, q = 0.1 / n, 0.2
raw_frame, _ = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
raw = br.RowData.from_arrays(raw_frame, y)
mask_variance = q / (1.0 - q)
l2_noise = n * v
l2_dropout = mask_variance * np.sum(raw.X**2, axis=0)


def add_noise(rows, rng):
    """Return the rows with Gaussian noise of variance v."""
    return rows + rng.normal(0.0, np.sqrt(v), size=rows.shape)


def drop(rows, rng):
    """Return the rows with each entry 0 with probability q, else divided by 1 − q."""
    return rows * (rng.random(size=rows.shape) >= q) / (1.0 - q)


def fit_copies(disturb, rows, m, rng):
    """Return least squares on m disturbed copies of the data, each of weight 1/m."""

    def blocks():
        for first in range(0, m, 64):
            several = min(64, m - first)
            copies = disturb(np.tile(rows, (several, 1)), rng)
            yield copies, np.tile(data.y, several), np.full(n * several, 1.0 / m)

    return br.map_estimate(br.LinearModel(br.FlatPrior(), likelihood), br.GramData.from_chunks(blocks())).coef


kinds = {
    "noise": (add_noise, data, br.Penalty(l2=l2_noise)),
    "dropout": (drop, raw, br.Penalty(l2=l2_dropout)),
}
copies, again = 4 ** np.arange(5), 16
rng = np.random.default_rng(31)
ridges, fits = {}, {}
for name, (disturb, one, penalty) in kinds.items():
    ridges[name] = br.map_estimate(br.LinearModel(penalty.to_prior(sigma), likelihood), one)
    fits[name] = np.array([[fit_copies(disturb, one.X, m, rng) for _ in range(again)] for m in copies])

# %% [markdown]
# **Picture.** Left and middle: the coefficients, times the standard deviation of their column. One
# disturbed copy is far from ridge, 256 copies are near. Right: the distance from ridge falls like
# $1/\sqrt m$.

# %%
fig, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
distances = {}
for ax, (name, (_, one, _)) in zip(axes, kinds.items(), strict=False):
    sd = one.X.std(axis=0)
    distances[name] = np.linalg.norm((fits[name] - ridges[name].coef) * sd, axis=2)
    ax.plot(np.arange(p), ridges[name].coef * sd, "D", color=BLUE, label="ridge")
    ax.plot(np.arange(p), fits[name][0, 0] * sd, "x", color=ORANGE, label="1 copy")
    ax.plot(np.arange(p), fits[name][-1, 0] * sd, "+", color="black", markersize=10, label="256 copies")
    ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.set_xticks(np.arange(p), data.feature_names)
    ax.set_title({"noise": "noise on the inputs", "dropout": "dropout"}[name])
axes[0].set_ylabel("coefficient × sd(x), in units of y")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=3, frameon=False)
for (name, distance), style, colour in zip(distances.items(), ("o-", "s--"), (BLUE, ORANGE), strict=True):
    axes[2].loglog(copies, np.sqrt(np.mean(distance**2, axis=1)), style, color=colour, label=name)
axes[2].set_xlabel("copies m")
axes[2].set_ylabel("distance from ridge, in units of y")
_ = axes[2].legend(frameon=False)

# %% [markdown]
# **Check.** First the expected loss, at an arbitrary point: the average over 4,000 disturbed copies is
# within four standard errors of the formula. Then the fits: the slope on the logarithmic axes is −½, and
# over the repeats with 256 copies each coefficient is ridge's within its Monte Carlo error.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for name, (disturb, one, penalty) in kinds.items():
    coef, intercept = ridges[name].coef, ridges[name].intercept
    losses = np.array(
        [0.5 * np.sum((one.y - intercept - disturb(one.X, rng) @ coef) ** 2) for _ in range(4000)]
    )
    expected = 0.5 * np.sum((one.y - intercept - one.X @ coef) ** 2) + penalty.value(coef)
    slope = np.polyfit(np.log(copies[1:]), 0.5 * np.log(np.mean(distances[name][1:] ** 2, axis=1)), 1)[0]
    last = fits[name][-1] - ridges[name].coef
    z = last.mean(axis=0) / (last.std(axis=0, ddof=1) / np.sqrt(again))
    print(
        f"{name:8s} loss z = {z_score(losses - expected):.2f}, slope {slope:.2f}, coefs |z| ≤ {np.abs(z).max():.1f}"
    )
    # claim A6
    assert abs(z_score(losses - expected)) < 4.0
    assert abs(slope + 0.5) < 0.1
    assert np.abs(z).max() < 4.5
    assert losses.mean() > 1.01 * (expected - penalty.value(coef))

# %% [markdown]
# **Dropout depends on where 0 is.** The raw columns have means far from 0: an age of 48 years that becomes
# 0 is a large disturbance. On centred columns the same rate penalises far less, and on standardised columns
# it is plain ridge with $\lambda_2 = n\,q/(1-q)$.

# %%
standard = (raw.X - raw.X.mean(axis=0)) / raw.X.std(axis=0)
on_centred = mask_variance * np.sum((raw.X - raw.X.mean(axis=0)) ** 2, axis=0)
print("raw columns are penalised more than centred ones by a factor of", (l2_dropout / on_centred).round(1))
kept = np.abs(ridges["dropout"].coef * raw.X.std(axis=0)).sum()
plain = br.map_estimate(br.LinearModel(br.Penalty(l2=on_centred).to_prior(sigma), likelihood), raw).coef

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A6
assert np.allclose(mask_variance * np.sum(standard**2, axis=0), n * q / (1.0 - q), rtol=1e-12)
assert np.median(l2_dropout / on_centred) > 10.0
assert kept < np.abs(plain * raw.X.std(axis=0)).sum()

# %% [markdown]
# ## 6. A polynomial of degree 15
#
# **Question.** What does ridge do to a model that is much too flexible?
#
# **Model.** 20 points of $\sin(\pi x)$, evenly spaced, with noise of standard deviation 0.25, and a
# polynomial with 15 powers of $x$. Least squares against a Gaussian prior on the 15 coefficients, whose
# scale the evidence chooses.

# %%
rng = np.random.default_rng(43)
noise = 0.25
place = np.linspace(-1.0, 1.0, 20)
grid = np.linspace(-1.0, 1.0, 401)
candidates = np.geomspace(0.1, 1000.0, 81)


def powers(x):
    """Return x, x², ..., x¹⁵ as columns."""
    return np.asarray(x)[:, None] ** np.arange(1, 16)


def draw_points():
    """Return 20 noisy points."""
    return br.RowData.from_arrays(powers(place), np.sin(np.pi * place) + rng.normal(0.0, noise, size=20))


points = draw_points()
free = br.map_estimate(br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(noise)), points)
power_model = br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(noise))
chosen = br.select_scale(power_model, points, "evidence", scales=candidates, progress=False)
tame = chosen.map_estimate()
tree = br.sample_posterior(chosen.model, points, num_samples=2000, seed=1, progress=False)
band = br.predict_posterior(tree, powers(grid), mass=0.9, of="mean")
free_curve, tame_curve = (one.intercept + powers(grid) @ one.coef for one in (free, tame))
print(chosen)

# %% [markdown]
# **Picture.** Left: the two curves and the posterior band, which a picture of the fit alone cannot show. It
# says where the curve may be, given these points and this prior, with a probability of 90% at each $x$.
# Right: the sizes of the coefficients.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), width_ratios=(3, 2), layout="constrained")
left.fill_between(grid, band["lower"], band["upper"], color=BLUE, alpha=0.2, label="90% posterior band")
left.plot(grid, np.sin(np.pi * grid), color="0.5", linestyle=":", label="truth")
left.plot(grid, free_curve, color=ORANGE, linestyle="--", label="least squares")
left.plot(grid, tame_curve, color=BLUE, label="ridge (mode)")
left.plot(place, points.y, "ko", markersize=4, label="data")
left.set_ylim(-2.2, 2.2)
left.set_xlabel("x")
left.set_ylabel("y")
left.legend(fontsize="small", loc="lower center", frameon=False)
degrees = np.arange(1, 16)
right.semilogy(degrees, np.abs(free.coef), "s--", color=ORANGE, label="least squares")
right.semilogy(degrees, np.abs(tame.coef), "o-", color=BLUE, label="ridge")
right.set_xticks(degrees[::2])
right.set_xlabel("power of x")
right.set_ylabel("|coefficient|, in units of y")
_ = right.legend(frameon=False)

# %% [markdown]
# **Check.** Least squares is nearer to the points and farther from the truth. Its coefficients are
# thousands of times larger: large terms of both signs that cancel at the points and nowhere else. The band
# has the mean and the width of the closed form. It is widest at the ends, where points speak from one side
# only.


# %%
def closed_form_curve(mode):
    """Return mean and standard deviation of the curve under the posterior."""
    centre = points.X.mean(axis=0)
    design, away = points.X - centre, powers(grid) - centre
    covariance = noise**2 * np.linalg.inv(design.T @ design + np.diag(mode.penalty.l2))
    sd = np.sqrt(noise**2 / 20.0 + np.einsum("ij,jk,ik->i", away, covariance, away))
    return mode.intercept + powers(grid) @ mode.coef, sd


truth = np.sin(np.pi * grid)
error_free, error_tame = np.mean((free_curve - truth) ** 2), np.mean((tame_curve - truth) ** 2)
rss_free, rss_tame = (np.sum((points.y - one.intercept - points.X @ one.coef) ** 2) for one in (free, tame))
exact_mean, exact_sd = closed_form_curve(tame)
ratio = np.linalg.norm(free.coef) / np.linalg.norm(tame.coef)
print(
    f"RSS {rss_free:.2f} and {rss_tame:.2f}; squared error of the curve {error_free:.3f} and {error_tame:.3f}"
)
print(f"least squares has coefficients {ratio:.0f} times larger")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim C1
assert error_free > 20.0 * error_tame
assert rss_free < rss_tame
assert ratio > 1000.0
assert np.allclose(exact_mean, tame_curve, rtol=0.0, atol=1e-9)
assert np.abs((band["mean"] - exact_mean) / exact_sd).max() < 5.0 / np.sqrt(8000.0)
assert np.abs(band["sd"] / exact_sd - 1.0).max() < 5.0 / np.sqrt(2.0 * 8000.0)
assert exact_sd.argmax() in (0, 400)
assert exact_sd[[0, -1]].min() > 1.5 * np.median(exact_sd)

# %% [markdown]
# Can we believe the band? It is a statement under *this* prior. If the truth is drawn from the prior, the
# band holds it over 90% of the axis on average, as it promises. But a sine is no typical draw from this
# prior: it needs a few large coefficients and none of the others. When we draw its points again 200 times and
# let the evidence choose the scale each time, the band holds the sine over about 80% of the axis, and in
# single pictures over less than 60%.

# %%
promised, of_sine = np.empty(200), np.empty(200)
for k in range(200):
    coef = rng.normal(0.0, chosen.scale, size=15)
    drawn = br.RowData.from_arrays(points.X, points.X @ coef + rng.normal(0.0, noise, size=20))
    mean, sd = closed_form_curve(br.map_estimate(chosen.model, drawn))
    promised[k] = np.mean(np.abs(mean - powers(grid) @ coef) < norm.ppf(0.95) * sd)
    mode = br.select_scale(
        power_model, draw_points(), "evidence", scales=candidates, progress=False
    ).map_estimate()
    mean, sd = closed_form_curve(mode)
    of_sine[k] = np.mean(np.abs(mean - truth) < norm.ppf(0.95) * sd)
print(f"truth from the prior: {100 * promised.mean():.1f}% of x; sine: {100 * of_sine.mean():.1f}%")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim C1
assert abs(promised.mean() - 0.9) < 4.0 * promised.std(ddof=1) / np.sqrt(200.0)
assert 0.75 < of_sine.mean() < 0.87
assert of_sine.min() < 0.6

# %% [markdown]
# ## 7. Training and test error along the path
#
# **Question.** Should a penalty lower the loss?
#
# **Model.** Not the loss of the fitted rows. Least squares is by definition the lowest training loss, and
# every penalty can only raise it. A penalty may lower the error on *other* rows. We take the diabetes data
# with all squares and products, 64 columns; half of the patients for training, half for testing.

# %%
everything = PolynomialFeatures(2, include_bias=False)
many = pd.DataFrame(everything.fit_transform(X), columns=everything.get_feature_names_out(X.columns))
many = many.drop(columns="sex^2")  # sex has two values, so that its square says the same
order = np.random.default_rng(33).permutation(n)
train, test = order[: n // 2], order[n // 2 :]
training = br.RowData.from_arrays(many.iloc[train], y.iloc[train])
unpenalised = br.map_estimate(
    br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0), standardize=True), training
)
training_sigma = float(np.sqrt(2.0 * unpenalised.certificate.primal / (len(train) - 65)))


def mean_squared_errors(coefs, intercepts, rows):
    """Return the mean squared error on some rows, for each row of `coefs`."""
    residuals = y.iloc[rows].to_numpy() - np.atleast_2d(coefs) @ many.iloc[rows].to_numpy().T
    return np.mean((residuals - np.atleast_1d(intercepts)[:, None]) ** 2, axis=1)


paths = {
    name: br.map_path(
        br.LinearModel(prior, br.GaussianLikelihood(training_sigma), standardize=True),
        training,
        n_scales=80,
        min_ratio=ratio,
    )
    for name, prior, ratio in (("lasso", br.LaplacePrior(1.0), 1e-4), ("ridge", br.GaussianPrior(1.0), 1e-5))
}
floor, ceiling = (
    mean_squared_errors(unpenalised.coef, unpenalised.intercept, rows)[0] for rows in (train, test)
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert many.shape == (442, 64)

# %% [markdown]
# **Picture.**

# %%
curves = {}
fig, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True, layout="constrained")
for ax, (name, path) in zip(axes, paths.items(), strict=True):
    curves[name] = [mean_squared_errors(path.coefs, path.intercepts, rows) for rows in (train, test)]
    for curve, level, colour, style, label in zip(
        curves[name], (floor, ceiling), (BLUE, ORANGE), ("-", "--"), ("training", "test"), strict=True
    ):
        ax.plot(path.scales, curve, style, color=colour, label=f"{label}, penalised")
        ax.axhline(level, color=colour, linestyle=":", label=f"{label}, least squares")
    best = curves[name][1].argmin()
    ax.plot(path.scales[best], curves[name][1][best], "v", color="black", label="lowest test error")
    ax.set_xscale("log")
    ax.set_xlabel("prior scale, in units of y, columns standardised")
    ax.set_title(f"{name} (strong penalty left, weak penalty right)")
axes[0].set_ylabel("mean squared error, units of y²")
_ = axes[1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)

# %% [markdown]
# **Check.** As the penalty weakens, the training error falls all the way, at every one of the 80 scales, and
# never below that of least squares. The test error has its lowest point inside the path. At that scale the
# training error is well above its floor.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for name, (on_train, on_test) in curves.items():
    best = on_test.argmin()
    print(
        f"{name}: lowest test error {on_test[best]:.0f} (least squares {ceiling:.0f}); "
        f"training error there {on_train[best]:.0f} (least squares {floor:.0f})"
    )
    # claim E5
    assert np.all(np.diff(on_train) <= 1e-9 * on_train[0])
    assert on_train.min() >= floor * (1.0 - 1e-12)
    assert 0 < best < on_test.size - 1
    assert on_test[best] < 0.85 * ceiling
    assert on_train[best] > 1.1 * floor

# %% [markdown]
# ## 8. Choosing the scale, four ways on one axis
#
# **Question.** Texts choose $\lambda$ by $K$-fold cross-validation. Is there nothing else?
#
# **Model.** Four ways to ask, for ridge on the diabetes data:
#
# - *Cross-validation:* which scale has the mode that predicts left-out fifths best?
# - *Leave-one-out:* the same, leaving out one row at a time. In closed form it needs no refits.
# - *Evidence:* under which scale were these data most probable beforehand?
#   $p(y \mid \tau) = \int p(y \mid \beta)\,p(\beta \mid \tau)\,d\beta$.
# - *Posterior:* what do we believe of the scale now? The evidence times a prior, here flat in $\log\tau$;
#   an answer with an interval.

# %%
ridge_model = br.LinearModel(br.GaussianPrior(1.0), likelihood)
scales = np.geomspace(20.0, 20000.0, 100)
selections = {
    method: br.select_scale(ridge_model, data, method, scales=scales, progress=False)
    for method in ("cv", "loo", "evidence", "posterior")
}
for selection in selections.values():
    print(selection)

# %% [markdown]
# **Picture.** Errors above, with one standard error shaded; log probabilities below, with the posterior
# density of the scale shaded. Vertical lines: what each way takes.

# %%
fig = plt.figure(figsize=(9.5, 7.0), layout="constrained")
_ = br.plot_scale_selection(list(selections.values()))

# %% [markdown]
# **Check.** First that each curve is what it says. Leave-one-out equals scikit-learn's at every scale, and
# so does cross-validation, at every fifth. The evidence equals SciPy's density of $y$, whose flat intercept
# is taken out by looking at $n - 1$ contrasts. The posterior is the evidence, normalised.

# %%
penalties = (sigma / scales) ** 2
by_folds = [
    -cross_val_score(Ridge(alpha=strength), X, y, cv=KFold(5), scoring="neg_mean_squared_error").mean()
    for strength in penalties[::5]
]
by_rows = RidgeCV(alphas=penalties, store_cv_results=True).fit(X, y).cv_results_.mean(axis=0)
contrasts = np.linalg.svd(np.ones((1, n)))[2][1:]


def log_evidence(tau):
    """Return log p of the contrasts of y."""
    A = contrasts @ data.X
    return multivariate_normal.logpdf(contrasts @ data.y, cov=sigma**2 * np.eye(n - 1) + tau**2 * A @ A.T)


some = [20, 50, 80]
apart = [log_evidence(scales[k]) - selections["evidence"].scores[k] for k in some]
density = np.exp(selections["posterior"].scores)
steps = np.log(scales)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim E3
assert np.allclose(selections["cv"].scores[::5], by_folds, rtol=1e-9)
assert np.allclose(selections["loo"].scores, by_rows, rtol=1e-9)
assert np.ptp(apart) < 1e-6
assert np.isclose(np.trapezoid(density, steps), 1.0, rtol=1e-9)
assert np.ptp(selections["posterior"].scores - selections["evidence"].scores) < 1e-8

# %% [markdown]
# Then the four answers. They are four numbers, because they answer different questions. How much does that
# matter? Take the range of scales whose cross-validated error is within one standard error of the best: all
# four answers are in it. The posterior says how sure we may be: its 90% interval spans a factor of about two
# or more.

# %%
cumulative = np.concatenate([[0.0], np.cumsum(np.diff(steps) * (density[1:] + density[:-1]) / 2.0)])
low, high = np.exp(np.interp([0.05, 0.95], cumulative, steps))
cv = selections["cv"]
near = cv.scores <= cv.scores[cv.index] + cv.standard_errors[cv.index]
table = pd.DataFrame(
    {"prior scale": [one.scale for one in selections.values()]},
    index=pd.Index(list(selections), name="method"),
)
table["lambda_2"] = (sigma / table["prior scale"]) ** 2
table["CV error"] = [cv.scores[np.abs(scales - scale).argmin()] for scale in table["prior scale"]]
weakest, strongest = (sigma / high) ** 2, (sigma / low) ** 2
print(f"posterior, 90%: scale {low:.0f} to {high:.0f}, lambda_2 {weakest:.3f} to {strongest:.3f}")
table.round(4)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim E3
assert all(scales[near].min() <= scale <= scales[near].max() for scale in table["prior scale"])
assert low < selections["evidence"].scale < high
assert 1.5 < high / low < 4.0

# %% [markdown]
# The lasso's scale is chosen in the same ways. What texts call *the* cross-validation of the lasso,
# `LassoCV`, holds the penalty for each row, not the prior: a fold with fewer rows gets a penalty smaller in
# proportion. `bayesreg` does either. With the penalty held per row, it is `LassoCV` at every $\lambda$. (The
# posterior of the lasso's scale is in notebook 6.)

# %%
lasso_model = br.LinearModel(br.LaplacePrior(1.0), likelihood)
per_row = br.select_scale(lasso_model, data, "cv", hold="per_row", n_scales=50, progress=False)
alphas = per_row.in_convention("sklearn.Lasso")
theirs = LassoCV(alphas=alphas, cv=5, tol=1e-12, max_iter=100_000).fit(X, y)
print(per_row)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.all(np.diff(alphas) < 0.0)
# claim E3
assert np.allclose(theirs.mse_path_.mean(axis=1), per_row.scores, rtol=1e-9)
assert np.isclose(theirs.alpha_, alphas[per_row.index], rtol=1e-12)

# %% [markdown]
# ## What was shown
#
# - A penalty $\lambda$ is a prior scale in other words, all along both paths.
# - The lasso wins on a sparse truth, ridge on a dense one.
# - Input noise and dropout are ridge in expectation, with a known $\lambda_2$. Early stopping is ridge to
#   first order, and exactly a Gaussian prior of another shape.
# - A penalty raises the training loss and may lower the error elsewhere.
# - Cross-validation, leave-one-out and evidence can choose the scale, and it has a posterior.
