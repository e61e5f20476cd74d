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
# # The geometry of a penalty
#
# There is a famous picture: the contours of the loss are ellipses, the L1 penalty is a diamond, the L2
# penalty is a circle, and the answer is where the two touch. The diamond has its corners on the axes. So "it
# is more likely" that the contact has a coefficient that is 0.
#
# Here we draw the picture from real data, count how likely that is, and check that penalty and budget state
# one problem in two ways. A check in code follows each statement, folded out of the way. If the statement
# were false, the notebook would stop there.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $n, p$ | | number of rows and of columns |
# | $\beta, \hat\beta$ | `coef` | coefficients, and those of least squares |
# | $\sigma$ | `noise_scale` | standard deviation of the noise, in units of $y$ |
# | $b, \tau$ | `.scale` | scale of the Laplace prior, standard deviation of the Gaussian prior |
# | $\lambda_1, \lambda_2$ | `Penalty.l1`, `Penalty.l2` | penalties: $\sigma^2/b$ and $\sigma^2/\tau^2$ |
# | $s$ | | budget: what the norm of $\beta$ may be at most |
# | $q$ | | budget as a share of what $\hat\beta$ needs |

# %%
from itertools import combinations

import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter
from sklearn.datasets import load_diabetes

BLUE, ORANGE, GREEN, YELLOW = "#0072B2", "#D55E00", "#009E73", "#E69F00"  # told apart by colour-blind readers

# %% [markdown]
# The data: 442 patients with diabetes, ten columns that are centred and have unit length, and the progress
# of the disease after one year. We take $\sigma$ as known, as least squares estimates it.

# %%
X, y = load_diabetes(return_X_y=True, as_frame=True)
data = br.RowData.from_arrays(X, y)
n, p = data.n_samples, data.n_features
y_centred = data.y - data.y.mean()

least_squares = br.map_estimate(br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0)), data)
sigma = float(np.sqrt(2.0 * least_squares.certificate.primal / (n - p - 1)))
likelihood = br.GaussianLikelihood(sigma)
print(f"n = {n}, p = {p}, sigma = {sigma:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (n, p) == (442, 10)
assert np.allclose(data.X.mean(axis=0), 0.0, atol=1e-12)
assert np.allclose(np.linalg.norm(data.X, axis=0), 1.0)

# %% [markdown]
# ## 1. The diamond and the circle
#
# **Question.** Where do the contours of the loss touch the ball of the penalty?
#
# **Model.** Two columns. Up to a constant the loss is $\frac12(\beta - \hat\beta)^\top H (\beta - \hat\beta)$
# with $H = X^\top X$. The budget form of the problem asks for the smallest loss with
# $\lVert\beta\rVert \le s$, in the L1 norm or the L2 norm. For two coefficients we can solve it without the
# package:
#
# - L1: on each of the four edges of the diamond the loss is a parabola. Take its lowest point on each
#   edge, and of the four the lowest.
# - L2: $(H + \mu I)\beta = H\hat\beta$, and $\mu$ is such that the length of $\beta$ is $s$.


# %%
def contact_l1(H, best, budget):
    """Return where the loss touches the diamond, for many losses at once."""
    budget = np.asarray(budget)[:, None]
    corners = [budget * np.array(corner) for corner in ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))]
    found, lowest = np.zeros_like(best), np.full(len(best), np.inf)
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        along = end - start
        bend = np.einsum("ij,ijk,ik->i", along, H, along)
        fall = np.einsum("ij,ijk,ik->i", along, H, best - start)
        point = start + np.clip(fall / bend, 0.0, 1.0)[:, None] * along
        loss = np.einsum("ij,ijk,ik->i", point - best, H, point - best)
        better = loss < lowest
        found[better], lowest[better] = point[better], loss[better]
    return found


def contact_l2(H, best, budget):
    """Return where the loss touches the circle, for many losses at once: bisection for mu."""
    values, vectors = np.linalg.eigh(H)
    turned = np.einsum("ikj,ik->ij", vectors, best) * values
    low, high = np.zeros(len(best)), np.linalg.norm(turned, axis=1) / budget
    for _ in range(100):
        middle = 0.5 * (low + high)
        too_long = np.linalg.norm(turned / (values + middle[:, None]), axis=1) > budget
        low, high = np.where(too_long, middle, low), np.where(too_long, high, middle)
    return np.einsum("ijk,ik->ij", vectors, turned / (values + high[:, None]))


# %% [markdown]
# Three pairs of columns from the data, each with half the budget that its least-squares fit would need. At
# the point of contact the slope of the loss tells the penalty: $\lambda_1 = \max_j\lvert g_j\rvert$ and
# $\lambda_2 = \lVert g\rVert_2/s$ with $g = H(\hat\beta - \beta)$. And that tells the prior scale. So we can
# ask `bayesreg` for the mode, and see whether it is the point of contact.


