"""Every line to paste is run, where its package is installed, and its answer held against the mode."""

import importlib.util
import itertools
import shutil
import subprocess

import numpy as np
import pytest

import bayesreg as br
from bayesreg.app.words.code_lines import regressor_code
from bayesreg.app.words.sklearn_line import sklearn_line

RNG = np.random.default_rng(11)
X = RNG.normal(size=(36, 3)) @ np.array([[1.0, 0.4, 0.0], [0.0, 2.0, 0.3], [0.0, 0.0, 0.6]]) + [
    0.3,
    1.0,
    -0.5,
]
Y = 4.0 + X @ [1.0, -0.6, 0.0] + 0.5 * RNG.normal(size=36)
BINARY = (np.median(Y) < Y).astype(float)
COUNTS = np.floor(np.exp(0.3 * (Y - Y.mean())) * 2.0)
DISPERSION = 2.0
SIGMA = 1.7
PENALTIES = {"lasso": br.Penalty(2.0), "ridge": br.Penalty(0.0, 3.0), "net": br.Penalty(2.0, 3.0)}
TIGHT = {"tol": 1e-12, "max_iter": 1_000_000, "gradient_tol": 1e-12}

# How a line says that no intercept is fitted. "": it speaks of the coefficients only, or a column in it does.
WORDS = {
    "sklearn": "fit_intercept=False",
    "glmnet": "intercept=FALSE",
    "celer": "fit_intercept=False",
    "skglm": "fit_intercept=False",
    "cuml": "fit_intercept=False",
    "glum": "fit_intercept=False",
    "adelie": " intercept=False",
    "h2o": " intercept=False",
    "spark": "fitIntercept=False",
    "MATLAB": "Intercept=false",
    "MASS": "y ~ X - 1",
    "rstanarm": "y ~ X - 1",
    "monomvn": "icept=FALSE",
    "statsmodels": "(y, X",
    "vw": "--noconstant",
    "torch": "bias=False",
}
ALWAYS = {
    "ncvreg",
    "MATLAB.ridge",
    "xgboost.gblinear",
    "xgboost.gblinear.logistic",
    "xgboost.gblinear.poisson",
    "BGLR.BL",
}


def response(key):
    return {"binomial": BINARY, "poisson": COUNTS, "negative-binomial": COUNTS}.get(
        br.CONVENTIONS[key].family, Y
    )


def lines(fit_intercept):
    """Yield every line that states one of the penalties, with what it states."""
    for key, (name, penalty) in itertools.product(br.CONVENTIONS, PENALTIES.items()):
        try:
            found = br.translate(
                penalty, "Penalty", key, X, response(key), None, SIGMA, fit_intercept=fit_intercept
            )
        except br.NoEquivalent:
            continue
        yield key, name, penalty, found.code


WITH, WITHOUT = list(lines(True)), list(lines(False))


def mode_of(penalty, fit_intercept):
    model = br.LinearModel(penalty.to_prior(SIGMA), br.GaussianLikelihood(SIGMA), fit_intercept)
    return br.map_estimate(model, br.RowData.from_arrays(X, Y))


def namespace(key):
    """Return what a line of a package needs, where it is installed."""
    package = key.split(".")[0]
    needs = {"sklearn": "sklearn.linear_model", "glum": "glum", "statsmodels": "statsmodels.api"}
    if importlib.util.find_spec(package) is None:
        # A peer, no dependency: its line can be run only where it is.
        pytest.skip(f"{package} is not installed")
    module = importlib.import_module(needs.get(package, package))
    names = vars(module) if package in needs else {package: module}
    if key == "skglm.Poisson":
        names = names | {
            name: getattr(importlib.import_module(f"skglm.{home}"), name)
            for home, name in (
                ("datafits", "Poisson"),
                ("penalties", "L1_plus_L2"),
                ("solvers", "ProxNewton"),
            )
        }
    return {**names, "np": np, "X": X, "y": response(key), "dispersion": DISPERSION}


