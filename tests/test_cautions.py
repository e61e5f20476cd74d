"""What speaks against an answer as it stands, and what is said first of a fit."""

import re

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.app.fitted import Fit
from bayesreg.app.target import Target
from bayesreg.app.words.cautions import cautions, prediction_caution
from bayesreg.app.words.headline import headline
from bayesreg.app.words.relations import relation_notes
from bayesreg.app.words.response import likelihoods_for, odd_response, response_caution
from bayesreg.app.words.told_response import told_caution

N = 200


def fitted(y, X=None, weight=None, **more):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=len(y)), "z": rng.normal(size=len(y))}) if X is None else X
    data = more.pop("data", None) or br.RowData.from_arrays(X, y, weight)
    model = br.LinearModel(br.GaussianPrior(1.0, relative_to_noise=True), br.GaussianLikelihood())
    mode = br.map_estimate(model, data)
    tree = br.sample_posterior(model, data, num_warmup=100, num_samples=150, num_chains=2, progress=False)
    return Fit(model, data, mode, tree, None, target=Target("visits"), **more)


def kind(y, weight=None):
    """Return the kind of a response beside one column that tells nothing of it."""
    X = pd.DataFrame({"x": np.random.default_rng(1).normal(size=len(y))})
    data = br.RowData.from_arrays(X, y, weight)
    model = br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(1.0))
    fit = Fit(model, data, br.map_estimate(model, data), None, None, target=Target("visits"))
    found = odd_response(fit)
    return None if found is None else found.kind


RNG = np.random.default_rng(2)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (RNG.integers(0, 2, N), "two values"),
        (RNG.choice([-1.5, 7.0], N), "two values"),
        (RNG.poisson(2.0, N), "counts"),
        (RNG.integers(1, 6, N), "counts"),  # of marks
        (RNG.integers(100, 104, N), "few values"),  # four numbers, with gaps
        (RNG.poisson(200.0, N), None),
        (RNG.integers(-3, 4, N), None),
        (RNG.poisson(2.0, N) + 0.5, None),
        (np.clip(RNG.normal(0.5, 0.4, N), 0.0, 1.0), "share"),
        (RNG.uniform(0.2, 0.8, N), None),
        (np.append(RNG.uniform(0.1, 0.9, N), 1.0), None),  # one at an end is no mass there
        (RNG.lognormal(8.0, 1.5, N), "skewed"),
        (-RNG.lognormal(0.0, 1.5, N), "skewed"),
        (10.0 ** RNG.uniform(0.0, 4.0, N), "skewed"),
        (RNG.normal(100.0, 20.0, N), None),
        (RNG.exponential(1.0, 9), None),  # too few rows to tell
    ],
)
def test_what_normal_noise_is_not_made_for_is_told(y, expected):
    assert kind(y.astype(float)) == expected


@pytest.mark.filterwarnings("ignore:`y` is constant")
def test_a_constant_response_is_no_odd_one():
    for value in (0.0, 1.0, 3.0, 0.5):
        assert kind(np.full(N, value)) is None


def test_rows_of_weight_0_do_not_count():
    y = np.append(RNG.integers(0, 2, N), 3.7).astype(float)
    assert kind(y) != "two values"
    assert kind(y, np.append(np.ones(N), 0.0)) == "two values"


def test_statistics_alone_tell_nothing_of_it():
    rows = br.GramData.from_arrays(RNG.normal(size=(N, 1)), RNG.integers(0, 2, N))
    fit = fitted(np.zeros(N), data=rows)
    assert odd_response(fit) is None
    assert fit.quick_check is None
    assert fit.told.shape[0] == 2


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (
            RNG.integers(0, 2, N),
            "'visits' has two values only, 0 and 1: the noise is not normal, and predictions",
        ),
        (RNG.poisson(1.0, N), "intervals go below 0. A model of counts is made for it: --family poisson"),
        (RNG.lognormal(8.0, 1.5, N), "Fit the logarithm of 'visits' instead."),
        (np.clip(RNG.normal(0.5, 0.4, N), 0.0, 1.0), "go below 0 or above 1."),
    ],
)
def test_the_caution_says_what_it_does_to_the_answer(y, said):
    fit = fitted(y.astype(float))
    caution = response_caution(fit)
    assert said in caution
    assert caution in cautions(fit)
    (care,) = [sentence for sentence in headline(fit) if sentence.startswith("With care: 'visits' ")]
    assert headline(fit)[-2] == care


