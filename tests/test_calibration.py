"""The calibration that `make calibration` runs in full: its own statistics, a miniature of it, and that planted errors show."""

import json

import numpy as np
import pytest

from calibration.bands import band, p_value
from calibration.cases import Case, all_cases
from calibration.coverage import LEVELS, coverage_cases, covered, deviations
from calibration.page import failures, page
from calibration.planted import PLANTED, ROWS_PLANTED
from calibration.ranks import N_DRAWS, ranks
from calibration.row_cases import FAMILIES, RowCase, row_cases

SMALL = {
    "whitened": Case("whitened", "laplace", False, 8, 3),
    "mixture": Case("mixture", "laplace", False, 6, 10),
    "gibbs": Case("gibbs", "elastic net", False, 8, 3),
    "marginal": Case("marginal", "gaussian", False, 8, 3, relative=True, hyper=True),
}
QUICKEST = ("scale × √2", "marginal")  # of the planted errors; `make calibration` shows all of them


def test_p_values_are_those_of_uniform_ranks():
    rng = np.random.default_rng(0)
    values = np.array([p_value(rng.integers(0, N_DRAWS + 1, 200), N_DRAWS) for _ in range(2000)])
    for level in (0.01, 0.05, 0.2):
        assert abs((values <= level).mean() - level) < 4.5 * np.sqrt(level * (1 - level) / 2000)
    low, high = band(200, N_DRAWS)
    inside = 0
    for _ in range(2000):
        counts = np.bincount(rng.integers(0, N_DRAWS + 1, 200), minlength=N_DRAWS + 1)
        shares = np.cumsum(counts)[:-1] / 200
        inside += bool(((shares >= low) & (shares <= high)).all())
    assert 0.93 < inside / 2000 < 0.99


@pytest.mark.parametrize("shift", ["spread", "centre", "edge"])
def test_ranks_that_are_not_uniform_are_found(shift):
    rng = np.random.default_rng(1)
    uniform = rng.random(300)
    skewed = {
        "spread": rng.beta(1.8, 1.8, 300),
        "centre": uniform**1.4,
        "edge": np.where(uniform < 0.1, 0.0, uniform),
    }
    assert p_value((skewed[shift] * (N_DRAWS + 1)).astype(int), N_DRAWS) < 1e-3


def test_every_sampler_prior_and_state_of_knowledge_is_a_case():
    cases = all_cases()
    assert len({case.name for case in cases}) == len(cases)
    seen = {(case.method, case.prior, case.known_noise) for case in cases}
    for method in ("whitened", "mixture", "gibbs"):
        for prior in ("laplace", "elastic net", "gaussian"):
            assert {(method, prior, True), (method, prior, False)} <= seen
    assert {("marginal", "gaussian", True), ("marginal", "gaussian", False)} <= seen
    assert any(case.n <= 10 for case in cases)
    assert any(case.weighted and case.shift for case in cases)


def test_data_are_drawn_from_the_model_that_is_fitted():
    case = Case("auto", "elastic net", False, 8, 3, relative=True, weighted=True)
    truths = [case.simulate(np.random.default_rng(i)) for i in range(4000)]
    standard = np.array([truth.coef / truth.noise_scale for truth in truths]) / case.factor
    grid = np.linspace(-6, 6, 4001)
    density = np.exp(-np.abs(grid) / 0.5 - 0.5 * (grid / 0.6) ** 2)
    exact = np.sqrt(np.trapezoid(grid**2 * density, grid) / np.trapezoid(density, grid))
    np.testing.assert_allclose(standard.std(axis=0), exact, rtol=0.06)
    assert np.mean([truth.noise_scale for truth in truths]) == pytest.approx(0.8, rel=0.03)
    assert case.weights().sum() == pytest.approx(case.n)


@pytest.mark.extended
@pytest.mark.parametrize("method", SMALL)
def test_a_miniature_of_the_calibration(method):
    found = ranks(SMALL[method], 60)
    assert all(p_value(values, N_DRAWS) > 1e-4 for values in found.values())


