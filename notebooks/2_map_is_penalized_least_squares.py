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
# # The mode of a posterior is a penalised least-squares fit
#
# Lasso, ridge and the elastic net add a penalty to a sum of squares. A Bayesian adds a log prior to a log
# likelihood. These are the same sum in two notations. So the most probable coefficients (the *mode*, or MAP
# estimate) must equal the penalised fit. We can check that to the last digits.
#
# In this notebook `bayesreg` computes modes. The judges are scikit-learn's `Lasso`, `Ridge` and
# `ElasticNet`, which know nothing of priors. We follow whole paths, with more rows than columns and with
# more columns than rows. A check in code follows each statement, folded out of the way. If the statement
# were false, the notebook would stop there.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $n, p$ | | number of rows and of columns |
# | $\beta_0, \beta$ | `intercept`, `coef` | intercept and the $p$ coefficients |
# | $\sigma$ | `noise_scale` | standard deviation of the noise, in units of $y$ |
# | $b$ | `LaplacePrior.scale` | Laplace prior: density $e^{-\lvert\beta\rvert/b}/(2b)$ |
# | $\tau$ | `GaussianPrior.scale` | standard deviation of the Gaussian prior |
# | $\lambda_1, \lambda_2$ | `Penalty.l1`, `Penalty.l2` | the penalties |

# %%
import warnings
from itertools import islice

import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn import linear_model
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"  # told apart by colour-blind readers

# %% [markdown]
# The data: 442 patients with diabetes. The ten columns are age, sex, body mass index, blood pressure and
# six blood values. scikit-learn ships them centred and with unit length. The response $y$ is the progress
# of the disease after one year, a score without a physical unit.
#
# We take the noise scale $\sigma$ as known, and use the usual estimate from least squares,
# $\sqrt{\mathrm{RSS}/(n-p-1)}$.

# %%
X, y = load_diabetes(return_X_y=True, as_frame=True)
data = br.RowData.from_arrays(X, y)
n, p = data.n_samples, data.n_features

least_squares = br.map_estimate(br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0)), data)
sigma = float(np.sqrt(2.0 * least_squares.certificate.primal / (n - p - 1)))
print(f"n = {n}, p = {p}, sigma = {sigma:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (n, p) == (442, 10)
assert np.isclose(sigma**2, np.linalg.lstsq(np.column_stack([np.ones(n), X]), y)[1][0] / (n - p - 1))
assert np.allclose(data.X.mean(axis=0), 0.0, atol=1e-12)
assert np.allclose(np.linalg.norm(data.X, axis=0), 1.0)

# %% [markdown]
# ## 0. Are the two sums really the same?
#
# **Question.** Is the negative log posterior the same function as the penalised sum of squares?
#
# **Model.** The noise is Gaussian, the intercept has a flat prior, and each coefficient has a prior
# $p(\beta_j) \propto e^{-\lvert\beta_j\rvert/b - \frac12\beta_j^2/\tau^2}$. Multiply the negative log
# posterior by $\sigma^2$:
#
# $$
# -\sigma^2 \log p(\beta_0, \beta \mid y) = \underbrace{\tfrac12 \sum_i r_i^2 + \lambda_1 \sum_j \lvert\beta_j\rvert
# + \tfrac12 \lambda_2 \sum_j \beta_j^2}_{J(\beta_0,\,\beta)} + \text{const},
# \qquad \lambda_1 = \frac{\sigma^2}{b}, \quad \lambda_2 = \frac{\sigma^2}{\tau^2}.
# $$
#
# The constant does not depend on the coefficients. So it moves no minimum. Three priors give three famous
# names: the Laplace prior gives the lasso, the Gaussian prior gives ridge, and their product gives the
# elastic net.

# %%
priors = {
    "Laplace (lasso)": br.LaplacePrior(6.0),
    "Gaussian (ridge)": br.GaussianPrior(50.0),
    "elastic net": br.ElasticNetPrior(6.0, 50.0),
}
penalties = {name: br.Penalty.from_prior(prior, sigma) for name, prior in priors.items()}

for name, penalty in penalties.items():
    print(f"{name:17s} lambda_1 = {penalty.l1:6.2f}   lambda_2 = {penalty.l2:5.3f}")


# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(penalties["elastic net"].l1, sigma**2 / 6.0, rtol=1e-14)
assert np.isclose(penalties["elastic net"].l2, sigma**2 / 50.0**2, rtol=1e-14)

# %% [markdown]
# Two functions, written independently. The first uses SciPy's normal density and the prior object's own
# density. The second is the penalised sum of squares.


# %%
def minus_log_posterior(intercept, coef, prior):
    """Return −σ²·(log likelihood + log prior)."""
    log_likelihood = norm.logpdf(data.y, loc=intercept + data.X @ coef, scale=sigma).sum()
    return -(sigma**2) * (log_likelihood + prior.log_prob(coef).sum())


def objective(intercept, coef, penalty):
    """Return J, half the sum of squared residuals plus the penalty."""
    residual = data.y - intercept - data.X @ coef
    return 0.5 * residual @ residual + penalty.value(coef)


# %% [markdown]
# **Picture.** A slice: only the coefficient of body mass index moves, the others stay at 0. Each curve is
# shifted so that its lowest point is 0.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
bmi = data.feature_names.index("bmi")
slice_coefs = np.linspace(-600.0, 1400.0, 201)[:, None] * np.eye(p)[bmi]

fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
looks = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"))
for (name, prior), (colour, style, marker) in zip(priors.items(), looks, strict=True):
    J = np.array([objective(data.y.mean(), coef, penalties[name]) for coef in slice_coefs])
    L = np.array([minus_log_posterior(data.y.mean(), coef, prior) for coef in slice_coefs])
    ax.plot(slice_coefs[:, bmi], (J - J.min()) / 1e6, style, color=colour, label=f"J, {name}")
    few = slice(None, None, 8)
    ax.plot(
        slice_coefs[few, bmi], (L - L.min())[few] / 1e6, marker, color=colour, markersize=5, fillstyle="none"
    )
    assert np.allclose(J - J.min(), L - L.min(), rtol=0.0, atol=1e-12 * np.ptp(J) + 1e-12 * np.abs(L).max())
ax.set_xlabel("coefficient of bmi, in units of y per unit of x")
ax.set_ylabel("height above the minimum,\nin millions of y²")
ax.set_title("Lines: penalised sum of squares. Markers: −σ² × log posterior")
_ = ax.legend(frameon=False)
# %% [markdown]
# **Check.** At 200 random points the difference of the two functions is one constant. We also know which
# one: $\sigma^2\,\bigl(n \log(\sigma\sqrt{2\pi}) - \sum_j \log p(\beta_j = 0)\bigr)$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rng = np.random.default_rng(1)
points = [(rng.normal(150.0, 50.0), rng.normal(0.0, 500.0, size=p)) for _ in range(200)]

for name, prior in priors.items():
    J = np.array([objective(*point, penalties[name]) for point in points])
    L = np.array([minus_log_posterior(*point, prior) for point in points])
    constant = sigma**2 * (n * np.log(sigma * np.sqrt(2.0 * np.pi)) - prior.log_prob(np.zeros(p)).sum())
    worst = np.abs(L - J - constant).max() / np.ptp(J)
    print(f"{name:17s} J varies by {np.ptp(J):.2e}; L − J varies by {worst:.1e} of that")
    assert worst <= 1e-12

# %% [markdown]
# ### How we judge a path
#
# A *path* is the mode for many values of the prior scale. We judge it in two ways.
#
# 1. **scikit-learn.** `br.translate` turns each penalty into scikit-learn's own parameters. We ask
#    scikit-learn for a tolerance of $10^{-14}$.
# 2. **Closed form.** scikit-learn stops at a tolerance, so it could fall short itself. But once the
#    support $A$ and the signs $s_A$ are known, the fit is one linear system:
#    $(X_A^\top X_A + \lambda_2 I)\,\beta_A = X_A^\top y - \lambda_1 s_A$.
#    We take support and signs from scikit-learn, solve, and check the conditions of an optimum (KKT): the
#    signs come out as assumed, and off the support the slope $\lvert x_j^\top r\rvert$ does not exceed
#    $\lambda_1$.
#
# A coefficient has units, so we compare $\beta_j \cdot \mathrm{sd}(x_j)$. A difference is stated as a
# share of the largest such number at the same scale.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def scikit_learn_path(name, path, X, y):
    """Return scikit-learn's coefficients for each penalty of a path."""
    options = {} if name == "Ridge" else {"tol": 1e-14, "max_iter": 100_000}
    coefs = []
    for penalty in path.penalties:
        alpha = br.translate(penalty, "Penalty", f"sklearn.{name}", y=y).values
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # we judge the answer ourselves
            coefs.append(getattr(linear_model, name)(**alpha, **options).fit(X, y).coef_)
    return np.array(coefs)


def closed_form_path(signs, path, X, y):
    """Solve for coefficients with the given signs (0: off the support), and check that they are optimal."""
    X, y = X - X.mean(axis=0), y - y.mean()
    coefs = np.zeros(signs.shape)
    for coef, sign, penalty in zip(coefs, signs, path.penalties, strict=True):
        on, l1, l2 = sign != 0, penalty.l1[0], penalty.l2[0]
        A = X[:, on]
        coef[on] = np.linalg.solve(A.T @ A + l2 * np.eye(on.sum()), A.T @ y - l1 * sign[on])
        slope = X.T @ (y - X @ coef) - l2 * coef
        assert np.array_equal(np.sign(coef), sign)
        assert np.all(np.abs(slope[~on]) <= l1 * (1.0 + 1e-11))
    return coefs


def largest_difference(path, coefs, X):
    """Return max |difference|·sd(x) as a share of the largest |coef|·sd(x), the worst over the scales."""
    size = (np.abs(path.coefs) * X.std(axis=0)).max(axis=1)
    difference = (np.abs(path.coefs - coefs) * X.std(axis=0)).max(axis=1)
    return float((difference / np.where(size > 0.0, size, 1.0)).max())


results = []


def check(data_name, penalty_name, path, theirs, data):
    """Assert the agreement of a path with scikit-learn and the closed form, and keep the numbers."""
    closed = closed_form_path(np.sign(theirs), path, data.X, data.y)
    row = {
        "data": data_name,
        "penalty": penalty_name,
        "scales": path.scales.size,
        "from scikit-learn": largest_difference(path, theirs, data.X),
        "from closed form": largest_difference(path, closed, data.X),
        "duality gap": path.duality_gaps.max(),
    }
    assert row["from scikit-learn"] <= 1e-9
    assert row["from closed form"] <= 1e-9
    assert np.array_equal(path.coefs == 0.0, theirs == 0.0)
    assert row["duality gap"] <= 1e-10
    assert path.converged.all()
    results.append(row)
    print(", ".join(f"{key}: {value:.1e}" for key, value in row.items() if isinstance(value, float)))


# %% [markdown]
# The same picture for every path: the coefficients above, the certificates below. The *optimality
# certificate* is a *duality gap*: the objective is above its minimum by at most this share of the objective
# of the model without coefficients. Section 5 explains where the number comes from.


# %%
def draw(path, theirs, title):
    """Draw a path with scikit-learn's answers as dots, and below it the duality gaps."""
    _, (top, bottom) = plt.subplots(
        2, 1, figsize=(8, 6.4), height_ratios=(3, 1), sharex=True, layout="constrained"
    )
    br.plot_coefficient_path(path, top, title)
    named = np.argsort(-np.abs(path.coefs[-1]))[:10]  # dots for every third scale, ten coefficients at most
    top.plot(path.scales[::3], theirs[::3, named], "k.", markersize=3)
    top.plot([], [], "k.", label="scikit-learn")
    top.legend(title=top.get_legend().get_title().get_text(), loc="center left", bbox_to_anchor=(1.01, 0.5),
               frameon=False)  # fmt: skip
    bottom.plot(path.scales, path.duality_gaps, "o", color=BLUE, markersize=3)
    bottom.axhline(1e-10, color=ORANGE, linestyle="--")
    bottom.annotate("accepted: 1e-10", (path.scales[1], 2e-11), color=ORANGE, va="top")
    bottom.set_yscale("symlog", linthresh=1e-17)
    bottom.set_ylim(-3e-18, 1e-8)
    bottom.set_yticks([0.0, 1e-16, 1e-13, 1e-10])
    bottom.tick_params(axis="y", which="minor", left=False)
    bottom.set_xlabel(top.get_xlabel())
    bottom.set_ylabel("duality gap,\nshare of null")
    top.set_xlabel("")


# %% [markdown]
# ## 1. The lasso path
#
# **Question.** Is the mode under a Laplace prior the lasso, along the whole path?
#
# **Model.** scikit-learn's lasso minimises $\frac{1}{2n}\sum_i r_i^2 + \alpha\sum_j\lvert\beta_j\rvert$.
# Multiply by $n$ and compare with $J$:
#
# $$ \alpha = \frac{\lambda_1}{n} = \frac{\sigma^2}{n\,b}. $$

# %%
model = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(sigma))
lasso = br.map_path(model, data, n_scales=40, tol=1e-10)
theirs = scikit_learn_path("Lasso", lasso, data.X, data.y)

