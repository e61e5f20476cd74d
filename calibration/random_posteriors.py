"""Random posteriors. Kind and number determine each of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from .exact import bulks
from .positive import DEFAULT, FLAT, Positive
from .posterior import Posterior

Array = Float[np.ndarray, "..."]

SIZES = {"fixed": 500, "scales": 200, "wide": 200}  # the number of posteriors of each kind
_RANGE = np.log(30.0)  # largest distance of a scale from a standard error, in logarithms
_LEAST_ROWS_OF_FLAT = 12  # with fewer rows and a flat σ some moments do not exist
_ATTEMPTS, _CANDIDATES = 12, 24
_LIGHTER = 0.003  # least mass of the lighter of two bulks
_WIDE = ("copies", "Gaussian", "general", "copies")


def random_posterior(kind: str, number: int) -> Posterior:
    """Return the posterior of a kind and number.

    Parameters
    ----------
    kind : "fixed", "scales" or "wide"
        Scales that are numbers; scales that are sampled; more columns than rows.
    number : int, from 0
    """
    if kind not in SIZES:
        raise ValueError(f"`kind` must be one of {', '.join(map(repr, SIZES))}; got {kind!r}.")
    rng = np.random.default_rng([list(SIZES).index(kind), number])
    return {"fixed": _fixed, "scales": _scales, "wide": _wide}[kind](rng, number)


def orthogonal_rows(
    rng: np.random.Generator, n: int, squares: Array, least_squares: Array, rss: float
) -> tuple[Array, Array]:
    """Return columns and a response with these sufficient statistics. Centred columns are orthogonal."""
    q = len(squares)
    basis = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, q + 1))]))[0][:, 1:]
    X = basis[:, :q] * np.sqrt(squares)
    return X + rng.normal(size=q) * np.sqrt(squares / n), 2.0 + X @ least_squares + basis[:, q] * np.sqrt(rss)


def _fixed(rng: np.random.Generator, number: int) -> Posterior:
    if number % 10 == 0:
        return _pair(rng)
    if number % 10 in (1, 2):
        return _first_with_two_bulks(rng, _draw_with_large_coefficients)
    if number % 10 == 9:
        return _first_with_two_bulks(rng, lambda rng: _draw_with_large_coefficients(rng, least=15, most=80))
    p = _whole(rng, 1, 12)
    n = _whole(rng, p + 3, 200)
    sigma, squares, error = _noise_and_squares(rng, n, p)
    least_squares = error * _t_values(rng, p)
    rss = sigma**2 * rng.chisquare(n - 1 - p)
    X, y = orthogonal_rows(rng, n, squares, least_squares, rss)
    relative = bool(rng.random() < 0.4)
    scale = np.exp(rng.uniform(-_RANGE, _RANGE)) * np.median(error) / (sigma if relative else 1.0)
    noise = sigma if rng.random() < 0.15 else _noise_prior(rng, sigma, y)
    return Posterior(X, y, noise, laplace=scale, relative=relative, copies=(1,) * p, about="orthogonal")


def _pair(rng: np.random.Generator) -> Posterior:
    n = _whole(rng, 6, 200)
    correlation = rng.choice([-1, 1]) * (1.0 - np.exp(rng.uniform(np.log(0.02), 0.0)))
    X = rng.normal(size=(n, 2)) @ np.array([[1.0, correlation], [0.0, np.sqrt(1.0 - correlation**2)]])
    sigma = np.exp(rng.uniform(-2.0, 2.0))
    centred = X - X.mean(axis=0)
    error = sigma * np.sqrt(np.diag(np.linalg.inv(centred.T @ centred)))
    y = 2.0 + X @ (error * _t_values(rng, 2)) + sigma * rng.normal(size=n)
    relative = bool(rng.random() < 0.4)
    scale = np.exp(rng.uniform(-_RANGE, _RANGE)) * np.median(error) / (sigma if relative else 1.0)
    noise = _noise_prior(rng, sigma, y)
    return Posterior(
        X, y, noise, laplace=scale, relative=relative, about=f"two columns, correlation {correlation:.2f}"
    )


def _first_with_two_bulks(
    rng: np.random.Generator, draw: Callable[[Any], Callable[[float], Posterior]]
) -> Posterior:
    """Return the first at whose scale both bulks of σ have mass, else the last with two bulks or one."""
    found: Posterior | None = None
    for _ in range(_ATTEMPTS):
        at = draw(rng)
        shares = np.exp(np.linspace(-_RANGE, _RANGE, _CANDIDATES))
        lighter = np.array([_lighter_bulk(at(share)) for share in shares])
        if found is None or lighter.max() > 0.0:
            found = at(shares[lighter.argmax()])
        if lighter.max() > _LIGHTER:
            return at(rng.choice(shares[lighter > _LIGHTER]))
    assert found is not None
    return found


def _lighter_bulk(posterior: Posterior) -> float:
    masses = sorted((mass for _, mass in bulks(posterior)), reverse=True)
    return masses[1] if len(masses) > 1 else 0.0


def _draw_with_large_coefficients(
    rng: np.random.Generator, least: int = 1, most: int = 30
) -> Callable[[float], Posterior]:
    p = _whole(rng, least, most)
    n = _whole(rng, p + 3, 200)
    sigma, squares, error = _noise_and_squares(rng, n, p)
    squares, error = np.full(p, squares[0]), np.full(p, error[0])
    t = rng.normal(size=p)
    large = max(1, round(p * rng.uniform(0.0, 0.6)))
    t[:large] = (
        rng.choice([-1.0, 1.0], large)
        * np.exp(rng.uniform(np.log(8.0), np.log(300.0)))
        * rng.uniform(0.7, 1.4, large)
    )
    rss = sigma**2 * rng.chisquare(n - 1 - p)
    X, y = orthogonal_rows(rng, n, squares, error * t, rss)
    noise = _noise_prior(rng, sigma, y)
    return lambda share: Posterior(
        X, y, noise, laplace=share * error[0], copies=(1,) * p, about="orthogonal, two bulks sought"
    )


def _scales(rng: np.random.Generator, number: int) -> Posterior:
    if number % 6 == 0:
        return _scale_between_two_bulks(rng)
    prior = ("Laplace", "Gaussian", "elastic net", "Laplace")[number % 4]
    hard = number % 6 == 3  # large coefficients beside a scale whose prior is small
    p = _whole(rng, 2, 8)
    n = _whole(rng, p + 3, 80)
    sigma, squares, error = _noise_and_squares(rng, n, p)
    t = (
        rng.choice([-1.0, 1.0], p) * np.exp(rng.uniform(np.log(20.0), np.log(300.0), p))
        if hard
        else _t_values(rng, p)
    )
    rss = sigma**2 * rng.chisquare(n - 1 - p)
    X, y = orthogonal_rows(rng, n, squares, error * t, rss)
    if prior == "Gaussian":  # which needs no orthogonal columns
        X = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
        error = sigma / np.sqrt(((X - X.mean(axis=0)) ** 2).sum(axis=0))
        y = 2.0 + X @ (error * t) + sigma * rng.normal(size=n)
    relative = bool(rng.random() < 0.3)
    size = np.abs(error * t).mean() * (
        np.exp(rng.uniform(-6.5, -2.0)) if hard else np.exp(rng.uniform(-2.0, 2.0))
    )
    if relative:
        size /= sigma
    hyper = _hyperprior(rng, size)
    noise = sigma if not hard and rng.random() < 0.2 else _noise_prior(rng, sigma, y)
    other = size * np.exp(rng.uniform(-1.0, 2.0))
    scales: dict[str, Any] = {
        "Laplace": {"laplace": hyper},
        "Gaussian": {"gaussian": hyper},
        "elastic net": {"laplace": hyper, "gaussian": other}
        if number % 8 == 2
        else {"laplace": other, "gaussian": hyper},
    }[prior]
    copies = () if prior == "Gaussian" else (1,) * p
    about = "large coefficients, small scale" if hard else "coefficients of all sizes"
    return Posterior(X, y, noise, relative=relative, copies=copies, about=about, **scales)


def _wide(rng: np.random.Generator, number: int) -> Posterior:
    form = _WIDE[number % len(_WIDE)]
    if number % 8 == 3:
        return _first_with_two_bulks(rng, _draw_equal_columns)
    n = _whole(rng, 8, 40)
    sigma = np.exp(rng.uniform(-2.0, 2.0))
    if form == "copies":
        X, y, error, copies = _equal_columns(rng, n, sigma, _sparse_t_values(rng, _directions(rng, n)))
    else:
        p = _whole(rng, n + 1, 3 * n)
        copies = ()
        X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
        error = np.full(p, sigma / np.sqrt(n))
        y = 2.0 + X @ (error * _sparse_t_values(rng, p)) + sigma * rng.normal(size=n)
    relative = bool(rng.random() < 0.3)
    size = np.exp(rng.uniform(-_RANGE, _RANGE)) * np.median(error) / (sigma if relative else 1.0)
    sampled = form != "general" and rng.random() < 0.3
    scale = _hyperprior(rng, size) if sampled else size
    noise = sigma if rng.random() < 0.1 else _noise_prior(rng, sigma, y, proper=True)
    prior = {"gaussian": scale} if form == "Gaussian" else {"laplace": scale}
    about = {"copies": "equal columns", "Gaussian": "general columns", "general": "general columns"}[form]
    return Posterior(X, y, noise, relative=relative, copies=copies, about=about, **prior)


def _draw_equal_columns(rng: np.random.Generator) -> Callable[[float], Posterior]:
    n = _whole(rng, 8, 40)
    sigma = np.exp(rng.uniform(-2.0, 2.0))
    t = rng.normal(size=_directions(rng, n))
    large = max(1, round(len(t) * rng.uniform(0.0, 0.5)))
    t[:large] = rng.choice([-1.0, 1.0], large) * np.exp(rng.uniform(np.log(8.0), np.log(300.0)))
    X, y, error, copies = _equal_columns(rng, n, sigma, t)
    noise = _noise_prior(rng, sigma, y, proper=True)
    about = "equal columns, two bulks sought"
    return lambda share: Posterior(X, y, noise, laplace=share * error[0], copies=copies, about=about)


def _directions(rng: np.random.Generator, n: int) -> int:
    return int(rng.integers(n // 2, n - 2))


def _equal_columns(
    rng: np.random.Generator, n: int, sigma: float, t: Array
) -> tuple[Array, Array, Array, tuple[int, ...]]:
    """Return more columns than rows, two or three of each, a response, standard errors and how many of each."""
    q = len(t)
    copies = rng.integers(2, 4, q)
    while copies.sum() <= n:
        copies[rng.integers(q)] = 3
    squares = n * np.exp(rng.uniform(-1.0, 1.0, q))
    error = sigma / np.sqrt(squares)
    X, y = orthogonal_rows(rng, n, squares, error * t, sigma**2 * rng.chisquare(n - 1 - q))
    return np.repeat(X, copies, axis=1), y, error, tuple(int(m) for m in copies)


def _scale_between_two_bulks(rng: np.random.Generator) -> Posterior:
    """Give a prior to a scale at which there are two bulks."""
    fixed = _first_with_two_bulks(rng, lambda rng: _draw_with_large_coefficients(rng, most=8))
    hyper = _hyperprior(rng, float(fixed.laplace))  # type: ignore[arg-type]
    scales = [{"laplace": hyper, "gaussian": None}, {"laplace": None, "gaussian": hyper}][
        int(rng.random() < 0.4)
    ]
    copies = fixed.copies if scales["laplace"] else ()
    return replace(fixed, copies=copies, about="scale at which there are two bulks", **scales)


def _whole(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number, uniform in its logarithm."""
    return int(np.exp(rng.uniform(np.log(low), np.log(high + 1))))


