"""Pickles of an earlier layout load, and what they hold answers as it did."""

import gzip
import importlib.util
import pickle
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import bayesreg as br

KEPT = Path(__file__).parent / "data" / "pickles-of-0.1.gz"
X = np.random.default_rng(0).normal(size=(12, 2))


@pytest.fixture(scope="module")
def kept():
    return {name: pickle.loads(one) for name, one in pickle.loads(gzip.decompress(KEPT.read_bytes())).items()}


def test_every_public_class_of_then_loads(kept):
    classes = {
        "model": br.LinearModel,
        "flat": br.FlatPrior,
        "rows": br.RowData,
        "statistics": br.GramData,
        "mode": br.MapEstimate,
        "path": br.MapPath,
        "regressor": br.BayesRegressor,
        "selection": br.ScaleSelection,
        "certificate": br.PosteriorCertificate,
        "check": br.PredictiveCheck,
        "error": br.NoModeError,
    }
    for name, of_class in classes.items():
        assert type(kept[name]) is of_class, name
    assert len(kept) >= 20


def test_what_they_hold_answers_as_it_did(kept):
    again = br.map_estimate(kept["model"], kept["rows"])
    np.testing.assert_allclose(again.coef, kept["mode"].coef, rtol=1e-9)
    assert again.penalty == kept["mode"].penalty
    np.testing.assert_allclose(kept["regressor"].predict(X), X @ again.coef + again.intercept, rtol=1e-9)
    assert kept["gaussian"].prior == br.GaussianPrior()
    assert len(kept["path"].penalties) == 3
    assert kept["selection"].penalty.l1.min() > 0.0


@pytest.mark.parametrize(
    ("module", "name"), [("penalty", "Penalty"), ("mode.solve", "MapPath"), ("errors", "NoModeError")]
)
def test_a_home_of_then_hands_out_the_class_of_now(module, name):
    home = import_module(f"bayesreg.{module}")
    assert getattr(home, name) is getattr(br, name)
    with pytest.raises(AttributeError):
        home.nothing  # noqa: B018


def test_only_our_own_old_homes_are_found():
    """A module of another's, of such a name, is as absent as it was."""
    for name in ("errors", "bootstrap", "auditing", "penalty"):
        assert importlib.util.find_spec(name) is None, name
    assert importlib.util.find_spec("bayesreg.penalty") is not None


def test_errors_and_warnings_are_where_they_were():
    import bayesreg.base.errors as home

    found = [one for one in vars(home).values() if isinstance(one, type) and issubclass(one, Exception)]
    assert len(found) > 8
    for one in found:
        assert one.__module__ == "bayesreg.errors"
        assert type(pickle.loads(pickle.dumps(one("why")))) is one
