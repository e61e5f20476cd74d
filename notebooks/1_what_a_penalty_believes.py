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
# # What a penalty believes
#
# A regression with a penalty prefers small coefficients. It does not say why. A Bayesian who writes down a
# prior also prefers small coefficients, and says why: that was the belief before the data came. It is one
# preference in two notations: **a penalty is a negative log prior**, up to a constant.
#
# This notebook looks at one coefficient at a time. We ask what $\lvert\beta\rvert$ believes, what $\beta^2$
# believes, and why one of them gives exact zeros and the other does not. The whole fit is the subject of
# the next notebook. A check in code follows each statement, folded out of the way. If the statement were
# false, the notebook would stop there.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $n, p$ | | number of rows and of columns |
# | $\beta$ | `coef` | the coefficients; many texts write $w$ |
# | $\sigma$ | `noise_scale` | standard deviation of the noise, in units of $y$ |
# | $b$ | `LaplacePrior.scale` | Laplace prior: density $e^{-\lvert\beta\rvert/b}/(2b)$ |
# | $\tau$ | `GaussianPrior.scale` | standard deviation of the Gaussian prior |
# | $\lambda_1, \lambda_2$ | `Penalty.l1`, `Penalty.l2` | penalties beside $\lvert\beta\rvert$ and $\frac12\beta^2$ |

# %%
from fractions import Fraction

import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize_scalar
from sklearn.datasets import load_diabetes

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"  # told apart by colour-blind readers
PURPLE, YELLOW, SKY = "#CC79A7", "#E69F00", "#56B4E9"

# %% [markdown]
# The data: 442 patients with diabetes, ten columns that are centred and have unit length, and the progress
# of the disease after one year, a score without a physical unit. We take $\sigma$ as known, as least
# squares estimates it.

# %%
X, y = load_diabetes(return_X_y=True, as_frame=True)
data = br.RowData.from_arrays(X, y)
n, p = data.n_samples, data.n_features

