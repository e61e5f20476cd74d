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
# # One prior, and everybody's λ
#
# Every package has its own penalty λ for the lasso and for ridge. One halves the loss, one divides it by the
# number of rows, one standardises the columns first, one calls λ `alpha` and one calls its inverse `C`. The
# same number means something else in each, and nothing warns you.
#
# Behind all of them is one thing: how wide the prior is. In this notebook we read each way of writing as a
# prior scale. Then we translate between packages. And we find out whether a given answer is right, and if it
# is not, whose λ it belongs to.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $n, p$ | | number of rows and of columns |
# | $\beta_0, \beta$ | `intercept`, `coef` | intercept and the $p$ coefficients; some texts write $w$ for $\beta$ |
# | $r_i$ | | residual $y_i - \beta_0 - x_i^\top\beta$ |
# | $\sigma$ | `noise_scale` | standard deviation of the noise, in units of $y$ |
# | $b$ | `LaplacePrior.scale` | Laplace prior: density $e^{-\lvert\beta\rvert/b}/(2b)$ |
# | $\tau$ | `GaussianPrior.scale` | standard deviation of the Gaussian prior |
# | $\lambda_1, \lambda_2$ | `Penalty.l1`, `Penalty.l2` | the penalties: $\sigma^2/b$, $\sigma^2/\tau^2$ |

# %%
import textwrap
import warnings

warnings.filterwarnings("ignore", "IProgress not found")  # of NumPyro's progress bar, which is not used here

import bayesreg as br
import jax
import matplotlib.pyplot as plt
import numpy as np
import numpyro
import pandas as pd
from jax.example_libraries.optimizers import exponential_decay
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoDelta
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, LassoCV, LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"  # told apart by colour-blind readers

# %% [markdown]
# The data: 442 patients with diabetes, ten columns, and the progress of the disease after one year, a score
# without a physical unit. In sections 1 and 2 the columns are centred and have unit length. We take the noise
# scale as known, as least squares estimates it.

# %%
X, y = load_diabetes(return_X_y=True, as_frame=True)
data = br.RowData.from_arrays(X, y)
n, p = data.n_samples, data.n_features
names = list(data.feature_names)
bmi = names.index("bmi")

