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
# # Norms and units
#
# A penalty adds up coefficients. But a coefficient has a unit: points of $y$ per year of age, points per mmHg
# of blood pressure. Sums of such numbers mean something only after a choice of units, and every choice is a
# choice of prior. This notebook first says what the norms are. Then it explains four words that are easily
# confused (normalise, scale, standardise, regularise). Then it follows the units through the lasso.
#
# A check in code follows each statement, folded out of the way. If the statement were false, the notebook
# would stop there.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $n, p$ | | number of rows and of columns |
# | $\beta$ | `coef` | coefficients |
# | $\sigma$ | `noise_scale` | standard deviation of the noise, in units of $y$ |
# | $b$ | `LaplacePrior.scale` | Laplace prior: density $e^{-\lvert\beta\rvert/b}/(2b)$ |
# | $\lambda_1$ | `Penalty.l1` | penalty: $\sigma^2/b$ |
# | $s_j$ | | standard deviation of column $j$, with $n$ in the denominator |

# %%
from itertools import combinations
from math import comb

import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import cityblock, euclidean
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"  # told apart by colour-blind readers

# %% [markdown]
# The data: 442 patients with diabetes, here in their **own units**: age in years, body mass index in
# kg/m², blood pressure in mmHg, blood values s1 to s6. The response $y$ is the progress of the disease
# after one year. We take $\sigma$ as known, as least squares estimates it.

# %%
X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
data = br.RowData.from_arrays(X, y)
n, p = data.n_samples, data.n_features
y_centred = data.y - data.y.mean()

flat = br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0))
least_squares = br.map_estimate(flat, data)
sigma = float(np.sqrt(2.0 * least_squares.certificate.primal / (n - p - 1)))
likelihood = br.GaussianLikelihood(sigma)
print(f"n = {n}, p = {p}, sigma = {sigma:.4f}")
X.describe().loc[["mean", "std", "min", "max"]].round(1)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (n, p) == (442, 10)

# %% [markdown]
# ## 1. Lengths and distances
#
# **Question.** What do the L1 and the L2 norm measure?
#
# **Model.** Lengths. The distance of two points is the length of their difference:
#
# $$ \lVert v\rVert_1 = \sum_j \lvert v_j\rvert, \qquad \lVert v\rVert_2 = \sqrt{\textstyle\sum_j v_j^2}. $$
#
# L1 is the way along the streets of a city, L2 is the way of a bird.