least_squares = br.map_estimate(br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0)), data)
sigma = float(np.sqrt(2.0 * least_squares.certificate.primal / (n - p - 1)))
likelihood = br.GaussianLikelihood(sigma)
print(f"n = {n}, p = {p}, sigma = {sigma:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (n, p) == (442, 10)
assert np.allclose(np.linalg.norm(data.X, axis=0), 1.0)

# %% [markdown]
# ## 1. Two penalties, two beliefs
#
# **Question.** What do $\lvert\beta\rvert$ and $\beta^2$ believe of one coefficient, and what do they do to
# it?
#
# **Model.** Multiply a log density by $-\sigma^2$ and leave out what does not depend on $\beta$. What is left
# is a penalty beside $\frac12\sum_i r_i^2$:
#
# $$
# \text{Laplace: } \lambda_1\lvert\beta\rvert,\quad \lambda_1 = \frac{\sigma^2}{b}, \qquad
# \text{Gaussian: } \tfrac12\lambda_2\beta^2,\quad \lambda_2 = \frac{\sigma^2}{\tau^2}.
# $$
#
# For a fair comparison, both priors get the same standard deviation: $\tau = \sqrt2\,b$.

# %%
b = 50.0
laplace, gauss = br.LaplacePrior(b), br.GaussianPrior(np.sqrt(2.0) * b)
l1 = br.Penalty.from_prior(laplace, sigma).l1
l2 = br.Penalty.from_prior(gauss, sigma).l2
print(f"lambda_1 = {l1:.2f}, lambda_2 = {l2:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.isclose(l1, sigma**2 / b, rtol=1e-14)
assert np.isclose(l2, sigma**2 / (2.0 * b**2), rtol=1e-14)
assert np.isclose(stats.laplace(scale=b).std(), stats.norm(scale=gauss.scale).std())

# %% [markdown]
# **Picture.** The belief, its penalty, and the slope of that penalty: the pull towards 0 at each place.

# %%
fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
looks = ((laplace, "Laplace, |β|", BLUE, "-"), (gauss, "Gaussian, β²", ORANGE, "--"))
for prior, label, colour, style in looks:
    for draw, ax in ((br.plot_prior, axes[0]), (br.plot_penalty, axes[1])):
        draw(prior, sigma, ax)
        ax.lines[-1].set(color=colour, linestyle=style, label=label)
for left, right in ((-200.0, 0.0), (0.0, 200.0)):
    side = np.linspace(left, right, 50)
    axes[2].plot(side, np.full(50, l1 * np.sign(left + right)), color=BLUE)
axes[2].plot([0.0, 0.0], [-l1, l1], "o", color=BLUE, markersize=4, fillstyle="none")
side = np.linspace(-200.0, 200.0, 50)
axes[2].plot(side, l2 * side, color=ORANGE, linestyle="--")
axes[2].axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
axes[2].set_xlabel(axes[0].get_xlabel())
axes[2].set_ylabel("slope of the penalty, units of x·y")
for ax, title in zip(axes, ("Belief", "Penalty", "Pull"), strict=True):
    ax.set_xlim(-200.0, 200.0)
    ax.set_title(title)
axes[1].set_ylim(0.0, 14_000.0)
for ax, place in zip(axes, ("upper left", "upper center"), strict=False):
    ax.legend(loc=place, frameon=False)
# %% [markdown]
# **Check.** The densities are SciPy's, the penalties are the densities' logarithms, and the slopes are
# what finite differences of the log density give.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
coefs = np.linspace(-200.0, 200.0, 402)  # without 0
assert np.allclose(laplace.log_prob(coefs), stats.laplace.logpdf(coefs, scale=b), rtol=1e-13)
assert np.allclose(gauss.log_prob(coefs), stats.norm.logpdf(coefs, scale=gauss.scale), rtol=1e-13)
for prior, penalty, slope in (
    (laplace, l1 * np.abs(coefs), l1 * np.sign(coefs)),
    (gauss, 0.5 * l2 * coefs**2, l2 * coefs),
):
    minus_log = -(sigma**2) * (prior.log_prob(coefs) - prior.log_prob(0.0))
    difference = -(sigma**2) * (prior.log_prob(coefs + 1e-3) - prior.log_prob(coefs - 1e-3)) / 2e-3
    # claim A1
    assert np.allclose(minus_log, penalty, rtol=1e-11)
    assert np.allclose(difference, slope, rtol=1e-7, atol=1e-7 * l1)

# %% [markdown]
# So with the same standard deviation the Laplace prior believes more firmly in both extremes: almost nothing,
# and very large.

# %%
laws = (stats.laplace(scale=b), stats.norm(scale=gauss.scale))
small = [2.0 * law.cdf(0.1 * gauss.scale) - 1.0 for law in laws]
large = [2.0 * law.sf(3.0 * gauss.scale) for law in laws]
print(f"within 0.1 sd of 0: Laplace {small[0]:.3f}, Gaussian {small[1]:.3f}")
print(f"beyond 3 sd:        Laplace {large[0]:.4f}, Gaussian {large[1]:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert small[0] > 1.6 * small[1]
assert large[0] > 5.0 * large[1]

# %% [markdown]
# Now what they do. We take one real column, body mass index, and the part of $y$ that this column cannot
# explain, and add $z$ times the column. So the least-squares coefficient is $z$, whatever we like. The
# column has length 1, and the mode has a formula:
#
# $$
# \text{Laplace: } \operatorname{sign}(z)\,\max(\lvert z\rvert - \lambda_1, 0), \qquad
# \text{Gaussian: } \frac{z}{1 + \lambda_2}.
# $$
#
# The first is called soft thresholding. The second takes the same share from every value.

# %%
bmi = data.feature_names.index("bmi")
x = data.X[:, bmi]
unexplained = data.y - x * (x @ data.y)


def one_column(z):
    """Return the bmi column with a response whose least-squares coefficient is z."""
    return br.RowData.from_arrays(x[:, None], unexplained + z * x, feature_names=["bmi"])


def modes(prior, values):
    """Return the mode of the one coefficient for each least-squares value."""
    model = br.LinearModel(prior, likelihood)
    return np.array([br.map_estimate(model, one_column(z)).coef[0] for z in values])


z = np.linspace(-150.0, 150.0, 60)  # without 0
by_laplace, by_gauss = modes(laplace, z), modes(gauss, z)

# %% [markdown]
# **Picture.** Lines: the formulas. Circles: modes that `bayesreg` found on the 442 rows.

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True, layout="constrained")
panels = ((laplace, by_laplace, "Laplace: soft threshold"), (gauss, by_gauss, "Gaussian: the same share"))
for ax, (prior, found, title) in zip(axes, panels, strict=True):
    br.plot_shrinkage(prior, sigma, ax)
    ax.plot(z[::3], found[::3], "o", color=ORANGE, markersize=4, fillstyle="none", label="on the data")
    ax.set_xlim(-160.0, 160.0)
    ax.set_ylim(-160.0, 160.0)
    ax.set_title(title)
    ax.legend(loc="upper left", frameon=False)
_ = axes[1].set_ylabel("")
# %% [markdown]
# **Check.** Under the Laplace prior every value up to $\lambda_1$ becomes exactly 0. Under the Gaussian prior
# a small value becomes smaller, and never 0. That is the meaning of "L1 sets a small weight to 0, L2 leaves
# it small".

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A1
assert np.allclose(by_laplace, np.sign(z) * np.maximum(np.abs(z) - l1, 0.0), rtol=0.0, atol=1e-10)
assert np.array_equal(by_laplace == 0.0, np.abs(z) <= l1)
assert np.allclose(by_gauss, z / (1.0 + l2), rtol=0.0, atol=1e-10)
assert np.all(by_gauss != 0.0)
assert np.count_nonzero(by_laplace == 0.0) == 24

# %% [markdown]
# One caution. The zeros belong to the *mode*. The Laplace prior does not believe that any coefficient is
# exactly 0: it is a density, and gives a single point the probability 0. The smaller the interval around 0,
# the smaller its probability, in proportion.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
widths = b * np.array([1e-2, 1e-4, 1e-6])
around_zero = -np.expm1(-widths / b)  # P(|β| ≤ width)
assert np.allclose(around_zero, stats.laplace(scale=b).cdf(widths) - stats.laplace(scale=b).cdf(-widths))
assert np.allclose(around_zero / (widths / b), 1.0, rtol=1e-2)

# %% [markdown]
# ## 2. From the likelihood to the mode: add the log prior
#
# **Question.** What is the difference between maximum likelihood (MLE) and the mode of the posterior (MAP)?
#
# **Model.** One term:
#
# $$
# \hat\beta_\text{MLE} = \arg\max_\beta\, \log p(y \mid \beta), \qquad
# \hat\beta_\text{MAP} = \arg\max_\beta\, \bigl[\log p(y \mid \beta) + \log p(\beta)\bigr].
# $$
#
# We take the bmi column with its own response. The intercept has a flat prior. It is the mean of $y$,
# because the column is centred.

# %%
bmi_data = br.RowData.from_arrays(x[:, None], data.y, feature_names=["bmi"])
mle = float(br.map_estimate(br.LinearModel(br.FlatPrior(), likelihood), bmi_data).coef[0])
priors = {"Laplace": br.LaplacePrior(50.0), "Gaussian": br.GaussianPrior(200.0)}


def log_likelihood(slope):
    """Return log p(y | slope) at the best intercept."""
    residual = data.y - data.y.mean() - x * slope
    return stats.norm.logpdf(residual, scale=sigma).sum()


def highest(function):
    """Return where a function of one slope is highest, by trying."""
    found = minimize_scalar(lambda slope: -function(slope), bounds=(0.0, 2000.0), method="bounded",
                            options={"xatol": 1e-6})  # fmt: skip
    return float(found.x)


# %% [markdown]
# **Picture.** Each curve is shifted to be 0 at the MLE, so that the shapes can be compared. The log prior
# falls to the right. So the top of the sum is to the left of the likelihood's top.

# %%
slopes = np.linspace(700.0, 1150.0, 91)
fig, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, layout="constrained")
for ax, (name, prior) in zip(axes, priors.items(), strict=True):
    likely = np.array([log_likelihood(slope) for slope in slopes]) - log_likelihood(mle)
    believed = prior.log_prob(slopes) - prior.log_prob(mle)
    at_map = float(br.map_estimate(br.LinearModel(prior, likelihood), bmi_data).coef[0])
    height = log_likelihood(at_map) - log_likelihood(mle) + prior.log_prob(at_map) - prior.log_prob(mle)
    ax.plot(slopes, likely, color=BLUE, linestyle="--", label="log likelihood")
    ax.plot(slopes, believed, color=GREEN, linestyle=":", linewidth=2, label="log prior")
    ax.plot(slopes, likely + believed, color=ORANGE, label="their sum")
    ax.plot(mle, 0.0, "s", color=BLUE, markeredgecolor="black", label=f"MLE, {mle:.1f}")
    ax.plot(at_map, height, "D", color=ORANGE, markeredgecolor="black", label=f"MAP, {at_map:.1f}")
    ax.set_xlabel("coefficient of bmi, y per unit of x")
    ax.set_title(f"{name} prior, scale {prior.scale:.0f}")
    ax.legend(loc="lower center", frameon=False)
_ = axes[0].set_ylabel("log density, 0 at the MLE")
# %% [markdown]
# **Check.** A search finds both tops where `map_estimate` says. (Comparing heights tells a place to about six
# digits.) And the distance is known: $\lambda_1$ for the Laplace prior,
# $\hat\beta_\text{MLE}\,\lambda_2/(1+\lambda_2)$ for the Gaussian.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
penalties = {name: br.Penalty.from_prior(prior, sigma) for name, prior in priors.items()}
moved = {
    "Laplace": penalties["Laplace"].l1,
    "Gaussian": mle * penalties["Gaussian"].l2 / (1.0 + penalties["Gaussian"].l2),
}
for name, prior in priors.items():
    at_map = float(br.map_estimate(br.LinearModel(prior, likelihood), bmi_data).coef[0])
    tried = highest(lambda slope, prior=prior: log_likelihood(slope) + float(prior.log_prob(slope)))
    print(f"{name:8s} MLE {mle:.4f}, MAP {at_map:.4f}, top found by trying {tried:.4f}")
    # claim C5
    assert abs(highest(log_likelihood) - mle) <= 1e-6 * mle
    assert abs(tried - at_map) <= 1e-6 * mle
    assert np.isclose(mle - at_map, moved[name], rtol=1e-10)

assert np.isclose(mle, x @ data.y, rtol=1e-12)  # the closed form of least squares on a column of length 1

# %% [markdown]
# **When the prior becomes flat.** The wider the prior, the less its logarithm changes over the places that
# the data allow, and the MAP moves to the MLE. How fast depends on the prior: its pull is
# $\lambda_1 \propto 1/b$ for Laplace and $\lambda_2 \propto 1/\tau^2$ for Gaussian. We look at all ten
# coefficients at once, and also at the elastic net, whose two penalties keep their ratio.

# %%
scales = np.geomspace(1e3, 1e7, 17)
families = {
    "Laplace": (br.LaplacePrior(1.0), -1.0),
    "Gaussian": (br.GaussianPrior(1.0), -2.0),
    "elastic net": (br.ElasticNetPrior(1.0, 20.0), -1.0),
}
away = {}
for name, (prior, _) in families.items():
    path = br.map_path(br.LinearModel(prior, likelihood), data, scales=scales)
    away[name] = np.abs(path.coefs - least_squares.coef).max(axis=1) / np.abs(least_squares.coef).max()

# %% [markdown]
# **Picture.**

# %%
fig, ax = plt.subplots(figsize=(7, 4.0), layout="constrained")
for (name, distance), colour, marker in zip(away.items(), (BLUE, ORANGE, GREEN), "os^", strict=True):
    ax.loglog(scales, distance, color=colour, marker=marker, markersize=4, label=name)
ax.set_xlabel("prior scale (b or τ), in units of y per unit of x")
ax.set_ylabel("largest distance of MAP from MLE,\nshare of the largest coefficient")
ax.set_title("As the prior flattens, MAP goes to MLE")
_ = ax.legend(frameon=False)
# %% [markdown]
# **Check.** On logarithmic axes the lines become straight, with slopes $-1$, $-2$ and $-1$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for name, (_, power) in families.items():
    tail = scales >= 1e6
    slope = np.polyfit(np.log(scales[tail]), np.log(away[name][tail]), 1)[0]
    print(f"{name:12s} distance at scale 1e7: {away[name][-1]:.1e}, slope {slope:.4f}")
    # claim C5
    assert np.all(np.diff(away[name]) < 0.0)
    assert abs(slope - power) < 1e-3
    assert away[name][-1] < 1e-3

# %% [markdown]
# A flat prior is this limit. It is no belief itself: a density that is the same everywhere cannot have the
# integral 1. `FlatPrior` says "no penalty", and its mode is least squares.
#
# ## 3. One step down
#
# **Question.** How much do we save if we make a weight $w > 0$ smaller by $\delta$?
#
# **Model.** For $\lvert w\rvert$ and for $w^2$:
#
# $$
# \lvert w\rvert - \lvert w - \delta\rvert = \begin{cases}\delta & \text{if } \delta \le w\\
# 2w - \delta & \text{if } \delta \ge w,\end{cases}
# \qquad w^2 - (w - \delta)^2 = 2\delta w - \delta^2 .
# $$
#
# A text that teaches this writes only the first case. That is right if the step does not pass 0. If it passes
# 0, $\lvert w - \delta\rvert = \delta - w$, and the saving is smaller.

# %%
w, delta = np.meshgrid(np.linspace(0.01, 2.0, 80), np.linspace(0.01, 2.0, 80))
absolute, square = br.Penalty(l1=1.0), br.Penalty(l2=2.0)  # ½ · 2 · w² is w²


def saved(penalty):
    """Return by how much a penalty falls when w is made smaller by delta, for each pair."""
    pairs = zip(w.ravel(), delta.ravel(), strict=True)
    return np.reshape([penalty.value([a]) - penalty.value([a - d]) for a, d in pairs], w.shape)


saved_l1, saved_l2 = saved(absolute), saved(square)

# %% [markdown]
# **Picture.** Left: a step of 0.2 from different places. Right: different steps from $w = 0.5$. The grey
# area is where the step passes 0.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.0), layout="constrained")
at, step, fixed, start = np.linspace(0.0, 1.5, 301), np.linspace(0.0, 1.5, 301), 0.2, 0.5
for ax, places, first, second in ((left, at, at, fixed), (right, step, start, step)):
    by_abs, by_square = np.abs(first) - np.abs(first - second), first**2 - (first - second) ** 2
    ax.plot(places, by_abs, color=BLUE, label="|w| falls by")
    ax.plot(places, by_square, color=ORANGE, linestyle="--", label="w² falls by")
    ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=1)
    ax.set_ylabel("fall of the penalty")
    ax.set_xlim(0.0, 1.5)
