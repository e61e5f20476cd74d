"""Files as people have them: text that may be numbers or missing, files that are no tables, pipes, and damage."""

import bz2
import gzip
import io
import lzma
import os
import threading
import zipfile

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from bayesreg.app.cli import main
from bayesreg.data.files import csv as csv_file
from bayesreg.data.files import plain_text as text_file
from bayesreg.data.files.csv import csv_columns
from bayesreg.data.files.doubtful_text import questions_of_text
from bayesreg.data.files.levels import Levels
from bayesreg.data.files.new_rows import read_new_rows
from bayesreg.data.files.questions import ask
from bayesreg.data.files.table import read_table

ROWS = "a,b,y\n1,2,3\n2,1,5\n4,4,4\n3,2,1\n"


def write(tmp_path, content, name="data.csv"):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def refused(file, target="y", **options):
    with pytest.raises(ValueError) as told:
        read_table(file, target, **options)
    assert "\n" not in str(told.value)
    return str(told.value)


def column(values, name="c"):
    return pd.Series(list(values), name=name)


# Numbers that a sign makes text.


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["12", "3", "*", "7", "*"], "holds '*' (2 times) in place of numbers. --missing '*' says"),
        (["0.5", "#N/A", "#REF!", "2"], "--missing '#N/A' --missing '#REF!'"),
        (["1e3", "--", "2.5"], "--missing -- says"),
        ([">90", "17", "3", "<0.5"], "'>90' (1 time) and '<0.5' (1 time) in place of numbers. Write numbers"),
        ([">90", "17", "3", "<0.5"], "are missing: --missing '>90' --missing '<0.5'."),
        (["5*", "17", "3"], "Write numbers in place of bounds and the like, such as '5*'"),
        (["12.5 %", "3 %", "99 %"], "--numbers 'the c' reads them as numbers ('12.5 %' as 12.5)"),
        (["12%", "?", "99%"], "--missing '?' says that an entry is missing. --numbers 'the c' reads"),
        (["0%", "100%"], "('0%' as 0)"),
        (["$3", "$1,204.50", "-$7"], "--numbers 'the c' reads them as numbers ('$3' as 3)"),
        (["€ 3", "€ 4,50", "€ 1.000,00"], "--decimal , --numbers 'the c' reads decimal commas ('€ 3' as 3)"),
        (["2,5", "3,75", "4"], "--decimal , reads decimal commas ('2,5' as 2.5)"),
        (
            ["1,500", "2,250", "11,000"],
            "--numbers 'the c' reads them as numbers ('1,500' as 1500), --decimal , reads",
        ),
        (["12km", "3km", "0.5km"], "--numbers 'the c' reads them as numbers ('12km' as 12)"),
        (["12 km", "3", "0.5 km"], "--numbers 'the c' reads them as numbers ('12 km' as 12)"),
        (["1 250", "12 000", "3\u202f500"], "('1 250' as 1250)"),
        (["3\u2009500", "1\u00a0250", "7"], "as 3500)"),
        (["(12)", "7", "9"], "('(12)' as -12)"),
        (["−12", "7", "9"], "('−12' as -12)"),
        (["5 kg", "7 lb", "9 kg", "1 lb"], "Write numbers without separators or units"),
        (["TRUE", "FALSE", "?"], "--missing '?'"),
        ([*map(str, range(30)), "ask"], "'ask' (1 time) in place of numbers. --missing ask"),
    ],
)
def test_numbers_as_text_are_asked_about(values, said):
    with pytest.raises(ValueError) as told:
        ask(questions_of_text([column(values, "the c")]))
    assert said in str(told.value)
    way_out = "--levels" if len(values) <= 10 else "--exclude"  # many, and each in one row: no groups
    assert f"{way_out} 'the c'" in str(told.value)


