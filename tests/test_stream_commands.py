"""Files larger than memory in the command: `reduce`, `merge`, and `fit` of statistics or of rows that are read once."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import mean_squared_error, r2_score

import bayesreg as br
from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.app.commands import streamed
from bayesreg.app.commands.fit_data import Wanted, features_of, read_fit_data
from bayesreg.app.errors_of_mode import Errors
from bayesreg.app.words.text import make_console
from bayesreg.base import memory
from bayesreg.data.files import open_columns

N = 400


def short_posterior(model, data, **_):
    return br.sample_posterior(model, data, num_warmup=50, num_samples=50, num_chains=2, progress=False)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(analysis, "sample_posterior", short_posterior)


def houses(n=N):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "rooms": rng.integers(1, 7, n),
            "area": rng.normal(80.0, 20.0, n).round(2),
            "city": rng.choice(["Ulm", "Bonn", "Köln"], n),
            "garden": rng.choice(["yes", "no"], n),
            "new": rng.choice([True, False], n),
            "street": rng.integers(0, 23, n),
            "weight": rng.choice([0.5, 1.0, 2.0, 0.0], n),
            "known": rng.normal(size=n).round(3),
        }
    )
    price = (
        3 * frame["rooms"] + 0.2 * frame["area"] + 2 * (frame["city"] == "Ulm") + (frame["garden"] == "no")
    )
    return frame.assign(price=(price + frame["known"] + rng.normal(size=n)).round(3))


def write(frame, file):
    file.parent.mkdir(exist_ok=True)
    if file.suffix == ".csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_parquet(file, row_group_size=90, index=False)
    return str(file)


def run(*arguments):
    """Run a command as on a terminal so wide that no line is broken."""
    return CliRunner(env={"COLUMNS": "500"}).invoke(main, list(map(str, arguments)))


def fitted(tmp_path, *arguments):
    result = run("fit", *arguments, "--json", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*arguments):
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    (line,) = result.stderr.strip().splitlines()
    return line.removeprefix("Error: ")


def assert_same_fit(found, expected):
    assert found["data"]["features"] == expected["data"]["features"]
    assert found["data"]["n_rows"] == expected["data"]["n_rows"]
    assert found["data"]["n_rows_dropped"] == expected["data"]["n_rows_dropped"]
    assert found["model"] == expected["model"]
    assert found["code"]["bayesreg"][:40] == expected["code"]["bayesreg"][:40]
    for name in ("coef", "intercept", "noise_scale", "r_squared"):
        ours, theirs = (
            [*one["map"][name].values()] if name == "coef" else one["map"][name] for one in (found, expected)
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)


COLUMNS = ("--exclude", "street, weight, known")
CASES = {
    "default": COLUMNS,
    "chosen columns": ("--features", "city, area, garden"),
    "reference": (*COLUMNS, "--reference", "city=Ulm", "--reference", "garden=yes"),
    "weights, an offset": ("--exclude", "street", "--weights", "weight", "--offset", "known"),
    "a scale": (*COLUMNS, "--scale", "0.5", "--no-intercept"),
    "groups": ("--exclude", "weight, known", "--scale", "cv", "--groups", "street"),
    "folds by": ("--exclude", "weight, known", "--scale", "cv-1se", "--folds-by", "street", "--prior", "ridge"),
    "evidence": (*COLUMNS, "--scale", "evidence", "--prior", "gaussian"),
}  # fmt: skip


def asked(monkeypatch, *arguments):
    """Return what `fit` is asked for, and what it reads; nothing is fitted or written."""
    tasks = []
    with monkeypatch.context() as patch:
        patch.setattr(analysis, "run", lambda task, _: tasks.append(task))
        assert run("fit", *arguments).exit_code == 0
    (task,) = tasks
    return task, read_fit_data(Wanted(task.rows, task.stated, task.folds, task.seed, task.stream))


def at_mode(monkeypatch, *arguments):
    """Return what `fit` reads, and the mode."""
    task, read = asked(monkeypatch, *arguments)
    model = task.stated.model(read.family.name)
    model, _ = analysis._choose(make_console(quiet=True), task, model, read.data, read.folds)
    return read, br.map_estimate(model, read.data)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("case", CASES)
def test_rows_read_once_give_the_fit_of_rows_in_memory(tmp_path, monkeypatch, case, ending):
    file = write(houses(), tmp_path / f"houses.{ending}")
    arguments = (file, "--target", "price", *CASES[case])
    once, mode = at_mode(monkeypatch, *arguments, "--stream")
    whole, expected = at_mode(monkeypatch, *arguments, "--no-stream")
    assert isinstance(once.data, br.GramData)
    assert isinstance(whole.data, br.RowData)
    assert once.data.feature_names == whole.data.feature_names
    assert once.levels == whole.levels
    assert once.target == whole.target
    assert once.data.n_samples == whole.data.n_samples
    np.testing.assert_allclose(mode.coef, expected.coef, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(mode.intercept, expected.intercept, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(mode.noise_scale, expected.noise_scale, rtol=1e-9)
    np.testing.assert_allclose(mode.penalty.l1, expected.penalty.l1, rtol=1e-8)
    np.testing.assert_allclose(mode.penalty.l2, expected.penalty.l2, rtol=1e-8)


def test_a_file_read_once_is_fitted_as_in_memory(tmp_path):
    file = write(houses(), tmp_path / "houses.csv")
    arguments = (file, "--target", "price", *COLUMNS)
    assert_same_fit(fitted(tmp_path, *arguments, "--stream"), fitted(tmp_path, *arguments, "--no-stream"))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_with_missing_entries_are_left_out_as_in_memory(tmp_path, ending):
    frame = houses()
    frame.loc[[3, 50, 399], "area"] = np.nan
    frame.loc[[4, 50], "city"] = None
    file = write(frame, tmp_path / f"houses.{ending}")
    arguments = ("fit", file, "--target", "price", *COLUMNS, "--out", tmp_path / "out")
    assert "--drop-missing" in refusal(*arguments, "--stream")
    once, whole = (run(*arguments, "--drop-missing", how) for how in ("--stream", "--no-stream"))
    line = next(one for one in whole.stdout.splitlines() if one.startswith("dropped"))
    assert "rows with missing entries: 4 (" in line
    assert "; 396 are left" in line
    assert sorted(line) == sorted(next(one for one in once.stdout.splitlines() if one.startswith("dropped")))


def test_a_missing_entry_below_the_first_rows_is_refused_with_the_option(tmp_path, monkeypatch):
    monkeypatch.setattr(open_columns, "_FIRST_BYTES", 2000)
    frame = houses()
    frame.loc[300, "area"] = np.nan
    file = write(frame, tmp_path / "houses.csv")
    said = refusal("fit", file, "--target", "price", *COLUMNS, "--stream")
    assert "'area'" in said
    assert "(first at row 300). --drop-missing leaves such rows out" in said


def test_what_is_left_out_without_rows_is_said_once(tmp_path):
    file = write(houses(), tmp_path / "houses.csv")
    result = run(
        "fit", file, "--target", "price", *COLUMNS, "--stream", "--report", "--out", tmp_path / "out"
    )
    text = " ".join(result.stdout.split())
    assert "read once as --stream says, its rows are added up as they are read, and not kept" in text
    assert text.count("they need the rows, and only sums over them are kept") == 1
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Only statistics of the rows are at hand; residuals need the rows." in page


@pytest.mark.extended
def test_new_rows_are_predicted_by_a_fit_of_rows_read_once(tmp_path):
    """The features are the same; draws differ by their last digits, which the chains then enlarge."""
    file = write(houses(), tmp_path / "houses.csv")
    tables = []
    for how in ("--stream", "--no-stream"):
        run("fit", file, "--target", "price", *COLUMNS, how, "--out", tmp_path / how)
        found = run("predict", tmp_path / how, file)
        assert found.exit_code == 0, found.output
        tables.append(pd.read_csv(pd.io.common.StringIO(found.stdout)))
    assert np.abs(tables[0]["mean"] - tables[1]["mean"]).max() < 0.2


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_reduced_parts_merge_to_the_fit_of_the_whole(tmp_path, ending):
    """Levels that a part lacks are 0 in it; of two levels one column is left only once the whole is known."""
    frame = houses().sort_values("city", kind="stable")
    file = write(frame, tmp_path / f"whole.{ending}")
    columns = ("--target", "price", "--exclude", "weight, known", "--groups", "street")
    for k, part in enumerate((frame[:90], frame[90:91], frame[91:])):
        result = run(
            "reduce", write(part, tmp_path / f"part-{k}.{ending}"), *columns, "--out", tmp_path / f"{k}.stats"
        )
        assert result.exit_code == 0, result.output
    merged = run("merge", *(tmp_path / f"{k}.stats" for k in (2, 0, 1)), "--out", tmp_path / "all.stats")
    assert merged.exit_code == 0, merged.output
    assert "'city' is text of 3 levels: Bonn, Köln, Ulm" in merged.stdout
    assert f"fit it        bayesreg fit {tmp_path / 'all.stats'} --scale cv --folds 5" in merged.stdout
    whole = fitted(
        tmp_path,
        file,
        "--target",
        "price",
        "--exclude",
        "weight, known",
        "--groups",
        "street",
        "--scale",
        "cv",
    )
    assert_same_fit(fitted(tmp_path, tmp_path / "all.stats", "--scale", "cv", "--folds", "5"), whole)
    several = run(
        "reduce",
        *(tmp_path / f"part-{k}.{ending}" for k in range(3)),
        *columns,
        "--out",
        tmp_path / "b.stats",
    )
    assert several.exit_code == 0, several.output
    assert_same_fit(fitted(tmp_path, tmp_path / "b.stats", "--scale", "cv", "--folds", "5"), whole)


def test_features_and_a_reference_are_chosen_from_statistics(tmp_path, monkeypatch):
    file = write(houses(), tmp_path / "houses.csv")
    run("reduce", file, "--target", "price", "--out", tmp_path / "s")
    chosen = ("--features", "city, area", "--reference", "city=Bonn", "--scale", "0.3")
    whole, expected = at_mode(monkeypatch, file, "--target", "price", *chosen)
    for target in ((), ("--target", "price")):
        found, mode = at_mode(monkeypatch, tmp_path / "s", *target, *chosen)
        assert (found.levels, found.target) == (whole.levels, whole.target)
        assert mode.feature_names == expected.feature_names
        np.testing.assert_allclose(mode.coef, expected.coef, rtol=1e-8, atol=1e-9)
    assert "did you mean 'area'" in refusal("fit", tmp_path / "s", "--features", "aera").lower()


def test_statistics_from_python_are_fitted_too(tmp_path, monkeypatch):
    frame = houses()
    data = br.GramData.from_arrays(frame[["rooms", "area"]], frame["price"], folds=4)
    data.save(tmp_path / "s")
    file = write(frame, tmp_path / "houses.csv")
    scale = ("--scale", "0.2")
    _, expected = at_mode(monkeypatch, file, "--target", "price", "--features", "rooms, area", *scale)
    read, mode = at_mode(monkeypatch, tmp_path / "s", "--target", "price", *scale)
    assert read.target.name == "price"
    np.testing.assert_allclose(mode.coef, expected.coef, rtol=1e-8, atol=1e-9)
    assert asked(monkeypatch, tmp_path / "s")[1].target.name == "y"
    assert asked(monkeypatch, tmp_path / "s", "--scale", "cv")[1].folds.folds == 4


def test_errors_on_rows_held_out_are_those_of_their_predictions():
    frame = houses()
    X, y, w = frame[["rooms", "area"]], frame["price"], frame["weight"]
    train, test = slice(0, 250), slice(250, N)
    model = br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(1.0))
    mode = br.map_estimate(model, br.RowData.from_arrays(X[train], y[train]))
    predicted = X[test].to_numpy() @ mode.coef + mode.intercept
    for data in (br.RowData, br.GramData):
        found = Errors.of(mode, data.from_arrays(X[test], y[test], w[test]))
        assert found.n_samples == int((w[test] > 0.0).sum())
        error = mean_squared_error(y[test], predicted, sample_weight=w[test])
        np.testing.assert_allclose(found.mean_squared_error, error, rtol=1e-10)
        np.testing.assert_allclose(
            found.r_squared, r2_score(y[test], predicted, sample_weight=w[test]), rtol=1e-10
        )
    constant = Errors.of(mode, br.GramData.from_arrays(X[:2], [1.0, 1.0]))
    assert constant.r_squared is None
    assert "R squared" not in str(constant)


def test_rows_held_out_are_predicted_and_not_fitted(tmp_path):
    file = write(houses(), tmp_path / "houses.csv")
    result = run("reduce", file, "--target", "price", *COLUMNS, "--held-out", "0.25", "--out", tmp_path / "s")
    apart = br.GramData.load(tmp_path / "s").held_out
    assert (
        f"held out      {apart.n_samples} rows, to test predictions on; {N - apart.n_samples} are fitted"
        in result.stdout
    )
    found = fitted(tmp_path, tmp_path / "s", "--scale", "2")
    assert found["data"]["n_rows"] == N - apart.n_samples
    assert found["held_out"]["n_samples"] == apart.n_samples
    error, share = found["held_out"]["mean_squared_error"], found["held_out"]["r_squared"]
    np.testing.assert_allclose(share, 1.0 - error * apart.sum_weights / apart.response_ss, rtol=1e-12)
    text = run("fit", tmp_path / "s", "--scale", "2", "--report", "--out", tmp_path / "out").stdout
    said = f"{apart.n_samples} rows, predicted by the mode: mean squared error {error:.6g}, R squared {share:.3f}"
    assert f"held out      {said}" in text
    assert said in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert fitted(tmp_path, file, "--target", "price", *COLUMNS)["held_out"] is None


@pytest.mark.parametrize("ending", ["csv", "parquet", "txt"])
def test_a_file_that_does_not_fit_is_read_once_and_that_is_said(tmp_path, monkeypatch, ending):
    """CSV is taken to need three times its size, Parquet 45 bytes an entry, of half of what is free."""
    file = tmp_path / f"houses.{ending}"
    rows = houses(2000)[["rooms", "area", "price"]]
    rows.to_parquet(file) if ending == "parquet" else rows.to_csv(file, index=False)
    needed = 45 * 2000 * 2 if ending == "parquet" else 3 * file.stat().st_size
    arguments = (file, "--target", "price", "--exclude", "area")

    def with_free(free, *more):
        monkeypatch.setattr(streamed, "available_memory", lambda: free)
        _, read = asked(monkeypatch, *arguments, *more)
        return isinstance(read.data, br.GramData), dict(read.notes).get("read once")

    assert with_free(2 * needed + 2) == (False, None)
    assert with_free(None) == (False, None)
    once, said = with_free(2 * needed - 2)
    assert once
    assert said.startswith(
        f"its rows may take {needed / 1e6:.1f} MB of memory, and {needed / 5e5:.1f} MB are free"
    )
    assert said.endswith(
        "(--no-stream keeps them all the same): they are added up as they are read, and not kept"
    )
    assert with_free(2 * needed - 2, "--no-stream") == (False, None)


def test_free_memory_is_the_machines_or_what_a_container_leaves(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CONTAINER", tmp_path)
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory.available_memory() == pages
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable:   50 kB\n")
    assert memory.available_memory() == 51200
    (tmp_path / "memory.max").write_text("30000\n")
    (tmp_path / "memory.current").write_text("20000\n")
    (tmp_path / "memory.stat").write_text("anon 12000\ninactive_file 5000\n")
    assert memory.available_memory() == 15000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available_memory() == 51200


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--levels rooms", "--levels is of rows in memory"),
        ("--decimal ,", "--decimal is of rows in memory"),
        ("--family poisson --exposure rooms", "--exposure is of counts or labels"),
        ("--family student-t", "--no-stream reads all rows at once; --family gaussian"),
        ("--scale loo --prior gaussian", "Give --scale cv or --scale evidence"),
        ("--scale psis-loo", "Give --scale cv or --scale evidence"),
        ("--scale cv --time-order", "Give --folds-by with a column of periods"),
        ("--scale cv --groups street --folds 24", "'street' has 23 groups, too few for 24 folds"),
        ("--reference city=Oslo", "column 'city' has no level 'Oslo' for --reference"),
        ("--reference area=3", "'area' of --reference holds numbers"),
        ("--max-levels 2", "--max-levels"),
        ("--target city", "'city'"),
        ("--target garden --positive yes", "--positive is of counts or labels"),
        ("--target garden", "logistic regression, which needs the rows. `bayesreg fit --no-stream`"),
        ("--target new", "--no-stream reads all rows at once; --family gaussian takes"),
    ],
)  # fmt: skip
def test_what_rows_read_once_cannot_do_is_refused_with_the_remedy(tmp_path, options, said):
    file = write(houses(), tmp_path / "houses.csv")
    assert said in refusal("fit", file, "--stream", "--target", "price", *options.split())


def test_a_damaged_part_of_the_rows_is_named_and_nothing_is_written(tmp_path):
    frame = houses()
    parts = [tmp_path / f"part-{k}.parquet" for k in range(3)]
    for k, part in enumerate(parts):
        write(frame[k * 120 : (k + 1) * 120], part)
    arguments = ("reduce", *parts, "--target", "price", *COLUMNS, "--out", tmp_path / "s")
    assert run(*arguments).exit_code == 0
    earlier = (tmp_path / "s").read_bytes()
    parts[1].write_bytes(parts[1].read_bytes()[:-100])
    assert f"{parts[1]} (part 2 of 3) is a damaged Parquet file" in refusal(*arguments)
    write(frame[120:240].astype({"area": str}), parts[1])
    assert f"column 'area' of {parts[1]} (part 2 of 3) holds text" in refusal(*arguments)
    write(frame[120:240].drop(columns="area"), parts[1])
    assert f"{parts[1]} (part 2 of 3) has no column 'area'" in refusal(*arguments)
    assert (tmp_path / "s").read_bytes() == earlier


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--target area", "holds sums of the target 'price', not 'area'"),
        ("--weights weight", "Give it to `bayesreg reduce`"),
        ("--drop-missing", "Give it to `bayesreg reduce`"),
        ("--scale cv --groups street", "Give it to `bayesreg reduce`"),
        ("--offset known", "Give it to `bayesreg reduce`"),
        ("--stream", "--stream is of rows"),
        ("--family poisson", "needs the rows"),
        ("--scale cv", "has no folds, so --scale cv has no rows to predict. Give --scale evidence, or reduce"),
        ("--scale loo --prior gaussian", "leaves out each row"),
        ("--folds 5", "Add --scale cv"),
    ],
)  # fmt: skip
def test_what_statistics_cannot_do_is_refused_with_the_remedy(tmp_path, options, said):
    file = write(houses(), tmp_path / "houses.csv")
    run("reduce", file, "--target", "price", *COLUMNS, "--out", tmp_path / "s")
    assert said in refusal("fit", tmp_path / "s", *options.split())


def test_folds_of_statistics_cannot_change(tmp_path):
    file = write(houses(), tmp_path / "houses.csv")
    run("reduce", file, "--target", "price", *COLUMNS, "--folds", "3", "--out", tmp_path / "s")
    said = refusal("fit", tmp_path / "s", "--scale", "cv", "--folds", "4")
    assert said.endswith("reduce the rows again with --folds 4.")
    assert fitted(tmp_path, tmp_path / "s", "--scale", "cv", "--folds", "3")["selection"]["folds"].startswith(
        "3 folds"
    )
    run("reduce", file, "--target", "price", *COLUMNS, "--groups", "garden", "--out", tmp_path / "s")
    assert "2 groups, too few for 3 folds" in refusal("fit", tmp_path / "s", "--scale", "cv", "--folds", "3")


def test_a_target_of_zeros_and_ones_is_not_fitted_in_silence(tmp_path):
    file = write(houses().assign(price=lambda f: (f["price"] > 30.0).astype(int)), tmp_path / "houses.csv")
    result = run("reduce", file, "--target", "price", *COLUMNS, "--out", tmp_path / "s")
    assert "caution       'price' is 0 or 1 in the first rows" in result.stdout
    assert "is 0 or 1 in all rows. A logistic regression needs the rows" in refusal("fit", tmp_path / "s")
    assert fitted(tmp_path, tmp_path / "s", "--family", "gaussian")["family"]["name"] == "gaussian"
    counts = write(houses().assign(price=np.random.default_rng(0).poisson(1.0, N)), tmp_path / "counts.csv")
    assert "looks like a count" in refusal("fit", counts, "--target", "price", *COLUMNS, "--stream")
    assert (
        "a small count"
        in run("reduce", counts, "--target", "price", *COLUMNS, "--out", tmp_path / "s").stdout
    )


def test_text_that_is_other_below_the_first_rows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(open_columns, "_FIRST_BYTES", 2000)
    frame = houses().astype({"area": str})
    frame.loc[300, "area"] = "large"
    said = refusal("fit", write(frame, tmp_path / "h.csv"), "--target", "price", *COLUMNS, "--stream")
    assert "'area' is numbers in the first rows and text below" in said
    frame = houses()
    frame.loc[300, "city"] = " Ulm"
    said = refusal("fit", write(frame, tmp_path / "h.csv"), "--target", "price", *COLUMNS, "--stream")
    assert "column 'city' has levels with blanks around them, ' Ulm'" in said
    frame["city"] = [f"{city} {k % 5}" if k > 200 else city for k, city in enumerate(houses()["city"])]
    arguments = ("fit", write(frame, tmp_path / "h.csv"), "--target", "price", *COLUMNS, "--stream")
    assert "'city' has 18 levels, more than --max-levels 4" in refusal(*arguments, "--max-levels", "4")


def test_a_row_with_line_breaks_is_not_cut_in_the_first_rows(monkeypatch, tmp_path):
    text = b'a,b\n1,"x\ny"\n2,"z\nz"\n'
    for end in range(len(text)):
        whole = open_columns._whole_lines(text[:end])
        assert whole in (b"", b"a,b\n", b'a,b\n1,"x\ny"\n')


def test_files_that_are_not_read_once_say_what_they_are(tmp_path):
    frame = houses()
    frame.to_csv(tmp_path / "houses.csv.gz", index=False)
    said = refusal("fit", tmp_path / "houses.csv.gz", "--target", "price", *COLUMNS, "--stream")
    assert "is packed, and rows are read once of plain text only. Unpack it." in said
    frame.to_csv(tmp_path / "wide.csv", index=False, encoding="utf-16")
    wide = run("fit", tmp_path / "wide.csv", "--target", "price", *COLUMNS, "--stream")
    assert wide.exit_code == 1
    assert (
        "is UTF-16 text, and rows are read once of plain UTF-8 only. `bayesreg fit --no-stream`"
        in wide.stderr
    )
    os.mkfifo(tmp_path / "pipe")
    said = refusal("fit", tmp_path / "pipe", "--target", "price", "--stream")
    assert "is no file on a disk" in said
    frame.to_csv(tmp_path / "tabs.txt", index=False, sep="\t")
    write(frame, tmp_path / "houses.csv")
    arguments = ("--target", "price", *COLUMNS)
    assert_same_fit(
        fitted(tmp_path, tmp_path / "tabs.txt", *arguments, "--stream"),
        fitted(tmp_path, tmp_path / "houses.csv", *arguments),
    )
    write(frame, tmp_path / "houses.parquet")
    said = refusal(
        "reduce", tmp_path / "houses.csv", tmp_path / "houses.parquet", *arguments, "--out", tmp_path / "s"
    )
    assert "are of two kinds, CSV and Parquet" in said


def test_a_file_of_statistics_is_not_taken_for_rows(tmp_path):
    file = write(houses(), tmp_path / "houses.csv")
    run("reduce", file, "--target", "price", "--out", tmp_path / "s")
    assert "holds statistics" in refusal(
        "reduce", tmp_path / "s", "--target", "price", "--out", tmp_path / "t"
    )
    run("fit", file, "--target", "price", *COLUMNS, "--out", tmp_path / "out")
    assert "holds statistics" in refusal("predict", tmp_path / "out", tmp_path / "s")
    missing = run("fit", file)
    assert missing.exit_code == 2
    assert "Missing option '--target'" in missing.stderr
    both = run(
        "reduce", file, "--target", "price", "--folds", "3", "--groups", "city", "--out", tmp_path / "t"
    )
    assert both.exit_code == 2
    assert "Give one of them" in both.stderr


def test_a_file_that_cannot_be_merged_is_named(tmp_path):
    frame = houses()
    columns = ("--target", "price", *COLUMNS)
    parts = []
    for k in range(3):
        file = write(frame[k * 100 : (k + 1) * 100], tmp_path / f"{k}.csv")
        parts.append(tmp_path / f"{k}.stats")
        run("reduce", file, *columns, "--out", parts[-1])
    out = tmp_path / "all.stats"
    assert run("merge", *parts, "--out", out).exit_code == 0
    earlier = out.read_bytes()

    def refused(*files):
        said = refusal("merge", *files, "--out", out)
        assert out.read_bytes() == earlier
        return said

    damaged = bytearray(parts[1].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "bad.stats").write_bytes(damaged)
    assert f"{tmp_path / 'bad.stats'} is damaged or not whole" in refused(parts[0], tmp_path / "bad.stats")
    (tmp_path / "bad.stats").write_bytes(parts[1].read_bytes()[:-10])
    assert f"{tmp_path / 'bad.stats'} is damaged or not whole" in refused(parts[0], tmp_path / "bad.stats")
    assert f"{tmp_path / '1.csv'} is no file of statistics" in refused(parts[0], tmp_path / "1.csv")
    run("reduce", tmp_path / "2.csv", "--target", "area", *COLUMNS, "--out", tmp_path / "area.stats")
    other = tmp_path / "area.stats"
    assert f"{other} does not go with {parts[0]}: " in refused(*parts, other)
    run("reduce", tmp_path / "2.csv", *columns, "--folds", "3", "--out", tmp_path / "folds.stats")
    assert "folds.stats does not go with" in refused(*parts, tmp_path / "folds.stats")
    (tmp_path / "copy.stats").write_bytes(parts[0].read_bytes())
    assert "its rows would count twice" in refused(*parts, tmp_path / "copy.stats")
    assert "is given twice: its rows would count twice" in refused(parts[0], parts[0])
    assert "is given twice" in refusal(
        "reduce", tmp_path / "1.csv", tmp_path / "1.csv", *columns, "--out", out
    )


def test_statistics_of_two_targets_are_not_added():
    rows = {"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 0.0], "c": [2.0, 2.0, 3.0]}
    one, other = (br.GramData.from_batches(rows, ["a"], name, progress=False) for name in ("b", "c"))
    with pytest.raises(ValueError, match="same target; got 'b' and 'c'"):
        one + other
    assert (one + one).target == "b"


def test_a_column_of_too_many_folds_is_refused(monkeypatch):
    from bayesreg.data import statistics

    monkeypatch.setattr(statistics, "GRAM_BUDGET", 8 * 3 * 4)
    rows = {"a": np.arange(4.0), "b": np.arange(4.0) ** 2, "y": np.ones(4), "id": np.arange(4)}
    with pytest.raises(MemoryError, match="4 labels, and a matrix of 2 features"):
        br.GramData.from_batches(rows, ["a", "b"], "y", folds="id", progress=False)


_SLOW = """
import sys, time
from bayesreg.data.sources import pipeline
from bayesreg.base import files
from bayesreg.app.cli import main