left.axvspan(0.0, fixed, color="0.92", zorder=0)
right.axvspan(start, 1.5, color="0.92", zorder=0)
left.set_xlabel("weight w before the step")
left.set_title(f"A step of δ = {fixed}")
right.set_xlabel("step δ")
right.set_title(f"From w = {start}")
left.legend(loc="upper left", frameon=False)
_ = right.legend(loc="lower left", frameon=False)
# %% [markdown]
# **Check.** First with the package's penalties, on a grid of 6,400 pairs.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
within = delta <= w
assert 3000 < np.count_nonzero(within) < 6400
# claim A3
assert np.allclose(saved_l1[within], delta[within], rtol=0.0, atol=1e-14)
assert np.allclose(saved_l1[~within], (2.0 * w - delta)[~within], rtol=0.0, atol=1e-14)
assert np.allclose(saved_l2, 2.0 * delta * w - delta**2, rtol=0.0, atol=1e-14)

# %% [markdown]
# Then for all numbers. A polynomial of degree at most 2 in $w$ and in $\delta$ that is 0 on a 3 × 3 grid is
# 0 everywhere, so nine exact evaluations prove the line for $w^2$. The two lines for $\lvert w\rvert$ are
# linear on each side of $\delta = w$. Two linear functions that agree at two points which are no multiples
# of each other agree on the whole side. Fractions are exact.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
grid = [Fraction(k, 3) for k in (1, 2, 5)]
on_this_side = [(Fraction(1), Fraction(1, 3)), (Fraction(1), Fraction(1))]  # (w, δ) with δ ≤ w
beyond = [(Fraction(1), Fraction(1)), (Fraction(1), Fraction(5, 2))]  # δ ≥ w