# %% [markdown]
# The path chooses its own grid: 40 scales over three decades. It starts where the prior is just tight
# enough to hold all coefficients at 0.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert lasso.scales.size == 40
assert np.isclose(lasso.scales[-1] / lasso.scales[0], 1000.0)
assert np.all(lasso.coefs[0] == 0.0)
assert np.all(np.any(lasso.coefs[1:] != 0.0, axis=1))

# %% [markdown]
# The translation is the formula above. It can start from the prior, too.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for scale in lasso.scales:
    alpha = br.translate(br.LaplacePrior(scale), "LaplacePrior", "sklearn.Lasso", y=y, noise_scale=sigma)
    assert np.isclose(float(alpha), sigma**2 / (n * scale), rtol=1e-14)
print(f"the last line for scikit-learn: {alpha.code}")

# %% [markdown]
# **Picture.** Lines are modes. Dots are scikit-learn's coefficients. Gaps below $10^{-17}$ lie
# next to the line 0.

# %%
draw(lasso, theirs, "Laplace prior: the mode is the lasso")

# %% [markdown]
# **Check.** The two agree to nine digits or better at every scale, and so does the closed form. The zeros
# are the same, and they are exact zeros. Every duality gap is at most $10^{-10}$.

# %%
check("442 × 10, diabetes", "lasso", lasso, theirs, data)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim C6
assert results[-1]["from scikit-learn"] <= 1e-9

# %% [markdown]
# As the prior widens, coefficients leave 0. In the middle of the path some are zero and some are not. The
# number of nonzero coefficients does not only grow: a coefficient can return to 0. At the wide end none is
# zero.

# %%
n_nonzero = np.count_nonzero(lasso.coefs, axis=1)
print("nonzero coefficients along the path:", *n_nonzero)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert n_nonzero[0] == 0
assert 0 < n_nonzero[20] < p
assert np.any(np.diff(n_nonzero) < 0)
assert n_nonzero[-1] == p

# %% [markdown]
# ## 2. The ridge path
#
# **Question.** Is the mode under a Gaussian prior ridge regression?
#
# **Model.** scikit-learn's ridge minimises $\sum_i r_i^2 + \alpha\sum_j\beta_j^2$, without $\frac1n$ and
# without $\frac12$. That is $2J$, so
#
# $$ \alpha = \lambda_2 = \frac{\sigma^2}{\tau^2}. $$

