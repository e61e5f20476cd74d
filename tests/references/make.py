"""Make the reference coefficients of other packages again: each package here is run on the same small data.

python make.py   writes references.json, for whatever of the packages is installed (R's by make.R, if Rscript is there);
                 records of packages that are not installed are kept. Run it once in each environment.
"""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RECORDS = HERE / "references.json"


def data():
    """Return X, y, weights, binary and count responses; columns of unequal scale, means away from 0."""
    rng = np.random.default_rng(6)
    X = rng.normal(size=(40, 5)) @ np.diag([1.0, 3.0, 0.4, 1.5, 0.8]) + [0.5, -2.0, 0.0, 4.0, 1.0]
    X[:, 1] += 0.8 * X[:, 0]
    signal = 1.2 * X[:, 0] - 0.5 * X[:, 1] + 0.3 * X[:, 3]
    y = signal + 0.7 * rng.normal(size=40) + 3.0
    binary = (signal - signal.mean() + rng.logistic(size=40) > 0).astype(float)
    counts = rng.poisson(np.exp(0.4 * (signal - signal.mean()))).astype(float)
    weights = rng.uniform(0.3, 2.0, 40)
    offset = 0.4 * rng.normal(size=40)
    return {name: np.round(a, 6) for name, a in
            {"X": X, "y": y, "weights": weights, "binary": binary, "counts": counts, "offset": offset}.items()}  # fmt: skip


D = data()
X, Y, W, B, C, OFFSET = D["X"], D["y"], D["weights"], D["binary"], D["counts"], D["offset"]
THETA = 0.5  # one over the dispersion of every negative binomial fit


def record(
    key,
    package,
    values,
    coef,
    intercept,
    *,
    response="y",
    weighted=False,
    fit_intercept=True,
    has_offset=False,
    tol=1e-8,
):
    """Return one record; `tol` is what the package itself reaches, relative to the largest coefficient."""
    offset = {"has_offset": True} if has_offset else {}
    return {
        "key": key, "package": package, "version": version(package), "values": values,
        "response": response, "weighted": weighted, "fit_intercept": fit_intercept, **offset, "tol": tol,
        "coef": np.asarray(coef, dtype=float).ravel().tolist(), "intercept": float(np.ravel(intercept)[0]),
    }  # fmt: skip


def scikit_learn():
    """Run scikit-learn's linear models."""
    from sklearn import linear_model as lm

    tight = {"tol": 1e-14, "max_iter": 1_000_000}
    for weighted in (False, True):
        w = W if weighted else None
        for fit in (True, False):
            for name, values, options in (
                ("Lasso", {"alpha": 0.2}, tight),
                ("ElasticNet", {"alpha": 0.3, "l1_ratio": 0.4}, tight),
                ("Ridge", {"alpha": 3.0}, {}),
            ):
                m = getattr(lm, name)(**values, **options, fit_intercept=fit).fit(X, Y, sample_weight=w)
                yield record(f"sklearn.{name}", "scikit-learn", values, m.coef_, m.intercept_, weighted=weighted,
                             fit_intercept=fit)  # fmt: skip
        m = lm.BayesianRidge(tol=1e-10, max_iter=10_000).fit(X, Y, sample_weight=w)
        yield record("sklearn.BayesianRidge", "scikit-learn", {"alpha_": m.alpha_, "lambda_": m.lambda_}, m.coef_,
                     m.intercept_, weighted=weighted, tol=1e-6)  # fmt: skip
        for ratio in (0.0, 1.0, 0.5):
            values = {"C": 0.7, "l1_ratio": ratio}
            m = lm.LogisticRegression(**values, solver="saga", tol=1e-12, max_iter=1_000_000).fit(
                X, B, sample_weight=w
            )
            yield record("sklearn.LogisticRegression", "scikit-learn", values, m.coef_, m.intercept_, response="binary",
                         weighted=weighted, tol=1e-6)  # fmt: skip
        m = lm.PoissonRegressor(alpha=0.1, solver="newton-cholesky", tol=1e-12).fit(X, C, sample_weight=w)
        yield record("sklearn.PoissonRegressor", "scikit-learn", {"alpha": 0.1}, m.coef_, m.intercept_,
                     response="counts", weighted=weighted, tol=1e-6)  # fmt: skip
    m = lm.TweedieRegressor(power=1, link="log", alpha=0.1, solver="newton-cholesky", tol=1e-12).fit(X, C, W)
    yield record("sklearn.TweedieRegressor", "scikit-learn", {"alpha": 0.1}, m.coef_, m.intercept_, response="counts",
                 weighted=True, tol=1e-6)  # fmt: skip
    m = lm.LassoLars(alpha=0.2).fit(X, Y)
    yield record("sklearn.LassoLars", "scikit-learn", {"alpha": 0.2}, m.coef_, m.intercept_)
    m = lm.LogisticRegression(
        C=0.7, l1_ratio=0.0, solver="liblinear", tol=1e-12, max_iter=100_000, fit_intercept=False
    )
    m.fit(X, B)
    yield record("sklearn.LogisticRegression.liblinear", "scikit-learn", {"C": 0.7, "l1_ratio": 0.0}, m.coef_, 0.0,
                 response="binary", fit_intercept=False, tol=1e-5)  # fmt: skip
    Z = (X - X.mean(0)) / X.std(0)
    values = {"alpha": 0.1, "l1_ratio": 0.0}
    m = lm.SGDRegressor(**values, penalty="elasticnet", tol=None, max_iter=20_000, eta0=0.01, random_state=0)
    m.fit(Z, Y - Y.mean())
    yield record("sklearn.SGDRegressor", "scikit-learn", values, m.coef_, m.intercept_, tol=3e-3) | {
        "scaled": True
    }
    m = lm.SGDClassifier(
        **values,
        loss="log_loss",
        penalty="elasticnet",
        tol=None,
        max_iter=20_000,
        random_state=0,
        average=True,
    )
    m.fit(Z, B)
    yield record(
        "sklearn.SGDClassifier", "scikit-learn", values, m.coef_, m.intercept_, response="binary", tol=1e-4
    ) | {"scaled": True}


