"""Shared data and the referee: an independent recomputation of every certificate."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import numpyro  # noqa: F401 - before ArviZ, whose lazy stand-in for it breaks numpyro.factor
import pytest

import bayesreg as br

VALIDATION = Path(__file__).resolve().parents[2] / "shared" / "validation"
PROGRAMS = "BAYESREG_TEST_PROGRAMS"  # a folder that keeps compiled programs from run to run


def pytest_configure(config):
    """Share compiled programs among all processes of a run, those that tests start included."""
    if PROGRAMS not in os.environ:
        os.environ[PROGRAMS] = tempfile.mkdtemp(prefix="bayesreg-programs-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ[PROGRAMS], ignore_errors=True))
    own = br.use_compilation_cache(os.environ[PROGRAMS])
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(own)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"


@pytest.fixture
def validation():
    """The folder of references that nobody here wrote."""
    if not VALIDATION.is_dir():
        # References are not a part of the repository: a clone alone has none.
        pytest.skip(f"the folder of references, {VALIDATION.parent.name}/{VALIDATION.name}, is absent")
    return VALIDATION


def diabetes(scaled=True):
    from sklearn.datasets import load_diabetes

    return load_diabetes(return_X_y=True, scaled=scaled)


def wide(n=60, p=200, seed=0):
    """Simulate n < p with correlated columns of unequal scale and eight true coefficients."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    X = (X + 2.0) * np.exp(rng.normal(size=p))
    coef = np.zeros(p)
    coef[: min(8, p)] = 2.0 * rng.normal(size=min(8, p))
    return X, X @ coef + rng.normal(size=n)


def one_of_eight():
    """Simulate 60 rows of eight columns, of which the second matters."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8))
    return X, X[:, 1] * 3 + rng.normal(size=60)


PROBLEMS = {
    "diabetes": lambda: diabetes(scaled=True),
    "diabetes-unscaled": lambda: diabetes(scaled=False),
    "wide": wide,
}


def referee(X, y, coef, intercept, l1, l2, *, fit_intercept=True, weights=None):
    """Recompute the relative duality gap in plain NumPy, sharing no code with the package.

    Every column must be penalised. Returns (gap, J) of the point given.
    """
    X, y = np.asarray(X, float), np.asarray(y, float)
    n, p = X.shape
    w = np.ones(n) if weights is None else np.asarray(weights, float)
    l1, l2 = np.broadcast_to(l1, p), np.broadcast_to(l2, p)
    root = np.sqrt(w)
    mean_x = w @ X / w.sum() if fit_intercept else np.zeros(p)
    mean_y = w @ y / w.sum() if fit_intercept else 0.0
    A, b = root[:, None] * (X - mean_x), root * (y - mean_y)
    residual = root * (y - intercept - X @ coef)
    primal = 0.5 * residual @ residual + l1 @ np.abs(coef) + 0.5 * l2 @ coef**2
    theta = b - A @ coef
    if fit_intercept:
        theta = theta - root * (root @ theta) / w.sum()
    slopes = np.abs(A.T @ theta)
    pure = l2 == 0
    step = min(1.0, *(l1[pure & (slopes > l1)] / slopes[pure & (slopes > l1)]), 1.0)
    theta = step * theta
    beyond = np.maximum(step * slopes - l1, 0.0)
    fenchel = np.sum(beyond[~pure] ** 2 / (2 * l2[~pure]))
    dual = b @ theta - 0.5 * theta @ theta - fenchel
    null = 0.5 * b @ b
    return (primal - dual) / null if null > 0 else 0.0, primal


def model(prior, noise_scale=1.0, **options):
    return br.LinearModel(prior, br.GaussianLikelihood(noise_scale), **options)
