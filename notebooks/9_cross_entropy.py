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
# # Cross-entropy, and the priors behind its penalties
#
# If the answer is yes or no, few people minimise a sum of squares. They minimise *cross-entropy*, also called
# log loss, and add the same penalties as before. Is L1 then still a Laplace prior, and L2 a Gaussian one? They
# are, and the translation is even simpler: there is no $\sigma$ in it.
#
# We show this on real data, beside scikit-learn's `LogisticRegression`, and then go where a penalised fit
# stops: to the certificate of the mode, and to the posterior around it. A check in code follows each
# statement, folded out of the way. If the statement were false, the notebook would stop there.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $n, p$ | | number of rows and of columns |
# | $\beta_0, \beta$ | `intercept`, `coef` | intercept and the $p$ coefficients |
# | $\eta_i$ | | linear predictor of row $i$: $\beta_0 + x_i^\top\beta$, the log odds of yes |
# | $\mu_i$ | | probability of yes: $1/(1 + e^{-\eta_i})$ |
# | $b, \tau$ | `LaplacePrior.scale`, `GaussianPrior.scale` | scales of the priors |
# | $\lambda_1, \lambda_2$ | `Penalty.l1`, `Penalty.l2` | the penalties |
# | $C$ | `LogisticRegression(C=…)` | scikit-learn's number: one over the penalty |

# %%
import warnings

warnings.filterwarnings("ignore", "IProgress not found")  # of NumPyro's progress bar, which is not used here

import arviz as az
import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit, log_expit
from scipy.stats import bernoulli
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"  # told apart by colour-blind readers

# %% [markdown]
# The data: 569 tumours of the breast, of which 212 are malignant. The thirty columns are measurements of the
# cells' nuclei in an image, ten kinds of them, each as mean, standard error and worst value. Yes means
# malignant. The columns are in many units, so we standardise them.