# claim A3
assert all(a**2 - (a - d) ** 2 == 2 * d * a - d**2 for a in grid for d in grid)
assert all(abs(a) - abs(a - d) == d for a, d in on_this_side)
assert all(abs(a) - abs(a - d) == 2 * a - d for a, d in beyond)

# %% [markdown]
# "The saving of L2 vanishes as $w \to 0$" is meant for steps that do not pass 0: then it is at most $w^2$,
# which it reaches with $\delta = w$. With a step of fixed length it does not vanish but becomes
# $-\delta^2$: the penalty *rises*. And both penalties rise as soon as $\delta > 2w$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A3
assert np.all(saved_l2[within] <= w[within] ** 2 + 1e-14)
assert np.all(saved_l1[delta > 2.0 * w + 1e-12] < 0.0)
assert np.all(saved_l2[delta > 2.0 * w + 1e-12] < 0.0)
tiny, step = 1e-9, 0.2
assert np.isclose(square.value([tiny]) - square.value([tiny - step]), -(step**2), rtol=1e-7)

# %% [markdown]
# On the data the same arithmetic decides whether a coefficient leaves 0. From the model without
# coefficients, a small step $\delta$ of coefficient $j$ in the right direction lowers $\frac12\sum r_i^2$
# by about $\lvert x_j^\top y\rvert\,\delta$. The price is $\lambda_1\delta$ under L1, and
# $\frac12\lambda_2\delta^2$ under L2. So under L2 a small step always pays. Under L1 it pays only for
# columns with $\lvert x_j^\top y\rvert > \lambda_1$.

