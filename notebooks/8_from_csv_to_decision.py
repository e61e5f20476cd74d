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
# # From a CSV file to a decision
#
# A clinic treats people with diabetes. It can offer a programme of close care for a year. The programme costs
# something, and the clinic cannot offer it to everybody. It takes ten measurements at the first visit. Who
# should get the programme?
#
# This notebook goes all the way: read the file, look at the data, state a model, choose its scale, find the
# mode and its proof, sample the posterior, check it, predict for new patients, and decide with a written
# loss. At the end we ask what would change the decision, and give λ to scikit-learn and glmnet.
#
# The patients are real: they are the 442 of Efron, Hastie, Johnstone and Tibshirani (2004), which ship with
# scikit-learn. The clinic, its programme and its costs are invented. They are numbers for you to replace.
#
# | on paper | in code | meaning |
# |---|---|---|
# | $y$ | `progression` | how far the disease has progressed after one year, a score |
# | $\beta_0, \beta$ | `intercept`, `coef` | intercept and the ten coefficients |
# | $\sigma$ | `noise_scale` | standard deviation of the noise, in units of $y$ |
# | $b$ | `LaplacePrior.scale` | scale of the Laplace prior, here in units of $\sigma$ and for standardised columns |

# %%
import tempfile
import warnings
from pathlib import Path

warnings.filterwarnings("ignore", "IProgress not found")  # of NumPyro's progress bar, which is not used here

import arviz as az
import bayesreg as br
import matplotlib.pyplot as plt
import numpy as np
import numpyro.distributions as dist
import pandas as pd
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"  # told apart by colour-blind readers

# %% [markdown]
# ## 1. The file
#
# We write the file that the clinic would have, and read it back. The last 42 patients came this month. We
# know their measurements, but not yet their progression, so the field is empty. (We keep the true values
# aside and look at them only in section 8.)

# %%
NAMES = {
    "s1": "cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "chol_hdl",
    "s5": "log_trigl",
    "s6": "glucose",
    "target": "progression",
}
everybody = load_diabetes(as_frame=True, scaled=False).frame.rename(columns=NAMES)
true_progression = everybody["progression"].iloc[-42:]

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "patients.csv"
    blank = everybody.astype({"progression": "Int64"})
    blank.loc[blank.index[-42:], "progression"] = pd.NA
    blank.to_csv(path, index_label="patient")
    print("\n".join(path.read_text().splitlines()[:4]))
    table = pd.read_csv(path, index_col="patient")

# %% [markdown]
# ## 2. Look at the data
#
# **Question.** Is everything there, and in which units?

# %%
table.describe().T[["count", "mean", "std", "min", "max"]].round(2)

# %%
known, new = table[table["progression"].notna()], table[table["progression"].isna()]
X, y = known.drop(columns="progression"), known["progression"]
X_new = new.drop(columns="progression")
names = list(X.columns)
print(f"{len(known)} patients with a known progression, {len(new)} new ones, {len(names)} measurements")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert (len(known), len(new), len(names)) == (400, 42, 10)
assert not table[names].isna().any().any()
assert np.array_equal(X, everybody[names].iloc[:400])  # the file holds what was written

# %% [markdown]
# **Picture.** The score to be predicted, one measurement that goes with it, and two measurements that say
# nearly the same.

# %%
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.9), layout="constrained")
left.hist(y, bins=24, color=BLUE, alpha=0.5)
left.set_xlabel("progression, a score")
left.set_ylabel("patients")
left.set_title("What is to be predicted")
middle.plot(X["bmi"], y, ".", color=BLUE, markersize=4)
middle.set_xlabel("body mass index, kg/m²")
middle.set_ylabel("progression, a score")
middle.set_title(f"correlation {np.corrcoef(X['bmi'], y)[0, 1]:.2f}")
right.plot(X["cholesterol"], X["ldl"], ".", color=ORANGE, markersize=4)
right.set_xlabel("total cholesterol, mg/dl")
right.set_ylabel("LDL, mg/dl")
_ = right.set_title(f"correlation {np.corrcoef(X['cholesterol'], X['ldl'])[0, 1]:.2f}")

# %% [markdown]
# **Check.** Progression is a positive score, skewed to the right. No single measurement predicts it well.
# Total cholesterol and LDL are almost one measurement, so least squares cannot tell their two coefficients
# apart.