def answer(key, code):
    """Run a line and return its coefficients and its intercept."""
    found = eval(code, namespace(key))
    if key.startswith("statsmodels"):
        params = found.params
        return (params[1:], params[0]) if "np.c_" in code else (params, 0.0)
    if key == "adelie":
        return found.betas.toarray()[-1], found.intercepts[-1]
    known = found.get_params()
    found.set_params(**{name: value for name, value in TIGHT.items() if name in known})
    if key == "skglm.Poisson":
        found.solver.tol, found.solver.max_iter, found.solver.max_pn_iter = 1e-12, 1000, 1000
    elif key.startswith(("celer", "skglm")):
        found.set_params(max_iter=1000)
    found.fit(X, response(key))
    return np.ravel(found.coef_), float(np.ravel(found.intercept_)[0])


RUN = {"sklearn", "celer", "skglm", "glum", "adelie", "statsmodels"}
BY_ITSELF = {
    "sklearn.BayesianRidge",
    "sklearn.SGDRegressor",
    "sklearn.SGDClassifier",
}  # chooses, wanders, wanders
RUNNABLE = [
    (*line, fit_intercept)
    for fit_intercept, several in ((True, WITH), (False, WITHOUT))
    for line in several
    if line[0].split(".")[0] in RUN and line[0] not in BY_ITSELF
]


@pytest.mark.filterwarnings("ignore")  # those of other packages
@pytest.mark.parametrize(
    ("key", "name", "penalty", "code", "fit_intercept"),
    RUNNABLE,
    ids=[f"{key}-{name}-{fit_intercept}" for key, name, _, _, fit_intercept in RUNNABLE],
)
def test_a_line_gives_the_answer_that_it_states(key, name, penalty, code, fit_intercept):
    coef, intercept = answer(key, code)
    if not br.CONVENTIONS[key].has_noise:
        family = br.CONVENTIONS[key].family
        if family == "negative-binomial":
            family = br.NegativeBinomialLikelihood(DISPERSION)
        judged = br.audit(
            coef, intercept, X, response(key), penalty, fit_intercept=fit_intercept, family=family, tol=1e-4
        )
        if key.startswith("statsmodels.GLM") and judged.wrong_zeros.any():
            # A coefficient that its coordinate descent drops never comes back, here 15% above the minimum.
            assert not judged.optimal
        else:
            assert judged.optimal, judged
    else:
        mode = mode_of(penalty, fit_intercept)
        np.testing.assert_allclose(coef, mode.coef, rtol=0, atol=2e-4)
        assert intercept == pytest.approx(mode.intercept, abs=2e-3)
    assert fit_intercept or intercept == 0.0


def test_priors_as_lines_give_the_mode():
    run = set()
    for key, _, penalty, code in WITHOUT + WITH:
        if br.CONVENTIONS[key].family == "any":
            stated = eval(code, {"br": br, "np": np})
            prior = stated.to_prior(SIGMA) if isinstance(stated, br.Penalty) else stated
            found = br.map_estimate(
                br.LinearModel(prior, br.GaussianLikelihood(SIGMA)), br.RowData.from_arrays(X, Y)
            )
            np.testing.assert_allclose(found.coef, mode_of(penalty, True).coef, rtol=1e-9)
            run.add(key)
    assert run == {"Penalty", "LaplacePrior", "GaussianPrior", "ElasticNetPrior"}


def test_numpyros_line_is_the_penalty():
    import numpyro

    (code,) = {code for key, _, _, code in WITH + WITHOUT if key == "numpyro.Laplace"}
    density = eval(code, {"numpyro": numpyro})
    first, second = np.array([0.3, -2.0, 0.0]), np.array([1.0, 0.5, -0.25])
    drop = -(SIGMA**2) * float(density.log_prob(first).sum() - density.log_prob(second).sum())
    penalty = PENALTIES["lasso"]
    assert drop == pytest.approx(penalty.value(first) - penalty.value(second), rel=1e-5)