# %%
dear, cheap = br.Penalty.from_prior(br.LaplacePrior(6.0), sigma), br.Penalty.from_prior(gauss, sigma)
slope_of_loss = data.X.T @ (data.y - data.y.mean())
table = pd.DataFrame({"gain per unit": np.abs(slope_of_loss), "price per unit, L1": dear.l1}, X.columns)


def change(penalty, j, step=1e-3):
    """Return by how much J changes when coefficient j leaves 0 by a small step in the right direction."""
    coef = step * np.sign(slope_of_loss[j]) * np.eye(p)[j]
    before, after = data.y - data.y.mean(), data.y - data.y.mean() - data.X @ coef
    return 0.5 * (after @ after - before @ before) + penalty.value(coef)


table["pays under L1"] = [change(dear, j) < 0.0 for j in range(p)]
table["pays under L2"] = [change(cheap, j) < 0.0 for j in range(p)]
table.round(1)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A3
assert np.array_equal(table["pays under L1"], np.abs(slope_of_loss) > dear.l1)
assert table["pays under L2"].all()
assert table["pays under L1"].sum() == 6

# %% [markdown]
# ## 4. The slope explains the zeros, but it does not make them
#
# **Question.** The slope of $\lvert w\rvert$ is $\pm1$ for every small $w$. The slope of $w^2$ is $2w$, which
# fades away. "Hence L1 gives exact zeros." Does a program that follows the slope find them?
#
# **Model.** Three ways to go downhill, with a step $\eta$:
#
# $$
# \text{slope of } \lvert w\rvert:\; w - \eta\operatorname{sign}(w), \qquad
# \text{slope of } w^2:\; w - 2\eta w, \qquad
# \text{proximal:}\; \operatorname{sign}(w)\max(\lvert w\rvert - \eta, 0).
# $$
#
# The third asks where to go so that penalty and squared distance together are least:
# $\arg\min_v \eta\lvert v\rvert + \frac12(v - w)^2$. First the penalties alone, from $w = 1.03$ with
# $\eta = 0.1$.

# %%
eta, n_steps = 0.1, 40
walk = {"slope of |w|": [1.03], "slope of w²": [1.03], "proximal step": [1.03]}
for _ in range(n_steps):
    by_slope, by_square, by_prox = (values[-1] for values in walk.values())
    walk["slope of |w|"].append(by_slope - eta * np.sign(by_slope))
    walk["slope of w²"].append(by_square - eta * 2.0 * by_square)
    walk["proximal step"].append(np.sign(by_prox) * max(abs(by_prox) - eta, 0.0))
walk = {name: np.array(values) for name, values in walk.items()}

# %% [markdown]
# **Picture.**

# %%
fig, ax = plt.subplots(figsize=(8, 3.8), layout="constrained")
looks = ((BLUE, "o", "-", 7.0), (ORANGE, "s", "--", 4.0), (GREEN, "^", "-", 3.5))
for (name, values), (colour, marker, style, size) in zip(walk.items(), looks, strict=True):
    ax.plot(
        values, color=colour, marker=marker, linestyle=style, markersize=size, fillstyle="none", label=name
    )
ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
ax.set_xlabel("number of steps")
ax.set_ylabel("weight w")
ax.set_title("Penalty alone, step 0.1")
_ = ax.legend(frameon=False)
# %% [markdown]
# **Check.** The constant slope reaches 0 in finite time, and then jumps over it at every step. The fading
# slope never arrives. The proximal step stops exactly at 0, at step 11, because $10\,\eta < 1.03 \le 11\,\eta$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A4
assert np.all(walk["slope of |w|"] != 0.0)
assert np.all(np.abs(walk["slope of |w|"][11:]) <= eta)
assert np.all(walk["slope of |w|"][11:-1] * walk["slope of |w|"][12:] < 0.0)  # over 0 at every step
assert np.allclose(walk["slope of w²"], 1.03 * 0.8 ** np.arange(n_steps + 1), rtol=1e-12)
assert np.all(walk["slope of w²"] > 0.0)
assert np.all(walk["proximal step"][:11] > 0.0)
assert np.all(walk["proximal step"][11:] == 0.0)

# %% [markdown]
# Now the lasso on the data, from the least-squares fit, against the exact solver. We follow the slope with
# a fixed step and with steps that shrink like $1/k$, and we take proximal steps. Last, ridge, by its slope.
# The fixed step is $1/L$ with $L$ the largest eigenvalue of $X^\top X$.

# %%
gram, cross = data.X.T @ data.X, data.X.T @ (data.y - data.y.mean())
fixed_step = 1.0 / np.linalg.eigvalsh(gram)[-1]
lasso_model = br.LinearModel(br.LaplacePrior(15.0), likelihood)
ridge_model = br.LinearModel(br.GaussianPrior(100.0), likelihood)
lasso, ridge = br.map_estimate(lasso_model, data, tol=1e-10), br.map_estimate(ridge_model, data, tol=1e-10)
strength, ridge_strength = float(lasso.penalty.l1[0]), float(ridge.penalty.l2[0])


