"""Columns that others tell exactly: found, with small numbers, and told by name."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import bayesreg as br
from bayesreg.app.words.relations import relation_text
from bayesreg.data.relations import linear_relations

N = 300


def columns(**more):
    rng = np.random.default_rng(0)
    frame = {"hour": rng.integers(0, 24, N), "minute": rng.integers(0, 60, N), "wind": rng.normal(size=N)}
    return pd.DataFrame(frame | {name: make(frame, rng) for name, make in more.items()}).astype(float)


def told(frame, weight=None, sets=(), *, fit_intercept=True, kind=br.RowData):
    data = kind.from_arrays(frame, np.random.default_rng(1).normal(size=len(frame)), weight)
    at = [[list(frame).index(name) for name in names] for names in sets]
    found = linear_relations(data, at, fit_intercept=fit_intercept)
    return [relation_text(one, data.feature_names) for one in found.found]


def one_hot(labels, name):
    return pd.get_dummies(pd.Series(labels, name=name), prefix=name, prefix_sep="=").astype(float)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda f, _: 100 * f["hour"] + f["minute"], "new = 100 hour + minute"),
        (lambda f, _: f["hour"] - f["minute"], "hour = minute + new"),
        (lambda f, _: f["hour"], "new equals hour"),
        (lambda f, _: 32 + 1.8 * f["wind"].round(1), None),
        (lambda f, _: 3 * f["wind"] + 7, "new = 7 + 3 wind"),
        (lambda f, _: f["hour"] / 3 - 5, "hour = 15 + 3 new"),
        (lambda f, _: f["hour"] / 3 + f["minute"] / 7, "minute = 7 new - 7/3 hour"),
        (lambda f, _: -f["wind"], "new = -wind"),
        (lambda f, _: f["wind"] / 0.45359237, "new ≈ 2.2 wind"),
        (lambda f, _: 1e9 + f["minute"], "new = 1000000000 + minute"),
        (lambda f, _: 1e-9 * f["hour"], "hour = 1000000000 new"),
        (lambda f, rng: f["wind"] + 1e-5 * rng.normal(size=N), None),
        (lambda f, _: f["wind"] ** 2, None),
    ],
)
def test_a_relation_is_told_with_small_numbers(make, text):
    frame = columns(new=make)
    assert told(frame) == ([] if text is None else [text])


def test_several_relations_are_each_told():
    frame = columns(time=lambda f, _: 100 * f["hour"] + f["minute"], again=lambda f, _: f["wind"])
    assert sorted(told(frame)) == ["again equals wind", "time = 100 hour + minute"]


def test_a_constant_column_is_none():
    assert told(columns(year=lambda f, _: np.full(N, 2026.0))) == []


def test_rows_statistics_and_sparse_rows_tell_the_same():
    frame = columns(time=lambda f, _: 100 * f["hour"] + f["minute"])
    assert told(frame, kind=br.GramData) == told(frame) == ["time = 100 hour + minute"]
    data = br.RowData.from_arrays(sparse.csc_array(frame.to_numpy()), np.arange(N), feature_names=list(frame))
    (found,) = linear_relations(data, fit_intercept=True).found
    assert relation_text(found, list(frame)) == "time = 100 hour + minute"


def test_only_rows_that_count_must_agree():
    frame = columns(time=lambda f, _: 100 * f["hour"] + f["minute"])
    frame.loc[7, "time"] = 0.5
    assert told(frame) == []
    weight = np.random.default_rng(2).uniform(0.5, 2.0, N)
    weight[7] = 0.0
    assert told(frame, weight) == ["time = 100 hour + minute"]


def test_without_an_intercept_a_constant_is_no_part():
    frame = columns(shifted=lambda f, _: f["hour"] + 3, twice=lambda f, _: 2 * f["minute"])
    assert told(frame, fit_intercept=False) == ["twice = 2 minute"]
    assert sorted(told(frame)) == ["shifted = 3 + hour", "twice = 2 minute"]


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_levels_that_sum_to_one_are_known(fit_intercept):
    rng = np.random.default_rng(3)
    city, colour = one_hot(rng.choice(list("abcd"), N), "city"), one_hot(rng.choice(list("rgb"), N), "colour")
    frame = pd.concat([columns(), city, colour], axis=1)
    sets = [list(city), list(colour)]
    assert told(frame, sets=sets, fit_intercept=fit_intercept) == []
    assert len(told(frame, fit_intercept=fit_intercept)) == 1 + fit_intercept
    if not fit_intercept:
        frame["one"] = 1.0
        assert told(frame, sets=sets, fit_intercept=False) == []


def test_nested_levels_are_told():
    rng = np.random.default_rng(4)
    where = rng.integers(0, 5, N)
    city = one_hot(np.array(list("abcde"))[where], "city")
    country = one_hot(np.array(list("AABBC"))[where], "country")
    for frame, alone in (
        (pd.concat([city, country], axis=1), "country=C equals city=e"),
        (pd.concat([country, city], axis=1), "city=e equals country=C"),
    ):
        found = told(frame, sets=[list(city), list(country)])
        assert len(found) == 2  # the third is what the other two leave
        assert {*found} < {"country=A = city=a + city=b", "country=B = city=c + city=d", alone}


def test_more_columns_than_rows_are_not_listed():
    rng = np.random.default_rng(5)
    data = br.RowData.from_arrays(rng.normal(size=(20, 30)), rng.normal(size=20))
    found = linear_relations(data, fit_intercept=True)
    assert found.found == ()
    assert (found.n_columns, found.n_samples) == (30, 20)
    square = br.RowData.from_arrays(rng.normal(size=(20, 20)), rng.normal(size=20))
    assert linear_relations(square, fit_intercept=True).found == ()


def test_so_many_relations_are_counted():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(N, 60))
    data = br.RowData.from_arrays(np.column_stack([X, X]), rng.normal(size=N))
    found = linear_relations(data, fit_intercept=True)
    assert len(found.found) == 50
    assert found.n_more == 10


def test_long_sums_are_cut():
    frame = pd.DataFrame(np.random.default_rng(7).normal(size=(N, 9)), columns=list("abcdefghi"))
    frame["total"] = frame.sum(axis=1)
    assert told(frame) == ["total = a + b + c + d + e + f + … (3 more)"]


def test_a_level_of_one_column_is_that_of_another_whichever_is_the_last():
    """Of all levels one has no place of its own: a sum of all others, to which the answer must not fall back."""
    rng = np.random.default_rng(8)
    for place in range(4):
        carrier, dest = rng.choice(list("ABCD"), N), rng.choice(list("wxyz"), N)
        carrier[carrier == "ABCD"[place]], dest[dest == "wxyz"[3 - place]] = (
            "ABCD"[place - 1],
            "wxyz"[2 - place],
        )
        carrier[:9], dest[:9] = "ABCD"[place], "wxyz"[3 - place]
        carrier, dest = one_hot(carrier, "carrier"), one_hot(dest, "dest")
        frame = pd.concat([columns(), carrier, dest], axis=1)
        sets = [list(carrier), list(dest)]
        pair = f"dest={'wxyz'[3 - place]} equals carrier={'ABCD'[place]}"
        assert told(frame, sets=sets) == [pair]
        assert told(frame, sets=sets, kind=br.GramData) == [pair]


def near(frame, sets=(), **how):
    data = br.RowData.from_arrays(frame, np.random.default_rng(1).normal(size=len(frame)))
    at = [[list(frame).index(name) for name in names] for names in sets]
    found = linear_relations(data, at, fit_intercept=True, **how)
    return [
        (data.feature_names[one.of], {data.feature_names[j] for j in one.by}, one.left) for one in found.near
    ]


def test_a_column_that_others_nearly_tell_is_found_with_what_they_leave():
    frame = columns(day=lambda f, rng: 365.0 * f["hour"] + 30.0 * f["minute"] + rng.normal(0.0, 8.0, N))
    ((of, by, left),) = near(frame)
    assert (of, by) == ("day", {"hour", "minute"})
    by_both = np.column_stack([np.ones(N), frame[["hour", "minute"]]])
    residual = frame["day"] - by_both @ np.linalg.lstsq(by_both, frame["day"], rcond=None)[0]
    assert left == pytest.approx(residual.var() / frame["day"].var(), rel=1e-9)


def test_as_many_columns_are_named_as_it_takes():
    """The month alone leaves more than a thousandth of a day in the year, and the hour adds next to nothing."""
    rng = np.random.default_rng(12)
    frame = pd.DataFrame(
        {"month": rng.integers(1, 13, N), "day": rng.integers(1, 29, N), "hour": rng.integers(0, 24, N)}
    ).astype(float)
    frame["when"] = 30.4 * frame["month"] + frame["day"] + frame["hour"] / 24.0
    frame["when"] += rng.normal(0.0, 0.1, N)
    ((of, by, left),) = near(frame)
    assert (of, by) == ("when", {"month", "day"})
    others = np.column_stack([np.ones(N), frame[["month", "day"]]])
    residual = frame["when"] - others @ np.linalg.lstsq(others, frame["when"], rcond=None)[0]
    assert left == pytest.approx(residual.var() / frame["when"].var(), rel=1e-9)


def test_levels_that_nearly_tell_a_number_come_together():
    """What is left is that of all levels of the one column, and no other column is named for rare levels."""
    rng = np.random.default_rng(13)
    where = rng.choice(30, N, p=np.append(np.full(10, 0.09), np.full(20, 0.005)))
    dest = one_hot(np.array([f"d{j:02}" for j in range(30)])[where], "dest")
    miles = rng.uniform(100.0, 3000.0, 30)[where] + 8.0 * rng.integers(0, 3, N)
    frame = pd.concat(
        [pd.DataFrame({"miles": miles, "minutes": miles / 8.0 + rng.normal(0.0, 12.0, N)}), dest], axis=1
    )
    ((of, by, left),) = near(frame, sets=[list(dest)])
    assert of == "miles"
    assert by <= set(dest)
    by_dest = frame["miles"] - frame.groupby(where)["miles"].transform("mean")
    assert left == pytest.approx(by_dest.var() / frame["miles"].var(), rel=1e-9)


@pytest.mark.parametrize(("noise", "found"), [(20.0, 1), (60.0, 1), (200.0, 0)])
def test_a_thousandth_is_the_limit(noise, found):
    frame = columns(day=lambda f, rng: 365.0 * f["hour"] + rng.normal(0.0, noise, N))
    variance = frame["day"].var()
    assert (noise**2 / variance < 1e-3) == bool(found)
    assert len(near(frame)) == found


def test_a_rare_level_does_not_make_the_others_nearly_one():
    rng = np.random.default_rng(9)
    city = one_hot(np.append(rng.choice(list("abc"), 4999), "z"), "city")
    frame = pd.concat([pd.DataFrame({"x": rng.normal(size=5000)}), city], axis=1)
    assert near(frame, sets=[list(city)]) == []


def test_nearly_as_many_columns_as_rows_are_near_by_chance():
    rng = np.random.default_rng(10)
    assert near(pd.DataFrame(rng.normal(size=(60, 58))).add_prefix("x")) == []


def test_a_sum_of_many_columns_and_a_little_noise_is_found():
    """Of each part the others leave a hundredth, of the sum a ten-thousandth."""
    rng = np.random.default_rng(11)
    parts = pd.DataFrame(rng.normal(size=(N, 30))).add_prefix("part")
    parts["total"] = parts.sum(axis=1) + rng.normal(0.0, 0.05, N)
    for frame in (parts, parts[["total", *list(parts)[:-1]]]):
        ((of, by, left),) = near(frame)
        assert of == "total"
        assert len(by) == 30
        assert left == pytest.approx(0.05**2 / 30, rel=0.4)


def test_the_inflation_is_that_of_the_inverse_correlations():
    from bayesreg.data.dependence import inflation

    rng = np.random.default_rng(12)
    X = rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6))
    correlations = np.corrcoef(X.T)
    expected = np.diagonal(np.linalg.inv(correlations))
    np.testing.assert_allclose(inflation(np.linalg.cholesky(correlations))[0], expected, rtol=1e-9)