def test_every_line_says_that_there_is_no_intercept():
    for key, _, _, code in WITHOUT:
        package = key.split(".")[0]
        own = br.CONVENTIONS[key].family == "any" or package in ("numpyro", "pymc", "stan")
        assert own or key == "celer.LogisticRegression" or WORDS[package] in code, code
    for key, _, _, code in WITH:
        word = "np.c_[np.ones(len(y)), X]" if key.startswith("statsmodels") else None
        assert word is None or word in code
        assert word is not None or WORDS.get(key.split(".")[0], "\0") not in code
    assert not ALWAYS & {key for key, *_ in WITHOUT}
    for key in ALWAYS:
        with pytest.raises(br.NoEquivalent, match="always fits an intercept"):
            br.translate(1.0, key, "Penalty", X, Y, None, SIGMA, fit_intercept=False)


def test_equivalents_say_it_too():
    table = br.equivalents(PENALTIES["lasso"], X, Y, SIGMA, fit_intercept=False)
    expected = {key: code for key, name, _, code in WITHOUT if name == "lasso"}
    stated = table.loc[table["code"] != "", "code"].to_dict()
    assert stated == {key: code for key, code in expected.items() if key in stated}
    assert set(WORDS) - {"vw", "torch"} - {"MASS", "rstanarm"} <= {key.split(".")[0] for key in stated} | {
        "monomvn"
    }


R_KEYS = {key for key in br.CONVENTIONS if key.startswith("glmnet") or key == "MASS.lm.ridge"}


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
@pytest.mark.parametrize(
    ("key", "name", "code", "fit_intercept"),
    [
        (key, name, code, fit_intercept)
        for fit_intercept, lines_of in ((True, WITH), (False, WITHOUT))
        for key, name, _, code in lines_of
        if key in R_KEYS
    ],
)
def test_rs_lines_give_the_mode(key, name, code, fit_intercept):
    package = "MASS" if key.startswith("MASS") else "glmnet"
    tight = "glmnet.control(fdev=0, devmax=1, epsnr=1e-14, mxitnr=1000); m <- glmnet(thresh=1e-22, "
    script = f"""
    if (!requireNamespace("{package}", quietly=TRUE)) quit(status=77)
    dispersion <- {
        DISPERSION
    }; table <- as.matrix(read.table(file("stdin"))); y <- table[, 1]; X <- table[, -1]; dimnames(X) <- NULL
    {
        "suppressPackageStartupMessages(library(glmnet)); " + tight + code.removeprefix("glmnet(")
        if package == "glmnet"
        else "m <- " + code
    }
    cat(format(as.numeric(coef(m)), digits=15))
    """
    rows = "\n".join(" ".join(map(repr, row)) for row in np.column_stack([response(key), X]).tolist())
    done = subprocess.run(["Rscript", "-e", script], input=rows, capture_output=True, text=True)
    if done.returncode == 77:
        # R may be there without it, and pip installs no R package.
        pytest.skip(f"{package} is not installed")
    assert done.returncode == 0, done.stderr
    found = np.array(done.stdout.split(), dtype=float)
    mode = mode_of(PENALTIES[name], fit_intercept)
    if not br.CONVENTIONS[key].has_noise:
        known = {"dispersion": DISPERSION} if key.endswith("negative_binomial") else {}
        values = br.translate(
            PENALTIES[name], "Penalty", key, X, response(key), fit_intercept=fit_intercept
        ).values
        model = br.LinearModel.like(key, X, response(key), fit_intercept=fit_intercept, **known, **values)
        mode = br.map_estimate(model, br.RowData.from_arrays(X, response(key)))
    has_intercept = fit_intercept or package == "glmnet"
    expected = np.append(mode.intercept, mode.coef) if has_intercept else mode.coef
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize(
    "prior",
    [br.LaplacePrior(0.8), br.GaussianPrior(0.5), br.ElasticNetPrior(0.8, 0.9), br.FlatPrior()],
    ids=lambda prior: type(prior).__name__,
)
def test_a_fit_without_intercept_is_stated_by_lines_that_give_it_again(prior, standardize, constant):
    design = np.column_stack([X, np.full(36, 2.5)]) if constant else X
    model = br.LinearModel(prior, br.GaussianLikelihood(1.0), fit_intercept=False, standardize=standardize)
    data = br.RowData.from_arrays(design, Y)
    mode = br.map_estimate(model, data)
    names = {"X": design, "y": Y}
    exec(sklearn_line(mode.penalty, data, fit_intercept=False).script, names)
    np.testing.assert_allclose(names["coef"], mode.coef, atol=1e-6)
    assert names["intercept"] == 0.0
    again = eval(regressor_code(model), {"br": br}).fit(design, Y)
    np.testing.assert_allclose(again.coef_, mode.coef, rtol=1e-9)
    assert again.intercept_ == 0.0


