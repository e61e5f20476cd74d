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
# # From "it separates" to an interval
#
# A logistic regression of a small table often ends in a strange place: a coefficient of 18 with a standard error
# of 4,000, or a warning that nothing converged. The reason is usually *separation*: some column, or some
# combination of columns, tells yes from no without an error. Then there is no best coefficient. The larger, the
# better, for ever.
#
# This notebook walks from that warning to numbers that one can report: what separation is, what the package says
# of it, which prior mends it and what that prior claims, odds ratios with intervals, and how much of them is the
# prior's doing. A check in code follows each statement, folded out of the way.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $\beta_0, \beta$ | `intercept`, `coef` | intercept and coefficients: log odds |
# | $e^{\beta_j}$ | `effect_ratios` | odds ratio: by what one unit more multiplies the odds of yes |
# | $\tau$ | `GaussianPrior.scale` | standard deviation of the prior on a coefficient |

# %%
import warnings

warnings.filterwarnings("ignore", "IProgress not found")  # of NumPyro's progress bar, which is not used here

import arviz as az
import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"  # told apart by colour-blind readers

# %% [markdown]
# ## 1. The table
#
# Eighty patients of a hospital, and whether they caught an infection after surgery. The table is invented, so that
# we know the truth behind it, but its shape is that of many. Six patients have a transplant, and all six of them
# were infected. Half of the patients got a drug that is hoped to help. CRP is a value of the blood that rises with
# inflammation; it is skewed, so we take its logarithm to base 2: one unit is a doubling. Age is in decades.

