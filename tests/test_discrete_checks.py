"""Checks and pictures of yes or no and of counts, and the pages of every family."""

import datetime
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.stats import binom, kstest, norm

import bayesreg as br
from bayesreg.posterior.draws.predictive_check import BAND, PredictiveCheck
from bayesreg.posterior.draws.reliability import reliability
from bayesreg.posterior.draws.replicates import Replicates

RNG = np.random.default_rng(3)
N = 120
X = pd.DataFrame({"a": RNG.normal(size=N), "b": RNG.normal(size=N)})
IS = RNG.uniform(size=N) < 1.0 / (1.0 + np.exp(-1.5 * X["a"]))
COUNTS = RNG.poisson(np.exp(0.5 + 0.5 * X["a"]))
FEW = {"num_warmup": 200, "num_samples": 200, "num_chains": 2, "progress": False}


def axes():
    return Figure().subplots()


def check_of(predicted, observed, places=None):
    places = np.full(len(predicted), 0.5) if places is None else places
    return PredictiveCheck(places, np.asarray(predicted, float), np.asarray(observed, float), len(predicted))


def test_bars_of_equal_probabilities_are_binomial():
    found = reliability(check_of(np.full(100, 0.3), np.arange(100) < 30))
    assert found.n_rows.tolist() == [20] * 5
    tail = 0.5 * (1.0 - BAND)
    np.testing.assert_allclose(found.low, binom.ppf(tail, 20, 0.3) / 20)
    np.testing.assert_allclose(found.high, binom.ppf(1.0 - tail, 20, 0.3) / 20)
    assert found.observed.sum() == pytest.approx(1.5)


def test_bars_of_unequal_probabilities_hold_nine_in_ten():
    p = RNG.uniform(size=200)
    bars = reliability(check_of(p, np.zeros(200)))
    draws = (RNG.uniform(size=(4000, 200)) < p)[:, np.argsort(p, kind="stable")]
    shares = np.array([draws[:, 20 * g : 20 * g + 20].mean(axis=1) for g in range(10)]).T
    inside = ((shares >= bars.low - 1e-12) & (shares <= bars.high + 1e-12)).mean(axis=0)
    assert (inside > BAND - 0.02).all()
    narrower = ((shares > bars.low + 1e-12) & (shares < bars.high - 1e-12)).mean(axis=0)
    assert (narrower < BAND + 0.02).all()


def test_probabilities_that_are_wrong_lie_outside():
    p = np.linspace(0.05, 0.95, 400)
    y = RNG.uniform(size=400) < p
    assert reliability(check_of(p, y)).n_outside <= 3
    assert reliability(check_of(p**3, y)).n_outside >= 6


def test_reliability_is_of_0_and_1():
    with pytest.raises(ValueError, match="responses that are 0 or 1"):
        reliability(check_of([0.2, 0.4], [0.5, 1.0]))


def test_labels_other_than_0_and_1_are_coded_in_checks():
    model = br.LinearModel(br.GaussianPrior(1.0), br.BernoulliLikelihood())
    data = br.RowData.from_arrays(X, np.where(IS, 2.0, 1.0))
    tree = br.sample_posterior(model, data, **FEW)
    assert set(br.check_predictions(tree, data).observed) == {0.0, 1.0}
    assert set(np.unique(br.replicate(tree, data).observed)) == {0.0, 1.0}


def test_replications_know_the_offset():
    offset = np.log(RNG.uniform(1.0, 50.0, N))
    data = br.RowData.from_arrays(X, RNG.poisson(np.exp(0.2 * X["a"] + offset)), offset=offset)
    tree = br.sample_posterior(br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood()), data, **FEW)
    drawn, predicted = br.replicate(tree, data), br.check_predictions(tree, data).predicted
    assert np.corrcoef(drawn.replicated.mean(axis=0), predicted)[0, 1] > 0.99
    assert drawn.replicated.mean() == pytest.approx(data.y.mean(), rel=0.05)


def test_quantile_residuals_of_a_right_model_are_normal():
    data = br.RowData.from_arrays(X, COUNTS)
    tree = br.sample_posterior(br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood()), data, **FEW)
    check = br.check_predictions(tree, data)
    assert kstest(check.quantile_residuals, norm.cdf).pvalue > 1e-3
    ax = br.plot_quantile_residuals(check, axes(), response="_n_")
    assert ax.get_ylabel() == "quantile residual"
    (rows,) = (one for one in ax.lines if one.get_label() == "rows")
    np.testing.assert_array_equal(rows.get_ydata(), check.quantile_residuals)