# %%
def pair_of(columns):
    """Return two columns as data, with H and the least-squares coefficients."""
    two = br.RowData.from_arrays(X[list(columns)], y)
    H = two.X.T @ two.X
    return two, H, np.linalg.solve(H, two.X.T @ y_centred)


def both_contacts(H, best, share):
    """Return points of contact and prior scales at a share of the budget, for L1 and for L2."""
    point_l1 = contact_l1(H[None], best[None], [share * np.abs(best).sum()])[0]
    point_l2 = contact_l2(H[None], best[None], np.array([share * np.linalg.norm(best)]))[0]
    l1 = np.abs(H @ (best - point_l1)).max()
    l2 = np.linalg.norm(H @ (best - point_l2)) / np.linalg.norm(point_l2)
    return (point_l1, br.LaplacePrior(sigma**2 / l1)), (point_l2, br.GaussianPrior(sigma / np.sqrt(l2)))


pairs = [("bmi", "s5"), ("age", "bmi"), ("s1", "s2")]

# %% [markdown]
# **Picture.** Grey: contours of the loss. Blue: the contour through the mode. Yellow: the ball.

# %%
turn = np.linspace(0.0, 2.0 * np.pi, 361)
fig, axes = plt.subplots(2, 3, figsize=(12, 8), layout="constrained")
for column, names in enumerate(pairs):
    two, H, best = pair_of(names)
    for ax, (_, prior) in zip(axes[:, column], both_contacts(H, best, 0.5), strict=True):
        order = 1 if isinstance(prior, br.LaplacePrior) else 2
        mode = br.map_estimate(br.LinearModel(prior, likelihood), two).coef
        budget, reach = np.linalg.norm(mode, ord=order), 1.3 * np.abs(best).max()
        ball = np.column_stack([np.cos(turn), np.sin(turn)])
        ball = budget * ball / np.linalg.norm(ball, ord=order, axis=1, keepdims=True)
        grid = np.stack(np.meshgrid(*2 * [np.linspace(-reach, reach, 201)]), axis=-1)
        loss = 0.5 * np.einsum("abi,ij,abj->ab", grid - best, H, grid - best)
        here = 0.5 * (mode - best) @ H @ (mode - best)
        ax.contour(*np.moveaxis(grid, -1, 0), loss, here * np.array([0.2, 0.5, 2.0, 4.0, 8.0]), colors="0.7",
                   linewidths=0.8)  # fmt: skip
        ax.contour(*np.moveaxis(grid, -1, 0), loss, [here], colors=BLUE, linewidths=1.5)
        ax.fill(*ball.T, color=YELLOW, alpha=0.25, linewidth=0)
        ax.plot(*ball.T, color=YELLOW, linewidth=1.5)
        ax.plot(*best, "s", color="white", markeredgecolor="black", label="least squares")
        ax.plot(*mode, "D", color=ORANGE, markeredgecolor="black", label="mode (MAP)", zorder=5)
        ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
        ax.axvline(0.0, color="0.5", linewidth=0.8, zorder=0)
        ax.set_aspect("equal")
        ax.set_xlabel(f"coefficient of {names[0]}, y per unit of x")
        ax.set_ylabel(f"coefficient of {names[1]}, y per unit of x")
        ax.locator_params(nbins=5)
        ax.set_title(f"L{order}, columns with correlation {H[0, 1]:.2f}")
_ = fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
# %% [markdown]
# **Check.** The mode is the point of contact, in all six pictures. The diamond is touched on an axis in two
# of the three, the circle in none.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
on_axis = []
for names in pairs:
    two, H, best = pair_of(names)
    for point, prior in both_contacts(H, best, 0.5):
        mode = br.map_estimate(br.LinearModel(prior, likelihood), two, tol=1e-10)
        on_axis.append(bool(np.any(mode.coef == 0.0)))
        # claim A2
        assert np.allclose(mode.coef, point, rtol=0.0, atol=1e-9 * np.abs(best).max())
        assert np.array_equal(mode.coef == 0.0, point == 0.0)

# claim A2
assert on_axis[0::2] == [False, True, True]  # the diamond
assert on_axis[1::2] == [False, False, False]  # the circle