def celer():
    """Run celer."""
    import celer as package

    options = {"tol": 1e-13, "max_iter": 1000}
    weights = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    for fit in (True, False):
        m = package.Lasso(alpha=0.2, fit_intercept=fit, **options).fit(X, Y)
        yield record(
            "celer.Lasso", "celer", {"alpha": 0.2}, m.coef_, m.intercept_, fit_intercept=fit, tol=1e-6
        )
    m = package.Lasso(alpha=0.2, weights=weights, **options).fit(X, Y)
    yield record(
        "celer.Lasso", "celer", {"alpha": 0.2, "weights": weights.tolist()}, m.coef_, m.intercept_, tol=1e-6
    )
    m = package.ElasticNet(alpha=0.3, l1_ratio=0.4, **options).fit(X, Y)
    yield record(
        "celer.ElasticNet", "celer", {"alpha": 0.3, "l1_ratio": 0.4}, m.coef_, m.intercept_, tol=1e-6
    )
    m = package.LogisticRegression(C=0.7, tol=1e-12).fit(X, B)
    yield record("celer.LogisticRegression", "celer", {"C": 0.7}, m.coef_, 0.0, response="binary", fit_intercept=False,
                 tol=1e-5)  # fmt: skip


def skglm():
    """Run skglm."""
    import skglm as package

    options = {"tol": 1e-13, "max_iter": 1000}
    weights = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    m = package.Lasso(alpha=0.2, **options).fit(X, Y)
    yield record("skglm.Lasso", "skglm", {"alpha": 0.2}, m.coef_, m.intercept_)
    m = package.ElasticNet(alpha=0.3, l1_ratio=0.4, **options).fit(X, Y)
    yield record("skglm.ElasticNet", "skglm", {"alpha": 0.3, "l1_ratio": 0.4}, m.coef_, m.intercept_)
    m = package.WeightedLasso(alpha=0.2, weights=weights, **options).fit(X, Y)
    yield record(
        "skglm.WeightedLasso", "skglm", {"alpha": 0.2, "weights": weights.tolist()}, m.coef_, m.intercept_
    )
    m = package.SparseLogisticRegression(alpha=0.02, tol=1e-12, max_iter=1000).fit(X, B)
    yield record("skglm.SparseLogisticRegression", "skglm", {"alpha": 0.02}, m.coef_, m.intercept_, response="binary",
                 tol=1e-5)  # fmt: skip
    values = {"alpha": 0.03, "l1_ratio": 0.4}
    m = package.SparseLogisticRegression(**values, tol=1e-12, max_iter=1000).fit(X, B)
    yield record("skglm.SparseLogisticRegression", "skglm", values, m.coef_, m.intercept_, response="binary")
    from skglm.datafits import Poisson
    from skglm.penalties import L1_plus_L2
    from skglm.solvers import ProxNewton

    for values in ({"alpha": 0.03, "l1_ratio": 1.0}, {"alpha": 0.05, "l1_ratio": 0.4}):
        solver = ProxNewton(tol=1e-12, max_iter=2000, max_pn_iter=1000)
        m = package.GeneralizedLinearEstimator(Poisson(), L1_plus_L2(*values.values()), solver).fit(X, C)
        yield record("skglm.Poisson", "skglm", values, m.coef_, m.intercept_, response="counts")


