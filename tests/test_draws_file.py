"""The file of draws: damage is noticed, and of a crafted file nothing is read but what is known."""

import json
import random

import arviz as az
import h5py
import numpy as np
import pytest

import bayesreg as br
from bayesreg.app.draws_file import LEVELS, TEXT_RULES, draws_content, files_of_fit, read_draws
from bayesreg.data.files.text_rules import TextRules

RULES = TextRules().to_json()
TEXT = [{"column": "t", "values": ["u", "é", "ö"], "features": ["t=u", "t=é", "t=ö"]}]


@pytest.fixture(scope="module")
def tree():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(30, 4))
    data = br.RowData.from_arrays(
        X, X @ [1, 0, 2, -1] + rng.normal(size=30), feature_names=["a", "t=u", "t=é", "t=ö"]
    )
    model = br.LinearModel(br.LaplacePrior(0.5))
    drawn = br.sample_posterior(model, data, num_warmup=50, num_samples=20, num_chains=2, progress=False)
    drawn.attrs[LEVELS] = json.dumps(TEXT)
    drawn.attrs[TEXT_RULES] = RULES
    return drawn


@pytest.fixture(scope="module")
def content(tree):
    return draws_content(tree, {"coefficients.csv": b"feature,map\n"})


@pytest.fixture
def file(tmp_path, content):
    (tmp_path / "posterior.nc").write_bytes(content)
    return tmp_path / "posterior.nc"


def as_from_elsewhere(tree, file, change):
    """Write draws as a user of Python would, who can change them afterwards without a checksum in the way."""
    tree.to_netcdf(file, engine="h5netcdf")
    with h5py.File(file, "a") as opened:
        change(opened)
    return file


def test_what_is_read_is_what_was_written(tree, file):
    found = read_draws(file)
    for name in ("coef", "intercept", "noise_scale"):
        np.testing.assert_array_equal(found["posterior"][name], tree["posterior"][name])
    assert list(found["posterior"]["feature"].values) == ["a", "t=u", "t=é", "t=ö"]
    assert found.attrs[LEVELS] == tree.attrs[LEVELS]
    assert found.attrs[TEXT_RULES] == tree.attrs[TEXT_RULES]
    assert list(files_of_fit(found)) == ["coefficients.csv"]
    assert "files" not in tree.attrs  # the user's own tree is left alone


def test_arviz_reads_the_same_and_its_numbers_are_under_checksums(tree, file):
    np.testing.assert_array_equal(az.from_netcdf(file)["posterior"]["coef"], tree["posterior"]["coef"])
    with h5py.File(file) as opened:
        arrays = [
            variable
            for group in opened.values()
            for variable in group.values()
            if variable.ndim and variable.dtype.kind in "iuf"
        ]
        assert len(arrays) > 10
        dims = {variable.name for variable in arrays if not variable.fletcher32}
        assert all(name.split("/")[-1] in ("chain", "draw", "feature") for name in dims)


def test_any_flipped_bit_is_noticed(file, content):
    rng = random.Random(1)
    for place in [0, len(content) - 120, *(rng.randrange(len(content) - 85) for _ in range(60))]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.randrange(8)
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match="its checksum is not that of what it holds"):
            read_draws(file)


def test_arviz_notices_a_flipped_bit_of_a_draw(file, content, tree):
    place = content.find(np.float64(tree["posterior"]["coef"].values[1, 7, 2]).tobytes())
    damaged = bytearray(content)
    damaged[place + 3] ^= 8
    file.write_bytes(damaged)
    with pytest.raises(OSError):
        az.from_netcdf(file).load()


def secret(opened):
    del opened["constant_data/laplace_scale"]  # not even where it is of no use
    opened["constant_data"].create_dataset(
        "laplace_scale", shape=(4,), dtype="f8", external=[("/etc/passwd", 0, 32)]
    )


def view(opened):
    del opened["posterior/intercept"]
    layout = h5py.VirtualLayout(shape=(2, 20), dtype="f8")
    layout[...] = h5py.VirtualSource("/elsewhere.h5", "x", shape=(2, 20))
    opened["posterior"].create_virtual_dataset("intercept", layout)


def moved(link):
    def change(opened):
        del opened["sample_stats"]
        opened["sample_stats"] = link

    return change


def root_again(opened):
    opened["more"] = opened["/"]


def draws_of(name, values):
    def change(opened):
        del opened[f"posterior/{name}"]
        opened["posterior"][name] = values

    return change


def more_than_there_is(opened):
    del opened["posterior/coef"]
    opened["posterior"].create_dataset("coef", shape=(2, 10**9, 4), dtype="f8", chunks=(1, 1000, 4))


