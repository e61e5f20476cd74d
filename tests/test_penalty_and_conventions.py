"""Penalties, priors and scikit-learn's parameters are readings of one another."""

import numpy as np
import pytest
from conftest import diabetes, one_of_eight
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, Lasso, Ridge, SGDClassifier, TweedieRegressor

import bayesreg as br

SIGMA = 1.7
positive = st.floats(1e-8, 1e8)


@given(st.lists(positive, min_size=1, max_size=4), st.lists(positive, min_size=1, max_size=4), positive)
def test_penalty_to_prior_and_back(l1, l2, sigma):
    size = min(len(l1), len(l2))
    for penalty in (
        br.Penalty(l1[0], 0.0),
        br.Penalty(0.0, l2[0]),
        br.Penalty(l1[0], l2[0]),
        br.Penalty(l1[:size], l2[:size]),
        br.Penalty([0.0, *l1], 0.0),
        br.Penalty(),
    ):
        back = br.Penalty.from_prior(penalty.to_prior(sigma), sigma)
        np.testing.assert_allclose(back.l1, penalty.l1, rtol=1e-12)
        np.testing.assert_allclose(back.l2, penalty.l2, rtol=1e-12)


@given(positive, st.floats(0.01, 0.99), positive, st.integers(1, 1000))
def test_round_trips_between_all_conventions(alpha, ratio, sigma, n):
    context = {"y": np.zeros(n), "noise_scale": sigma}
    starts = {
        "sklearn.Lasso": (
            {"alpha": alpha},
            ["LaplacePrior", "ElasticNetPrior", "sklearn.ElasticNet", "Penalty"],
        ),
        "sklearn.Ridge": (
            {"alpha": alpha},
            ["GaussianPrior", "ElasticNetPrior", "sklearn.ElasticNet", "Penalty"],
        ),
        "sklearn.ElasticNet": ({"alpha": alpha, "l1_ratio": ratio}, ["ElasticNetPrior", "Penalty"]),
    }
    for source, (values, targets) in starts.items():
        for target in targets:
            there = br.translate(values, source, target, **context)
            back = br.translate(there.values, target, source, **context)
            for name, value in values.items():
                np.testing.assert_allclose(back.values[name], value, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("estimator", [Lasso(0.3), Ridge(0.7), ElasticNet(0.01, l1_ratio=0.3)])
def test_sklearn_is_reproduced(estimator, weighted):
    X, y = diabetes()
    w = np.random.default_rng(0).uniform(0.2, 3.0, len(y)) if weighted else None
    key = f"sklearn.{type(estimator).__name__}"
    prior_key = {"Lasso": "LaplacePrior", "Ridge": "GaussianPrior", "ElasticNet": "ElasticNetPrior"}
    target = prior_key[type(estimator).__name__]
    translation = br.translate(estimator, key, target, X=X, y=y, sample_weight=w, noise_scale=SIGMA)
    prior = eval(translation.code, {"br": br})
    assert prior == translation.penalty.to_prior(SIGMA)
    mode = br.map_estimate(
        br.LinearModel(prior, br.GaussianLikelihood(SIGMA)), br.RowData.from_arrays(X, y, w)
    )
    options = {} if isinstance(estimator, Ridge) else {"tol": 1e-14, "max_iter": 100_000}
    estimator.set_params(**options).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(mode.coef, estimator.coef_, rtol=0, atol=1e-8 * np.abs(estimator.coef_).max())
    back = br.translate(mode.penalty, "Penalty", key, X=X, y=y, sample_weight=w)
    rebuilt = eval(back.code, {"Lasso": Lasso, "Ridge": Ridge, "ElasticNet": ElasticNet})
    np.testing.assert_allclose(rebuilt.alpha, estimator.alpha, rtol=1e-12)


def test_known_values():
    y = np.zeros(50)
    lasso = br.translate(0.1, from_="sklearn.Lasso", to="LaplacePrior", y=y, noise_scale=2.0)
    assert float(lasso) == pytest.approx(4.0 / 5.0)
    assert str(lasso) == lasso.code == f"br.LaplacePrior(scale={float(lasso)!r})"
    ridge = br.translate(4.0, from_="sklearn.Ridge", to="GaussianPrior", noise_scale=2.0)
    assert float(ridge) == 1.0
    assert br.translate(br.LaplacePrior(2.0), "LaplacePrior", "Penalty", noise_scale=2.0).penalty.l1 == 2.0
    relative = {"scale": 2.0, "relative_to_noise": True}
    assert br.translate(relative, "LaplacePrior", "Penalty", noise_scale=3.0).penalty.l1 == 1.5
    weighted = br.translate(0.1, "sklearn.Lasso", "Penalty", y=y, sample_weight=np.full(50, 0.5))
    assert weighted.values["l1"] == pytest.approx(2.5)
    assert br.translate(br.Penalty(), "Penalty", "sklearn.Lasso", y=y).values == {"alpha": 0.0}
    assert float(br.translate(0.0, "sklearn.Ridge", "GaussianPrior", noise_scale=1.0)) == np.inf
    assert (
        br.translate(0.0, "sklearn.Ridge", "GaussianPrior", noise_scale=1.0).code
        == "br.GaussianPrior(scale=np.inf)"
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: br.translate(0.1, "sklearn.Laso", "Penalty"),
            ValueError,
            "`from_` must be one of 'Penalty'",
        ),
        (lambda: br.translate(0.1, "sklearn.Lasso", "nothing"), ValueError, "`to` must be one of"),
        (lambda: br.translate(0.1, "sklearn.Lasso", "Penalty"), ValueError, "Give `y`"),
        (lambda: br.translate(0.1, "sklearn.Ridge", "GaussianPrior"), ValueError, "Give `noise_scale`"),
        (
            lambda: br.translate({"C": 1.0}, "sklearn.Ridge", "Penalty"),
            ValueError,
            "takes alpha; got C. Missing: alpha",
        ),
        (lambda: br.translate(object(), "sklearn.Ridge", "Penalty"), TypeError, "or a Ridge; got object"),
        (
            lambda: br.translate(-1.0, "sklearn.Ridge", "Penalty"),
            ValueError,
            "`alpha` must be one finite number, at least 0",
        ),
        (
            lambda: br.translate(br.Penalty(1.0, 1.0), "Penalty", "sklearn.Lasso", y=[0.0]),
            br.NoEquivalent,
            "sklearn.Lasso has no l2 part",
        ),
        (
            lambda: br.translate(br.Penalty([1.0, 2.0]), "Penalty", "sklearn.Lasso", y=[0.0]),
            br.NoEquivalent,
            "differs between them",
        ),
        (
            lambda: br.translate(br.Penalty(np.inf), "Penalty", "LaplacePrior", noise_scale=1.0),
            br.NoEquivalent,
            "an infinite penalty has no prior",
        ),
        (
            lambda: br.translate(1.0, "sklearn.Ridge", "LaplacePrior", noise_scale=1.0),
            br.NoEquivalent,
            "LaplacePrior has no l2 part",
        ),
        (
            lambda: float(br.translate(br.Penalty(1.0, 1.0), "Penalty", "Penalty")),
            TypeError,
            "more than one number",
        ),
        (lambda: br.Penalty(-1.0), ValueError, "`l1` must be at least 0"),
        (lambda: br.Penalty(np.nan), ValueError, "`l1` must be at least 0"),
        (lambda: br.Penalty([1.0, 2.0], [1.0, 2.0, 3.0]), ValueError, "same length"),
        (lambda: br.Penalty.from_prior(1.0), TypeError, "must be a bayesreg prior"),
        (lambda: br.Penalty(1.0).to_prior(0.0), ValueError, "`noise_scale` must be a positive finite number"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_every_convention_says_what_it_is():
    for key, convention in br.CONVENTIONS.items():
        assert convention.key == key
        assert convention.objective
        assert convention.standardizes
        assert convention.weights
        assert convention.evidence.startswith(("run against", "from its", "the definition")), key
        assert convention.penalizes_intercept is (convention.intercept in ("penalised", "a column"))


# --- every pair of conventions -------------------------------------------------------------------

KEYS = list(br.CONVENTIONS)
POSITIVE = st.floats(1e-3, 1e3)


@st.composite
def settings(draw):
    n, p = draw(st.integers(2, 12)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    X = rng.normal(size=(n, p)) * rng.uniform(0.2, 5.0, p) + rng.normal(size=p)
    if draw(st.booleans()):
        X[:, 0] = 3.0
    w = rng.uniform(0.2, 3.0, n) if draw(st.booleans()) else None
    context = {"X": X, "y": rng.normal(size=n), "sample_weight": w, "noise_scale": draw(POSITIVE)}
    return context | {"fit_intercept": draw(st.booleans())}


def example_values(key, strength, ratio, p):
    row, values = br.CONVENTIONS[key], {}
    for name, default in row.parameters.items():
        if name in ("l1_ratio", "L1_wt", "Alpha", "elasticNetParam") or (
            name == "alpha" and default in (1.0, 0.5)
        ):
            values[name] = ratio
        elif default == "required" or isinstance(default, float):
            values[name] = strength
    if row.intercept == "a column":
        first = next(iter(row.parameters))
        values[first] = [0.0] + [strength] * p
    return values


@given(settings(), st.sampled_from(KEYS), st.sampled_from(KEYS), POSITIVE, st.sampled_from([0.0, 0.3, 1.0]))
def test_round_trips_between_any_two(context, a, b, strength, ratio):
    """Where both directions exist the canonical penalty comes back, to 1e-12; else the reason is told."""
    p = context["X"].shape[1]
    values = example_values(a, strength, ratio, p)
    if br.CONVENTIONS[a].intercept == "a column" and not context["fit_intercept"]:
        values[next(iter(br.CONVENTIONS[a].parameters))] = strength
    try:
        there = br.translate(values, a, b, **context)
        back = br.translate(there.values, b, a, **context)
        again = br.translate(back.values, a, b, **context)
    except br.NoEquivalent:  # whose reasons the next tests read
        return
    # beside an intercept a constant column's coefficient is 0 under any penalty
    varies = (context["X"].std(axis=0) > 1e-12) | (not context["fit_intercept"])
    for first, second in ((there, back), (back, again)):
        kept = varies
        for name in ("l1", "l2"):
            x, y = (np.broadcast_to(getattr(t.penalty, name), (p,)) for t in (first, second))
            np.testing.assert_allclose(x[kept], y[kept], rtol=1e-12, atol=1e-300)
            kept = kept & np.isfinite(x)  # an infinite l1 forces a 0 whatever l2 is
    assert there.code
    assert "{" not in there.code.replace("{'", "").replace('{"', "")


@pytest.mark.parametrize("key", KEYS)
def test_no_penalty_at_all_is_no_penalty_everywhere(key):
    always = br.CONVENTIONS[key].intercept == "always"
    context = {"X": np.eye(5, 2), "y": np.arange(5.0), "noise_scale": 1.0, "fit_intercept": always}
    try:
        values = br.translate(br.Penalty(), "Penalty", key, **context).values
    except br.NoEquivalent:
        form = br.CONVENTIONS[key].form
        assert type(form).__name__ == "Without" or getattr(form, "parameter", "") is None
        return
    back = br.translate(values, key, "Penalty", **context).penalty
    assert not np.any(back.l1)
    assert not np.any(back.l2)


def refusal(call):
    """Return the kind and the text of what a call raises, or nothing."""
    try:
        call()
    except ValueError as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("key", KEYS)
def test_what_is_missing_is_asked_for_by_name(key):
    """From nothing but the number: an answer, a reason, or a request that names an argument."""
    for a, b in ((key, "Penalty"), ("Penalty", key)):
        value = br.Penalty(1.0) if a == "Penalty" else example_values(key, 1.0, 1.0, 2)
        message = refusal(lambda value=value, a=a, b=b: br.translate(value, a, b))
        asked = any(f"Give `{name}`" in message for name in ("X", "y", "noise_scale"))
        assert message == "" or asked or message.startswith("NoEquivalent: ")


def test_known_conversions():
    """The ones most often asked for, as formulas."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)) * [1.0, 2.0, 0.5], rng.normal(size=30)
    context = {"X": X, "y": y}
    for same in ("celer.Lasso", "skglm.Lasso", "adelie", "cuml.Lasso", "h2o.GLM", "glmnet", "MATLAB.lasso"):
        there = br.translate(0.1, "sklearn.Lasso", same, **context)
        assert next(iter(there.values.values())) == pytest.approx(0.1, rel=1e-12)
        assert not there.values.get("standardize", there.values.get("Standardize", False))
    ridge = br.translate(3.0, "sklearn.Ridge", "glmnet", **context)
    assert ridge.values["lambda_"] == pytest.approx(3.0 * y.std() / 30)
    assert ridge.code == f"glmnet(X, y, lambda={ridge.values['lambda_']!r}, alpha=0.0, standardize=FALSE)"
    assert br.translate(3.0, "sklearn.Ridge", "glmnet.family_object", **context).values[
        "lambda_"
    ] == pytest.approx(0.1)
    C = br.translate(2.0, "sklearn.LogisticRegression", "glmnet.binomial", **context)
    assert C.values["lambda_"] == pytest.approx(1 / (30 * 2.0))
    assert (
        float(br.translate({"C": 0.5, "l1_ratio": 1.0}, "sklearn.LogisticRegression", "LaplacePrior")) == 0.5
    )
    for same in ("glum.binomial", "skglm.SparseLogisticRegression", "glmnet.binomial", "h2o.GLM.binomial",
                 "spark.LogisticRegression", "sklearn.SGDClassifier"):  # fmt: skip
        there = br.translate(2.0, "sklearn.LogisticRegression", same, **context)
        assert next(iter(there.values.values())) == pytest.approx(1 / (30 * 2.0), rel=1e-12)
        wrong = 1 / (2 * 2.0)  # what scikit-learn's page of Lasso says of C, 1/(2C), is off by n/2
        assert wrong / next(iter(there.values.values())) == pytest.approx(30 / 2)
    counts = br.translate(0.1, "sklearn.PoissonRegressor", "statsmodels.GLM.poisson", **context).values
    np.testing.assert_allclose(counts["alpha"], [0.0, 0.1, 0.1, 0.1])
    assert counts["L1_wt"] == 0.0
    weighted = {
        **context,
        "sample_weight": np.full(30, 2.0),
    }  # statsmodels divides by n, not by the sum of weights
    doubled = br.translate(0.1, "sklearn.PoissonRegressor", "statsmodels.GLM.poisson", **weighted).values
    np.testing.assert_allclose(doubled["alpha"], [0.0, 0.2, 0.2, 0.2])
    standardised = br.translate(0.1, "glmnet", "LaplacePrior", noise_scale=2.0, **context)
    np.testing.assert_allclose(standardised.values["scale"], 4.0 / (30 * 0.1 * X.std(axis=0)))
    bambi = br.translate(None, "bambi", "Penalty", noise_scale=2.0, **context).penalty
    np.testing.assert_allclose(bambi.l2, 4.0 * X.var(axis=0) / (6.25 * y.var()))
    park = br.translate(3.0, "BGLR.BL", "LaplacePrior", noise_scale=2.0)
    assert float(park) == pytest.approx(2.0 / 3.0)
    with pytest.raises(br.NoEquivalent, match=r"binomial likelihood and .* gaussian"):
        br.translate(1.0, "sklearn.LogisticRegression", "sklearn.Ridge", **context)
    with pytest.raises(br.NoEquivalent, match="decoupled"):
        br.translate(0.01, "torch.AdamW", "Penalty")
    with pytest.raises(br.NoEquivalent, match="penalises the intercept too"):
        br.translate(0.01, "torch.SGD", "sklearn.Ridge", **context)
    assert float(
        br.translate(0.2, "torch.SGD", "sklearn.Ridge", fit_intercept=False, **context)
    ) == pytest.approx(3.0)
    with pytest.raises(br.NoEquivalent, match="differs between them"):
        br.translate(0.1, "glmnet", "sklearn.Lasso", **context)
    factors = br.translate(br.Penalty([1.0, 2.0, 3.0]), "Penalty", "glmnet", **context)
    np.testing.assert_allclose(factors.values["penalty.factor"], [0.5, 1.0, 1.5])
    with_constant = br.translate(0.1, "sklearn.Lasso", "statsmodels.OLS", **context)
    np.testing.assert_allclose(with_constant.values["alpha"], [0.0, 0.1, 0.1, 0.1])
    penalty_weights = "alpha=np.array([0.0, 0.1, 0.1, 0.1]), L1_wt=1.0"
    assert with_constant.code == f"OLS(y, np.c_[np.ones(len(y)), X]).fit_regularized({penalty_weights})"


def test_two_strengths_of_a_mean_loss_are_for_each_row():
    X, y = np.arange(12.0).reshape(4, 3) ** 2, np.ones(4)
    there = br.translate(br.Penalty(8.0, 2.0), "Penalty", "xgboost.gblinear", X=X, y=y)
    assert there.values == {"alpha": 2.0, "lambda": 0.5}
    with pytest.raises(br.NoEquivalent):
        br.translate(br.Penalty([8.0, 4.0, 8.0], 2.0), "Penalty", "xgboost.gblinear", X=X, y=y)


def test_translate_does_not_read_an_object_of_another_convention():
    X, y = one_of_eight()
    for value, key in (
        (Ridge(3.0), "sklearn.Lasso"),
        (Lasso(3.0), "sklearn.Ridge"),
        (br.GaussianPrior(3.0), "LaplacePrior"),
    ):
        with pytest.raises(TypeError, match="its numbers mean something else"):
            br.translate(value, key, "Penalty", y=y, noise_scale=1.0)
    for value, key in (
        (TweedieRegressor(power=0.0), "sklearn.TweedieRegressor"),
        (SGDClassifier(loss="hinge"), "sklearn.SGDClassifier"),
    ):
        with pytest.raises(br.NoEquivalent, match="its loss is another one"):
            br.translate(value, key, "Penalty", y=y)
    assert br.translate(
        TweedieRegressor(power=1, alpha=0.5), "sklearn.TweedieRegressor", "Penalty", y=y
    ).penalty.l2 == 0.5 * len(y)
    with pytest.raises(br.NoEquivalent, match="constrains the signs"):
        br.translate(Lasso(positive=True), "sklearn.Lasso", "Penalty", y=y)
    for bad in ({"y": y, "sample_weight": [1.0, 2.0]}, {"X": X, "y": y[:5]}, {"y": []}, {"y": 3.0}):
        with pytest.raises(ValueError, match=r"same number of rows|one weight for each"):
            br.translate(0.1, "sklearn.Lasso", "Penalty", **bad)
    with pytest.raises(ValueError, match="`alpha` must be one finite number"):
        br.translate([0.1, 0.2], "sklearn.Lasso", "Penalty", y=y)


def test_factors_of_another_length_are_refused():
    X, y = one_of_eight()
    for value, key in (
        ({"alpha": 0.1, "weights": [1, 2]}, "celer.Lasso"),
        ({"lambda_": 0.1, "penalty.factor": [1, 2]}, "glmnet"),
    ):
        with pytest.raises(ValueError, match="one for each of the 8 columns"):
            br.translate(value, key, "Penalty", X, y)


def test_conventions_can_be_pickled():
    import pickle

    for key in br.CONVENTIONS:
        values = br.CONVENTIONS[key].parameters
        assert pickle.loads(pickle.dumps(values)) == values