def adelie():
    """Run adelie."""
    import adelie as package

    F = np.asfortranarray(X)
    for weighted in (False, True):
        weights = W / W.sum() if weighted else None
        for fit in (True, False):
            for alpha, penalty in ((1.0, None), (0.4, None), (1.0, [1.0, 2.0, 0.5, 1.0, 3.0])):
                glm = package.glm.gaussian(Y, weights=weights)
                state = package.grpnet(
                    F, glm, lmda_path=[0.2], alpha=alpha, penalty=None if penalty is None else np.array(penalty),
                    intercept=fit, early_exit=False, tol=1e-16, progress_bar=False, adev_tol=1.0, ddev_tol=0.0,
                )  # fmt: skip
                values = {"lmda": 0.2, "alpha": alpha} | ({} if penalty is None else {"penalty": penalty})
                yield record("adelie", "adelie", values, state.betas.toarray()[-1], state.intercepts[-1],
                             weighted=weighted, fit_intercept=fit, tol=1e-6)  # fmt: skip


def glum():
    """Run glum."""
    from glum import GeneralizedLinearRegressor, NegativeBinomialDistribution

    for of, family, y, response in (
        ("binomial", "binomial", B, "binary"), ("poisson", "poisson", C, "counts"),
        ("negative_binomial", NegativeBinomialDistribution(THETA), C, "counts"),
    ):  # fmt: skip
        for weighted, has_offset in ((False, False), (True, False), (False, True), (True, True)):
            for values in ({"alpha": 0.03, "l1_ratio": 1.0}, {"alpha": 0.05, "l1_ratio": 0.4}):
                m = GeneralizedLinearRegressor(**values, family=family, gradient_tol=1e-10, max_iter=10_000)
                m.fit(X, y, sample_weight=W if weighted else None, offset=OFFSET if has_offset else None)
                yield record(f"glum.{of}", "glum", values, m.coef_, m.intercept_, response=response, weighted=weighted,
                             has_offset=has_offset)  # fmt: skip
    for weighted in (False, True):
        for fit in (True, False):
            for values in (
                {"alpha": 0.2, "l1_ratio": 1.0},
                {"alpha": 0.3, "l1_ratio": 0.4},
                {"alpha": 0.3, "l1_ratio": 0.0},
            ):
                m = GeneralizedLinearRegressor(
                    **values, fit_intercept=fit, gradient_tol=1e-12, max_iter=10_000
                )
                m.fit(X, Y, sample_weight=W if weighted else None)
                yield record(
                    "glum",
                    "glum",
                    values,
                    m.coef_,
                    m.intercept_,
                    weighted=weighted,
                    fit_intercept=fit,
                    tol=1e-6,
                )