# %% [markdown]
# ## 2. How likely is "more likely"?
#
# **Question.** How often is the contact on an axis?
#
# **Model.** Random losses. The direction of $\hat\beta$ is uniform. The columns are of three kinds:
# orthogonal with length 1; of length 1 with a correlation that is uniform between −0.95 and 0.95; and
# anything: $H = A^\top A$ with six standard normal numbers in $A$ (3 × 2). The budget is a share
# $q$ of the norm of $\hat\beta$.
#
# For columns of length 1 we can work out the answer. Let $\hat\beta = (a, c)$ with $a > 0$, and ask for the
# corner $(s, 0)$. There the slope of the loss is $g = (a - s + \rho c,\; \rho(a - s) + c)$, and the corner is
# the answer if $\lvert g_2\rvert \le g_1$. Now $g_1 - g_2 = (1-\rho)(a - s - c)$ and
# $g_1 + g_2 = (1+\rho)(a - s + c)$, so the condition is $a - s \ge \lvert c\rvert$. **The correlation drops
# out.** With $s = q(\lvert a\rvert + \lvert c\rvert)$ the contact is on an axis exactly when
#
# $$
# \frac{\min(\lvert a\rvert, \lvert c\rvert)}{\max(\lvert a\rvert, \lvert c\rvert)} \le \frac{1 - q}{1 + q},
# \qquad\text{which has the probability}\qquad 1 - \tfrac4\pi\arctan q .
# $$

# %%
rng = np.random.default_rng(3)
n_losses = 20_000
shares = np.linspace(0.1, 0.9, 9)
angle = rng.uniform(0.0, 2.0 * np.pi, size=n_losses)
best = np.column_stack([np.cos(angle), np.sin(angle)])
rho = rng.uniform(-0.95, 0.95, size=n_losses)
ones = np.ones(n_losses)
anything = rng.normal(size=(n_losses, 3, 2))
kinds = {
    "orthogonal, length 1": np.broadcast_to(np.eye(2), (n_losses, 2, 2)),
    "correlated, length 1": np.stack([np.stack([ones, rho], axis=1), np.stack([rho, ones], axis=1)], axis=1),
    "anything": np.einsum("mki,mkj->mij", anything, anything),
}


def share_on_axis(points, tolerance=0.0):
    """Return how many points have a coordinate that is 0, to a tolerance, as a share."""
    return float(np.mean(np.any(np.abs(points) <= tolerance, axis=1)))


counted = {
    kind: np.array([share_on_axis(contact_l1(H, best, q * np.abs(best).sum(axis=1))) for q in shares])
    for kind, H in kinds.items()
}
circle = {kind: contact_l2(H, best, np.full(n_losses, 0.5)) for kind, H in kinds.items()}
H_few, best_few = kinds["anything"][:2000], best[:2000]  # bisection gives no exact 0: on an axis is to 1e-9
circle_share = [share_on_axis(contact_l2(H_few, best_few, np.full(2000, q)), 1e-9 * q) for q in shares]
formula = 1.0 - 4.0 / np.pi * np.arctan(shares)

# %% [markdown]
# We computed the contacts from the parabolas. Does the package agree? For 150 of the losses of the last kind
# we make rows that have this $H$ and this $\hat\beta$, and ask for the mode.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
some = slice(0, 150)
touched = contact_l1(kinds["anything"][some], best[some], 0.5 * np.abs(best[some]).sum(axis=1))
for rows, target, point in zip(anything[some], best[some], touched, strict=True):
    l1 = np.abs(rows.T @ rows @ (target - point)).max()
    model = br.LinearModel(br.LaplacePrior(1.0 / l1), br.GaussianLikelihood(1.0), fit_intercept=False)
    mode = br.map_estimate(model, br.RowData.from_arrays(rows, rows @ target))
    # claim A2
    assert np.allclose(mode.coef, point, rtol=0.0, atol=1e-9)
    assert np.array_equal(mode.coef == 0.0, point == 0.0)

# %% [markdown]
# **Picture.** Left: the share on an axis. Right: the direction of the contact at half the budget, for
# losses of the kind "anything", folded into one quadrant.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
fine = np.linspace(0.0, 1.0, 201)
left.plot(fine, 1.0 - 4.0 / np.pi * np.arctan(fine), color="0.3", label="1 − (4/π) arctan q")
for (kind, share), marker, colour in zip(counted.items(), "o^s", (BLUE, GREEN, ORANGE), strict=True):
    left.plot(shares, share, marker, color=colour, fillstyle="none", label=f"L1, {kind}")