@pytest.mark.parametrize("holds", [br.RowData, br.GramData])
@pytest.mark.parametrize(("standardize", "whose"), [(False, "its `fit`"), (True, "both steps")])
def test_a_line_says_that_rows_have_weights_whatever_holds_them(holds, standardize, whose):
    model = br.LinearModel(br.LaplacePrior(0.8), br.GaussianLikelihood(1.0), standardize=standardize)
    for weights, said in (
        (None, ""),
        (np.linspace(0.5, 2.0, 36), f"  # with sample_weight given to {whose}"),
    ):
        data = holds.from_arrays(X, Y, weights)
        _, hash_, comment = sklearn_line(br.map_estimate(model, data).penalty, data).code.partition("  #")
        assert hash_ + comment == said


def test_compares_own_line_gives_its_answer():
    from sklearn import linear_model

    model = br.LinearModel(br.LaplacePrior(0.4), br.GaussianLikelihood(1.0), fit_intercept=False)
    frame = br.compare_map_with_penalized(model, X, Y)
    fitted = eval(frame.attrs["code"], vars(linear_model)).set_params(tol=1e-12, max_iter=10**6).fit(X, Y)
    np.testing.assert_allclose([*fitted.coef_, 0.0], frame["map"], atol=1e-7)
    assert fitted.intercept_ == 0.0


# --- what an estimator says of itself ------------------------------------------------------------


def test_an_estimators_own_intercept_counts():
    from sklearn.linear_model import ElasticNet, Ridge

    for estimator, key in (
        (Ridge(2.0, fit_intercept=False), "sklearn.Ridge"),
        (ElasticNet(0.3, l1_ratio=0.2, fit_intercept=False), "sklearn.ElasticNet"),
    ):
        own = br.translate(estimator, key, "glmnet", X, Y)
        said = br.translate(estimator, key, "glmnet", X, Y, fit_intercept=False)
        assert own.code == said.code
        assert "intercept=FALSE" in own.code
        with pytest.raises(ValueError, match=r"has fit_intercept=False\. Leave the argument out"):
            br.translate(estimator, key, "glmnet", X, Y, fit_intercept=True)
    with pytest.raises(TypeError, match="`fit_intercept` must be True or False"):
        br.translate(2.0, "sklearn.Ridge", "glmnet", X, Y, fit_intercept=1)


def test_an_estimators_own_penalty_counts():
    from sklearn.linear_model import SGDRegressor

    def stated(**options):
        return br.translate(
            SGDRegressor(alpha=0.1, **options), "sklearn.SGDRegressor", "Penalty", X, Y
        ).penalty

    n = len(Y)
    for penalty, l1, l2 in (("l2", 0.0, 0.1), ("l1", 0.1, 0.0), (None, 0.0, 0.0)):
        found = stated(penalty=penalty)
        assert (found.l1, found.l2) == (pytest.approx(l1 * n), pytest.approx(l2 * n))
    net = stated(penalty="elasticnet", l1_ratio=0.25)
    assert (net.l1, net.l2) == (pytest.approx(0.025 * n), pytest.approx(0.075 * n))


# --- what packages do beyond what they are told ---------------------------------------------------