def levels(value):
    def change(opened):
        opened.attrs[LEVELS] = json.dumps(value)

    return change


def attribute(name, text):
    def change(opened):
        opened.attrs[name] = text

    return change


CRAFTED = {
    "external storage of what is not needed": (secret, "said to lie in another file"),
    "virtual dataset": (view, "said to lie in another file"),
    "external link of a group": (moved(h5py.ExternalLink("/etc/x.h5", "/")), "'sample_stats' is a link"),
    "soft link": (moved(h5py.SoftLink("/posterior")), "'sample_stats' is a link"),
    "the root in itself": (root_again, "is no variable"),
    "text for draws": (draws_of("coef", "x"), "are no draws"),
    "whole numbers": (draws_of("coef", np.ones((2, 20, 4), int)), "are no draws"),
    "another number of draws": (draws_of("intercept", np.ones((2, 19))), "differ in their numbers"),
    "another number of features": (draws_of("coef", np.ones((2, 20, 3))), "differ in their numbers"),
    "infinite": (draws_of("intercept", np.full((2, 20), np.inf)), "no finite numbers"),
    "no noise": (draws_of("noise_scale", np.zeros((2, 20))), "not positive"),
    "numbers for names": (draws_of("feature", np.arange(4.0)), "malformed"),
    "terabytes of nothing": (more_than_there_is, "more values than it holds"),
    "levels as a number": (levels(3), "text columns is malformed"),
    "levels that are no text": (levels([TEXT[0] | {"values": [1, 2, 3]}]), "text columns is malformed"),
    "more features than levels": (levels([TEXT[0] | {"features": ["a"] * 9}]), "text columns is malformed"),
    "a reference that is no level": (levels([TEXT[0] | {"reference": "x", "features": ["t=u", "t=é"]}]), "text columns is malformed"),
    "a reference with a column": (levels([TEXT[0] | {"reference": "u"}]), "text columns is malformed"),
    "a missing level that is none": (levels([TEXT[0] | {"missing": "x"}]), "text columns is malformed"),
    "gathered numbers": (levels([TEXT[0] | {"gathered": [1]}]), "text columns is malformed"),
    "rules as a number": (attribute(TEXT_RULES, "3"), "reading text is malformed"),
    "rules that are no JSON": (attribute(TEXT_RULES, "{"), "reading text is malformed"),
    "a date that is none": (attribute(TEXT_RULES, RULES.replace('"dates": []', '"dates": [{"column": "a", "format": "ISO8601", "first": "x"}]')), "reading text is malformed"),
    "a format that is none": (attribute(TEXT_RULES, RULES.replace('"dates": []', '"dates": [{"column": "a", "format": "%Q", "first": "2024-01-01"}]')), "reading text is malformed"),
    "no JSON": (attribute(LEVELS, "{"), "text columns is malformed"),
    "files as a list": (attribute("files", "[1]"), "list of files is malformed"),
    "no files": (attribute("files", "[" * 50_000), "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_file_is_refused_in_one_line(tree, tmp_path, what):
    change, said = CRAFTED[what]
    file = as_from_elsewhere(tree, tmp_path / "x.nc", change)
    with pytest.raises(ValueError, match=said) as error:
        read_draws(file)
    assert "\n" not in str(error.value)
    assert "Fit again" in str(error.value)


def test_draws_of_a_known_noise_scale(tmp_path):
    data = br.RowData.from_arrays([[1.0], [2.0], [4.0]], [1.0, 3.0, 3.0])
    model = br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(0.7), fit_intercept=False)
    drawn = br.sample_posterior(model, data, num_samples=10, num_chains=1, progress=False)
    (tmp_path / "x.nc").write_bytes(draws_content(drawn, {}))
    found = read_draws(tmp_path / "x.nc")
    assert float(found["constant_data"]["noise_scale"]) == 0.7
    X = [[1.5], [3.0]]
    np.testing.assert_array_equal(br.predict_posterior(found, X), br.predict_posterior(drawn, X))


@pytest.mark.parametrize("name", ["z\0", "\0", "t=p\0q"])
def test_a_zero_byte_in_a_name_is_refused_with_the_data(name):
    with pytest.raises(ValueError, match="zero byte"):
        br.RowData.from_arrays(np.eye(3, 2), np.arange(3.0), feature_names=["a", name])


def test_half_a_letter_in_a_name_is_refused_with_the_data():
    with pytest.raises(ValueError, match="lone surrogate"):
        br.RowData.from_arrays(np.eye(3, 2), np.arange(3.0), feature_names=["a", "b\ud812"])