left.plot(shares, circle_share, "x", color="0.3", label="L2, anything")
left.set_xlabel("budget q, share of what least squares needs")
left.set_ylabel("share of contacts on an axis")
left.set_ylim(-0.04, 1.04)
left.legend(frameon=False)
bins = np.linspace(0.0, 90.0, 31)
half_l1 = contact_l1(kinds["anything"], best, 0.5 * np.abs(best).sum(axis=1))
for points, label, colour, hatch in (
    (half_l1, "L1, diamond", BLUE, None),
    (circle["anything"], "L2, circle", ORANGE, "//"),
):
    degrees = np.degrees(np.arctan2(np.abs(points[:, 1]), np.abs(points[:, 0])))
    right.hist(degrees, bins, weights=np.full(n_losses, 1.0 / n_losses), label=label, histtype="step",
               color=colour, hatch=hatch, linewidth=1.5)  # fmt: skip
right.set_xlabel("direction of the contact, degrees from the first axis")
right.set_ylabel("share of losses in a bin of 3°")
right.set_xticks([0, 15, 30, 45, 60, 75, 90])
_ = right.legend(loc="upper center", frameon=False)
# %% [markdown]
# **Check.** For columns of length 1 the counts agree with the formula, within four standard errors, with and
# without correlation. The same losses are on an axis, because the correlation drops out. At half the budget
# that is 41%. For the losses of the third kind it is 46%.

# %%
error = np.sqrt(formula * (1.0 - formula) / n_losses)
half = int(np.flatnonzero(np.isclose(shares, 0.5))[0])
half_unit = [contact_l1(kinds[kind], best, 0.5 * np.abs(best).sum(axis=1)) for kind in list(kinds)[:2]]
table = pd.DataFrame({kind: share[half] for kind, share in counted.items()}, index=["L1, q = 0.5"]).T
table["formula"] = [formula[half], formula[half], np.nan]
table.round(4).astype(object).fillna("–")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A2
assert np.all(np.abs(counted["orthogonal, length 1"] - formula) <= 4.0 * error)
assert np.all(np.abs(counted["correlated, length 1"] - formula) <= 4.0 * error)
assert np.array_equal(*(np.any(points == 0.0, axis=1) for points in half_unit))
assert np.isclose(formula[half], 0.4097, atol=5e-5)
assert counted["anything"][half] > formula[half] + 4.0 * error[half]
assert abs(counted["anything"][half] - 0.46) < 0.01

# %% [markdown]
# With the circle it never happens: its contact is on an axis only if $H\hat\beta$ has exactly the right
# direction, and that has the probability 0. We measure the nearest that any of 60,000 circles came, as a
# share of $s$. For orthogonal columns the direction of the contact is that of $\hat\beta$, so it is within 1°
# of an axis in 8 of 360 cases: no preference at all.