@pytest.mark.parametrize(
    ("error", "method"),
    [
        pytest.param(
            error, method, marks=pytest.mark.extended if (error, method) == QUICKEST else pytest.mark.slow
        )
        for error in PLANTED
        for method in ("whitened", "marginal")
    ],
)
def test_planted_errors_are_caught(error, method):
    case = Case(method, "gaussian" if method == "marginal" else "laplace", False, 6, 10)
    planted, sampler = PLANTED[error]
    with planted():
        found = ranks(case, 250 if (error, method) == QUICKEST else 400, sampler)
    assert min(p_value(values, N_DRAWS) for values in found.values()) < 1e-3
    right = ranks(case, 20)  # the error is gone again
    assert all(p_value(values, N_DRAWS) > 1e-4 for values in right.values())


@pytest.mark.extended
def test_a_miniature_of_the_coverage():
    for case in coverage_cases()[:2]:
        shares = covered(case, 40)
        assert set(shares) == {"coefficients", "mean", "observation"}
        for values in shares.values():
            assert values.shape == (40, len(LEVELS))
            assert np.abs(deviations(values)).max() < 4.5


def test_the_page_says_what_the_results_say(tmp_path):
    uniform = np.random.default_rng(0).integers(0, N_DRAWS + 1, 100)
    entry = {"ranks": {"coef 0": uniform.tolist()}, "p": {"coef 0": p_value(uniform, N_DRAWS)}}
    wrong = {"ranks": {"coef 0": [0] * 100}, "p": {"coef 0": p_value(np.zeros(100, dtype=int), N_DRAWS)}}
    cases = {"gibbs, laplace, 8×3, σ known": entry, "mixture, laplace, 8×3, σ known": wrong}
    assert failures(cases) == [("mixture, laplace, 8×3, σ known", "coef 0", wrong["p"]["coef 0"])]
    cover = {
        "levels": LEVELS,
        "n": 9,
        "covered": {"mean": [0.5, 0.9, 0.95]},
        "deviations": {"mean": [0.0, 0.1, -4.2]},
    }
    results = {"command": "x", "date": "d", "calibration": cases, "planted": cases, "coverage": {"a": cover}}
    page(json.loads(json.dumps(results)), tmp_path)
    text = (tmp_path / "calibration.md").read_text()
    assert "failed tests is 1" in text
    assert "mixture, laplace, 8×3, σ known: coef 0" in text
    assert "4.2 standard errors" in text
    assert {path.name for path in (tmp_path / "calibration").iterdir()} == {
        "gibbs.png",
        "mixture.png",
        "planted.png",
    }


def test_every_likelihood_prior_and_sampler_on_rows_is_a_case():
    cases = row_cases()
    assert len({case.name for case in cases}) == len(cases)
    seen = {(case.method, case.family, case.prior, case.hyper) for case in cases}
    for method in ("independence", "whitened", "auto"):
        for family in FAMILIES:
            assert {
                (method, family, prior, h) for prior in ("laplace", "gaussian") for h in (True, False)
            } <= seen


@pytest.mark.extended
@pytest.mark.parametrize("family", FAMILIES)
def test_a_miniature_of_the_calibration_on_rows(family):
    case = RowCase("whitened", family, "laplace", 25, 3, unknown=family in ("negative binomial", "student t"))
    found = ranks(case, 40)
    assert all(p_value(values, N_DRAWS) > 1e-4 for values in found.values())


@pytest.mark.parametrize("error", [*PLANTED, *ROWS_PLANTED])
def test_errors_find_the_places_where_they_are_planted(error):
    planted = (PLANTED | ROWS_PLANTED)[error][0]
    with planted():
        pass


@pytest.mark.slow
@pytest.mark.parametrize("error", ROWS_PLANTED)
def test_planted_errors_on_rows_are_caught(error):
    planted, sampler, cases = ROWS_PLANTED[error]
    with planted():
        found = ranks(cases[0], 400, sampler)
    assert min(p_value(values, N_DRAWS) for values in found.values()) < 1e-3