# %%
model = br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(sigma))
ridge = br.map_path(model, data, n_scales=40, min_ratio=1e-5, tol=1e-10)
theirs = scikit_learn_path("Ridge", ridge, data.X, data.y)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for scale in ridge.scales:
    alpha = br.translate(br.GaussianPrior(scale), "GaussianPrior", "sklearn.Ridge", noise_scale=sigma)
    assert np.isclose(float(alpha), sigma**2 / scale**2, rtol=1e-14)

# %% [markdown]
# **Picture.**

# %%
draw(ridge, theirs, "Gaussian prior: the mode is ridge regression")

# %% [markdown]
# **Check.** The same agreement. And unlike the lasso, ridge gives no exact zero at any of the 40 scales.

# %%
check("442 × 10, diabetes", "ridge", ridge, theirs, data)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim C6
assert results[-1]["from scikit-learn"] <= 1e-9
assert ridge.scales[-1] / ridge.scales[0] >= 1000.0
assert np.all(ridge.coefs != 0.0)

# %% [markdown]
# ## 3. The elastic-net path
#
# **Question.** What do both penalties give at once?
#
# **Model.** scikit-learn minimises, with $\rho$ its `l1_ratio`,
#
# $$
# \frac{1}{2n}\sum_i r_i^2 + \alpha\rho\sum_j\lvert\beta_j\rvert + \tfrac12\alpha(1-\rho)\sum_j\beta_j^2,
# \qquad\text{so}\qquad
# \alpha = \frac{\lambda_1 + \lambda_2}{n}, \quad \rho = \frac{\lambda_1}{\lambda_1 + \lambda_2}.
# $$
#
# Along a path $b$ changes and $\tau$ moves with it, so that the ratio $\lambda_1 : \lambda_2$ stays the
# same, and with it $\rho$.

# %%
model = br.LinearModel(br.ElasticNetPrior(1.0, 20.0), br.GaussianLikelihood(sigma))
net = br.map_path(model, data, n_scales=40, tol=1e-10)
theirs = scikit_learn_path("ElasticNet", net, data.X, data.y)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for penalty in net.penalties:
    values = br.translate(penalty, "Penalty", "sklearn.ElasticNet", y=y).values
    assert np.isclose(values["alpha"], (penalty.l1[0] + penalty.l2[0]) / n, rtol=1e-14)
    assert np.isclose(values["l1_ratio"], 400.0 / 401.0, rtol=1e-14)  # λ₁ : λ₂ = τ² : b = 400 : 1

# %% [markdown]
# **Picture.**

# %%
draw(net, theirs, "Elastic-net prior: the mode is the elastic net")

# %% [markdown]
# **Check.** The same agreement. There are exact zeros, as with the lasso. At equal $\lambda_1$ the
# elastic net shrinks more: the sum of $\lvert\beta_j\rvert$ is smaller than the lasso's all along the
# path.

# %%
check("442 × 10, diabetes", "elastic net", net, theirs, data)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim C6
assert results[-1]["from scikit-learn"] <= 1e-9
assert np.any(net.coefs[1:] == 0.0)
assert np.allclose(net.scales, lasso.scales, rtol=1e-12)
assert np.all(np.abs(net.coefs[1:]).sum(axis=1) < np.abs(lasso.coefs[1:]).sum(axis=1))

# %% [markdown]
# ## 4. More columns than rows
#
# **Question.** Does all of this hold when $n < p$, where least squares has no unique answer?
#
# **Model.** 60 rows, 200 columns. Eight coefficients differ from 0, and the noise has $\sigma = 1$:
#
# $$ y_i = 2 + x_i^\top\beta + \varepsilon_i, \qquad \varepsilon_i \sim \mathrm{Normal}(0, 1). $$
#
# The centred $X$ has rank 59. So $X^\top X$ is singular, and 141 directions of $\beta$ are decided by the
# prior alone.

# %%
rng = np.random.default_rng(7)
truth = np.zeros(200)
truth[:8] = [4.0, -3.5, 3.0, -2.5, 2.5, -2.0, 2.0, -1.5]
wide_rows = rng.normal(size=(60, 200))
wide = br.RowData.from_arrays(wide_rows, 2.0 + wide_rows @ truth + rng.normal(size=60))

rank = np.linalg.matrix_rank(wide_rows - wide_rows.mean(axis=0))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert rank == 59
assert 200 - rank == 141

# %%
likelihood = br.GaussianLikelihood(1.0)
wide_lasso = br.map_path(br.LinearModel(br.LaplacePrior(1.0), likelihood), wide, n_scales=40, tol=1e-10)
wide_ridge = br.map_path(
    br.LinearModel(br.GaussianPrior(1.0), likelihood), wide, n_scales=40, min_ratio=1e-5, tol=1e-10
)
wide_net = br.map_path(br.LinearModel(br.ElasticNetPrior(1.0, 2.0), likelihood), wide, n_scales=40, tol=1e-10)

# %% [markdown]
# **Picture and check, lasso.** For every width of the prior, no more than $n - 1 = 59$ coefficients are in,
# which is the rank of $X$. Somewhere along the path all eight true columns are in.

# %%
theirs = scikit_learn_path("Lasso", wide_lasso, wide.X, wide.y)
draw(wide_lasso, theirs, "60 rows, 200 columns: lasso")

# %%
check("60 × 200, simulated", "lasso", wide_lasso, theirs, wide)
n_nonzero = np.count_nonzero(wide_lasso.coefs, axis=1)
print("nonzero coefficients along the path:", *n_nonzero)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert n_nonzero.max() <= 59
assert np.any(np.all(wide_lasso.coefs[:, :8] != 0.0, axis=1))

# %% [markdown]
# **Picture and check, ridge.** All 200 coefficients differ from 0 at every scale.

# %%
theirs = scikit_learn_path("Ridge", wide_ridge, wide.X, wide.y)
draw(wide_ridge, theirs, "60 rows, 200 columns: ridge")

# %%
check("60 × 200, simulated", "ridge", wide_ridge, theirs, wide)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.all(wide_ridge.coefs != 0.0)

# %% [markdown]
# **Picture and check, elastic net.** With a part of ridge in the penalty, more than 59 coefficients can
# be in.

# %%
theirs = scikit_learn_path("ElasticNet", wide_net, wide.X, wide.y)
draw(wide_net, theirs, "60 rows, 200 columns: elastic net")

# %%
check("60 × 200, simulated", "elastic net", wide_net, theirs, wide)
n_nonzero = np.count_nonzero(wide_net.coefs, axis=1)
print("nonzero coefficients along the path:", *n_nonzero)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim C6
assert max(row["from scikit-learn"] for row in results[-3:]) <= 1e-9
assert n_nonzero.max() > 59

# %% [markdown]
# ## 5. What a certificate is
#
# **Question.** How can we know that an answer is right, if there is no other program to ask?
#
# **Model.** $J$ is convex, so it has a dual problem: every feasible dual point gives a *lower* bound of
# $J$. Let $r$ be the residual, centred, and shrink it until it is feasible. For the lasso:
#
# $$
# \theta = r \cdot \min\Bigl(1, \frac{\lambda_1}{\max_j \lvert x_j^\top r\rvert}\Bigr), \qquad
# D(\theta) = \tfrac12\lVert y_c\rVert^2 - \tfrac12\lVert y_c - \theta\rVert^2 \;\le\; \min J \;\le\; J(\beta_0, \beta),
# $$
#
# where $y_c$ is $y$ minus its mean. The gap $J - D$ cannot hide an error: the true excess of $J$ over its
# minimum is at most the gap. `bayesreg` states it as a share of $\frac12\lVert y_c\rVert^2$, which is $J$
# of the model without coefficients.

