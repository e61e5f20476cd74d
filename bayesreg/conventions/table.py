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
from .row_parts import (
    DOCUMENTATION,
    FORMULA,
    GLMNET_FACTORS,
    H2O_FORM,
    H2O_PARAMETERS,
    H2O_SCALES,
    IN_FRONT,
    L1_WT,
    MATLAB,
    MATLAB_LASSO,
    MATLAB_PARAMETERS,
    MATLAB_SCALES,
    MEAN_NET,
    NET_PARAMETERS,
    NO_BIAS,
    PYTHON,
    RESCALED,
    RUN,
    SOURCE,
    STEPS,
    SUM_TO_ONE,
    SUMMED,
    UNSUPPORTED,
    glmnet_form,
    glmnet_row,
    sklearn_row,
)
from .without_noise import WITHOUT_NOISE

if TYPE_CHECKING:
    import pandas as pd


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

_MEAN_L1 = ElasticForm("alpha", 1.0, "mean")
_NET = "Σ s r² / (2 Σs) + alpha l1_ratio Σ|β| + ½ alpha (1 − l1_ratio) Σβ²"
_LASSO = "Σ s r² / (2 Σs) + alpha Σ|β|"

_SCIKIT_LEARN = (
    sklearn_row("Lasso", _LASSO, {"alpha": REQUIRED}, _MEAN_L1),
    sklearn_row("LassoLars", _LASSO, {"alpha": REQUIRED}, _MEAN_L1, weights=UNSUPPORTED),
    sklearn_row("ElasticNet", _NET, NET_PARAMETERS, MEAN_NET),
    sklearn_row(
        "Ridge", "Σ s r² + alpha Σβ²", {"alpha": REQUIRED}, ElasticForm("alpha", 0.0, "sum"), weights=SUMMED
    ),
    sklearn_row(
        "BayesianRidge",
        "½ alpha_ Σ s r² + ½ lambda_ Σβ²",
        {"alpha_": REQUIRED, "lambda_": REQUIRED},
        Precisions("alpha_", "lambda_"),
        weights=SUMMED,
        code_template="BayesianRidge({intercept})  # after fit: {arguments}",
    ),
    sklearn_row(
        "SGDRegressor",
        "Σ r² / (2n) + alpha l1_ratio Σ|β| + ½ alpha (1 − l1_ratio) Σβ²",
        {"alpha": REQUIRED, "l1_ratio": 0.15},
        MEAN_NET,
        weights=STEPS,
        code_template='SGDRegressor({arguments}, penalty="elasticnet")',
    ),
    sklearn_row(
        "MultiTaskLasso",
        "‖Y − XW‖² / (2n) + alpha Σⱼ ‖wⱼ‖",
        {"alpha": REQUIRED},
        Without(
            "it penalises the length of each row of several responses' coefficients. For one response use Lasso."
        ),
        evidence=SOURCE,
    ),
    sklearn_row(
        "HuberRegressor",
        "Σ (σ + Huber(r/σ) σ) + alpha Σβ²",
        {"alpha": REQUIRED},
        Without("its loss is Huber's, not a square, and moves with its own scale."),
        evidence=SOURCE,
    ),
    sklearn_row(
        "QuantileRegressor",
        "mean pinball loss + alpha Σ|β|",
        {"alpha": REQUIRED},
        Without("its loss is the pinball loss, not a square."),
        evidence=DOCUMENTATION,
    ),
)

_GLMNET = (
    glmnet_row(
        "",
        "",
        "Σ s r² / (2 Σs) + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)² / sd(y)], pf with mean 1",
        glmnet_form(response_unit=Unit(about_zero=True)),
    ),
    glmnet_row(
        "family_object",
        "gaussian()",
        "Σ s r² / (2 Σs) + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)²], pf with mean 1",
        glmnet_form(factors=replace(GLMNET_FACTORS, constant_is_one=True)),
    ),
    glmnet_row(
        "mgaussian",
        '"mgaussian"',
        "‖Y − XB‖² / (2n) + lambda Σⱼ ‖bⱼ‖",
        Without(
            "it penalises the length of each row of several responses' coefficients. For one response use glmnet."
        ),
        evidence=SOURCE,
    ),
)