# %%
raw = load_breast_cancer(as_frame=True)
X = (raw.data - raw.data.mean()) / raw.data.std(ddof=0)
y = (raw.target == 0).astype(int).rename("malignant")
data = br.RowData.from_arrays(X, y)
n, p = data.n_samples, data.n_features
names = list(data.feature_names)
print(f"n = {n}, p = {p}, malignant: {y.sum()}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (n, p, y.sum()) == (569, 30, 212)
assert np.allclose(data.X.mean(axis=0), 0.0, atol=1e-12)
assert np.allclose(data.X.std(axis=0), 1.0)

# %% [markdown]
# ## 1. Cross-entropy is minus a log likelihood
#
# **Question.** What does somebody believe who minimises cross-entropy?
#
# **Model.** A row with the linear predictor $\eta$ is yes with probability $\mu = 1/(1 + e^{-\eta})$, and the
# rows are independent. The probability of what was seen is $\prod_i \mu_i^{y_i}(1-\mu_i)^{1-y_i}$. Minus its
# logarithm is
#
# $$ -\log p(y \mid \beta_0, \beta) = -\sum_i \bigl[\,y_i \log\mu_i + (1 - y_i)\log(1 - \mu_i)\,\bigr]
# = \sum_i \bigl[\log(1 + e^{\eta_i}) - y_i\,\eta_i\bigr], $$
#
# which is the cross-entropy, term by term. Squared error would be the same for a bell-shaped $y$. For a yes or
# a no this is what it must be.


# %%
def cross_entropy(intercept, coef):
    """Return the sum over the rows."""
    eta = intercept + data.X @ coef
    return float(np.sum(np.logaddexp(0.0, eta) - data.y * eta))


# %% [markdown]
# **Picture.** What one row costs. A confident right answer costs nothing, and a confident wrong one costs as
# much as it was confident. A square of $y - \mu$, dashed, would cost 1 at most.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
eta = np.linspace(-6.0, 6.0, 241)
fig, ax = plt.subplots(figsize=(8, 4.0), layout="constrained")
ax.plot(eta, -log_expit(eta), color=BLUE, label="y = 1: −log μ")
ax.plot(eta, -log_expit(-eta), color=ORANGE, label="y = 0: −log(1 − μ)")
ax.plot(eta, (1.0 - expit(eta)) ** 2, "--", color=BLUE, label="y = 1: (y − μ)²")
ax.plot(eta, expit(eta) ** 2, "--", color=ORANGE, label="y = 0: (y − μ)²")
ax.set_xlabel("linear predictor η, the log odds of yes")
ax.set_ylabel("what the row costs")
ax.set_title("Cross-entropy of one row")
_ = ax.legend(frameon=False)

# %% [markdown]
# **Check.** At 100 random points: our formula, SciPy's Bernoulli distribution, and scikit-learn's `log_loss`,
# which is the mean over the rows and not the sum. Remember that $n$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rng = np.random.default_rng(9)
points = [(rng.normal(), rng.normal(0.0, 0.3, size=p)) for _ in range(100)]
for intercept, coef in points:
    mu = expit(intercept + data.X @ coef)
    loss = cross_entropy(intercept, coef)
    # claim B3
    assert np.isclose(loss, -bernoulli.logpmf(y, mu).sum(), rtol=1e-9)
    assert np.isclose(loss, n * log_loss(y, mu), rtol=1e-9)
print(
    f"100 points, cross-entropy from {min(cross_entropy(*one) for one in points):.0f} upwards: the same three times"
)

# %% [markdown]
# ## 2. The penalty is minus a log prior
#
# **Question.** And with a penalty?
#
# **Model.** Add minus the log of a prior. Nothing has to be multiplied by $\sigma^2$, because a yes or a no has
# no noise scale of its own: how far $y$ scatters is $\mu(1-\mu)$, and the linear predictor has settled it.
#
# $$ -\log p(\beta_0, \beta \mid y) = \underbrace{\text{cross-entropy} + \lambda_1\sum_j\lvert\beta_j\rvert
# + \tfrac12\lambda_2\sum_j\beta_j^2}_{J(\beta_0,\,\beta)} + \text{const},
# \qquad \lambda_1 = \frac1b, \quad \lambda_2 = \frac1{\tau^2}. $$
#
# scikit-learn multiplies the cross-entropy by $C$ instead of the penalty by $\lambda$. So $C = 1/\lambda_1 = b$
# for L1, and $C = 1/\lambda_2 = \tau^2$ for L2: **$C$ is the scale of a Laplace prior, and the variance of a
# Gaussian prior.**

# %%
priors = {
    "L1": br.LaplacePrior(0.5),
    "L2": br.GaussianPrior(0.5),
    "elastic net": br.ElasticNetPrior(0.5, 0.5),
}
logistic = br.BernoulliLikelihood()
penalties = {name: br.Penalty.from_prior(prior, 1.0) for name, prior in priors.items()}
for name, prior in priors.items():
    line = br.translate(prior, type(prior).__name__, "sklearn.LogisticRegression")
    print(f"{name:11s} {line}")

# %% [markdown]
# **Check.** At the 100 points, minus log posterior (from SciPy's likelihood and the prior's own density) less
# $J$ is one constant: $-\sum_j\log p(\beta_j = 0)$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for name, prior in priors.items():
    J = np.array([cross_entropy(*one) + penalties[name].value(one[1]) for one in points])
    L = np.array(
        [
            -bernoulli.logpmf(y, expit(one[0] + data.X @ one[1])).sum() - prior.log_prob(one[1]).sum()
            for one in points
        ]
    )
    constant = -prior.log_prob(np.zeros(p)).sum()
    # claim B3
    assert np.abs(L - J - constant).max() <= 1e-9 * np.ptp(J)
    print(f"{name:11s} J varies by {np.ptp(J):.1f}; L − J by {np.ptp(L - J):.1e}")
assert (
    float(br.translate(br.LaplacePrior(0.5), "LaplacePrior", "sklearn.LogisticRegression").values["C"]) == 0.5
)
assert br.translate(br.GaussianPrior(0.5), "GaussianPrior", "sklearn.LogisticRegression").values["C"] == 0.25

# %% [markdown]
# ## 3. The modes are scikit-learn's
#
# **Question.** Is the mode under a Laplace prior the L1 logistic regression, and under a Gaussian prior the L2
# one?
#
# **Model.** Seven values of $C$, from 0.01 to 10, and three penalties. Two judges:
#
# 1. **scikit-learn.** For L2 its Newton solver goes to the last digits. For L1 and the elastic net with an
#    unpenalised intercept it has one solver, saga, which gets there in reasonable time up to $C = 0.1$.
# 2. **Equations.** Once the support $A$ and the signs $s_A$ are known, the optimum solves
#    $X_A^\top(y - \mu) = \lambda_1 s_A + \lambda_2\beta_A$ and $\sum_i (y_i - \mu_i) = 0$. We solve it by plain
#    Newton steps in NumPy and check the conditions (KKT): signs as assumed, and off the support
#    $\lvert x_j^\top(y - \mu)\rvert \le \lambda_1$. That is a proof for any $C$.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def by_equations(signs, l1, l2, start):
    """Solve for the coefficients with these signs by Newton's method, and check that they are optimal."""
    on = signs != 0.0
    design = np.column_stack([data.X[:, on], np.ones(n)])
    z, held = np.append(start[0][on], start[1]), np.append(np.full(on.sum(), l2), 0.0)
    pull = np.append(l1 * signs[on], 0.0)
    for _ in range(8):
        mu = expit(design @ z)
        slope = design.T @ (data.y - mu) - pull - held * z
        z = z + np.linalg.solve(design.T @ ((mu * (1.0 - mu))[:, None] * design) + np.diag(held), slope)
    coef = np.zeros(p)
    coef[on] = z[:-1]
    slope = data.X.T @ (data.y - expit(design @ z))
    assert np.array_equal(np.sign(coef), signs)
    assert np.all(np.abs(slope[~on]) <= l1 * (1.0 + 1e-9))
    assert np.allclose(slope[on], l1 * signs[on] + l2 * coef[on], rtol=0.0, atol=1e-9)
    return coef


# %%
Cs = np.array([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
results, modes = [], {}
for name, ratio in (("L1", 1.0), ("L2", 0.0), ("elastic net", 0.5)):
    for C in Cs:
        model = br.LinearModel.like("sklearn.LogisticRegression", X, y, C=C, l1_ratio=ratio)
        mode = br.map_estimate(model, data, tol=1e-12)
        modes[name, C] = mode
        solved = by_equations(np.sign(mode.coef), ratio / C, (1.0 - ratio) / C, (mode.coef, mode.intercept))
        row = {"penalty": name, "C": C, "zeros": int((mode.coef == 0.0).sum()), "gap": mode.duality_gap}
        row["from the equations"] = np.abs(mode.coef - solved).max()
        row["from scikit-learn"] = np.nan
        if name == "L2" or C <= 0.1:
            solver = "newton-cholesky" if name == "L2" else "saga"
            theirs = LogisticRegression(
                C=C, l1_ratio=ratio, solver=solver, tol=1e-12, max_iter=20_000, random_state=0
            ).fit(X, y)
            row["from scikit-learn"] = np.abs(mode.coef - theirs.coef_[0]).max()
            row["the same zeros"] = np.array_equal(theirs.coef_[0] == 0.0, mode.coef == 0.0)
        results.append(row)
table = pd.DataFrame(results).set_index(["penalty", "C"])
same_zeros = table.pop("the same zeros")
table.map(lambda value: f"{value:.1e}" if isinstance(value, float) else value).replace("nan", "–")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# claim B3
assert table["from scikit-learn"].max() < 1e-8
assert table["from scikit-learn"].notna().sum() == 7 + 3 + 3
assert same_zeros.dropna().all()
assert table["from the equations"].max() < 1e-9
assert table["gap"].max() < 1e-12
assert (table.loc["L2", "zeros"] == 0).all()
assert table.loc["L1", "zeros"].iloc[0] > 20

# %% [markdown]
# **Picture.** The two paths. Dots are scikit-learn's: its Newton solver on the right, saga as far as it gets on
# the left.

# %%
path = br.map_path(
    br.LinearModel(br.LaplacePrior(1.0), logistic), data, scales=np.geomspace(0.004, 10.0, 60), tol=1e-10
)
ridge_path = br.map_path(
    br.LinearModel(br.GaussianPrior(1.0), logistic),
    data,
    scales=np.sqrt(np.geomspace(0.004, 10.0, 60)),
    tol=1e-10,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained", sharey=True)
largest = np.argsort(-np.abs(modes["L1", 0.1].coef))[:5]
for ax, one, C_of, name, what in (
    (axes[0], path, path.scales, "L1", "Laplace prior: C is its scale b"),
    (axes[1], ridge_path, ridge_path.scales**2, "L2", "Gaussian prior: C is its variance τ²"),
):
    ax.plot(C_of, one.coefs, color="0.8", linewidth=0.8)
    for j, colour, style in zip(
        largest, (BLUE, ORANGE, GREEN, PINK, "0.2"), ("-", "--", "-.", ":", "-"), strict=True
    ):
        ax.plot(C_of, one.coefs[:, j], style, color=colour, label=names[j])
    for C in Cs if name == "L2" else Cs[:3]:
        solver = "newton-cholesky" if name == "L2" else "saga"
        ratio = 1.0 if name == "L1" else 0.0
        dots = LogisticRegression(
            C=C, l1_ratio=ratio, solver=solver, tol=1e-8, max_iter=20_000, random_state=0
        )
        ax.plot(np.full(5, C), dots.fit(X, y).coef_[0][largest], "k.", markersize=5)
    ax.set_xscale("log")
    ax.set_xlabel("C of LogisticRegression")
    ax.set_title(what)
axes[0].set_ylabel("coefficient: log odds per standard deviation")
axes[1].plot([], [], "k.", label="scikit-learn")
_ = axes[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
assert path.duality_gaps.max() < 1e-10
assert ridge_path.duality_gaps.max() < 1e-10

# %% [markdown]
# ## 4. Three traps around C
#
# **Question.** Why do people get other numbers?
#
# **The documentation of another class.** scikit-learn's page of `Lasso` says that `alpha` corresponds to
# $1/(2C)$ of linear models such as `LogisticRegression`. It does not. `Lasso` has a *mean* of squares with a ½,
# and `LogisticRegression` has a *sum*. A penalty beside a mean of cross-entropy (glmnet, glum, skglm, Spark,
# H2O) is
#
# $$ \alpha = \frac{1}{n\,C}, \qquad\text{and } \frac{1}{2C} \text{ is too strong by the factor } \frac n2 . $$
#
# **The intercept.** `solver="liblinear"` penalises it, as one more coefficient. All other solvers leave it free.
#
# **The direction.** A large $C$ is a weak penalty. It is a scale of a prior, and $\lambda$ is one over it.

# %%
C = 0.1
for key in ("glmnet.binomial", "skglm.SparseLogisticRegression", "glum.binomial", "statsmodels.Logit"):
    print(br.translate({"C": C, "l1_ratio": 1.0}, "sklearn.LogisticRegression", key, X=X.iloc[:, :2], y=y))

believed = br.Penalty(n * 1.0 / (2.0 * C))  # the page of Lasso, taken at its word: alpha = 1/(2C) of a mean
mode = modes["L1", C]
for stated in (br.Penalty(1.0 / C), believed):
    print(f"l1 = {stated.l1:6.0f}: {br.audit(mode.coef, mode.intercept, X, y, stated, family='binomial')}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
right, wrong = (
    br.audit(mode.coef, mode.intercept, X, y, one, family="binomial") for one in (br.Penalty(10.0), believed)
)
assert right.optimal
assert not wrong.optimal
assert believed.l1 / right.objective > 1.0
assert np.isclose(believed.l1 * C, n / 2)
alpha = br.translate(
    {"C": C, "l1_ratio": 1.0}, "sklearn.LogisticRegression", "skglm.SparseLogisticRegression", y=y
)
assert np.isclose(alpha.values["alpha"], 1.0 / (n * C), rtol=1e-12)
assert not br.map_estimate(br.LinearModel(believed.to_prior(1.0), logistic), data).coef.any()

# %% [markdown]
# Taken at its word, the page would set all thirty coefficients to 0.
#
# **Picture.** What liblinear's intercept costs. The columns are shifted, as measurements usually are: they stay
# as they are, but 0 is no longer their mean. An unpenalised intercept makes up for any shift. A penalised one
# cannot, so the coefficients move too.

# %%
shifts = np.linspace(0.0, 4.0, 9)
moved = {}
for solver in ("liblinear", "newton-cholesky"):
    fits = [
        LogisticRegression(C=0.1, solver=solver, tol=1e-10, max_iter=10_000).fit(X + s, y) for s in shifts
    ]
    moved[solver] = np.array([one.coef_[0] for one in fits])
moved["bayesreg"] = np.array(
    [
        br.map_estimate(
            br.LinearModel.like("sklearn.LogisticRegression", X, y, C=0.1), br.RowData.from_arrays(X + s, y)
        ).coef
        for s in shifts
    ]
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
fig, ax = plt.subplots(figsize=(8, 4.0), layout="constrained")
for (name, coefs), marker, colour in zip(
    moved.items(), ("o", "s", "x"), (ORANGE, BLUE, "black"), strict=True
):
    ax.plot(shifts, np.abs(coefs - moved["newton-cholesky"][0]).max(axis=1), marker, color=colour, label=name,
            markersize=7, fillstyle="none")  # fmt: skip
ax.set_xlabel("shift of all columns, in standard deviations")
ax.set_ylabel("largest change of a coefficient")
ax.set_title("A penalised intercept makes the coefficients depend on where 0 is")
_ = ax.legend(frameon=False)
assert np.abs(moved["newton-cholesky"] - moved["newton-cholesky"][0]).max() < 1e-7
assert np.abs(moved["bayesreg"] - moved["newton-cholesky"]).max() < 1e-7
assert np.abs(moved["liblinear"] - moved["newton-cholesky"])[0].max() > 1e-3
assert np.abs(moved["liblinear"][-1] - moved["liblinear"][0]).max() > 0.01
try:
    br.translate(0.1, "sklearn.LogisticRegression.liblinear", "Penalty")
except br.NoEquivalent as reason:
    print(reason)

# %% [markdown]
# ## 5. A certificate for cross-entropy
#
# **Question.** How can we know that a mode is the mode, without a second solver?
#
# **Model.** By a *duality gap*, as for squares. Take $\nu = (1-s)\,y + s\,\mu$, where $s \le 1$ is the largest
# share for which no slope $s\,\lvert x_j^\top(y-\mu)\rvert$ exceeds $\lambda_1$. Then
#
# $$ J(\beta_0, \beta) - J_{\min} \;\le\; \sum_i \mathrm{KL}(\nu_i \,\|\, \mu_i)
# + \sum_j\bigl[\lambda_1\lvert\beta_j\rvert - s\,\beta_j\,x_j^\top(y - \mu)\bigr] , $$
#
# where KL is the Kullback-Leibler divergence between two coins. Each term is at least 0, so nothing cancels and
# the sum can be trusted near 0. The intercept must be optimal given the rest; then the $y - \mu$ sum to 0.


# %%
def kl(a, b):
    """Return the divergence of a coin with probability b from one with probability a."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = (
            np.where(a > 0.0, a * np.log(a / b), 0.0),
            np.where(a < 1.0, (1.0 - a) * np.log((1.0 - a) / (1.0 - b)), 0.0),
        )
    return parts[0] + parts[1]


def gap(intercept, coef, l1):
    """Return the bound at a point whose intercept is optimal given the coefficients."""
    mu = expit(intercept + data.X @ coef)
    z = data.X.T @ (data.y - mu)
    share = min(1.0, l1 / np.abs(z).max())
    nu = (1.0 - share) * data.y + share * mu
    return kl(nu, mu).sum() + np.sum(l1 * np.abs(coef) - share * coef * z)


# %% [markdown]
# **Picture.** From all zeros to the mode of $C = 0.1$, and beyond: the true excess over the minimum, and the
# bound. Both vanish at the mode, and only there.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
best = modes["L1", 0.1]
lowest = cross_entropy(best.intercept, best.coef) + 10.0 * np.abs(best.coef).sum()


def with_its_intercept(coef):
    """Return the intercept that is optimal given the coefficients."""
    along, at = data.X @ coef, 0.0
    for _ in range(60):
        mu = expit(at + along)
        at += float(np.sum(data.y - mu) / np.sum(mu * (1.0 - mu)))
    return at


shares = np.concatenate([np.linspace(0.0, 1.6, 65), [1.0]])
shares.sort()
excess, bound = [], []
for share in shares:
    at = with_its_intercept(share * best.coef)
    excess.append(cross_entropy(at, share * best.coef) + 10.0 * np.abs(share * best.coef).sum() - lowest)
    bound.append(gap(at, share * best.coef, 10.0))
excess, bound = np.array(excess), np.array(bound)
fig, ax = plt.subplots(figsize=(8, 4.0), layout="constrained")
ax.plot(shares, bound, "--", color=ORANGE, label="the bound: duality gap")
ax.plot(shares, excess, color=BLUE, label="the true excess")
ax.plot(1.0, 0.0, "k*", markersize=12, label="mode")
ax.set_xlabel("share of the mode's coefficients")
ax.set_ylabel("above the minimum")
ax.set_title("The gap is never below the excess")
_ = ax.legend(frameon=False)
assert np.all(bound >= excess - 1e-9)
assert np.all(bound[np.abs(shares - 1.0) > 0.01] > 0.01)
assert bound[shares == 1.0].max() < 1e-9
null = cross_entropy(with_its_intercept(np.zeros(p)), np.zeros(p))
assert best.duality_gap * null < 1e-9

# %% [markdown]
# The conditions behind it, column by column, for the thirty columns: the slope of the cross-entropy against the
# band $\pm\lambda_1$. Inside the band a coefficient is exactly 0. On an edge it need not be.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
slope = data.X.T @ (data.y - expit(best.intercept + data.X @ best.coef))
zero = best.coef == 0.0
fig, ax = plt.subplots(figsize=(10, 4.6), layout="constrained")
ax.axhspan(-10.0, 10.0, color="0.92", zorder=0)
where = np.arange(p)
ax.plot(where[zero], slope[zero], "o", color=BLUE, fillstyle="none", label="coefficient exactly 0")
ax.plot(where[~zero], slope[~zero], "s", color=ORANGE, label="coefficient not 0")
ax.set_xticks(where, names, rotation=90, fontsize=8)
ax.set_ylim(-13.5, 11.5)
ax.set_ylabel("xⱼ'(y − μ), against ±λ₁ = ±10")
ax.set_title("Every slope is in the band: the mode of C = 0.1")
_ = ax.legend(frameon=False, loc="lower left", ncols=2)
assert np.all(np.abs(slope) <= 10.0 * (1.0 + 1e-9))
assert np.allclose(slope[~zero], 10.0 * np.sign(best.coef[~zero]), rtol=1e-9)

# %% [markdown]
# ## 6. The posterior around the mode
#
# **Question.** `LogisticRegression` gives no standard errors, because with a penalty there are none in its
# theory. A posterior has them. How wide is it?
#
# **Model.** The same model object. $C = 1$, scikit-learn's default, with L1 and with L2.

# %%
trees = {}
for name, prior in (("L1", br.LaplacePrior(1.0)), ("L2", br.GaussianPrior(1.0))):
    model = br.LinearModel(prior, logistic)
    trees[name] = br.sample_posterior(model, data, num_samples=2000, seed=9, progress=False)
    print(f"{name}: {trees[name].attrs['certificate']}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for tree in trees.values():
    assert tree.attrs["certified"] == 1
    summary = az.summary(tree, kind="diagnostics", round_to="none")
    assert summary["r_hat"].max() < 1.01
    assert summary[["ess_bulk", "ess_tail"]].min().min() > 1000

# %% [markdown]
# **Picture.** 90% intervals, the mean as a dot and the mode as a cross. Under L1 some modes are exactly 0, and
# their intervals reach far to both sides: the zero is a choice, not a finding.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(11, 7.6), layout="constrained", sharey=True)
order = np.argsort(modes["L1", 1.0].coef)
intervals = {}
for ax, (name, tree), what in zip(
    axes, trees.items(), ("Laplace prior, C = 1", "Gaussian prior, C = 1"), strict=True
):
    draws = tree["posterior"]["coef"].values.reshape(-1, p)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    intervals[name] = low, high
    mode = modes[name, 1.0].coef
    ax.hlines(np.arange(p), low[order], high[order], color=BLUE)
    ax.plot(
        draws.mean(axis=0)[order],
        np.arange(p),
        "o",
        color=BLUE,
        markersize=4,
        label="posterior mean, 90% interval",
    )
    ax.plot(mode[order], np.arange(p), "x", color=ORANGE, label="mode: LogisticRegression")
    ax.axvline(0.0, color="0.6", linewidth=0.8)
    ax.set_xlabel("log odds of malignant per standard deviation")
    ax.set_title(what)
axes[0].set_yticks(np.arange(p), np.array(names)[order])
_ = fig.legend(*axes[1].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=2)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
zero = modes["L1", 1.0].coef == 0.0
low, high = intervals["L1"]
assert zero.sum() >= 10
assert np.all((low[zero] < 0.0) & (high[zero] > 0.0))
assert not np.any(trees["L1"]["posterior"]["coef"].values == 0.0)
excluded = {name: int(np.sum((low > 0.0) | (high < 0.0))) for name, (low, high) in intervals.items()}
print("intervals without 0:", excluded)
print(f"zeros of the L1 mode: {zero.sum()}; draws with an exact zero: 0")

# %% [markdown]
# **Check.** Are the draws right? Take one column, the mean radius. Then the posterior has two dimensions, and a
# sum over a fine grid gives its moments without any draw. We accept a mean or a standard deviation if it is off
# by less than 4 Monte Carlo standard errors (MCSE).

# %%
radius = br.RowData.from_arrays(X[["mean radius"]], y)
small = br.sample_posterior(
    br.LinearModel(br.LaplacePrior(1.0), logistic), radius, num_samples=2000, seed=9, progress=False
)
summary = az.summary(small, var_names=["coef", "intercept"], round_to="none")

grid = np.stack(
    np.meshgrid(np.linspace(2.0, 6.5, 361), np.linspace(-2.5, 1.0, 281), indexing="ij"), axis=-1
).reshape(-1, 2)
heights = np.array(
    [
        -np.sum(np.logaddexp(0.0, a + b * radius.X[:, 0]) - radius.y * (a + b * radius.X[:, 0])) - abs(b)
        for b, a in grid
    ]
)
weight = np.exp(heights - heights.max())
weight /= weight.sum()
exact_mean = weight @ grid
exact_sd = np.sqrt(weight @ (grid - exact_mean) ** 2)
pd.DataFrame(
    {
        "mean of draws": summary["mean"],
        "exact mean": exact_mean,
        "sd of draws": summary["sd"],
        "exact sd": exact_sd,
    }
).round(4)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
edge = weight.reshape(361, 281)
assert (
    max(edge[0].sum(), edge[-1].sum(), edge[:, 0].sum(), edge[:, -1].sum()) < 1e-7
)  # the grid holds all of it
z = (summary["mean"].to_numpy() - exact_mean) / summary["mcse_mean"].to_numpy()
z_sd = (summary["sd"].to_numpy() - exact_sd) / summary["mcse_sd"].to_numpy()
print(f"largest error: {max(np.abs(z).max(), np.abs(z_sd).max()):.2f} MCSE")
assert np.abs(z).max() < 4.0
assert np.abs(z_sd).max() < 4.0

# %% [markdown]
# ### Probabilities: plugged in, or averaged
#
# `predict_proba` plugs the mode into the formula, as if it were known. The posterior's probability averages over
# all coefficients that the data allow.
#
# **Picture.** Each tumour once: the probability at the mode, and what averaging does to it.

# %%
plugged = expit(modes["L2", 1.0].intercept + data.X @ modes["L2", 1.0].coef)
averaged = br.predict_posterior(trees["L2"], X, of="mean")
certain = np.abs(plugged - 0.5)
less_certain = certain - np.abs(averaged["mean"].to_numpy() - 0.5)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for kind, colour, marker, label in ((1, ORANGE, "^", "malignant"), (0, BLUE, "o", "benign")):
    left.plot(
        plugged[y == kind], averaged["mean"][y == kind], marker, color=colour, markersize=4, label=label
    )
left.plot([0, 1], [0, 1], color="0.6", linewidth=0.8)
left.set_xlabel("probability of malignant at the mode")
left.set_ylabel("posterior mean of the probability")
left.set_title("Gaussian prior, C = 1")
left.legend(frameon=False)
doubtful = np.flatnonzero((plugged > 0.1) & (plugged < 0.9))
doubtful = doubtful[np.argsort(plugged[doubtful])]
rows = averaged.iloc[doubtful]
right.vlines(np.arange(doubtful.size), rows["lower"], rows["upper"], color="0.7")
right.plot(rows["mean"].to_numpy(), "o", color=BLUE, markersize=3, label="posterior mean, 90% interval")
right.plot(plugged[doubtful], "x", color=ORANGE, markersize=4, label="at the mode")
right.set_xlabel(f"the {doubtful.size} tumours between 10% and 90%, in order")
right.set_ylabel("probability of malignant")
right.set_title("How well a probability is known")
_ = right.legend(frameon=False)

# %% [markdown]
# **Check.** One often reads that a plugged-in probability is too certain. It is so for about two of three doubtful
# tumours: averaging moves them towards ½. More than half of the clear ones go a little the other way, because the
# mean of a coefficient is larger here than its mode. No probability moves far. What the mode lacks most is the
# interval: for a doubtful tumour it is wide.

# %%
widths = (rows["upper"] - rows["lower"]).to_numpy()
draws = trees["L2"]["posterior"]["coef"]
larger = float(np.mean(np.abs(draws.mean(("chain", "draw"))) > np.abs(modes["L2", 1.0].coef)))
is_doubtful = np.isin(np.arange(n), doubtful)
moved_in = np.mean(less_certain[is_doubtful] > 0.0), np.mean(less_certain[~is_doubtful] > 0.0)
print(
    f"nearer to ½ by averaging: {moved_in[0]:.0%} of the doubtful tumours, {moved_in[1]:.0%} of the clear ones"
)
print(f"largest difference of the two probabilities: {np.abs(averaged['mean'] - plugged).max():.3f}")
print(f"coefficients whose mean is larger than the mode: {larger:.0%}")
print(f"half of the doubtful tumours have an interval wider than {np.median(widths):.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert 0.55 < moved_in[0] < 0.8
assert moved_in[1] < 0.5
assert np.abs(averaged["mean"] - plugged).max() < 0.12
assert larger > 0.8
assert np.median(widths) > 0.2
assert np.median(averaged["upper"] - averaged["lower"]) < 0.05

# %% [markdown]
# ## What was shown
#
# Cross-entropy is minus a log likelihood, so a penalty beside it is a prior: L1 is Laplace with scale $b = C$, L2
# is Gaussian with variance $\tau^2 = C$, their sum is the elastic net. Modes equal scikit-learn's where it goes to
# the end, and solve the equations of the optimum everywhere. They carry a certificate that needs no other solver.
# Around a mode there is a posterior, with intervals for coefficients and for probabilities. The next notebook
# begins where the mode does not exist.
