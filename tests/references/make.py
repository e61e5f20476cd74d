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
    return {name: np.round(a, 6) for name, a in
            {"X": X, "y": y, "weights": weights, "binary": binary, "counts": counts}.items()}  # fmt: skip


D = data()
X, Y, W, B, C = D["X"], D["y"], D["weights"], D["binary"], D["counts"]


def record(
    key, package, values, coef, intercept, *, response="y", weighted=False, fit_intercept=True, tol=1e-8
):
    """Return one record; `tol` is what the package itself reaches, relative to the largest coefficient."""
    return {
        "key": key, "package": package, "version": version(package), "values": values,
        "response": response, "weighted": weighted, "fit_intercept": fit_intercept, "tol": tol,
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
    from glum import GeneralizedLinearRegressor

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
    free = [0.0] + [1.5] * 5
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

    for weighted in (False, True):
        for values in ({"alpha": 0.2, "lambda": 0.0}, {"alpha": 0.1, "lambda": 0.2}):
            matrix = package.DMatrix(X, label=Y, weight=W if weighted else None)
            booster = package.train(
                {"booster": "gblinear", "updater": "coord_descent", "eta": 1.0, "objective": "reg:squarederror",
                 "feature_selector": "cyclic", "tolerance": 0.0, **values},
                matrix, num_boost_round=5000,
            )  # fmt: skip
            dump = json.loads(booster.get_dump(dump_format="json")[0])
            base = float(
                np.ravel(
                    json.loads(
                        json.loads(booster.save_config())["learner"]["learner_model_param"]["base_score"]
                    )
                )[0]
            )
            yield record(
                "xgboost.gblinear",
                "xgboost",
                values,
                dump["weight"],
                dump["bias"][0] + base,
                weighted=weighted,
                tol=2e-4,
            )  # single precision


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
    for one in json.loads(r("make.R", np.column_stack([Y, B, C, W, X]))):
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
        (statsmodels, "statsmodels"), (xgboost, "xgboost"), (torch, "torch"),
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