_WEIGHTS_FACTORS = Factors("weights")
_SPARSE_SOLVERS = (
    Convention(
        "celer.Lasso", "Σ r² / (2n) + alpha Σ weightsⱼ |βⱼ|", {"alpha": REQUIRED, "weights": None}, "no", UNSUPPORTED,
        RUN["celer"], "celer.Lasso({arguments})",
        ElasticForm("alpha", 1.0, "mean", factors=_WEIGHTS_FACTORS), intercept_code=PYTHON,
    ),
    Convention(
        "celer.ElasticNet", "Σ r² / (2n) + alpha Σ weightsⱼ [l1_ratio |βⱼ| + ½ (1 − l1_ratio) βⱼ²]",
        {**NET_PARAMETERS, "weights": None}, "no", UNSUPPORTED, RUN["celer"],
        "celer.ElasticNet({arguments})",
        ElasticForm("alpha", "l1_ratio", "mean", factors=_WEIGHTS_FACTORS, needs_l1=True),
        intercept_code=PYTHON,
    ),
    Convention(
        "skglm.Lasso", "Σ r² / (2n) + alpha Σ|β|", {"alpha": REQUIRED}, "no", UNSUPPORTED,
        RUN["skglm"], "skglm.Lasso({arguments})", _MEAN_L1, intercept_code=PYTHON,
    ),
    Convention(
        "skglm.ElasticNet", "Σ r² / (2n) + alpha l1_ratio Σ|β| + ½ alpha (1 − l1_ratio) Σβ²", NET_PARAMETERS, "no",
        UNSUPPORTED, RUN["skglm"], "skglm.ElasticNet({arguments})", MEAN_NET,
        intercept_code=PYTHON,
    ),
    Convention(
        "skglm.WeightedLasso", "Σ r² / (2n) + alpha Σ weightsⱼ |βⱼ|", {"alpha": REQUIRED, "weights": None}, "no",
        UNSUPPORTED, RUN["skglm"], "skglm.WeightedLasso({arguments})",
        ElasticForm("alpha", 1.0, "mean", factors=_WEIGHTS_FACTORS), intercept_code=PYTHON,
    ),
    Convention(
        "adelie", "Σ s r² / (2 Σs) + lmda Σ penaltyⱼ [alpha |βⱼ| + ½ (1 − alpha) βⱼ²]",
        {"lmda": REQUIRED, "alpha": 1.0, "penalty": None}, "no", SUM_TO_ONE, RUN["adelie"],
        "adelie.grpnet(X, adelie.glm.gaussian(y), lmda_path=[{lmda}], {arguments}, early_exit=False)",
        ElasticForm("lmda", "alpha", "mean", factors=Factors("penalty")), intercept_code=("", "intercept=False"),
    ),
    Convention(
        "glum", "Σ s r² / (2 Σs) + alpha [l1_ratio Σ P1ⱼ |βⱼ| + ½ (1 − l1_ratio) Σ P2ⱼ βⱼ²]",
        {"alpha": REQUIRED, "l1_ratio": 0.0}, "no (scale_predictors=False)", SUM_TO_ONE, RUN["glum"],
        "GeneralizedLinearRegressor({arguments})", MEAN_NET, intercept_code=PYTHON,
    ),
    Convention(
        "ncvreg", "Σ r² / (2n) + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)²]",
        {"lambda_": REQUIRED, "alpha": 1.0, "penalty.factor": None}, "always (ddof 0)", UNSUPPORTED, SOURCE,
        'ncvreg(X, y, {arguments}, penalty="lasso")',
        ElasticForm("lambda_", "alpha", "mean", unit=Unit(), factors=Factors("penalty.factor")), language="R",
        intercept="always",
    ),
)  # fmt: skip

_STATSMODELS = (
    Convention(
        "statsmodels.OLS", "Σ r² / (2n) + Σ alphaⱼ [L1_wt |βⱼ| + ½ (1 − L1_wt) βⱼ²], the constant among β",
        L1_WT, "no", UNSUPPORTED, RUN["statsmodels"],
        "OLS(y, {intercept}).fit_regularized({arguments})",
        ElasticForm("alpha", "L1_wt", "mean", vector=True), intercept="a column", intercept_code=IN_FRONT,
    ),
    Convention(
        "statsmodels.sqrt_lasso", "‖r‖ / √n + (alpha/n) Σ|β|", {"alpha": REQUIRED}, "no", UNSUPPORTED, SOURCE,
        "OLS(y, X).fit_regularized(method='sqrt_lasso', {arguments})",
        Without("its loss is the length of the residual, so its λ is worth √n·‖r‖ at the solution it leads to."),
        intercept="a column",
    ),
)  # fmt: skip

