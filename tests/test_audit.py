"""Answers of other packages judged: right ones pass, wrong ones are named, and so is the convention they fit."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import diabetes, one_of_eight
from sklearn.linear_model import Lasso, Ridge
from test_conventions_against_packages import RECORDS, arrays, family, label, offset, penalty_of

import bayesreg as br

REFERENCES = Path(__file__).parent / "references"
STORED = json.loads((REFERENCES / "references.json").read_text())
WRONG = json.loads((REFERENCES / "statsmodels_elastic_net.json").read_text())
DATA = {name: np.array(values) for name, values in STORED["data"].items()}
GLMNET = [
    r
    for r in STORED["records"]
    if r["key"] in ("glmnet", "glmnet.family_object") and r["values"]["standardize"]
]
PLAIN_GLMNET = [
    r for r in GLMNET if r["fit_intercept"] and not r["weighted"] and "penalty.factor" not in r["values"]
]


def test_scikit_learns_answers_pass():
    X, y = diabetes()
    w = np.random.default_rng(0).uniform(0.3, 2.0, len(y))
    for estimator, key in (
        (Lasso(0.3, tol=1e-12, max_iter=100_000), "sklearn.Lasso"),
        (Ridge(0.7), "sklearn.Ridge"),
    ):
        estimator.fit(X, y, sample_weight=w)
        stated = br.translate(estimator, key, "Penalty", X=X, y=y, sample_weight=w)
        found = br.audit(estimator.coef_, estimator.intercept_, X, y, stated, w)
        assert found.optimal
        assert found.duality_gap < 1e-9
        assert found.kkt_violation.shape == (10,)
        assert found.kkt_violation.max() < 1e-7
        assert not found.wrong_zeros.any()
        assert not found.missing_zeros.any()
        assert found.nearest is None
        assert str(found).startswith("optimal: duality gap")
        assert found.objective == pytest.approx(found.optimum, rel=1e-9)


def test_the_gap_and_the_violations_by_hand():
    X, y = diabetes()
    coef = np.zeros(10)
    coef[2] = 300.0
    penalty = br.Penalty(80.0)
    found = br.audit(coef, y.mean(), X, y, penalty)
    centred = X - X.mean(axis=0)
    residual = y - y.mean() - centred @ coef
    slope, norms = centred.T @ residual, np.linalg.norm(centred, axis=0)
    by_hand = (
        np.where(coef != 0, np.abs(slope - 80.0 * np.sign(coef)), np.maximum(np.abs(slope) - 80.0, 0.0))
        / norms
    )
    np.testing.assert_allclose(
        found.kkt_violation, by_hand / (np.abs(centred.T @ (y - y.mean())) / norms).max(), rtol=1e-9
    )
    assert found.objective == pytest.approx(0.5 * residual @ residual + 80.0 * 300.0)
    assert found.duality_gap >= (found.objective - found.optimum) / (0.5 * ((y - y.mean()) ** 2).sum())
    assert found.wrong_zeros.sum() > 3
    assert "zero here and not at the optimum" in str(found)
    moved = br.audit(coef, y.mean() + 5.0, X, y, penalty)
    assert moved.objective == pytest.approx(found.objective + 0.5 * len(y) * 25.0)


@pytest.mark.parametrize("record", PLAIN_GLMNET, ids=lambda r: f"{r['key']} {r['values']}")
def test_glmnets_number_read_as_scikit_learns_is_recognised(record):
    """The user took glmnet's lambda for scikit-learn's: the auditor says whose coefficients these are."""
    lambda_, alpha = record["values"]["lambda_"], record["values"]["alpha"]
    X, y = DATA["X"], DATA["y"]
    value = {"alpha": lambda_, "l1_ratio": alpha}
    mistaken = br.translate(value, "sklearn.ElasticNet", "Penalty", X=X, y=y)
    found = br.audit(record["coef"], record["intercept"], X, y, mistaken)
    assert not found.optimal
    assert found.nearest is not None
    assert found.nearest.duality_gap < 1e-9
    right = br.translate(record["values"], record["key"], "Penalty", X=X, y=y).penalty
    for name in ("l1", "l2"):
        np.testing.assert_allclose(getattr(found.nearest.penalty, name), getattr(right, name), rtol=1e-9)
    assert "these are the coefficients of" in str(found)


def test_coefficients_of_no_penalty_have_no_reading():
    X, y = DATA["X"], DATA["y"]
    penalty = br.translate({"alpha": 1.0, "l1_ratio": 0.5}, "sklearn.ElasticNet", "Penalty", X=X, y=y)
    found = br.audit(np.random.default_rng(0).normal(size=X.shape[1]), 0.0, X, y, penalty)
    assert not found.optimal
    assert found.nearest is None


def test_ridge_with_the_n_of_lasso():
    X, y = diabetes()
    ridge = Ridge(0.5 * len(y)).fit(X, y)  # somebody who thinks that Ridge divides by n as Lasso does
    found = br.audit(ridge.coef_, ridge.intercept_, X, y, br.translate(0.5, "sklearn.Ridge", "Penalty"))
    assert found.nearest is not None
    np.testing.assert_allclose(found.nearest.penalty.l2, 0.5 * len(y))


@pytest.mark.parametrize("problem", WRONG["problems"], ids=lambda p: f"{p['kind']} {p['seed']}")
def test_statsmodels_elastic_net_is_flagged_where_its_support_is_wrong(problem):
    X, y = simulated(problem["seed"], problem["kind"])
    assert float(y.sum()) == pytest.approx(problem["sum_y"], rel=1e-9)
    found = br.audit(problem["coef"], 0.0, X, y, br.Penalty(0.1 * 40), fit_intercept=False)
    coef = np.array(problem["coef"])
    support_is_wrong = bool((found.wrong_zeros | found.missing_zeros).any())
    exact = Lasso(0.1, fit_intercept=False, tol=1e-14, max_iter=10**6).fit(X, y).coef_
    assert support_is_wrong == bool(((coef != 0) != (exact != 0)).any())
    assert found.optimal == bool(np.abs(coef - exact).max() < 1e-4)


def test_how_often_statsmodels_elastic_net_is_wrong():
    """As found for version 0.15: some of 20 problems with independent columns, most with correlated ones."""
    assert WRONG["version"] == "0.15.0"
    flagged = {"independent": 0, "correlated": 0}
    for problem in WRONG["problems"]:
        X, y = simulated(problem["seed"], problem["kind"])
        flagged[problem["kind"]] += not br.audit(
            problem["coef"], 0.0, X, y, br.Penalty(0.1 * 40), fit_intercept=False
        ).optimal
    assert flagged == {"independent": 2, "correlated": 12}


def simulated(seed, kind):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 12))
    if kind == "correlated":
        X = 0.5 * X + rng.normal(size=(40, 1))
    return X, X[:, :4] @ [1.0, -1.0, 0.5, 0.25] + rng.normal(size=40)


def test_a_mode_by_gradients_is_not_sparse():
    """NumPyro's AutoDelta under a Laplace prior: near the lasso, without one of its zeros."""
    import jax
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import SVI, Trace_ELBO
    from numpyro.infer.autoguide import AutoDelta

    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 8))
    y = X[:, :3] @ [2.0, -1.0, 0.5] + rng.normal(size=50)

    def plain():
        coef = numpyro.sample("coef", dist.Laplace(0.0, 1 / 15.0).expand([8]).to_event(1))
        numpyro.sample("y", dist.Normal(X @ coef, 1.0), obs=y)

    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        svi = SVI(plain, AutoDelta(plain), numpyro.optim.Adam(0.01), Trace_ELBO())
        coef = np.asarray(svi.run(jax.random.key(0), 3000, progress_bar=False).params["coef_auto_loc"])
    found = br.audit(coef, 0.0, X, y, br.Penalty(15.0), fit_intercept=False)
    assert found.missing_zeros.sum() >= 3
    assert not (coef == 0.0).any()
    assert found.duality_gap < 1e-2
    assert "exactly zero at the optimum and not here" in str(found)