def _noise_and_squares(rng: np.random.Generator, n: int, p: int) -> tuple[float, Array, Array]:
    """Draw σ, x'x of columns in some unit, and the standard errors that follow."""
    sigma = np.exp(rng.uniform(-3.0, 3.0))
    squares = np.full(p, n * np.exp(rng.uniform(-4.0, 2.0)))
    if rng.random() < 0.5:
        squares = squares * np.exp(rng.uniform(-1.0, 1.0, p))
    return sigma, squares, sigma / np.sqrt(squares)


def _t_values(rng: np.random.Generator, p: int) -> Array:
    """Draw coefficients in standard errors: some about 0, some large."""
    large = rng.choice([-1.0, 1.0], p) * np.exp(rng.uniform(0.0, np.log(100.0), p))
    return np.where(rng.random(p) < rng.uniform(0.2, 0.9), rng.normal(size=p), large)


def _sparse_t_values(rng: np.random.Generator, p: int) -> Array:
    """Draw coefficients of which a few are large."""
    large = rng.choice([-1.0, 1.0], p) * np.exp(rng.uniform(np.log(3.0), np.log(60.0)))
    return np.where(rng.random(p) < 0.15, large, 0.3 * rng.normal(size=p))


def _noise_prior(rng: np.random.Generator, sigma: float, y: Array, *, proper: bool = False) -> Positive:
    size = sigma * np.exp(rng.uniform(-0.5, 3.0))
    choice = rng.choice(
        ["HalfNormal", "HalfCauchy", FLAT, DEFAULT, "LogNormal", "Exponential", "Gamma", "InverseGamma"]
    )
    if choice == FLAT and (proper or len(y) < _LEAST_ROWS_OF_FLAT):
        choice = DEFAULT
    parameters = {
        FLAT: (),
        DEFAULT: (float(y.std()),),
        "LogNormal": (float(np.log(sigma)), 5.0),
        "Exponential": (1.0 / size,),
        "Gamma": (2.0, 2.0 / size),
        "InverseGamma": (2.0, 2.0 * sigma),
    }
    return Positive(str(choice), parameters.get(str(choice), (size,)))


def _hyperprior(rng: np.random.Generator, size: float) -> Positive:
    families = {
        "HalfNormal": (size,),
        "HalfCauchy": (size,),
        "LogNormal": (float(np.log(size)), float(rng.choice([0.1, 0.5, 1.5]))),
        "Gamma": (2.0, 2.0 / size),
        "InverseGamma": (3.0, 3.0 * size),
    }
    family = str(rng.choice(list(families)))
    return Positive(family, families[family])