def descend(move, n_steps=3000):
    """Return the coefficients after each step, from least squares on."""
    trace = [least_squares.coef]
    for k in range(n_steps):
        trace.append(move(trace[-1], cross - gram @ trace[-1], k))
    return np.array(trace)


def soft(value, threshold):
    """Return the soft threshold of each value."""
    return np.sign(value) * np.maximum(np.abs(value) - threshold, 0.0)


def fixed_slope(coef, residual_slope, k):
    return coef + fixed_step * (residual_slope - strength * np.sign(coef))


def shrinking_slope(coef, residual_slope, k):
    return coef + fixed_step / (1.0 + k / 50.0) * (residual_slope - strength * np.sign(coef))


def proximal(coef, residual_slope, k):
    return soft(coef + fixed_step * residual_slope, fixed_step * strength)


def ridge_slope(coef, residual_slope, k):
    return coef + fixed_step * (residual_slope - ridge_strength * coef) / (1.0 + fixed_step * ridge_strength)


traces = {
    "lasso, slope, fixed step": descend(fixed_slope),
    "lasso, slope, shrinking step": descend(shrinking_slope),
    "lasso, proximal step": descend(proximal),
    "ridge, slope": descend(ridge_slope),
}
zero = lasso.coef == 0.0
print(f"the mode has {zero.sum()} exact zeros: {', '.join(X.columns[zero])}")

# %% [markdown]
# **Picture.** The six coefficients that are exactly 0 at the lasso's mode, at some of the steps. A line
# that ends in a large circle has become exactly 0 there, for good. The filled dots at the right end are ridge's
# coefficients from the exact solver.

# %%
fig, axes = plt.subplots(2, 2, figsize=(10, 6.4), sharex=True, sharey=True, layout="constrained")
colours, markers = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY), ("o", "s", "^", "D", "v", "P")
some_steps = np.unique(np.geomspace(1.0, 3001.0, 90).astype(int)) - 1
for ax, (title, trace) in zip(axes.flat, traces.items(), strict=True):
    for j, colour, marker in zip(np.flatnonzero(zero), colours, markers, strict=True):
        size = np.abs(trace[:, j])
        last = np.flatnonzero(size)[-1]
        shown = np.union1d(some_steps[some_steps <= last], [last])
        line = "none" if "lasso, slope" in title else "-"
        ax.plot(shown + 1, size[shown], color=colour, marker=marker, markersize=3, linestyle=line,
                linewidth=1.0, label=X.columns[j])  # fmt: skip
        if last < len(trace) - 1:
            ax.plot(last + 1, size[last], "o", color=colour, markersize=9, fillstyle="none", clip_on=False)
        if title.startswith("ridge"):
            ax.plot(len(trace), abs(ridge.coef[j]), "o", color=colour, markersize=7, clip_on=False, zorder=5)
    ax.set_title(title)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(1, 3001)
    ax.set_ylim(1e-3, 3e3)
for ax in axes[1]:
    ax.set_xlabel("number of steps + 1")
for ax in axes[:, 0]:
    ax.set_ylabel("|coefficient|, y per unit of x")
_ = fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", frameon=False)
# %% [markdown]
# **Check.** Following the slope gives no zero at any step, neither with a fixed step nor with a shrinking
# one. The proximal step gives the exact solver's zeros, and then its coefficients. Ridge reaches its mode by
# the slope alone, and the mode has no zero.

# %%
settled = int(np.flatnonzero(np.any((traces["lasso, proximal step"] == 0.0) != zero, axis=1))[-1]) + 1
distance = {
    name: float(np.abs(trace[-1] - (ridge if name.startswith("ridge") else lasso).coef).max())
    / np.abs(lasso.coef).max()
    for name, trace in traces.items()
}
for name, trace in traces.items():
    zeros = np.count_nonzero(trace[-1] == 0.0)
    print(f"{name:30s} {zeros} zeros, {distance[name]:.1e} of the largest coefficient from the exact solver")
print(f"the proximal steps have the right zeros from step {settled} on")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A4
assert np.all(traces["lasso, slope, fixed step"] != 0.0)
assert np.all(traces["lasso, slope, shrinking step"] != 0.0)
assert np.array_equal(traces["lasso, proximal step"][-1] == 0.0, zero)
assert zero.sum() == 6
assert settled < 1000
assert distance["lasso, slope, fixed step"] > 1e-3
assert distance["lasso, slope, shrinking step"] > 1e-6
assert distance["lasso, proximal step"] <= 1e-10
assert distance["ridge, slope"] <= 1e-10
assert np.all(traces["ridge, slope"] != 0.0)

# %% [markdown]
# So the exact statement has two parts. The minimum has zeros because the slope of $\lvert w\rvert$ does not
# fade. A program finds them as zeros if it treats the kink as a kink: by a proximal step, by coordinate
# updates, or by the exact solver here. At the kink, $w = 0$, $\lvert w\rvert$ has no slope at all. The next
# section says what it has instead.
#
# ## 5. The slope at the kink is an interval
#
# **Question.** What is the slope of $\lvert w\rvert$ at 0, and how do we recognise a minimum there?
#
# **Model.** A *subgradient* of a convex function at a point is the slope of any line that touches the
# function there and lies nowhere above it. For $\lvert w\rvert$ at 0 these are all $g$ with
# $\lvert w\rvert \ge g\,w$ for every $w$, which is the interval $[-1, 1]$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
slopes = np.linspace(-1.5, 1.5, 301)
places = np.linspace(-2.0, 2.0, 401)
is_subgradient = np.all(np.abs(places) >= slopes[:, None] * places - 1e-15, axis=1)

