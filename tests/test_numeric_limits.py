"""Where float64 ends: dependent columns under wide priors, sizes far apart, the intercept's last digits. Told, or right."""

import warnings
from decimal import Decimal, localcontext
from pathlib import Path
from traceback import extract_tb

import numpy as np
import pytest
from conftest import model

import bayesreg as br
from bayesreg.model.problem import resolve

PACKAGE = str(Path(br.__file__).parent)
FORMS = [br.RowData.from_arrays, br.GramData.from_arrays]


def exact_ridge(X, y, l2):
    """Return the coefficients beside an intercept by elimination with 120 digits."""
    with localcontext() as context:
        context.prec = 120
        columns = [[Decimal(float(v)) for v in column] for column in (*X.T, y)]
        columns = [[v - sum(column) / len(column) for v in column] for column in columns]
        p = len(columns) - 1
        table = [
            [sum(a * b for a, b in zip(one, other, strict=True)) for other in columns] for one in columns[:p]
        ]
        for j, row in enumerate(table):
            row[j] += Decimal(float(l2))
        for i in range(p):
            for k in range(p):
                if k != i:
                    share = table[k][i] / table[i][i]
                    table[k] = [a - share * b for a, b in zip(table[k], table[i], strict=True)]
        return np.array([float(table[j][p] / table[j][j]) for j in range(p)])


def dependent(kind, n=45, seed=3):
    rng = np.random.default_rng(seed)
    if kind == "difference":  # debts, assets, and what is left
        debts, assets = np.round(rng.uniform(1e2, 1e5, (2, n)))
        X, size = np.column_stack([debts, assets, assets - debts]), 3e4
    elif kind == "levels":
        X, size = np.column_stack([np.eye(4)[rng.integers(0, 4, n)], rng.normal(size=n)]), 1.0
    else:  # three times the same, in other units
        a = rng.integers(-50, 50, n).astype(float)
        X, size = np.column_stack([a, 8.0 * a, rng.normal(size=n)]), 30.0
    return X, X[:, 0] / size - X[:, 1] / size + rng.normal(size=n), size


@pytest.mark.parametrize("reach", [3e3, 2e5, 5e7, 3e9, 1e12])
@pytest.mark.parametrize("kind", ["difference", "levels", "units"])
@pytest.mark.parametrize("form", FORMS)
def test_a_wide_ridge_on_columns_that_depend_exactly_on_one_another(form, kind, reach):
    X, y, size = dependent(kind)
    scale = reach / size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", br.ConvergenceWarning)  # float64 cannot tell that they do so exactly
        mode = br.map_estimate(model(br.GaussianPrior(scale), 1.0), form(X, y))
    left, values, right = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    seen = values > 1e-12 * values[0]
    assert seen.sum() == X.shape[1] - 1
    along = left.T[seen] @ (y - y.mean()) * values[seen] / (values[seen] ** 2 + scale**-2)
    wanted = right.T[:, seen] @ along
    np.testing.assert_allclose(mode.coef, wanted, atol=1e-8 * np.abs(wanted).max())


def test_nearly_dependent_columns_are_right_or_told():
    told = 0
    for seed in range(40):
        rng = np.random.default_rng([seed, 16])
        n, apart, reach = int(rng.integers(9, 30)), 10.0 ** rng.integers(-16, -3), 10.0 ** rng.integers(0, 11)
        a, b, noise, apart_by = rng.normal(size=(4, n))
        X = np.column_stack([a, b, 2 * a - b + apart * apart_by])
        y = a + b + noise
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            mode = br.map_estimate(model(br.GaussianPrior(reach), 1.0), br.RowData.from_arrays(X, y))
        wanted = exact_ridge(X, y, reach**-2)
        error = np.abs(mode.coef - wanted).max() / np.abs(wanted).max()
        assert mode.converged == (not caught)
        assert not mode.converged or error < 1e-6
        assert mode.certificate.coef_rounding > 1e-2 * error
        told += not mode.converged
    assert 5 < told < 35


def test_an_ordinary_ridge_has_no_doubt_about_its_coefficients():
    X, y, _ = dependent("levels")
    mode = br.map_estimate(model(br.GaussianPrior(10.0), 1.0), br.RowData.from_arrays(X, y))
    assert mode.converged
    assert mode.certificate.coef_rounding < 1e-9


