"""Numbers and dates as people write them: read by stated rules if that is said, and asked about if not."""

import numpy as np
import pandas as pd
import pytest

from bayesreg.data.files.dates import date_formats, found_dates
from bayesreg.data.files.doubtful_text import questions_of_text
from bayesreg.data.files.questions import ask
from bayesreg.data.files.table import read_table
from bayesreg.data.files.text_rules import TextRules
from bayesreg.data.files.written_numbers import found_number_column, plain_number, written_number


def column(values, name="c"):
    return pd.Series(list(values), name=name, dtype="object")


def table_of(tmp_path, values, **options):
    frame = pd.DataFrame({"c": values, "y": np.arange(len(values))})
    frame.to_csv(tmp_path / "t.csv", index=False)
    return read_table(tmp_path / "t.csv", "y", **options)


def refused(tmp_path, values, **options):
    with pytest.raises(ValueError) as told:
        table_of(tmp_path, values, **options)
    assert "\n" not in str(told.value)
    return str(told.value)


# Numbers.


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("12", 12.0, 12.0),
        ("12%", 12.0, 12.0),
        ("12 %", 12.0, 12.0),
        ("-0.5%", -0.5, None),
        ("$3", 3.0, 3.0),
        ("-$3.50", -3.5, None),
        ("$-3", -3.0, -3.0),
        ("($1,200.50)", -1200.5, None),
        ("(3)", -3.0, -3.0),
        ("US$ 5", 5.0, 5.0),
        ("EUR 5", 5.0, 5.0),
        ("5 €", 5.0, 5.0),
        ("1,500", 1500.0, 1.5),
        ("1.500", 1.5, 1500.0),
        ("1.234.567,89", None, 1234567.89),
        ("1,234,567.89", 1234567.89, None),
        ("2,5", None, 2.5),
        ("1 250", 1250.0, 1250.0),
        ("1\u00a0250", 1250.0, 1250.0),
        ("1\u2009250,5", None, 1250.5),
        ("1\u202f250.5", 1250.5, None),
        ("1'250", 1250.0, 1250.0),
        ("1’250", 1250.0, 1250.0),
        ("−7", -7.0, -7.0),
        ("–7", -7.0, -7.0),
        ("+7", 7.0, 7.0),
        ("1e−3", 0.001, 0.001),
        ("6E5", 600000.0, 600000.0),
        ("5 kg", 5.0, 5.0),
        ("3m²", 3.0, 3.0),
        ("70km/h", 70.0, 70.0),
        ("<1", None, None),
        (">90", None, None),
        ("~5", None, None),
        ("5+", None, None),
        ("5*", None, None),
        ("1,00,000", None, None),
        ("12,34", None, 12.34),
        ("1 25", None, None),
        ("--3", None, None),
        ("-(3)", None, None),
        ("(3", None, None),
        ("$3%", None, None),
        ("1.2.3", None, None),
        ("2024-05-01", None, None),
        ("٣", None, None),
        ("", None, None),
        ("%", None, None),
    ],
)
def test_a_number_is_read_by_the_rules_or_not_at_all(text, point, comma):
    for mark, expected in ((".", point), (",", comma)):
        written = written_number(text, mark)
        assert (None if written is None else written.value) == expected


@pytest.mark.parametrize("value", [0.0, 1.0, -1.5, 1234567.0, 1e-7, 123456.789, -98765.4321, 1e16])
@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize("separator", ["", "'", " ", "\u202f"])
def test_what_is_written_with_separators_comes_back(value, mark, separator):
    plain = f"{value:,.10f}" if abs(value) < 1e9 else f"{value:,.1f}"
    text = plain.translate(str.maketrans({",": separator, ".": mark}))
    for sign in ("", "$", "€ "):
        assert written_number(sign + text, mark).value == float(plain.replace(",", ""))
    assert written_number(f"{text}%", mark).unit == "%"


@pytest.mark.parametrize("text", ["1", "-1.5", "+.5", "3.", "1e5", "1E-5", "007"])
def test_plain_numbers_are_plain_and_written_ones_too(text):
    assert plain_number(text) == float(text) == written_number(text).value