def test_a_rootogram_hangs_from_the_expected_numbers():
    found = Replicates(np.array([0.0, 0.0, 1.0, 3.0]), np.array([[0, 1, 1, 2], [0, 0, 0, 2]], dtype=float))
    np.testing.assert_allclose(found.expected, [2.0, 1.0, 1.0, 0.0])
    ax = br.plot_rootogram(found, axes(), response="visits")
    heights = [bar.get_height() for bar in ax.patches]
    bottoms = [bar.get_y() for bar in ax.patches]
    np.testing.assert_allclose(heights, np.sqrt([2.0, 1.0, 0.0, 1.0]))
    np.testing.assert_allclose(np.add(bottoms, heights), np.sqrt([2.0, 1.0, 1.0, 0.0]))
    assert ax.get_xlabel() == "visits"


def test_bars_of_many_counts_hold_as_many_whole_numbers_each():
    y = np.arange(100.0)
    edges = Replicates(y, y[None]).edges
    assert (np.diff(edges) == np.diff(edges)[0]).all()
    assert np.diff(edges)[0] % 1.0 == 0.0
    assert edges[0] % 1.0 == 0.5
    assert Replicates(y, y[None]).counts.sum() == 100


def test_the_two_histograms_are_of_the_two_kinds():
    ax = br.plot_probabilities(check_of([0.1, 0.2, 0.9], [0, 1, 1]), axes(), labels=("no$", "_yes"))
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == [r"no\$ (1)", " _yes (2)"]
    assert not any(text.get_usetex() for text in ax.get_legend().get_texts())
    ax = br.plot_reliability(check_of(np.full(40, 0.5), np.arange(40) % 2), axes(), event="y=yes")
    assert ax.get_xlabel() == "predicted probability of y=yes"


FAMILIES = {
    "Bayesian logistic regression": (
        lambda: br.BayesClassifier(br.LaplacePrior()).fit(X, np.where(IS, "yes", "no")),
        ("Odds ratios", "odds ratio: the odds of y=yes", "whether probabilities come true"),
    ),
    "Bayesian Poisson regression": (
        lambda: br.BayesRegressor(br.GaussianPrior(), likelihood=br.PoissonLikelihood()).fit(X, COUNTS),
        ("Rate ratios", "rootogram", "quantile residuals", "PoissonRegressor"),
    ),
    "Bayesian negative binomial regression": (
        lambda: br.BayesRegressor(br.GaussianPrior(), likelihood=br.NegativeBinomialLikelihood()).fit(
            X, COUNTS, offset=np.zeros(N)
        ),
        ("Rate ratios", "dispersion", "stationary points", "o</i><sub>i</sub>, known"),
    ),
    "Bayesian regression with heavy tails": (
        lambda: br.BayesRegressor(br.GaussianPrior(), likelihood=br.StudentTLikelihood()).fit(
            X, X["a"] + RNG.standard_t(4, N)
        ),
        ("noise σ", "ν</i> = 4, known", "There is no path", "stationary points"),
    ),
}


@pytest.mark.extended
@pytest.mark.filterwarnings("ignore::bayesreg.SamplingWarning")  # few draws serve a page
@pytest.mark.parametrize("title", FAMILIES)
def test_the_page_of_each_family(tmp_path, title):
    make, words = FAMILIES[title]
    fitted = make().sample(num_warmup=200, num_samples=200, num_chains=2, progress=False)
    file = br.write_report(fitted, tmp_path / "report.html", date=datetime.date(2026, 1, 1))
    page = file.read_text()
    assert f"<title>{title}</title>" in page
    for word in words:
        assert word in page, word
    has_noise = title == "Bayesian regression with heavy tails"
    shown = re.sub(r"<[^>]+>", "", page.split("λ in every package</h2>")[0])
    assert has_noise == ("σ" in shown)
    assert "None" not in shown
    assert not re.search(r"\bnan\b", shown)
    assert ('id="residuals"' in page) == (title != "Bayesian logistic regression")


def test_a_pickle_has_no_rows_for_a_page():
    import pickle

    from sklearn.exceptions import NotFittedError

    fitted = br.BayesClassifier(br.GaussianPrior(1.0)).fit(X, IS)
    fitted.sample(**FEW)
    with pytest.raises(NotFittedError, match="a pickle holds no rows, and this page needs them"):
        br.write_report(pickle.loads(pickle.dumps(fitted)), "report.html")
