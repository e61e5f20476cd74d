"""Who needs what: every method that a model or data do not suit says so in one form."""

import numpy as np
import pytest
from numpyro.distributions import HalfNormal
from test_own_parts import module_of, unequal

import bayesreg as br

X, Y, SD = unequal()
ROWS = br.RowData.from_arrays(X, Y)
GRAM = br.GramData.from_arrays(X, Y)
OWN = module_of("a-likelihood-of-your-own.md")["UnequalNoise"](SD)
STUDENT_T = module_of("a-prior-of-your-own.md")["StudentTPrior"]
LASSO = br.LinearModel(br.LaplacePrior(0.2), OWN)
OUTLIERS = br.LinearModel(br.LaplacePrior(0.2), br.StudentTLikelihood(4.0, 1.0))
HEAVY = br.LinearModel(STUDENT_T(0.2), br.GaussianLikelihood(1.0))

CONVEX = "a likelihood whose loss is convex, but the loss of StudentTLikelihood is not. Use map_estimate at one scale"
PENALTY = "a prior that is a penalty l1|β| + ½ l2 β², but StudentTPrior is not. Its posterior can be sampled"
ROW = "rows, but GramData has none. Give RowData."
CASES = [
    (br.select_scale, OUTLIERS, ROWS, CONVEX),
    (br.select_scale, LASSO, GRAM, ROW),
    (br.map_path, OUTLIERS, ROWS, CONVEX),
    (br.map_estimate, LASSO, GRAM, ROW),
    (br.map_path, LASSO, GRAM, ROW),
    (br.sample_posterior, LASSO, GRAM, ROW),
    (br.sample_prior, LASSO, GRAM, ROW),
    (br.to_numpyro, LASSO, GRAM, ROW),
    (br.map_estimate, HEAVY, ROWS, PENALTY),
    (br.map_path, HEAVY, ROWS, PENALTY),
    (br.select_scale, HEAVY, ROWS, PENALTY),
    (
        br.sample_posterior,
        br.LinearModel(STUDENT_T(HalfNormal(1.0))),
        ROWS,
        "a prior that integrates under a Gaussian likelihood, because its scale is sampled, but StudentTPrior does not",
    ),
]


@pytest.mark.parametrize(
    ("method", "model", "data", "said"), CASES, ids=[f"{c[0].__name__}-{c[3][:12]}" for c in CASES]
)
def test_a_method_says_what_it_needs_and_what_was_given(method, model, data, said):
    with pytest.raises(TypeError) as error:
        method(model, data)
    assert str(error.value).startswith(f"{method.__name__} needs {said}")


@pytest.mark.parametrize("method", ["marginal", "gibbs"])
def test_a_sampler_that_needs_a_quadratic_loss_says_so(method):
    with pytest.raises(ValueError, match=f"method='{method}' needs a likelihood whose loss is one quadratic"):
        br.sample_posterior(LASSO, ROWS, method=method)


def test_a_prior_of_another_law_is_refused_for_the_intercept():
    with pytest.raises(TypeError, match="same law as `prior`; got GaussianPrior with StudentTPrior"):
        br.LinearModel(STUDENT_T(0.2), intercept_prior=br.GaussianPrior(1.0))


def test_predictions_from_draws_alone_ask_for_a_likelihood_of_ones_own():
    tree = br.sample_posterior(LASSO, ROWS, num_warmup=50, num_samples=50, num_chains=1, progress=False)
    with pytest.raises(ValueError, match="a likelihood of your own, 'unequal noise', which they do not hold"):
        br.predict_posterior(tree, X)
    known = br.predict_posterior(tree, X, likelihood=OWN)
    assert np.isfinite(known.to_numpy()).all()


def test_sensitivity_to_the_scale_is_refused_beside_a_prior_that_is_no_penalty():
    tree = br.sample_posterior(HEAVY, ROWS, num_samples=50, num_chains=1, progress=False)
    with pytest.raises(ValueError, match="the prior is not a penalty"):
        br.scale_sensitivity(tree)


def test_a_likelihood_of_certain_rows_cannot_be_split_into_folds():
    with pytest.raises(
        TypeError, match="method='cv' needs a likelihood of any rows, but UnequalNoise holds one number"
    ):
        br.select_scale(LASSO, ROWS)
    assert br.select_scale(LASSO, ROWS, "bic", n_scales=4).scores.shape == (4,)