# %%
model = br.LinearModel(br.LaplacePrior(15.0), br.GaussianLikelihood(sigma))
mode = br.map_estimate(model, data, tol=1e-10)
print(mode)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for (intercept_a, coef_a), (intercept_b, coef_b) in zip(points[:100], points[100:], strict=True):
    ends = objective(intercept_a, coef_a, mode.penalty) + objective(intercept_b, coef_b, mode.penalty)
    middle = objective((intercept_a + intercept_b) / 2.0, (coef_a + coef_b) / 2.0, mode.penalty)
    assert middle < ends / 2.0  # convex: below the chord, between any two of the random points

# %% [markdown]
# Here is the gap once more, from the formula alone. It sees the answer and the data, but not how the answer
# was found.


# %%
l1 = sigma**2 / 15.0
null_objective = 0.5 * np.sum((data.y - data.y.mean()) ** 2)


def lasso_gap(intercept, coef):
    """Return the relative duality gap of the lasso at any point."""
    residual = data.y - intercept - data.X @ coef
    theta = residual - residual.mean()
    theta = theta * min(1.0, l1 / np.abs(data.X.T @ theta).max())
    y_centred = data.y - data.y.mean()
    primal = 0.5 * residual @ residual + l1 * np.abs(coef).sum()
    dual = 0.5 * y_centred @ y_centred - 0.5 * np.sum((y_centred - theta) ** 2)
    return (primal - dual) / null_objective


# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert mode.duality_gap <= 1e-10
assert abs(lasso_gap(mode.intercept, mode.coef)) <= 1e-10
assert np.isclose(mode.certificate.null_objective, null_objective, rtol=1e-12)

# %% [markdown]
# Now spoil the answer. We multiply its largest coefficient by $1 + \delta$, with $\delta$ from $10^{-6}$
# to $0.1$.

# %%
largest = np.abs(mode.coef).argmax()
deltas = np.geomspace(1e-6, 1e-1, 26)


def spoiled(delta):
    """Return the mode with its largest coefficient multiplied by 1 + delta."""
    return mode.coef * (1.0 + delta * (np.arange(p) == largest))


gaps = np.array([lasso_gap(mode.intercept, spoiled(delta)) for delta in deltas])
minimum = objective(mode.intercept, mode.coef, mode.penalty)
excess = np.array([objective(mode.intercept, spoiled(delta), mode.penalty) for delta in deltas]) - minimum
excess = excess / null_objective

# %% [markdown]
# **A second way to spoil it.** Hand the same $J$ to a general-purpose optimiser (SciPy's L-BFGS-B) that
# does not know of kinks. It starts from least squares.


# %%
def objective_and_slope(parameters):
    """Return J and its slope, with sign(0) = 0 at the kink."""
    intercept, coef = parameters[0], parameters[1:]
    residual = data.y - intercept - data.X @ coef
    slope = np.append(-residual.sum(), -data.X.T @ residual + l1 * np.sign(coef))
    return 0.5 * residual @ residual + l1 * np.abs(coef).sum(), slope


start = np.append(least_squares.intercept, least_squares.coef)
general = minimize(
    objective_and_slope,
    start,
    jac=True,
    method="L-BFGS-B",
    options={"maxiter": 10_000, "maxfun": 100_000, "ftol": 1e-15, "gtol": 1e-10},
)
general_coef = general.x[1:]
zeros_mode, zeros_general = int(np.sum(mode.coef == 0.0)), int(np.sum(general_coef == 0.0))
general_gap = lasso_gap(general.x[0], general_coef)
print(
    f"exact zeros: {zeros_mode} in the mode, {zeros_general} from L-BFGS-B; gap of L-BFGS-B {general_gap:.1e}"
)

# %% [markdown]
# **Picture.** Left: the gap beside the true excess. Right: what the two answers look like on a
# logarithmic axis.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.loglog(deltas, gaps, "o-", color=BLUE, markersize=3, label="duality gap")
left.loglog(deltas, excess, "s-", color=ORANGE, markersize=3, label="true excess of J")
left.axhline(1e-10, color="0.4", linestyle="--", label="what we accept: 1e-10")
left.set_xlabel("δ, relative error of one coefficient")
left.set_ylabel("share of the null model's J")
left.set_title("The gap sees a small error")
left.legend(frameon=False)
rows = np.arange(p)
right.plot(np.abs(mode.coef), rows, "o", color=BLUE, label="mode")
right.plot(np.abs(general_coef), rows, "x", color=ORANGE, label="L-BFGS-B")
right.set_xscale("symlog", linthresh=1e-15)
right.set_xlim(-3e-16, 1e4)
right.set_xticks([0.0, 1e-12, 1e-8, 1e-4, 1.0])
right.tick_params(axis="x", which="minor", bottom=False)
right.set_yticks(rows, data.feature_names)
right.invert_yaxis()
right.set_xlabel("|coefficient|, in units of y per unit of x")
right.set_title("Exact zeros, and almost zeros")
_ = right.legend(loc="upper right", frameon=False)
# %% [markdown]
# **Check.** The true excess never passes the gap. An error of $10^{-3}$ in one coefficient lifts the gap
# a million times above the $10^{-10}$ that we accept. For a small error $\delta$ the excess falls like
# $\delta^2$, but the gap only like $\delta$: the certificate is the sharper witness.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.all(excess <= gaps)
assert lasso_gap(mode.intercept, spoiled(1e-3)) > 1e6 * 1e-10
small = deltas < 1e-3
for values, power in ((gaps, 1.0), (excess, 2.0)):
    slope = np.polyfit(np.log(deltas[small]), np.log(values[small]), 1)[0]
    print(f"slope on the logarithmic axes: {slope:.3f}")
    assert abs(slope - power) < 0.01

# %% [markdown]
# The gap also sees a false zero, or the reverse. We set the mode's zeros to a thousandth of the largest
# coefficient, and then the mode's smallest nonzero coefficient to 0.

# %%
filled = np.where(mode.coef == 0.0, 1e-3 * np.abs(mode.coef).max(), mode.coef)
smallest = np.abs(mode.coef[mode.coef != 0.0]).min()
emptied = np.where(np.abs(mode.coef) == smallest, 0.0, mode.coef)