def test_a_column_alone_in_its_size_is_not_taken_for_a_dependent_one():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 3)) * [1e-9, 1.0, 1e9]
    y = X @ [1e9, 1.0, 1e-9] + rng.normal(size=30)
    with pytest.warns(br.ConvergenceWarning):  # right, and float64 cannot prove it
        mode = br.map_estimate(model(br.GaussianPrior(1e12), 1.0), br.RowData.from_arrays(X, y))
    wanted = exact_ridge(X, y, 1e-24)
    np.testing.assert_allclose(mode.coef, wanted, rtol=1e-9)


def test_a_share_among_equal_columns_that_only_a_wide_prior_decides_is_told():
    rng = np.random.default_rng(7)
    a, x = rng.normal(size=(2, 50))
    X, y = np.column_stack([a, a, x]), 2 * a + x + rng.normal(size=50)
    for gaussian_scale in (1e6, 1e9):
        with pytest.warns(br.ConvergenceWarning, match="rounding may change coefficients"):
            mode = br.map_estimate(
                model(br.ElasticNetPrior(0.7, gaussian_scale), 1.0), br.RowData.from_arrays(X, y)
            )
        assert mode.duality_gap < 1e-8
    near = br.map_estimate(model(br.ElasticNetPrior(0.7, 20.0), 1.0), br.RowData.from_arrays(X, y))
    assert near.converged
    assert near.coef[0] == pytest.approx(near.coef[1], rel=1e-8)


@pytest.mark.parametrize("seed", [0, 3, 4])  # in which rounding does so, with the loops in C and without
def test_an_equal_column_that_rounding_alone_keeps_out_is_told(seed):
    rng = np.random.default_rng(seed)
    a, x = rng.normal(size=(2, 50))
    X, y = np.column_stack([a, -a if seed % 2 else a, x]), 2 * a + x + rng.normal(size=50)
    with pytest.warns(br.ConvergenceWarning, match="rounding may change coefficients"):
        mode = br.map_estimate(model(br.ElasticNetPrior(0.7, 1e9), 1.0), br.RowData.from_arrays(X, y))
    assert mode.coef[1] == 0.0  # its twin has all of it
    assert mode.duality_gap < 1e-8