_LM_RIDGE = Unit(about_zero=True)
_OTHERS = (
    Convention(
        "MASS.lm.ridge", "Σ r² + lambda Σ (sdⱼβⱼ)²", {"lambda_": REQUIRED},
        "always (ddof 0; about 0 without intercept)", UNSUPPORTED, "run against R MASS 7.3.58.2",
        "MASS::lm.ridge(y ~ X{intercept}, {arguments})",
        ElasticForm("lambda_", 0.0, "sum", unit=_LM_RIDGE), language="R", intercept_code=FORMULA,
    ),
    Convention(
        "MATLAB.lasso", "Σ r² / (2n) + Lambda [Alpha Σ|sdⱼβⱼ| + ½ (1 − Alpha) Σ(sdⱼβⱼ)²]",
        MATLAB_PARAMETERS, MATLAB_SCALES, SUM_TO_ONE, SOURCE, "lasso(X, y, {arguments})",
        MATLAB_LASSO, language="MATLAB", intercept_code=MATLAB,
    ),
    Convention(
        "MATLAB.ridge", "Σ r² + k Σ (sdⱼβⱼ)²", {"k": REQUIRED}, "always (ddof 1)", UNSUPPORTED, SOURCE,
        "ridge(y, X, {k}, 0)", ElasticForm("k", 0.0, "sum", unit=Unit(ddof=1)), language="MATLAB",
        intercept="always",
    ),
    Convention(
        "spark.LinearRegression",
        "Σ s r² / (2 Σs) + regParam [elasticNetParam Σ|sdⱼβⱼ| + ½ (1 − elasticNetParam) Σ(sdⱼβⱼ)² / sd(y)]",
        {"regParam": REQUIRED, "elasticNetParam": 0.0, "standardization": True},
        "yes (ddof 0) unless standardization=False", SUM_TO_ONE, RUN["spark"], "LinearRegression({arguments})",
        ElasticForm(
            "regParam", "elasticNetParam", "mean", unit=Unit(switch="standardization"), response_unit=Unit(),
            leaves_out_constant=True,
        ),
        intercept_code=("", "fitIntercept=False"),
    ),
    Convention(
        "xgboost.gblinear", "Σ s r² / (2 Σs) + alpha Σ|β| + ½ lambda Σβ²", {"alpha": 0.0, "lambda": 0.0}, "no",
        RESCALED, RUN["xgboost"],
        'xgboost.train({{"booster": "gblinear", {items}}}, xgboost.DMatrix(X, y), num_boost_round=1000)',
        TwoStrengths("alpha", "lambda", "mean"), intercept="always",
    ),
    Convention(
        "vw.bfgs", "Σ r² + ½ l2 Σβ², the constant among β", {"l2": REQUIRED}, "no", SUMMED, SOURCE,
        "vw --bfgs --l2 {l2}{intercept}", ElasticForm("l2", 0.0, "sum", times=0.5), intercept="penalised",
        intercept_code=("", " --noconstant"),
    ),
    Convention(
        "vw.sgd", "each row: r² + l1 Σ|β| + ½ l2 Σβ²", {"l1": 0.0, "l2": 0.0}, "no", "multiply the step", SOURCE,
        "vw --l1 {l1} --l2 {l2}",
        Without("its adaptive, normalised steps do not minimise a fixed objective. Use vw.bfgs."),
        intercept="penalised",
    ),
    Convention(
        "torch.SGD", "mean r² + ½ weight_decay Σβ², every parameter of the group among β (MSELoss)",
        {"weight_decay": REQUIRED}, "no", UNSUPPORTED, "run against PyTorch 2.13.0",
        "torch.optim.SGD(parameters, lr=..., {arguments}){intercept}",
        ElasticForm("weight_decay", 0.0, "mean", times=0.5), intercept="penalised", intercept_code=NO_BIAS,
    ),
    Convention(
        "torch.SGD.sum", "Σ r² + ½ weight_decay Σβ², every parameter of the group among β (MSELoss, reduction='sum')",
        {"weight_decay": REQUIRED}, "no", UNSUPPORTED, "run against PyTorch 2.13.0",
        "torch.optim.SGD(parameters, lr=..., {arguments}){intercept}",
        ElasticForm("weight_decay", 0.0, "sum", times=0.5), intercept="penalised", intercept_code=NO_BIAS,
    ),
    Convention(
        "torch.AdamW", "no objective: each step shrinks the weights by lr·weight_decay", {"weight_decay": REQUIRED},
        "no", UNSUPPORTED, DOCUMENTATION, "torch.optim.AdamW(parameters, lr=..., {arguments})",
        Without("its decay is decoupled from the adaptive step, so where it ends depends on the steps. Use SGD."),
        intercept="penalised",
    ),
    Convention(
        "cuml.Lasso", _LASSO, {"alpha": REQUIRED}, "no", RESCALED, SOURCE, "cuml.Lasso({arguments})", _MEAN_L1,
        intercept_code=PYTHON,
    ),
    Convention(
        "cuml.ElasticNet", _NET, NET_PARAMETERS, "no", RESCALED, SOURCE, "cuml.ElasticNet({arguments})", MEAN_NET,
        intercept_code=PYTHON,
    ),
    Convention(
        "cuml.Ridge", "Σ r² + alpha Σβ²", {"alpha": REQUIRED}, "no", SUMMED, SOURCE, "cuml.Ridge({arguments})",
        ElasticForm("alpha", 0.0, "sum"), intercept_code=PYTHON,
    ),
    Convention(
        "h2o.GLM", "Σ s r² / (2 Σs) + lambda_ [alpha Σ|sdⱼβⱼ| + ½ (1 − alpha) Σ(sdⱼβⱼ)²]",
        H2O_PARAMETERS, H2O_SCALES, SUM_TO_ONE, RUN["h2o"], "H2OGeneralizedLinearEstimator({arguments})", H2O_FORM,
        intercept_code=("", "intercept=False"),
    ),
)  # fmt: skip


