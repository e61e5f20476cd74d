"""CSV files as they are written: what separates, decimal marks, encodings, comments, and what has packed them."""

import bz2
import csv
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.app.commands.data_text import table_notes
from bayesreg.data.files.dialect import separator_named
from bayesreg.data.files.table import read_table

FRAME = pd.DataFrame(
    {
        "größe": [1.5, -2.25, 4.0, 0.125, 3.0],
        "ort, alt": ["Köln", "Bonn; Süd", "Köln", "Köln", "Bonn; Süd"],
        "y": [1.0, 2.5, 3.0, 4.75, 0.5],
    }
)


def as_csv(frame=FRAME, **how):
    return frame.to_csv(index=False, **how)


def read(tmp_path, content, name="t.csv", **options):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(tmp_path / name, "y", **options)


def refused(tmp_path, content, **options):
    with pytest.raises(ValueError) as told:
        read(tmp_path, content, **options)
    assert "\n" not in str(told.value)
    return str(told.value)


def agrees(table, frame=FRAME):
    assert table.X["größe"].tolist() == frame["größe"].tolist()
    assert table.levels[0].values == ("Bonn; Süd", "Köln")
    assert table.y.tolist() == frame["y"].tolist()


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", " ", ":", "~", "^"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_any_sign_separates_if_it_is_said(tmp_path, sign, decimal):
    content = as_csv(
        sep=sign, decimal=decimal, quoting=csv.QUOTE_ALL if decimal == sign else csv.QUOTE_MINIMAL
    )
    table = read(tmp_path, content, separator=sign, decimal=decimal)
    agrees(table)
    assert table.delimiter == sign


def test_any_number_of_blanks_separates(tmp_path):
    text = '  größe   "ort, alt" y\n\n 1.5\tKöln  1\n-2.25   "Bonn; Süd"    2.5 \n4 Köln 3\n0.125 Köln 4.75\n3 "Bonn; Süd" .5\n'
    agrees(read(tmp_path, text, separator=" "))
    table = read(tmp_path, 'a b y\n1 "x  y" 2\n3 "x  y" 1\n4 z 2\n', separator=" ")
    assert table.levels[0].values == ("x  y", "z")  # blanks in quotes stay


@pytest.mark.parametrize(
    ("text", "sign"),
    [("tab", "\t"), ("\\t", "\t"), ("semicolon", ";"), (";", ";"), ("space", " "), ("bar", "|")],
)
def test_signs_have_names(text, sign):
    assert separator_named(text) == sign


@pytest.mark.parametrize("text", ["", "ab", "a", "7", '"', ".", "\n", "§"])
def test_what_is_no_separator_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match="is no separator: give one sign"):
        separator_named(text)
    (tmp_path / "t.csv").write_text("a,y\n1,2\n")
    result = CliRunner().invoke(main, ["fit", str(tmp_path / "t.csv"), "--target", "y", "--separator", text])
    assert result.exit_code == 2


# Encodings.


@pytest.mark.parametrize(
    "encoding", ["cp1252", "latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp437"]
)
def test_any_encoding_is_read_if_it_is_said(tmp_path, encoding):
    agrees(read(tmp_path, as_csv().encode(encoding), encoding=encoding))


@pytest.mark.parametrize(
    ("encoding", "was"), [("utf-16", "UTF-16 text"), ("utf-32", "UTF-32 text"), ("utf-8-sig", None)]
)
def test_what_says_how_it_is_encoded_is_read(tmp_path, encoding, was):
    table = read(tmp_path, as_csv(sep="\t").encode(encoding))  # as Excel's 'Unicode text' is
    agrees(table)
    assert table.was == (() if was is None else (was,))


def test_another_encoding_is_told_with_the_option(tmp_path):
    said = refused(tmp_path, as_csv().encode("cp1252"))
    assert "is not UTF-8 text (byte 0xf6 in line 1)" in said
    assert "--encoding cp1252" in said
    assert "is no ascii text" in refused(tmp_path, as_csv().encode(), encoding="ascii")
    result = CliRunner().invoke(
        main, ["fit", str(tmp_path / "t.csv"), "--target", "y", "--encoding", "klingon"]
    )
    assert result.exit_code == 2
    assert "is no encoding" in result.stderr
    assert (
        CliRunner()
        .invoke(main, ["fit", str(tmp_path / "t.csv"), "--target", "y", "--encoding", "base64"])
        .exit_code
        == 2
    )


# Comments.