def test_a_column_of_numbers_is_numbers_if_that_is_said(tmp_path):
    table = table_of(
        tmp_path, ["$1,500", "$2", "-$7.25", "3", "?", ""], numbers=("c",), missing=("?",), drop_missing=True
    )
    assert table.X["c"].tolist() == [1500.0, 2.0, -7.25, 3.0]
    assert table.levels == ()
    ((_, said),) = [note for note in table.said if note[0] == "numbers"]
    assert said.startswith("'c' is read as numbers: '$1,500' as 1500, '$2' as 2, '-$7.25' as -7.25")
    assert table.rules.numbers[0].unit == "$"


def test_a_percent_sign_is_left_out_and_that_is_said(tmp_path):
    table = table_of(tmp_path, ["12%", "0.5%", "3"], numbers=("c",))
    assert table.X["c"].tolist() == [12.0, 0.5, 3.0]
    assert ("numbers", "'c' is read as numbers: '12%' as 12, '0.5%' as 0.5") in table.said


def test_decimal_commas_in_a_column_of_numbers(tmp_path):
    table = table_of(tmp_path, ["1.500,5 €", "2,5 €", "3 €"], numbers=("c",), decimal=",")
    assert table.X["c"].tolist() == [1500.5, 2.5, 3.0]
    said = refused(tmp_path, ["1.500,5 €", "2,5 €", "3 €"], numbers=("c",))
    assert "which is no number with the decimal mark '.'. --decimal , reads it" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1", "<1", "2", "<1"], "2 entries that no rule reads as a number: '<1'. --missing '<1' says that"),
        (["1%", "ask", "2%"], "1 entry that no rule reads as a number: 'ask'"),
        (["$1", "€2", "3"], "numbers in '$', '€', which are different units"),
        (["5 kg", "7 lb"], "numbers in 'kg', 'lb', which are different units"),
    ],
)
def test_what_is_no_number_is_refused(tmp_path, values, said):
    assert said in refused(tmp_path, values, numbers=("c",))


def test_the_target_and_the_weights_can_be_numbers_as_people_write_them(tmp_path):
    (tmp_path / "t.csv").write_text('a,w,y\n1,50%,$3\n2,100%,$1\n4,50%,"$1,004"\n')
    said = refused_file(tmp_path / "t.csv", weights="w")
    assert said.startswith("2 columns need a word from you. (1) the target 'y' must be numeric")
    assert said.endswith("--numbers 'y, w'")
    table = read_table(tmp_path / "t.csv", "y", weights="w", numbers=("y, w",))
    assert table.y.tolist() == [3.0, 1.0, 1004.0]
    assert table.weights.tolist() == [50.0, 100.0, 50.0]


def refused_file(file, **options):
    with pytest.raises(ValueError) as told:
        read_table(file, "y", **options)
    return str(told.value)


def test_one_column_is_read_in_one_way(tmp_path):
    assert "'c' cannot be in --levels and in --numbers too" in refused(
        tmp_path, ["1%", "2%"], numbers=("c",), levels=("c",)
    )
    assert "'c' cannot be in --numbers and in --dates too" in refused(
        tmp_path, ["1%", "2%"], numbers=("c",), dates=("c",)
    )
    assert "there is no column 'd' for the column of numbers" in refused(
        tmp_path, ["1%", "2%"], numbers=("d",)
    )