_RSTANARM = Unit(ddof=1, switch="autoscale", of_constant=1.0)


def _laplace(package: str, parameter: str, code: str, language: Language = "python") -> Convention:
    return Convention(
        f"{package}.Laplace", "Σ s r² / (2σ²) + Σ|β| / " + parameter, {parameter: REQUIRED}, "no",
        "multiply the log-likelihood", SOURCE, code, PriorScale("laplace", parameter), language=language,
    )  # fmt: skip


_BAYESIAN = (
    _laplace("numpyro", "scale", "numpyro.distributions.Laplace(0.0, {scale})"),
    _laplace("pymc", "b", "pm.Laplace(name, mu=0.0, b={b})"),
    _laplace("stan", "sigma", "beta ~ double_exponential(0, {sigma})", "Stan"),
    Convention(
        "BGLR.BL", "Σ r² / (2σ²) + (lambda/σ) Σ|β|", {"lambda_": REQUIRED}, "no", "multiply the log-likelihood",
        SOURCE, 'BGLR(y, ETA=list(list(X=X, model="BL", {arguments})))',
        PriorScale("laplace", "lambda_", inverse=True, relative=True), language="R", intercept="always",
    ),
    Convention(
        "monomvn.blasso", "Σ r² / (2σ²) + (lambda/σ) Σ ‖xⱼ‖ |βⱼ|, xⱼ centred", {"lambda_": REQUIRED},
        "always, to length 1 (not to sd 1)", UNSUPPORTED, DOCUMENTATION,
        "blasso(X, y, lambda2={lambda_}^2{intercept})",
        PriorScale("laplace", "lambda_", inverse=True, relative=True, unit=Unit(norm=True)), language="R",
        intercept_code=("", ", icept=FALSE"),
    ),
    Convention(
        "rstanarm.laplace", "Σ s r² / (2σ²) + Σ |βⱼ| / bⱼ, bⱼ = scale·sd(y)/sd(xⱼ) if autoscale",
        {"scale": REQUIRED, "autoscale": False}, "through the scale, if autoscale (ddof 1)",
        "multiply the log-likelihood", SOURCE, "stan_glm(y ~ X{intercept}, prior = laplace(0, {arguments}))",
        PriorScale("laplace", unit=_RSTANARM, of_response=True), language="R", intercept_code=FORMULA,
    ),
    Convention(
        "rstanarm.normal", "Σ s r² / (2σ²) + Σ βⱼ² / (2τⱼ²), τⱼ = scale·sd(y)/sd(xⱼ) if autoscale",
        {"scale": 2.5, "autoscale": True}, "through the scale, if autoscale (ddof 1)",
        "multiply the log-likelihood", SOURCE, "stan_glm(y ~ X{intercept}, prior = normal(0, {arguments}))",
        PriorScale("gaussian", unit=_RSTANARM, of_response=True), language="R", intercept_code=FORMULA,
    ),
    Convention(
        "bambi", "Σ s r² / (2σ²) + Σ βⱼ² / (2τⱼ²), τⱼ = 2.5 sd(y)/sd(xⱼ): its default prior", {},
        "through the scale (ddof 0)", "multiply the log-likelihood", SOURCE, "bmb.Model(formula, data)",
        PriorScale("gaussian", None, fixed=2.5, unit=Unit(), of_response=True),
    ),
    Convention(
        "brms", "Σ s r² / (2σ²): its default prior on coefficients is flat", {}, "no", "multiply the log-likelihood",
        DOCUMENTATION, "brm(formula, data)", PriorScale("gaussian", None, fixed=float("inf")), language="R",
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
    chain(_OWN, _SCIKIT_LEARN, _GLMNET, _SPARSE_SOLVERS, _STATSMODELS, _OTHERS, _BAYESIAN, WITHOUT_NOISE)
)