rss = np.linalg.lstsq(np.column_stack([np.ones(n), data.X]), data.y)[1][0]
sigma = float(np.sqrt(rss / (n - p - 1)))
print(f"n = {n}, p = {p}, sigma = {sigma:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (n, p) == (442, 10)

# %% [markdown]
# ## 1. Must the ½ be found by experiment?
#
# **Question.** Some texts write the cost of the lasso as $\sum_i r_i^2 + \lambda\lVert w\rVert_1$ and the
# cost of ridge as $\sum_i r_i^2 + \tfrac12\lambda\lVert w\rVert^2$, and add that the factor ½ "must be
# found experimentally". Must it?
#
# **Model.** No. λ itself is not known beforehand. But a factor in front of λ is not a second unknown. Write a
# cost with any factors,
#
# $$ a \sum_i r_i^2 + c\,\lambda \sum_j \lvert w_j\rvert \qquad\text{or}\qquad
# a \sum_i r_i^2 + c\,\lambda \sum_j w_j^2 , $$
#
# and divide it by $2a$. That moves no minimum, and it leaves $\tfrac12\sum_i r_i^2$ beside
# $\lambda_1\sum_j\lvert w_j\rvert$ or $\tfrac12\lambda_2\sum_j w_j^2$ with
#
# $$ \lambda_1 = \frac{c\,\lambda}{2a}, \quad b = \frac{\sigma^2}{\lambda_1} \qquad\text{or}\qquad
# \lambda_2 = \frac{c\,\lambda}{a}, \quad \tau = \frac{\sigma}{\sqrt{\lambda_2}} . $$
#
# So each way of writing is one prior scale. The ½ decides only which number λ stands for that scale.
#
# Eight ways to write it, literally:

# %%
lasso_costs = {
    "Σr² + λ‖w‖₁": lambda r, w, lam: np.sum(r**2) + lam * np.sum(np.abs(w)),
    "½Σr² + λ‖w‖₁": lambda r, w, lam: 0.5 * np.sum(r**2) + lam * np.sum(np.abs(w)),
    "Σr²/2n + λ‖w‖₁": lambda r, w, lam: np.sum(r**2) / (2 * n) + lam * np.sum(np.abs(w)),
    "Σr²/n + ½λ‖w‖₁": lambda r, w, lam: np.sum(r**2) / n + 0.5 * lam * np.sum(np.abs(w)),
}
ridge_costs = {
    "Σr² + ½λ‖w‖²": lambda r, w, lam: np.sum(r**2) + 0.5 * lam * np.sum(w**2),
    "Σr² + λ‖w‖²": lambda r, w, lam: np.sum(r**2) + lam * np.sum(w**2),
    "½Σr² + ½λ‖w‖²": lambda r, w, lam: 0.5 * np.sum(r**2) + 0.5 * lam * np.sum(w**2),
    "Σr²/n + ½λ‖w‖²": lambda r, w, lam: np.sum(r**2) / n + 0.5 * lam * np.sum(w**2),
}


# %% [markdown]
# To read the factors $a$ and $c$ off a cost, we call it once with a single residual of 1 and no weight, and
# once with a single weight of 1 and no residual.


# %%
def factors(cost):
    """Return a and c of a cost."""
    return cost(np.ones(1), np.zeros(1), 1.0), cost(np.zeros(1), np.ones(1), 1.0)


def prior_of(cost, lam):
    """Return the prior that a cost with its λ amounts to."""
    a, c = factors(cost)
    if cost in lasso_costs.values():
        return br.LaplacePrior(sigma**2 * 2 * a / (c * lam))
    return br.GaussianPrior(sigma / np.sqrt(c * lam / a))


def mode_under(prior):
    """Return the mode with known σ."""
    return br.map_estimate(br.LinearModel(prior, br.GaussianLikelihood(sigma)), data)


rows = []
for name, cost in (lasso_costs | ridge_costs).items():
    prior = prior_of(cost, 1.0)
    mode = mode_under(prior)
    kind = "b" if cost in lasso_costs.values() else "τ"
    rows.append([name, kind, prior.scale, np.count_nonzero(mode.coef), mode.coef[bmi]])
table = pd.DataFrame(
    rows, columns=["cost, with λ = 1", "scale", "is", "coefficients not 0", "coefficient of bmi"]
)
table.round({"is": 3, "coefficient of bmi": 1})

# %% [markdown]
# The same λ = 1 is a strong penalty in one line and almost none in another. The prior scale tells them apart
# at once.

# %%
of_bmi = table["coefficient of bmi"].to_numpy()
plain = np.linalg.lstsq(data.X, data.y - data.y.mean())[0][bmi]
print(f"least squares: {plain:.1f}; under the eight penalties from {of_bmi.min():.1f} to {of_bmi.max():.1f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert of_bmi.max() > 0.98 * plain
assert of_bmi.min() < 0.1 * plain

# %% [markdown]
# **Picture.** The coefficient of bmi. Left: against λ as each way writes it, curves of one shape, side by
# side. (Two of ridge's curves coincide, because halving both terms changes nothing.) Right: the same numbers
# against the prior scale, one curve.

# %%
STYLES = (("-", "o", BLUE), ("--", "s", ORANGE), ("-.", "^", GREEN), (":", "D", PURPLE))
curves = {}
for costs, low, high in ((lasso_costs, 3e-3, 9e3), (ridge_costs, 1e-6, 1e3)):
    for k, (name, cost) in enumerate(costs.items()):
        lams = np.geomspace(low, high, 60) * 1.06**k
        priors = [prior_of(cost, lam) for lam in lams]
        coefs = [mode_under(prior).coef[bmi] for prior in priors]
        curves[name] = lams, np.array([prior.scale for prior in priors]), np.array(coefs)

fig, axes = plt.subplots(2, 2, figsize=(10.5, 7.4), layout="constrained")
for row, (costs, kind, low, high) in enumerate(
    ((lasso_costs, "Laplace scale b", 1.0, 3e3), (ridge_costs, "Gaussian scale τ", 3.0, 3e3))
):
    left, right = axes[row]
    for k, (name, (line, marker, colour)) in enumerate(zip(costs, STYLES, strict=True)):
        lam, scale, coef = curves[name]
        left.plot(lam, coef, linestyle=line, color=colour, label=name)
        mine = (scale > low) & (scale < high) & (np.arange(scale.size) % 4 == k)
        right.plot(scale[mine], coef[mine], marker, color=colour, markersize=5, label=name)
    left.set_xscale("log")
    left.set_xlabel("λ, as written")
    left.set_ylabel("coefficient of bmi,\nin units of y per unit of x")
    left.legend(frameon=False, fontsize=9)
    right.set_xscale("log")
    right.set_xlabel(f"{kind}, in units of y per unit of x")
    right.set_ylabel("coefficient of bmi,\nin units of y per unit of x")
    right.legend(frameon=False, fontsize=9, loc="lower right" if row == 0 else "upper left")
axes[0, 0].set_title("Lasso: four packages' λ")
axes[0, 1].set_title("Lasso: the same fits, by prior scale")
axes[1, 0].set_title("Ridge: four packages' λ")
_ = axes[1, 1].set_title("Ridge: the same fits, by prior scale")

# %% [markdown]
# **Check.** Each cost with its λ is a prior. Take the mode under it. If the formula is right, the mode
# minimises that cost as it is literally written. The costs are convex, so it is enough to look around: moving
# the intercept or any coefficient by 0.001 either way must make the cost larger. (The coefficients are as
# large as 500.) And this test must notice a forgotten ½: with twice the λ it must fail.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def costs_around(cost, lam, intercept, coef, step=1e-3):
    """Return the cost at a point, and at its neighbours one step away in each direction."""
    here = np.append(coef, intercept)
    moves = step * np.vstack([np.zeros(p + 1), np.eye(p + 1), -np.eye(p + 1)])
    values = [cost(data.y - at[-1] - data.X @ at[:-1], at[:-1], lam) for at in here + moves]
    return values[0], np.array(values[1:])


for name, cost in (lasso_costs | ridge_costs).items():
    a, c = factors(cost)
    lam = 2.0 * a * 100.0 / c if cost in lasso_costs.values() else a * 0.5 / c  # not too weak, not too strong
    mode = mode_under(prior_of(cost, lam))
    best, around = costs_around(cost, lam, mode.intercept, mode.coef)
    _, around_twice = costs_around(cost, 2.0 * lam, mode.intercept, mode.coef)
    best_twice = cost(data.y - mode.intercept - data.X @ mode.coef, mode.coef, 2.0 * lam)
    print(f"{name:16s} λ = {lam:9.4g}   scale {prior_of(cost, lam).scale:7.2f}   bmi {mode.coef[bmi]:.6f}")
    # claim E2
    assert np.all(around > best)
    assert np.any(around_twice < best_twice)

# %% [markdown]
# A second judge, to the last digits: scikit-learn's `Lasso` minimises
# $\sum_i r_i^2/(2n) + \alpha\lVert w\rVert_1$ and its `Ridge` minimises
# $\sum_i r_i^2 + \alpha\lVert w\rVert^2$. So the text's lasso is `Lasso(λ/2n)`, and the text's ridge is
# `Ridge(λ/2)`.

# %%
text_lasso, text_ridge = lasso_costs["Σr² + λ‖w‖₁"], ridge_costs["Σr² + ½λ‖w‖²"]
ours = mode_under(prior_of(text_lasso, 200.0))
theirs = Lasso(alpha=200.0 / (2 * n), tol=1e-14, max_iter=100_000).fit(X, y)
our_ridge, their_ridge = mode_under(prior_of(text_ridge, 0.5)), Ridge(alpha=0.25).fit(X, y)
print(
    f"lasso: largest difference {np.abs(ours.coef - theirs.coef_).max():.1e}, {np.sum(ours.coef == 0.0)} exact zeros"
)
print(f"ridge: largest difference {np.abs(our_ridge.coef - their_ridge.coef_).max():.1e}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim E2
assert np.allclose(ours.coef, theirs.coef_, rtol=0.0, atol=1e-7)
assert np.array_equal(ours.coef == 0.0, theirs.coef_ == 0.0)
assert np.allclose(our_ridge.coef, their_ridge.coef_, rtol=0.0, atol=1e-9)

# %% [markdown]
# ### And if λ is found by experiment?
#
# An experiment can find λ itself: cross-validation. Then the ½ drops out altogether. Two people try the same
# numbers λ, one with the ½ in the cost of ridge and one without. `RidgeCV` does it for both; the first person
# must give it λ/2.

# %%
lams = 2.0 ** np.arange(-16.0, 4.0, 0.25)
by_error = {"cv": KFold(5), "scoring": "neg_mean_squared_error"}
without_half = RidgeCV(alphas=lams, **by_error).fit(X, y).alpha_
with_half = 2.0 * RidgeCV(alphas=lams / 2.0, **by_error).fit(X, y).alpha_
scales = prior_of(ridge_costs["Σr² + λ‖w‖²"], without_half).scale, prior_of(text_ridge, with_half).scale
print(f"found without the ½: λ = {without_half:.6f}, prior scale {scales[0]:.3f}")
print(f"found with the ½:    λ = {with_half:.6f}, prior scale {scales[1]:.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert lams[0] < without_half < lams[-2]  # inside the numbers that both tried
# claim E2
assert np.isclose(with_half, 2.0 * without_half, rtol=1e-12)
assert np.isclose(scales[0], scales[1], rtol=1e-12)

# %% [markdown]
# They find different λ and the same prior. `br.select_scale` makes the same experiment on prior scales, and
# reads its answer in anybody's convention.

# %%
ridge = br.LinearModel(br.GaussianPrior(), br.GaussianLikelihood(sigma))
chosen = br.select_scale(
    ridge, data, "cv", scales=[prior_of(text_ridge, lam).scale for lam in lams], progress=False
)
for convention in ("GaussianPrior", "sklearn.Ridge", "glmnet", "MASS.lm.ridge"):
    print(f"{convention:14s} {chosen.in_convention(convention)[chosen.index]:.6g}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(chosen.scale, scales[0], rtol=1e-12)
assert np.isclose(chosen.in_convention("sklearn.Ridge")[chosen.index], without_half, rtol=1e-12)

# %% [markdown]
# ### When the way of writing does matter
#
# One factor is more than a name: the $n$ of a loss that is a mean. Each fold leaves out a fifth of the rows,
# so $\sum_i r_i^2$ has fewer terms. If λ stands beside the sum, each fold has the prior of all data. If λ
# stands beside the mean, as in `LassoCV`, each fold has a prior that is wider by 5/4. These are two
# experiments, and their curves differ. The argument `hold` says which is meant.

# %%
lasso = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(sigma))
held = {hold: br.select_scale(lasso, data, "cv", hold=hold, progress=False) for hold in ("prior", "per_row")}
per_row = held["per_row"]
grid = per_row.in_convention("sklearn.Lasso")
theirs = LassoCV(alphas=grid, cv=5, tol=1e-10, max_iter=100_000).fit(X, y)
apart = np.max(np.abs(held["prior"].mse / per_row.mse - 1.0))

print(f"LassoCV finds alpha = {theirs.alpha_:.6g}; with the penalty per row held: {grid[per_row.index]:.6g}")
print(f"the two curves of errors are up to {100 * apart:.2f}% apart")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(theirs.alpha_, grid[per_row.index], rtol=1e-12)
assert np.allclose(theirs.mse_path_.mean(axis=1), per_row.mse[np.argsort(-grid)], rtol=1e-6)
assert apart > 1e-3

# %% [markdown]
# ## 2. From any package to any other
#
# **Question.** What is the same lasso, with $b = 15$, called elsewhere?
#
# **Model.** Every convention is a reading of $(\lambda_1, \lambda_2)$. `br.translate` goes from any to any
# through these two. Its answer prints as a line of code to paste.

# %%
for target in ("sklearn.Lasso", "glmnet", "adelie", "spark.LinearRegression", "numpyro.Laplace", "BGLR.BL"):
    print(br.translate(br.LaplacePrior(15.0), "LaplacePrior", target, X, y, noise_scale=sigma))

# %% [markdown]
# `br.equivalents` makes the whole table. The last column says how each row was established: by a run of the
# package, or only by reading its source or its documentation. (If a package has no such lasso, its row has a
# reason instead.)

# %%
prior = br.LaplacePrior(15.0)
everywhere = br.equivalents(prior, X, y, sigma)
stated = everywhere[everywhere["code"] != ""]
for key, row in stated.iterrows():
    print(f"{key:23s} {textwrap.shorten(row['code'], 84, placeholder=' ...'):84s} {row['evidence']}")

# %%
print(everywhere.loc["sklearn.Ridge", "reason"])
print(everywhere.loc["sklearn.HuberRegressor", "reason"])
print(everywhere.loc["torch.AdamW", "reason"])

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert len(stated) + (everywhere["reason"] != "").sum() == len(everywhere)
assert set(everywhere.index) == set(br.CONVENTIONS)

# %% [markdown]
# The table also says what this prior means on these data: the effective degrees of freedom, the budgets of
# the constrained form, the share of its least-squares value that each coefficient keeps (below 0 if its sign
# has turned), and the share of the variance of $y$ that the prior expects the columns to explain (5%, 50% and
# 95% quantile).

# %%
amounts = everywhere.attrs
for name in ("effective_df", "l1_norm", "l2_norm", "prior_r2"):
    print(f"{name:13s} {np.round(amounts[name], 3)}")
print("shrinkage     ", {name: round(value, 2) + 0.0 for name, value in amounts["shrinkage"].items()})

# %% [markdown]
# **Check.** Every row leads back to the same penalty. We fit scikit-learn's rows here, and compute the
# numbers beside the table anew.

# %%
penalty = br.Penalty.from_prior(prior, sigma)
context = {"X": X, "y": y, "noise_scale": sigma}

mode = mode_under(prior)
fitted = Lasso(
    **br.translate(penalty, "Penalty", "sklearn.Lasso", **context).values, tol=1e-14, max_iter=100_000
).fit(X, y)
least_squares = np.linalg.lstsq(data.X, data.y - data.y.mean())[0]
print(f"{len(stated)} rows; scikit-learn's Lasso differs by {np.abs(fitted.coef_ - mode.coef).max():.1e}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for key in stated.index:
    there = br.translate(penalty, "Penalty", key, **context)
    back = br.translate(there.values, key, "Penalty", **context).penalty
    assert np.allclose(back.l1, penalty.l1, rtol=1e-12)
    assert np.all(np.asarray(back.l2) == 0.0)
assert len(stated) > 20
assert np.allclose(fitted.coef_, mode.coef, rtol=0.0, atol=1e-7)
assert amounts["effective_df"] == 1 + np.count_nonzero(fitted.coef_)
assert np.isclose(amounts["l1_norm"], np.abs(fitted.coef_).sum())
assert np.allclose(list(amounts["shrinkage"].values()), fitted.coef_ / least_squares)

# %% [markdown]
# ### Packages that standardise
#
# glmnet divides each column by its standard deviation before the penalty applies. On columns in their own
# units (years, kg/m², mg/dl, ...) its one λ is a prior scale for each column. `LinearModel.like` is the
# model whose mode is that package's answer.

# %%
X_units, y_units = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
like_glmnet = br.LinearModel.like("glmnet", X_units, y_units, lambda_=2.0, noise_scale=sigma)
glmnet_mode = br.map_estimate(like_glmnet, br.RowData.from_arrays(X_units, y_units))
(
    pd.DataFrame(
        {"sd": X_units.std(ddof=0), "prior scale": like_glmnet.prior.scale, "mode": glmnet_mode.coef}
    ).round(3)
    + 0.0
)

# %% [markdown]
# `Lasso` has one penalty for all columns and cannot say that. With `rescale=True` the answer comes with a
# unit for each column: divide the column by it, fit, and divide the coefficient by it.

# %%
number = {"lambda_": 2.0, "alpha": 1.0}
try:
    br.translate(number, "glmnet", "sklearn.Lasso", X_units, y_units)
except br.NoEquivalent as error:
    print(error)
else:
    raise AssertionError("it was stated as it is")
rescaled = br.translate(number, "glmnet", "sklearn.Lasso", X_units, y_units, rescale=True)
print(rescaled)

# %% [markdown]
# **Check.** scikit-learn, fitted so, has the same coefficients. So has a pipeline that standardises and takes
# glmnet's number as it is. The prior scale is the same for all columns once it is multiplied by the column's
# standard deviation.

# %%
unit = rescaled.column_unit
tight = {"tol": 1e-13, "max_iter": 100_000}
by_unit = Lasso(**rescaled.values, **tight).fit(X_units / unit, y_units).coef_ / unit
pipeline = make_pipeline(StandardScaler(), Lasso(2.0, **tight)).fit(X_units, y_units)
by_pipeline = pipeline[-1].coef_ / pipeline[0].scale_
size = X_units.std(ddof=0).to_numpy()

print(f"on standardised columns they differ by {np.abs((by_unit - glmnet_mode.coef) * size).max():.1e}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(by_unit * size, glmnet_mode.coef * size, rtol=0.0, atol=1e-7)
assert np.allclose(by_pipeline * size, glmnet_mode.coef * size, rtol=0.0, atol=1e-7)
assert np.allclose(like_glmnet.prior.scale * size, sigma**2 / (n * 2.0), rtol=1e-12)

# %% [markdown]
# glmnet has one more surprise. It divides $y$ by its standard deviation inside, and for ridge that does not
# cancel: `Ridge(alpha)` is glmnet's `alpha=0` with $\lambda = \alpha\,\mathrm{sd}(y)/n$. With
# `family=gaussian()` in place of the default `"gaussian"` it does not divide.

# %%
default, as_object = (
    br.translate(3.0, "sklearn.Ridge", key, X, y).values["lambda_"]
    for key in ("glmnet", "glmnet.family_object")
)
print(f"Ridge(3.0): lambda = {default:.6f} with family='gaussian', {as_object:.6f} with family=gaussian()")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(default, 3.0 * np.std(y) / n, rtol=1e-12)
assert np.isclose(as_object, 3.0 / n, rtol=1e-12)

# %% [markdown]
# ### A default that nobody chose
#
# Bayesian packages have penalties too. If you give Bambi a formula and no prior, you get
# $\beta_j \sim \mathrm{Normal}(0, \tau_j^2)$ with $\tau_j = 2.5\,\mathrm{sd}(y)/\mathrm{sd}(x_j)$. That is a
# ridge:
#
# $$ \alpha = \frac{\sigma^2}{(2.5\,\mathrm{sd}(y))^2} \quad\text{on standardised columns.} $$
#
# If the columns explain anything, σ is smaller than sd(y). Then α is below $1/2.5^2 = 0.16$, for any number
# of rows.

# %%
implied = br.implied_penalty("bambi", X_units, y_units)
print(implied)
print("established:", br.CONVENTIONS["bambi"].evidence)

# %% [markdown]
# **Picture.** The degrees of freedom that a ridge on standardised columns leaves. Bambi's default takes
# almost nothing; leave-one-out would take more.

# %%
standardised = br.LinearModel(
    br.GaussianPrior(), br.GaussianLikelihood(implied.noise_scale), standardize=True
)
units_data = br.RowData.from_arrays(X_units, y_units)
left_out = br.select_scale(standardised, units_data, "loo", progress=False)
loo_alpha = (implied.noise_scale / left_out.scale) ** 2

Z = (X_units - X_units.mean()) / X_units.std(ddof=0)
eigenvalues = np.linalg.eigvalsh(Z.T @ Z)
alphas = np.geomspace(1e-2, 1e5, 200)
df = 1.0 + np.sum(eigenvalues / (eigenvalues + alphas[:, None]), axis=1)

fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
ax.plot(alphas, df, color="black")
for at, marker, colour, label in (
    (implied.alpha, "o", BLUE, f"Bambi's default: alpha = {implied.alpha:.3f}"),
    (loo_alpha, "s", ORANGE, f"leave-one-out: alpha = {loo_alpha:.1f}"),
):
    ax.plot(
        at, 1.0 + np.sum(eigenvalues / (eigenvalues + at)), marker, color=colour, markersize=9, label=label
    )
ax.axvline(0.16, color="0.4", linestyle=":", label="0.16, where σ = sd(y)")
ax.set_xscale("log")
ax.set_ylim(0.0, 11.8)
ax.set_xlabel("alpha of Ridge, on standardised columns")
ax.set_ylabel("effective degrees of freedom,\nof 11 with the intercept")
ax.set_title("A default prior, as a ridge")
_ = ax.legend(frameon=False, loc="upper right")

# %% [markdown]
# **Check.** The formula; the degrees of freedom; and scikit-learn's ridge on standardised columns against the
# mode under Bambi's prior, stated by hand for each column.

# %%
pipeline = make_pipeline(StandardScaler(), Ridge(implied.alpha)).fit(X_units, y_units)
by_hand = br.GaussianPrior({name: 2.5 * float(np.std(y_units) / np.std(X_units[name])) for name in names})
bambi_mode = br.map_estimate(br.LinearModel(by_hand, br.GaussianLikelihood(implied.noise_scale)), units_data)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(implied.noise_scale, sigma, rtol=1e-9)
assert np.isclose(implied.alpha, sigma**2 / (2.5 * np.std(y_units)) ** 2, rtol=1e-9)
assert np.isclose(implied.effective_df, 1.0 + np.sum(eigenvalues / (eigenvalues + implied.alpha)), rtol=1e-9)
assert np.allclose(pipeline[-1].coef_, bambi_mode.coef * size, rtol=0.0, atol=1e-8)
assert implied.alpha < 0.16
assert loo_alpha > 10.0 * implied.alpha

# %% [markdown]
# ## 3. Whose coefficients are these?
#
# **Question.** Somebody gives you coefficients and a λ. Are they the optimum? If not, is the solver wrong, or
# is it another package's λ?
#
# **Model.** The optimum needs no trust. For coefficients $\beta$ with residuals $r$ the *optimality
# certificate (duality gap)* bounds how far the objective is above its minimum. The *KKT conditions* say which
# coefficient is wrong: with $x_j$ centred,
#
# $$ x_j^\top r = \lambda_1\,\mathrm{sign}(\beta_j) \ \text{ if } \beta_j \neq 0, \qquad
# \lvert x_j^\top r\rvert \le \lambda_1 \ \text{ if } \beta_j = 0 . $$
#
# `br.audit` computes both. If the gap is not small, it reads the same number as every other package would,
# and tells if one of these readings fits.
#
# ### Answers of real packages
#
# glmnet was run in R, version 4.1.6, on 40 rows of simulated data with columns of unequal scale: a lasso,
# and an elastic net by each of its two Gaussian families. These are its coefficients.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rng = np.random.default_rng(6)
X_small = rng.normal(size=(40, 5)) @ np.diag([1.0, 3.0, 0.4, 1.5, 0.8]) + [0.5, -2.0, 0.0, 4.0, 1.0]
X_small[:, 1] += 0.8 * X_small[:, 0]
signal = 1.2 * X_small[:, 0] - 0.5 * X_small[:, 1] + 0.3 * X_small[:, 3]
y_small = np.round(signal + 0.7 * rng.normal(size=40) + 3.0, 6)
y_binary = (signal - signal.mean() + rng.logistic(size=40) > 0).astype(float)
X_small = np.round(X_small, 6)
assert np.isclose(y_small.sum(), 232.491614, rtol=0.0, atol=1e-9)  # the data that the packages were given
assert y_binary.sum() == 23

from_glmnet = {  # glmnet 4.1.6, lambda = 0.3: coefficients and intercept
    ("glmnet", 1.0): (
        [0.805389910374699, -0.2988732100001, 0.0, 0.0990354014106768, 0.0],
        4.36829475245731,
    ),
    ("glmnet", 0.5): (
        [0.874390707316725, -0.332693428446729, 0.0924050074867729, 0.188904672731465, 0.0],
        3.8821486070169,
    ),
    ("glmnet.family_object", 0.5): (
        [0.790284941279333, -0.301785848987845, 0.133577069206976, 0.18187228547577, 0.0],
        4.0158198063609,
    ),
}
for (key, alpha), (coef, intercept) in from_glmnet.items():
    stated = br.translate({"lambda_": 0.3, "alpha": alpha}, key, "Penalty", X_small, y_small)
    found = br.audit(coef, intercept, X_small, y_small, stated)
    print(f"{key}, alpha = {alpha}: {found}")
    assert found.optimal
    assert found.duality_gap < 1e-9

# %% [markdown]
# Now somebody takes glmnet's number for scikit-learn's, as in `ElasticNet(alpha=0.3, l1_ratio=0.5)`. The
# audit says that these coefficients are not optimal for it, and whose they are. It tells glmnet's two
# families apart.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for (key, alpha), (coef, intercept) in from_glmnet.items():
    mistaken = br.translate(
        {"alpha": 0.3, "l1_ratio": alpha}, "sklearn.ElasticNet", "Penalty", X_small, y_small
    )
    found = br.audit(coef, intercept, X_small, y_small, mistaken)
    print(found, end="\n\n")
    right = br.translate({"lambda_": 0.3, "alpha": alpha}, key, "Penalty", X_small, y_small).penalty
    assert not found.optimal
    assert found.nearest.duality_gap < 1e-9
    assert found.nearest.read_as.startswith("glmnet")
    assert np.allclose(found.nearest.penalty.l1, right.l1, rtol=1e-9)
    assert np.allclose(found.nearest.penalty.l2, right.l2, rtol=1e-9)

# %% [markdown]
# A logistic regression is audited in the same way. glmnet's coefficients are right, and scikit-learn's are
# the same once λ has become $C$ and the columns have their units.

# %%
coef = np.array(
    [1.01123705900163, -0.315129214133532, 0.947402291476087, 0.0126321396810951, 0.0]
)  # glmnet 4.1.6
stated = br.translate({"lambda_": 0.03, "alpha": 1.0}, "glmnet.binomial", "Penalty", X_small, y_binary)
found = br.audit(coef, -0.914572151520122, X_small, y_binary, stated, family="binomial")
to_sklearn = br.translate(
    {"lambda_": 0.03, "alpha": 1.0},
    "glmnet.binomial",
    "sklearn.LogisticRegression",
    X_small,
    y_binary,
    rescale=True,
)
print(found)
print(to_sklearn)

logistic = LogisticRegression(
    **to_sklearn.values, solver="saga", tol=1e-12, max_iter=1_000_000, random_state=0
)
theirs = logistic.fit(X_small / to_sklearn.column_unit, y_binary).coef_[0] / to_sklearn.column_unit
print(f"scikit-learn differs from glmnet by {np.abs(theirs - coef).max():.1e}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert found.duality_gap < 1e-6
assert np.allclose(theirs, coef, rtol=0.0, atol=1e-5)

# %% [markdown]
# ### A solver that stops at a false zero
#
# statsmodels' elastic net, `OLS.fit_regularized`, drops a coefficient for good once it has reached zero.
# Version 0.15.0 was run on 40 rows and 12 correlated columns, with `alpha=0.1` (so $\lambda_1 = n\alpha = 4$)
# and without an intercept. This was its answer.

# %%
rng = np.random.default_rng(12)
X_twelve = 0.5 * rng.normal(size=(40, 12)) + rng.normal(size=(40, 1))
y_twelve = X_twelve[:, :4] @ [1.0, -1.0, 0.5, 0.25] + rng.normal(size=40)

from_statsmodels = np.zeros(12)  # statsmodels 0.15.0
from_statsmodels[[0, 1, 7, 9]] = (
    0.21495074518531837,
    -0.43378899152479,
    0.4742034678066489,
    0.8666050375696367,
)
stated = br.translate(0.1, "statsmodels.OLS", "Penalty", X_twelve, y_twelve, fit_intercept=False)
found = br.audit(from_statsmodels, 0.0, X_twelve, y_twelve, stated, fit_intercept=False)
print(found)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(y_twelve.sum(), 17.139791602818153, rtol=1e-12)  # the data that the package was given

# %% [markdown]
# **Picture.** The KKT conditions of each coefficient, for its answer and for the optimum. Inside the band a
# coefficient must be 0. On an edge it need not be 0. No coefficient may be outside.

# %%
optimum = Lasso(0.1, fit_intercept=False, tol=1e-14, max_iter=1_000_000).fit(X_twelve, y_twelve).coef_
slopes = {
    name: X_twelve.T @ (y_twelve - X_twelve @ beta) / stated.penalty.l1
    for name, beta in (("statsmodels", from_statsmodels), ("optimum", optimum))
}

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
for name, beta, marker, colour, shift in (
    ("statsmodels", from_statsmodels, "o", ORANGE, -0.12),
    ("optimum", optimum, "s", BLUE, 0.12),
):
    where = np.arange(12) + shift
    zero = beta == 0.0
    left.plot(where, beta, marker, color=colour, label=name)
    right.plot(where[~zero], slopes[name][~zero], marker, color=colour, label=f"{name}, not 0")
    right.plot(
        where[zero], slopes[name][zero], marker, color=colour, fillstyle="none", label=f"{name}, exactly 0"
    )
left.axhline(0.0, color="0.6", linewidth=0.8)
left.set_xlabel("column")
left.set_ylabel("coefficient, in units of y per unit of x")
left.set_title("The answers")
left.legend(frameon=False)
right.axhspan(-1.0, 1.0, color="0.9", zorder=0)
right.set_ylim(-3.0, 1.15 * slopes["statsmodels"].max())
right.set_xlabel("column")
right.set_ylabel("xⱼ'r / λ₁")
right.set_title("What the KKT conditions say")
right.legend(frameon=False, loc="lower center", ncols=2, fontsize=9)
for ax in (left, right):
    ax.set_xticks(np.arange(12))
# %% [markdown]
# **Check.** The audit's false zeros are the coefficients that scikit-learn does not set to zero. Three of the
# four are outside the band, and no coefficient that is not 0 is on an edge. The optimum keeps the conditions.

# %%
above = found.objective / found.optimum - 1.0
print(
    f"the objective is {100 * above:.1f}% above its minimum; wrong zeros: {np.flatnonzero(found.wrong_zeros)}"
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert not found.optimal
assert above > 0.01
assert found.nearest is None  # it is no other package's λ: the solver is wrong
assert np.array_equal(found.wrong_zeros, (from_statsmodels == 0.0) & (optimum != 0.0))
assert np.all(np.abs(slopes["optimum"]) < 1.0 + 1e-6)
assert found.wrong_zeros.sum() == 4
assert (np.abs(slopes["statsmodels"])[found.wrong_zeros] > 1.0).sum() == 3
assert np.abs(np.abs(slopes["statsmodels"])[from_statsmodels != 0.0] - 1.0).min() > 0.1
assert br.audit(optimum, 0.0, X_twelve, y_twelve, stated, fit_intercept=False).duality_gap < 1e-10

# %% [markdown]
# ### A mode by gradient descent has no zeros
#
# A general probabilistic language finds the mode by following gradients. Under a Laplace prior the gradient
# has a jump at 0, and the search steps to and fro across it. `br.to_numpyro` gives the same model as a
# NumPyro model; its `AutoDelta` guide with Adam is NumPyro's way to a mode. SciPy's L-BFGS-B is what PyMC's
# `find_MAP` uses by default.

# %%
lasso_model = br.LinearModel(prior, br.GaussianLikelihood(sigma))
plain = br.to_numpyro(lasso_model, data)
with jax.enable_x64(True):
    svi = SVI(plain, AutoDelta(plain), numpyro.optim.Adam(exponential_decay(5.0, 500, 0.5)), Trace_ELBO())
    delta = svi.run(jax.random.key(0), 6000, progress_bar=False).params
by_adam = np.asarray(delta["coef_auto_loc"]), float(delta["intercept_auto_loc"])


def minus_log_posterior(point):
    """Return −log posterior, up to a constant, and its gradient."""
    residual = data.y - point[-1] - data.X @ point[:-1]
    value = 0.5 * residual @ residual / sigma**2 + np.abs(point[:-1]).sum() / 15.0
    slope = -np.append(data.X.T @ residual, residual.sum()) / sigma**2
    return value, slope + np.append(np.sign(point[:-1]) / 15.0, 0.0)


search = minimize(minus_log_posterior, np.append(np.ones(p), data.y.mean()), jac=True, method="L-BFGS-B")
by_lbfgs = search.x[:-1], search.x[-1]

answers = {
    "NumPyro, AutoDelta + Adam": by_adam,
    "L-BFGS-B": by_lbfgs,
    "bayesreg": (mode.coef, mode.intercept),
}
audits = {name: br.audit(*answer, X, y, penalty) for name, answer in answers.items()}
for name, one in audits.items():
    print(f"{name}: {np.sum(answers[name][0] == 0.0)} exact zeros\n{one}\n")

# %% [markdown]
# **Picture.** The sizes of the ten coefficients on a logarithmic axis, with the exact zeros at its left end.
# If the optimum is 0, the searches have left something small that is not 0.

# %%
fig, ax = plt.subplots(figsize=(8.5, 4.6), layout="constrained")
order = np.argsort(np.abs(mode.coef), kind="stable")
left_end = 1e-9
for (name, (coef, _)), marker, colour, size_of in zip(
    answers.items(), ("o", "^", "s"), (ORANGE, GREEN, BLUE), (6, 6, 9), strict=True
):
    shown = np.where(coef == 0.0, left_end, np.abs(coef))[order]
    ax.plot(shown, np.arange(p), marker, color=colour, markersize=size_of, fillstyle="none", label=name)
ax.axvline(3e-9, color="0.6", linewidth=0.8)
ax.set_xscale("log")
ax.set_xticks(
    [left_end, 1e-7, 1e-5, 1e-3, 1e-1, 1e1, 1e3], ["exactly 0", "10⁻⁷", "10⁻⁵", "10⁻³", "10⁻¹", "10", "10³"]
)
ax.set_yticks(np.arange(p), np.array(names)[order])
ax.set_xlabel("size of the coefficient, in units of y per unit of x")
ax.set_ylabel("feature")
ax.set_title("Zeros that gradients do not find")
_ = ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.08, 1.0))

# %% [markdown]
# **Check.** The optimum has six exact zeros, and neither search has one. The audit calls them missing zeros.
# It used no threshold: that would be one more number to find by experiment.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
exact = mode.coef == 0.0
assert exact.sum() == 6
for name in ("NumPyro, AutoDelta + Adam", "L-BFGS-B"):
    assert np.all(answers[name][0] != 0.0)
    assert np.array_equal(audits[name].missing_zeros, exact)
assert audits["bayesreg"].optimal
assert not audits["bayesreg"].missing_zeros.any()
assert audits["bayesreg"].duality_gap < 1e-12

# %% [markdown]
# ### scikit-learn, as it comes
#
# scikit-learn's `Lasso` is right, and it says when it stops: at a duality gap of `tol` times $\sum_i y_i^2$
# of the centred $y$, and `tol` is $10^{-4}$ unless you say otherwise. That is two times `tol` in the
# audit's units.

# %%
tols = 10.0 ** -np.arange(2, 11)
gaps = []
for tol in tols:
    fitted = Lasso(0.1, tol=tol, max_iter=1_000_000).fit(X_units, y_units)
    of_units = br.translate(0.1, "sklearn.Lasso", "Penalty", X_units, y_units)
    gaps.append(br.audit(fitted.coef_, fitted.intercept_, X_units, y_units, of_units))

fig, ax = plt.subplots(figsize=(7.5, 4.0), layout="constrained")
ax.plot(
    tols,
    [max(one.duality_gap, 1e-17) for one in gaps],
    "o",
    color=BLUE,
    label="Lasso(0.1), columns in their units",
)
ax.plot(tols, 2.0 * tols, "--", color="0.4", label="2 × tol, what is promised")
ax.axhline(1e-6, color=ORANGE, linestyle=":", label="the audit calls it optimal below")
ax.axvline(1e-4, color="0.8", linewidth=3, zorder=0, label="scikit-learn's default")
ax.set_xscale("log")
ax.set_yscale("log")
ax.set_xlabel("tol, as given to Lasso")
ax.set_ylabel("duality gap, as a share of\nthe null model's objective")
ax.set_title("scikit-learn keeps its promise")
_ = ax.legend(frameon=False, loc="upper left")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert all(one.duality_gap <= 2.0 * tol for one, tol in zip(gaps, tols, strict=True))
assert gaps[-1].optimal

# %% [markdown]
# ## What was shown
#
# A factor before λ is a unit and not an unknown: each way of writing the cost is one prior scale, and
# cross-validation finds the same scale for all of them. Only the $n$ of a mean changes the experiment. With
# the prior scale we can carry λ from any package to any other, read a default prior as a ridge, and judge
# coefficients without trust in their source.