print(f"filled: {lasso_gap(mode.intercept, filled):.1e}, emptied: {lasso_gap(mode.intercept, emptied):.1e}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert lasso_gap(mode.intercept, filled) > 1e-6
assert lasso_gap(mode.intercept, emptied) > 1e-6

# %% [markdown]
# The general-purpose optimiser reports success. Yet its $J$ is higher and its gap is large. The mode has six
# exact zeros, and it has none.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert general.success
assert general.fun > minimum
assert general_gap > 1e-6
assert zeros_mode == 6
assert zeros_general == 0

# %% [markdown]
# ## 6. Ridge in closed form, "almost the same"
#
# **Question.** A teaching text computes ridge in closed form, $(X^\top X + \lambda I)^{-1} X^\top y$, finds
# 1.998 and 2.937, and scikit-learn finds 1.979 and 2.973: "almost the same". Both are said to minimise the
# same sum. So why are they not *the same*?
#
# **Model.** The text means well with its noise, and the mistake is easy to make: it adds
# `np.random.normal(beta.shape[0])` to $X\beta$. That call makes *one* number, Normal with mean
# `beta.shape[0]` $= 1$, and adds it to every row. So its data have no noise but an intercept.
# scikit-learn's `Ridge` fits an intercept, the closed form as written fits none.
#
# The text does not fix its random numbers, so nobody can get its four digits again. We make data in the same
# way, with 100 rows, and a seed for which the one number is near its mean.

# %%
rng = np.random.default_rng(43)
beta = np.array([[2.0, 3.0]])
toy_rows = rng.normal(size=(100, 2))
shift = rng.normal(beta.shape[0])
toy_y = toy_rows @ beta[0] + shift
toy = br.RowData.from_arrays(toy_rows, toy_y)
strength = 1.0  # the text's λ

print(f"added to every row: {shift:.2f}")


def closed_form(A, b, l2):
    """Return the ridge estimate without an intercept; `l2` is a number or one for each column."""
    return np.linalg.solve(A.T @ A + np.diag(np.broadcast_to(l2, A.shape[1])), A.T @ b)


def ridge_mode(data, fit_intercept):
    """Return the mode under a Gaussian prior of scale 1/√λ, for σ = 1."""
    prior = br.Penalty(l2=strength).to_prior(1.0)
    return br.map_estimate(br.LinearModel(prior, br.GaussianLikelihood(1.0), fit_intercept), data).coef


as_written = closed_form(toy_rows, toy_y, strength)
centred = closed_form(toy_rows - toy_rows.mean(axis=0), toy_y - toy_y.mean(), strength)
with_ones = closed_form(np.column_stack([np.ones(100), toy_rows]), toy_y, [0.0, strength, strength])

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.ndim(shift) == 0  # one number, no noise
assert abs(shift - beta.shape[0]) < 0.1

# %% [markdown]
# **Picture.** We let the one number run from −1 to 3. The closed form as written follows it, because a column
# whose mean is not exactly 0 takes over a part of the missing intercept. The fits with an intercept do not
# move.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
shifts = np.linspace(-1.0, 3.0, 9)
moved = [br.RowData.from_arrays(toy_rows, toy_rows @ beta[0] + one) for one in shifts]
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharex=True, layout="constrained")
for j, ax in enumerate(axes):
    for fit_intercept, colour, style, marker, label in (
        (False, ORANGE, "--", "s", "no intercept"),
        (True, BLUE, "-", "o", "intercept"),
    ):
        formula, theirs = np.empty((2, shifts.size))
        for k, one in enumerate(moved):
            A, b = (one.X - one.X.mean(axis=0), one.y - one.y.mean()) if fit_intercept else (one.X, one.y)
            formula[k] = closed_form(A, b, strength)[j]
            theirs[k] = (
                linear_model.Ridge(alpha=strength, fit_intercept=fit_intercept).fit(one.X, one.y).coef_[j]
            )
            # claim C4
            assert abs(formula[k] - theirs[k]) <= 1e-10
        ax.plot(shifts, formula, style, color=colour, label=f"closed form, {label}")
        ax.plot(shifts, theirs, marker, color=colour, fillstyle="none", label=f"scikit-learn, {label}")
    ax.axvline(shift, color="0.6", linestyle=":", zorder=0)
    ax.set_xlabel("number added to each row, units of y")
    ax.set_ylabel(f"coefficient {j + 1}, y per unit of x")
fig.suptitle("Ridge with and without an intercept (dotted line: the number that was drawn)")
_ = fig.legend(*ax.get_legend_handles_labels(), loc="outside right center", frameon=False)

# %% [markdown]
# **Check.** Once both fit an intercept, or both fit none, they agree to $10^{-10}$, and so does the mode
# under a Gaussian prior. There are two ways of fitting it in closed form: centre everything, or add a
# column of ones that is not penalised. What is left of "almost" is the intercept, to the last digit: the
# closed form as written, minus what the number adds to it, is the fit of the data without the number.

# %%
sklearn_ridge = linear_model.Ridge(alpha=strength).fit(toy_rows, toy_y)
without = linear_model.Ridge(alpha=strength, fit_intercept=False).fit(toy_rows, toy_y).coef_
print("no intercept:   closed form", as_written.round(3), " scikit-learn", without.round(3))
print("with intercept: closed form", centred.round(3), " scikit-learn", sklearn_ridge.coef_.round(3))

added = closed_form(toy_rows, np.full(100, shift), strength)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim C4
assert np.abs(as_written - without).max() <= 1e-10
assert np.abs(as_written - ridge_mode(toy, False)).max() <= 1e-10
assert np.abs(centred - sklearn_ridge.coef_).max() <= 1e-10
assert np.abs(centred - ridge_mode(toy, True)).max() <= 1e-10
assert np.abs(with_ones - [sklearn_ridge.intercept_, *sklearn_ridge.coef_]).max() <= 1e-10
assert np.abs(as_written - added - closed_form(toy_rows, toy_rows @ beta[0], strength)).max() <= 1e-10
assert 0.01 < np.abs(as_written - sklearn_ridge.coef_).max() < 0.2

# %% [markdown]
# ## 7. Coordinate descent, and three readings of λ
#
# **Question.** Another text writes its own solver of the lasso, finds 1.00 and 2.00, and scikit-learn finds
# 1.11 and 2.04. Again "almost the same". It gives neither data nor code, so we cannot compute these numbers
# again. But can two *correct* solvers differ that much?
#
# **Model.** Coordinate descent minimises $J$ over one coefficient at a time. That is a problem in one
# number, and its answer is the soft threshold. With $G = X^\top X$ and $c = X^\top y$:
#
# $$
# \beta_j \leftarrow \frac{S(\rho_j, \lambda_1)}{G_{jj}}, \qquad
# \rho_j = c_j - \sum_{k \ne j} G_{jk}\beta_k, \qquad
# S(\rho, \lambda) = \operatorname{sign}(\rho)\,\max(\lvert\rho\rvert - \lambda, 0).
# $$


# %%
def coordinate_descent(gram, cross, l1, coef):
    """Yield the coefficients after each update; a second axis of `coef` in front holds many starts."""
    coef = np.array(coef)
    while True:
        for j in range(cross.size):
            rho = cross[j] - coef @ gram[:, j] + gram[j, j] * coef[..., j]
            coef[..., j] = np.sign(rho) * np.maximum(np.abs(rho) - l1, 0.0) / gram[j, j]
            yield coef.copy()


def descend(A, b, l1, n_steps):
    """Return the points of coordinate descent from 0, for data without an intercept."""
    start = np.zeros(A.shape[1])
    return np.array([start, *islice(coordinate_descent(A.T @ A, A.T @ b, l1, start), n_steps)])


# %% [markdown]
# **Picture.** The path on the contours of the loss. Left: the data of section 6, whose two columns are
# nearly uncorrelated; a few updates end it. Right: the second column is mixed with the first, to a
# correlation of 0.9, and the path becomes a staircase. The yellow diamond is the penalty's level through
# the mode.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
mixed_rows = toy_rows @ np.linalg.cholesky([[1.0, 0.9], [0.9, 1.0]]).T
mixed = br.RowData.from_arrays(mixed_rows, mixed_rows @ beta[0] + shift)

fig, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
for ax, one, title in zip(axes, (toy, mixed), ("nearly uncorrelated", "correlation 0.9"), strict=True):
    A, b = one.X - one.X.mean(axis=0), one.y - one.y.mean()
    steps = descend(A, b, 100.0, 1000)
    lasso_model = br.LinearModel(br.LaplacePrior(1.0 / 100.0), br.GaussianLikelihood(1.0))
    br.plot_geometry(lasso_model, one, ax, steps=steps[:60])
    ax.set_title(title)
    # claim C3
    assert np.abs(steps[-1] - br.map_estimate(lasso_model, one).coef).max() <= 1e-9
axes[0].get_legend().remove()
_ = axes[1].set(adjustable="box", xlim=(-1.0, 5.0), ylim=(-1.0, 4.5))