def statsmodels():
    """Run statsmodels: with a constant in front whose strength is 0, and without one."""
    import statsmodels.api as sm

    one = sm.add_constant(X)
    free = [0.0] + [0.3] * 5
    for ratio in (1.0, 0.4, 0.0):
        fit = {"L1_wt": ratio, "cnvrg_tol": 1e-14, "maxiter": 100_000, "zero_tol": 0.0}
        values = {"alpha": free, "L1_wt": ratio}
        found = sm.OLS(Y, one).fit_regularized(alpha=free, **fit).params
        # Its coordinate descent drops a coefficient for good, which does no harm on these data.
        yield record("statsmodels.OLS", "statsmodels", values, found[1:], found[0], tol=1e-6)
        found = sm.OLS(Y, X).fit_regularized(alpha=0.3, **fit).params
        yield record("statsmodels.OLS", "statsmodels", {"alpha": 0.3, "L1_wt": ratio}, found, 0.0, fit_intercept=False,
                     tol=1e-6)  # fmt: skip
    model = sm.GLM(B, one, family=sm.families.Binomial())
    free = [0.0] + [0.05] * 5
    for ratio in (1.0, 0.4):
        found = model.fit_regularized(
            alpha=free, L1_wt=ratio, cnvrg_tol=1e-12, maxiter=10_000, zero_tol=0.0
        ).params
        yield record("statsmodels.GLM.binomial", "statsmodels", {"alpha": free, "L1_wt": ratio}, found[1:], found[0],
                     response="binary", tol=1e-4)  # fmt: skip
    for of, family in (
        ("poisson", sm.families.Poisson()), ("negative_binomial", sm.families.NegativeBinomial(alpha=THETA)),
    ):  # fmt: skip
        for weighted, has_offset in ((False, False), (True, False), (False, True)):
            for ratio in (1.0, 0.4):
                model = sm.GLM(C, one, family=family, freq_weights=W if weighted else None,
                               offset=OFFSET if has_offset else None)  # fmt: skip
                found = model.fit_regularized(
                    alpha=free, L1_wt=ratio, cnvrg_tol=1e-13, maxiter=100_000, zero_tol=0.0
                ).params
                yield record(f"statsmodels.GLM.{of}", "statsmodels", {"alpha": free, "L1_wt": ratio}, found[1:],
                             found[0], response="counts", weighted=weighted, has_offset=has_offset)  # fmt: skip
    model = sm.GLM(B, one, family=sm.families.Binomial(), freq_weights=W)
    found = model.fit_regularized(
        alpha=free, L1_wt=0.4, cnvrg_tol=1e-13, maxiter=100_000, zero_tol=0.0
    ).params
    yield record("statsmodels.GLM.binomial", "statsmodels", {"alpha": free, "L1_wt": 0.4}, found[1:], found[0],
                 response="binary", weighted=True)  # fmt: skip
    free = [0.0] + [1.5] * 5
    for has_offset in (False, True):
        model = sm.Poisson(C, one, offset=OFFSET if has_offset else None)
        found = model.fit_regularized(alpha=np.array(free), acc=1e-14, maxiter=10_000, disp=0).params
        yield record("statsmodels.Poisson", "statsmodels", {"alpha": free}, found[1:], found[0], response="counts",
                     has_offset=has_offset, tol=1e-6)  # fmt: skip
    found = sm.Logit(B, one).fit_regularized(alpha=np.array(free), acc=1e-14, maxiter=10_000, disp=0).params
    yield record(
        "statsmodels.Logit", "statsmodels", {"alpha": free}, found[1:], found[0], response="binary", tol=1e-4
    )


def statsmodels_elastic_net():
    """Run statsmodels' elastic net on 40 seeded problems, where a coefficient that reaches zero never comes back."""
    import statsmodels.api as sm

    problems = []
    for kind in ("independent", "correlated"):
        for seed in range(20):
            rng = np.random.default_rng(seed)
            design = rng.normal(size=(40, 12))
            if kind == "correlated":
                design = 0.5 * design + rng.normal(size=(40, 1))
            y = design[:, :4] @ [1.0, -1.0, 0.5, 0.25] + rng.normal(size=40)
            found = sm.OLS(y, design).fit_regularized(alpha=0.1, L1_wt=1.0, cnvrg_tol=1e-12, maxiter=10_000)
            problems.append(
                {"kind": kind, "seed": seed, "sum_y": float(y.sum()), "coef": found.params.tolist()}
            )
    stored = {"package": "statsmodels", "version": version("statsmodels"), "problems": problems}
    (HERE / "statsmodels_elastic_net.json").write_text(json.dumps(stored, indent=1) + "\n")