@pytest.mark.parametrize("kind", ["two values", "counts", "share"])
def test_the_likelihoods_that_are_named_are_there(kind):
    named = re.findall(r"br\.(\w+)", likelihoods_for(kind))
    assert named
    assert set(named) <= set(br.__all__)
    assert likelihoods_for("skewed") == likelihoods_for("few values") == ""


def test_a_logarithm_is_not_asked_of_what_has_none():
    assert "logarithm" not in response_caution(fitted(-RNG.lognormal(0.0, 1.5, N)))
    assert "logarithm" not in response_caution(fitted(np.append(RNG.lognormal(0.0, 1.5, N), 0.0)))


def test_a_predictive_check_that_fails_in_most_bars_is_told():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"x": rng.normal(size=N)})
    bad = fitted(5.0 * X["x"] ** 2 + 0.1 * rng.normal(size=N), X)
    (caution,) = [sentence for sentence in cautions(bad) if sentence.startswith("The predictive check fails")]
    assert "most bars of its histogram hold more or fewer rows" in caution
    good = fitted(5.0 * X["x"] + rng.normal(size=N), X)
    assert cautions(good) == ()
    assert caution in prediction_caution(bad)
    assert prediction_caution(good) == ""


@pytest.mark.parametrize("n_rows", [30, 1000])
def test_a_right_model_draws_no_caution(n_rows):
    rng = np.random.default_rng(n_rows)
    X = pd.DataFrame({"x": rng.normal(size=n_rows)})
    assert cautions(fitted(X["x"] + rng.normal(size=n_rows), X)) == ()


def test_the_headline_says_what_matters_before_trust():
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(N, 3)), columns=["a", "b", "c"])
    fit = fitted(3.0 * X["a"] - 2.0 * X["b"] + rng.normal(size=N), X)
    clear, explained, left, trust = headline(fit)
    assert (
        clear
        == f"The 90% interval leaves out 0 for {len(fit.clear)} of 3 coefficients: {', '.join(fit.clear)}."
    )
    assert {"a", "b"} <= set(fit.clear)
    assert f"{fit.r_squared:.1%} of the variance of 'visits'" in explained
    assert "90% interval [" in left
    assert trust == fit.diagnostics.sentence


def test_nothing_clear_is_said_too():
    rng = np.random.default_rng(5)
    fit = fitted(rng.normal(size=N), pd.DataFrame({"a": rng.normal(size=N), "year": 1.0}))
    assert fit.clear == ()
    assert (
        headline(fit)[0]
        == "The sign of no coefficient is clear: the 90% interval leaves out 0 for 0 of 1 coefficient."
    )


def test_of_many_the_clearest_are_named():
    rng = np.random.default_rng(6)
    X = pd.DataFrame(rng.normal(size=(N, 12)), columns=[f"x{j}" for j in range(12)])
    fit = fitted(X.to_numpy() @ np.arange(1.0, 13.0) + rng.normal(size=N), X)
    assert len(fit.clear) == 12
    clarity = (fit.coefs["mean"] / fit.coefs["sd"])[list(X)].sort_values(ascending=False)
    assert clarity.index[0] == "x11"
    assert headline(fit)[0].endswith(f"the clearest first, {', '.join(clarity.index[:8])} and 4 more.")


def test_names_with_commas_are_told_apart():
    rng = np.random.default_rng(6)
    X = pd.DataFrame(rng.normal(size=(N, 2)), columns=["age, in years", "dose (1 = low, 4 = high)"])
    said = headline(fitted(X.to_numpy() @ [3.0, -2.0] + rng.normal(size=N), X))[0]
    assert said.endswith("2 of 2 coefficients: age, in years; dose (1 = low, 4 = high).")


def test_collinear_columns_are_told_with_the_remedy_of_the_reader():
    rng = np.random.default_rng(7)
    X = pd.DataFrame({"hour": rng.integers(0, 24, N), "minute": rng.integers(0, 60, N)}).astype(float)
    X["time"] = 100.0 * X["hour"] + X["minute"]
    fit = fitted(rng.normal(size=N), X)
    first, meaning = relation_notes(fit, in_command=True)
    assert first == "time = 100 hour + minute."
    assert meaning.endswith("Remedy: --exclude time.")
    assert relation_notes(fit, in_command=False)[1].endswith("Remedy: leave out 'time'.")