@pytest.mark.parametrize("scale", [4e3, 3e7, 5e9])
@pytest.mark.parametrize("form", FORMS)
def test_the_posterior_has_the_priors_width_where_columns_depend_on_one_another(form, scale):
    X, y, _ = dependent("levels")
    free = np.array([1.0, 1.0, 1.0, 1.0, 0.0]) / 2.0
    linear, data = model(br.GaussianPrior(scale), 1.0), form(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tree = br.sample_posterior(linear, data, num_samples=1000, progress=False)
    coefs = tree["posterior"]["coef"].values.reshape(-1, 5)
    assert (coefs @ free).std() == pytest.approx(scale, rel=0.06)
    centred = X - X.mean(axis=0)
    slopes = np.linalg.pinv(centred.T @ centred, rcond=1e-10)
    assert coefs[:, -1].std() == pytest.approx(np.sqrt(slopes[-1, -1]), rel=0.06)
    from_statistics = isinstance(data, br.GramData)
    assert bool(caught) == (from_statistics and scale > 1e7)  # these cannot tell that they do so exactly
    assert not caught or any("statistics" in str(one.message) for one in caught)


def objective(X, y, coef, intercept, l2):
    """Return J with 120 digits."""
    with localcontext() as context:
        context.prec = 120
        total = Decimal(0)
        for row, response in zip(X, y, strict=True):
            fitted = Decimal(intercept) + sum(
                Decimal(float(v)) * Decimal(float(b)) for v, b in zip(row, coef, strict=True)
            )
            total += (Decimal(float(response)) - fitted) ** 2
        return (total + Decimal(float(l2)) * sum(Decimal(float(b)) ** 2 for b in coef)) / 2


@pytest.mark.parametrize("offset", [3e4, 7e9, 4e11])
@pytest.mark.parametrize("form", FORMS)
def test_the_certificate_counts_the_last_digits_of_the_intercept(form, offset):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        first = offset + rng.normal(size=20)
        second = first - offset + 0.02 * rng.normal(size=20)
        X = np.column_stack([first, second])
        y = 30.0 * (first - offset - second) + 0.2 * rng.normal(size=20)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", br.ConvergenceWarning)
            mode = br.map_estimate(model(br.GaussianPrior(300.0), 1.0), form(X, y))
        best = exact_ridge(X, y, 300.0**-2)
        with localcontext() as context:
            context.prec = 120
            level = sum(
                Decimal(float(r))
                - sum(Decimal(float(v)) * Decimal(float(b)) for v, b in zip(row, best, strict=True))
                for row, r in zip(X, y, strict=True)
            ) / len(y)
        lowest = objective(X, y, best, level, 300.0**-2)
        missed = float(objective(X, y, mode.coef, mode.intercept, 300.0**-2) - lowest)
        missed /= mode.certificate.null_objective
        stated = max(mode.duality_gap, mode.certificate.rounding)
        assert missed <= stated + 1e-14
        assert missed <= 1e-8 or not mode.converged
    assert mode.converged == (offset < 1e9) or form is FORMS[1]


def test_a_scale_that_is_on_no_column_cannot_be_chosen():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    data, nowhere = br.RowData.from_arrays(X, y), [np.inf, np.inf]
    for prior, methods in (
        (br.GaussianPrior(factor=nowhere), ("cv", "loo", "gcv", "aic", "evidence", "posterior")),
        (br.LaplacePrior(factor=nowhere), ("cv-1se", "bic", "evidence", "posterior")),
    ):
        for method in methods:
            with pytest.raises(ValueError, match="no column is under the prior"):
                br.select_scale(model(prior, 1.0), data, method)


def wild(rng):
    """Return degenerate data of any size, and a model."""
    n, p = int(rng.integers(2, 16)), int(rng.integers(1, 12))
    X = rng.laplace(size=(n, p))
    for j in range(1, p):
        X[:, j] = rng.choice(
            [
                X[:, j],
                np.full(n, 4e5 / 3),
                -2.0 * X[:, j - 1],
                X[:, :j].sum(axis=1),
                X[:, 0] * (1.0 + 10.0 ** rng.integers(-16, -3) * rng.normal(size=n)),
                X[:, j] + 10.0 ** rng.integers(2, 14),
                (np.arange(n) % 4 == 0) * 1.0,
            ],
            p=[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
        )
    y = (rng.normal(size=n), X[:, 0] - 1.0, np.full(n, 0.1), X @ rng.normal(size=p))[rng.integers(4)]
    if rng.random() < 0.5:
        X, y = X * 10.0 ** rng.uniform(-70, 70, size=p), y * 10.0 ** rng.uniform(-70, 70)
    weights = None if rng.random() < 0.6 else 10.0 ** rng.uniform(-20, 20, n)
    scale = 10.0 ** (rng.uniform(-70, 70) if rng.random() < 0.4 else rng.uniform(-2, 9))
    factor = None if rng.random() < 0.7 else np.where(rng.random(p) < 0.5, np.inf, 1.0)
    prior = (
        br.GaussianPrior(scale, factor=factor),
        br.GaussianPrior(factor=factor),
        br.LaplacePrior(scale, factor=factor),
        br.ElasticNetPrior(scale, 1e3 * scale, factor=factor),
    )[rng.integers(4)]
    noise = float(np.clip(np.abs(y).max() * 10.0 ** rng.uniform(-2, 2), 1e-99, 1e99))
    linear = br.LinearModel(
        prior,
        br.GaussianLikelihood(noise),
        fit_intercept=bool(rng.random() < 0.7),
        standardize=bool(rng.random() < 0.3),
    )
    form = br.GramData if rng.random() < 0.25 else br.RowData
    return linear, (X, y, weights), form


def path_of(linear, arrays, form, rng):
    scales = None if rng.random() < 0.5 else 10.0 ** rng.uniform(-90, 90, size=3)
    path = br.map_path(linear, form.from_arrays(*arrays), scales, n_scales=6)
    told = path.certificates
    return path.converged.all(), [
        path.coefs,
        path.intercepts,
        path.duality_gaps,
        told.rounding,
        path.effective_df,
    ]


def mode_of(linear, arrays, form, rng):
    unknown = br.GaussianLikelihood(None if rng.random() < 0.4 else linear.likelihood.noise_scale)
    linear = br.LinearModel(linear.prior, unknown, fit_intercept=linear.fit_intercept)
    mode = br.map_estimate(linear, form.from_arrays(*arrays), tol=10.0 ** rng.integers(-16, -3))
    return mode.converged, [mode.coef, mode.intercept, mode.noise_scale, mode.duality_gap]


def audit_of(linear, arrays, form, rng):
    X, y, weights = arrays
    penalty = br.Penalty(l1=float(rng.integers(2)), l2=10.0 ** rng.uniform(-30, 3))
    answer = rng.normal(size=X.shape[1]) * 10.0 ** rng.integers(-60, 60)
    audit = br.audit(answer, float(rng.normal()), X, y, penalty, weights)
    return True, [audit.objective, audit.duality_gap, audit.kkt_violation]


def scale_of(linear, arrays, form, rng):
    gaussian = isinstance(linear.prior, br.GaussianPrior)
    method = str(rng.choice(["loo", "gcv", "evidence", "aic", "cv"] if gaussian else ["aic", "bic", "cv"]))
    form = br.RowData if method in ("cv", "loo") else form
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = br.select_scale(linear, form.from_arrays(*arrays), method, n_scales=5, progress=False)
    return True, [found.scale, found.penalty.l1, found.penalty.l2]


@pytest.mark.parametrize(("ask", "n"), [(mode_of, 150), (path_of, 60), (audit_of, 12), (scale_of, 60)])
def test_degenerate_data_get_a_finite_answer_or_an_error_of_the_package(ask, n):
    answered, raised = 0, []
    for seed in range(n):
        rng = np.random.default_rng([seed, n])
        with np.errstate(all="ignore"):
            linear, arrays, form = wild(rng)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                converged, values = ask(linear, arrays, form, rng)
            except (ValueError, TypeError) as error:
                raised.append((seed, extract_tb(error.__traceback__)[-1].filename))
                continue
        answered += 1
        assert all(np.isfinite(value).all() for value in values), seed
        assert converged or any(issubclass(one.category, br.ConvergenceWarning) for one in caught), seed
    assert all(file.startswith(PACKAGE) for _, file in raised), raised
    assert answered > 0.6 * n


def test_a_strength_beyond_float64_holds_a_coefficient_at_zero():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(20, 2)), 1e90 * rng.normal(size=20)
    linear = model(br.GaussianPrior(1e-90), 1e90)
    mode = br.map_estimate(linear, br.RowData.from_arrays(X, y))
    assert np.isfinite(mode.penalty.l2).all()
    assert np.abs(mode.coef).max() < 1e-100
    assert mode.converged
    assert resolve(linear, br.RowData.from_arrays(X, y)).noise_scale == 1e90


@pytest.mark.parametrize("eps", [1e-5, 1e-6, 1e-7, 1e-8])
@pytest.mark.parametrize(
    "prior", [br.FlatPrior(), br.LaplacePrior([np.inf, np.inf, 10.0]), br.LaplacePrior(1e9)]
)
def test_statistics_that_cannot_tell_columns_apart_say_so(prior, eps):
    rng = np.random.default_rng(2)
    x, z = rng.normal(size=(2, 200))
    near = np.column_stack([x, x + eps * z, rng.normal(size=200)])
    if isinstance(prior, br.FlatPrior) or np.ndim(prior.scale) == 0:
        near = near[:, :2]
    y = 2 * x + 3 * z + 0.1 * rng.normal(size=200)
    linear = model(prior)
    with pytest.warns(br.ConvergenceWarning, match=r"Give the rows \(RowData\)|float64 allows no smaller"):
        gram = br.map_estimate(linear, br.GramData.from_arrays(near, y))
    assert not gram.converged
    if np.ndim(getattr(prior, "scale", np.zeros(2))) == 1:  # the rows know
        assert br.map_estimate(linear, br.RowData.from_arrays(near, y), tol=1e-6).converged


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e4])
@pytest.mark.parametrize("form", FORMS)
def test_ridge_on_columns_of_different_units(form, scale):
    rng = np.random.default_rng(0)
    n = 200
    columns = [
        rng.uniform(20, 80, n),
        rng.lognormal(10, 0.5, n),
        rng.random(n),
        rng.integers(0, 2, n),
        3e9 + 1e9 * rng.normal(size=n),
    ]
    units = np.column_stack(columns)
    y = units @ np.array([0.1, 1e-4, 3, 1, 1e-9]) + rng.normal(size=n)
    sd = units.std(axis=0)
    Z = (units - units.mean(axis=0)) / sd
    expected = np.linalg.solve(Z.T @ Z + np.diag(1 / (scale * sd) ** 2), Z.T @ (y - y.mean()))
    mode = br.map_estimate(model(br.GaussianPrior(scale)), form(units, y), tol=1e-3)
    np.testing.assert_allclose(mode.coef * sd, expected, rtol=0, atol=1e-9 * np.abs(expected).max())