def test_a_mode_as_pymc_finds_it_is_not_sparse():
    """PyMC's find_MAP is L-BFGS-B on the log density with its gradient: under a Laplace prior it stops at the kink."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 8))
    y = X[:, :3] @ [2.0, -1.0, 0.5] + rng.normal(size=50)

    def negative_log_density(coef):
        residual = y - X @ coef
        return 0.5 * residual @ residual + 15.0 * np.abs(coef).sum(), -X.T @ residual + 15.0 * np.sign(coef)

    coef = minimize(negative_log_density, np.full(8, 0.1), jac=True, method="L-BFGS-B").x
    found = br.audit(coef, 0.0, X, y, br.Penalty(15.0), fit_intercept=False)
    assert found.missing_zeros.sum() >= 3
    assert not (coef == 0.0).any()
    assert not found.optimal
    assert found.duality_gap > 1e-6


# Labels and counts.

LABELS_AND_COUNTS = [record for record in RECORDS if record["response"] != "y"]


@pytest.mark.parametrize("record", LABELS_AND_COUNTS, ids=label)
def test_answers_for_labels_and_counts_pass(record):
    """Of all packages, with weights and offsets, by logistic, Poisson and negative binomial losses."""
    X, y, weights = arrays(record)
    found = br.audit(
        record["coef"],
        record["intercept"],
        X,
        y,
        penalty_of(record),
        weights,
        fit_intercept=record["fit_intercept"],
        family=family(record),
        offset=offset(record),
    )
    assert found.duality_gap < 10 * record["tol"]
    assert found.kkt_violation.max() < 10 * np.sqrt(record["tol"])
    assert found.objective <= found.optimum * (1 + record["tol"])
    assert found.optimum <= found.objective * (1 + 1e-9)


def test_logistic_gap_and_optimum_against_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, 6)) + 1.0
    y = (X[:, 0] - X[:, 1] + rng.logistic(size=120) > 0).astype(float)
    for ratio in (1.0, 0.5, 0.0):
        exact = LogisticRegression(C=0.2, l1_ratio=ratio, solver="saga", tol=1e-14, max_iter=10**6).fit(X, y)
        penalty = br.translate({"C": 0.2, "l1_ratio": ratio}, "sklearn.LogisticRegression", "Penalty").penalty
        good = br.audit(exact.coef_, float(exact.intercept_[0]), X, y, penalty, family="binomial")
        assert good.optimal
        assert good.objective == pytest.approx(good.optimum, rel=1e-10)
        assert not good.wrong_zeros.any()
        bad = br.audit(1.2 * exact.coef_, float(exact.intercept_[0]), X, y, penalty, family="binomial")
        above = (bad.objective - bad.optimum) / br.audit(
            np.zeros(6), float(np.log(y.mean() / (1 - y.mean()))), X, y, penalty, family="binomial"
        ).objective
        assert above <= bad.duality_gap < 30 * above
        assert not bad.optimal
    point = np.zeros(6), 0.0, X
    one = br.audit(*point, y, br.Penalty(1.0), family="binomial").objective
    for coded in (2 * y - 1, np.where(y > 0, "yes", "no")):
        for name in ("binomial", "bernoulli", br.BernoulliLikelihood()):
            assert br.audit(*point, coded, br.Penalty(1.0), family=name).objective == one
    for bad, name, error, message in (
        (3.0 * y + X[:, 0], "binomial", ValueError, "`y` must hold two labels"),
        (y - 0.5, "poisson", ValueError, "`y` must hold counts"),
        (y, "logit", ValueError, "`family` must be one of 'gaussian', 'binomial', 'poisson'"),
        (y, "negative-binomial", ValueError, "or a likelihood such as NegativeBinomialLikelihood"),
        (y, br.StudentTLikelihood(), TypeError, "audit needs a likelihood whose loss is convex"),
    ):
        with pytest.raises(error, match=message):
            br.audit(*point, bad, br.Penalty(1.0), family=name)


def test_logistic_number_read_otherwise_is_recognised():
    """glmnet's lambda taken for scikit-learn's C."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, 6))
    y = (X[:, 0] - X[:, 1] + rng.logistic(size=120) > 0).astype(float)
    penalty = br.translate({"lambda_": 0.05}, "glmnet.binomial", "Penalty", X=X, y=y).penalty
    answer = LogisticRegression(C=1.0, l1_ratio=1.0, solver="saga", tol=1e-14, max_iter=10**6).fit(
        X / penalty.l1, y
    )
    coef = answer.coef_.ravel() / penalty.l1
    believed = br.translate({"C": 0.05, "l1_ratio": 1.0}, "sklearn.LogisticRegression", "Penalty")
    found = br.audit(coef, float(answer.intercept_[0]), X, y, believed, family="binomial")
    assert not found.optimal
    assert "these are the coefficients of glmnet(X, y, lambda=0.05" in str(found.nearest)
    np.testing.assert_allclose(found.nearest.penalty.l1, penalty.l1, rtol=1e-9)