# %%
rng = np.random.default_rng(2463)
n = 80
age = np.round(rng.normal(62.0, 11.0, n))
crp = np.round(np.exp(rng.normal(2.5, 0.9, n)), 1)
diabetes, drug = (rng.random(n) < 0.3).astype(int), rng.integers(0, 2, n)
transplant = (rng.random(n) < 0.1).astype(int)
truth = {"age": 0.5, "crp": 0.7 * np.log(2.0), "diabetes": 0.8, "drug": -1.4, "transplant": 2.2}
X = pd.DataFrame(
    {
        "age": (age - 62.0) / 10.0,
        "crp": np.log2(crp) - 2.5 / np.log(2.0),
        "diabetes": diabetes,
        "drug": drug,
        "transplant": transplant,
    }
)
infected = (rng.random(n) < expit(-1.1 + X.to_numpy() @ list(truth.values()))).astype(int)
data = br.RowData.from_arrays(X, infected)
pd.DataFrame(
    {
        name: [infected[X[name] == k].sum() for k in (0, 1)] + [(X[name] == k).sum() for k in (0, 1)]
        for name in ("diabetes", "drug", "transplant")
    },
    index=["infected, without", "infected, with", "patients without", "patients with"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert infected.sum() == 23
assert transplant.sum() == 6
assert infected[transplant == 1].all()
assert 0.0 < infected[transplant == 0].mean() < 1.0

# %% [markdown]
# ## 2. What separation is
#
# **Question.** What happens without a penalty?
#
# **Model.** Cross-entropy $\sum_i [\log(1 + e^{\eta_i}) - y_i\eta_i]$. The coefficient of `transplant` is in the
# $\eta$ of six rows only, and in all six $y_i = 1$, where a larger $\eta_i$ always costs less. So the cost falls
# for ever.
#
# **Picture.** Left: the lowest cost for each value of the coefficient, the others at their best. It falls towards
# a limit and has no minimum. Right: where scikit-learn's solver stops, without a penalty, depends on its
# tolerance alone.


# %%
def lowest_cost(at):
    """Return the cost with the coefficient of `transplant` held, and the others at their best."""
    rest = br.RowData.from_arrays(X.drop(columns="transplant"), infected, offset=at * transplant)
    mode = br.map_estimate(br.LinearModel(br.FlatPrior(), br.BernoulliLikelihood()), rest)
    eta = mode.intercept + rest.X @ mode.coef + rest.offset
    return np.sum(np.logaddexp(0.0, eta) - infected * eta), mode.coef


held = np.linspace(0.0, 12.0, 49)
costs = np.array([lowest_cost(at)[0] for at in held])
tols = 10.0 ** -np.arange(1, 13)
stops = []
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    for tol in tols:
        plain = LogisticRegression(C=np.inf, tol=tol, max_iter=10_000).fit(X, infected)
        stops.append(plain.coef_[0, -1])

# %% jupyter={"source_hidden": true} tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.0), layout="constrained")
left.plot(held, costs, color=BLUE)
left.axhline(costs[-1], color="0.6", linestyle=":", label="its limit")
left.set_xlabel("coefficient of transplant, held")
left.set_ylabel("lowest cross-entropy")
left.set_title("No minimum: it falls for ever")
left.legend(frameon=False)
right.plot(tols, stops, "o", color=ORANGE)
right.set_xscale("log")
right.invert_xaxis()
right.set_xlabel("tol of LogisticRegression(C=np.inf)")
right.set_ylabel("coefficient of transplant")
right.set_title("A number that only the tolerance made")
assert np.all(np.diff(costs) < 0.0)
assert costs[-2] - costs[-1] < 1e-3 < costs[0] - costs[-1]
assert stops[-1] > stops[2] + 5.0
assert np.all(np.diff(stops) > -1e-6)

# %% [markdown]
# ## 3. What the package says
#
# **Question.** Do we have to find the column ourselves?
#
# **Model.** A direction $d$ of the unpenalised coefficients separates if $(2y_i - 1)\,u_i^\top d \ge 0$ for all
# rows $u_i$, and $> 0$ for some. A linear programme finds one or proves that there is none. It is asked before any
# solver starts.

# %%
flat = br.LinearModel(br.FlatPrior(), br.BernoulliLikelihood())
try:
    br.map_estimate(flat, data)
except br.NoModeError as error:
    said = str(error)
    print(said)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert "'transplant' never meets y = 0" in said
assert "GaussianPrior(2.5)" in said

# %% [markdown]
# The same holds for the posterior. With a flat prior it is improper: its mass runs off to infinity, and a sampler
# would only show how far it walked. That is refused too.

# %%
try:
    br.sample_posterior(flat, data, progress=False)
except br.ImproperPosteriorError as error:
    refused = str(error)
    print(refused)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert "'transplant' never meets y = 0" in refused
without = br.map_estimate(flat, br.RowData.from_arrays(X.drop(columns="transplant"), infected))
assert without.converged  # the other columns do not separate

# %% [markdown]
# One could drop the column, as the message says last. That is no way here: it drops the very thing that was seen
# in six patients of six. One could also drop the six patients. That changes nothing for the other columns, and
# nothing is learnt of transplants: it is what the limit of section 2 does.

# %%
limit = lowest_cost(40.0)[1]
others = X[transplant == 0].drop(columns="transplant")
dropped = br.map_estimate(flat, br.RowData.from_arrays(others, infected[transplant == 0])).coef
print("coefficients of the others, in the limit:    ", limit.round(4))
print("coefficients of the others, six rows dropped:", dropped.round(4))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(limit, dropped, atol=1e-6)

# %% [markdown]
# ## 4. A prior that mends it
#
# **Question.** Which prior, and what does it claim?
#
# **Model.** Any proper prior on the coefficient makes the mode finite and the posterior proper. A Gaussian prior
# of scale $\tau$ claims that the odds ratio is between $e^{-1.96\tau}$ and $e^{1.96\tau}$ with probability 95%. So
# choose $\tau$ by the odds ratios that you would find absurd.

# %%
scales = pd.DataFrame({"tau": [0.5, 1.0, 1.5, 2.5, 5.0, 10.0]})
scales["95% of odds ratios from"] = np.exp(-1.96 * scales["tau"])
scales["to"] = np.exp(1.96 * scales["tau"])
scales["as C of LogisticRegression"] = [
    br.translate(br.GaussianPrior(tau), "GaussianPrior", "sklearn.LogisticRegression").values["C"]
    for tau in scales["tau"]
]
scales.map(lambda value: f"{value:.3g}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(scales["as C of LogisticRegression"], scales["tau"] ** 2)
assert np.isclose(scales["to"][1], 7.1, atol=0.05)

# %% [markdown]
# In medicine an odds ratio of 20 is huge, and one of 1000 is an error in the file. We take $\tau = 1.5$ for all
# five: odds ratios from 1/19 to 19. The intercept stays flat.

# %%
model = br.LinearModel(br.GaussianPrior(1.5), br.BernoulliLikelihood())
mode = br.map_estimate(model, data)
print(mode)
print(dict(zip(X.columns, mode.coef.round(3).tolist(), strict=True)))

# %% [markdown]
# **Check.** The mode is scikit-learn's with $C = \tau^2 = 2.25$, and an independent audit agrees. If you trust the
# other columns to the data, a prior on `transplant` alone is enough; the limit of a wide one is section 2.

# %%
theirs = LogisticRegression(C=2.25, solver="newton-cholesky", tol=1e-12).fit(X, infected)
alone = br.GaussianPrior({name: 1.5 if name == "transplant" else np.inf for name in X.columns})
only_there = br.map_estimate(br.LinearModel(alone, br.BernoulliLikelihood()), data)
print(f"from scikit-learn: {np.abs(theirs.coef_[0] - mode.coef).max():.1e}")
print(f"transplant, prior on all: {mode.coef[-1]:.3f}; on this column alone: {only_there.coef[-1]:.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.abs(theirs.coef_[0] - mode.coef).max() < 1e-8
assert br.audit(mode.coef, mode.intercept, X, infected, mode.penalty, family="binomial").duality_gap < 1e-12
assert only_there.converged
assert np.isfinite(only_there.coef).all()

# %% [markdown]
# ## 5. Odds ratios with intervals
#
# **Question.** What can be said of each column, and how surely?

# %%
tree = br.sample_posterior(model, data, num_samples=4000, seed=10, progress=False)
print(tree.attrs["method"], "–", tree.attrs["certificate"])
ratios = br.effect_ratios(tree)
ratios.round(2)

# %% [markdown]
# **Picture.** Medians and 90% intervals on a logarithmic axis, where a doubling and a halving are equally far from
# 1. Crosses are the truth behind the invented table.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
rows = np.arange(len(ratios))[::-1]
ax.hlines(rows, ratios["lower"], ratios["upper"], color=BLUE, linewidth=2)
ax.plot(ratios["median"], rows, "o", color=BLUE, label="posterior median, 90% interval")
ax.plot(np.exp(list(truth.values())), rows, "x", color=ORANGE, markersize=8, label="truth")
ax.axvline(1.0, color="0.6", linewidth=0.8)
ax.set_xscale("log")
ticks = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
ax.minorticks_off()
labels = {"age": "age, a decade", "crp": "CRP, a doubling"}
ax.set_ylim(-0.6, 4.6)
ax.set_yticks(rows, [labels.get(name, name) for name in ratios.index])
ax.set_xlabel("odds ratio of infection")
ax.set_title("What 80 patients and the prior say")
_ = ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
summary = az.summary(tree, kind="diagnostics", round_to="none")
assert tree.attrs["certified"] == 1
assert summary["r_hat"].max() < 1.01
assert ratios.loc["transplant", "lower"] > 1.0
assert ratios.loc["drug", "upper"] < 1.0
assert np.all(
    (ratios["lower"] < np.exp(list(truth.values()))) & (np.exp(list(truth.values())) < ratios["upper"])
)

# %% [markdown]
# Odds ratios are hard to feel. An *average marginal effect* is in percentage points: by how much the probability
# of an infection changes on average over these patients, if the drug is given or not.

# %%
effects = br.marginal_effects(tree, data)
effects.round(3)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert effects.loc["drug", "upper"] < 0.0 < effects.loc["transplant", "lower"]
assert (effects.loc[["drug", "diabetes", "transplant"], "kind"] == "difference").all()

# %% [markdown]
# **Check.** Are the draws right? Keep only the separating column and the intercept. Then a sum over a fine grid
# gives the posterior's moments without any draw. We accept a difference of less than 4 Monte Carlo standard
# errors (MCSE).

# %%
pair = br.RowData.from_arrays(X[["transplant"]], infected)
small = br.sample_posterior(model, pair, num_samples=4000, seed=10, progress=False)
moments = az.summary(small, var_names=["coef", "intercept"], round_to="none")

coef, intercept = np.meshgrid(np.linspace(-5.0, 9.0, 701), np.linspace(-3.5, 1.5, 401), indexing="ij")
with_it, infected_with = transplant.sum(), infected[transplant == 1].sum()
without_it, infected_without = n - with_it, infected[transplant == 0].sum()
log_density = (
    infected_with * (intercept + coef)
    - with_it * np.logaddexp(0.0, intercept + coef)
    + infected_without * intercept
    - without_it * np.logaddexp(0.0, intercept)
    - 0.5 * (coef / 1.5) ** 2
)
weight = np.exp(log_density - log_density.max())
weight /= weight.sum()
exact = [
    [np.sum(weight * v), np.sqrt(np.sum(weight * (v - np.sum(weight * v)) ** 2))] for v in (coef, intercept)
]
pd.DataFrame(
    {
        "mean of draws": moments["mean"],
        "exact mean": [one[0] for one in exact],
        "sd of draws": moments["sd"],
        "exact sd": [one[1] for one in exact],
    }
).round(4)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert max(weight[0].sum(), weight[-1].sum(), weight[:, 0].sum(), weight[:, -1].sum()) < 1e-8
assert np.all(np.abs(moments["mean"] - [one[0] for one in exact]) < 4.0 * moments["mcse_mean"])
assert np.all(np.abs(moments["sd"] - [one[1] for one in exact]) < 4.0 * moments["mcse_sd"])

# %% [markdown]
# ## 6. How much of it is the prior's?
#
# **Question.** Six patients of six: what do the data say of the odds ratio, and what did we put in?
#
# **Model.** The same with other scales, from 0.5 to 10.
#
# **Picture.** Two columns. The interval of the drug settles as the prior widens: there the data speak. That of the
# transplant runs away, both ends of it and the upper one without a limit: nothing in the data holds it.

# %%
widths = np.array([0.5, 0.75, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0])
by_scale, certified = {}, []
for tau in widths:
    one = br.sample_posterior(
        br.LinearModel(br.GaussianPrior(tau), br.BernoulliLikelihood()),
        data,
        num_samples=1000,
        seed=11,
        progress=False,
    )
    by_scale[tau] = br.effect_ratios(one)
    certified.append(one.attrs["certified"])
columns = {
    (name, what): [found.loc[name, what] for found in by_scale.values()]
    for name in ("transplant", "drug")
    for what in ("lower", "median", "upper")
}
pd.DataFrame(columns, index=pd.Index(widths, name="tau")).map(lambda value: f"{value:.3g}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
for ax, name, colour in zip(axes, ("transplant", "drug"), (ORANGE, BLUE), strict=True):
    table = pd.DataFrame({tau: found.loc[name] for tau, found in by_scale.items()}).T
    ax.fill_between(widths, table["lower"], table["upper"], color=colour, alpha=0.2, label="90% interval")
    ax.plot(widths, table["median"], "o-", color=colour, label="median")
    ax.axhline(np.exp(truth[name]), color="0.4", linestyle=":", label="truth")
    ax.axhline(1.0, color="0.6", linewidth=0.8)
    ax.axvline(1.5, color="0.85", linewidth=4, zorder=0)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(widths, [f"{tau:g}" for tau in widths])
    ax.minorticks_off()
    ax.set_xlabel("τ, scale of the prior (grey: ours)")
    ax.set_ylabel("odds ratio")
    ax.set_title(name)
    ax.legend(frameon=False, loc="upper left" if name == "transplant" else "lower left")
on = {
    name: pd.DataFrame({tau: found.loc[name] for tau, found in by_scale.items()}).T
    for name in ("transplant", "drug")
}
assert certified == [1] * len(widths)
transplants, drugs = on["transplant"], on["drug"]
assert np.all(np.diff(transplants["upper"]) > 0.0)
assert np.all(np.diff(transplants["lower"]) > 0.0)
assert transplants.loc[10.0, "upper"] > 1e6 * transplants.loc[1.5, "upper"]
assert np.all(np.abs(np.diff(np.log(drugs["median"].loc[4.0:]))) < 0.15)
assert np.all(drugs["upper"] < 1.0)
assert np.all(transplants["lower"] > 1.0)
assert transplants.loc[0.5, "upper"] < np.exp(truth["transplant"]) < transplants.loc[2.5, "lower"]

# %% [markdown]
# Three things to learn from it.
#
# - **What the data tell is there under every prior**: the drug lowers the odds, and transplants raise them. The
#   likelihood says the second without any prior: in the limit of section 2 the table is thousands of times as
#   probable as with a coefficient of 0.
# - **A narrow prior is a strong claim**, and not a safe choice. With $\tau = 0.5$ the interval ends below the truth.
# - **A wide prior is a strong claim too.** With $\tau = 2.5$ and above, the whole interval lies above the truth. A
#   prior that lets the odds ratio be a million believes a million, where nothing in the data objects.
#
# So state the scale, in words, beside the interval: "odds ratio 22, 90% interval 5 to 115, under a prior that takes
# odds ratios beyond 19 for improbable (5%)".

# %%
likelihood_ratio = np.exp(costs[0] - costs[-1])
print(f"the limit of the likelihood over that of a coefficient of 0: {likelihood_ratio:,.0f}")
print(ratios.loc["transplant"].round(1).to_dict())

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert 1000.0 < likelihood_ratio < 100_000.0
assert abs(ratios.loc["transplant", "median"] - 22.0) < 2.0
assert abs(ratios.loc["transplant", "lower"] - 5.0) < 0.6
assert abs(ratios.loc["transplant", "upper"] - 115.0) < 20.0

# %% [markdown]
# ## 7. A new patient
#
# **Question.** A patient with a transplant comes in, 62 years old, with the usual CRP. What is the risk, with and
# without the drug?
#
# Without a penalty the answer would be "100%, with certainty", from six patients. The posterior says how little six
# patients are.

# %%
new = pd.DataFrame(0.0, index=["transplant, no drug", "transplant, drug", "neither"], columns=X.columns)
new.loc[["transplant, no drug", "transplant, drug"], "transplant"] = 1.0
new.loc["transplant, drug", "drug"] = 1.0
risk = br.predict_posterior(tree, new, of="mean")
risk.index = new.index
risk.round(2)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
fig, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
at = np.arange(3)[::-1]
ax.hlines(at, risk["lower"], risk["upper"], color=BLUE, linewidth=2)
ax.plot(risk["mean"], at, "o", color=BLUE, label="posterior mean, 90% interval")
true_risk = expit(-1.1 + new.to_numpy() @ list(truth.values()))
ax.plot(true_risk, at, "x", color=ORANGE, markersize=8, label="truth")
ax.set_ylim(-0.6, 2.6)
ax.set_yticks(at, risk.index)
ax.set_xlim(0.0, 1.0)
ax.set_xlabel("probability of an infection")
ax.set_title("Risk at age 62, usual CRP, no diabetes")
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
assert np.all((risk["lower"] < true_risk) & (true_risk < risk["upper"]))
assert risk.loc["transplant, no drug", "upper"] - risk.loc["transplant, no drug", "lower"] > 0.15
assert expit(stops[-1] - 1.1) > 0.999999

# %% [markdown]
# ## What was shown
#
# Separation is not a failure of a solver. The likelihood has no maximum there, and the package names the column.
# A prior mends it, and its scale is a claim about odds ratios that one can state in words. What the data tell, that
# the drug helps and that transplants harm, is there under every scale. How much a transplant harms is the prior's to
# say as much as the data's, and trying other scales shows that openly.