@pytest.mark.parametrize(
    "values",
    [
        ["3.9", "3.10", "3.11rc1"],
        ["01", "07", "2B"],
        ["1A", "1B", "2C"],
        ["2WD", "4WD", "FWD"],
        ["4WD", "2WD"],
        ["1st", "2nd", "3rd"],
        ["18-25", "26-40", "41-65"],
        ["+", "-"],
        ["Q1", "Q2", "Q3"],
        ["1.2.3", "1.2.4", "2.0.0"],
        ["1/2", "1/3", "3/4"],
        ["none", "some", "much"],
        ["TRUE", "FALSE", "perhaps"],
    ],
)
def test_levels_that_only_look_a_little_like_numbers_are_levels(values):
    ask(questions_of_text([column(values)]))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_is_said_to_be_missing_is_missing_and_the_rest_are_numbers(tmp_path, kind):
    frame = pd.DataFrame(
        {"a": ["1", "?", "3", "2.5", "4"], "g": ["u", "v", "unknown", "u", "v"], "n": [1, 2, -99, 4, 5]}
    )
    frame = frame.assign(y=[1.0, 2.0, 3.0, 4.0, 5.0])
    if kind == "csv":
        frame.to_csv(tmp_path / "t", index=False)
    else:
        pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
        frame.to_parquet(tmp_path / "t", index=False)
    table = read_table(tmp_path / "t", "y", missing=("?", "unknown", "-99"), drop_missing=True)
    assert table.dropped == {"a": 1, "g": 1, "n": 1}
    assert table.X.to_dict("list") == {"a": [1.0, 2.5, 4.0], "g=v": [0.0, 0.0, 1.0], "n": [1.0, 4.0, 5.0]}


def test_codes_are_levels_where_that_is_said_and_predicted_as_written(tmp_path):
    file = write(tmp_path, "zip,y\n" + "0123,1\n123,2\n0124,3\n" * 4)
    assert list(read_table(file, "y").X.columns) == ["zip"]
    levels = read_table(file, "y", levels=("zip",)).levels
    assert levels == (Levels("zip", ("0123", "0124", "123"), ("zip=0123", "zip=0124", "zip=123")),)
    new = write(tmp_path, "zip\n0123\n123\n", "new.csv")
    assert read_new_rows(new, levels[0].features, levels).X.to_numpy().tolist() == [[1, 0, 0], [0, 0, 1]]
    other = write(tmp_path, "zip\n124\n123\n", "other.csv")
    with pytest.raises(ValueError, match="holds '124', which the fit has not seen"):
        read_new_rows(other, levels[0].features, levels, strict=True)


def test_levels_must_be_features(tmp_path):
    file = write(tmp_path, ROWS)
    assert "'b' of --levels is not among the features" in refused(file, levels=("a,b",), exclude=("b",))
    assert "there is no column 'c' for the column of levels" in refused(file, levels=("c",))
    assert "'y' is the target" in refused(file, levels=("y",))


def test_a_column_of_folds_is_text_as_written_and_no_feature(tmp_path):
    file = write(tmp_path, "k,a,y\n01,1,1\n1,2,3\n01,5,4\n,4,4\n")
    table = read_table(file, "y", folds="k", drop_missing=True)
    assert list(table.X.columns) == ["a"]
    assert table.folds.tolist() == ["01", "1", "01"]
    assert table.dropped == {"k": 1}
    assert "'k' is the column of groups or folds, so it cannot be a feature too" in refused(
        file, folds="k", features=("k",)
    )


