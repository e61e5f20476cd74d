"""The checks for an improper posterior, with the remedy for each."""

import numpy as np

from ..base.errors import ImproperPosteriorError
from ..data.least_squares import LeastSquares, told_by_gram
from ..model.problem import Problem
from ..model.row_problem import AnyProblem, RowProblem
from ..model.separation import refuse_separation
from ..model.source_problem import AnyForm, SourceProblem
from ..priors.scales import bounds
from .spectrum import unpenalised_fit

_NEAR_ZERO = (1e-12, 1e-50, 1e-100)  # σ / spread of y at which the prior's power near 0 is measured
_FAR = 1e12
_CLEARLY = 1e-6  # of y'y: a residual sum of squares far above the rounding of statistics


def check_proper(problem: AnyForm) -> None:
    """Refuse an improper posterior.

    Raises
    ------
    ImproperPosteriorError
        If flat columns are rank-deficient, if nothing bounds σ from above, or if a perfect fit
        lets σ go to 0.
    """
    if isinstance(problem, SourceProblem):
        _check_flat_of_source(problem)
        problem.refuse_separation(ImproperPosteriorError, "the posterior is improper")
        return
    if isinstance(problem, RowProblem):
        _check_flat_rows(problem)
        refuse_separation(problem, ImproperPosteriorError, "the posterior is improper")
        return
    _check_flat_block(problem)
    _check_scales(problem)
    if problem.noise_scale is None:
        _check_noise(problem)


def integrated_out(problem: AnyProblem) -> int:
    """Count the coefficients under a flat prior, including the intercept."""
    return int(problem.centred) + int(problem.rates.flat.sum())


def power(problem: Problem) -> float:
    """Return the power of 1/σ in the likelihood after flat coefficients are integrated out."""
    return problem.sum_weights - integrated_out(problem)


def _check_flat_block(problem: Problem) -> None:
    block = problem.flat_block
    if block is None or not block.undetermined.any():
        return
    names = [name for name, flat in zip(problem.feature_names, problem.rates.flat, strict=False) if flat]
    raise _undetermined([name for name, hit in zip(names, block.undetermined, strict=False) if hit])


def _check_flat_rows(problem: RowProblem) -> None:
    flat = problem.rates.flat
    columns = problem.design[:, flat]
    columns = columns if isinstance(columns, np.ndarray) else columns.toarray()
    columns = columns * np.sqrt(problem.data.sample_weight)[:, None]
    norms = np.linalg.norm(columns, axis=0)
    if np.linalg.matrix_rank(columns / np.where(norms > 0.0, norms, 1.0)) < flat.sum():
        names = (*problem.feature_names, "intercept")
        raise _undetermined([name for name, hit in zip(names, flat, strict=False) if hit])


def _check_flat_of_source(problem: SourceProblem) -> None:
    undetermined = problem.undetermined()
    if undetermined.any():
        names = (*problem.feature_names, "intercept")
        raise _undetermined([name for name, hit in zip(names, undetermined, strict=False) if hit])


def _undetermined(names: list[str]) -> ImproperPosteriorError:
    return ImproperPosteriorError(
        f"the data leave the unpenalised coefficients of {', '.join(map(repr, names))} undetermined: these columns are "
        "constant or duplicates, or there are more of them than rows. Under a flat prior their posterior is improper. "
        "Give them a prior with a finite scale (a wide GaussianPrior will do), or drop columns."
    )


def _check_scales(problem: Problem) -> None:
    """Refuse a flat prior on a scale if the data inform fewer than two of its coefficients: its tail is too heavy."""
    if not problem.sampled_scales:
        return
    from numpyro.distributions import ImproperUniform

    for name, prior in problem.sampled_scales.items():
        if not isinstance(prior, ImproperUniform) or bounds(prior)[1] < np.inf:
            continue
        scaled = problem.is_feature[problem.penalised]  # not an intercept's own prior
        gram = problem.reduced.gram[np.ix_(scaled, scaled)]
        size = np.sqrt(np.where(np.diagonal(gram) > 0.0, np.diagonal(gram), 1.0))
        informative = (
            int(np.linalg.matrix_rank(gram / size / size[:, None], hermitian=True)) if gram.size else 0
        )
        if informative < 2:
            raise ImproperPosteriorError(
                f"the prior on {name} is flat, and the data inform {informative} of the coefficients that it scales. "
                "Its posterior is proper only with two or more. Give it a proper prior, for example HalfNormal."
            )


def _check_noise(problem: Problem) -> None:
    low, high = problem.likelihood.noise_bounds()
    free = problem.sum_weights - integrated_out(problem)
    at_infinity = _prior_power(problem, _FAR * problem.response_scale)
    if high == float("inf") and free - at_infinity <= 1.0:
        raise ImproperPosteriorError(
            f"nothing bounds noise_scale from above: its prior is flat and the weights sum to only "
            f"{problem.sum_weights:g}, with {integrated_out(problem)} coefficients under a flat prior. "
            "Give GaussianLikelihood a proper prior (None is one) or a known noise_scale."
        )
    # Coefficients with a prior relative to σ vanish with σ, so only the other columns can fit the data perfectly.
    if low > 0.0 or clearly_misfits(problem):
        return
    others = problem.reduced.zeroed(problem.penalised_rates.relative)
    smallest, held = unpenalised_fit(others)
    if smallest > others.rss_rounding * others.response_ss:
        return
    at_zero = max(_prior_power(problem, near * problem.response_scale) for near in _NEAR_ZERO)
    if free - held - at_zero >= 1.0:
        raise ImproperPosteriorError(
            "the data can be fitted perfectly (a constant or noiseless response), and the prior on noise_scale "
            "does not vanish at 0 fast enough: the posterior is improper. Give a known noise_scale, "
            "or a prior that vanishes at 0, for example LogNormal."
        )


def clearly_misfits(problem: Problem) -> bool:
    """Tell whether sufficient statistics show that no coefficients fit the data perfectly.

    If columns are nearly collinear, statistics lose directions, and with them a part of the fit. Then the answer is
    False, and the rows must decide.
    """
    if not problem.reduced.cross.size < problem.sum_weights or not told_by_gram(problem.reduced):
        return False
    statistics = problem.reduced.statistics
    return unpenalised_fit(statistics)[0] > _CLEARLY * statistics.response_ss


def as_told(problem: Problem) -> LeastSquares:
    """Return sufficient statistics if they give the residuals to many digits, else the rows."""
    return problem.reduced.statistics if clearly_misfits(problem) else problem.reduced


def _prior_power(problem: Problem, sigma: float) -> float:
    """Return d log p / d log σ of the prior at a noise scale."""
    assert problem.noise_log_prior is not None
    return sigma * problem.noise_log_prior(sigma)[1]