def test_a_text_column_that_another_tells_is_named_once():
    from bayesreg.data.files.levels import Levels

    rng = np.random.default_rng(8)
    where = rng.integers(0, 5, N)
    city = {f"city={name}": (where == j).astype(float) for j, name in enumerate("abcde")}
    land = {"land=B": (where > 2).astype(float)}
    levels = Levels("city", tuple("abcde"), tuple(city)), Levels("land", ("A", "B"), tuple(land))
    fit = fitted(rng.normal(size=N), pd.DataFrame(city | land), levels=levels)
    said, meaning = relation_notes(fit, in_command=True)
    assert said == "land is told by the level of city."
    assert meaning.endswith("Remedy: --exclude city.")


def test_more_columns_than_rows_are_told_as_that():
    X = pd.DataFrame(np.random.default_rng(9).normal(size=(20, 25))).add_prefix("x")
    (said,) = relation_notes(fitted(np.arange(20.0), X), in_command=True)
    assert said.startswith("There are more columns than rows can tell apart: 25 for 20.")


def test_columns_that_are_independent_need_no_note():
    assert relation_notes(fitted(np.random.default_rng(10).normal(size=N)), in_command=True) == ()


@pytest.mark.parametrize(
    ("n_columns", "said"),
    [
        (8, None),
        (
            13,
            "13 columns for 60 rows: R² is larger here than on new rows (least squares on so many columns of mere",
        ),
        (59, "59 columns for 60 rows: R² and the predictive check say nothing here"),
        (70, "70 columns for 60 rows: R² and the predictive check say nothing here"),
    ],
)
def test_what_r_squared_is_worth_is_said(n_columns, said):
    X = pd.DataFrame(np.random.default_rng(11).normal(size=(60, n_columns))).add_prefix("x")
    fit = fitted(np.random.default_rng(12).normal(size=60), X)
    found = [sentence for sentence in cautions(fit) if "columns for 60 rows" in sentence]
    assert len(found) == (said is not None)
    if said is not None:
        assert found[0].startswith(said)
    fills = ", which says nothing with as many columns as rows" in " ".join(headline(fit))
    assert fills is (n_columns >= 59)


def test_what_noise_alone_explains_is_that_share():
    """The figure that the caution gives is the mean R² of least squares on columns of noise: p/(n − 1)."""
    rng = np.random.default_rng(13)
    shares = []
    for _ in range(300):
        X, y = np.column_stack([np.ones(60), rng.normal(size=(60, 13))]), rng.normal(size=60)
        left = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        shares.append(1.0 - left @ left / ((y - y.mean()) @ (y - y.mean())))
    assert np.mean(shares) == pytest.approx(13 / 59, abs=4 * np.std(shares) / np.sqrt(300))
    X = pd.DataFrame(rng.normal(size=(60, 13))).add_prefix("x")
    (said,) = [sentence for sentence in cautions(fitted(rng.normal(size=60), X)) if "13 columns" in sentence]
    assert "mere noise has 0.22)" in said


def levels_of(**columns):
    """Return features and Levels of text columns."""
    from bayesreg.data.files.levels import found_levels

    found = [found_levels(pd.Series(values, name=name)) for name, values in columns.items()]
    frames = [one.encoded(pd.Series(columns[one.column], name=one.column)) for one in found]
    return pd.concat(frames, axis=1), tuple(found)


def test_of_nested_columns_the_one_with_more_levels_is_to_be_left_out():
    chick = np.repeat([f"c{i:02}" for i in range(12)], 10)
    diet = np.repeat(["a", "b", "c"], 40)
    for columns in ({"chick": chick, "diet": diet}, {"diet": diet, "chick": chick}):
        X, levels = levels_of(**columns)
        fit = fitted(np.random.default_rng(14).normal(size=120), X, levels=levels)
        said, meaning = relation_notes(fit, in_command=True)
        assert said == "diet is told by the level of chick."
        assert meaning.endswith("Remedy: --exclude chick.")