def test_levels_of_parquet_are_as_written_or_refused(tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    frame = pd.DataFrame({"k": [1, 2, 1, 2], "f": [1.1, 1.1, 2.0, 2.0], "y": [1.0, 2.0, 3.0, 4.0]})
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    table = read_table(tmp_path / "t.parquet", "y", ("k",), levels=("k",))
    assert table.levels[0].values == ("1", "2")
    assert "does not tell how its levels are written" in refused(tmp_path / "t.parquet", levels=("f",))


# Words for a missing entry.


@pytest.mark.parametrize("word", ["NA", "N/A", "null", "NaN", "<NA>"])
def test_a_word_for_missing_among_text_is_asked_about(tmp_path, word):
    text = f"north,{word},1\n{word},2,2\nsouth,3,3\nnorth,4,4\n{word},5,5\nnorth,1,1\nsouth,2,2\n"
    file = write(tmp_path, "g,h,y\n" + text)
    said = refused(file, drop_missing=True)
    assert f"column 'g' is text, and {word!r} (2 times) in it may name a group or a missing entry" in said
    dropped = read_table(file, "y", missing=(word,), drop_missing=True)
    assert dropped.dropped == {"g": 2, "h": 1}  # among numbers the word says it by itself
    kept = read_table(file, "y", levels=("g",), drop_missing=True)
    assert word in kept.levels[0].values
    assert kept.dropped == {"h": 1}


def test_parquet_has_missing_entries_of_its_own(tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    frame = pd.DataFrame({"g": ["NA", "None", "EU", None, "NA", "EU", "EU"], "y": np.arange(7.0)})
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    asked = refused(tmp_path / "t.parquet", drop_missing=True)
    assert (
        "'NA' (2 times) and 'None' (1 time) in it may name a group or a missing entry" in asked
    )  # as in CSV
    table = read_table(tmp_path / "t.parquet", "y", levels=("g",), drop_missing=True)
    assert table.levels[0].values == ("EU", "NA", "None")
    assert table.dropped == {"g": 1}


def test_the_commands_take_both_options(tmp_path):
    file = write(tmp_path, "a,g,y\n" + "1,10,1\n.,20,2\n3,10,4\n5,20,4\n2,10,3\n" * 3)
    words = [
        "translate",
        "2",
        "--from",
        "sklearn.Ridge",
        "--to",
        "Penalty",
        "--data",
        str(file),
        "--target",
        "y",
    ]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert "--missing ." in result.stderr
    result = CliRunner().invoke(main, [*words, "--missing", ".", "--drop-missing", "--levels", "g"])
    assert result.exit_code == 0, result.output
    without = CliRunner().invoke(main, [*words[:6], "--missing", "."])
    assert (without.exit_code, "speak of --data" in without.stderr) == (2, True)


# What is no table.


def zipped(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, ROWS)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped("xl/workbook.xml", "[Content_Types].xml"), "is an Excel workbook"),
        (zipped("mimetype", "content.xml"), "LibreOffice"),
        (zipped("rows.csv", "more.csv"), "is a zip archive of 2 files (rows.csv, more.csv, ...)"),
        (zipped("folder/"), "is a zip archive of no file"),
        (zipped("rows.csv")[:-30], "is a damaged zip archive"),
        (bz2.compress(ROWS.encode())[:-9], "is a damaged bzip2 file"),
        (lzma.compress(ROWS.encode())[:-9], "is a damaged xz file"),
        (gzip.compress(b"PAR1", mtime=0), "is a Parquet file that was packed"),
        (gzip.compress(zipped("rows.csv"), mtime=0), "is a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old kind (.xls)"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "is an HDF5 file"),
        (ROWS.encode("utf-16-le"), "is UTF-16 text that does not say so: --encoding utf-16-le"),
        (ROWS.encode("utf-16-be"), "--encoding utf-16-be"),
        (b"\xff\xfe" + ROWS.encode("utf-16-le")[:-1], "is no UTF-16 text"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path, content, said):
    assert said in refused(write(tmp_path, content))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Prices of 2025\n\na;b;y\n1;2;3\n2;1;5\n",
            "The header seems to be line 3. Delete what stands above it",
        ),
        ("# made by x, y\n# on Monday\n" + ROWS, "The header seems to be line 3"),
        ("sep=,\n" + ROWS, "line 1 of"),
        ("sep=,\n" + ROWS, "'sep=,', which only Excel reads"),
        ('"a" "b"\n1\t2\t3\n', "separated by blanks: say --separator space."),
        ("a\ty\n1\t2\n2\t1\n4\t3\n1\t2\t3\n", "has 3 entries separated by a tab, the header 2"),
        ("a\tb\ty\n1\t2\t3\t\n2\t1\t5\t\n", "ends with a tab, and the header does not"),
        ("Sales,,\na,b,y\n1,2,3\n2,1,5\n", "line 1 of"),
        ("Sales,,\n,,\na,b,y\n1,2,3\n2,1,5\n", "'Sales', is no header for what follows"),
        ("Sales,,\n,,\na,b,y\n1,2,3\n2,1,5\n", "The header seems to be line 3. Delete what"),
        ("Air quality\n,a,y\n1,2,3\n2,1,5\n", "The header seems to be line 2. Delete what"),
        ('"a" "b" "y"\n"x" 1 2,5\n"z" 2 3,5\n', "separated by blanks: say --separator space."),
        ('"a" "y"\n"1" "x" 2,5\n"2" "z" 3,5\n', "separated by blanks: say --separator space."),
        ("a,b,y\nx1,1,2,3\nx2,2,1,5\n", "one more entry than the header. Where these are row names"),
        ("a,b,y\n1,2,3\n2,1,5,6\n4,4,4\n", "line 3 of"),
    ],
)
def test_what_is_wrong_with_the_shape_is_named(tmp_path, text, said):
    assert said in refused(write(tmp_path, text))