ROW = np.arange(24)
WITH_CONSTANT = np.column_stack(
    [np.cos(ROW), 2.0 * np.sin(2.0 * ROW), np.full(24, 3.0), (ROW * 5) % 7 / 2.0, np.cos(3.0 * ROW + 1.0)]
)
RESPONSE = 1.0 + WITH_CONSTANT[:, [0, 1, 3]] @ [0.9, -0.7, 0.5] + np.cos(4.0 * ROW)
BOTH = {"penalty.factor": [2.0, np.inf, 4.0, 1.0, 1.0]}
NUMBERED = {"penalty.factor": [2.0, 0.5, 4.0, 1.0, 1.0], "exclude": [2, 5]}
PLAIN = {"penalty.factor": [2.0, 0.5, 4.0, 1.0, 1.0]}
# R glmnet 4.1.6, lambda = 0.1, alpha = 0.6, thresh = 1e-22: intercept and coefficients
IN_R = [
    ("glmnet", PLAIN, True, True, [1.208228570540, 0.793192217415, -0.721304399584, 0, 0.369427468714, -0.027359484553]),
    ("glmnet", BOTH, True, True, [0.88129672206, 0.76397321003, 0, 0, 0.55254863054, 0]),
    ("glmnet", NUMBERED, True, False, [0.88421332499, 0.70810655254, 0, 0, 0.54972560075, 0]),
    ("glmnet", PLAIN, False, True, [0, 0.83904263138, -0.63617685857, 0, 0.93230365118, 0]),
    ("glmnet", NUMBERED, False, False, [0, 0.75290843094, 0, 0, 0.95955499213, 0]),
    ("glmnet.family_object", PLAIN, True, True,
     [1.2431584334230, 0.7084642008325, -0.7085630154469, 0, 0.3434296996485, -0.0007232816062]),
    ("glmnet.family_object", PLAIN, True, False, [1.25275767812, 0.61219474165, -0.7193543112, 0, 0.33601496508, 0]),
    ("glmnet.family_object", NUMBERED, True, True, [0.9238451734, 0.69071406306, 0, 0, 0.52266722857, 0]),
    ("glmnet.family_object", BOTH, False, True, [0, 0.72208158017, 0, 0, 0.94640085197, 0]),
    ("glmnet.family_object", PLAIN, False, False, [0, 0.6465494771, -0.6299833972, 0, 0.91391430297, 0]),
]  # fmt: skip


def mode_beside_exclusions(penalty, fit_intercept):
    l1, l2 = (np.broadcast_to(part, 5) for part in (penalty.l1, penalty.l2))
    kept = np.isfinite(l1)
    model = br.LinearModel(
        br.Penalty(l1[kept], l2[kept]).to_prior(1.0), br.GaussianLikelihood(1.0), fit_intercept
    )
    mode = br.map_estimate(model, br.RowData.from_arrays(WITH_CONSTANT[:, kept], RESPONSE))
    coef = np.zeros(5)
    coef[kept] = mode.coef
    return np.append(mode.intercept, coef)


@pytest.mark.parametrize(("key", "factors", "fit_intercept", "standardize", "expected"), IN_R)
def test_glmnets_factors_beside_a_constant_column(key, factors, fit_intercept, standardize, expected):
    values = {"lambda_": 0.1, "alpha": 0.6, "standardize": standardize, **factors}
    data = {"X": WITH_CONSTANT, "y": RESPONSE, "fit_intercept": fit_intercept}
    there = br.translate(values, key, "Penalty", **data)
    np.testing.assert_allclose(mode_beside_exclusions(there.penalty, fit_intercept), expected, atol=1e-6)
    for other in ("glmnet", "glmnet.family_object"):
        back = br.translate(there.penalty, "Penalty", other, **data)
        again = br.translate(back.values, other, "Penalty", **data).penalty
        np.testing.assert_allclose(mode_beside_exclusions(again, fit_intercept), expected, atol=1e-6)