# %% [markdown]
# **Readings.** "The lasso with penalty 1" is not one problem but several. Texts write the loss as
# $\frac12$RSS, as RSS$/n$ or as RSS$/(2n)$, which makes $\lambda_1$ equal to 1, $n/2$ or $n$. And some fit an
# intercept, some do not. We solve all six with coordinate descent, as modes and with scikit-learn.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rows = []
for loss, reading in (("½ RSS", 1.0), ("RSS / n", 50.0), ("RSS / (2n)", 100.0)):
    for fit_intercept in (False, True):
        A, b = (
            (toy_rows - toy_rows.mean(axis=0), toy_y - toy_y.mean()) if fit_intercept else (toy_rows, toy_y)
        )
        own = descend(A, b, reading, 200)[-1]
        lasso_model = br.LinearModel(
            br.Penalty(l1=reading).to_prior(1.0), br.GaussianLikelihood(1.0), fit_intercept
        )
        alpha = float(br.translate(br.Penalty(l1=reading), "Penalty", "sklearn.Lasso", y=toy_y))
        solver = linear_model.Lasso(alpha=alpha, fit_intercept=fit_intercept, tol=1e-13)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # we judge the answer ourselves
            theirs = solver.fit(toy_rows, toy_y).coef_
        # claim C3
        assert np.abs(own - br.map_estimate(lasso_model, toy).coef).max() <= 1e-9
        assert np.abs(own - theirs).max() <= 1e-9
        rows.append((loss, fit_intercept, *own))
readings = pd.DataFrame(rows, columns=["loss", "intercept", "coef 1", "coef 2"]).set_index(
    ["loss", "intercept"]
)
readings.round(2)

# %% [markdown] **Check.** Under one convention the three agree to $10^{-9}$. Between conventions they do
# not agree at all. RSS$/(2n)$, which is scikit-learn's, takes about 1 from each coefficient: 2 and 3 become
# about 1 and 2, as in the text. $\frac12$RSS takes about 0.01. The intercept alone moves a coefficient by
# about as much as the text's two solvers differ.
#
# Was that luck? We draw 1,000 data sets like these and count in how many of them the intercept alone moves
# a coefficient by the text's 0.11 or more.

# %%
rng = np.random.default_rng(21)
differences = np.empty(1000)
for k in range(differences.size):
    A = rng.normal(size=(100, 2))
    b = A @ beta[0] + rng.normal(beta.shape[0])
    without_it = descend(A, b, 100.0, 20)[-1]
    with_it = descend(A - A.mean(axis=0), b - b.mean(), 100.0, 20)[-1]
    differences[k] = np.abs(without_it - with_it).max()
share = np.mean(differences >= 0.11)
print(f"the intercept moves a coefficient by 0.11 or more in {100 * share:.0f}% of the data sets")

first = readings["coef 1"]

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim C3
assert abs(first["½ RSS", True] - first["RSS / (2n)", True]) > 0.9
assert np.abs(readings.xs("RSS / (2n)") - [1.0, 2.0]).to_numpy().max() < 0.25
assert np.abs(readings.loc["½ RSS", True] - beta[0]).max() < 0.015
assert 0.05 < np.abs(readings.xs(False, level=1) - readings.xs(True, level=1)).to_numpy().max() < 0.3
assert 0.3 < share < 0.6

# %% [markdown]
# ## 8. One lowest value, from any start
#
# **Question.** Could another start lead to another, better answer?
#
# **Model.** $J$ is a convex loss plus a convex penalty, hence convex, and a convex function has only one
# valley. That is about the *value*. A unique *place* needs more: a strictly convex $J$. Ridge always has it;
# the lasso has it if no columns are redundant.
#
# We send 200 random starts down by coordinate descent. First the diabetes data with section 5's penalty. Then
# the same data with `bmi` there twice.

# %%
rng = np.random.default_rng(22)
centred_rows, centred_y = data.X - data.X.mean(axis=0), data.y - data.y.mean()


def values_of_lasso(A, coefs):
    """Return the lasso's J at the best intercept as a share of the null model's, for each row of `coefs`."""
    residuals = centred_y - coefs @ A.T
    return (0.5 * np.sum(residuals**2, axis=-1) + l1 * np.abs(coefs).sum(axis=-1)) / null_objective


def from_random_starts(A, n_sweeps):
    """Return J after each sweep (sweep, start) and the last points (start, column), from 200 random starts."""
    gram, cross, q = A.T @ A, A.T @ centred_y, A.shape[1]
    start = rng.normal(0.0, 500.0, size=(200, q))
    values = [values_of_lasso(A, start)]
    for k, coefs in enumerate(islice(coordinate_descent(gram, cross, l1, start), q * n_sweeps)):
        if k % q == q - 1:
            values.append(values_of_lasso(A, coefs))
    return np.array(values), coefs


values, ends = from_random_starts(centred_rows, 100)
twice = np.column_stack([centred_rows, centred_rows[:, bmi]])
values_twice, ends_twice = from_random_starts(twice, 100)
lower_bound = mode.certificate.dual / null_objective

# %% [markdown]
# **Picture.** Left: all starts come down to one value; the lines end where rounding begins. Right: where
# they end when `bmi` is there twice. Each dot is a start, and all lie on one line: the sum of the two is
# decided, how it is shared is not.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.plot(np.maximum(values - lower_bound, 1e-17), color=BLUE, alpha=0.15, linewidth=0.7)
left.set_yscale("log")
left.set_xlim(0, 60)
left.set_xlabel("sweeps over the ten coefficients")
left.set_ylabel("J above its proven lower bound,\nshare of null")
left.set_title("200 starts, one lowest value")
total = mode.coef[bmi]
right.plot([0.0, total], [total, 0.0], color="0.6", label=f"sum {total:.1f}, both ≥ 0")
right.plot(ends_twice[:, bmi], ends_twice[:, -1], "o", color=ORANGE, fillstyle="none", label="end of a start")
half = br.map_estimate(
    br.LinearModel(br.GaussianPrior(50.0), br.GaussianLikelihood(sigma)),
    br.RowData.from_arrays(twice, data.y),
).coef
right.plot(half[bmi], half[-1], "D", color=BLUE, label="ridge: shared evenly")
right.set_xlabel("coefficient of bmi, in units of y per unit of x")
right.set_ylabel("coefficient of its copy")
right.set_title("One value, many places")
_ = right.legend(frameon=False)

# %% [markdown]
# **Check.** All 200 values of $J$ agree with the mode's to $10^{-12}$ of the null model's. With distinct
# columns so do the places. With `bmi` twice the value is the *same* number still, the predictions are the
# same, and the pair can be anywhere on the line. `bayesreg` returns one of these places, and its
# certificate is about the value. Ridge has one place, and there the two coefficients are equal.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
lowest = objective(mode.intercept, mode.coef, mode.penalty) / null_objective
# claim E4
assert np.abs(values[-1] - lowest).max() <= 1e-12
assert np.abs(ends - mode.coef).max() <= 1e-9 * np.abs(mode.coef).max()
assert np.abs(values_twice[-1] - lowest).max() <= 1e-12
assert np.abs(ends_twice[:, bmi] + ends_twice[:, -1] - total).max() <= 1e-9 * total
assert np.ptp(ends_twice[:, bmi]) > 0.99 * total
assert np.abs(twice @ (ends_twice - ends_twice[0]).T).max() <= 1e-9 * np.abs(data.y).max()
assert abs(half[bmi] - half[-1]) <= 1e-9 * abs(half[bmi])

# %% [markdown]
# The proof is the duality gap. Its lower bound holds for *every* point, so for each of the 40,400 values
# that the starts went through, and it equals the mode's $J$ to $10^{-10}$. No start that we did not try can
# do better.

# %%
copy_mode = br.map_estimate(model, br.RowData.from_arrays(twice, data.y))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert values.size + values_twice.size == 2 * 101 * 200
# claim E4
assert min(values.min(), values_twice.min()) >= lower_bound - 1e-15
assert 0.0 <= lowest - lower_bound <= 1e-10
assert copy_mode.duality_gap <= 1e-10
assert np.isclose(copy_mode.certificate.primal, mode.certificate.primal, rtol=1e-12)