@pytest.mark.parametrize("blank", ["\N{NO-BREAK SPACE}", "\N{THIN SPACE}", "\N{NARROW NO-BREAK SPACE}"])
def test_a_blank_of_any_kind_is_shown_as_one(tmp_path, blank):
    file = write(tmp_path, "a,y\n" + "".join(f"{i}{blank}00{i % 9},{i}\n" for i in range(1, 31)))
    said = refused(file)
    assert "'1 001' (1 time)" in said
    assert "--numbers a reads them as numbers ('1 001' as 1001)" in said
    assert "\\" not in said
    assert ("numbers", "'a' is read as numbers: '1 001' as 1001") in read_table(
        file, "y", numbers=("a",)
    ).said


def test_columns_without_a_name_are_no_title(tmp_path):
    """Above three columns there is one name, and no header follows: they are left out, as ever."""
    file = write(tmp_path, "a,,,y\n1,2,3,4\n2,1,5,6\n3,1,5,7\n")
    assert read_table(file, "y").unnamed == (2, 3)
    wide = write(tmp_path, "a,,,,,y\n1,2,3,4,5,6\n2,1,5,6,7,8\n3,1,5,7,1,1\n")
    assert read_table(wide, "y").unnamed == (2, 3, 4, 5)


def test_a_target_of_two_words_is_told_how_to_be_one(tmp_path):
    file = write(tmp_path, "a,y\n1,ill\n2,well\n3,ill\n")
    assert "'ill' or 'well', write them as 0 and 1" in refused(file)
    file = write(tmp_path, "a,y\n1,4\n2,?\n3,5\n")
    assert "for example '?'. --missing '?' says that an entry is missing" in refused(file)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n3,4\n", 2),
        ("a,b\n1,2\n3,4", 2),
        ("a,b\r\n1,2\r\n3,4\r\n", 2),
        ("a,b\r1,2\r3,4\r", 2),
        ("a,b\n\n1,2\n\n3,4\n\n", 2),
        ('a,b\n"1\n",2\n3,4\n', 2),
        ("a\n1\n2\n3\n", 3),
    ],
)
@pytest.mark.parametrize("block", [1, 5, 2**24])
def test_rows_are_counted_in_blocks_of_any_size(tmp_path, monkeypatch, text, rows, block):
    monkeypatch.setattr(csv_file, "_BLOCK", block)
    assert csv_columns(tmp_path, text.encode()).n_rows == rows