def test_what_glmnet_refuses_is_refused():
    data = {"X": WITH_CONSTANT, "y": RESPONSE}

    def penalty(**values):
        return br.translate({"lambda_": 0.1, **values}, "glmnet", "Penalty", **data)

    for factor in ([np.inf] * 5, [0.0] * 5):
        with pytest.raises(ValueError, match="positive and finite for one column at least"):
            penalty(**{"penalty.factor": factor})
    with pytest.raises(ValueError, match="`exclude` must be numbers of columns, from 1 to 5"):
        penalty(exclude=[0])
    with pytest.raises(ValueError, match=r"`exclude` numbers columns\. Give `X`"):
        br.translate({"lambda_": 0.1, "exclude": 2, "standardize": False}, "glmnet", "Penalty", y=RESPONSE)
    with pytest.raises(ValueError, match=r"`weights` must be finite numbers"):
        br.translate({"alpha": 0.1, "weights": [1, 1, 1, 1, np.inf]}, "celer.Lasso", "Penalty", **data)
    with pytest.raises(br.NoEquivalent, match="no infinite penalty"):
        br.translate(br.Penalty([1, 1, 1, 1, np.inf]), "Penalty", "celer.Lasso", **data)


@pytest.mark.parametrize("key", ["glmnet", "spark.LinearRegression", "h2o.GLM", "MATLAB.lasso"])
def test_a_column_in_place_of_the_intercept_is_not_handed_to_who_leaves_it_out(key):
    data = {"X": WITH_CONSTANT, "y": RESPONSE}
    with pytest.raises(br.NoEquivalent, match="gives the coefficient 0 to a constant column"):
        br.translate(br.Penalty(1.0), "Penalty", key, **data, fit_intercept=False)
    assert br.translate(br.Penalty([1, 1, 9, 1, 1]), "Penalty", key, **data).code
    row = br.CONVENTIONS[key]
    values = {next(iter(row.parameters)): 0.1}
    without = br.translate(values, key, "Penalty", **data, fit_intercept=False).penalty
    assert np.isinf(without.l1).tolist() == [False, False, True, False, False]


def test_matlabs_lasso_without_intercept_does_not_standardise():
    """Its documentation warns so: 'Standardize' is set to false where 'Intercept' is false."""
    for standardize in (True, False):
        values = {"Lambda": 0.2, "Alpha": 1.0, "Standardize": standardize}
        without = br.translate(values, "MATLAB.lasso", "Penalty", X, Y, fit_intercept=False).penalty
        np.testing.assert_allclose(without.l1, 0.2 * len(Y), rtol=1e-12)
    there = br.translate(br.Penalty(X.std(axis=0)), "Penalty", "MATLAB.lasso", X, Y)
    assert there.values["Standardize"]
    with pytest.raises(br.NoEquivalent, match="one penalty for all"):
        br.translate(br.Penalty(X.std(axis=0)), "Penalty", "MATLAB.lasso", X, Y, fit_intercept=False)


def test_who_divides_by_the_responses_sd_and_who_by_its_root_mean_square():
    ridge = br.Penalty(0.0, 3.0)
    for key, unit in (("glmnet", np.sqrt(np.mean(Y**2))), ("spark.LinearRegression", Y.std())):
        values = br.translate(ridge, "Penalty", key, X, Y, fit_intercept=False).values
        assert next(iter(values.values())) == pytest.approx(3.0 * unit / len(Y), rel=1e-12)
    scale = br.translate(
        {"scale": 2.0, "autoscale": True}, "rstanarm.normal", "Penalty", WITH_CONSTANT, RESPONSE, None, 1.0,
        fit_intercept=False,
    ).penalty  # fmt: skip
    sd = np.where(np.arange(5) == 2, 1.0, WITH_CONSTANT.std(axis=0, ddof=1))
    np.testing.assert_allclose(scale.l2, (sd / (2.0 * RESPONSE.std(ddof=1))) ** 2, rtol=1e-12)


def test_sparse_columns_stay_sparse():
    """A dense copy of these would take 8 TB."""
    from scipy.sparse import csc_array

    rows, columns, p = np.arange(6), [0, 5, 5, 7, 7, 7], 10**6
    wide = csc_array((np.arange(1.0, 7.0), (rows, columns)), shape=(10**6, p))
    response = np.zeros(10**6)
    response[:6] = 1.0
    found = br.translate(br.Penalty(2.0e5), "Penalty", "sklearn.Lasso", wide, response, fit_intercept=False)
    assert found.code == "Lasso(alpha=0.2, fit_intercept=False)"