# %%
by_itself = X.corrwith(y).abs()
print(f"strongest correlation with progression: {by_itself.idxmax()}, {by_itself.max():.2f}")
print(f"skewness of progression: {stats.skew(y):.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert y.min() > 0
assert stats.skew(y) > 0.3
assert by_itself.max() < 0.65
assert np.corrcoef(X["cholesterol"], X["ldl"])[0, 1] > 0.85
assert set(X["sex"]) == {1.0, 2.0}

# %% [markdown]
# ## 3. The model
#
# **Question.** What do we assume?
#
# **Model.** A linear model with Gaussian noise. Measurements are in different units, so the prior speaks of
# standardised columns. Some of the ten may hardly matter, so it is a Laplace prior, whose mode may have exact
# zeros. Its scale is in units of the noise, so mode and posterior do not depend on the units of $y$:
#
# $$ y_i \sim \mathrm{Normal}(\beta_0 + x_i^\top\beta,\ \sigma^2), \qquad
# \beta_j\,\mathrm{sd}(x_j) \sim \mathrm{Laplace}(b\,\sigma), \qquad \beta_0 \text{ flat}, $$
#
# with a weak prior on $\sigma$, scaled by the data.

# %%
data = br.RowData.from_arrays(X, y)
unscaled = br.LinearModel(br.LaplacePrior(1.0, relative_to_noise=True), standardize=True)

# %% [markdown]
# ## 4. The scale
#
# **Question.** How wide is the prior? That is, which λ?
#
# **Model.** We ask three advisers, each with its own question. Cross-validation: at which scale does the mode
# predict best in patients that were left out, and which is the strongest prior within one standard error of
# that? BIC: at which scale does the mode pay for its coefficients? And the posterior: if the scale is one
# more unknown, with a half-Cauchy prior, where does it lie?

# %%
advice = {
    method: br.select_scale(unscaled, data, method, progress=False) for method in ("cv", "cv-1se", "bic")
}
for selection in advice.values():
    print(selection)

unknown = br.LinearModel(br.LaplacePrior(dist.HalfCauchy(1.0), relative_to_noise=True), standardize=True)
with_scale = br.sample_posterior(unknown, data, num_samples=2000, seed=8, progress=False)
scale_draws = with_scale["posterior"]["prior_scale"]
low_b, median_b, high_b = scale_draws.quantile([0.05, 0.5, 0.95]).values
print(f"posterior of b: median {median_b:.3f}, 90% interval {low_b:.3f} to {high_b:.3f}")

# %% [markdown]
# **Picture.** Errors, log probabilities, and the posterior's draws, on one axis.

# %%
fig, axes = plt.subplots(3, 1, figsize=(10, 8.6), sharex=True, height_ratios=(3, 3, 2), layout="constrained")
_ = br.plot_scale_selection(list(advice.values()), axes=axes[:2])
axes[2].hist(scale_draws.values.ravel(), bins=np.geomspace(0.05, 1.5, 60), color=BLUE, alpha=0.5)
axes[2].axvline(median_b, color="black", linestyle=":", label=f"median: {median_b:.3g}")
axes[2].set_xlabel(axes[1].get_xlabel())
axes[1].set_xlabel("")
axes[2].set_ylabel("draws of 8000")
_ = axes[2].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)

# %% [markdown]
# **Check.** The curve of cross-validation is flat: over a wide range of scales its error is within one
# standard error of the best. The posterior is more decided; all of its 90% interval lies in that range, and
# so does BIC's choice. We take the median, rounded.

# %%
cv, bic = advice["cv"], advice["bic"]
within = cv.scales[cv.mse <= cv.mse[cv.index] + cv.standard_errors[cv.index]]
print(f"within one standard error of the best: b from {within.min():.3f} to {within.max():.3f}")
diagnostics = az.summary(with_scale, kind="diagnostics", round_to="none")

b = round(float(median_b), 2)
model = br.LinearModel(br.LaplacePrior(b, relative_to_noise=True), standardize=True)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert diagnostics["r_hat"].max() < 1.01
assert within.max() > 10.0 * within.min()
assert within.min() < low_b < high_b < within.max()
assert within.min() < bic.scale < within.max()

# %% [markdown]
# ## 5. The mode, and its proof
#
# **Question.** What is the single best answer, and is it really the best?

