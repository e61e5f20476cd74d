"""What rows of the table share: words, versions, and how a row of scikit-learn or glmnet is made."""

from collections.abc import Mapping
from typing import Any

from .convention import REQUIRED, Convention, ElasticForm, Factors, Unit

SOURCE = "from its source, not run"
DOCUMENTATION = "from its documentation, not run"
RUN = {
    "adelie": "run against adelie 1.1.52",
    "celer": "run against celer 0.7.4",
    "glmnet": "run against R glmnet 4.1.6",
    "glum": "run against glum 3.4.1",
    "h2o": "run against H2O 3.46.0.12",
    "skglm": "run against skglm 0.5",
    "sklearn": "run against scikit-learn 1.9.1",
    "spark": "run against PySpark 4.3.0",
    "statsmodels": "run against statsmodels 0.15.0",
    "xgboost": "run against XGBoost 3.4.1",
}

RESCALED = "rescaled to sum to n, so that the strength multiplies Σs"
SUMMED = "multiply the loss, not rescaled"
SUM_TO_ONE = "rescaled to sum to 1"
STEPS = "multiply each gradient step, not rescaled"
UNSUPPORTED = "none"

PYTHON = ("", "fit_intercept=False")  # the code with an intercept, and without
FORMULA = ("", " - 1")
IN_FRONT = ("np.c_[np.ones(len(y)), X]", "X")
MATLAB = ("", "Intercept=false")
NO_BIAS = ("", "  # of a layer with bias=False")

MEAN_NET = ElasticForm("alpha", "l1_ratio", "mean")
NET_PARAMETERS = {"alpha": REQUIRED, "l1_ratio": 0.5}
L1_WT = {"alpha": REQUIRED, "L1_wt": 1.0}
H2O_FORM = ElasticForm(
    "lambda_", "alpha", "mean", unit=Unit(ddof=1, switch="standardize"), leaves_out_constant=True
)
H2O_PARAMETERS = {"lambda_": REQUIRED, "alpha": 0.5, "standardize": True}
H2O_SCALES = "yes (ddof 1) unless standardize=False"
MATLAB_PARAMETERS = {"Lambda": REQUIRED, "Alpha": 1.0, "Standardize": True}
MATLAB_SCALES = "yes (ddof 0) unless Standardize=false or Intercept=false"
MATLAB_LASSO = ElasticForm(
    "Lambda",
    "Alpha",
    "mean",
    unit=Unit(switch="Standardize", with_intercept_only=True),
    leaves_out_constant=True,
    needs_l1=True,
)


def sklearn_row(
    name: str, objective: str, parameters: Mapping[str, Any], form: Any, **options: Any
) -> Convention:
    """Return a row of scikit-learn: the name is the estimator's, perhaps with a word after a dot."""
    defaults: dict[str, Any] = {
        "standardizes": "no",
        "weights": RESCALED,
        "evidence": RUN["sklearn"],
        "scalar": True,
        "intercept_code": PYTHON,
        "code_template": f"{name.split('.')[0]}({{arguments}})",
    }
    return Convention(
        key=f"sklearn.{name}", objective=objective, parameters=parameters, form=form, **{**defaults, **options}
    )  # fmt: skip


GLMNET_FACTORS = Factors("penalty.factor", rescaled=True, exclude="exclude")
_GLMNET_PARAMETERS = {
    "lambda_": REQUIRED,
    "alpha": 1.0,
    "standardize": True,
    "penalty.factor": None,
    "exclude": None,
}


def glmnet_form(**options: Any) -> ElasticForm:
    """Return glmnet's form of penalty: on standardised columns, with factors of mean 1."""
    defaults = {"unit": Unit(switch="standardize"), "factors": GLMNET_FACTORS, "leaves_out_constant": True}
    return ElasticForm("lambda_", "alpha", "mean", **{**defaults, **options})


def glmnet_row(of: str, in_r: str, objective: str, form: Any, **options: Any) -> Convention:
    """Return a row of glmnet. `in_r` is the family as R writes it; it and `of` are empty for the default."""
    defaults: dict[str, Any] = {
        "key": f"glmnet.{of}" if of else "glmnet",
        "parameters": _GLMNET_PARAMETERS,
        "standardizes": "yes (ddof 0) unless standardize=FALSE",
        "weights": SUM_TO_ONE,
        "evidence": RUN["glmnet"],
        "language": "R",
        "intercept_code": ("", "intercept=FALSE"),
        "code_template": f"glmnet(X, y, {{arguments}}{in_r and f', family={in_r}'})",
    }
    return Convention(objective=objective, form=form, **{**defaults, **options})