# %% [markdown]
# ## 9. The formulas for a diagonal Hessian
#
# **Question.** Some texts derive closed formulas for both penalties from a quadratic approximation of the
# loss around its minimum $w^*$, with a Hessian $H$ that is assumed *diagonal*:
#
# $$
# w_j = \operatorname{sign}(w_j^*)\,\max\Bigl(\lvert w_j^*\rvert - \frac{\alpha}{H_{jj}},\, 0\Bigr) \quad (L_1),
# \qquad w_j = \frac{H_{jj}}{H_{jj} + \alpha}\, w_j^* \quad (L_2).
# $$
#
# One of them asks why it may be assumed diagonal. When is it?
#
# **Model.** For least squares the approximation is exact, with $H = X^\top X$. It is diagonal if the columns
# are orthogonal. Then $J$ is a sum of functions of one coefficient each. Each is solved on its own, and the
# formulas are its solution.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rng = np.random.default_rng(23)
gaussian_rows = rng.normal(size=(50, 5))
orthonormal = np.linalg.qr(gaussian_rows - gaussian_rows.mean(axis=0))[0]
H = np.array([1.0, 4.0, 9.0, 25.0, 100.0])
orthogonal = br.RowData.from_arrays(
    orthonormal * np.sqrt(H), 3.0 + orthonormal @ [4.0, -2.0, 0.5, 3.0, -8.0] + rng.normal(size=50)
)
w_star = orthogonal.X.T @ orthogonal.y / H

for alpha in (0.1, 1.0, 3.0, 10.0):
    soft = np.sign(w_star) * np.maximum(np.abs(w_star) - alpha / H, 0.0)
    shrunk = H / (H + alpha) * w_star
    for formula, penalty in ((soft, br.Penalty(l1=alpha)), (shrunk, br.Penalty(l2=alpha))):
        one = br.LinearModel(penalty.to_prior(1.0), br.GaussianLikelihood(1.0))
        found = br.map_estimate(one, orthogonal)
        # claim B1
        assert np.abs(found.coef - formula).max() <= 1e-10
        assert np.array_equal(found.coef == 0.0, formula == 0.0)
    print(f"alpha = {alpha:4.1f}: L1 gives", soft.round(3) + 0.0)

# %% [markdown]
# **So why diagonal?** Because the general case has no such formula for $L_1$. For $L_2$ it is no
# restriction: turn the axes to the eigenvectors of $H$. The circle does not change when it is turned, and
# along each eigenvector the formula is exact, whatever the correlations. The diamond does change: its
# corners lie on the axes of the original coefficients. So $L_1$ has no formula in the eigenvectors, and
# needs an algorithm.

# %%
h, V = np.linalg.eigh(centred_rows.T @ centred_rows)
w_star = least_squares.coef
in_eigenvectors = V @ (h / (h + l1) * (V.T @ w_star))
ridge_there = br.map_estimate(
    br.LinearModel(br.Penalty(l2=l1).to_prior(sigma), br.GaussianLikelihood(sigma)), data
)
turned = V.T @ w_star
soft_turned = V @ (np.sign(turned) * np.maximum(np.abs(turned) - l1 / h, 0.0))
off = np.abs(soft_turned - mode.coef).max() / np.abs(mode.coef).max()
print(f"L1 in eigenvectors: off by {off:.2f} of the largest coefficient")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim B1
assert np.abs(in_eigenvectors - ridge_there.coef).max() <= 1e-10 * np.abs(ridge_there.coef).max()
assert off > 0.1

# %% [markdown]
# **Picture.** How far are the formulas off when columns correlate? Two columns of unit length with
# correlation $\rho$, so $H_{jj} = 1$; $w^* = (2, 1)$ and $\alpha = \frac12$. The diagonal of $H$ does not
# know of $\rho$, so the formulas give the same for all $\rho$. The modes do not.

# %%
correlations = np.linspace(-0.95, 0.95, 77)
w_star, alpha = np.array([2.0, 1.0]), 0.5
formulas = {"L1": w_star - alpha, "L2": w_star / (1.0 + alpha)}
exact = {"L1": np.empty((77, 2)), "L2": np.empty((77, 2))}
for k, rho in enumerate(correlations):
    pair = orthonormal[:, :2] @ np.linalg.cholesky([[1.0, rho], [rho, 1.0]]).T
    pair_data = br.RowData.from_arrays(pair, pair @ w_star)
    for name, penalty in (("L1", br.Penalty(l1=alpha)), ("L2", br.Penalty(l2=alpha))):
        one = br.LinearModel(penalty.to_prior(1.0), br.GaussianLikelihood(1.0))
        exact[name][k] = br.map_estimate(one, pair_data).coef

fig, axes = plt.subplots(1, 2, figsize=(10, 4.0), sharey=True, layout="constrained")
for ax, name in zip(axes, ("L1", "L2"), strict=True):
    for j, (colour, style) in enumerate(((BLUE, "-"), (ORANGE, "--"))):
        ax.plot(correlations, exact[name][:, j], style, color=colour, label=f"coefficient {j + 1}, mode")
        ax.axhline(formulas[name][j], color=colour, linestyle=":", label=f"coefficient {j + 1}, formula")
    ax.set_xlabel("correlation ρ of the two columns")
    ax.set_title(name)
axes[0].set_ylabel("coefficient, y per unit of x")
_ = axes[1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)

# %% [markdown]
# **Check.** The formulas are right at $\rho = 0$ only. While both coefficients are positive, the exact $L_1$
# answer is $w^* - \frac{\alpha}{1+\rho}(1, 1)$, so the formula is off by $\alpha\rho/(1+\rho)$. At
# $\rho = 0.95$ it takes about twice as much from each coefficient as it should; at $\rho = -0.95$ the second
# coefficient is in truth 0. On the diabetes data, whose blood values correlate up to 0.9, the formula with
# section 5's penalty is off by more than the largest coefficient itself.

# %%
inside = exact["L1"].min(axis=1) > 0.0
expected = w_star - (alpha / (1.0 + correlations[inside]))[:, None]
diagonal = np.sign(least_squares.coef) * np.maximum(np.abs(least_squares.coef) - l1, 0.0)
worst = np.abs(diagonal - mode.coef).max() / np.abs(mode.coef).max()
print(f"diabetes: the diagonal formula is off by {worst:.2f} of the largest coefficient")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim B1
assert np.abs(exact["L1"][inside] - expected).max() <= 1e-10
assert np.abs(exact["L1"][38] - formulas["L1"]).max() <= 1e-10
assert np.abs(exact["L2"][38] - formulas["L2"]).max() <= 1e-10
assert correlations[inside].min() < -0.4
assert exact["L1"][0, 1] == 0.0
assert worst > 1.0
assert 0.85 < np.corrcoef(data.X.T)[np.triu_indices(p, 1)].max() < 0.95

# %% [markdown]
# ## 10. The data can come in pieces
#
# **Question.** Must all rows be in memory?
#
# **Model.** No. $J$ needs the rows only through sums, and sums can be added up block by block:
#
# $$
# \tfrac12\sum_i r_i^2 = \tfrac12 y_c^\top y_c - c^\top\beta + \tfrac12\beta^\top G\beta
# \quad \text{at the best intercept, with } G = X_c^\top X_c \text{ and } c = X_c^\top y_c .
# $$

# %%
borders = [3, 10, 60, 61, 200, 350]  # seven blocks of very different size; one is a single row
blocks = list(zip(np.split(data.X, borders), np.split(data.y, borders), strict=True))
gram = br.GramData.from_chunks(blocks, feature_names=data.feature_names)

sizes = [len(block_y) for _, block_y in blocks]
print("rows in each block:", *sizes)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert len(sizes) == 7
assert len(set(sizes)) == 7
assert sum(sizes) == gram.n_samples == n

# %% [markdown]
# The formula, checked against the rows at a random point:

