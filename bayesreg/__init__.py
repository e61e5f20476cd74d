"""Regularised linear models: the mode with its proof, and the width around it.

The public names load on first use (PEP 562), so ``import bayesreg`` costs
next to nothing and pulls in no plotting, sampling or estimator library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from . import jax_context as jax_context  # it has to know of every fork

__version__ = "0.1.0"

_HOME = {
    "LaplacePrior": "priors",
    "GaussianPrior": "priors",
    "ElasticNetPrior": "priors",
    "FlatPrior": "priors",
    "GaussianLikelihood": "likelihoods",
    "Penalty": "penalty",
    "CONVENTIONS": "conventions.table",
    "Translation": "conventions.translation",
    "translate": "conventions.translation",
    "LinearModel": "model",
    "RowData": "data.rows",
    "GramData": "data.gram",
    "Certificate": "mode.certificate",
    "MapEstimate": "mode.solve",
    "MapPath": "mode.solve",
    "map_estimate": "mode.solve",
    "map_path": "mode.solve",
    "sample_posterior": "posterior.sample",
    "certify_posterior": "posterior.certificate",
    "PosteriorCertificate": "posterior.certificate",
    "add_log_likelihood": "posterior.predict",
    "add_posterior_predictive": "posterior.predict",
    "predict_posterior": "posterior.predict",
    "PredictiveCheck": "posterior.predictive_check",
    "check_predictions": "posterior.predictive_check",
    "sample_prior": "posterior.prior",
    "exact_loo": "posterior.leave_one_out",
    "scale_sensitivity": "posterior.sensitivity",
    "to_numpyro": "posterior.to_numpyro",
    "log_marginal_likelihood": "evidence",
    "Audit": "auditing",
    "audit": "auditing",
    "compare_map_with_penalized": "compare",
    "equivalents": "equivalence",
    "ImpliedPenalty": "conventions.implied",
    "implied_penalty": "conventions.implied",
    "bootstrap_map": "bootstrap",
    "compare_intervals": "intervals",
    "ScaleSelection": "selection",
    "select_scale": "selection",
    "BayesRegressor": "estimators",
    "from_sklearn": "estimators",
    "use_compilation_cache": "compilation",
    "write_report": "report.page",
    "plot_coefficient_path": "plots.paths",
    "plot_forest": "plots.forest",
    "plot_prior": "plots.priors",
    "plot_penalty": "plots.priors",
    "plot_shrinkage": "plots.priors",
    "plot_geometry": "plots.geometry",
    "plot_certificate": "plots.certificate",
    "plot_posterior_certificate": "plots.posterior_certificate",
    "plot_predictive_check": "plots.predictive",
    "plot_calibration": "plots.predictive",
    "plot_observed": "plots.predictive",
    "path_intervals": "bands",
    "plot_scale_selection": "plots.scales",
    "CheckpointError": "errors",
    "ConvergenceWarning": "errors",
    "DegenerateDataWarning": "errors",
    "ForkedProcessError": "errors",
    "ImproperPosteriorError": "errors",
    "ImproperPriorError": "errors",
    "NoEquivalent": "errors",
    "NoModeError": "errors",
    "SamplingWarning": "errors",
}

__all__ = [*_HOME, "__version__"]

if TYPE_CHECKING:
    from .auditing import Audit as Audit
    from .auditing import audit as audit
    from .bands import path_intervals as path_intervals
    from .bootstrap import bootstrap_map as bootstrap_map
    from .compare import compare_map_with_penalized as compare_map_with_penalized
    from .compilation import use_compilation_cache as use_compilation_cache
    from .conventions.implied import ImpliedPenalty as ImpliedPenalty
    from .conventions.implied import implied_penalty as implied_penalty
    from .conventions.table import CONVENTIONS as CONVENTIONS
    from .conventions.translation import Translation as Translation
    from .conventions.translation import translate as translate
    from .data.gram import GramData as GramData
    from .data.rows import RowData as RowData
    from .equivalence import equivalents as equivalents
    from .errors import CheckpointError as CheckpointError
    from .errors import ConvergenceWarning as ConvergenceWarning
    from .errors import DegenerateDataWarning as DegenerateDataWarning
    from .errors import ForkedProcessError as ForkedProcessError
    from .errors import ImproperPosteriorError as ImproperPosteriorError
    from .errors import ImproperPriorError as ImproperPriorError
    from .errors import NoEquivalent as NoEquivalent
    from .errors import NoModeError as NoModeError
    from .errors import SamplingWarning as SamplingWarning
    from .estimators import BayesRegressor as BayesRegressor
    from .estimators import from_sklearn as from_sklearn
    from .evidence import log_marginal_likelihood as log_marginal_likelihood
    from .intervals import compare_intervals as compare_intervals
    from .likelihoods import GaussianLikelihood as GaussianLikelihood
    from .mode.certificate import Certificate as Certificate
    from .mode.solve import MapEstimate as MapEstimate
    from .mode.solve import MapPath as MapPath
    from .mode.solve import map_estimate as map_estimate
    from .mode.solve import map_path as map_path
    from .model import LinearModel as LinearModel
    from .penalty import Penalty as Penalty
    from .plots.certificate import plot_certificate as plot_certificate
    from .plots.forest import plot_forest as plot_forest
    from .plots.geometry import plot_geometry as plot_geometry
    from .plots.paths import plot_coefficient_path as plot_coefficient_path
    from .plots.posterior_certificate import plot_posterior_certificate as plot_posterior_certificate
    from .plots.predictive import plot_calibration as plot_calibration
    from .plots.predictive import plot_observed as plot_observed
    from .plots.predictive import plot_predictive_check as plot_predictive_check
    from .plots.priors import plot_penalty as plot_penalty
    from .plots.priors import plot_prior as plot_prior
    from .plots.priors import plot_shrinkage as plot_shrinkage
    from .plots.scales import plot_scale_selection as plot_scale_selection
    from .posterior.certificate import PosteriorCertificate as PosteriorCertificate
    from .posterior.certificate import certify_posterior as certify_posterior
    from .posterior.leave_one_out import exact_loo as exact_loo
    from .posterior.predict import add_log_likelihood as add_log_likelihood
    from .posterior.predict import add_posterior_predictive as add_posterior_predictive
    from .posterior.predict import predict_posterior as predict_posterior
    from .posterior.predictive_check import PredictiveCheck as PredictiveCheck
    from .posterior.predictive_check import check_predictions as check_predictions
    from .posterior.prior import sample_prior as sample_prior
    from .posterior.sample import sample_posterior as sample_posterior
    from .posterior.sensitivity import scale_sensitivity as scale_sensitivity
    from .posterior.to_numpyro import to_numpyro as to_numpyro
    from .priors import ElasticNetPrior as ElasticNetPrior
    from .priors import FlatPrior as FlatPrior
    from .priors import GaussianPrior as GaussianPrior
    from .priors import LaplacePrior as LaplacePrior
    from .report.page import write_report as write_report
    from .selection import ScaleSelection as ScaleSelection
    from .selection import select_scale as select_scale


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