# claim D1
assert np.array_equal(is_subgradient, np.abs(slopes) <= 1.0 + 1e-12)
assert np.count_nonzero(is_subgradient) == 201

# %% [markdown]
# At every other place there is one subgradient, the slope: at $w = 0.7$ only $g = 1$ keeps below.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
at = 0.7
below = np.all(np.abs(places) >= at + slopes[:, None] * (places - at) - 1e-12, axis=1)
assert np.allclose(slopes[below], [1.0])

# %% [markdown]
# A convex function has its minimum at a point if 0 is one of its subgradients there. With $r$ the residual,
# the loss has the slope $-x_j^\top r$ in coefficient $j$. So at the lasso's mode (these are the KKT
# conditions)
#
# $$
# x_j^\top r = \lambda_1\operatorname{sign}(\beta_j) \text{ if } \beta_j \ne 0, \qquad
# x_j^\top r \in [-\lambda_1, \lambda_1] \text{ if } \beta_j = 0 .
# $$
#
# **Picture.** For three scales: each coefficient's $x_j^\top r$ in units of $\lambda_1$. A coefficient that
# is not 0 sits on an end of the interval. A coefficient that is 0 is somewhere in it.

# %%
models = [br.LinearModel(br.LaplacePrior(scale), likelihood) for scale in (5.0, 15.0, 60.0)]
certified = [br.map_estimate(model, data, tol=1e-10) for model in models]

fig, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
for ax, model, mode in zip(axes, models, certified, strict=True):
    br.plot_certificate(mode, model, data, ax)
    ax.set_title(f"scale {model.prior.scale:.0f}: {np.count_nonzero(mode.coef)} not 0")
    ax.set_xlabel("$x_j^\\top r$, units of λ₁")
    if ax is not axes[-1]:
        ax.get_legend().remove()
# %% [markdown]
# **Check.** The conditions, from the rows and nothing else.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for mode in certified:
    residual = data.y - mode.intercept - data.X @ mode.coef
    slope = data.X.T @ residual / mode.penalty.l1
    on = mode.coef != 0.0
    print(f"{on.sum():2d} not 0: largest |slope| of the others {np.abs(slope[~on]).max():.4f}")
    # claim D1
    assert np.allclose(slope[on], np.sign(mode.coef[on]), rtol=0.0, atol=1e-10)
    assert np.all(np.abs(slope[~on]) < 1.0)
assert [np.count_nonzero(mode.coef) for mode in certified] == [2, 4, 7]

# %% [markdown]
# The conditions are not only true at the mode. They tell the mode from other points: least squares on the
# same four columns has the right zeros, but its slopes are 0 and not $\pm\lambda_1$, and `kkt_residual` would
# say so. And they tell when all coefficients are 0: if no $\lvert x_j^\top y\rvert$ exceeds $\lambda_1$.