def test_numbers_that_are_text_in_the_file_are_asked_about_and_read_as_is_said(tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    frame = pd.DataFrame({"c": ["01", "1", "20"] * 4, "y": np.arange(12.0)})
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    said = refused_file(tmp_path / "t.parquet")
    assert "column 'c' is text in the file, and all its entries are numbers, for example '01'" in said
    assert read_table(tmp_path / "t.parquet", "y", numbers=("c",)).X["c"].tolist()[:3] == [1.0, 1.0, 20.0]
    assert read_table(tmp_path / "t.parquet", "y", levels=("c",)).levels[0].values == ("01", "1", "20")


@pytest.mark.parametrize(
    "values", [["1%", "2%", "3%"], ["$1", "$2"], ["1,5", "2,5"], ["−1", "−2"], ["<1", "2"]]
)
def test_no_number_is_one_hot_encoded_in_silence(tmp_path, values):
    said = refused(tmp_path, values * 6)
    assert "column 'c' is text, as it holds" in said
    assert f"'{values[0]}' (6 times)" in said


# Dates.


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["2024-05-01", "2024-05-03"], ["ISO8601"]),
        (["2024-05-01 10:00", "2024-05-03T11:00:00.5Z"], ["ISO8601"]),
        (["2024-05", "2024-06"], ["ISO8601"]),
        (["2024/05/01", "2024/12/31"], ["%Y/%m/%d"]),
        (["01.05.2024", "1.6.2024"], ["%d.%m.%Y"]),
        (["13/05/2024", "01/02/2024"], ["%d/%m/%Y"]),
        (["05/13/2024", "01/02/2024"], ["%m/%d/%Y"]),
        (["01/02/2024", "03/04/2024"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["01/01/2024", "02/02/2024"], ["%d/%m/%Y"]),
        (["Jan-70", "Dec-82"], ["%b-%y"]),
        (["06/2010", "12/2011"], ["%m/%Y"]),
        (["May 2010", "June 2011"], ["%B %Y"]),
        (["13/2010", "12/2011"], []),
        (["Oct-19", "20-29"], []),
        (["May 15", "Jun 16"], []),  # a day, or a year
        (["Nord-10", "Jan-11"], []),
        (["5/13/24 3:10 PM", "1/2/24 11:00 AM"], ["%m/%d/%y %I:%M %p"]),
        (["01-May-24", "02-Jun-24"], ["%d-%b-%y"]),
        (["January 5, 2024", "May 1, 2024"], ["%B %d, %Y"]),
        (["10:00", "11:30"], []),
        (["1.2.3", "1.2.4"], []),
        (["18-25", "26-40"], []),
        (["1/2", "3/4"], []),
        (["2024-05-01", "x"], []),
        (["2024-13-01", "2024-05-01"], []),
        (["north", "south"], []),
        ([], []),
    ],
)
def test_ways_to_write_dates(values, formats):
    assert date_formats(values) == formats


@pytest.mark.parametrize("values", [["2024-05-01", "2024-05-02", "2024-06-01"], ["13/05/2024", "01/02/2024"]])
def test_dates_are_asked_about(values):
    with pytest.raises(
        ValueError, match=r"its entries are dates, for example .* --dates c turns them into days since"
    ):
        ask(questions_of_text([column(values)]))


def test_an_open_month_is_asked_about(tmp_path):
    values = ["01/02/2024", "05/04/2024"] * 3
    for options in ({}, {"dates": ("c",)}):
        said = refused(tmp_path, values, **options)
        assert "c=%d/%m/%Y" in said
        assert "c=%m/%d/%Y" in said
    day_first = table_of(tmp_path, values, dates=("c=%d/%m/%Y",))
    assert day_first.X["c"].tolist()[:2] == [0.0, 64.0]  # from 1 February to 5 April
    month_first = table_of(tmp_path, values, dates=("c=%m/%d/%Y",))
    assert month_first.X["c"].tolist()[:2] == [0.0, 123.0]  # from 2 January to 4 May


def test_days_since_the_first_of_the_file(tmp_path):
    values = ["2024-03-01", "2024-02-28", "", "2024-02-28 12:00", "2025-02-28"]
    table = table_of(tmp_path, values, dates=("c",), drop_missing=True)
    assert table.X["c"].tolist() == [2.0, 0.0, 0.5, 366.0]
    assert ("dates", "'c' is read as days since 2024-02-28, its first date in the file") in table.said
    assert table.rules.dates[0].first == "2024-02-28T00:00:00+00:00"


def test_a_month_begins_with_its_first_day(tmp_path):
    values = ["Mar-71", "Jan-71", "Feb-72"]
    said = table_of(tmp_path, values, dates=("c",))
    assert said.X["c"].tolist() == [59.0, 0.0, 396.0]
    assert said.X.equals(table_of(tmp_path, values, dates=("c=%b-%y",)).X)


