"""The sweep that `make sweep` runs in full: its exact answers, its judgement, and a dozen of its posteriors."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import quad

import bayesreg as br
from calibration.exact import exact
from calibration.half_line import half_line_moments, one_line
from calibration.judge import judge
from calibration.ladder import ladder_answer
from calibration.positive import Positive
from calibration.posterior import Posterior
from calibration.random_posteriors import SIZES, orthogonal_rows, random_posterior
from calibration.reference import difference_from_reference
from calibration.sweep import cases, verdict
from calibration.sweep_page import sweep_page


def orthogonal(n, squares, least_squares, rss, **options):
    X, y = orthogonal_rows(np.random.default_rng(0), n, np.array(squares), np.array(least_squares), rss)
    return Posterior(X, y, copies=(1,) * len(squares), **options)


@pytest.mark.parametrize("x", [-2000.0, -40.0, -3.1, -2.9, 0.0, 5.0, 900.0])
def test_moments_on_the_half_line(x):
    low, high = (0.0, 60.0 / (1.0 - x)) if x < 0 else (max(0.0, x - 12.0), x + 12.0)

    def integral(k):
        return quad(
            lambda t: t**k * np.exp(x * t - 0.5 * t**2 - 0.5 * max(x, 0.0) ** 2),
            low,
            high,
            epsabs=0,
            limit=300,
        )[0]

    found = half_line_moments(np.array([x]), 6)
    np.testing.assert_allclose(
        [one[0] for one in found], [integral(k) / integral(0) for k in range(7)], rtol=1e-7
    )


@pytest.mark.parametrize("copies", [2, 3])
def test_coefficients_that_share_a_column(copies):
    """Against sums over a grid of all of them."""
    b, sigma, d, at = 0.7, 0.9, 3.0, 1.4
    line = one_line(*(np.array(v) for v in (at, d, sigma, 1.0 / b, 0.0)), copies)
    grid = np.linspace(-7.0, 7.0, 201)
    each = np.exp(-np.abs(grid) / b) * (grid[1] - grid[0]) / (2.0 * b)
    others = [grid[:, None], grid[:, None] + grid[None, :]][copies - 2]
    prior = [each[:, None], each[:, None] * each[None, :]][copies - 2]
    sums = (grid[None, None, :] + others[..., None]) if copies == 3 else grid[None, :] + others
    weight = (
        (prior[..., None] if copies == 3 else prior) * each * np.exp(-0.5 * d * ((sums - at) / sigma) ** 2)
    )
    weight = weight.reshape(-1, len(grid)).sum(axis=0)
    assert np.exp(line.log_integral) == pytest.approx(weight.sum(), rel=3e-3)
    for k, moment in enumerate(line.moments, start=1):
        assert moment == pytest.approx((weight * grid**k).sum() / weight.sum(), rel=6e-3)


def test_answers_agree_with_the_quadrature_of_other_hands(validation):
    noise = Positive("HalfCauchy", (2.0,))
    alone = orthogonal(31, [20.0, 31.0, 8.0], [1.3, -0.4, 0.05], 25.0, noise=noise, laplace=0.09)
    for posterior in (alone, replace(alone, relative=True), replace(alone, X=alone.X[:, :2], copies=(1, 1))):
        assert difference_from_reference(posterior, exact(posterior)) < 1e-9


def test_two_correlated_columns_are_exact_where_they_are_orthogonal():
    posterior = orthogonal(
        12, [9.0, 12.0], [1.1, -0.2], 7.0, noise=Positive("HalfNormal", (3.0,)), laplace=0.2
    )
    alone, pair = (exact(one)["parameters"] for one in (posterior, replace(posterior, copies=())))
    for name, values in alone.items():
        assert pair[name] == pytest.approx(values, rel=1e-9)


@pytest.mark.parametrize("scale", [0.3, Positive("InverseGamma", (3.0, 1.5))])
@pytest.mark.parametrize("relative", [False, True])
def test_gaussian_coefficients_along_principal_axes_and_one_by_one(scale, relative):
    posterior = orthogonal(
        15,
        [15.0, 15.0, 4.0],
        [1.0, -0.5, 0.2],
        11.0,
        noise=Positive("HalfCauchy", (1.0,)),
        gaussian=scale,
        relative=relative,
    )
    one_by_one, axes = exact(posterior), exact(replace(posterior, copies=()))
    for name, values in one_by_one["parameters"].items():
        assert axes["parameters"][name] == pytest.approx(values, rel=1e-7)


def test_a_finer_grid_changes_nothing():
    for kind, number in (("fixed", 53), ("scales", 28), ("wide", 9)):
        posterior = random_posterior(kind, number)
        usual, finer = exact(posterior), exact(posterior, 1.7)
        for name, values in usual["parameters"].items():
            assert abs(values["mean"] - finer["parameters"][name]["mean"]) < 1e-7 * values["sd"]
            assert values["sd"] == pytest.approx(finer["parameters"][name]["sd"], rel=1e-7)
        assert len(usual["bulks"]) == len(finer["bulks"])


def test_a_case_is_known_by_its_number():
    for kind in SIZES:
        one, again, other = (random_posterior(kind, number) for number in (5, 5, 6))
        assert np.array_equal(one.y, again.y)
        assert str(one) == str(again) != str(other)
    model, data, answer = cases("fixed", 5)
    assert data.n_features == 2
    assert set(answer["parameters"]) == {"coef[0]", "coef[1]", "log noise_scale"}
    assert model.likelihood.noise_scale is None


def test_the_sweep_holds_what_it_is_for():
    drawn = [
        random_posterior(kind, number)
        for kind in SIZES
        for number in range(3, 40)
        if number % 10 in range(3, 9) and number % 6 and number % 8 != 3  # those take no search
    ]
    assert any(len(one.X) < one.X.shape[1] for one in drawn)
    assert {one.prior for one in drawn} == {"Laplace", "Gaussian", "elastic net"}
    families = {value.family for one in drawn for value in one.sampled.values()}
    assert families == {"HalfNormal", "HalfCauchy", "LogNormal", "Gamma", "InverseGamma"}
    assert {one.relative for one in drawn} == {True, False}
    assert any(isinstance(one.noise, float) for one in drawn)
    assert [len(exact(random_posterior("fixed", number))["bulks"]) for number in (31, 53)] == [2, 2]


@pytest.mark.extended
def test_a_ladder_crosses_between_bulks():
    """Where columns are orthogonal, and quadrature tells."""
    rng = np.random.default_rng(5)
    X, y = orthogonal_rows(rng, 9, np.full(4, 9.0), np.array([30.0, -0.3, 0.2, 0.1]), 0.6)
    X = np.repeat(X, 3, axis=1)
    posterior = Posterior(X, y, Positive("HalfNormal", (20.0,)), laplace=1.02, copies=(3,) * 4)
    truth, found = exact(posterior), ladder_answer(posterior, 150)
    assert [round(mass, 1) for _, mass in truth["bulks"]] == [0.4, 0.6]
    assert found["bulks"][0][1] == pytest.approx(truth["bulks"][0][1], abs=0.12)
    for name, values in truth["parameters"].items():
        told = found["parameters"][name]
        assert told["mean_error"] < 0.1 * values["sd"]
        assert abs(told["mean"] - values["mean"]) < 7.0 * told["mean_error"] + 1e-3 * values["sd"]
        assert abs(told["sd"] - values["sd"]) < 7.0 * told["sd_error"] + 1e-3 * values["sd"]


def _draws(change=lambda coef, log_sigma: (coef, log_sigma)):
    """Return independent draws of a normal coefficient and of a log σ in two bulks, with their answer."""
    rng = np.random.default_rng(1)
    bulk = rng.random((4, 1000)) < 0.2
    log_sigma = np.where(bulk, 3.0, 0.0) + 0.1 * rng.normal(size=bulk.shape)
    coef, log_sigma = change(rng.normal(size=(4, 1000, 1)), log_sigma)
    spread = 0.16 * 9.0 + 0.01
    fourth = 9.0**2 * 0.16 * (1 - 3 * 0.16) + 6 * 0.01 * 0.16 * 9.0 + 3e-4
    answer = {
        "parameters": {
            "coef[0]": {"mean": 0.0, "sd": 1.0, "kurtosis": 3.0},
            "log noise_scale": {"mean": 0.6, "sd": np.sqrt(spread), "kurtosis": fourth / spread**2},
        },
        "bulks": [(1.0, 0.8), (20.0, 0.2)],
        "splits": [4.5],
    }
    values = {"coef": SimpleNamespace(values=coef), "noise_scale": SimpleNamespace(values=np.exp(log_sigma))}
    return judge({"posterior": values}, answer)


def test_right_draws_are_judged_right():
    assert all(test.passes for test in _draws())


@pytest.mark.parametrize(
    "change",
    [
        lambda coef, log_sigma: (0.9 * coef, log_sigma),
        lambda coef, log_sigma: (coef + 0.15, log_sigma),
        lambda coef, log_sigma: (np.clip(coef, -1.4, 1.4), log_sigma),
        lambda coef, log_sigma: (coef, np.where(log_sigma > 1.5, log_sigma - 3.0, log_sigma)),
        lambda coef, log_sigma: (coef, np.concatenate([log_sigma[:3], 0.0 * log_sigma[:1] + 3.0])),
    ],
    ids=["narrow", "shifted", "tails cut", "one bulk", "a chain in another bulk"],
)
def test_wrong_draws_are_judged_wrong(change):
    assert not all(test.passes for test in _draws(change))


TAILS = orthogonal(
    40, [40.0] * 8, [2.16, -0.96, 0.84, 0.48, 0.0, 0.0, 0.0, 0.0], 38.6, noise=Positive("HalfCauchy", (2.5,)), laplace=0.05
)  # fmt: skip
TWO_BULKS = orthogonal(
    81, [1.31] * 4, [-81.7, 0.4, 2.7, 2.8], 514.84, noise=Positive("HalfNormal", (21.4,)), laplace=0.656
)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(TAILS, id="tails"),
        pytest.param(TWO_BULKS, id="the wrong one of two bulks"),
        ("fixed", 24),
        ("scales", 1),
        ("wide", 9),
        *(
            pytest.param(case, marks=pytest.mark.extended)
            for case in (
                ("fixed", 35),
                ("fixed", 50),
                ("fixed", 51),
                ("fixed", 53),
                ("scales", 17),
                ("scales", 54),
                ("wide", 7),
            )
        ),
    ],
    ids=lambda case: " ".join(map(str, case)) if isinstance(case, tuple) else None,
)
def test_none_is_wrong_in_silence(case):
    posterior = random_posterior(*case) if isinstance(case, tuple) else case
    entry, _ = verdict(posterior, exact(posterior), seed=1)
    assert entry["verdict"] in ("right", "right, warned", "told"), entry


@pytest.mark.parametrize("number", [33, pytest.param(49, marks=pytest.mark.extended)])
def test_a_narrow_ridge_of_noise_and_scale_together_is_drawn_right(number):
    """Their product is told well and neither alone: values of the scale have to be close for what lies between."""
    posterior = random_posterior("wide", number)
    entry, _ = verdict(posterior, exact(posterior), seed=1)
    assert entry["verdict"] == "right", entry


@pytest.mark.parametrize(
    "case", [pytest.param(("wide", 3), marks=pytest.mark.extended), ("fixed", 52)], ids=str
)
def test_parts_that_chains_are_slow_to_cross_are_drawn_apart(case):
    """The valley between is too shallow to part two bulks at once; R-hat or the certificate refuses the first run."""
    posterior = random_posterior(*case)
    entry, _ = verdict(posterior, exact(posterior), seed=1)
    assert entry["verdict"] == "right, warned", entry
    assert "two separate parts" in entry["warning"]


@pytest.mark.parametrize("number", [pytest.param(142, marks=pytest.mark.extended), 161])
def test_a_light_part_beyond_a_shallow_valley_is_drawn_at_once(number):
    """Of half a percent and of 1.3%: chains from the other never found it, R-hat 1.00, and the certificate saw none."""
    posterior = random_posterior("fixed", number)
    entry, _ = verdict(posterior, exact(posterior), seed=1)
    assert entry["verdict"] == "right, warned", entry
    assert "two separate parts" in entry["warning"]


def test_a_part_without_a_draw_is_found():
    posterior = random_posterior("fixed", 161)
    with pytest.warns(
        br.SamplingWarning, match=r"no draw of noise_scale lies above .*, but 1\..% of its mass"
    ):
        br.sample_posterior(posterior.model(), posterior.data(), method="independence", progress=False)


def test_the_posteriors_that_started_it():
    tails = exact(TAILS)["parameters"]["coef[0]"]
    assert tails["sd"] == pytest.approx(0.1236, rel=0.01)
    assert tails["mean"] == pytest.approx(0.0865, rel=0.02)
    two = exact(TWO_BULKS)
    assert two["parameters"]["coef[0]"]["mean"] == pytest.approx(-2.9, abs=0.05)
    assert [round(mass, 3) for _, mass in two["bulks"]] == [0.023, 0.977]


def test_the_page_says_what_the_results_say(tmp_path):
    right = {"text": "Laplace, 9×3", "verdict": "right", "sampler": "gibbs/gibbs", "z": 1.2, "bulks": [[1.0, 1.0]],
             "certified": 1, "certificate_z": 2.1, "warning": "", "seconds": 0.5}  # fmt: skip
    silent = right | {
        "verdict": "silent",
        "z": 50.0,
        "worst": "sd of coef[0]: 1, exact 2",
        "bulks": [[1, 0.5], [9, 0.5]],
    }
    refused = {"text": "Laplace, 9×3", "verdict": "refused", "warning": "no"}
    results = {
        "command": "x",
        "date": "d",
        "seed": 0,
        "cases": {"fixed": {"0": right, "4": silent}, "wide": {"1": refused}},
    }
    sweep_page(json.loads(json.dumps(results)), tmp_path)
    text = (tmp_path / "calibration" / "sweep.md").read_text()
    assert "1 is wrong in silence" in text
    assert "| fixed 4 | Laplace, 9×3 | gibbs/gibbs | sd of coef[0]: 1, exact 2 | silent |" in text
    assert "| holds | 1 | 1 |" in text
    assert "| Laplace, two bulks or more | 1 | 0 | 0 | 0 | 1 | 0 |" in text