def test_of_a_treatment_in_numbers_the_identifier_is_to_be_left_out_too():
    X, levels = levels_of(chick=np.repeat([f"c{i:02}" for i in range(12)], 10))
    X["dose"] = np.repeat([1.0, 2.5, 4.0, 2.5], 30)
    said, meaning = relation_notes(
        fitted(np.random.default_rng(15).normal(size=120), X, levels=levels), in_command=True
    )
    assert said == "dose is told by the level of chick."
    assert meaning.endswith("Remedy: --exclude chick.")


def test_of_columns_with_the_same_levels_one_is_to_be_left_out_and_no_rows():
    """To drop the rows of one kind of two would leave a column that does not vary."""
    rng = np.random.default_rng(18)
    for letters in ("mf", "abc"):
        code = rng.choice(list(letters), N)
        X, levels = levels_of(code=code, name=np.char.add(code, " in full"))
        said, meaning = relation_notes(fitted(rng.normal(size=N), X, levels=levels), in_command=True)
        assert said == "code is told by the level of name."
        assert meaning.endswith("Remedy: --exclude name.")


@pytest.mark.parametrize("level", ["missing", "other"])
def test_a_level_that_is_not_in_the_file_cannot_be_called_missing(level):
    from bayesreg.data.files.levels import found_levels

    rng = np.random.default_rng(19)
    made = {"missing": {"missing": "(missing)"}, "other": {"gather_rare": 12}}[level]
    where = rng.choice(4, N, p=[0.5, 0.3, 0.15, 0.05])
    where[:20] = 3
    rare = np.array(["a", "b", "c", "(missing)"] if level == "missing" else ["a", "b", "c", "d"])[where]
    if level == "other":
        rare[:20] = np.repeat(["d", "e"], 10)
        rare[20:][where[20:] == 3] = "c"
    is_made = np.isin(rare, ["(missing)", "d", "e"])
    kind = np.where(is_made, "none", rng.choice(["k", "l", "m", "n"], N))
    kind_2 = np.where(is_made, "(missing)", rng.choice(["k", "l"], N))
    for other, remedy in ((kind, "--missing kind=none --drop-missing."), (kind_2, "--exclude rare.")):
        found = [
            found_levels(pd.Series(rare, name="rare"), **made),
            found_levels(pd.Series(other, name="kind"), missing="(missing)"),
        ]
        frames = [one.encoded(pd.Series(values)) for one, values in zip(found, (rare, other), strict=True)]
        fit = fitted(rng.normal(size=N), pd.concat(frames, axis=1), levels=tuple(found))
        said, meaning = relation_notes(fit, in_command=True)
        assert f"rare=({level})" in said
        assert meaning.endswith(f"Remedy: {remedy}")


def test_a_level_that_two_levels_make_is_no_nested_column():
    rng = np.random.default_rng(16)
    carrier, dest = rng.choice(list("abcde"), N), rng.choice(list("klm"), N)
    dest[np.isin(carrier, ["c", "d"])] = "n"
    X, levels = levels_of(carrier=carrier, dest=dest)
    said, meaning = relation_notes(fitted(rng.normal(size=N), X, levels=levels), in_command=True)
    assert said == "dest=n = carrier=c + carrier=d."
    assert "--exclude carrier" in meaning


def test_a_date_beside_year_and_month_is_nearly_told_by_them():
    days = pd.date_range("2015-01-01", "2023-12-31", freq="9D")
    X = pd.DataFrame({"sold": (days - days[0]).days, "year": days.year, "month": days.month}).astype(float)
    fit = fitted(np.random.default_rng(17).normal(size=len(days)), X)
    first, meaning = relation_notes(fit, in_command=True)
    others = np.column_stack([np.ones(len(X)), X[["year", "month"]]])
    left = X["sold"] - others @ np.linalg.lstsq(others, X["sold"], rcond=None)[0]
    r_squared = float(re.search(r"sold is nearly told by year, month \(R² ([0-9.]+)\)", first)[1])
    assert r_squared == pytest.approx(1.0 - left.var() / X["sold"].var(), abs=1e-6)
    assert meaning.endswith("Remedy: --exclude sold.")
    assert relation_notes(fit, in_command=False)[1].endswith("Remedy: leave out 'sold'.")


def told(y, X, **more):
    return next((one for one in cautions(fitted(y, X, **more)) if "is told" in one), None)


