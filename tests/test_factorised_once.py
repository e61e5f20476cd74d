"""What one run computes of its data, it computes once: the Gram matrix, its factor, its spectrum, the path of the scale."""

import copy
import pickle
from collections import Counter

import numpy as np
import pytest
import scipy.linalg
from click.testing import CliRunner
from scipy.linalg import lapack
from sklearn.datasets import load_diabetes

import bayesreg as br
from bayesreg.app.cli import main
from bayesreg.data import row_least_squares, rows
from bayesreg.gaussian.prior_units import prior_units
from bayesreg.selection import cross_validation, scale_path

X, Y = load_diabetes(return_X_y=True)
P = X.shape[1]
X = X * np.geomspace(1.0, 50.0, P)  # columns of different size, whatever units a prior speaks of
ONCE = {"gram": 1, "factor": 1, "spectrum": 1, "scale_path": 1}
SAMPLED = {"num_warmup": 50, "num_samples": 50, "progress": False}


@pytest.fixture
def counts(monkeypatch):
    """Count what is done with matrices of as many columns as the data have."""
    found = Counter()

    def watch(module, name, label, counted):
        whole = getattr(module, name)

        def counting(*args, **kwargs):
            found[label] += counted(*args)
            return whole(*args, **kwargs)

        monkeypatch.setattr(module, name, counting)

    def of_all_columns(matrix, *_):
        return np.shape(matrix)[1] == P

    watch(scipy.linalg, "eigh", "spectrum", of_all_columns)
    watch(scipy.linalg, "eigvalsh", "spectrum", of_all_columns)
    watch(scipy.linalg, "svd", "spectrum", of_all_columns)
    watch(lapack, "dpotrf", "factor", of_all_columns)
    watch(row_least_squares, "gram_of", "gram", of_all_columns)
    for module in (scale_path, cross_validation):
        watch(module, "solve_coefs", module.__name__.split(".")[-1], lambda _, l1, *__: len(l1) == 100)
    return found


def totals(counts):
    return {name: counts[name] for name in ONCE}


def linear(prior, noise_scale=None):
    return br.LinearModel(prior, br.GaussianLikelihood(noise_scale))


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("prior", [br.GaussianPrior(), br.GaussianPrior(0.1)])
def test_a_ridge_chosen_by_evidence_and_sampled_takes_one_spectrum_and_one_factor(counts, prior, standardize):
    regressor = br.BayesRegressor(prior, scale_selection="evidence", standardize=standardize)
    regressor.fit(X, Y).sample(**SAMPLED).predict(X, return_std=True)
    assert totals(counts) == ONCE


@pytest.mark.parametrize("method", ["loo", "gcv", "evidence", "aic"])
def test_a_choice_its_mode_and_its_posterior_share_what_is_known_of_the_data(counts, method):
    data = br.RowData.from_arrays(X, Y)
    chosen = br.select_scale(linear(br.GaussianPrior()), data, method)
    chosen.map_estimate()
    br.map_path(linear(br.GaussianPrior(), 54.0), data)
    br.sample_posterior(chosen.model, data, **SAMPLED)
    assert totals(counts) == ONCE


def test_a_lasso_chosen_by_a_criterion_solves_its_path_once(counts):
    data = br.RowData.from_arrays(X, Y)
    chosen = br.select_scale(linear(br.LaplacePrior()), data, "bic")
    chosen.map_estimate()
    br.sample_posterior(chosen.model, data, **SAMPLED)
    assert (counts["gram"], counts["factor"], counts["scale_path"]) == (1, 1, 1)


def test_cross_validation_solves_the_path_once_and_once_a_fold(counts):
    br.select_scale(linear(br.LaplacePrior()), br.RowData.from_arrays(X, Y), folds=4)
    assert (counts["scale_path"], counts["cross_validation"]) == (1, 4)


def test_the_command_factorises_once(counts, tmp_path):
    file = tmp_path / "diabetes.csv"
    np.savetxt(
        file, np.column_stack([X, Y]), delimiter=",", header=",".join([*"abcdefghij", "y"]), comments=""
    )
    options = ["--target", "y", "--prior", "gaussian", "--scale", "evidence", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(main, ["fit", str(file), *options]).exit_code == 0
    assert totals(counts) == ONCE


def test_the_order_of_questions_changes_no_bit():
    """What is kept is what would be computed anew."""
    model = linear(br.GaussianPrior(0.3, relative_to_noise=True))
    fresh, asked = br.RowData.from_arrays(X, Y), br.RowData.from_arrays(X, Y)
    br.select_scale(linear(br.LaplacePrior()), asked, "aic")
    br.log_marginal_likelihood(model, asked)
    br.map_estimate(model, asked)
    one, other = (br.sample_posterior(model, data, **SAMPLED) for data in (fresh, asked))
    np.testing.assert_array_equal(one["posterior"]["coef"], other["posterior"]["coef"])


@pytest.mark.parametrize("kind", [br.RowData, br.GramData])
def test_what_is_kept_does_not_travel(kind):
    data = kind.from_arrays(X, Y)
    size = len(pickle.dumps(data))
    loss = data.least_squares(centre=True)[0]
    loss.spectrum(np.ones(P))
    assert data.least_squares(centre=True)[0] is loss
    assert len(pickle.dumps(data)) == size
    assert copy.copy(data).least_squares(centre=True)[0] is not loss


def test_little_is_kept_of_wide_rows(monkeypatch):
    """Neither a copy of the rows nor matrices larger than they are stay behind."""
    monkeypatch.setattr(rows, "LIGHT", 0)
    narrow = br.RowData.from_arrays(X, Y)
    assert narrow.least_squares(centre=True)[0] is narrow.least_squares(centre=True)[0]
    for columns in (X[:20], X + 1e6):
        data = br.RowData.from_arrays(columns, Y[: len(columns)])
        assert data.least_squares(centre=True)[0] is not data.least_squares(centre=True)[0]


def test_units_of_a_prior_do_not_tell_its_scale():
    loss = br.RowData.from_arrays(X, Y).least_squares(centre=True)[0]
    for l2 in (np.ones(P), loss.squared_norms, np.arange(1.0, P + 1.0)):
        for multiple in (1.0, 0.3, 4.0):
            unit, factor = prior_units(loss, multiple * l2)
            np.testing.assert_allclose(factor / unit**2, multiple * l2, rtol=1e-14)
    same = [
        prior_units(loss, multiple * loss.squared_norms).unit.tobytes() for multiple in (1.0, 0.3, 1e-9, 7e8)
    ]
    assert len(set(same)) == 1


@pytest.mark.parametrize("n", [60, 60_000])
def test_arrays_that_their_owner_changes_are_read_anew(n):
    """What is kept of rows is of what they were; a single entry counts in arrays of 262,144 numbers or fewer."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, 8)), rng.normal(size=n)
    model = br.LinearModel(br.LaplacePrior(0.5), br.GaussianLikelihood(1.0), standardize=True)
    data = br.RowData.from_arrays(X, y)
    br.map_estimate(model, data)
    if n == 60:
        X[7, 3] += 20.0
        alone = br.map_estimate(model, br.RowData.from_arrays(X.copy(), y))
        np.testing.assert_array_equal(br.map_estimate(model, data).coef, alone.coef)
    X[:, 2] *= 3.0
    alone = br.map_estimate(model, br.RowData.from_arrays(X.copy(), y))
    np.testing.assert_array_equal(br.map_estimate(model, data).coef, alone.coef)
