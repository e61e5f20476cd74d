"""Modes of densities that are not log-concave: Student-t noise, and nuisance parameters that are estimated too."""

from pathlib import Path

import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions import ImproperUniform, constraints
from scipy.optimize import minimize

import bayesreg as br

FLAT = ImproperUniform(constraints.positive, (), ())
RNG = np.random.default_rng(1)
X = RNG.normal(size=(120, 3))
Y = X @ [1.0, -0.5, 0.0] + 0.5 * RNG.standard_t(3, size=120)
COUNTS = RNG.poisson(np.exp(0.5 + X @ [0.4, -0.2, 0.0]) * RNG.gamma(1.5, size=120) / 1.5)


def test_flat_priors_give_the_fit_of_hett():
    """Monthly returns of Martin Marietta on the CRSP index, 1982 to 1986; tlm of R's hett, printed to 7 digits.

    J. Taylor and A. Verbyla (2004), doi:10.1191/1471082X04st068oa; figures as statsmodels' tests print them.
    """
    crsp, marietta = np.loadtxt(Path(__file__).parent / "data" / "marietta.csv", delimiter=",", skiprows=1).T
    found = br.map_estimate(
        br.LinearModel(br.FlatPrior(), br.StudentTLikelihood(FLAT, FLAT)),
        br.RowData.from_arrays(crsp[:, None], marietta),
    )
    assert found.intercept == pytest.approx(-0.007248461, abs=1e-5)
    assert found.coef[0] == pytest.approx(1.263751, rel=1e-5)
    assert found.nuisance["df"] == pytest.approx(2.837183, abs=1e-3)
    assert found.noise_scale == pytest.approx(np.sqrt(0.002520962), rel=1e-4)
    height = (
        br.StudentTLikelihood()
        .log_prob(found.intercept + crsp * found.coef[0], marietta, found.nuisance)
        .sum()
    )
    assert height == pytest.approx(71.81292, abs=1e-4)


@pytest.mark.parametrize(
    ("prior", "log_prior"),
    [
        (br.GaussianPrior(0.6), lambda coef, _: -0.5 * (coef @ coef) / 0.36),
        (br.LaplacePrior(0.05), lambda coef, _: -np.abs(coef).sum() / 0.05),
        (
            br.LaplacePrior(0.1, relative_to_noise=True),
            lambda coef, sigma: -np.abs(coef).sum() / (0.1 * sigma) - coef.size * np.log(sigma),
        ),
    ],
    ids=["gaussian", "laplace", "relative laplace"],
)
@pytest.mark.parametrize("known", [True, False])
def test_no_step_of_any_coordinate_goes_up(prior, log_prior, known):
    """The density is written here again; a simplex search from the mode finds nothing higher."""
    likelihood = br.StudentTLikelihood(3.0, 0.5 if known else dist.Exponential(2.0))
    found = br.map_estimate(br.LinearModel(prior, likelihood), br.RowData.from_arrays(X, Y))
    assert found.certificate.kind == "stationary"
    assert np.isnan(found.duality_gap)
    assert found.converged
    assert found.kkt_residual < 1e-7
    assert "no duality gap" in str(found.certificate)

    def minus_log_density(z):
        sigma = found.noise_scale if known else np.exp(z[4])
        nuisance = {"df": 3.0, "noise_scale": sigma}
        height = likelihood.log_prob(z[3] + X @ z[:3], Y, nuisance).sum() + log_prior(z[:3], sigma)
        return -(height if known else height - 2.0 * sigma)

    start = np.concatenate([found.coef, [found.intercept], [] if known else [np.log(found.noise_scale)]])
    best = minimize(
        minus_log_density, start, method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxfev": 4000, "initial_simplex": start + 0.03 * np.eye(start.size + 1, start.size)},
    )  # fmt: skip
    assert minus_log_density(start) <= best.fun + 1e-9
    np.testing.assert_allclose(best.x, start, atol=3e-5)


def test_outliers_pull_little():
    y = Y.copy()
    y[:8] += 40.0
    data = br.RowData.from_arrays(X, y)
    robust = br.map_estimate(br.LinearModel(br.GaussianPrior(5.0), br.StudentTLikelihood(3.0)), data)
    np.testing.assert_allclose(robust.coef, [1.0, -0.5, 0.0], atol=0.25)
    assert robust.intercept == pytest.approx(0.0, abs=0.25)


def test_a_dispersion_with_a_prior_is_estimated_too():
    model = br.LinearModel(br.GaussianPrior(1.0), br.NegativeBinomialLikelihood(dist.Gamma(2.0, 1.0)))
    data = br.RowData.from_arrays(X, COUNTS)
    found = br.map_estimate(model, data)
    k = found.nuisance["dispersion"]
    assert found.certificate.kind == "stationary"

    def height(value):
        likelihood = br.NegativeBinomialLikelihood(value)
        at = br.map_estimate(br.LinearModel(br.GaussianPrior(1.0), likelihood), data)
        of_rows = likelihood.log_prob(at.intercept + X @ at.coef, COUNTS, {"dispersion": value}).sum()
        return of_rows - 0.5 * at.coef @ at.coef + np.log(value) - value

    assert height(k) > max(height(k * 1.01), height(k / 1.01))


def test_a_noise_scale_that_goes_to_0_is_refused():
    data = br.RowData.from_arrays(X[:4, :3], Y[:4])
    with pytest.raises(br.NoModeError, match="noise_scale goes to 0"):
        br.map_estimate(br.LinearModel(br.FlatPrior(), br.StudentTLikelihood(3.0, FLAT)), data)


def test_a_path_needs_a_convex_loss_and_known_parameters():
    data = br.RowData.from_arrays(X, COUNTS)
    with pytest.raises(TypeError, match="a likelihood whose loss is convex"):
        br.map_path(br.LinearModel(br.LaplacePrior(), br.StudentTLikelihood(4.0, 1.0)), data)
    unknown = br.NegativeBinomialLikelihood(dist.Gamma(2.0, 1.0))
    with pytest.raises(ValueError, match="dispersion is unknown"):
        br.map_path(br.LinearModel(br.LaplacePrior(), unknown), data)