def test_poissons_number_read_otherwise_is_recognised():
    """PoissonRegressor's alpha taken for glmnet's lambda, which is for standardised columns."""
    from sklearn.linear_model import PoissonRegressor

    rng = np.random.default_rng(2)
    X = rng.normal(size=(90, 3)) * [1.0, 2.0, 0.5]
    y = rng.poisson(np.exp(0.3 * X[:, 0])).astype(float)
    answer = PoissonRegressor(alpha=0.4, solver="newton-cholesky", tol=1e-12).fit(X, y)
    standardised = br.translate({"lambda_": 0.4, "alpha": 0.0}, "glmnet.poisson", "Penalty", X=X, y=y)
    found = br.audit(answer.coef_, answer.intercept_, X, y, standardised, family="poisson")
    assert not found.optimal
    assert found.nearest is not None
    assert found.nearest.duality_gap < 1e-12
    assert found.nearest.read_as == "PoissonRegressor(alpha=0.4)"
    assert "not of glmnet(X, y, lambda=0.4" in str(found)
    np.testing.assert_allclose(found.nearest.penalty.l2, 0.4 * 90)


def test_a_gap_of_counts_bounds_the_excess_with_an_offset():
    """The optimum by SciPy, on plain formulas of Poisson and negative binomial."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    rng = np.random.default_rng(5)
    X, exposure = rng.normal(size=(70, 2)), rng.uniform(0.5, 4.0, 70)
    y = rng.poisson(exposure * np.exp(0.5 * X[:, 0])).astype(float)
    penalty = br.Penalty(0.0, 2.0)
    for likelihood, k in ((br.PoissonLikelihood(), None), (br.NegativeBinomialLikelihood(1.7), 1.7)):

        def height(z, k=k):
            mu = exposure * np.exp(z[2] + X @ z[:2])
            if k is None:
                log_p = y * np.log(mu) - mu - gammaln(y + 1)
            else:
                log_p = (
                    gammaln(y + k)
                    - gammaln(k)
                    - gammaln(y + 1)
                    + k * np.log(k / (k + mu))
                    + y * np.log(mu / (k + mu))
                )
            return -log_p.sum() + z[:2] @ z[:2]

        best = minimize(height, np.zeros(3), tol=1e-12)
        for shift in (0.0, 0.03, 0.3):
            point = best.x + shift
            found = br.audit(point[:2], point[2], X, y, penalty, family=likelihood, offset=np.log(exposure))
            null = br.audit(
                np.zeros(2), 0.0, X, y, br.Penalty(1e9), family=likelihood, offset=np.log(exposure)
            )
            excess = height(point) - best.fun
            assert found.objective - found.optimum == pytest.approx(excess, abs=1e-6)
            assert found.duality_gap * null.optimum >= excess - 1e-6
            assert found.optimal == (shift == 0.0)


def test_a_gaussian_audit_knows_an_offset():
    X, y = diabetes()
    known = np.linspace(-30.0, 30.0, len(y))
    ridge = Ridge(0.7).fit(X, y - known)
    assert br.audit(ridge.coef_, ridge.intercept_, X, y, br.Penalty(0.0, 0.7), offset=known).optimal
    assert not br.audit(ridge.coef_, ridge.intercept_, X, y, br.Penalty(0.0, 0.7)).optimal


def test_logistic_unpenalised_columns_and_separation():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] + rng.logistic(size=60) > 0).astype(float)
    penalty = br.Penalty([0.0, 3.0, 3.0], 0.0)
    zero = br.audit(np.zeros(3), 0.0, X, y, penalty, family="binomial")
    assert 0.0 < zero.duality_gap <= 1.0 + 1e-9 or zero.objective > zero.optimum
    assert zero.wrong_zeros[0]
    separable = (X[:, 0] > 0).astype(float)
    with pytest.raises(br.NoModeError, match="the sign of 'x0' separates y = 0 from y = 1"):
        br.audit(np.zeros(3), 0.0, X, separable, br.Penalty(0.0), family="binomial")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"penalty": 0.1}, TypeError, "`penalty` must be a Penalty; got float"),
        ({"coef": [1.0, 2.0]}, ValueError, "`coef` must be 10 finite numbers"),
        ({"coef": [np.nan] * 10}, ValueError, "`coef` must be 10 finite numbers"),
        ({"intercept": np.inf}, ValueError, "`intercept` one"),
        ({"penalty": br.Penalty(np.inf)}, br.NoEquivalent, "infinite penalty"),
    ],
)
def test_refusals(change, error, message):
    X, y = diabetes()
    with pytest.raises(error, match=message):
        br.audit(
            **{"coef": np.zeros(10), "intercept": 0.0, "X": X, "y": y, "penalty": br.Penalty(1.0), **change}
        )


# --- LinearModel.like ----------------------------------------------------------------------------

GAUSSIAN = [r for r in STORED["records"] if r["response"] == "y" and not r.get("scaled")]


@pytest.mark.parametrize("record", GAUSSIAN[::3], ids=lambda r: f"{r['key']} {r['values']}")
def test_like_has_the_packages_coefficients(record):
    X, y = DATA["X"], DATA["y"]
    w = DATA["weights"] if record["weighted"] else None
    values = {name.replace(".", "_"): value for name, value in record["values"].items()}
    coef = np.array(record["coef"])
    for sigma in (1.0, 2.5):
        model = br.LinearModel.like(
            record["key"],
            X,
            y,
            sample_weight=w,
            noise_scale=sigma,
            fit_intercept=record["fit_intercept"],
            **values,
        )
        assert model.likelihood.known_noise_scale == sigma
        mode = br.map_estimate(model, br.RowData.from_arrays(X, y, w))
        np.testing.assert_allclose(mode.coef, coef, rtol=0, atol=record["tol"] * np.abs(coef).max())


def test_like_says_what_it_cannot_be():
    X, y = diabetes()
    logistic = br.LinearModel.like("sklearn.LogisticRegression", X, y, C=1.0)
    with pytest.raises(ValueError, match="`y` must hold two labels"):
        br.map_estimate(logistic, br.RowData.from_arrays(X, y))
    with pytest.raises(ValueError, match=r"`from_` must be one of"):
        br.LinearModel.like("lasso", X, y, alpha=1.0)
    with pytest.raises(ValueError, match="takes alpha; got lambda_"):
        br.LinearModel.like("sklearn.Ridge", X, y, lambda_=1.0)
    with pytest.raises(ValueError, match="Give `dispersion`"):
        br.LinearModel.like("glum.negative_binomial", X, y, alpha=1.0)
    with pytest.raises(ValueError, match="has a poisson likelihood, which has no `dispersion`"):
        br.LinearModel.like("glum.poisson", X, y, alpha=1.0, dispersion=2.0)
    constant = np.column_stack([X[:, :2], np.full(len(y), 7.0)])
    model = br.LinearModel.like("glmnet", constant, y, lambda_=0.1)
    mode = br.map_estimate(model, br.RowData.from_arrays(constant, y))
    assert mode.coef[2] == 0.0
    br.sample_posterior(model, br.RowData.from_arrays(constant, y), num_samples=10, progress=False)  # proper


def test_coefficients_by_name():
    X, y = one_of_eight()
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"])
    named, plain = (
        br.audit(coef, 0.0, frame, y, br.Penalty(1.0, 0.0)).objective
        for coef in (pd.Series({"b": 2.0, "a": 1.0}), [1.0, 2.0])
    )
    assert named == plain
    with pytest.raises(ValueError, match="`coef` names"):
        br.audit(pd.Series({"b": 2.0, "c": 1.0}), 0.0, frame, y, br.Penalty(1.0, 0.0))
    with pytest.raises(ValueError, match="`tol` must be a duality gap"):
        br.audit([1.0, 2.0], 0.0, frame, y, br.Penalty(1.0, 0.0), tol=-1.0)