# %%
nearest = min(float(np.abs(points).min()) / 0.5 for points in circle.values())
by_degree = np.degrees(np.arctan2(*np.abs(circle["orthogonal, length 1"]).T))
near_axis = float(np.mean((by_degree < 1.0) | (by_degree > 89.0)))
print(f"nearest to an axis: {nearest:.1e} of s; within 1 degree: {near_axis:.4f}, expected {8 / 360:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim A2
assert nearest > 1e-8
assert circle_share == 9 * [0.0]
assert abs(near_axis - 8.0 / 360.0) <= 4.0 * np.sqrt(8.0 / 360.0 / n_losses)

# %% [markdown]
# So we can say "more likely" exactly. With L2 it happens with probability 0. With L1 it depends on the
# budget: it happens nearly always if the budget is small, and ever more seldom as the budget approaches what
# least squares needs. Tilted ellipses suggest that correlation matters. With columns of length 1 it does not.
#
# The same count on the real data: all 45 pairs of columns, at half the budget.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
n_axis_l1 = n_axis_l2 = 0
for names in combinations(X.columns, 2):
    two, H, target = pair_of(names)
    (point, prior), (_, gaussian) = both_contacts(H, target, 0.5)
    by_l1 = br.map_estimate(br.LinearModel(prior, likelihood), two).coef
    by_l2 = br.map_estimate(br.LinearModel(gaussian, likelihood), two).coef
    sizes = np.sort(np.abs(target))
    n_axis_l1 += int(np.any(by_l1 == 0.0))
    n_axis_l2 += int(np.any(np.abs(by_l2) < 1e-9 * np.abs(target).max()))
    # claim A2
    assert np.any(by_l1 == 0.0) == (sizes[0] / sizes[1] <= 1.0 / 3.0)  # (1 − q)/(1 + q) at q = ½
    assert np.allclose(by_l1, point, rtol=0.0, atol=1e-9 * np.abs(target).max())
print(f"on an axis: {n_axis_l1} of 45 pairs with L1, {n_axis_l2} of 45 with L2")

# claim A2
assert n_axis_l2 == 0
assert n_axis_l1 == 27

# %% [markdown]
# ## 3. A penalty and a budget are one problem
#
# **Question.** "By Lagrange multipliers" the fit with a penalty is the fit with a budget. Can we see the
# multiplier?
#
# **Model.** Let $L(s)$ be the smallest $\frac12\sum_i r_i^2$ among all $\beta$ with a budget $s$. The
# multiplier is what one more unit of budget would save:
#
# $$
# \lambda_1 = -\frac{dL}{ds} \;\text{ with } s = \lVert\beta\rVert_1, \qquad
# \lambda_2 = -\frac{dL}{ds} \;\text{ with } s = \tfrac12\lVert\beta\rVert_2^2 .
# $$
#
# (A budget for $\lVert\beta\rVert_2^2$ without the ½ has the multiplier $\frac12\lambda_2$.) The path of
# modes gives pairs of budget and loss. The slope between two neighbours is an estimate of $-\lambda$ that has
# never seen $\lambda$. We take neighbours whose scales differ by 0.02%. For the lasso the loss is a parabola
# in $s$ while no coefficient comes or goes. So the slope between two points is exactly the mean of the slopes
# at them.

# %%
budgets_of = {
    "lasso": (br.LaplacePrior(1.0), lambda coefs: np.abs(coefs).sum(axis=-1)),
    "ridge": (br.GaussianPrior(1.0), lambda coefs: 0.5 * np.square(coefs).sum(axis=-1)),
}


def half_rss(coefs):
    """Return half the sum of squared residuals for each row of coefficients, the intercept at its best."""
    return 0.5 * np.square(y_centred - coefs @ data.X.T).sum(axis=-1)


found = {}
for name, (prior, budget) in budgets_of.items():
    model = br.LinearModel(prior, likelihood)
    path = br.map_path(model, data, n_scales=41, tol=1e-10)
    lower, upper = (br.map_path(model, data, scales=path.scales[1:] * f, tol=1e-10) for f in (0.9999, 1.0001))
    slope = (half_rss(upper.coefs) - half_rss(lower.coefs)) / (budget(upper.coefs) - budget(lower.coefs))
    strength = np.array([max(penalty.l1[0], penalty.l2[0]) for penalty in path.penalties])
    found[name] = (path, strength[1:], budget(path.coefs)[1:], -slope)

# %% [markdown]
# **Picture.** Above: the budget of each mode. Below: the multiplier that the slope gives, against the
# $\lambda$ that we put in.

# %%
fig, axes = plt.subplots(2, 2, figsize=(10, 6.4), sharex="col", layout="constrained")
labels = {"lasso": ("λ₁, units of x·y", "budget ‖β‖₁"), "ridge": ("λ₂, units of x²", "budget ½‖β‖₂²")}
for (name, (_, strength, budget, recovered)), column in zip(found.items(), axes.T, strict=True):
    column[0].loglog(strength, budget, color=BLUE, marker="o", markersize=3)
    if name == "lasso":  # hardly more than one power of ten
        column[0].yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        column[0].yaxis.set_major_formatter("{x:g}")
    column[0].yaxis.set_minor_formatter(NullFormatter())
    column[0].set_ylabel(labels[name][1])
    column[0].set_title(name)
    column[1].loglog(strength, strength, color="0.5", linestyle="--", label="the same number")
    column[1].loglog(strength, recovered, "o", color=ORANGE, markersize=4, fillstyle="none", label="−ΔL/Δs")
    column[1].set_xlabel(labels[name][0])
    column[1].set_ylabel("multiplier from the slope")
    column[1].legend(frameon=False)
# %% [markdown]
# **Check.** The multiplier is $\lambda$, to six digits, along both paths. And the budget always falls as
# $\lambda$ grows, so each names the other.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for name, (_, strength, budget, recovered) in found.items():
    worst = np.abs(recovered / strength - 1.0).max()
    print(f"{name}: 40 scales, multiplier from the slope differs from lambda by at most {worst:.1e} of it")
    # claim C2
    assert worst <= 1e-6
    assert np.all(np.diff(strength) < 0.0)
    assert np.all(np.diff(budget) > 0.0)

# %% [markdown]
# Now the other way round: a solver that knows the budget and no penalty. It takes a step down the slope of
# the loss and goes to the nearest point of the ball, again and again.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def nearest_in_l1_ball(point, budget):
    """Return the nearest point with ‖β‖₁ ≤ budget: a soft threshold that just fits."""
    sizes = np.sort(np.abs(point))[::-1]
    if sizes.sum() <= budget:
        return point
    thresholds = (np.cumsum(sizes) - budget) / np.arange(1, sizes.size + 1)
    threshold = thresholds[np.flatnonzero(sizes > thresholds)[-1]]
    return np.sign(point) * np.maximum(np.abs(point) - threshold, 0.0)


def nearest_in_l2_ball(point, budget):
    """Return the nearest point with ½‖β‖₂² ≤ budget."""
    return point * min(1.0, np.sqrt(2.0 * budget) / np.linalg.norm(point))


def by_budget(nearest, budget, n_steps=30_000):
    """Return the coefficients of least loss within the budget."""
    gram, cross = data.X.T @ data.X, data.X.T @ y_centred
    step, coef = 1.0 / np.linalg.eigvalsh(gram)[-1], np.zeros(p)
    for _ in range(n_steps):
        new = nearest(coef + step * (cross - gram @ coef), budget)
        if np.abs(new - coef).max() <= 1e-13 * np.abs(new).max():
            break
        coef = new
    return new


rows = []
for name, nearest in (("lasso", nearest_in_l1_ball), ("ridge", nearest_in_l2_ball)):
    path, strength, budget, _ = found[name]
    for k in (10, 18, 26):
        coef = by_budget(nearest, budget[k])
        slope = data.X.T @ (y_centred - data.X @ coef)
        multiplier = np.abs(slope).max() if name == "lasso" else slope @ coef / (coef @ coef)
        difference = np.abs(coef - path.coefs[k + 1]).max() / np.abs(coef).max()
        rows.append((name, budget[k], strength[k], multiplier, np.count_nonzero(coef), difference))
        # claim C2
        assert difference <= 1e-8
        assert np.isclose(multiplier, strength[k], rtol=1e-8)
        assert np.array_equal(coef == 0.0, path.coefs[k + 1] == 0.0)

columns = ["problem", "budget", "λ of the mode", "λ from the budget's fit", "not 0", "difference"]
table = pd.DataFrame(rows, columns=columns).set_index("problem")
table["difference"] = table["difference"].map(lambda value: f"{value:.1e}")
table.round(4).astype(object).fillna("–")

# %% [markdown]
# **Picture.** So we can draw a path along its budget.

# %%
fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
_ = br.plot_coefficient_path(found["lasso"][0], ax, "Lasso: coefficients along the budget", x="budget")

# %% [markdown]
# Two limits of the statement. Beyond the ends many $\lambda$ share one budget: from $\lambda_\text{max}$ on
# the budget in use is 0, and for $\lambda = 0$ every budget is the same from $\lVert\hat\beta\rVert_1$ on. And
# the two name each other only for *given data*. With the first half of the patients the same $\lambda_1$ is
# another budget.

# %%
lambda_max = np.abs(data.X.T @ y_centred).max()

half_data = br.RowData.from_arrays(X.iloc[: n // 2], y.iloc[: n // 2])
same = br.LinearModel(br.LaplacePrior(15.0), likelihood)
budgets = [np.abs(br.map_estimate(same, rows).coef).sum() for rows in (data, half_data)]
print(f"budget at the same lambda: {budgets[0]:.0f} with all patients, {budgets[1]:.0f} with half of them")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for factor in (1.0, 2.0, 10.0):
    prior = br.LaplacePrior(sigma**2 / (lambda_max * factor * (1.0 + 1e-9)))
    # claim C2
    assert not br.map_estimate(br.LinearModel(prior, likelihood), data).coef.any()
assert np.allclose(
    by_budget(nearest_in_l1_ball, 2.0 * np.abs(least_squares.coef).sum()), least_squares.coef, rtol=1e-8
)
assert abs(budgets[1] / budgets[0] - 1.0) > 0.1

# %% [markdown]
# ## 4. What a corner catches
#
# **Question.** "Many lines can touch the diamond at its corner, but a circle is touched by one line at each
# point." How many?
#
# **Model.** A line touches the ball at a point if the whole ball is on one side of it. The directions at
# right angles to such lines, pointing outwards, make the *normal cone* of the point. The contact of the loss
# is at the point if the slope $g$ of the loss lies in that cone.

# %%
degrees = np.arange(-180, 180)  # of the normal, against the first axis
normals = np.column_stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
diamond = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
around = np.radians(np.arange(0.0, 360.0, 0.25))
disc = np.column_stack([np.cos(around), np.sin(around)])


def touching(ball, point):
    """Return the normals, in degrees, of lines through a point that have the ball on one side."""
    return degrees[np.all((ball - point) @ normals.T <= 1e-12, axis=0)]


corner, edge_point = np.array([1.0, 0.0]), np.array([0.5, 0.5])

# %% [markdown]
# **Picture.** Some of the lines that touch at the corner, at a point of an edge, and on the circle. Blue: the
# normal cone, moved to the point.

# %%
fig, axes = plt.subplots(1, 3, figsize=(12, 4.4), layout="constrained")
closed_diamond, t = np.vstack([diamond, diamond[:1]]), np.array([-1.0, 1.0])
panels = (
    (closed_diamond, corner, (-45, -30, -15, 0, 15, 30, 45), "Diamond, corner: a quarter turn"),
    (closed_diamond, edge_point, (45,), "Diamond, edge: one line"),
    (np.vstack([disc, disc[:1]]), disc[80], (20,), "Circle: one line at each point"),
)
for ax, (outline, point, turns, title) in zip(axes, panels, strict=True):
    ax.fill(*outline.T, color=YELLOW, alpha=0.25, linewidth=0)
    ax.plot(*outline.T, color=YELLOW, linewidth=1.5)
    for turn in np.radians(turns):
        across = np.array([-np.sin(turn), np.cos(turn)])
        ax.plot(*(point[:, None] + across[:, None] * t), color="0.3", linewidth=1.0)
    ends = point + 0.6 * np.column_stack([np.cos(np.radians(turns)), np.sin(np.radians(turns))])
    if len(turns) > 1:
        ax.fill(*np.vstack([point, ends]).T, color=BLUE, alpha=0.3, linewidth=0)
    else:
        ax.annotate("", ends[0], point, arrowprops={"arrowstyle": "->", "color": BLUE, "linewidth": 2})
    ax.plot(*point, "o", color=ORANGE, markeredgecolor="black", zorder=5)
    ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.axvline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.set_xlim(-1.3, 1.9)
    ax.set_ylim(-1.6, 1.6)
    ax.set_aspect("equal")
    ax.set_xlabel("β₁, in units of s")
    ax.set_ylabel("β₂, in units of s")
    ax.set_title(title)
# %% [markdown]
# **Check.** At the corner $(s, 0)$ the normals fill the range from −45° to 45°. As lines: all with a slope of
# at least 1 in size, and the upright one. An edge and a circle have one normal at each point.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim E6
assert np.array_equal(touching(diamond, corner), np.arange(-45, 46))
assert np.array_equal(touching(diamond, edge_point), [45])
assert np.array_equal(touching(disc, disc[80]), [20])
assert np.array_equal(touching(disc, disc[0]), [0])
for slope in np.linspace(-4.0, 4.0, 81):
    height = diamond[:, 1] - slope * (diamond[:, 0] - 1.0)  # above the line through (1, 0)
    one_side = np.all(height <= 1e-12) or np.all(height >= -1e-12)
    # claim E6
    assert one_side == (abs(slope) >= 1.0 - 1e-12)

# %% [markdown]
# The four corners together catch four quarter turns: *every* direction. The four points of the circle on the
# axes catch four directions, which is nothing. Then why is the contact not always at a corner? Because the
# slope of the loss is not fixed: it changes along the ball. On an edge the contact slides to the place where
# the slope has exactly the edge's direction. We see both in the 20,000 losses of section 2.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
steepest = np.argmax(normals[:, None, :] @ diamond.T, axis=2).ravel()  # the corner farthest in each direction
generic = np.abs(np.abs(normals[:, 0]) - np.abs(normals[:, 1])) > 1e-9
slope = np.einsum("mij,mj->mi", kinds["anything"], best - half_l1)
at_corner = np.any(half_l1 == 0.0, axis=1)
size = np.abs(slope)
along_axis = np.where(half_l1[:, 0] != 0.0, size[:, 0], size[:, 1])
across_axis = np.where(half_l1[:, 0] != 0.0, size[:, 1], size[:, 0])

# claim E6
assert [np.count_nonzero(steepest[generic] == k) for k in range(4)] == [89, 89, 89, 89]
assert np.all(across_axis[at_corner] <= along_axis[at_corner] * (1.0 + 1e-9))
assert np.allclose(size[~at_corner, 0], size[~at_corner, 1], rtol=1e-6, atol=1e-9)

# %% [markdown]
# ## 5. "Evenly", and "large ones more"
#
# **Question.** Texts say that L2 lowers all weights evenly, and also that it lowers large ones more and small
# ones less. Which is it?
#
# **Model.** Both, by the same formula. If the columns are orthonormal,
# $\beta_j = \hat\beta_j/(1 + \lambda_2)$: it lowers all by the same *factor*, hence large ones by the larger
# *amount*, $\lvert\hat\beta_j\rvert\,\lambda_2/(1+\lambda_2)$. If they are not, the statement holds in the
# directions $v_k$ of the eigenvectors of $X^\top X$, each with its own factor:
#
# $$ v_k^\top\beta = \frac{d_k^2}{d_k^2 + \lambda_2}\; v_k^\top\hat\beta, \qquad X^\top X v_k = d_k^2 v_k . $$
#
# We can make the ten columns orthonormal without losing anything: $X = U D V^\top$, and we regress on $U$.

# %%
U, d, Vt = np.linalg.svd(data.X, full_matrices=False)
orthonormal = br.RowData.from_arrays(U, y)
ridge_model = br.LinearModel(br.GaussianPrior(100.0), likelihood)
l2 = br.Penalty.from_prior(ridge_model.prior, sigma).l2
plain = U.T @ y_centred  # least squares on U
on_u = br.map_estimate(ridge_model, orthonormal, tol=1e-10).coef
on_x = br.map_estimate(ridge_model, data, tol=1e-10).coef

factor_u = on_u / plain
factor_x = on_x / least_squares.coef
factor_v = (Vt @ on_x) / (Vt @ least_squares.coef)

# %% [markdown]
# **Picture.**

# %%
fig, axes = plt.subplots(1, 3, figsize=(12, 4.0), layout="constrained")
axes[0].plot(np.abs(plain), np.abs(on_u) / np.abs(plain), "o", color=BLUE)
axes[0].axhline(1.0 / (1.0 + l2), color="0.5", linestyle="--", label="1/(1 + λ₂)")
axes[0].set_xlabel("|least-squares coefficient|, units of y")
axes[0].set_ylim(0.0, 1.05)
axes[0].set_title("Orthonormal columns: one factor")
axes[1].plot(np.arange(p), factor_x, "o", color=ORANGE)
axes[1].set_xticks(np.arange(p), X.columns)
axes[1].axhline(1.0, color="0.5", linestyle="--", label="no shrinkage")
axes[1].axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
axes[1].set_xlabel("column")
axes[1].set_title("The ten columns: no rule")
axes[2].semilogx(d**2, factor_v, "s", color=GREEN)
fine = np.geomspace(5e-3, 8.0, 200)
axes[2].semilogx(fine, fine / (fine + l2), color="0.5", linestyle="--", label="d²/(d² + λ₂)")
axes[2].set_xlabel("eigenvalue d² of X'X, units of x²")
axes[2].set_ylim(0.0, 1.05)
axes[2].set_title("Their eigen-directions: a rule again")
for ax in axes:
    ax.legend(loc="best", frameon=False)
_ = axes[0].set_ylabel("ridge / least squares")
# %% [markdown]
# **Check.** Orthonormal columns: one factor, so the amounts are in proportion to the sizes. The columns as
# they are: some coefficients keep most of their size, three change their sign, and three are larger in size
# than without a penalty. In the eigen-directions the formula holds to ten digits.

# %%
print("ridge / least squares, column by column:", *(f"{f:.2f}" for f in factor_x))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim E6
assert np.allclose(factor_u, 1.0 / (1.0 + l2), rtol=1e-11)
assert np.allclose(np.abs(plain) - np.abs(on_u), np.abs(plain) * l2 / (1.0 + l2), rtol=1e-10)
assert np.array_equal(np.argsort(np.abs(plain) - np.abs(on_u)), np.argsort(np.abs(plain)))
assert np.allclose(factor_v, d**2 / (d**2 + l2), rtol=1e-10)
assert list(X.columns[factor_x < 0.0]) == ["age", "s2", "s3"]
assert list(X.columns[np.abs(factor_x) > 1.0]) == ["age", "s3", "s6"]

# %% [markdown]
# L1 lowers weights by equal *amounts*: with orthonormal columns each coefficient loses $\lambda_1$, or all it
# has.

# %%
lasso_model = br.LinearModel(br.LaplacePrior(30.0), likelihood)
l1 = br.Penalty.from_prior(lasso_model.prior, sigma).l1
lost = np.abs(plain) - np.abs(br.map_estimate(lasso_model, orthonormal, tol=1e-10).coef)
print("lost under L1:", *(f"{amount:.1f}" for amount in lost), f"(lambda_1 = {l1:.1f})")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim E6
assert np.allclose(lost, np.minimum(np.abs(plain), l1), rtol=1e-10)
assert 0 < np.count_nonzero(np.abs(plain) < l1) < p

# %% [markdown]
# ## What was shown
#
# - The mode is where loss and ball touch. With L1 that is on an axis in a share $1 - \frac4\pi\arctan q$ of
#   all losses with columns of length 1, whatever their correlation: 41% at half the budget. With L2 it never
#   is.
# - Penalty and budget are one problem. The multiplier, from slopes of the loss along the budget, is $\lambda$
#   to six digits, and a solver that knows only the budget finds the mode.
# - A corner catches a quarter turn of slopes, a point of the circle catches one slope. L2 takes the same
#   factor from each orthonormal direction, so the larger amount from the larger coefficient. L1 takes the
#   same amount.