# %%
mode = br.map_estimate(model, data)
print(mode)
sd = X.std(ddof=0).to_numpy()
pd.DataFrame({"coef": mode.coef + 0.0, "per sd of the column": mode.coef * sd + 0.0}, index=names).round(3)

# %% [markdown]
# **Picture.** The proof, one row for each coefficient: the loss pulls at each with its slope, and the penalty
# can hold it if the slope is inside the band. A coefficient that is not 0 sits on an edge.

# %%
fig, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
_ = br.plot_certificate(mode, model, data, ax)

# %% [markdown]
# **Check.** The optimality certificate (duality gap) bounds how far the objective is above its minimum, as a
# share of the objective of a model without measurements. A second judge is the audit, which computes its own
# gap from the numbers alone.

# %%
judged = br.audit(mode.coef, mode.intercept, X, y, mode.penalty)
print(judged)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert mode.converged
assert mode.duality_gap < 1e-10
assert judged.optimal
assert judged.duality_gap < 1e-10

# %% [markdown]
# ## 6. The posterior, and whether to believe it
#
# **Question.** How sure are we of each coefficient?

# %%
posterior = br.sample_posterior(model, data, num_samples=2000, seed=8, log_likelihood=True, progress=False)
posterior = br.add_posterior_predictive(posterior, model, data, seed=8)
diagnostics = az.summary(posterior, kind="diagnostics", round_to="none")
smallest_ess = diagnostics[["ess_bulk", "ess_tail"]].min().min()
print(f"largest R-hat {diagnostics['r_hat'].max():.4f}, smallest ESS {smallest_ess:.0f} of 8000 draws")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert diagnostics["r_hat"].max() < 1.01
assert smallest_ess > 1000

# %% [markdown]
# **Picture.** Each coefficient times the standard deviation of its column, so that all are in units of $y$:
# how much the score differs between two patients who differ by one standard deviation.

# %%
fig, ax = plt.subplots(figsize=(9, 4.6), layout="constrained")
_ = br.plot_forest(posterior, mode, ax, units=sd)

# %% [markdown]
# **Check.** We know the sign of four measurements, with 90%: body mass index, triglycerides, blood pressure
# and sex. Cholesterol and LDL, which say nearly the same, have two of the widest intervals, around 0.

# %%
coef = posterior["posterior"]["coef"]
low, high = coef.quantile([0.05, 0.95], ("chain", "draw")).values
clear = {name for name, start, end in zip(names, low, high, strict=True) if start > 0.0 or end < 0.0}
print("90% interval without 0:", ", ".join(name for name in names if name in clear))
widest = np.argsort((low - high) * sd)[:3]

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert clear == {"bmi", "log_trigl", "bp", "sex"}
assert {"cholesterol", "ldl"} <= {names[j] for j in widest}

# %% [markdown]
# ### Does the model describe the patients?
#
# **Picture.** First: the scores of the patients, and scores that the model simulates for them. Second: the
# share of the predictive distribution that lies below each patient's score, if that patient is left out
# (LOO-PIT). If the model is right, these shares are spread evenly. The curve is their distribution function
# less the even one, so it stays near 0. ArviZ's p-value tests just that.

# %%
fit_check = az.plot_ppc_dist(
    posterior,
    num_samples=60,
    kind="kde",
    visuals={
        "predictive_dist": {"color": BLUE},
        "observed_dist": {"color": "black", "width": 2.5},
        "title": False,
        "remove_axis": False,
    },
    figure_kwargs={"figsize": (7.5, 3.6), "layout": "constrained"},
)
ax = fit_check.viz["plot"]["y"].item()
ax.set_xlabel("progression, a score")
ax.set_ylabel("probability density")
ax.plot([], [], color="black", linewidth=2.5, label="patients")
ax.plot([], [], color=BLUE, alpha=0.5, label="60 simulations")
_ = ax.legend(frameon=False)

# %%
pit_check = az.plot_loo_pit(posterior, figure_kwargs={"figsize": (7.5, 3.4), "layout": "constrained"})
ax = pit_check.viz["plot"]["y"].item()
ax.set_title("")
ax.set_xlabel("share of the predictive distribution below the patient's score")
_ = ax.set_ylabel("distribution function\nless the even one")