def test_zones_are_moments(tmp_path):
    table = table_of(
        tmp_path,
        ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2024-01-02 00:00+00:00"],
        dates=("c",),
    )
    assert table.X["c"].tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        (["2024-05-01", "soon", "2024-05-03"], ("c",), "holds 'soon', which is no date like others"),
        (["2024-05-01", "2024-05-03"], ("c=%H",), "names no year and month"),
        (
            ["01.05.2024", "31.02.2024"],
            ("c=%d.%m.%Y",),
            "holds '31.02.2024', which is not written as '%d.%m.%Y' says",
        ),
        (["1", "2"], ("c",), "holds '1', which is no date"),
    ],
)
def test_what_is_no_date_is_refused(tmp_path, values, options, said):
    assert said in refused(tmp_path, values, dates=options)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_moments_of_parquet_are_those_of_csv(tmp_path, unit, zone):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    when = pd.date_range("2024-03-30 06:00", periods=8, freq="7h", tz=zone).as_unit(unit)
    frame = pd.DataFrame({"c": when, "y": np.arange(8.0)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    found = [read_table(tmp_path / f"t.{kind}", "y", dates=("c",)) for kind in ("csv", "parquet")]
    assert (
        found[0].X["c"].tolist() == found[1].X["c"].tolist() == [pytest.approx(7 * i / 24) for i in range(8)]
    )
    assert found[0].rules == found[1].rules
    for kind in ("csv", "parquet"):
        assert "--dates c turns" in refused_file(tmp_path / f"t.{kind}")


def test_days_of_parquet_are_those_of_csv(tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    days = pd.date_range("2024-03-30", periods=8, freq="D").date
    frame = pd.DataFrame({"c": days, "y": np.arange(8.0)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    for options in ({"dates": ("c",)}, {"levels": ("c",)}):
        ours, theirs = (read_table(tmp_path / f"t.{kind}", "y", **options) for kind in ("csv", "parquet"))
        pd.testing.assert_frame_equal(ours.X, theirs.X, check_column_type=False)
    assert "which is neither number nor text. --dates c turns it into days" in refused_file(
        tmp_path / "t.parquet"
    )


# What is kept.


def test_rules_come_back_from_text(tmp_path):
    frame = pd.DataFrame(
        {"n": ["$1", "$2", "?"], "d": ["2024-05-01", "2024-05-02", "2024-05-04"], "y": [1.0, 2.0, 4.0]}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    rules = read_table(
        tmp_path / "t.csv", "y", numbers=("n",), dates=("d",), missing=("?", "d=never"), drop_missing=True
    ).rules
    assert TextRules.from_json(rules.to_json()) == rules
    assert rules.missing.of("d") == ("?", "never")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "3", '{"missing": 1, "numbers": [], "dates": []}', "[" * 100_000]
)
def test_rules_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="what it says of reading text is malformed"):
        TextRules.from_json(text)


def test_rules_of_odd_kinds_are_refused():
    good = TextRules().to_json()
    for old, new in (
        ('"numbers": []', '"numbers": [{"column": 1, "unit": ""}]'),
        ('"everywhere": []', '"everywhere": [1]'),
        ('"in_column": []', '"in_column": [["a"]]'),
    ):
        assert old in good
        with pytest.raises(ValueError, match="malformed"):
            TextRules.from_json(good.replace(old, new))


def test_a_date_is_read_alone_as_among_others():
    kept = found_dates(column(["13.05.2024", "01.02.2024 10:00"][:1]), None)
    texts = [
        "13.05.2024",
        "2024-05-14",
        "2024-05-14 06:00",
        "x",
        "14.05.2024 10:00",
        "2024-05-14 06:00:00.123456789",
    ]
    together = kept.days(column(texts))
    alone = [kept.days(column([text])).iloc[0] for text in texts]
    np.testing.assert_array_equal(together, alone)
    assert together.tolist()[:3] == [0.0, 1.0, 1.25]
    assert together.isna().tolist() == [False, False, False, True, True, False]


def test_a_number_is_read_alone_as_among_others():
    kept = found_number_column(column(["$5", "1,000"]), ".")
    texts = ["$5", "5", "€5", "x", "1,000", "1,0"]
    together = kept.read(column(texts), ".")
    np.testing.assert_array_equal(together, [kept.read(column([text]), ".").iloc[0] for text in texts])
    np.testing.assert_array_equal(together, [5.0, 5.0, np.nan, np.nan, 1000.0, np.nan])