# %%
on = certified[1].coef != 0.0
refit = np.zeros(p)
refit[on] = np.linalg.lstsq(data.X[:, on], data.y - data.y.mean())[0]
refit_slope = data.X.T @ (data.y - data.y.mean() - data.X @ refit)
audit = br.audit(refit, data.y.mean(), X, y, certified[1].penalty)
widest_empty = sigma**2 / np.abs(cross).max()
just_below, just_above = (
    br.map_estimate(br.LinearModel(br.LaplacePrior(widest_empty * factor), likelihood), data)
    for factor in (1.0 - 1e-6, 1.0 + 1e-6)
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim D1
assert np.allclose(refit_slope[on], 0.0, atol=1e-9 * strength)
assert np.allclose(audit.kkt_violation[on], strength / np.abs(cross).max(), rtol=1e-9)  # in units of λmax
assert certified[1].kkt_residual <= 1e-10
assert np.count_nonzero(just_below.coef) == 0
assert np.count_nonzero(just_above.coef) == 1

# %% [markdown]
# ## 6. The constants drop out, until the scale is asked for
#
# **Question.** A negative log prior is a penalty plus terms without the coefficients. Do these matter?
#
# **Model.** With $\alpha = 1/b$ and $p$ coefficients,
#
# $$
# -\log p(\beta) = \alpha\lVert\beta\rVert_1 - p\log\alpha + p\log 2 \quad\text{(Laplace)}, \qquad
# -\log p(\beta) = \frac{\lVert\beta\rVert_2^2}{2\tau^2} + p\log\tau + \tfrac p2\log 2\pi \quad\text{(Gaussian)}.
# $$
#
# (The text that we follow writes $n$ for the number of weights. Here $n$ is the number of rows, and the
# weights are $p$.)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rng = np.random.default_rng(1)
for _ in range(200):
    coef = rng.normal(0.0, 100.0, size=p)
    scale = float(np.exp(rng.uniform(0.0, 8.0)))
    alpha = 1.0 / scale
    by_formula_l1 = alpha * np.abs(coef).sum() - p * np.log(alpha) + p * np.log(2.0)
    by_formula_l2 = coef @ coef / (2.0 * scale**2) + p * np.log(scale) + 0.5 * p * np.log(2.0 * np.pi)
    # claim B2
    assert np.isclose(-br.LaplacePrior(scale).log_prob(coef).sum(), by_formula_l1, rtol=1e-12)
    assert np.isclose(-br.GaussianPrior(scale).log_prob(coef).sum(), by_formula_l2, rtol=1e-12)
    assert np.isclose(-stats.laplace.logpdf(coef, scale=scale).sum(), by_formula_l1, rtol=1e-12)
    assert np.isclose(-stats.norm.logpdf(coef, scale=scale).sum(), by_formula_l2, rtol=1e-12)

# %% [markdown]
# **They drop out.** For a fixed scale, negative log prior and penalty differ by one constant, so they order
# all coefficients alike and have one mode.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
many = rng.normal(0.0, 100.0, size=(200, p))
for prior in (laplace, gauss):
    penalty = br.Penalty.from_prior(prior, 1.0)  # at σ = 1 the penalty is −log prior itself
    values = np.array([penalty.value(coef) for coef in many])
    constants = -prior.log_prob(many).sum(axis=1) - values
    # claim B2
    assert np.ptp(constants) <= 1e-12 * np.ptp(values)
    assert np.isclose(constants[0], -prior.log_prob(np.zeros(p)).sum(), rtol=1e-12)

# %% [markdown]
# **They matter again** when the scale itself is asked for. Suppose that the coefficients were known; take
# those of least squares. Which $b$ explains them best? The penalty alone says $b = \infty$, because then it
# costs nothing. With the constants the answer is sensible: $b$ is the mean of $\lvert\beta_j\rvert$.

# %%
known = least_squares.coef
wide_scales = np.geomspace(10.0, 1e5, 200)
penalty_only = np.array([-np.abs(known).sum() / scale for scale in wide_scales])
whole = np.array([br.LaplacePrior(scale).log_prob(known).sum() for scale in wide_scales])
best = minimize_scalar(
    lambda log_scale: -br.LaplacePrior(float(np.exp(log_scale))).log_prob(known).sum(),
    bounds=(np.log(10.0), np.log(1e5)),
    method="bounded",
    options={"xatol": 1e-10},
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim B2
assert np.all(np.diff(penalty_only) > 0.0)
assert np.isclose(np.exp(best.x), np.abs(known).mean(), rtol=1e-6)
assert 0 < whole.argmax() < wide_scales.size - 1

# %% [markdown]
# The coefficients are not known, of course. So we average over them: the *evidence* of a scale is the
# probability of the data with the coefficients integrated out. The Gaussian prior has a closed form for it.
# We compute it, and once more without the constants $p\log(\tau\sqrt{2\pi})$.

# %%
gaussian_model = br.LinearModel(br.GaussianPrior(1.0), likelihood)
evidence = br.log_marginal_likelihood(gaussian_model, data, wide_scales)
without = evidence + p * np.log(wide_scales * np.sqrt(2.0 * np.pi))
chosen = br.select_scale(gaussian_model, data, method="evidence", scales=wide_scales, progress=False)

# %% [markdown]
# **Picture.**

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.0), layout="constrained")
left.plot(wide_scales, whole - whole.max(), color=BLUE, label="log prior of the coefficients")
left.plot(wide_scales, penalty_only, color=ORANGE, linestyle="--", label="without the constants")
left.axvline(np.abs(known).mean(), color="0.4", linestyle=":", label="mean of |coefficient|")
left.set_xlabel("scale b, in units of y per unit of x")
left.set_ylabel("log density, shifted")
left.set_title("Coefficients known (Laplace)")
right.plot(wide_scales, evidence - evidence.max(), color=BLUE, label="log evidence")
right.plot(wide_scales, without - without.max(), color=ORANGE, linestyle="--", label="without the constants")
right.axvline(chosen.scale, color="0.4", linestyle=":", label="chosen by select_scale")
right.set_xlabel("scale τ, in units of y per unit of x")
right.set_ylabel("log evidence, shifted")
right.set_title("Coefficients integrated out (Gaussian)")
for ax in (left, right):
    ax.set_xscale("log")
    ax.set_ylim(-80.0, 5.0)
    ax.legend(loc="lower right", frameon=False)
# %% [markdown]
# **Check.** The evidence has a top inside the range, and `select_scale` takes it. Without the constants the
# curve only rises, and would choose no penalty at all.

# %%
print(f"chosen by the evidence: tau = {chosen.scale:.1f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim B2
assert 0 < evidence.argmax() < wide_scales.size - 1
assert chosen.scale == wide_scales[evidence.argmax()]
assert np.all(np.diff(without) > 0.0)

# %% [markdown]
# Nor can we look for the highest point of the joint density of coefficients *and* scale. Along coefficients
# that are 0, the log density rises by $p\log 10$ for every tenth of the scale, and there is no top. So no
# joint mode with the coefficients gives a scale. We give it, or average over it, or choose it by a criterion
# such as the evidence.

# %%
at_zero = [float(br.LaplacePrior(scale).log_prob(np.zeros(p)).sum()) for scale in (1.0, 1e-1, 1e-2, 1e-3)]

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(np.diff(at_zero), p * np.log(10.0), rtol=1e-12)

# %% [markdown]
# ## What was shown
#
# - A penalty is a negative log prior. Its slope is a pull towards 0. One coefficient under a Laplace prior is
#   soft-thresholded, under a Gaussian prior it loses a fixed share.
# - MAP is MLE with the log prior added. As the prior flattens, MAP goes to MLE, like $1/b$ or $1/\tau^2$.
# - Under L1 a step down saves the same everywhere, if it does not pass 0. Under L2 it saves less and less
#  .
# - That is why the minimum has zeros. Following the slope does not find them as zeros, proximal steps do.
# - At the kink the slope is an interval. It certifies the zeros.
# - The constants of the density drop out of the mode, but they decide the scale.