def test_a_ragged_row_is_found_in_any_block(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "_BLOCK", 16)
    text = "a,b,y\n" + "1,2,3\n" * 50 + "1,2\n" + "1,2,3\n" * 50
    with pytest.raises(ValueError, match=r"line 52 of .* has 2 entries"):
        csv_columns(tmp_path, text.encode())


def test_whole_numbers_that_no_int64_holds_are_numbers(tmp_path):
    table = read_table(write(tmp_path, f"a,y\n{10**25},1\n-3,2\n5,3\n"), "y")
    assert table.X["a"].tolist() == [1e25, -3.0, 5.0]


def test_blanks_before_a_quoted_entry_are_none_of_it(tmp_path):
    file = write(tmp_path, 'y, a, city\n1, 2, "Bonn, old"\n2, 1, "Bonn, new"\n4,  5, "Bonn, old"\n')
    table = read_table(file, "y")
    assert table.X.to_dict("list") == {"a": [2.0, 1.0, 5.0], "city=Bonn, old": [1.0, 0.0, 1.0]}


def test_dates_and_times_are_text_as_it_is_written(tmp_path):
    file = write(tmp_path, "day,at,y\n2024-05-01,10:00,1\n2024-05-02,11:30,2\n" * 3)
    read = csv_columns(file, file.read_bytes()).read(("day", "at"), (), ())
    assert read["day"].tolist()[:2] == ["2024-05-01", "2024-05-02"]
    assert read["at"].tolist()[:2] == ["10:00", "11:30"]


# Pipes and damage.


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_pipe_is_read_once(tmp_path, kind):
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "y": [2.0, 1.0, 5.0]})
    if kind == "csv":
        content = frame.to_csv(index=False).encode()
    else:
        pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
        content = frame.to_parquet(index=False)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    table = read_table(tmp_path / "pipe", "y")
    writer.join()
    np.testing.assert_array_equal(table.X["a"], frame["a"])


def test_a_flipped_byte_in_a_page_of_parquet_is_told(tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    import pyarrow as pa
    from pyarrow import parquet

    values = np.arange(1000.0)
    table = pa.table({"a": values, "y": values[::-1]})
    file = tmp_path / "t.parquet"
    parquet.write_table(table, file, compression="none", use_dictionary=False, write_page_checksum=True)
    whole = bytearray(file.read_bytes())
    place = whole.find(np.float64(500.0).tobytes())
    whole[place + 6] ^= 1
    file.write_bytes(whole)
    assert "is a damaged Parquet file" in refused(file)


def test_a_page_that_cannot_be_unpacked_is_about_the_file(tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    file = tmp_path / "t.parquet"
    parquet.write_table(
        pa.table({"a": rng.integers(0, 9, 3000), "y": rng.integers(0, 9, 3000)}), file, compression="gzip",
        use_dictionary=False,
    )  # fmt: skip
    whole = bytearray(file.read_bytes())
    whole[200:400] = bytes(200)
    file.write_bytes(whole)
    result = CliRunner().invoke(main, ["fit", str(file), "--target", "y", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert f"{file} is a damaged Parquet file" in result.stderr
    assert "cannot write" not in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": -1' + "0" * 380 + ', "b": 0, "intercept": 0}', "finite numbers"),
        ('{"a":' * 50_000, "is nested too deeply to hold coefficients"),
    ],
)
def test_coefficients_beyond_reason_are_one_line(tmp_path, text, said):
    file, coef = write(tmp_path, ROWS), write(tmp_path, text, "coef.json")
    words = ["audit", file, "--target", "y", "--coef", coef, "--penalty", "sklearn.Lasso alpha=0.1"]
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert said in line


def test_memory_that_runs_out_is_said(tmp_path, monkeypatch):
    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr(text_file, "unpacked", no_memory)
    result = CliRunner().invoke(main, ["fit", str(write(tmp_path, ROWS)), "--target", "y"])
    assert result.stderr.startswith("Error: this needs more memory than there is.")
