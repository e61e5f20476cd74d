"""What objects say of themselves at a prompt and in a notebook: a few lines, whatever their size."""

import dataclasses
import pickle
import re

import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
import scipy.sparse
from conftest import model

import bayesreg as br

P = 150
NAMES = [f"a rather long name of column {j}" for j in range(P)]
EVERY = {
    name: getattr(br, name)
    for name in ("LaplacePrior", "GaussianPrior", "ElasticNetPrior", "FlatPrior", "Penalty")
}
READ = {**EVERY, "array": np.array, "inf": np.inf}


def large():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(333, P)), columns=NAMES)
    return X, X[NAMES[0]] * 3 + rng.normal(size=333), rng.uniform(0.5, 2.0, 333)


@pytest.fixture(scope="module")
def objects():
    X, y, weights = large()
    rows = br.RowData.from_arrays(X, y, weights)
    unequal = model(br.LaplacePrior(np.linspace(0.1, 1.0, P)), 1.0)
    lasso = model(br.LaplacePrior(0.05), 1.0)
    mode = br.map_estimate(unequal, rows)
    labels = np.arange(333) % 50
    path = br.map_path(lasso, rows, n_scales=30)
    few = br.RowData.from_arrays(X[NAMES[:8]], y)
    tree = br.sample_posterior(lasso, few, num_warmup=50, num_samples=120, num_chains=2, progress=False)
    unknown = br.map_estimate(br.LinearModel(br.LaplacePrior()), few)
    sparse = scipy.sparse.random_array((400, 300), density=0.01, format="csr", rng=0)
    return {
        "rows": rows,
        "sparse rows": br.RowData.from_arrays(sparse, np.arange(400.0)),
        "statistics": br.GramData.from_arrays(X, y, weights, folds=labels),
        "folds": br.GramData.from_arrays(X, y, folds=labels).folds,
        "mode": mode,
        "mode with sigma": unknown,
        "certificate": mode.certificate,
        "path": path,
        "certificates": path.certificates,
        "penalty": mode.penalty,
        "prior": unequal.prior,
        "prior by name": br.GaussianPrior(dict.fromkeys(NAMES, 1.0), factor=dict.fromkeys(NAMES, 2.0)),
        "elastic net": br.ElasticNetPrior(np.linspace(0.1, 1.0, P), 1.0, factor=np.ones(P)),
        "hyperprior": br.LaplacePrior(dist.HalfNormal(1.0)),
        "model": dataclasses.replace(unequal, prior=br.ElasticNetPrior(np.ones(P), np.ones(P))),
        "likelihood": br.GaussianLikelihood(dist.HalfNormal(1.0)),
        "translation": br.translate(mode.penalty, "Penalty", "glmnet", X, y, weights),
        "audit": br.audit(mode.coef + 0.1, mode.intercept, X, y, mode.penalty, weights),
        "nearest": br.audit(
            br.map_estimate(model(br.Penalty(5.0).to_prior()), rows).coef, 0.0, X, y, br.Penalty(2.0)
        ).nearest,
        "selection": br.select_scale(lasso, rows, folds=labels, n_scales=30, progress=False),
        "posterior certificate": br.certify_posterior(tree, lasso, few),
        "check": br.check_predictions(tree, few),
        "implied": br.implied_penalty("bambi", X[NAMES[:8]], y),
        "replicates": br.bootstrap_map(lasso, few, n_replicates=60, progress=False),
        "conventions": br.CONVENTIONS,
        "convention": br.CONVENTIONS["glmnet"],
        "regressor": br.BayesRegressor(unequal.prior, noise_scale=1.0).fit(X, y),
    }


NAMED = [
    "rows", "sparse rows", "statistics", "folds", "mode", "mode with sigma", "certificate", "path", "certificates",
    "penalty", "prior", "prior by name", "elastic net", "hyperprior", "model", "likelihood", "translation", "audit",
    "nearest", "selection", "posterior certificate", "check", "implied", "replicates", "conventions", "convention",
    "regressor",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_a_few_lines_whatever_the_size(objects, name):
    assert list(objects) == NAMED
    one = objects[name]
    text = repr(one)
    assert len(text) <= 1000
    assert text.count("\n") < 10
    assert type(one).__name__ in text or one is None
    assert " object at " not in text.replace("numpyro", "") or name in ("hyperprior", "likelihood")
    if hasattr(one, "_repr_html_"):
        assert len(one._repr_html_()) < 50_000
        assert type(one).__name__ in one._repr_html_()


def test_what_is_said(objects):
    assert repr(objects["sparse rows"]).startswith("<RowData: 400 rows, 300 features ('x0', 'x1',")
    assert "and 144 more); the weights sum to" in repr(objects["rows"])
    assert "sparse with 1200 entries" in repr(objects["sparse rows"])
    assert "statistics of 333 rows, in 50 folds, 150 features" in repr(objects["statistics"])
    assert repr(br.RowData.from_arrays([[1.0], [2.0]], [1.0, 2.0])) == "<RowData: 2 rows, 1 feature ('x0')>"
    offset = br.RowData.from_arrays([[1.0], [2.0]], [1.0, 2.0], offset=[0.0, 1.0])
    assert repr(offset) == "<RowData: 2 rows, 1 feature ('x0'), with an offset>"
    assert re.search(
        r"modes of 150 coefficients at 30 scales from .* 150 to \d+ exactly zero", repr(objects["path"])
    )
    assert repr(objects["prior"]) == (
        "LaplacePrior(scale=<150 numbers, from 0.1 to 1>, factor=None, relative_to_noise=False)"
    )
    assert "scale=<150 names, from 1 to 1>, factor=<150 names, from 2 to 2>" in repr(objects["prior by name"])


@pytest.mark.parametrize(
    "one",
    [
        br.LaplacePrior(0.25),
        br.GaussianPrior([1.0, 2.5, np.inf], factor={"a": 2.0, "b": 0.5}, relative_to_noise=True),
        br.ElasticNetPrior(np.arange(1.0, 41.0), 3.0),
        br.FlatPrior(),
        br.LaplacePrior(),
        br.Penalty(1.5, 2.0),
        br.Penalty(np.arange(30.0), 0.0),
    ],
    ids=lambda one: type(one).__name__,
)
def test_small_priors_and_penalties_are_their_own_code(one):
    assert eval(repr(one), READ) == one
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_notebook_shows_tables_with_names_escaped(objects):
    odd = br.RowData.from_arrays(
        pd.DataFrame({"<b>x</b>": [1.0, 2.0, 4.0], "y": [1.0, 0.0, 1.0]}), [0.0, 1.0, 5.0]
    )
    mode = br.map_estimate(model(br.GaussianPrior(1.0)), odd)
    for one in (odd, mode, br.GramData.from_arrays(odd.X, odd.y, feature_names=odd.feature_names)):
        html = one._repr_html_()
        assert "<b>" not in html
        assert "&lt;b&gt;x" in html
        assert "<table" in html
    for name in ("mode", "path", "selection", "audit", "posterior certificate", "statistics", "sparse rows"):
        assert "<table" in objects[name]._repr_html_(), name
    assert "<table" not in objects["check"]._repr_html_()
    assert pd.get_option("display.max_rows") == 60  # nobody's settings are changed


def test_a_prior_of_ones_own_is_shown_too():
    from bayesreg.priors.base import Prior

    @dataclasses.dataclass(frozen=True, eq=False)
    class Own(Prior):
        mode_name, symbols, formula = "own", ("s",), "{beta}"
        scale: object = None

        def rates(self, *scales):
            return scales[0], scales[0]

    assert "Own(scale=2.0)" in repr(Own(2.0))
