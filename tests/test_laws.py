"""The law of one coefficient: what samplers and certificates ask of it agrees with its density."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from bayesreg.priors.elastic_net_algebra import conjugate, dual_step, gap_terms, violation
from bayesreg.priors.elastic_net_law import ELASTIC_NET, prior_energies

RATES = [(2.0, 0.0), (0.0, 3.0), (2.0, 3.0), (0.1, 5.0)]
BETA = np.array([-3.0, -0.4, 0.2, 1.7])


def log_density(beta, b_factor=1.0, tau_factor=1.0, rates=(2.0, 3.0)):
    l1, l2 = np.array(rates[0] / b_factor), np.array(rates[1] / tau_factor**2)
    return -ELASTIC_NET.energy(beta, l1, l2) - ELASTIC_NET.log_normaliser(l1, l2)


@pytest.mark.parametrize("rates", RATES)
def test_it_is_normalised(rates):
    total = 2.0 * quad(lambda beta: float(np.exp(log_density(beta, rates=rates))), 0.0, np.inf)[0]
    assert total == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("rates", RATES)
def test_its_derivatives(rates):
    l1, l2 = (np.full(BETA.size, rate) for rate in rates)
    h = 1e-5
    up, down = (ELASTIC_NET.energy(BETA + s * h, l1, l2) for s in (1, -1))
    np.testing.assert_allclose(ELASTIC_NET.slope(BETA, l1, l2), (up - down) / (2 * h), rtol=1e-7)
    np.testing.assert_allclose(ELASTIC_NET.weight(BETA, l1, l2) * BETA, ELASTIC_NET.slope(BETA, l1, l2))
    of_b, of_tau = ELASTIC_NET.of_scales(BETA, l1, l2)
    along_b = (log_density(BETA, np.exp(h), rates=rates) - log_density(BETA, np.exp(-h), rates=rates)) / (
        2 * h
    )
    along_tau = (log_density(BETA, 1.0, np.exp(h), rates) - log_density(BETA, 1.0, np.exp(-h), rates)) / (
        2 * h
    )
    np.testing.assert_allclose(of_b, along_b, atol=1e-7)
    np.testing.assert_allclose(of_tau, along_tau, atol=1e-7)


@pytest.mark.parametrize("rates", RATES)
def test_rounded_slopes_of_scales_are_derivatives_of_one_another(rates):
    l1, l2 = (np.full(BETA.size, rate) for rate in rates)
    h = 1e-5
    up, down = (ELASTIC_NET.of_scale_slopes(BETA + s * h, l1, l2, 0.3)[0] for s in (1, -1))
    np.testing.assert_allclose(
        ELASTIC_NET.of_scale_slopes(BETA, l1, l2, 0.3)[1], 0.3 * (up - down) / (2 * h), atol=1e-6
    )


@pytest.mark.parametrize("rates", RATES)
def test_draws_have_its_moments(rates):
    l1, l2 = (np.full((200_000, 1), rate) for rate in rates)
    drawn = ELASTIC_NET.draw(np.random.default_rng(1), l1, l2)
    absolute, quadratic = prior_energies(np.array(rates[0]), np.array(rates[1]))
    assert (rates[0] * np.abs(drawn)).mean() == pytest.approx(float(absolute), abs=0.01)
    assert (0.5 * rates[1] * drawn**2).mean() == pytest.approx(float(quadratic), abs=0.01)


@pytest.mark.parametrize("rates", [(2.0, 0.0), (2.0, 3.0)])
def test_mixing_given_a_coefficient_has_the_density_of_both(rates):
    """p(e | β) ∝ Exponential(e)·weight(e)·Normal(β; 0, variance(e)): its mean of log e by quadrature."""
    l1, l2, beta = *rates, 0.6
    u = np.linspace(-40.0, 5.0, 100_001)
    with jax.enable_x64(True):
        norm = ELASTIC_NET.log_normaliser(jnp.asarray(l1), jnp.asarray(l2))
        variance, weight = ELASTIC_NET.variance(jnp.exp(u), jnp.full(u.size, l1), jnp.full(u.size, l2), norm)
        log_p = np.asarray(ELASTIC_NET.log_mixing(jnp.exp(u), jnp.asarray(u), weight))
        log_p = log_p - 0.5 * np.log(variance) - 0.5 * beta**2 / np.asarray(variance)
        density = np.exp(log_p - log_p.max())
        exact = density @ u / density.sum()
        ones = jnp.ones(200_000)
        drawn = np.log(
            np.asarray(ELASTIC_NET.draw_mixing(jax.random.key(0), beta * ones, l1 * ones, l2 * ones))
        )
    assert drawn.mean() == pytest.approx(exact, abs=4.5 * drawn.std() / np.sqrt(drawn.size))


def test_duality_in_numpy_and_jax_agree():
    rng = np.random.default_rng(0)
    coef, z, l1 = rng.normal(size=(3, 50))
    l1, l2 = np.abs(l1), np.where(rng.random(50) < 0.5, 0.0, np.abs(rng.normal(size=50)))
    coef[::3] = 0.0
    with jax.enable_x64(True):
        for function, arguments in (
            (dual_step, (z, l1, l2)),
            (conjugate, (z, l1, l2)),
            (gap_terms, (coef, z, l1, l2)),
            (violation, (coef, z, l1)),
        ):
            theirs = function(*(jnp.asarray(a) for a in arguments))
            np.testing.assert_allclose(function(*arguments), theirs, rtol=1e-14, atol=1e-15)


def test_gap_terms_are_at_least_0_at_a_feasible_dual_point():
    rng = np.random.default_rng(1)
    for _ in range(200):
        coef, z, l1 = rng.normal(size=(3, 8)) * np.exp(rng.normal(size=(3, 1)))
        l1, l2 = np.abs(l1), np.where(rng.random(8) < 0.5, 0.0, np.abs(rng.normal(size=8)))
        feasible = dual_step(z, l1, l2) * z
        assert (np.abs(feasible[l2 == 0.0]) <= l1[l2 == 0.0] * (1 + 1e-12)).all()
        assert (gap_terms(coef, feasible, l1, l2) >= -1e-12).all()


def test_a_coefficient_of_0_without_an_l1_part_is_a_number():
    """An intercept with a Gaussian prior beside Laplace coefficients: l1/|β| was 0/0 at an intercept of exactly 0."""
    l1, l2, coef = np.array([2.0, 0.0, 0.0]), np.array([0.0, 3.0, 0.0]), np.zeros(3)
    np.testing.assert_array_equal(ELASTIC_NET.precision(l1, l2, coef), [2.0, 3.0, 0.0])
    np.testing.assert_array_equal(ELASTIC_NET.weight(coef, l1, l2), [np.inf, 3.0, 0.0])