# %%
v = least_squares.coef
print(f"least-squares coefficients: L1 norm {np.abs(v).sum():.3f}, L2 norm {np.sqrt(v @ v):.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim E1
assert np.isclose(np.linalg.norm(v, ord=1), np.abs(v).sum(), rtol=1e-14)
assert np.isclose(np.linalg.norm(v, ord=2), np.sqrt(v @ v), rtol=1e-14)
assert np.isclose(br.Penalty(l1=1.0).value(v), np.linalg.norm(v, ord=1), rtol=1e-14)
assert np.isclose(br.Penalty(l2=1.0).value(v), 0.5 * np.linalg.norm(v, ord=2) ** 2, rtol=1e-14)
assert np.linalg.norm(v, ord=2) <= np.linalg.norm(v, ord=1) <= np.sqrt(p) * np.linalg.norm(v, ord=2)

# %% [markdown]
# The city: from one crossing to another, 6 blocks to the east and 4 to the north. A shortest way makes ten
# steps, and we may choose which four of them go north.

# %%
east, north = 6, 4
start, end = np.zeros(2), np.array([6.0, 4.0])
ways = []
for going_north in combinations(range(east + north), north):
    steps = np.array([[0.0, 1.0] if k in going_north else [1.0, 0.0] for k in range(east + north)])
    ways.append(np.vstack([start, np.cumsum(steps, axis=0)]))

# %% [markdown]
# **Picture.**

# %%
fig, ax = plt.subplots(figsize=(6.4, 4.6), layout="constrained")
for k in range(east + 1):
    ax.axvline(k, color="0.85", linewidth=0.8, zorder=0)
for k in range(north + 1):
    ax.axhline(k, color="0.85", linewidth=0.8, zorder=0)
looks = ((0, BLUE, "-", 5.0), (209, ORANGE, "--", 5.0), (97, GREEN, "-", 2.0))
for place, (number, colour, style, width) in enumerate(looks, start=1):
    ax.plot(*ways[number].T, color=colour, linestyle=style, linewidth=width, label=f"way {place}, length 10")
bird = np.array([start, end])
ax.plot(*bird.T, color="black", linestyle=":", linewidth=2, label="straight line, length 7.21")
ax.plot(*bird.T, "o", color="black", linestyle="none")
ax.set_xlabel("blocks to the east")
ax.set_ylabel("blocks to the north")
ax.set_xticks(range(east + 1))
ax.set_yticks(range(north + 1))
ax.set_aspect("equal")
ax.set_title(f"{len(ways)} shortest ways in the city, one for a bird")
_ = ax.legend(loc="upper left", bbox_to_anchor=(0.0, -0.14), ncols=2, frameon=False)
# %% [markdown]
# **Check.** There are $\binom{10}{4} = 210$ ways. All arrive, all differ, and each has the length
# $\lVert v\rVert_1 = 10$. The straight line has the length $\lVert v\rVert_2 = \sqrt{52}$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
lengths = [np.abs(np.diff(way, axis=0)).sum() for way in ways]
# claim E1
assert len(ways) == comb(10, 4) == 210
assert len({way.tobytes() for way in ways}) == 210
assert all(np.array_equal(way[-1], end) for way in ways)
assert set(lengths) == {cityblock(start, end)} == {10.0}
assert np.isclose(euclidean(start, end), np.sqrt(52.0), rtol=1e-15)
assert f"{euclidean(start, end):.2f}" == "7.21"

# %% [markdown]
# Off the streets it is the same. In L1, *every* point of the rectangle lies on a shortest way. In L2, only
# the points of the straight line do: any other point is a detour.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rng = np.random.default_rng(7)
via = rng.uniform(0.0, 1.0, size=(1000, 2)) * end
on_the_line = rng.uniform(0.0, 1.0, size=1000)[:, None] * end
by_street = np.array([cityblock(start, point) + cityblock(point, end) for point in via])
by_air = np.array([euclidean(start, point) + euclidean(point, end) for point in via])
straight = np.array([euclidean(start, point) + euclidean(point, end) for point in on_the_line])
off = np.abs(via[:, 0] * end[1] - via[:, 1] * end[0]) / euclidean(start, end)  # distance from the line

# claim E1
assert np.allclose(by_street, 10.0, rtol=1e-14)
assert np.all(by_air[off > 1e-6] > np.sqrt(52.0))
assert np.count_nonzero(off > 1e-6) > 990
assert np.allclose(straight, np.sqrt(52.0), rtol=1e-14)

# %% [markdown]
# ## 2. Four words
#
# **Question.** What is the difference between normalising, scaling, standardising and regularising?
#
# **Model.**
#
# | word | formula | acts on |
# |---|---|---|
# | normalise (`normalize`) | $x_i / \lVert x_i\rVert$ | each **row**: afterwards it has length 1 |
# | scale (`MinMaxScaler`) | $(x_{ij} - \min_j)/(\max_j - \min_j)$ | each **column**: afterwards from 0 to 1 |
# | standardise (`StandardScaler`) | $(x_{ij} - \bar x_j)/s_j$ | each **column**: mean 0, sd 1 |
# | regularise (`Lasso`, a prior) | penalty on $\beta$ | the **coefficients**; the data stay as they are |
#
# Texts do not agree on these words. Some call any change of columns "normalisation", and "normalised
# features" in section 3 are columns of length 1. What counts is the formula.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rows = X.to_numpy()
by_hand = {
    "normalise, L2": rows / np.sqrt((rows**2).sum(axis=1, keepdims=True)),
    "normalise, L1": rows / np.abs(rows).sum(axis=1, keepdims=True),
    "scale": (rows - rows.min(axis=0)) / (rows.max(axis=0) - rows.min(axis=0)),
    "standardise": (rows - rows.mean(axis=0)) / rows.std(axis=0),
}
by_sklearn = {
    "normalise, L2": normalize(rows, norm="l2"),
    "normalise, L1": normalize(rows, norm="l1"),
    "scale": MinMaxScaler().fit_transform(rows),
    "standardise": StandardScaler().fit_transform(rows),
}

# claim E1
assert all(np.allclose(by_hand[word], by_sklearn[word], rtol=1e-12, atol=1e-13) for word in by_hand)
assert np.allclose(np.linalg.norm(by_hand["normalise, L2"], axis=1), 1.0, rtol=1e-14)
assert np.allclose(np.linalg.norm(by_hand["normalise, L1"], ord=1, axis=1), 1.0, rtol=1e-14)
assert np.array_equal(by_hand["scale"].min(axis=0), np.zeros(p))
assert np.array_equal(by_hand["scale"].max(axis=0), np.ones(p))
assert np.allclose(by_hand["standardise"].mean(axis=0), 0.0, atol=1e-13)
assert np.allclose(by_hand["standardise"].std(axis=0), 1.0, rtol=1e-13)

# %% [markdown]
# **Picture.** Two columns only, body mass index and blood pressure, so that a row is a point in the plane.
# Normalised rows lie on a circle (L2) or on a straight line (L1): one of two numbers is lost.

# %%
two = X[["bmi", "bp"]].to_numpy()
fig, axes = plt.subplots(1, 4, figsize=(13, 3.8), layout="constrained")
axes[0].plot(*two.T, ".", color=BLUE, markersize=3)
axes[0].set_title("as they are")
axes[0].set_xlabel("bmi, kg/m²")
axes[0].set_ylabel("bp, mmHg")
axes[1].plot(*normalize(two, norm="l2").T, ".", color=BLUE, markersize=3, label="L2")
axes[1].plot(*normalize(two, norm="l1").T, "x", color=ORANGE, markersize=3, label="L1")
axes[1].set_xlim(0.0, 1.05)
axes[1].set_ylim(0.0, 1.05)
axes[1].set_aspect("equal")
axes[1].legend(loc="lower left", frameon=False)
axes[1].set_title("rows normalised")
axes[2].plot(*MinMaxScaler().fit_transform(two).T, ".", color=BLUE, markersize=3)
axes[2].set_title("columns scaled to 0–1")
axes[3].plot(*StandardScaler().fit_transform(two).T, ".", color=BLUE, markersize=3)
axes[3].set_title("columns standardised")
for ax in axes[1:]:
    ax.set_xlabel("bmi, no unit")
    ax.set_ylabel("bp, no unit")
# %% [markdown]
# **Check.** What does each do to a fit? We compare predictions, in units of the standard deviation of $y$,
# with those from the data as they are: by least squares, by ridge and by the lasso, always with the same
# prior scale.


# %%
def predictions(prior, columns):
    """Return the mode's predictions for the rows."""
    mode = br.map_estimate(br.LinearModel(prior, likelihood), br.RowData.from_arrays(columns, y))
    return mode.intercept + columns @ mode.coef


fits = {"least squares": br.FlatPrior(), "ridge": br.GaussianPrior(5.0), "lasso": br.LaplacePrior(5.0)}
change = pd.DataFrame(
    {
        fit: {
            word: np.abs(predictions(prior, columns) - predictions(prior, rows)).max() / data.response_sd
            for word, columns in by_hand.items()
        }
        for fit, prior in fits.items()
    }
)
columns_only = change.loc[["scale", "standardise"]]
rows_changed = change.loc[["normalise, L2", "normalise, L1"]]
change.map(lambda value: f"{value:.2g}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim E1
assert columns_only["least squares"].max() <= 1e-9
assert columns_only[["ridge", "lasso"]].to_numpy().min() > 0.01
assert rows_changed.to_numpy().min() > 0.1

# %% [markdown]
# - To **scale** or **standardise** columns is a change of units. Least squares does not notice.
# - To **normalise** rows is another model: information is lost. It is meant for rows whose length says
#   nothing, like counts of words in texts of different lengths. Here it adds years to mmHg.
# - To **regularise** changes the fit. It is the only one of the four that needs a belief. And with a penalty
#   the units matter: in other units the same number is another belief. The rest of this notebook is about
#   that.
#
# ## 3. One coordinate at a time
#
# **Question.** How does one coefficient move if the others stand still?
#
# **Model.** Let $\rho_j = x_j^\top(r + x_j\beta_j)$, with $r$ the residual. It is what column $j$ has in
# common with the part of $y$ that the other columns do not explain. Let $z_j = \sum_i x_{ij}^2$. Then the
# best $\beta_j$ is
#
# $$
# \beta_j \leftarrow \frac{S(\rho_j, \lambda_1)}{z_j}, \qquad
# S(\rho, \lambda) = \operatorname{sign}(\rho)\max(\lvert\rho\rvert - \lambda, 0) .
# $$
#
# For columns of length 1 ("normalised features") $z_j = 1$, and the update is the soft threshold itself. The
# columns are centred, so the intercept needs no care.


# %%
def soft(rho, threshold):
    """Return the soft threshold."""
    return np.sign(rho) * np.maximum(np.abs(rho) - threshold, 0.0)


def coordinate_descent(columns, l1, divide=True, n_sweeps=20_000):
    """Return the lasso's coefficients by coordinate updates, and the number of sweeps."""
    columns = columns - columns.mean(axis=0)
    gram, coef, sweeps = columns.T @ columns, np.zeros(p), 0
    z = np.diag(gram) if divide else np.ones(p)
    slope = columns.T @ y_centred  # xⱼ'r
    while sweeps < n_sweeps:
        before, sweeps = coef.copy(), sweeps + 1
        for j in range(p):
            rho = slope[j] + gram[j, j] * coef[j]
            new = soft(rho, l1) / z[j]
            slope -= gram[j] * (new - coef[j])
            coef[j] = new
        if np.abs(coef - before).max() <= 1e-14 * np.abs(coef).max():
            break
    return coef, sweeps


centred = rows - rows.mean(axis=0)
norms = np.linalg.norm(centred, axis=0)
unit_columns = centred / norms

# %% [markdown]
# First one update, at 20 random points, for each of the ten columns, on columns in their own units and of
# length 1. The judge is `map_estimate` on that one column with the partial residual as its response.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for columns, l1 in ((centred, 3000.0), (unit_columns, 100.0)):
    model = br.LinearModel(br.LaplacePrior(sigma**2 / l1), likelihood)
    zeros = 0
    size = np.abs(least_squares.coef) * norms / np.linalg.norm(columns, axis=0)
    for point in rng.normal(0.0, 1.0, size=(20, p)) * size:
        for j in range(p):
            partial = y_centred - columns @ point + columns[:, j] * point[j]
            rho, z = columns[:, j] @ partial, columns[:, j] @ columns[:, j]
            mode = br.map_estimate(model, br.RowData.from_arrays(columns[:, [j]], partial)).coef[0]
            zeros += mode == 0.0
            # claim D2
            assert np.isclose(mode, soft(rho, l1) / z, rtol=1e-9, atol=1e-12 * abs(rho / z))
            assert (mode == 0.0) == (abs(rho) <= l1)
    print(f"lambda_1 = {l1:.0f}: 200 updates, {zeros} of them to exactly 0")
    assert 0 < zeros < 200

# %% [markdown]
# Then all updates in turn, until nothing moves.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for name, columns, l1 in (("own units", rows, 3000.0), ("length 1", unit_columns, 200.0)):
    model = br.LinearModel(br.LaplacePrior(sigma**2 / l1), likelihood)
    mode = br.map_estimate(model, br.RowData.from_arrays(columns, y), tol=1e-10).coef
    coef, sweeps = coordinate_descent(columns, l1)
    difference = np.abs((coef - mode) * columns.std(axis=0)).max() / np.abs(mode * columns.std(axis=0)).max()
    print(f"{name}: {sweeps} sweeps, {np.count_nonzero(coef)} not 0, difference {difference:.1e}")
    # claim D2
    assert difference <= 1e-9
    assert np.array_equal(coef == 0.0, mode == 0.0)

# %% [markdown]
# Without the division by $z_j$ the update is wrong for columns of any other length: here the first update
# already makes the loss much larger. With columns of length 1 the division changes nothing.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
first_rho = centred.T @ y_centred
bmi = X.columns.get_loc("bmi")
losses = [
    0.5 * np.sum((y_centred - centred[:, bmi] * value) ** 2) + 3000.0 * abs(value)
    for value in (0.0, soft(first_rho[bmi], 3000.0) / norms[bmi] ** 2, soft(first_rho[bmi], 3000.0))
]
with_division, _ = coordinate_descent(unit_columns, 200.0)
without_division, _ = coordinate_descent(unit_columns, 200.0, divide=False)

# claim D2
assert losses[1] < losses[0]
assert losses[2] > 1e3 * losses[0]
assert np.allclose(with_division, without_division, rtol=1e-9)

# %% [markdown]
# One more trap: some texts write the cost as $\sum_i r_i^2 + \lambda\lVert\beta\rVert_1$, without the ½. Then
# the threshold is $\lambda/2$, and nothing else changes. Here a search minimises that cost.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
x, rho = unit_columns[:, bmi], unit_columns[:, bmi] @ y_centred
tried = minimize_scalar(
    lambda value: np.sum((y_centred - x * value) ** 2) - np.sum(y_centred**2) + 400.0 * abs(value),
    bounds=(0.0, 2000.0),
    method="bounded",
    options={"xatol": 1e-7},
)
# claim D2
assert np.isclose(tried.x, soft(rho, 400.0 / 2.0), rtol=1e-6)
assert not np.isclose(tried.x, soft(rho, 400.0), rtol=0.1)

# %% [markdown]
# ### Three penalties
#
# $\lambda_1 = 0$: no threshold, and the updates lead to least squares. A moderate one: some
# coefficients become 0. One that is too large, from $\max_j\lvert x_j^\top y\rvert$ on: all are 0.

# %%
first = unit_columns.T @ y_centred  # the first update's ρ for each column, from 0
strengths = {"0": 0.0, "300, moderate": 300.0, "1000, too large": 1000.0}

# %% [markdown]
# **Picture.** The update for columns of length 1. The marks are the ten columns of the data, at their first
# update.

# %%
fig, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
line = np.linspace(-1100.0, 1100.0, 441)
looks = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"))
for (name, strength), (colour, style, marker) in zip(strengths.items(), looks, strict=True):
    ax.plot(line, soft(line, strength), color=colour, linestyle=style, label=f"λ₁ = {name}")
    ax.plot(first, soft(first, strength), marker, color=colour, markersize=5, fillstyle="none")
ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
ax.set_xlabel("ρ, units of x·y (column of length 1)")
ax.set_ylabel("updated coefficient, y per unit of x")
ax.set_title("Soft threshold for three strengths")
_ = ax.legend(frameon=False)
# %% [markdown]
# **Check.**

# %% jupyter={"source_hidden": true} tags=["hide-input"]
unit_data = br.RowData.from_arrays(unit_columns, y, feature_names=X.columns)
counts = {}
for name, strength in strengths.items():
    prior = br.LaplacePrior(sigma**2 / strength) if strength else br.FlatPrior()
    mode = br.map_estimate(br.LinearModel(prior, likelihood), unit_data, tol=1e-10).coef
    coef, _ = coordinate_descent(unit_columns, strength)
    counts[name] = (np.count_nonzero(soft(first, strength)), np.count_nonzero(mode))
    print(
        f"lambda_1 = {name:16s} not 0: {counts[name][0]:2d} at the first update, {counts[name][1]:2d} at the mode"
    )
    # claim D2
    assert np.allclose(coef, mode, rtol=0.0, atol=1e-8 * np.abs(least_squares.coef * norms).max())

# claim D2
assert counts["0"] == (10, 10)
assert 0 < counts["300, moderate"][1] < 10
assert counts["1000, too large"] == (0, 0)
assert 300.0 < np.abs(first).max() < 1000.0

# %% [markdown]
# ## 4. One fit in three units
#
# **Question.** Columns in their own units, standardised, or of length 1: which is right?
#
# **Model.** All are right, if the prior scale is in the same units. Dividing a column by $u_j$ multiplies its
# coefficient by $u_j$. So its prior scale must be multiplied by $u_j$, too. With $s_j$ the standard
# deviation, a centred column has the length $\sqrt n\,s_j$, and
#
# | columns | coefficient | prior scale |
# |---|---|---|
# | length 1, $x_j/(\sqrt n\,s_j)$ | $\theta_j$ | $b$ for all |
# | standardised, $x_j/s_j$ | $\theta_j/\sqrt n$ | $b/\sqrt n$ for all |
# | own units, $x_j$ | $\theta_j/(\sqrt n\,s_j)$ | $b/(\sqrt n\,s_j)$, one for each column |

# %%
b = 15.0
sd = rows.std(axis=0)
standardised = (rows - rows.mean(axis=0)) / sd
forms = {  # data, prior scale, and what turns its coefficients into those of columns of length 1
    "length 1": (unit_columns, b, np.ones(p)),
    "standardised": (standardised, b / np.sqrt(n), np.full(p, np.sqrt(n))),
    "own units": (rows, b / norms, norms),
}


def fit(make, columns, scale, **options):
    """Return the mode of a model whose prior is made from a scale."""
    model = br.LinearModel(make(scale), likelihood, **options)
    return br.map_estimate(model, br.RowData.from_arrays(columns, y, feature_names=X.columns), tol=1e-10)


matched = {
    make: {name: fit(make, columns, scale) for name, (columns, scale, _) in forms.items()}
    for make in (br.LaplacePrior, br.GaussianPrior)
}
careless = {name: fit(br.LaplacePrior, columns, b) for name, (columns, _, _) in forms.items()}

# %% [markdown]
# **Picture.** Left: the number 15 as the prior scale in all three units, three different lassos. Right: the
# prior scales of the table, one lasso. Coefficients are those of columns of length 1.

# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True, layout="constrained")
looks = (("o", BLUE, 9), ("s", ORANGE, 6), ("x", "black", 4))
for ax, modes, title in (
    (axes[0], careless, "Scale 15 in each: three fits"),
    (axes[1], matched[br.LaplacePrior], "Scales that match: one fit"),
):
    for (name, (_, _, back)), (marker, colour, size) in zip(forms.items(), looks, strict=True):
        ax.plot(modes[name].coef * back, marker, color=colour, markersize=size, fillstyle="none", label=name)
    ax.set_xticks(np.arange(p), X.columns)
    ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.set_xlabel("column")
    ax.set_title(title)
axes[0].set_ylabel("coefficient × length of the column,\nunits of y")
_ = axes[1].legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
# %% [markdown]
# **Check.** With matching scales all three are one fit: the same coefficients after conversion, the same
# zeros, the same predictions, for the lasso and for ridge.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for make, modes in matched.items():
    reference = modes["length 1"]
    predicted = reference.intercept + unit_columns @ reference.coef
    for name, (columns, _, back) in forms.items():
        mode = modes[name]
        difference = np.abs(mode.coef * back - reference.coef).max() / np.abs(reference.coef).max()
        not_zero = np.count_nonzero(mode.coef)
        print(f"{make.__name__:14s} {name:13s} {not_zero:2d} not 0, difference {difference:.1e}")
        # claim D2
        assert difference <= 1e-9
        assert np.array_equal(mode.coef == 0.0, reference.coef == 0.0)
        assert np.allclose(mode.intercept + columns @ mode.coef, predicted, rtol=0.0, atol=1e-8)

# claim D2
assert [np.count_nonzero(mode.coef) for mode in careless.values()] == [4, 8, 10]

# %% [markdown]
# The code has three ways to say it, without touching the columns: a scale for each column; one scale and a
# factor for each column; or `standardize=True`, which reads the scale as that of standardised columns.
# scikit-learn says it with a `StandardScaler` before its lasso. Its penalty is $\alpha = \lambda_1/n$, which
# `translate` knows.

# %%
by_array = matched[br.LaplacePrior]["own units"]
with_factor = br.LinearModel(br.LaplacePrior(b, factor=1.0 / norms), likelihood)
by_factor = br.map_estimate(with_factor, data, tol=1e-10)
by_switch = fit(br.LaplacePrior, rows, b / np.sqrt(n), standardize=True)

alpha = br.translate(br.LaplacePrior(b / np.sqrt(n)), "LaplacePrior", "sklearn.Lasso", y=y, noise_scale=sigma)
pipeline = make_pipeline(StandardScaler(), Lasso(float(alpha), tol=1e-14, max_iter=100_000)).fit(rows, y)
print(alpha.code)

size = np.abs(by_array.coef * norms).max()

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim D2
assert np.allclose(by_factor.coef * norms, by_array.coef * norms, rtol=0.0, atol=1e-9 * size)
assert np.allclose(by_switch.coef * norms, by_array.coef * norms, rtol=0.0, atol=1e-9 * size)
assert np.allclose(pipeline[-1].coef_ * np.sqrt(n), by_array.coef * norms, rtol=0.0, atol=1e-9 * size)
assert np.array_equal(pipeline[-1].coef_ == 0.0, by_array.coef == 0.0)
assert np.isclose(float(alpha), sigma**2 / (b * np.sqrt(n)), rtol=1e-13)

# %% [markdown]
# The other way round: a prior with a scale for each column, but scikit-learn has one penalty for all.
# `rescale=True` gives the penalty and the units to divide the columns by.

# %%
rescaled = br.translate(
    br.LaplacePrior(b / norms), "LaplacePrior", "sklearn.Lasso", X=X, y=y, noise_scale=sigma, rescale=True
)
theirs = Lasso(float(rescaled), tol=1e-14, max_iter=100_000).fit(rows / rescaled.column_unit, y)
print(rescaled.code)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim D2
assert np.allclose(
    theirs.coef_ / rescaled.column_unit * norms, by_array.coef * norms, rtol=0.0, atol=1e-9 * size
)
assert np.allclose(rescaled.column_unit / rescaled.column_unit[0], norms / norms[0], rtol=1e-12)

# %% [markdown]
# A last detail. The standard deviation here has $n$ in the denominator, as in scikit-learn. With $n - 1$, as
# in `X.std()` of pandas, the prior scale on standardised columns changes by the factor $\sqrt{(n-1)/n}$. For
# 442 patients that is about one part in 880, which is enough to see.

# %%
ratio = X.std().to_numpy() / sd
by_pandas = fit(br.LaplacePrior, ((X - X.mean()) / X.std()).to_numpy(), b / np.sqrt(n))
gap = np.abs(by_pandas.coef / X.std().to_numpy() * norms - by_array.coef * norms).max() / size
print(f"the same scale with n − 1: coefficients differ by {gap:.1e} of the largest")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(ratio, np.sqrt(n / (n - 1.0)), rtol=1e-13)
assert 1e-6 < gap < 1e-2

# %% [markdown]
# ## What was shown
#
# - L1 and L2 are two lengths. In L1 there are many shortest ways, in L2 one. Normalising acts on rows.
#   Scaling and standardising act on columns and change only units. Regularising acts on coefficients.
# - The coordinate update is a soft threshold, divided by the column's sum of squares. Without a threshold it
#   leads to least squares, with one that is too large to nothing.
# - You may choose the units. The prior scale goes with them: $b$, $b/\sqrt n$ and $b/(\sqrt n\,s_j)$ are one
#   belief, and give one fit.