# %% [markdown]
# **Check.** The intervals hold. Each of the 400 patients is left out in turn. Up to chance, 90% are inside
# their 90% interval, and half are inside their 50% interval. But the model is not perfect. The scores of the
# patients are skewed and those that it simulates are not. It knows nothing of a smallest score, and simulates
# some that are below every score of the 400. A decision about *low* scores should not rest on it. Ours is
# about high ones, and section 9 checks them by themselves.

# %%
pit = az.loo_pit(posterior)["y"].values
inside, band = {}, {}
for mass in (0.5, 0.9):
    inside[mass] = np.sum(np.abs(pit - 0.5) < 0.5 * mass)
    band[mass] = stats.binom.interval(0.999, len(y), mass)
    low, high = band[mass]
    print(
        f"{100 * mass:.0f}% interval: {inside[mass]} of {len(y)} patients inside (band {low:.0f} to {high:.0f})"
    )
simulated = posterior["posterior_predictive"]["y"]
too_low = float((simulated < y.min()).mean())
print(f"simulated scores below the smallest of the patients, {y.min():.0f}: {100 * too_low:.1f}%")
skewness = stats.skew(simulated.values.reshape(-1, len(y)), axis=1)
print(
    f"skewness: patients {stats.skew(y):.2f}; simulations, 99% of them, below {np.quantile(skewness, 0.99):.2f}"
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert all(band[mass][0] <= inside[mass] <= band[mass][1] for mass in inside)
assert 0.01 < too_low < 0.1
assert np.quantile(skewness, 0.99) < stats.skew(y)

# %% [markdown]
# ## 7. One coefficient, in words
#
# **Question.** What does the body mass index say?

# %%
per_unit = coef.sel(feature="bmi")
bounds = per_unit.quantile([0.05, 0.95]).values
bmi = names.index("bmi")
print(f"mode {mode.coef[bmi]:.2f}, mean {float(per_unit.mean()):.2f} points per kg/m²")
print(f"90% interval {bounds[0]:.2f} to {bounds[1]:.2f} points per kg/m²")

# %% [markdown]
# Take two patients who are alike in the other nine measurements. We expect a higher score of the one whose
# index is larger by 5 kg/m². How much higher? We are 90% sure that it is between five times these two bounds.
# This compares patients. It does not say what losing weight would do: nobody's weight was changed in these
# data.
#
# For comparison, least squares has an interval from Student's t. The prior moves the interval only a little:
# the data say enough about this coefficient.

# %%
design = np.column_stack([np.ones(len(y)), X])
solution, rss = np.linalg.lstsq(design, y)[:2]
error = np.sqrt(rss[0] / (len(y) - 11) * np.linalg.inv(design.T @ design)[bmi + 1, bmi + 1])
classical = solution[bmi + 1] + error * stats.t.ppf([0.05, 0.95], len(y) - 11)
print(f"least squares {solution[bmi + 1]:.2f}, 90% interval {classical[0]:.2f} to {classical[1]:.2f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert bounds[0] > 3.0
assert np.all(np.abs(bounds - classical) < 0.5 * error)
assert bounds[0] < mode.coef[bmi] < bounds[1]

# %% [markdown]
# ## 8. Three new patients
#
# **Question.** What will happen to the patients who came this month? We look at three: one for whom the model
# predicts little, one in the middle, and one for whom it predicts much.

# %%
predicted = br.predict_posterior(posterior, X_new)
order = predicted["mean"].sort_values().index
three = [order[4], order[19], order[37]]
of_mean = br.predict_posterior(posterior, X_new.loc[three], of="mean")
X_new.loc[three]

# %%
report = predicted.loc[three].rename(columns={"lower": "90% from", "upper": "to"})
report[["its mean from", "its mean to"]] = of_mean[["lower", "upper"]]
report.round(0)

# %% [markdown]
# **Check.** We know the mean of such patients well, but not the score of a single one. The interval of a new
# patient is several times as wide as that of the mean. And now we open the envelope: of the 42 new patients,
# about 90% are inside their 90% interval, up to chance.

# %%
width_ratio = (report["to"] - report["90% from"]) / (report["its mean to"] - report["its mean from"])
inside = ((predicted["lower"] < true_progression) & (true_progression < predicted["upper"])).sum()
band = stats.binom.interval(0.999, len(true_progression), 0.9)
print(f"intervals are {width_ratio.min():.1f} to {width_ratio.max():.1f} times as wide")
print(f"{inside} of 42 inside (band {band[0]:.0f} to {band[1]:.0f})")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert width_ratio.min() > 4.0
assert band[0] <= inside <= band[1]

# %% [markdown]
# ## 9. The decision
#
# **Question.** Who gets the offer?
#
# **Model.** Write down a loss. Up to a score of 150 the disease is no burden to the clinic's planning. Above
# it each point costs 1. The programme costs 10 points per patient, and the clinic believes that it halves
# what is above 150. (That belief is not in these data. It came from elsewhere, and section 10 asks what
# follows if it is wrong.)
#
# $$ L(\text{usual}, y) = (y - 150)_+ , \qquad L(\text{programme}, y) = 10 + \tfrac12\,(y - 150)_+ . $$
#
# Take the action with the smaller *expected* loss. So offer the programme if
#
# $$ \tfrac12\ \mathbb{E}\bigl[(y - 150)_+ \mid \text{data}\bigr] > 10 . $$
#
# Given a draw of the posterior, $y$ is normal with mean $\mu$ and standard deviation $\sigma$, and the
# expectation is $\sigma\,[\varphi(z) + z\,\Phi(z)]$ with $z = (\mu - 150)/\sigma$; then we average over the
# draws.

# %%
LIMIT, COST, EFFECT = 150.0, 10.0, 0.5


def expected_excess(tree, rows):
    """Return E[(y − LIMIT)₊ | draw] of each row, for each draw."""
    draws = tree["posterior"]
    mean = draws["intercept"].values[..., None] + draws["coef"].values @ np.asarray(rows).T
    noise = draws["noise_scale"].values[..., None]
    z = (mean - LIMIT) / noise
    return noise * (stats.norm.pdf(z) + z * stats.norm.cdf(z))


def plug_in_excess(point):
    """Return the excess of a prediction that is taken for certain."""
    return np.maximum(np.asarray(point) - LIMIT, 0.0)


excess = pd.Series(expected_excess(posterior, X_new).mean(axis=(0, 1)), index=X_new.index)
at_mode = pd.Series(plug_in_excess(mode.intercept + X_new.to_numpy() @ mode.coef), index=X_new.index)
decision = pd.DataFrame(
    {
        "predicted mean": predicted["mean"],
        "loss, usual care": excess,
        "loss, programme": COST + EFFECT * excess,
        "offer": EFFECT * excess > COST,
        "offer, by the mode alone": EFFECT * at_mode > COST,
    }
)
decision.loc[three].round(1)

# %% [markdown]
# The middle patient shows what uncertainty is worth. The prediction itself is just below the limit. If we
# take it for certain, there is nothing to prevent. But the score may well be far above 150, and a score far
# below brings no gain in return. That possibility is worth the programme.
#
# **Picture.** Left: the expected loss of both actions for all 42, against their predicted mean. Right: what
# is expected above 150, and what a prediction taken for certain says instead.

# %%
ordered = decision.sort_values("predicted mean")
differ = ordered["offer"] != ordered["offer, by the mode alone"]
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
left.plot(
    ordered["predicted mean"],
    ordered["loss, usual care"],
    "o-",
    color=ORANGE,
    markersize=4,
    label="usual care",
)
left.plot(
    ordered["predicted mean"], ordered["loss, programme"], "s--", color=BLUE, markersize=4, label="programme"
)
left.set_ylabel("expected loss, in points")
left.set_title("Take the lower one")
right.plot(
    ordered["predicted mean"], excess[ordered.index], "o-", color=ORANGE, markersize=4, label="expected"
)
right.plot(
    ordered["predicted mean"],
    at_mode[ordered.index],
    "^:",
    color=GREEN,
    markersize=4,
    label="prediction taken for certain",
)
right.axhline(COST / EFFECT, color="0.4", linewidth=0.8, label="worth the programme above")
right.plot(
    ordered["predicted mean"][differ],
    excess[ordered.index][differ],
    "o",
    color="black",
    fillstyle="none",
    markersize=10,
    label="decided differently",
)
right.set_ylabel("excess over 150, in points")
right.set_title("What the prediction alone does not see")
for ax in (left, right):
    ax.set_xlabel("predicted mean of the progression, a score")
    ax.legend(frameon=False, loc="upper left")

# %% [markdown]
# **Check.** The formula agrees with simulated patients, within four standard errors of Monte Carlo. The three
# decisions are no, yes, yes. By the mode alone they would be no, no, yes. For some of the 42 the decisions
# differ, always in the same direction: $(y - 150)_+$ is convex, so its expectation is at least its value at
# the mean.

# %%
simulated = (
    br.BayesRegressor(model.prior, standardize=True)
    .fit(X, y)
    .sample(num_samples=2000, seed=9, progress=False)
)
draws = simulated.posterior_predictive(X_new, seed=10)
off = (np.maximum(draws - LIMIT, 0.0).mean(("chain", "draw")) - excess.to_numpy()) / az.mcse(
    np.maximum(draws - LIMIT, 0.0), method="mean"
)
print(f"42 z-scores, the largest {float(np.abs(off).max()):.2f}; decided differently: {differ.sum()} of 42")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.all(np.abs(off) < 4.0)
assert list(decision.loc[three, "offer"]) == [False, True, True]
assert list(decision.loc[three, "offer, by the mode alone"]) == [False, False, True]
assert differ.sum() > 3
assert decision.loc[differ[differ].index, "offer"].all()
assert np.all(excess > plug_in_excess(predicted["mean"]))

# %% [markdown]
# ### Does it pay?
#
# We should try a rule on patients whose score is known and who had no part in it. So we make ten folds of
# the 400. The model is fitted to nine, decides for the tenth, and pays for what happened. In these data
# nobody was in the programme, so we take its effect from the loss.

# %%
folds = np.arange(len(y)) % 10
foretold, for_certain = np.empty(len(y)), np.empty(len(y))
for fold in range(10):
    train, test = folds != fold, folds == fold
    part, left_out = br.RowData.from_arrays(X[train], y[train]), X[test].to_numpy()
    fold_mode = br.map_estimate(model, part)
    fold_tree = br.sample_posterior(model, part, seed=fold, progress=False)
    for_certain[test] = plug_in_excess(fold_mode.intercept + left_out @ fold_mode.coef)
    foretold[test] = expected_excess(fold_tree, left_out).mean(axis=(0, 1))

happened = np.maximum(y.to_numpy() - LIMIT, 0.0)
offered = {
    "nobody": np.zeros(len(y), dtype=bool),
    "everybody": np.ones(len(y), dtype=bool),
    "by the mode alone": EFFECT * for_certain > COST,
    "by expected loss": EFFECT * foretold > COST,
}
paid = {rule: np.where(yes, COST + (1.0 - EFFECT) * happened, happened) for rule, yes in offered.items()}
rules = pd.DataFrame(
    [
        [yes.sum(), paid[rule].mean(), saved.mean(), saved.std(ddof=1) / np.sqrt(len(y))]
        for rule, yes in offered.items()
        for saved in [paid[rule] - paid["by expected loss"]]
    ],
    columns=["offered to", "average loss", "expected loss saves", "± standard error"],
    index=pd.Index(offered, name="rule"),
)
rules.round(2)

# %% [markdown]
# Does the expected excess happen? We make four groups of 100 patients, by their predicted excess.

# %%
group = pd.qcut(foretold, 4, labels=["least", "less", "more", "most"])
by_group = pd.DataFrame({"foretold": foretold, "happened": happened, "off": happened - foretold}).groupby(
    group, observed=True
)
groups = by_group[["foretold", "happened"]].mean()
groups["± standard error"] = by_group["off"].sem()
groups.round(1)

# %% [markdown]
# **Check.** Offering by expected loss is cheaper than each of the other three rules, by more than two
# standard errors. In each group the average excess is as predicted, up to three standard errors.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
saves, error = rules["expected loss saves"].iloc[:3], rules["± standard error"].iloc[:3]
assert np.all(saves > 2.0 * error)
assert np.all((groups["happened"] - groups["foretold"]).abs() < 3.0 * groups["± standard error"])

# %% [markdown]
# ## 10. What would change it?
#
# **Question.** What does the decision depend on?
#
# **The prior scale.** `scale_sensitivity` says how far each posterior mean would move with the logarithm of
# $b$, without another fit. Twice the scale moves it by log 2 times that, to first order.

# %%
sensitivity = br.scale_sensitivity(posterior)
sensitivity["if doubled, in sd"] = np.log(2.0) * sensitivity["derivative_in_sd"]
sensitivity[["mean", "sd", "if doubled, in sd"]].round(2)

# %% [markdown]
# **Check.** We do fit again, with half and with twice the scale. The posterior means move about as predicted.
# Cholesterol's moves most, by two thirds of its standard deviation, and LDL's in the opposite direction: the
# data hardly know how to split an effect between these two, so the prior has a say. The mean of the body mass
# index stays where it is, and so do all three decisions.

# %%
refitted, in_sd, offers = {}, {}, {}
for factor in (0.5, 2.0):
    other = br.LinearModel(model.prior.with_scale(factor * b), standardize=True)
    refitted[factor] = br.sample_posterior(other, data, num_samples=2000, seed=8, progress=False)
    means = refitted[factor]["posterior"]["coef"].mean(("chain", "draw")).values
    in_sd[factor] = (means - sensitivity["mean"][names]) / sensitivity["sd"][names]
    excess_then = expected_excess(refitted[factor], X_new.loc[three]).mean(axis=(0, 1))
    offers[factor] = (EFFECT * excess_then > COST).tolist()
    most = in_sd[factor].abs()
    print(f"scale × {factor}: {most.idxmax()} moves most, by {most.max():.2f} sd; offers {offers[factor]}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for factor, moved in in_sd.items():
    announced = np.log(factor) * sensitivity["derivative_in_sd"][names]
    assert moved.abs().idxmax() == "cholesterol"
    assert moved.abs().max() < 0.7
    assert moved["cholesterol"] * moved["ldl"] < 0.0
    assert abs(moved["bmi"]) < 0.1
    assert np.all(np.abs(moved - announced) < 0.2)
    assert offers[factor] == [False, True, True]

# %% [markdown]
# **The costs.** They matter far more. Offer a patient the programme if it costs less than the effect times
# the expected excess: the break-even cost. If the programme took away only a quarter of the excess in place
# of a half, it would have to cost half as much.

# %%
break_even = pd.DataFrame(
    {f"it takes away {effect:.0%}": effect * excess[three] for effect in (0.25, 0.5, 0.75)}
)
break_even.round(1)

# %%
print(f"with a quarter, at a cost of {COST:.0f}: offer {list(0.25 * excess[three] > COST)}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert list(0.5 * excess[three] > COST) == [False, True, True]
assert list(0.25 * excess[three] > COST) == [False, False, True]

# %% [markdown]
# So the middle patient's offer does not depend on the prior, nor on whether cross-validation or the evidence
# chose λ. It depends on what the programme does, and no regression on these data can tell that. The clinic
# should find it out next.
#
# ## 11. Handing it over
#
# One colleague uses scikit-learn, another uses R. They need λ in their own words.

# %%
l1 = br.Penalty(mode.penalty.l1)
to_sklearn = br.translate(l1, "Penalty", "sklearn.Lasso", X, y, rescale=True)
to_glmnet = br.translate(l1, "Penalty", "glmnet", X, y)
print(to_sklearn)
print(to_glmnet)

# %% [markdown]
# **Check.** scikit-learn's `Lasso` on the rescaled columns gives our coefficients, zeros included. So does
# the pipeline that standardises, with glmnet's number: glmnet standardises by itself.

# %%
unit = to_sklearn.column_unit
theirs = Lasso(**to_sklearn.values, tol=1e-13, max_iter=100_000).fit(X / unit, y)
pipeline = make_pipeline(
    StandardScaler(), Lasso(to_glmnet.values["lambda_"], tol=1e-13, max_iter=100_000)
).fit(X, y)
print(f"largest difference, per sd of a column: {np.abs((theirs.coef_ / unit - mode.coef) * sd).max():.1e}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert np.allclose(theirs.coef_ / unit * sd, mode.coef * sd, rtol=0.0, atol=1e-7)
assert np.array_equal(theirs.coef_ == 0.0, mode.coef == 0.0)
assert np.allclose(pipeline[-1].coef_, mode.coef * sd, rtol=0.0, atol=1e-7)

# %% [markdown]
# ## What was shown
#
# The point estimate was the smaller part of the work. It came with a proof. But the decision needed the whole
# predictive distribution and a written loss. And we had to ask what it depends on: hardly on λ, and very much
# on the effect of the programme.