def xgboost():
    """Run XGBoost's gblinear."""
    import xgboost as package

    for key, objective, y, response, eta in (
        ("xgboost.gblinear", "reg:squarederror", Y, "y", 1.0),
        ("xgboost.gblinear.logistic", "binary:logistic", B, "binary", 0.5),
        ("xgboost.gblinear.poisson", "count:poisson", C, "counts", 0.5),
    ):
        for weighted in (False, True):
            for values in ({"alpha": 0.2, "lambda": 0.0}, {"alpha": 0.1, "lambda": 0.2}):
                if response != "y":
                    values = {name: round(0.1 * value, 3) for name, value in values.items()}
                matrix = package.DMatrix(X, label=y, weight=W if weighted else None)
                booster = package.train(
                    {"booster": "gblinear", "updater": "coord_descent", "eta": eta, "objective": objective,
                     "feature_selector": "cyclic", "tolerance": 0.0, "nthread": 1, **values},
                    matrix, num_boost_round=5000,
                )  # fmt: skip
                coef = np.array(json.loads(booster.get_dump(dump_format="json")[0])["weight"])
                coef[np.abs(coef) < 1e-7] = 0.0  # single precision leaves so much of a zero
                intercept = np.mean(booster.predict(matrix, output_margin=True) - X @ coef)
                yield record(key, "xgboost", values, coef, intercept, response=response, weighted=weighted,
                             tol=2e-4)  # single precision  # fmt: skip


def spark():
    """Run Spark's linear and logistic regression by PySpark; it needs Java."""
    import os

    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.linalg import Vectors
    from pyspark.ml.regression import GeneralizedLinearRegression, LinearRegression
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    rows = [
        (*map(float, (y, b, k, w)), Vectors.dense(x)) for y, b, k, w, x in zip(Y, B, C, W, X, strict=True)
    ]
    frame = session.createDataFrame(rows, ["y", "binary", "counts", "weights", "features"]).repartition(1)
    for weighted in (False, True):
        of_weights = {"weightCol": "weights"} if weighted else {}
        for standardization in (True, False):
            for ratio in (0.0, 0.4, 1.0):
                values = {"regParam": 0.03, "elasticNetParam": ratio, "standardization": standardization}
                for fit in (True, False):
                    m = LogisticRegression(labelCol="binary", tol=1e-14, maxIter=5000, fitIntercept=fit, **values,
                                           **of_weights).fit(frame)  # fmt: skip
                    yield record("spark.LogisticRegression", "pyspark", values, m.coefficients.toArray(), m.intercept,
                                 response="binary", weighted=weighted, fit_intercept=fit, tol=1e-6)  # fmt: skip
                m = LinearRegression(labelCol="y", tol=1e-14, maxIter=5000, solver="normal", **{**values, "regParam": 0.3},
                                     **of_weights).fit(frame)  # fmt: skip
                yield record("spark.LinearRegression", "pyspark", {**values, "regParam": 0.3}, m.coefficients.toArray(),
                             m.intercept, weighted=weighted, tol=1e-6)  # fmt: skip
        m = GeneralizedLinearRegression(labelCol="counts", family="poisson", regParam=0.05, tol=1e-14, maxIter=1000,
                                        **of_weights).fit(frame)  # fmt: skip
        yield record("spark.GeneralizedLinearRegression", "pyspark", {"regParam": 0.05}, m.coefficients.toArray(),
                     m.intercept, response="counts", weighted=weighted)  # fmt: skip
    session.stop()