def test_lines_that_begin_with_a_sign_are_no_rows(tmp_path):
    lines = as_csv().splitlines()
    text = "\n".join(["# made on Monday, by hand", *lines[:2], "  # a, b, c, d", *lines[2:], "#"]) + "\n"
    agrees(read(tmp_path, text, comment="#"))
    agrees(read(tmp_path, text.replace("\n", "\r\n"), comment="#"))
    agrees(read(tmp_path, text.replace("#", "//"), comment="//"))
    said = refused(tmp_path, "# made by hand\n# on Monday\n" + as_csv())
    assert "is no header for what follows" in said
    assert "or say --comment '#'." in said
    odd = refused(tmp_path, "# a comment\na,y\n1,2\n3,4,5\n", comment="#")
    assert "line 4 of" in odd  # lines keep their numbers


def test_a_sign_inside_a_line_is_no_comment(tmp_path):
    table = read(tmp_path, "a,g,y\n1,#1,2\n2,#2,1\n3,#1,5\n", comment="#")
    assert table.levels[0].values == ("#1", "#2")


# Packed.


def zipped(content, name="rows.csv", more=()):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in (*more, name):
            archive.writestr(one, content if one == name else "")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("pack", "was"),
    [
        (gzip.compress, "text packed by gzip"),
        (bz2.compress, "text packed by bzip2"),
        (lzma.compress, "text packed by xz"),
        (zipped, "rows.csv in a zip archive"),
        (
            lambda content: zipped(content, more=("folder/", "__MACOSX/._rows.csv")),
            "rows.csv in a zip archive",
        ),
        (lambda content: zipped(content.decode().encode("utf-16")), "rows.csv in a zip archive, UTF-16 text"),
    ],
)
def test_what_was_packed_is_unpacked(tmp_path, pack, was):
    table = read(tmp_path, pack(as_csv().encode()), name="t.anything")
    agrees(table)
    assert ", ".join(table.was) == was


def test_how_a_file_was_read_is_said_beside_the_results(tmp_path, monkeypatch):
    def stop(*_, **__):
        raise ValueError("far enough")

    monkeypatch.setattr(analysis, "map_estimate", stop)
    (tmp_path / "t.csv").write_bytes(as_csv().encode("utf-16"))
    result = CliRunner().invoke(main, ["fit", str(tmp_path / "t.csv"), "--target", "y"])
    assert result.stderr.splitlines()[0] == f"{tmp_path}/t.csv is read as UTF-16 text."
    assert "separated by comma, UTF-16 text;" in " ".join(result.stdout.split())


# Workbooks.


def test_a_workbook_is_read_or_told_what_reads_it(tmp_path):
    pytest.importorskip("openpyxl", reason="reads workbooks: the extra `excel`")
    frame = FRAME.assign(when=pd.date_range("2024-05-01", periods=5), ok=[True, False, True, None, True])
    frame.loc[1, "größe"] = np.nan
    frame.to_excel(tmp_path / "t.xlsx", index=False, startrow=2, startcol=1)
    table = read_table(tmp_path / "t.xlsx", "y", dates=("when",), drop_missing=True)
    assert table.X["größe"].tolist() == [1.5, 4.0, 3.0]
    assert table.X["when"].tolist() == [0.0, 2.0, 4.0]
    assert table.was == ("sheet 'Sheet1' of an Excel workbook",)
    with pd.ExcelWriter(tmp_path / "two.xlsx") as writer:
        frame.to_excel(writer, sheet_name="a", index=False)
        frame.to_excel(writer, sheet_name="b", index=False)
    with pytest.raises(ValueError, match=r"with sheets 'a', 'b'. Save the one that is meant"):
        read_table(tmp_path / "two.xlsx", "y")


def test_a_workbook_is_separated_by_nothing(tmp_path):
    pytest.importorskip("openpyxl", reason="reads workbooks: the extra `excel`")
    FRAME.to_excel(tmp_path / "t.xlsx", index=False)
    table = read_table(tmp_path / "t.xlsx", "y")
    label, said = table_notes(tmp_path / "t.xlsx", table, fit_intercept=True)[0]
    assert label == "data"
    assert f"{table.n_columns} columns of sheet 'Sheet1' of an Excel workbook; target 'y'" in said


def test_a_title_of_a_workbook_is_told_with_the_row_of_the_header(tmp_path):
    pytest.importorskip("openpyxl", reason="reads workbooks: the extra `excel`")
    with pd.ExcelWriter(tmp_path / "t.xlsx") as writer:
        FRAME.to_excel(writer, index=False, startrow=3)
        writer.sheets["Sheet1"]["A1"] = "Houses"
    with pytest.raises(ValueError, match=r"line 1 of .*, 'Houses', is no header .* seems to be line 4"):
        read_table(tmp_path / "t.xlsx", "y")