def test_a_response_that_columns_add_up_to_is_told_with_them():
    rng = np.random.default_rng(20)
    X = pd.DataFrame(rng.normal(size=(N, 5)), columns=list("abcde"))
    assert told(X["b"] + X["d"] - 3.0, X).startswith(
        "'visits' is told exactly by 'b', 'd'. Is one of them computed"
    )
    assert told(X["b"] + X["d"] - 3.0, X).endswith("no earlier than the response.")
    assert told(X["b"] + X["d"] - 3.0, X, in_command=True).endswith(
        "no earlier than the response (--exclude)."
    )
    rounded = X.assign(c=(0.3 * X["b"] + 2.0).round(3))
    said = told(X["b"], rounded.drop(columns="b"))
    shown = re.fullmatch(r"'visits' is told nearly \(R² ([0-9.]+)\) by 'c'", said.split(". Is")[0])
    with_one = np.column_stack([np.ones(N), rounded["c"]])
    left = X["b"] - with_one @ np.linalg.lstsq(with_one, X["b"], rcond=None)[0]
    assert float(shown[1]) == pytest.approx(
        1.0 - left.var() / X["b"].var(), abs=0.1 * left.var() / X["b"].var()
    )


@pytest.mark.parametrize(("noise", "is_told"), [(0.005, True), (0.02, False)])
def test_a_ten_thousandth_of_the_variance_is_the_limit(noise, is_told):
    rng = np.random.default_rng(21)
    X = pd.DataFrame(rng.normal(size=(N, 2)), columns=list("ab"))
    assert bool(told(X["a"] + noise * rng.normal(size=N), X)) is is_told


def test_methods_are_asked_for_in_the_words_of_the_reader():
    """The default scale is too small for these data, which is told with the option, or with the argument."""
    rng = np.random.default_rng(25)
    X = pd.DataFrame({"x": rng.normal(size=N), "z": rng.normal(size=N)})
    y = 30_000.0 * X["x"] + 4_000.0 * rng.normal(size=N) + 1e5
    for in_command, words in ((True, "--scale evidence"), (False, "'evidence'")):
        (said,) = [one for one in cautions(fitted(y, X, in_command=in_command)) if "disagree" in one]
        assert f"the one that {words} chooses" in said
        assert ("'evidence'" in said) is not in_command
        left, low, high = map(
            float, re.findall(r"leaves (\d+), outside of the 99% interval \[(\d+), (\d+)\]", said)[0]
        )
        assert left < low < high
        residual = (
            y
            - np.column_stack([np.ones(N), X])
            @ np.linalg.lstsq(np.column_stack([np.ones(N), X]), y, rcond=None)[0]
        )
        assert left == pytest.approx(np.sqrt(residual @ residual / (N - 3)), abs=0.6)


def test_as_many_columns_as_tell_any_response_are_no_news():
    rng = np.random.default_rng(22)
    X = pd.DataFrame(rng.normal(size=(20, 19))).add_prefix("x")
    assert told(rng.normal(size=20), X) is None


def test_an_exposure_that_tells_counts_is_told_too():
    """Cases are persons less those who are well, and persons are the exposure."""
    rng = np.random.default_rng(23)
    persons = rng.integers(5, 60, N)
    cases = rng.binomial(persons, 0.3)
    X = pd.DataFrame({"a": rng.normal(size=N), "well": persons - cases})
    data = br.RowData.from_arrays(X, cases, offset=np.log(persons))
    likelihood = br.PoissonLikelihood()
    model = br.LinearModel(br.GaussianPrior(1.0), likelihood)
    target = Target("cases", exposure="persons")
    mode = br.map_estimate(model, data)
    fit = Fit(model, data, mode, None, None, target=target)
    assert told_caution(fit).startswith("'cases' is told exactly by 'persons', 'well'.")
    fewer = br.RowData.from_arrays(X[["a"]], cases, offset=np.log(persons))
    assert told_caution(Fit(model, fewer, br.map_estimate(model, fewer), None, None, target=target)) is None


def test_levels_that_tell_a_response_are_named_by_their_column():
    rng = np.random.default_rng(24)
    X, levels = levels_of(mark=rng.choice(list("abc"), N))
    y = 2.0 * X["mark=a"] + 5.0 * X["mark=b"]
    X["z"] = rng.normal(size=N)
    assert told(y, X, levels=levels).startswith("'visits' is told exactly by 'mark'.")
