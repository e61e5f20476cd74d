"""Regularised linear models: the mode with its proof, and the width around it.

The public names load on first use (PEP 562), so ``import bayesreg`` costs
next to nothing and pulls in no plotting, sampling or estimator library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .base import jax_context as jax_context  # it has to know of every fork
from .base.moved import find_old_homes
from .base.version import __version__ as __version__

find_old_homes()

_HOME = {
    "LaplacePrior": "priors.laplace",
    "GaussianPrior": "priors.gaussian",
    "ElasticNetPrior": "priors.elastic_net",
    "FlatPrior": "priors.flat",
    "GaussianLikelihood": "likelihoods.gaussian",
    "BernoulliLikelihood": "likelihoods.bernoulli",
    "PoissonLikelihood": "likelihoods.poisson",
    "NegativeBinomialLikelihood": "likelihoods.negative_binomial",
    "StudentTLikelihood": "likelihoods.student_t",
    "Penalty": "priors.penalty",
    "CONVENTIONS": "conventions.table",
    "Translation": "conventions.translation",
    "translate": "conventions.translation",
    "LinearModel": "model.linear_model",
    "RowData": "data.rows",
    "GramData": "data.gram",
    "RowSource": "data.row_source",
    "BatchSpec": "data.sources.spec",
    "reduce_batch": "data.reduce_batch",
    "Certificate": "mode.certificate",
    "MapEstimate": "mode.estimate",
    "MapPath": "mode.estimate",
    "map_estimate": "mode.estimate",
    "map_path": "mode.estimate",
    "sample_posterior": "posterior.sample",
    "certify_posterior": "posterior.certificate",
    "PosteriorCertificate": "posterior.certificate",
    "add_log_likelihood": "posterior.draws.predict",
    "add_posterior_predictive": "posterior.draws.predict",
    "predict_posterior": "posterior.draws.predict",
    "effect_ratios": "posterior.draws.effects",
    "marginal_effects": "posterior.draws.effects",
    "PredictiveCheck": "posterior.draws.predictive_check",
    "check_predictions": "posterior.draws.predictive_check",
    "Replicates": "posterior.draws.replicates",
    "replicate": "posterior.draws.replicates",
    "sample_prior": "posterior.draws.prior",
    "exact_loo": "posterior.draws.leave_one_out",
    "scale_sensitivity": "posterior.draws.sensitivity",
    "to_numpyro": "posterior.to_numpyro",
    "log_marginal_likelihood": "gaussian.evidence",
    "Audit": "compare.audit",
    "audit": "compare.audit",
    "compare_map_with_penalized": "compare.scikit_learn",
    "equivalents": "compare.equivalents",
    "ImpliedPenalty": "compare.default_priors",
    "implied_penalty": "compare.default_priors",
    "bootstrap_map": "compare.bootstrap",
    "compare_intervals": "compare.intervals",
    "ScaleSelection": "selection.scale_selection",
    "select_scale": "selection.select",
    "BayesRegressor": "estimators.regressor",
    "BayesClassifier": "estimators.classifier",
    "from_sklearn": "estimators.from_sklearn",
    "use_compilation_cache": "base.compilation_cache",
    "write_report": "app.report.page",
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
    "plot_probabilities": "plots.probabilities",
    "plot_quantile_residuals": "plots.residuals",
    "plot_reliability": "plots.probabilities",
    "plot_replicates": "plots.replicates",
    "plot_residuals": "plots.residuals",
    "plot_rootogram": "plots.rootogram",
    "path_intervals": "selection.path_intervals",
    "plot_scale_selection": "plots.scales",
    "CheckpointError": "base.errors",
    "ConvergenceWarning": "base.errors",
    "DegenerateDataWarning": "base.errors",
    "ForkedProcessError": "base.errors",
    "ImproperPosteriorError": "base.errors",
    "ImproperPriorError": "base.errors",
    "NoEquivalent": "base.errors",
    "NoModeError": "base.errors",
    "RowOrderWarning": "base.errors",
    "SamplingWarning": "base.errors",
}

__all__ = [*_HOME, "__version__"]

if TYPE_CHECKING:
    from .app.report.page import write_report as write_report
    from .base.compilation_cache import use_compilation_cache as use_compilation_cache
    from .base.errors import CheckpointError as CheckpointError
    from .base.errors import ConvergenceWarning as ConvergenceWarning
    from .base.errors import DegenerateDataWarning as DegenerateDataWarning
    from .base.errors import ForkedProcessError as ForkedProcessError
    from .base.errors import ImproperPosteriorError as ImproperPosteriorError
    from .base.errors import ImproperPriorError as ImproperPriorError
    from .base.errors import NoEquivalent as NoEquivalent
    from .base.errors import NoModeError as NoModeError
    from .base.errors import RowOrderWarning as RowOrderWarning
    from .base.errors import SamplingWarning as SamplingWarning
    from .compare.audit import Audit as Audit
    from .compare.audit import audit as audit
    from .compare.bootstrap import bootstrap_map as bootstrap_map
    from .compare.default_priors import ImpliedPenalty as ImpliedPenalty
    from .compare.default_priors import implied_penalty as implied_penalty
    from .compare.equivalents import equivalents as equivalents
    from .compare.intervals import compare_intervals as compare_intervals
    from .compare.scikit_learn import compare_map_with_penalized as compare_map_with_penalized
    from .conventions.table import CONVENTIONS as CONVENTIONS
    from .conventions.translation import Translation as Translation
    from .conventions.translation import translate as translate
    from .data.gram import GramData as GramData
    from .data.reduce_batch import reduce_batch as reduce_batch
    from .data.row_source import RowSource as RowSource
    from .data.rows import RowData as RowData
    from .data.sources.spec import BatchSpec as BatchSpec
    from .estimators.classifier import BayesClassifier as BayesClassifier
    from .estimators.from_sklearn import from_sklearn as from_sklearn
    from .estimators.regressor import BayesRegressor as BayesRegressor
    from .gaussian.evidence import log_marginal_likelihood as log_marginal_likelihood
    from .likelihoods.bernoulli import BernoulliLikelihood as BernoulliLikelihood
    from .likelihoods.gaussian import GaussianLikelihood as GaussianLikelihood
    from .likelihoods.negative_binomial import NegativeBinomialLikelihood as NegativeBinomialLikelihood
    from .likelihoods.poisson import PoissonLikelihood as PoissonLikelihood
    from .likelihoods.student_t import StudentTLikelihood as StudentTLikelihood
    from .mode.certificate import Certificate as Certificate
    from .mode.estimate import MapEstimate as MapEstimate
    from .mode.estimate import MapPath as MapPath
    from .mode.estimate import map_estimate as map_estimate
    from .mode.estimate import map_path as map_path
    from .model.linear_model import LinearModel as LinearModel
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
    from .plots.probabilities import plot_probabilities as plot_probabilities
    from .plots.probabilities import plot_reliability as plot_reliability
    from .plots.replicates import plot_replicates as plot_replicates
    from .plots.residuals import plot_quantile_residuals as plot_quantile_residuals
    from .plots.residuals import plot_residuals as plot_residuals
    from .plots.rootogram import plot_rootogram as plot_rootogram
    from .plots.scales import plot_scale_selection as plot_scale_selection
    from .posterior.certificate import PosteriorCertificate as PosteriorCertificate
    from .posterior.certificate import certify_posterior as certify_posterior
    from .posterior.draws.effects import effect_ratios as effect_ratios
    from .posterior.draws.effects import marginal_effects as marginal_effects
    from .posterior.draws.leave_one_out import exact_loo as exact_loo
    from .posterior.draws.predict import add_log_likelihood as add_log_likelihood
    from .posterior.draws.predict import add_posterior_predictive as add_posterior_predictive
    from .posterior.draws.predict import predict_posterior as predict_posterior
    from .posterior.draws.predictive_check import PredictiveCheck as PredictiveCheck
    from .posterior.draws.predictive_check import check_predictions as check_predictions
    from .posterior.draws.prior import sample_prior as sample_prior
    from .posterior.draws.replicates import Replicates as Replicates
    from .posterior.draws.replicates import replicate as replicate
    from .posterior.draws.sensitivity import scale_sensitivity as scale_sensitivity
    from .posterior.sample import sample_posterior as sample_posterior
    from .posterior.to_numpyro import to_numpyro as to_numpyro
    from .priors.elastic_net import ElasticNetPrior as ElasticNetPrior
    from .priors.flat import FlatPrior as FlatPrior
    from .priors.gaussian import GaussianPrior as GaussianPrior
    from .priors.laplace import LaplacePrior as LaplacePrior
    from .priors.penalty import Penalty as Penalty
    from .selection.path_intervals import path_intervals as path_intervals
    from .selection.scale_selection import ScaleSelection as ScaleSelection
    from .selection.select import select_scale as select_scale


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
