"""Odds and rate ratios, and average marginal effects, beside sums that are written here."""

import numpy as np
import pytest

import bayesreg as br

RNG = np.random.default_rng(6)
X = np.column_stack([RNG.normal(size=70), RNG.random(70) < 0.4, RNG.normal(size=70) * 3.0])
OFFSET, WEIGHT = 0.5 * RNG.normal(size=70), RNG.uniform(0.3, 2.0, 70)
ETA = -0.2 + OFFSET + X @ [0.6, 0.9, 0.0]
NAMES = ("age", "treated", "dose")
RESPONSES = {
    "bernoulli": (br.BernoulliLikelihood(), (RNG.random(70) < 1.0 / (1.0 + np.exp(-ETA))).astype(float)),
    "poisson": (br.PoissonLikelihood(), RNG.poisson(np.exp(ETA)).astype(float)),
    "gaussian": (br.GaussianLikelihood(0.5), ETA + 0.5 * RNG.normal(size=70)),
}


@pytest.fixture(scope="module", params=RESPONSES)
def drawn(request):
    likelihood, y = RESPONSES[request.param]
    data = br.RowData.from_arrays(X, y, WEIGHT, feature_names=NAMES, offset=OFFSET)
    tree = br.sample_posterior(
        br.LinearModel(br.GaussianPrior(1.0), likelihood), data, num_samples=250, progress=False
    )
    posterior = tree["posterior"].to_dataset()
    return (
        request.param,
        data,
        tree,
        posterior["coef"].values.reshape(-1, 3),
        posterior["intercept"].values.ravel(),
    )


def test_average_marginal_effects(drawn):
    family, data, tree, coefs, intercepts = drawn
    mean = {"bernoulli": lambda e: 1.0 / (1.0 + np.exp(-e)), "poisson": np.exp, "gaussian": lambda e: e}[
        family
    ]
    found = br.marginal_effects(tree, data, mass=0.8)
    share, h = WEIGHT / WEIGHT.sum(), 1e-5
    expected = np.empty_like(coefs)
    for s, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        for j in range(3):
            up, down = X.copy(), X.copy()
            up[:, j], down[:, j] = (1.0, 0.0) if j == 1 else (X[:, j] + h, X[:, j] - h)
            change = mean(up @ coef + intercept + OFFSET) - mean(down @ coef + intercept + OFFSET)
            expected[s, j] = share @ change / (1.0 if j == 1 else 2.0 * h)
    np.testing.assert_allclose(found["mean"], expected.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found["sd"], expected.std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found["lower"], np.quantile(expected, 0.1, axis=0), rtol=1e-5)
    assert list(found["kind"]) == ["slope", "difference", "slope"]
    assert list(found.index) == list(NAMES)


def test_ratios_are_exponents(drawn):
    family, _, tree, coefs, _ = drawn
    if family == "gaussian":
        with pytest.raises(
            ValueError, match="needs draws of a logit or log link, but these are of 'gaussian'"
        ):
            br.effect_ratios(tree)
        return
    found = br.effect_ratios(tree, mass=0.5)
    np.testing.assert_allclose(found["median"], np.exp(np.median(coefs, axis=0)))
    np.testing.assert_allclose(found["upper"], np.exp(np.quantile(coefs, 0.75, axis=0)))
    np.testing.assert_allclose(found["p_above_1"], (coefs > 0.0).mean(axis=0))
    assert found.attrs["kind"] == {"bernoulli": "odds ratio", "poisson": "rate ratio"}[family]


def test_statistics_have_no_rows_to_average_over(drawn):
    _, data, tree, *_ = drawn
    statistics = br.GramData.from_arrays(data.X, data.y, feature_names=NAMES)
    with pytest.raises(TypeError, match="marginal_effects needs rows"):
        br.marginal_effects(tree, statistics)
