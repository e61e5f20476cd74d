"""scikit-learn's own tests of LogisticRegression and PoissonRegressor that speak of solutions, with our estimators."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LOGISTIC = {
    "test_predict_2_classes", "test_logistic_glmnet", "test_consistency_path", "test_logistic_regression_sample_weights",
    "test_logistic_regression_solver_class_weights", "test_sample_and_class_weight_equivalence_liblinear",
    "test_logistic_regression_class_weights", "test_logreg_l1", "test_saga_vs_liblinear", "test_elastic_net_coeffs",
    "test_elastic_net_vs_l1_l2", "test_LogisticRegression_elastic_net_objective", "test_elastic_net_versus_sgd",
    "test_single_feature_newton_cg", "test_liblinear_not_stuck", "test_warm_start_converge_LR",
}  # fmt: skip
GLM = {
    "test_glm_regression", "test_glm_regression_hstacked_X", "test_glm_regression_vstacked_X",
    "test_glm_regression_unpenalized", "test_glm_regression_unpenalized_hstacked_X",
    "test_glm_regression_unpenalized_vstacked_X", "test_glm_sample_weight_consistency", "test_glm_log_regression",
    "test_poisson_glmnet",
}  # fmt: skip
# Within them: three classes or other losses, LogisticRegressionCV, and expectations that a solver misses the minimum norm.
NOT_ALL = {
    "logistic": "not (test_logistic_regression_sample_weights and cv)",
    "glm": "not Gamma and not Tweedie and not _GeneralizedLinear and not (unpenalized and wide and (lbfgs or hstacked))",
}
WHY_NOT = {
    "more than two classes, which BayesClassifier refuses": (
        "predict_3_classes multinomial 3_classes multiclass iris identifiability path_coefs"
    ),
    "LogisticRegressionCV: its folds and scores; select_scale has tests of its own": (
        "LogisticRegressionCV regressioncv logistic_cv _cv_ lr_cv cv_refit scores_attribute"
    ),
    "parameters, attributes, messages or dtypes of scikit-learn's; check_estimator is run whole": (
        "solver_option l1_ratio_err sparsify inconsistent_input write_parameters nan l1_ratio_non penalty dtype "
        "not_modified random_state intercept_scaling large_sparse metadata_routing array_api predict_proba_shape "
        "convergence_warning tweedie_link tags sample_weights_validation wrong_y_range tweedie_score verbosity "
        "l1_l2_equivalence decision_function_zero large_values use_legacy predict_proba scoring n_jobs deprecated callback get_default_scorer"
    ),
    "how a solver of scikit-learn's goes, stops or starts again": (
        "max_iter n_iter warm_start convergence_fail init_coefs solvers linalg_warning fallback"
    ),
    "separated data, of which we refuse a mode (C = ∞)": "c_inf_no_warning",
    "an intercept that liblinear penalises": "liblinear_sample_weight",
    "losses that bayesreg does not have: Gamma, Tweedie, Gaussian with a log link": "ridge_comparison identity_regression",
}


def files():
    package = Path(importlib.util.find_spec("sklearn.linear_model").origin).parent
    return {
        "logistic": (
            "sklearn.linear_model.tests.test_logistic",
            package / "tests" / "test_logistic.py",
            LOGISTIC,
        ),
        "glm": ("sklearn.linear_model._glm.tests.test_glm", package / "_glm" / "tests" / "test_glm.py", GLM),
    }


@pytest.mark.parametrize("name", ["logistic", "glm"])
def test_every_test_is_run_or_has_a_reason(name):
    _, path, chosen = files()[name]
    names = {
        one.name for one in ast.parse(path.read_text()).body if getattr(one, "name", "").startswith("test_")
    }
    assert chosen <= names
    words = [word for line in WHY_NOT.values() for word in line.split()]
    assert not {one for one in names - chosen if not any(word in one for word in words)}


@pytest.mark.extended
@pytest.mark.parametrize(("name", "number"), [("logistic", 59), ("glm", 90)])
def test_our_fits_pass(name, number, tmp_path):
    module, _, chosen = files()[name]
    here = os.path.dirname(__file__)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment["PYTHONPATH"] = os.pathsep.join([here, environment.get("PYTHONPATH", "")])
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "sklearn_glm_plugin",
        "-p",
        "no:cacheprovider",
        "--pyargs",
    ]
    wanted = " or ".join(sorted(chosen))
    done = subprocess.run(
        [*command, module, "-k", f"({wanted}) and {NOT_ALL[name]}"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    passed = int(re.search(r"(\d+) passed", done.stdout).group(1))
    vacuous = int(re.search(r"passed without a fit of ours: (\d+)", done.stdout).group(1))
    assert passed - vacuous == number
