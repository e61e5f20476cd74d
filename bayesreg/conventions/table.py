"""The table of conventions, one row each; `evidence` says how each was established."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, final

from ..base.shown import Shown
from ..priors.elastic_net import ElasticNetPrior
from ..priors.gaussian import GaussianPrior
from ..priors.laplace import LaplacePrior
from .convention import (
    REQUIRED,
    Convention,
    ElasticForm,
    Factors,
    Language,
    OwnPrior,
    Precisions,
    PriorScale,
    TwoStrengths,
    Unit,
    Without,
)

if TYPE_CHECKING:
    import pandas as pd

_SOURCE = "from its source, not run"
_DOCUMENTATION = "from its documentation, not run"
_RESCALED = "rescaled to sum to n, so that the strength multiplies Σs"
_SUMMED = "multiply the loss, not rescaled"
_PYTHON = ("", "fit_intercept=False")  # the code with an intercept, and without
_FORMULA = ("", " - 1")
_IN_FRONT = ("np.c_[np.ones(len(y)), X]", "X")
_UNSUPPORTED = "none"


def _own(prior_class: Any, objective: str) -> Convention:
    defaults = {"factor": None, "relative_to_noise": False}
    required = [f.name for f in fields(prior_class) if f.name not in defaults]
    return Convention(
        key=prior_class.__name__,
        objective=objective,
        parameters={**dict.fromkeys(required, REQUIRED), **defaults},
        standardizes="no",
        weights="multiply the log-likelihood",
        evidence="the definition",
        code_template=f"br.{prior_class.__name__}({{arguments}})",
        form=OwnPrior(prior_class),
        family="any",
    )


_OWN = (
    Convention(
        key="Penalty",
        objective="½ Σ s r² + Σ l1|β| + ½ Σ l2 β²",
        parameters={"l1": 0.0, "l2": 0.0},
        standardizes="no",
        weights="multiply the loss",
        evidence="the definition",
        code_template="br.Penalty({arguments})",
        form=TwoStrengths("l1", "l2", "sum", vector=True),
        family="any",
    ),
    _own(LaplacePrior, "Σ s r² / (2σ²) + Σ|β| / scale"),
    _own(GaussianPrior, "Σ s r² / (2σ²) + Σβ² / (2 scale²)"),
    _own(ElasticNetPrior, "Σ s r² / (2σ²) + Σ|β| / laplace_scale + Σβ² / (2 gaussian_scale²)"),
)

_SKLEARN = "run against scikit-learn 1.9.1"


def _sklearn(
    name: str, objective: str, parameters: Mapping[str, Any], form: Any, **options: Any
) -> Convention:
    defaults: dict[str, Any] = {
        "standardizes": "no",
        "weights": _RESCALED,
        "evidence": _SKLEARN,
        "scalar": True,
        "intercept_code": _PYTHON,
        "code_template": f"{name.split('.')[0]}({{arguments}})",
    }
    return Convention(
        key=f"sklearn.{name}",
        objective=objective,
        parameters=parameters,
        form=form,
        **{**defaults, **options},
    )


_MEAN_L1 = ElasticForm("alpha", 1.0, "mean")
_MEAN_NET = ElasticForm("alpha", "l1_ratio", "mean")
_NET_PARAMETERS = {"alpha": REQUIRED, "l1_ratio": 0.5}
_NET = "Σ s r² / (2 Σs) + alpha l1_ratio Σ|β| + ½ alpha (1 − l1_ratio) Σβ²"
_LASSO = "Σ s r² / (2 Σs) + alpha Σ|β|"

_SCIKIT_LEARN = (
    _sklearn("Lasso", _LASSO, {"alpha": REQUIRED}, _MEAN_L1),
    _sklearn("LassoLars", _LASSO, {"alpha": REQUIRED}, _MEAN_L1, weights=_UNSUPPORTED),
    _sklearn("ElasticNet", _NET, _NET_PARAMETERS, _MEAN_NET),
    _sklearn(
        "Ridge", "Σ s r² + alpha Σβ²", {"alpha": REQUIRED}, ElasticForm("alpha", 0.0, "sum"), weights=_SUMMED
    ),
    _sklearn(
        "BayesianRidge",
        "½ alpha_ Σ s r² + ½ lambda_ Σβ²",
        {"alpha_": REQUIRED, "lambda_": REQUIRED},
        Precisions("alpha_", "lambda_"),
        weights=_SUMMED,
        code_template="BayesianRidge({intercept})  # after fit: {arguments}",
    ),
    _sklearn(
        "LogisticRegression",
        "−Σ s log p(y) + (1/C)·[l1_ratio Σ|β| + ½ (1 − l1_ratio) Σβ²]",
        {"C": REQUIRED, "l1_ratio": 0.0},
        ElasticForm("C", "l1_ratio", "sum", inverse=True),
        weights=_SUMMED,
        family="binomial",
        code_template='LogisticRegression({arguments}, solver="saga")',
    ),
    _sklearn(
        "LogisticRegression.liblinear",
        "−Σ s log p(y) + (1/C)·[l1_ratio Σ|β| + ½ (1 − l1_ratio) Σβ²], the intercept among β",
        {"C": REQUIRED, "l1_ratio": 0.0},
        ElasticForm("C", "l1_ratio", "sum", inverse=True, one_part=True),
        weights=_SUMMED,
        family="binomial",
        intercept="penalised",
        code_template='LogisticRegression({arguments}, solver="liblinear")',
    ),
    _sklearn(
        "PoissonRegressor",
        "−Σ s log p(y) / Σs + ½ alpha Σβ²",
        {"alpha": REQUIRED},
        ElasticForm("alpha", 0.0, "mean"),
        family="poisson",
    ),
    _sklearn(
        "SGDRegressor",
        "Σ r² / (2n) + alpha l1_ratio Σ|β| + ½ alpha (1 − l1_ratio) Σβ²",
        {"alpha": REQUIRED, "l1_ratio": 0.15},
        _MEAN_NET,
        weights="multiply each gradient step, not rescaled",
        code_template='SGDRegressor({arguments}, penalty="elasticnet")',
    ),
    _sklearn(
        "MultiTaskLasso",
        "‖Y − XW‖² / (2n) + alpha Σⱼ ‖wⱼ‖",
        {"alpha": REQUIRED},
        Without(
            "it penalises the length of each row of several responses' coefficients. For one response use Lasso."
        ),
        evidence=_SOURCE,
    ),
    _sklearn(
        "HuberRegressor",
        "Σ (σ + Huber(r/σ) σ) + alpha Σβ²",
        {"alpha": REQUIRED},
        Without("its loss is Huber's, not a square, and moves with its own scale."),
        evidence=_SOURCE,
    ),
    _sklearn(
        "QuantileRegressor",
        "mean pinball loss + alpha Σ|β|",
        {"alpha": REQUIRED},
        Without("its loss is the pinball loss, not a square."),
        evidence=_DOCUMENTATION,
    ),
)

_GLMNET_FACTORS = Factors("penalty.factor", rescaled=True, exclude="exclude")
_GLMNET_PARAMETERS = {
    "lambda_": REQUIRED,
    "alpha": 1.0,
    "standardize": True,
    "penalty.factor": None,
    "exclude": None,
}
_GLMNET_SD = Unit(switch="standardize")
_GLMNET_RUN = "run against R glmnet 4.1.6"
_GLMNET_SCALES = "yes (ddof 0) unless standardize=FALSE"
_SUM_TO_ONE = "rescaled to sum to 1"


def _glmnet(of: str, objective: str, form: Any, **options: Any) -> Convention:
    quoted = {"": "", "family_object": ", family=gaussian()"}.get(of, f', family="{of}"')
    defaults: dict[str, Any] = {
        "key": f"glmnet.{of}" if of else "glmnet",
        "parameters": _GLMNET_PARAMETERS,
        "standardizes": _GLMNET_SCALES,
        "weights": _SUM_TO_ONE,
        "evidence": _GLMNET_RUN,
        "language": "R",
        "intercept_code": ("", "intercept=FALSE"),
        "code_template": f"glmnet(X, y, {{arguments}}{quoted})",
    }
    return Convention(objective=objective, form=form, **{**defaults, **options})


def _glmnet_form(**options: Any) -> ElasticForm:
    defaults = {"unit": _GLMNET_SD, "factors": _GLMNET_FACTORS, "leaves_out_constant": True}
    return ElasticForm("lambda_", "alpha", "mean", **{**defaults, **options})


_PLAIN_GLMNET = _glmnet_form()
_GLMNET = (
    _glmnet(
        "",
        "Σ s r² / (2 Σs) + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)² / sd(y)], pf with mean 1",
        _glmnet_form(response_unit=Unit(about_zero=True)),
    ),
    _glmnet(
        "family_object",
        "Σ s r² / (2 Σs) + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)²], pf with mean 1",
        _glmnet_form(factors=replace(_GLMNET_FACTORS, constant_is_one=True)),
    ),
    _glmnet(
        "binomial",
        "−Σ s log p(y) / Σs + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)²], pf with mean 1",
        _PLAIN_GLMNET,
        family="binomial",
    ),
    _glmnet(
        "poisson",
        "−Σ s log p(y) / Σs + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)²], pf with mean 1",
        _PLAIN_GLMNET,
        family="poisson",
    ),
    _glmnet(
        "mgaussian",
        "‖Y − XB‖² / (2n) + lambda Σⱼ ‖bⱼ‖",
        Without(
            "it penalises the length of each row of several responses' coefficients. For one response use glmnet."
        ),
        evidence=_SOURCE,
    ),
)

_WEIGHTS_FACTORS = Factors("weights")
_SPARSE_SOLVERS = (
    Convention(
        "celer.Lasso", "Σ r² / (2n) + alpha Σ weightsⱼ |βⱼ|", {"alpha": REQUIRED, "weights": None}, "no", _UNSUPPORTED,
        "run against celer 0.7.4", "celer.Lasso({arguments})",
        ElasticForm("alpha", 1.0, "mean", factors=_WEIGHTS_FACTORS), intercept_code=_PYTHON,
    ),
    Convention(
        "celer.ElasticNet", "Σ r² / (2n) + alpha Σ weightsⱼ [l1_ratio |βⱼ| + ½ (1 − l1_ratio) βⱼ²]",
        {**_NET_PARAMETERS, "weights": None}, "no", _UNSUPPORTED, "run against celer 0.7.4",
        "celer.ElasticNet({arguments})",
        ElasticForm("alpha", "l1_ratio", "mean", factors=_WEIGHTS_FACTORS, needs_l1=True),
        intercept_code=_PYTHON,
    ),
    Convention(
        "celer.LogisticRegression", "Σ log(1 + exp(−y xβ)) + (1/C) Σ|β|", {"C": REQUIRED}, "no", _UNSUPPORTED,
        "run against celer 0.7.4", "celer.LogisticRegression({arguments})",
        ElasticForm("C", 1.0, "sum", inverse=True), family="binomial", intercept="none",
    ),
    Convention(
        "skglm.Lasso", "Σ r² / (2n) + alpha Σ|β|", {"alpha": REQUIRED}, "no", _UNSUPPORTED,
        "run against skglm 0.5", "skglm.Lasso({arguments})", _MEAN_L1, intercept_code=_PYTHON,
    ),
    Convention(
        "skglm.ElasticNet", "Σ r² / (2n) + alpha l1_ratio Σ|β| + ½ alpha (1 − l1_ratio) Σβ²", _NET_PARAMETERS, "no",
        _UNSUPPORTED, "run against skglm 0.5", "skglm.ElasticNet({arguments})", _MEAN_NET,
        intercept_code=_PYTHON,
    ),
    Convention(
        "skglm.WeightedLasso", "Σ r² / (2n) + alpha Σ weightsⱼ |βⱼ|", {"alpha": REQUIRED, "weights": None}, "no",
        _UNSUPPORTED, "run against skglm 0.5", "skglm.WeightedLasso({arguments})",
        ElasticForm("alpha", 1.0, "mean", factors=_WEIGHTS_FACTORS), intercept_code=_PYTHON,
    ),
    Convention(
        "skglm.SparseLogisticRegression", "mean log(1 + exp(−y xβ)) + alpha Σ|β|", {"alpha": REQUIRED}, "no",
        _UNSUPPORTED, "run against skglm 0.5", "skglm.SparseLogisticRegression({arguments})", _MEAN_L1,
        family="binomial", intercept_code=_PYTHON,
    ),
    Convention(
        "adelie", "Σ s r² / (2 Σs) + lmda Σ penaltyⱼ [alpha |βⱼ| + ½ (1 − alpha) βⱼ²]",
        {"lmda": REQUIRED, "alpha": 1.0, "penalty": None}, "no", _SUM_TO_ONE, "run against adelie 1.1.52",
        "adelie.grpnet(X, adelie.glm.gaussian(y), lmda_path=[{lmda}], {arguments}, early_exit=False)",
        ElasticForm("lmda", "alpha", "mean", factors=Factors("penalty")), intercept_code=("", "intercept=False"),
    ),
    Convention(
        "glum", "Σ s r² / (2 Σs) + alpha [l1_ratio Σ P1ⱼ |βⱼ| + ½ (1 − l1_ratio) Σ P2ⱼ βⱼ²]",
        {"alpha": REQUIRED, "l1_ratio": 0.0}, "no (scale_predictors=False)", _SUM_TO_ONE, "run against glum 3.4.1",
        "GeneralizedLinearRegressor({arguments})", _MEAN_NET, intercept_code=_PYTHON,
    ),
    Convention(
        "ncvreg", "Σ r² / (2n) + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)²]",
        {"lambda_": REQUIRED, "alpha": 1.0, "penalty.factor": None}, "always (ddof 0)", _UNSUPPORTED, _SOURCE,
        'ncvreg(X, y, {arguments}, penalty="lasso")',
        ElasticForm("lambda_", "alpha", "mean", unit=Unit(), factors=Factors("penalty.factor")), language="R",
        intercept="always",
    ),
)  # fmt: skip

_L1_WT = {"alpha": REQUIRED, "L1_wt": 1.0}
_CONSTANT = "of WLS multiply the loss: the strength is divided by their mean"
_STATSMODELS = (
    Convention(
        "statsmodels.OLS", "Σ r² / (2n) + Σ alphaⱼ [L1_wt |βⱼ| + ½ (1 − L1_wt) βⱼ²], the constant among β",
        _L1_WT, "no", _UNSUPPORTED, "run against statsmodels 0.15.0",
        "OLS(y, {intercept}).fit_regularized({arguments})",
        ElasticForm("alpha", "L1_wt", "mean", vector=True), intercept="a column", intercept_code=_IN_FRONT,
    ),
    Convention(
        "statsmodels.GLM.binomial", "−Σ log p(y) / n + Σ alphaⱼ [L1_wt |βⱼ| + ½ (1 − L1_wt) βⱼ²], the constant among β",
        _L1_WT, "no", _UNSUPPORTED, "run against statsmodels 0.15.0",
        "GLM(y, {intercept}, family=families.Binomial()).fit_regularized({arguments})",
        ElasticForm("alpha", "L1_wt", "mean", vector=True), family="binomial", intercept="a column",
        intercept_code=_IN_FRONT,
    ),
    Convention(
        "statsmodels.Logit", "−Σ log p(y) + Σ alphaⱼ |βⱼ|, the constant among β", {"alpha": REQUIRED}, "no",
        _UNSUPPORTED, "run against statsmodels 0.15.0", "Logit(y, {intercept}).fit_regularized({arguments})",
        ElasticForm("alpha", 1.0, "sum", vector=True), family="binomial", intercept="a column",
        intercept_code=_IN_FRONT,
    ),
    Convention(
        "statsmodels.sqrt_lasso", "‖r‖ / √n + (alpha/n) Σ|β|", {"alpha": REQUIRED}, "no", _UNSUPPORTED, _SOURCE,
        "OLS(y, X).fit_regularized(method='sqrt_lasso', {arguments})",
        Without("its loss is the length of the residual, so its λ is worth √n·‖r‖ at the solution it leads to."),
        intercept="a column",
    ),
)  # fmt: skip

_LM_RIDGE = Unit(about_zero=True)
_MATLAB = ("", "Intercept=false")
_NO_BIAS = ("", "  # of a layer with bias=False")
_MATLAB_LASSO = ElasticForm(
    "Lambda",
    "Alpha",
    "mean",
    unit=Unit(switch="Standardize", with_intercept_only=True),
    leaves_out_constant=True,
    needs_l1=True,
)
_OTHERS = (
    Convention(
        "MASS.lm.ridge", "Σ r² + lambda Σ (sdⱼβⱼ)²", {"lambda_": REQUIRED},
        "always (ddof 0; about 0 without intercept)", _UNSUPPORTED, "run against R MASS 7.3.58.2",
        "MASS::lm.ridge(y ~ X{intercept}, {arguments})",
        ElasticForm("lambda_", 0.0, "sum", unit=_LM_RIDGE), language="R", intercept_code=_FORMULA,
    ),
    Convention(
        "MATLAB.lasso", "Σ r² / (2n) + Lambda [Alpha Σ|sdⱼβⱼ| + ½ (1 − Alpha) Σ(sdⱼβⱼ)²]",
        {"Lambda": REQUIRED, "Alpha": 1.0, "Standardize": True},
        "yes (ddof 0) unless Standardize=false or Intercept=false", _SUM_TO_ONE, _SOURCE, "lasso(X, y, {arguments})",
        _MATLAB_LASSO, language="MATLAB", intercept_code=_MATLAB,
    ),
    Convention(
        "MATLAB.lassoglm.binomial", "−Σ log p(y) / n + Lambda [Alpha Σ|sdⱼβⱼ| + ½ (1 − Alpha) Σ(sdⱼβⱼ)²]",
        {"Lambda": REQUIRED, "Alpha": 1.0, "Standardize": True},
        "yes (ddof 0) unless Standardize=false or Intercept=false", _SUM_TO_ONE, _SOURCE,
        "lassoglm(X, y, 'binomial', {arguments})", _MATLAB_LASSO, family="binomial", language="MATLAB",
        intercept_code=_MATLAB,
    ),
    Convention(
        "MATLAB.ridge", "Σ r² + k Σ (sdⱼβⱼ)²", {"k": REQUIRED}, "always (ddof 1)", _UNSUPPORTED, _SOURCE,
        "ridge(y, X, {k}, 0)", ElasticForm("k", 0.0, "sum", unit=Unit(ddof=1)), language="MATLAB",
        intercept="always",
    ),
    Convention(
        "spark.LinearRegression",
        "Σ s r² / (2 Σs) + regParam [elasticNetParam Σ|sdⱼβⱼ| + ½ (1 − elasticNetParam) Σ(sdⱼβⱼ)² / sd(y)]",
        {"regParam": REQUIRED, "elasticNetParam": 0.0, "standardization": True},
        "yes (ddof 0) unless standardization=False", _SUM_TO_ONE, _SOURCE, "LinearRegression({arguments})",
        ElasticForm(
            "regParam", "elasticNetParam", "mean", unit=Unit(switch="standardization"), response_unit=Unit(),
            leaves_out_constant=True,
        ),
        intercept_code=("", "fitIntercept=False"),
    ),
    Convention(
        "xgboost.gblinear", "Σ s r² / (2 Σs) + alpha Σ|β| + ½ lambda Σβ²", {"alpha": 0.0, "lambda": 0.0}, "no",
        _RESCALED, "run against XGBoost 3.4.1",
        'xgboost.train({{"booster": "gblinear", {items}}}, xgboost.DMatrix(X, y), num_boost_round=1000)',
        TwoStrengths("alpha", "lambda", "mean"), intercept="always",
    ),
    Convention(
        "vw.bfgs", "Σ r² + ½ l2 Σβ², the constant among β", {"l2": REQUIRED}, "no", _SUMMED, _SOURCE,
        "vw --bfgs --l2 {l2}{intercept}", ElasticForm("l2", 0.0, "sum", times=0.5), intercept="penalised",
        intercept_code=("", " --noconstant"),
    ),
    Convention(
        "vw.sgd", "each row: r² + l1 Σ|β| + ½ l2 Σβ²", {"l1": 0.0, "l2": 0.0}, "no", "multiply the step", _SOURCE,
        "vw --l1 {l1} --l2 {l2}",
        Without("its adaptive, normalised steps do not minimise a fixed objective. Use vw.bfgs."),
        intercept="penalised",
    ),
    Convention(
        "torch.SGD", "mean r² + ½ weight_decay Σβ², every parameter of the group among β (MSELoss)",
        {"weight_decay": REQUIRED}, "no", _UNSUPPORTED, "run against PyTorch 2.13.0",
        "torch.optim.SGD(parameters, lr=..., {arguments}){intercept}",
        ElasticForm("weight_decay", 0.0, "mean", times=0.5), intercept="penalised", intercept_code=_NO_BIAS,
    ),
    Convention(
        "torch.SGD.sum", "Σ r² + ½ weight_decay Σβ², every parameter of the group among β (MSELoss, reduction='sum')",
        {"weight_decay": REQUIRED}, "no", _UNSUPPORTED, "run against PyTorch 2.13.0",
        "torch.optim.SGD(parameters, lr=..., {arguments}){intercept}",
        ElasticForm("weight_decay", 0.0, "sum", times=0.5), intercept="penalised", intercept_code=_NO_BIAS,
    ),
    Convention(
        "torch.AdamW", "no objective: each step shrinks the weights by lr·weight_decay", {"weight_decay": REQUIRED},
        "no", _UNSUPPORTED, _DOCUMENTATION, "torch.optim.AdamW(parameters, lr=..., {arguments})",
        Without("its decay is decoupled from the adaptive step, so where it ends depends on the steps. Use SGD."),
        intercept="penalised",
    ),
    Convention(
        "cuml.Lasso", _LASSO, {"alpha": REQUIRED}, "no", _RESCALED, _SOURCE, "cuml.Lasso({arguments})", _MEAN_L1,
        intercept_code=_PYTHON,
    ),
    Convention(
        "cuml.ElasticNet", _NET, _NET_PARAMETERS, "no", _RESCALED, _SOURCE, "cuml.ElasticNet({arguments})", _MEAN_NET,
        intercept_code=_PYTHON,
    ),
    Convention(
        "cuml.Ridge", "Σ r² + alpha Σβ²", {"alpha": REQUIRED}, "no", _SUMMED, _SOURCE, "cuml.Ridge({arguments})",
        ElasticForm("alpha", 0.0, "sum"), intercept_code=_PYTHON,
    ),
    Convention(
        "cuml.LogisticRegression", "−Σ log p(y) + (1/C)·[l1_ratio Σ|β| + ½ (1 − l1_ratio) Σβ²]",
        {"C": REQUIRED, "l1_ratio": 0.0}, "no", _SUMMED, _SOURCE,
        'cuml.LogisticRegression({arguments}, penalty="elasticnet")',
        ElasticForm("C", "l1_ratio", "sum", inverse=True), family="binomial", intercept_code=_PYTHON,
    ),
    Convention(
        "h2o.GLM", "Σ s r² / (2 Σs) + lambda_ [alpha Σ|sdⱼβⱼ| + ½ (1 − alpha) Σ(sdⱼβⱼ)²]",
        {"lambda_": REQUIRED, "alpha": 0.5, "standardize": True}, "yes (ddof 1) unless standardize=False", _SUM_TO_ONE,
        _SOURCE, "H2OGeneralizedLinearEstimator({arguments})",
        ElasticForm("lambda_", "alpha", "mean", unit=Unit(ddof=1, switch="standardize"), leaves_out_constant=True),
        intercept_code=("", "intercept=False"),
    ),
)  # fmt: skip


_RSTANARM = Unit(ddof=1, switch="autoscale", of_constant=1.0)


def _laplace(package: str, parameter: str, code: str, language: Language = "python") -> Convention:
    return Convention(
        f"{package}.Laplace", "Σ s r² / (2σ²) + Σ|β| / " + parameter, {parameter: REQUIRED}, "no",
        "multiply the log-likelihood", _SOURCE, code, PriorScale("laplace", parameter), language=language,
    )  # fmt: skip


_BAYESIAN = (
    _laplace("numpyro", "scale", "numpyro.distributions.Laplace(0.0, {scale})"),
    _laplace("pymc", "b", "pm.Laplace(name, mu=0.0, b={b})"),
    _laplace("stan", "sigma", "beta ~ double_exponential(0, {sigma})", "Stan"),
    Convention(
        "BGLR.BL", "Σ r² / (2σ²) + (lambda/σ) Σ|β|", {"lambda_": REQUIRED}, "no", "multiply the log-likelihood",
        _SOURCE, 'BGLR(y, ETA=list(list(X=X, model="BL", {arguments})))',
        PriorScale("laplace", "lambda_", inverse=True, relative=True), language="R", intercept="always",
    ),
    Convention(
        "monomvn.blasso", "Σ r² / (2σ²) + (lambda/σ) Σ ‖xⱼ‖ |βⱼ|, xⱼ centred", {"lambda_": REQUIRED},
        "always, to length 1 (not to sd 1)", _UNSUPPORTED, _DOCUMENTATION,
        "blasso(X, y, lambda2={lambda_}^2{intercept})",
        PriorScale("laplace", "lambda_", inverse=True, relative=True, unit=Unit(norm=True)), language="R",
        intercept_code=("", ", icept=FALSE"),
    ),
    Convention(
        "rstanarm.laplace", "Σ s r² / (2σ²) + Σ |βⱼ| / bⱼ, bⱼ = scale·sd(y)/sd(xⱼ) if autoscale",
        {"scale": REQUIRED, "autoscale": False}, "through the scale, if autoscale (ddof 1)",
        "multiply the log-likelihood", _SOURCE, "stan_glm(y ~ X{intercept}, prior = laplace(0, {arguments}))",
        PriorScale("laplace", unit=_RSTANARM, of_response=True), language="R", intercept_code=_FORMULA,
    ),
    Convention(
        "rstanarm.normal", "Σ s r² / (2σ²) + Σ βⱼ² / (2τⱼ²), τⱼ = scale·sd(y)/sd(xⱼ) if autoscale",
        {"scale": 2.5, "autoscale": True}, "through the scale, if autoscale (ddof 1)",
        "multiply the log-likelihood", _SOURCE, "stan_glm(y ~ X{intercept}, prior = normal(0, {arguments}))",
        PriorScale("gaussian", unit=_RSTANARM, of_response=True), language="R", intercept_code=_FORMULA,
    ),
    Convention(
        "bambi", "Σ s r² / (2σ²) + Σ βⱼ² / (2τⱼ²), τⱼ = 2.5 sd(y)/sd(xⱼ): its default prior", {},
        "through the scale (ddof 0)", "multiply the log-likelihood", _SOURCE, "bmb.Model(formula, data)",
        PriorScale("gaussian", None, fixed=2.5, unit=Unit(), of_response=True),
    ),
    Convention(
        "brms", "Σ s r² / (2σ²): its default prior on coefficients is flat", {}, "no", "multiply the log-likelihood",
        _DOCUMENTATION, "brm(formula, data)", PriorScale("gaussian", None, fixed=float("inf")), language="R",
    ),
)  # fmt: skip


@final
class Conventions(Shown, Mapping[str, Convention]):
    """Conventions by their keys."""

    def __init__(self, rows: Iterable[Convention]) -> None:
        self._rows = {row.key: row for row in rows}

    def __getitem__(self, key: str) -> Convention:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __str__(self) -> str:
        return f"{len(self)} conventions of a penalty: {', '.join(self)}"

    def _table(self) -> "pd.DataFrame":
        import pandas as pd

        columns = {"objective": [row.objective for row in self.values()]}
        return pd.DataFrame(columns, index=pd.Index(list(self), name="convention"))


CONVENTIONS = Conventions(
    chain(_OWN, _SCIKIT_LEARN, _GLMNET, _SPARSE_SOLVERS, _STATSMODELS, _OTHERS, _BAYESIAN)
)
