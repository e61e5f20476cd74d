"""Rows of the table beside a loss that has no σ: yes/no and counts."""

from dataclasses import replace
from typing import Any

from .convention import REQUIRED, Convention, ElasticForm, Family, Intercept, TwoStrengths, Unit, Without
from .row_parts import (
    DOCUMENTATION,
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

_MEAN, _SUM = "−Σ s log p(y) / Σs", "−Σ s log p(y)"
_NET = "alpha [l1_ratio Σ|β| + ½ (1 − l1_ratio) Σβ²]"
_C = "(1/C)·[l1_ratio Σ|β| + ½ (1 − l1_ratio) Σβ²]"
_C_PARAMETERS = {"C": REQUIRED, "l1_ratio": 0.0}
_C_FORM = ElasticForm("C", "l1_ratio", "sum", inverse=True)
_RIDGE = ElasticForm("alpha", 0.0, "mean")

_SCIKIT_LEARN = (
    sklearn_row(
        "LogisticRegression", f"{_SUM} + {_C}", _C_PARAMETERS, _C_FORM, weights=SUMMED, family="binomial",
        code_template='LogisticRegression({arguments}, solver="saga")',
    ),
    sklearn_row(
        "LogisticRegression.liblinear", f"{_SUM} + {_C}, the intercept among β", _C_PARAMETERS,
        replace(_C_FORM, one_part=True), weights=SUMMED, family="binomial", intercept="penalised",
        code_template='LogisticRegression({arguments}, solver="liblinear")',
    ),
    sklearn_row(
        "SGDClassifier", f"−Σ log p(y) / n + {_NET}", {"alpha": REQUIRED, "l1_ratio": 0.15}, MEAN_NET, weights=STEPS,
        family="binomial", code_template='SGDClassifier({arguments}, loss="log_loss", penalty="elasticnet")',
        attributes={"loss": "log_loss"},
    ),
    sklearn_row(
        "PoissonRegressor", f"{_MEAN} + ½ alpha Σβ²", {"alpha": REQUIRED}, _RIDGE, family="poisson",
    ),
    sklearn_row(
        "TweedieRegressor", f"{_MEAN} + ½ alpha Σβ², if power=1", {"alpha": REQUIRED}, _RIDGE, family="poisson",
        code_template='TweedieRegressor(power=1, link="log", {arguments})', attributes={"power": 1},
    ),
)  # fmt: skip

_GLMNET_OBJECTIVE = f"{_MEAN} + lambda Σ pfⱼ [alpha |sdⱼβⱼ| + ½ (1 − alpha) (sdⱼβⱼ)²], pf with mean 1"
_GLMNET = (
    glmnet_row("binomial", '"binomial"', _GLMNET_OBJECTIVE, glmnet_form(), family="binomial"),
    glmnet_row("poisson", '"poisson"', _GLMNET_OBJECTIVE, glmnet_form(), family="poisson"),
    glmnet_row(
        "negative_binomial", "MASS::negative.binomial(dispersion)", _GLMNET_OBJECTIVE,
        glmnet_form(factors=replace(GLMNET_FACTORS, constant_is_one=True)), family="negative-binomial",
    ),
)  # fmt: skip


def _glum(of: str, python: str, family: Family) -> Convention:
    return Convention(
        f"glum.{of}", f"{_MEAN} + alpha [l1_ratio Σ P1ⱼ |βⱼ| + ½ (1 − l1_ratio) Σ P2ⱼ βⱼ²]",
        {"alpha": REQUIRED, "l1_ratio": 0.0}, "no (scale_predictors=False)", SUM_TO_ONE, RUN["glum"],
        f"GeneralizedLinearRegressor({{arguments}}, family={python})", MEAN_NET, family=family,
        intercept_code=PYTHON,
    )  # fmt: skip


def _adelie(of: str, family: Family) -> Convention:
    return Convention(
        f"adelie.{of}", f"{_MEAN} + lmda Σ penaltyⱼ [alpha |βⱼ| + ½ (1 − alpha) βⱼ²]",
        {"lmda": REQUIRED, "alpha": 1.0}, "no", SUM_TO_ONE, SOURCE,
        f"adelie.grpnet(X, adelie.glm.{of}(y), lmda_path=[{{lmda}}], {{arguments}}, early_exit=False)",
        ElasticForm("lmda", "alpha", "mean"), family=family, intercept_code=("", "intercept=False"),
    )  # fmt: skip


_SPARSE_SOLVERS = (
    Convention(
        "celer.LogisticRegression", "Σ log(1 + exp(−y xβ)) + (1/C) Σ|β|", {"C": REQUIRED}, "no", UNSUPPORTED,
        RUN["celer"], "celer.LogisticRegression({arguments})", ElasticForm("C", 1.0, "sum", inverse=True),
        family="binomial", intercept="none",
    ),
    Convention(
        "skglm.SparseLogisticRegression", f"mean log(1 + exp(−y xβ)) + {_NET}", {**NET_PARAMETERS, "l1_ratio": 1.0},
        "no", UNSUPPORTED, RUN["skglm"], "skglm.SparseLogisticRegression({arguments})", MEAN_NET, family="binomial",
        intercept_code=PYTHON,
    ),
    Convention(
        "skglm.Poisson", f"−Σ log p(y) / n + {_NET}", NET_PARAMETERS, "no", UNSUPPORTED, RUN["skglm"],
        "skglm.GeneralizedLinearEstimator(Poisson(), L1_plus_L2({alpha}, {l1_ratio}), ProxNewton({intercept}))",
        MEAN_NET, family="poisson", intercept_code=PYTHON,
    ),
    _adelie("binomial", "binomial"),
    _adelie("poisson", "poisson"),
    _glum("binomial", '"binomial"', "binomial"),
    _glum("poisson", '"poisson"', "poisson"),
    _glum("negative_binomial", "NegativeBinomialDistribution(1 / dispersion)", "negative-binomial"),
)  # fmt: skip

_PER_ROW = "multiply the loss; the strength multiplies n, not Σs"


def _statsmodels_glm(of: str, python: str, family: Family) -> Convention:
    return Convention(
        f"statsmodels.GLM.{of}",
        "−Σ s log p(y) / n + Σ alphaⱼ [L1_wt |βⱼ| + ½ (1 − L1_wt) βⱼ²], the constant among β",
        L1_WT, "no", _PER_ROW, RUN["statsmodels"],
        f"GLM(y, {{intercept}}, family=families.{python}).fit_regularized({{arguments}})",
        ElasticForm("alpha", "L1_wt", "rows", vector=True), family=family, intercept="a column",
        intercept_code=IN_FRONT,
    )  # fmt: skip


def _statsmodels_discrete(name: str, family: Family) -> Convention:
    return Convention(
        f"statsmodels.{name}", "−Σ log p(y) + Σ alphaⱼ |βⱼ|, the constant among β", {"alpha": REQUIRED}, "no",
        UNSUPPORTED, RUN["statsmodels"], f"{name}(y, {{intercept}}).fit_regularized({{arguments}})",
        ElasticForm("alpha", 1.0, "sum", vector=True), family=family, intercept="a column",
        intercept_code=IN_FRONT,
    )  # fmt: skip


_STATSMODELS = (
    _statsmodels_glm("binomial", "Binomial()", "binomial"),
    _statsmodels_discrete("Logit", "binomial"),
    _statsmodels_glm("poisson", "Poisson()", "poisson"),
    _statsmodels_discrete("Poisson", "poisson"),
    _statsmodels_glm("negative_binomial", "NegativeBinomial(alpha=1 / dispersion)", "negative-binomial"),
    Convention(
        "statsmodels.NegativeBinomial", "−Σ log p(y) + Σ alphaⱼ |βⱼ|, constant and dispersion among β",
        {"alpha": REQUIRED}, "no", UNSUPPORTED, SOURCE, "NegativeBinomial(y, X).fit_regularized({arguments})",
        Without("it fits and penalises the dispersion with β. Use statsmodels.GLM.negative_binomial."),
        family="negative-binomial", intercept="a column",
    ),
)  # fmt: skip


def _h2o(of: str, python: str, family: Family, **options: Any) -> Convention:
    defaults: dict[str, Any] = {"weights": SUM_TO_ONE, "evidence": RUN["h2o"]}
    return Convention(
        f"h2o.GLM.{of}", f"{_MEAN} + lambda_ [alpha Σ|sdⱼβⱼ| + ½ (1 − alpha) Σ(sdⱼβⱼ)²]", H2O_PARAMETERS, H2O_SCALES,
        code_template=f"H2OGeneralizedLinearEstimator({{arguments}}, {python})", form=H2O_FORM, family=family,
        intercept_code=("", "intercept=False"), **{**defaults, **options},
    )  # fmt: skip


def _gblinear(of: str, objective: str, family: Family) -> Convention:
    return Convention(
        f"xgboost.gblinear.{of}", f"{_MEAN} + alpha Σ|β| + ½ lambda Σβ²", {"alpha": 0.0, "lambda": 0.0}, "no",
        RESCALED, RUN["xgboost"],
        f'xgboost.train({{{{"booster": "gblinear", "objective": "{objective}", {{items}}}}}}, xgboost.DMatrix(X, y), '
        "num_boost_round=1000)",
        TwoStrengths("alpha", "lambda", "mean"), family=family, intercept="always",
    )  # fmt: skip


def _torch(of: str, loss: str, *, summed: bool, family: Family) -> Convention:
    how = "Σ" if summed else "mean"
    penalised: Intercept = "penalised"
    return Convention(
        f"torch.SGD.{of}{'.sum' if summed else ''}",
        f"{how} −log p(y) + ½ weight_decay Σβ², every parameter of the group among β ({loss})",
        {"weight_decay": REQUIRED}, "no", UNSUPPORTED, DOCUMENTATION,
        "torch.optim.SGD(parameters, lr=..., {arguments}){intercept}",
        ElasticForm("weight_decay", 0.0, "sum" if summed else "mean"), family=family, intercept=penalised,
        intercept_code=NO_BIAS,
    )  # fmt: skip


_BCE, _POISSON_NLL = "BCEWithLogitsLoss", "PoissonNLLLoss"
_OTHERS = (
    Convention(
        "MATLAB.lassoglm.binomial", "−Σ log p(y) / n + Lambda [Alpha Σ|sdⱼβⱼ| + ½ (1 − Alpha) Σ(sdⱼβⱼ)²]",
        MATLAB_PARAMETERS, MATLAB_SCALES, SUM_TO_ONE, SOURCE, "lassoglm(X, y, 'binomial', {arguments})",
        MATLAB_LASSO, family="binomial", language="MATLAB", intercept_code=MATLAB,
    ),
    Convention(
        "MATLAB.lassoglm.poisson", "−Σ log p(y) / n + Lambda [Alpha Σ|sdⱼβⱼ| + ½ (1 − Alpha) Σ(sdⱼβⱼ)²]",
        MATLAB_PARAMETERS, MATLAB_SCALES, SUM_TO_ONE, SOURCE, "lassoglm(X, y, 'poisson', {arguments})",
        MATLAB_LASSO, family="poisson", language="MATLAB", intercept_code=MATLAB,
    ),
    Convention(
        "spark.LogisticRegression",
        f"{_MEAN} + regParam [elasticNetParam Σ|sdⱼβⱼ| + ½ (1 − elasticNetParam) Σ(sdⱼβⱼ)²]",
        {"regParam": REQUIRED, "elasticNetParam": 0.0, "standardization": True},
        "yes (divided by Σs − Σs²/Σs) unless standardization=False", SUM_TO_ONE, RUN["spark"],
        "LogisticRegression({arguments})",
        ElasticForm(
            "regParam", "elasticNetParam", "mean", unit=Unit(ddof=1, by_squares=True, switch="standardization"),
            leaves_out_constant=True,
        ),
        family="binomial", intercept_code=("", "fitIntercept=False"),
    ),
    Convention(
        "spark.GeneralizedLinearRegression", "no objective: each step penalises ½ regParam Σβ² beside a mean",
        {"regParam": REQUIRED}, "no", SUM_TO_ONE, RUN["spark"], "GeneralizedLinearRegression({arguments})",
        Without(
            "each of its steps divides the loss by the sum of that step's working weights, so its λ is worth regParam "
            "times the sum of variances at the solution it leads to. Use spark.LogisticRegression for yes/no."
        ),
        family="poisson",
    ),
    _gblinear("logistic", "binary:logistic", "binomial"),
    _gblinear("poisson", "count:poisson", "poisson"),
    _torch("bce", _BCE, summed=False, family="binomial"),
    _torch("bce", f"{_BCE}, reduction='sum'", summed=True, family="binomial"),
    _torch("poisson", _POISSON_NLL, summed=False, family="poisson"),
    _torch("poisson", f"{_POISSON_NLL}, reduction='sum'", summed=True, family="poisson"),
    Convention(
        "cuml.LogisticRegression", f"−Σ log p(y) + {_C}", _C_PARAMETERS, "no", SUMMED, SOURCE,
        'cuml.LogisticRegression({arguments}, penalty="elasticnet")', _C_FORM, family="binomial",
        intercept_code=PYTHON,
    ),
    _h2o("binomial", 'family="binomial"', "binomial"),
    _h2o("poisson", 'family="poisson"', "poisson"),
    _h2o(
        "negative_binomial", 'family="negativebinomial", theta=1 / dispersion', "negative-binomial",
        weights="do not work: it returns zeros",
    ),
)  # fmt: skip

WITHOUT_NOISE = (*_SCIKIT_LEARN, *_GLMNET, *_SPARSE_SOLVERS, *_STATSMODELS, *_OTHERS)