# %% jupyter={"source_hidden": true} tags=["hide-input"]
coef = rng.normal(0.0, 500.0, size=p)
intercept = gram.y_mean - gram.x_mean @ coef
from_sums = 0.5 * gram.response_ss - gram.cross @ coef + 0.5 * coef @ gram.gram @ coef
assert np.isclose(from_sums, objective(intercept, coef, br.Penalty()), rtol=1e-12)

# %% [markdown]
# **Picture.** The three paths again, now from the seven blocks, and how far they are from the paths
# computed from the rows.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
paths = {
    "lasso": (br.LaplacePrior(1.0), lasso),
    "ridge": (br.GaussianPrior(1.0), ridge),
    "elastic net": (br.ElasticNetPrior(1.0, 20.0), net),
}
sd = data.X.std(axis=0)

fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
looks = (("o", BLUE), ("s", ORANGE), ("^", GREEN))
for (name, (prior, from_rows)), (marker, colour) in zip(paths.items(), looks, strict=True):
    model = br.LinearModel(prior, br.GaussianLikelihood(sigma))
    from_blocks = br.map_path(model, gram, scales=from_rows.scales, tol=1e-10)
    size = np.maximum((np.abs(from_rows.coefs) * sd).max(axis=1), 1e-300)
    difference = (np.abs(from_blocks.coefs - from_rows.coefs) * sd).max(axis=1) / size
    ax.plot(from_rows.scales, difference, marker, color=colour, markersize=4, fillstyle="none", label=name)
    print(f"{name:12s} largest difference {difference.max():.1e}, gap {from_blocks.duality_gaps.max():.1e}")
    assert difference.max() <= 1e-10
    assert np.array_equal(from_blocks.coefs == 0.0, from_rows.coefs == 0.0)
    assert from_blocks.duality_gaps.max() <= 1e-10
    assert {certificate.source for certificate in from_blocks.certificates} == {"gram"}
ax.axhline(1e-10, color="0.4", linestyle="--", label="bound: 1e-10")
ax.set_xscale("log")
ax.set_yscale("symlog", linthresh=1e-16)
ax.set_ylim(-3e-17, 1e-9)
ax.set_yticks([0.0, 1e-16, 1e-14, 1e-12, 1e-10])
ax.tick_params(axis="y", which="minor", left=False)
ax.set_xlabel("prior scale, in units of y per unit of x")
ax.set_ylabel("largest difference,\nshare of the largest coefficient")
ax.set_title("Seven blocks against all rows at once")
_ = ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
# %% [markdown] **Check.** The coefficients agree to $10^{-10}$, the zeros are the same, and the gaps,
# computed from the sums alone, are at most $10^{-10}$.
#
# ## 11. The mode knows σ and b only together
#
# **Question.** Must we know the noise scale to find the lasso?
#
# **Model.** For the mode only one number matters: $\lambda_1 = \sigma^2/b$. Twice the noise and four
# times the prior scale give the same coefficients.

# %%
one = br.map_estimate(br.LinearModel(br.LaplacePrior(15.0), br.GaussianLikelihood(sigma)), data)
two = br.map_estimate(br.LinearModel(br.LaplacePrior(60.0), br.GaussianLikelihood(2.0 * sigma)), data)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(one.penalty.l1, two.penalty.l1, rtol=1e-14)
assert np.allclose(one.coef, two.coef, rtol=0.0, atol=1e-12 * np.abs(one.coef).max())
assert np.array_equal(one.coef == 0.0, two.coef == 0.0)
assert np.isclose(one.intercept, two.intercept, rtol=1e-12)

# %% [markdown]
# **Picture.** The number of nonzero coefficients for many pairs $(\sigma, b)$. From one row to the next
# $\sigma^2$ grows by the same factor as $b$ does from one column to the next. So the lines of equal
# $\sigma^2/b$ are the diagonals of the grid.

# %%
factor = 10.0**0.125
noise_scales = 10.0 * factor ** (np.arange(25) / 2.0)
prior_scales = 0.5 * factor ** np.arange(33)
modes = np.array(
    [
        br.map_path(
            br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(s)), data, scales=prior_scales
        ).coefs
        for s in noise_scales
    ]
)
count = np.count_nonzero(modes, axis=2)

fig, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
colours = plt.get_cmap("viridis", p + 1)
mesh = ax.pcolormesh(prior_scales, noise_scales, count, cmap=colours, vmin=-0.5, vmax=p + 0.5)
for strength in (10.0, 100.0, 1000.0):
    ax.plot(prior_scales, np.sqrt(strength * prior_scales), color="white", linewidth=1)
    middle = 500.0 / np.sqrt(strength)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 2.0}
    ax.text(middle, np.sqrt(strength * middle), f"σ²/b = {strength:.0f}", ha="center", va="center", bbox=box)
ax.set_xscale("log")
ax.set_yscale("log")
ax.set_xlim(prior_scales[0], prior_scales[-1])
ax.set_ylim(noise_scales[0], noise_scales[-1])
ax.set_xlabel("prior scale b, in units of y per unit of x")
ax.set_ylabel("noise scale σ, in units of y")
ax.set_title("Along a line of equal σ²/b the mode does not change")
_ = fig.colorbar(mesh, ticks=np.arange(p + 1), label="nonzero coefficients")
# %% [markdown]
# **Check.** Along every diagonal all coefficients are the same, not only their number.

# %%
size = np.abs(modes).max()
along = np.abs(modes[1:, 1:] - modes[:-1, :-1]).max()
print(f"largest step along a diagonal: {along / size:.1e} of the largest coefficient")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert along <= 1e-11 * size
assert np.array_equal(modes[1:, 1:] == 0.0, modes[:-1, :-1] == 0.0)

# %% [markdown]
# But the two *posteriors* are not the same. From the mode to any other point, the log posterior of the second
# pair falls by only a quarter of what it falls by in the first, because the same $J$ is divided by
# $4\sigma^2$ instead of $\sigma^2$. So the mode alone does not say how sure we may be. For that we need
# $\sigma$ and $b$ separately, and the whole posterior.


# %%
def log_posterior(coef, noise_scale, scale):
    """Return the log posterior at the mode's intercept, up to a constant."""
    log_likelihood = norm.logpdf(data.y, loc=one.intercept + data.X @ coef, scale=noise_scale).sum()
    return log_likelihood + br.LaplacePrior(scale).log_prob(coef).sum()


# %% jupyter={"source_hidden": true} tags=["hide-input"]
for _ in range(20):
    elsewhere = one.coef + rng.normal(0.0, 100.0, size=p)
    fall_one = log_posterior(one.coef, sigma, 15.0) - log_posterior(elsewhere, sigma, 15.0)
    fall_two = log_posterior(one.coef, 2.0 * sigma, 60.0) - log_posterior(elsewhere, 2.0 * sigma, 60.0)
    assert fall_one > 0.0
    assert np.isclose(fall_two, fall_one / 4.0, rtol=1e-9)

# %% [markdown]
# ## What was shown
#
# Six paths, each with 40 prior scales: the mode of the posterior is the penalised least-squares fit, for
# every penalty, with more rows than columns and with fewer. If two correct solvers are "almost the same",
# they differ in a convention, and we can name it: the intercept (section 6), or what the loss is divided by
# (section 7). $J$ has one lowest value, but it may have several places (section 8). The formulas for a
# diagonal Hessian hold for orthogonal columns (section 9). The largest differences and gaps on the six paths:

# %%
table = pd.DataFrame(results).set_index(["data", "penalty"])
table.map(lambda value: f"{value:.1e}" if isinstance(value, float) else value)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert len(table) == 6
assert (table["scales"] == 40).all()
# claim C6
assert table[["from scikit-learn", "from closed form"]].to_numpy().max() <= 1e-9
assert table["duality gap"].max() <= 1e-10
