"""What a table shows of levels, constant columns and the intercept: what the data tell of them."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.app.fitted import Fit
from bayesreg.app.pictures import forest_figure
from bayesreg.data.files.levels import Levels
from bayesreg.posterior.draws.interval import Interval

N = 80
LETTERS = np.array(list("abcd"))


def one_hot(values, column, reference=None):
    """Return the features of a text column and how they were made."""
    levels = tuple(sorted(set(values)))
    shown = [value for value in levels if value != reference]
    names = tuple(f"{column}={value}" for value in shown)
    ones = {name: (values == value).astype(float) for name, value in zip(names, shown, strict=True)}
    return pd.DataFrame(ones), Levels(column, levels, names)


def fitted(frames, levels, *, fit_intercept=True, weight=None, interval=0.9):
    """Fit columns of which the response is 5 and the first column's letters' places."""
    X = pd.concat(frames, axis=1)
    y = 5.0 + X.to_numpy() @ np.arange(X.shape[1]) + np.random.default_rng(1).normal(size=len(X))
    data = br.RowData.from_arrays(X, y, weight)
    model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0), fit_intercept)
    mode = br.map_estimate(model, data)
    tree = br.sample_posterior(model, data, num_warmup=100, num_samples=150, num_chains=2, progress=False)
    return Fit(model, data, mode, tree, None, levels, interval=Interval(interval)), X


def predictions(X, coef, intercept):
    return X.to_numpy() @ coef + intercept


@pytest.fixture(scope="module")
def mixed():
    """Two text columns of all levels, one with a reference, a number and a constant."""
    rng = np.random.default_rng(0)
    size = pd.DataFrame({"size": rng.normal(size=N), "year": 2026.0})
    city, of_city = one_hot(rng.choice(LETTERS, N), "city")
    colour, of_colour = one_hot(rng.choice(np.array(list("rgb")), N), "colour")
    sex, of_sex = one_hot(rng.choice(np.array(list("fm")), N), "sex", "f")
    return fitted([size, city, colour, sex], (of_city, of_colour, of_sex))


def test_levels_are_less_their_mean_in_each_draw(mixed):
    fit, X = mixed
    coef = fit.tree["posterior"]["coef"].values.reshape(-1, X.shape[1])
    for column in ("city", "colour"):
        names = [name for name in X if name.startswith(column)]
        raw = coef[:, [X.columns.get_loc(name) for name in names]]
        less = raw - raw.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(fit.told.loc[names, "mean"], less.mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(fit.told.loc[names, "q05"], np.quantile(less, 0.05, axis=0), atol=1e-12)
        assert abs(fit.told.loc[names, "map"].sum()) < 1e-9
    assert list(fit.contrasts.index) == [name for name in X if name.startswith(("city", "colour"))]


def test_what_is_told_predicts_as_the_model_does(mixed):
    fit, X = mixed
    told = fit.told["map"].fillna(0.0)
    shown = predictions(X, told[list(X)].to_numpy(), told["intercept"])
    np.testing.assert_allclose(shown, predictions(X, fit.mode.coef, fit.mode.intercept), atol=1e-9)


def test_its_width_is_that_of_what_the_data_tell(mixed):
    fit, _ = mixed
    assert fit.coefs.loc["intercept", "sd"] > 100.0  # of a year that the prior alone tells from it
    assert fit.told.loc["intercept", "sd"] < 1.0
    assert (fit.told.loc[fit.contrasts.index, "sd"] < fit.coefs.loc[fit.contrasts.index, "sd"]).all()


def test_plain_coefficients_are_as_they_were(mixed):
    fit, _ = mixed
    for name in ("size", "sex=m"):
        pd.testing.assert_series_equal(fit.told.loc[name], fit.coefs.loc[name])
    assert fit.told.loc["year"].isna().all()
    assert not fit.coefs.isna().any().any()


def test_each_row_that_is_no_coefficient_is_explained(mixed):
    assert mixed[0].effects.sentences() == (
        "levels of city (4), colour (3): each less the mean of its column's levels.",
        "sex=m: less sex=f.",
        "intercept: the response at the mean of the levels of city, colour, with year as it is, and 0 in all other "
        "columns.",
    )


def test_numbers_alone_need_no_words():
    X = pd.DataFrame(np.random.default_rng(2).normal(size=(N, 2)), columns=["a", "b"])
    fit, _ = fitted([X], ())
    assert fit.effects.sentences() == ()
    assert fit.effects.differing.size == 0
    assert fit.contrasts.empty
    pd.testing.assert_frame_equal(fit.told, fit.coefs)


def test_a_reference_level_needs_no_mean():
    values = np.random.default_rng(3).choice(LETTERS, N)
    frame, levels = one_hot(values, "city", "b")
    fit, _ = fitted([frame], (levels,))
    pd.testing.assert_frame_equal(fit.told, fit.coefs)
    assert fit.effects.sentences() == ("city=a to city=d: less city=b.",)


def test_a_level_without_rows_is_none():
    values = np.random.default_rng(4).choice(LETTERS, N)
    frame, levels = one_hot(values, "city")
    weight = (values != "d").astype(float)
    fit, X = fitted([frame], (levels,), weight=weight)
    assert fit.told.loc["city=d"].isna().all()
    three = ["city=a", "city=b", "city=c"]
    raw = fit.mode.coef[[X.columns.get_loc(name) for name in three]]
    np.testing.assert_allclose(fit.told.loc[three, "map"], raw - raw.mean(), atol=1e-12)
    assert "city=a to city=c: less the mean of the column's 3 levels." in fit.effects.sentences()


def test_a_text_column_of_one_level_is_constant():
    frame = pd.DataFrame({"a": np.random.default_rng(5).normal(size=N), "city=x": 1.0})
    fit, _ = fitted([frame], (Levels("city", ("x",), ("city=x",)),))
    assert fit.told.loc["city=x"].isna().all()
    assert fit.effects.compared == ()


def test_without_an_intercept_one_set_of_levels_is_told_as_it_is():
    frame, levels = one_hot(np.random.default_rng(6).choice(LETTERS, N), "city")
    fit, _ = fitted([frame], (levels,), fit_intercept=False)
    pd.testing.assert_frame_equal(fit.told, fit.coefs)
    assert fit.effects.sentences() == ()


def test_without_an_intercept_the_first_set_holds_what_is_shared():
    rng = np.random.default_rng(7)
    city, of_city = one_hot(rng.choice(LETTERS, N), "city")
    colour, of_colour = one_hot(rng.choice(np.array(list("rgb")), N), "colour")
    fit, X = fitted([city, colour], (of_city, of_colour), fit_intercept=False)
    np.testing.assert_allclose(
        predictions(X, fit.told["map"], 0.0), predictions(X, fit.mode.coef, 0.0), atol=1e-9
    )
    assert fit.told.loc["city=a", "sd"] < fit.coefs.loc["city=a", "sd"]
    assert abs(fit.told.loc[list(colour), "map"].sum()) < 1e-9
    assert fit.effects.sentences() == (
        "colour=b to colour=r: less the mean of the column's 3 levels.",
        "city=a to city=d: the response at the mean of the levels of colour, and 0 in all other columns.",
    )


def test_without_an_intercept_a_constant_column_is_one():
    frame, levels = one_hot(np.random.default_rng(8).choice(LETTERS, N), "city")
    two = pd.DataFrame({"two": np.full(N, 2.0)})
    fit, X = fitted([two, frame], (levels,), fit_intercept=False)
    np.testing.assert_allclose(
        predictions(X, fit.told["map"], 0.0), predictions(X, fit.mode.coef, 0.0), atol=1e-9
    )
    assert abs(fit.told["map"].iloc[1:].sum()) < 1e-9
    assert not fit.effects.constant.any()


@pytest.mark.parametrize(
    ("mass", "columns", "text"),
    [
        (0.9, ("q05", "q95"), "90% interval"),
        (0.95, ("q025", "q975"), "95% interval"),
        (0.5, ("q25", "q75"), "50% interval"),
        (0.8, ("q10", "q90"), "80% interval"),
        (0.99, ("q005", "q995"), "99% interval"),
        (0.999, ("q0005", "q9995"), "99.9% interval"),
    ],
)
def test_an_interval_has_the_ends_that_it_says(mass, columns, text):
    interval = Interval(mass)
    assert interval.columns == columns
    assert str(interval) == text
    draws = np.random.default_rng(9).normal(size=(1000, 2))
    np.testing.assert_allclose(
        interval.of(draws), np.quantile(draws, [(1 - mass) / 2, (1 + mass) / 2], axis=0)
    )


@pytest.mark.parametrize("mass", [0.0, 1.0, -0.1, np.nan, "0.9", True])
def test_no_other_number_is_a_mass(mass):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Interval(mass)


def test_another_interval_is_wider_and_says_so():
    X = pd.DataFrame(np.random.default_rng(10).normal(size=(N, 2)), columns=["a", "b"])
    fit, _ = fitted([X], (), interval=0.99)
    usual, _ = fitted([X], ())
    assert (fit.told["q995"] > usual.told["q95"]).all()
    assert (fit.told["q005"] < usual.told["q05"]).all()


def test_the_rows_that_are_shown_are_those_that_matter():
    rng = np.random.default_rng(11)
    X = pd.DataFrame(rng.normal(size=(N, 12)), columns=[f"x{j}" for j in range(12)])
    X["x3"] *= 1000.0
    y = 2.0 * X["x7"] + 0.01 * X["x3"] + rng.normal(size=N)
    data = br.RowData.from_arrays(X, y)
    model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0))
    tree = br.sample_posterior(model, data, num_warmup=100, num_samples=150, num_chains=2, progress=False)
    fit = Fit(model, data, br.map_estimate(model, data), tree, None)
    assert {"x3", "x7"} <= set(fit.clear)
    shown = fit.told.index[fit.shown_at(len(fit.clear) + 1)]
    assert set(fit.clear) < set(shown)
    assert list(shown) == [name for name in fit.told.index if name in set(shown)]
    (other,) = set(shown) - set(fit.clear) - {"intercept"}
    rest = [name for name in X if name not in fit.clear]
    size = (fit.told["map"].abs()[list(X)] * X.std(ddof=0))[rest]
    assert size[other] == size.max()
    assert list(fit.told.index[fit.shown_at(2)])[:2] == ["x3", "x7"]
    assert list(fit.shown_at(12)) == list(range(13))


def test_the_picture_has_the_rows_of_the_table(mixed):
    rng = np.random.default_rng(12)
    X = pd.DataFrame(rng.normal(size=(N, 40)), columns=[f"x{j}" for j in range(40)])
    for fit in (mixed[0], fitted([X], ())[0]):
        (ax,) = forest_figure(fit).axes
        drawn = [text.get_text() for text in ax.get_yticklabels()]
        table = fit.told.iloc[fit.shown_at(30)].drop(index="intercept").dropna()
        assert sorted(drawn) == sorted(table.index)
        assert (
            list((table["mean"].abs() / table["sd"])[drawn])
            == sorted(table["mean"].abs() / table["sd"])[::-1]
        )
        assert ("less the mean" in ax.get_xlabel()) == (fit is mixed[0])


@pytest.fixture(scope="module")
def paired():
    """Carriers a to d and places k to n: those of d fly to n, and nobody else does."""
    rng = np.random.default_rng(3)
    carrier, dest = rng.choice(LETTERS[:3], 300), rng.choice(np.array(list("klm")), 300)
    carrier[:20], dest[:20] = "d", "n"
    carrier, of_carrier = one_hot(carrier, "carrier")
    dest, of_dest = one_hot(dest, "dest")
    return fitted([carrier, dest], (of_carrier, of_dest))


def test_a_level_that_the_data_do_not_tell_does_not_widen_the_others(paired):
    fit, X = paired
    coef = fit.tree["posterior"]["coef"].values.reshape(-1, X.shape[1])
    told = [X.columns.get_loc(f"carrier={name}") for name in "abc"]
    less = coef[:, told] - coef[:, told].mean(axis=1, keepdims=True)
    rows = fit.told.loc[["carrier=a", "carrier=b", "carrier=c"]]
    np.testing.assert_allclose(rows["mean"], less.mean(axis=0), atol=1e-12)
    widths = fit.told["q95"] - fit.told["q05"]
    assert widths[["carrier=a", "carrier=b", "carrier=c", "dest=k", "dest=l", "dest=m"]].max() < 0.6
    assert widths[["carrier=d", "dest=n"]].min() > 2.0  # the prior alone parts the two


def test_its_pair_and_the_way_out_are_named(paired):
    from bayesreg.app.words.relations import relation_notes

    fit, X = paired
    first, meaning = relation_notes(fit, in_command=True)
    assert first == "dest=n equals carrier=d."
    assert meaning.endswith("Remedy: --missing dest=n --drop-missing.")
    assert relation_notes(fit, in_command=False)[1].endswith("Remedy: leave out the rows of 'dest=n'.")
    assert (
        "In no such mean, as the data do not tell them apart from another column: carrier=d, dest=n."
        in fit.effects.sentences()
    )
    at_mode = fit.told["map"].to_numpy()
    own = predictions(X, fit.mode.coef, fit.mode.intercept)
    np.testing.assert_allclose(predictions(X, at_mode[:-1], at_mode[-1]), own, atol=1e-9)


def test_the_table_counts_the_rows_of_levels_and_of_nothing_else(mixed):
    from bayesreg.app.words.rows import rows_cells

    fit, X = mixed
    cells = dict(zip(fit.told.index, [cell for (cell,) in rows_cells(fit, fit.told)], strict=True))
    assert {name: cell for name, cell in cells.items() if cell} == {
        name: str(int(X[name].sum())) for name in X if "=" in name
    }
    assert rows_cells(fit, fit.told.loc[["size", "intercept"]]) == []


def test_rows_without_weight_are_not_counted():
    city, of_city = one_hot(np.resize(LETTERS, N), "city")
    weight = np.where(np.arange(N) < 8, 0.0, 2.0)
    fit, _ = fitted([city], (of_city,), weight=weight)
    assert fit.rows_of_levels == {f"city={letter}": N // 4 - 2 for letter in LETTERS}


@pytest.mark.parametrize(("shift", "told"), [(0.0, False), (15.0, False), (2000.0, True)])
def test_an_intercept_far_from_the_rows_is_told_at_their_mean(shift, told):
    from bayesreg.app.words.rows import table_sentences

    rng = np.random.default_rng(5)
    X = pd.DataFrame({"year": shift + rng.normal(size=N), "x": rng.normal(size=N)})
    fit, _ = fitted([X], ())
    said = [sentence for sentence in table_sentences(fit) if "At the mean of all columns" in sentence]
    assert bool(said) is told
    if told:
        mean = float(said[0].split("the response is ")[1].split(",")[0])
        assert mean == pytest.approx(fit.data.y.mean(), abs=0.02)
        low, high = (float(end) for end in said[0].split("[")[1].split("]")[0].split(","))
        assert high - low == pytest.approx(2 * 1.645 / np.sqrt(N), rel=0.15)  # of a mean of N rows with σ = 1