def h2o():
    """Run H2O's generalised linear models; it needs Java."""
    import h2o as package
    import pandas as pd
    from h2o.estimators import H2OGeneralizedLinearEstimator

    package.init(nthreads=1, max_mem_size="1g", verbose=False)
    package.no_progress()
    names = [f"x{j}" for j in range(X.shape[1])]
    frame = package.H2OFrame(pd.DataFrame(X, columns=names).assign(y=Y, binary=B, counts=C, weights=W))
    frame["binary"] = frame["binary"].asfactor()
    tight = {
        "objective_epsilon": 1e-14,
        "beta_epsilon": 1e-12,
        "gradient_epsilon": 1e-12,
        "max_iterations": 1000,
    }
    for key, family, response in (
        ("h2o.GLM", "gaussian", "y"), ("h2o.GLM.binomial", "binomial", "binary"),
        ("h2o.GLM.poisson", "poisson", "counts"), ("h2o.GLM.negative_binomial", "negativebinomial", "counts"),
    ):  # fmt: skip
        of_family = {"theta": THETA, "link": "log"} if family == "negativebinomial" else {}
        for weighted in (False,) if of_family else (False, True):
            of_weights = {"weights_column": "weights"} if weighted else {}
            for standardize in (True, False):
                for alpha in (0.0, 0.4):
                    values = {
                        "lambda_": 0.3 if response == "y" else 0.03,
                        "alpha": alpha,
                        "standardize": standardize,
                    }
                    m = H2OGeneralizedLinearEstimator(
                        family=family, lambda_=[values["lambda_"]], alpha=[alpha], standardize=standardize, solver="irlsm",
                        **of_family, **of_weights, **tight,
                    )  # fmt: skip
                    m.train(x=names, y=response, training_frame=frame)
                    coef = m.coef()
                    yield record(key, "h2o", values, [coef[name] for name in names], coef["Intercept"],
                                 response=response, weighted=weighted, tol=5e-4 if alpha else 1e-8)  # fmt: skip
    package.cluster().shutdown()


def torch():
    """Run PyTorch's SGD with weight decay, to where it stands still."""
    import torch as package

    package.set_default_dtype(package.float64)
    Z, y = package.tensor((X - X.mean(0)) / X.std(0)), package.tensor(Y - Y.mean())
    for key, reduction, decay, rate in (
        ("torch.SGD", "mean", 0.4, 0.05),
        ("torch.SGD.sum", "sum", 16.0, 0.001),
    ):
        beta = package.zeros(5, requires_grad=True)
        optimiser = package.optim.SGD([beta], lr=rate, weight_decay=decay)
        loss = package.nn.MSELoss(reduction=reduction)
        for _ in range(20_000):
            optimiser.zero_grad()
            loss(Z @ beta, y).backward()
            optimiser.step()
        yield record(
            key, "torch", {"weight_decay": decay}, beta.detach().numpy(), 0.0, fit_intercept=False
        ) | {"scaled": True}


def r_packages():
    """Run R's packages by make.R."""
    for one in json.loads(r("make.R", np.column_stack([Y, B, C, W, OFFSET, X]))):
        one["values"] = {name: value for name, value in one["values"].items() if value is not None}
        yield one


def cv_glmnet():
    """Run cv.glmnet on the first 440 rows of the diabetes data."""
    from sklearn.datasets import load_diabetes

    design, y = load_diabetes(return_X_y=True, scaled=False)
    found = json.loads(r("cv_glmnet.R", np.column_stack([y, design])[:440]))
    (HERE / "cv_glmnet.json").write_text(json.dumps(found, indent=1) + "\n")


def r(script, table):
    """Return what an R script prints for a table of numbers."""
    rows = "\n".join(" ".join(map(repr, row)) for row in table.tolist())
    command = ["Rscript", str(HERE / script)]
    return subprocess.run(command, input=rows, capture_output=True, text=True, check=True).stdout


def main():
    """Run what is installed; keep the other records."""
    kept = json.loads(RECORDS.read_text())["records"] if RECORDS.exists() else []
    for maker, package in (
        (scikit_learn, "scikit-learn"), (celer, "celer"), (skglm, "skglm"), (adelie, "adelie"), (glum, "glum"),
        (statsmodels, "statsmodels"), (xgboost, "xgboost"), (torch, "torch"), (spark, "pyspark"), (h2o, "h2o"),
    ):  # fmt: skip
        try:
            version(package)
        except PackageNotFoundError:
            continue
        if package == "scikit-learn" and version(package) < "1.9":
            continue
        kept = [one for one in kept if one["package"] != package] + list(maker())
        if package == "statsmodels":
            statsmodels_elastic_net()
    if "--r" in sys.argv:
        kept = [one for one in kept if one["package"] not in ("glmnet", "MASS")] + list(r_packages())
        cv_glmnet()
    arrays = {name: a.tolist() for name, a in D.items()}
    RECORDS.write_text(json.dumps({"data": arrays, "records": kept}, indent=1) + "\n")
    print(
        {
            name: sum(one["package"] == name for one in kept)
            for name in sorted({one["package"] for one in kept})
        }
    )


if __name__ == "__main__":
    main()
