"""What is simulated: columns, and a response that some of them tell."""

import numpy as np
from scipy import sparse

from .problem import Array, Design


def diabetes(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Resample the rows of the diabetes data (442, 10), all of them in order where the draw is the reported one."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    reported = rng.bit_generator.seed_seq.entropy[0] == 0  # type: ignore[attr-defined]
    rows = np.arange(n) if reported else rng.integers(0, n, n)
    return _centred(np.asfortranarray(X[rows]), y[rows])


def autoregressive(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Simulate neighbouring columns with correlation 0.5, n_true coefficients of size 1, SNR 3; all centred."""
    X = _neighbours(rng, n, p)
    return _centred(X, _response(rng, X, n_true))


def independent(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Simulate independent columns; otherwise as `autoregressive`."""
    X = rng.normal(size=(p, n)).T
    return _centred(X, _response(rng, X, n_true))


def sparse_columns(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[sparse.csc_array, Array]:
    """Simulate a CSC matrix with normal entries, 0.1% of them nonzero (2 a column at the least); not centred."""
    each = max(2, round(n / 1000))
    indices = np.concatenate([np.sort(rng.choice(n, each, replace=False)) for _ in range(p)])
    indptr = np.arange(0, each * p + 1, each, dtype=np.int32)
    X = sparse.csc_array((rng.normal(size=each * p), indices.astype(np.int32), indptr), shape=(n, p))
    return X, _response(rng, X, n_true)


def degenerate(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Simulate duplicate columns (10%), constant columns (5%), scales 1e-6 … 1e6 and means; nothing centred."""
    X = rng.normal(size=(p, n)).T
    y = _response(rng, X, n_true)
    n_twins, n_constants = p // 10, p // 20
    twins = rng.choice(p, 2 * n_twins, replace=False)
    X[:, twins[:n_twins]] = X[:, twins[n_twins:]]
    X += rng.normal(size=p)
    X[:, rng.choice(p, n_constants, replace=False)] = 1.0
    X *= 10.0 ** rng.uniform(-6, 6, p)
    X[:, twins[:n_twins]] = X[:, twins[n_twins:]]
    return X, y + 10.0


def binary(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Simulate columns as `autoregressive` and y of 0 and 1: log odds of mean −1 and sd 2, about a third are 1."""
    X, signal = _standard_signal(rng, n, p, n_true)
    log_odds = 2.0 * signal - 1.0
    return X, (rng.random(n) < 1.0 / (1.0 + np.exp(-log_odds))).astype(float)


def counts(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Simulate columns as `autoregressive` and Poisson counts of mean 2: their log mean has sd 0.5."""
    X, signal = _standard_signal(rng, n, p, n_true)
    log_mean = np.log(2.0) + 0.5 * signal - 0.125
    return X, rng.poisson(np.exp(log_mean)).astype(float)


def _neighbours(rng: np.random.Generator, n: int, p: int) -> Array:
    X = rng.normal(size=(p, n)).T
    for j in range(1, p):
        X[:, j] *= np.sqrt(0.75)
        X[:, j] += 0.5 * X[:, j - 1]
    return X


def _standard_signal(rng: np.random.Generator, n: int, p: int, n_true: int) -> tuple[Array, Array]:
    """Return centred columns, and what n_true of them tell, with mean 0 and sd 1."""
    X, _ = _centred(_neighbours(rng, n, p), np.zeros(1))
    signal = _signal(rng, X, n_true)
    return X, signal / signal.std()


def _response(rng: np.random.Generator, X: Design, n_true: int) -> Array:
    signal = _signal(rng, X, n_true)
    return signal + rng.normal(size=signal.size) * np.sqrt(signal.var() / 3.0)


def _signal(rng: np.random.Generator, X: Design, n_true: int) -> Array:
    coef = np.zeros(X.shape[1])
    coef[rng.choice(coef.size, n_true, replace=False)] = rng.choice([-1.0, 1.0], n_true)
    return X @ coef


def _centred(X: Array, y: Array) -> tuple[Array, Array]:
    for j in range(X.shape[1]):
        X[:, j] -= X[:, j].mean()
    return X, y - y.mean()