def slowly(*given, _of=pipeline.statistics_of):
    print("reading", flush=True)
    time.sleep(STEP)
    return _of(*given)

def hangs(*given):
    print("replacing", flush=True)
    time.sleep(60)

pipeline.statistics_of = slowly
if STEP == 0:
    files.os.replace = hangs
main(sys.argv[1:])
"""


@pytest.mark.extended
@pytest.mark.parametrize(("step", "word"), [(1.0, "reading"), (0, "replacing")])
def test_a_reduction_that_is_killed_leaves_nothing_half_written(tmp_path, step, word):
    file = write(houses(), tmp_path / "houses.parquet")
    out = tmp_path / "to" / "houses.stats"
    out.parent.mkdir()
    arguments = ["reduce", file, "--target", "price", *COLUMNS, "--out", str(out)]
    for earlier in (None, "an earlier one"):
        if earlier is not None:
            assert run(*arguments, "--folds", "2").exit_code == 0
        before = out.read_bytes() if out.exists() else None
        code = _SLOW.replace("STEP", str(step))
        with subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
        ) as process:
            for line in process.stdout:
                if line.strip() == word:
                    break
            time.sleep(0.2)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert (out.read_bytes() if out.exists() else None) == before
    assert run(*arguments).exit_code == 0
    assert br.GramData.load(out).n_samples == N
    assert os.listdir(out.parent) == ["houses.stats"]


def test_rows_of_weight_0_are_not_counted_and_that_is_said(tmp_path):
    frame = houses()
    file = write(frame, tmp_path / "houses.csv")
    columns = ("--exclude", "street, known", "--weights", "weight")
    result = run("reduce", file, "--target", "price", *columns, "--out", tmp_path / "s")
    assert f"houses.csv: {(frame['weight'] > 0.0).sum()} rows; target 'price'" in " ".join(
        result.stdout.split()
    )
    assert f"they sum to {frame['weight'].sum():g}; rows of weight 0 are not counted" in result.stdout


def test_a_feature_may_have_any_name_beside_a_target_without_one():
    data = br.GramData.from_arrays(np.eye(3)[:, :2], np.arange(3.0), feature_names=["(target)", ""])
    chosen, levels = features_of(data)
    assert chosen.feature_names == ("(target)", "")
    assert levels == ()
