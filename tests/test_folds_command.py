"""The folds of `bayesreg fit --scale cv`: shuffled by seed, by groups, by a column, or in the order of time."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.model_selection import KFold, TimeSeriesSplit

import bayesreg as br
from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.app.commands.stated_folds import StatedFolds
from bayesreg.app.words.chosen_scale import selection_sentences
from bayesreg.data.files.table import read_table

N = 90


def measurements(seed=0, n=N):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    plots = pd.Series(rng.integers(1, 8, n))
    y = X[:, 0] - 0.3 * X[:, 1] + rng.normal(size=n)
    frame = pd.DataFrame(X, columns=["ph", "rain", "slope", "light"])
    return frame.assign(growth=y, plot=plots, season=rng.choice(["wet", "dry", "late"], n))


def short_posterior(model, data, **_):
    return br.sample_posterior(model, data, num_warmup=50, num_samples=50, num_chains=2, progress=False)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that fits a frame and returns what the JSON says of the choice."""
    monkeypatch.setattr(analysis, "sample_posterior", short_posterior)

    def fitted(frame, *options):
        file = tmp_path / "growth.csv"
        frame.to_csv(file, index=False)
        arguments = ["fit", str(file), "--target", "growth", "--scale", "cv", "--out", str(tmp_path / "out")]
        return CliRunner().invoke(main, [*arguments, *options])

    return fitted


def test_the_weakest_scale_is_told_with_the_option_that_goes_further(run, tmp_path):
    """What is to be pasted states the model that was chosen, and twice its scale; Python's words are Python's."""
    frame = measurements()[["ph", "rain", "growth"]].assign(growth=lambda f: 3.0 * f["ph"] - 2.0 * f["rain"])
    frame["growth"] += 0.01 * np.random.default_rng(3).normal(size=N)
    result = run(frame, "--report")
    told = " ".join(result.stdout.split())
    assert " effective degrees of freedom. It is the weakest of the compared priors; --scale" in told
    page = re.sub(r"<[^>]+>", "", (tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    for text in (told, page):
        assert "min_ratio" not in text
        asked = re.search(
            r"priors; (--scale [0-9.e+]+ --relative-to-noise --standardize) is 2 times as wide\.", text
        )[1]
    of_cv = json.loads(run(frame, "--json").stdout)
    stated = json.loads(run(frame, *asked.split(), "--json").stdout)["model"].replace(asked.split()[1], "…")
    assert stated == of_cv["model"].replace(f"{of_cv['selection']['scale']:.6g}", "…")
    assert float(asked.split()[1]) == pytest.approx(2.0 * of_cv["selection"]["scale"], rel=0.01)
    weakest = by_hand(frame, ["ph", "rain"], KFold(5, shuffle=True, random_state=0))
    assert "A smaller `min_ratio`" in selection_sentences(weakest, in_command=False)[1]


def selection(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["selection"]


def by_hand(frame, features, folds, method="cv"):
    """Choose the scale as the command's model does."""
    data = br.RowData.from_arrays(frame[features], frame["growth"])
    linear = br.LinearModel(br.LaplacePrior(2.5, relative_to_noise=True), standardize=True)
    return br.select_scale(linear, data, method, folds=folds)


FEATURES = ["ph", "rain", "slope", "light"]
ALONE = ("--exclude", "plot,season")
CASES = [
    (ALONE, KFold(5, shuffle=True, random_state=0), "5 folds, rows shuffled by seed 0"),
    (
        (*ALONE, "--seed", "7", "--folds", "3"),
        KFold(3, shuffle=True, random_state=7),
        "3 folds, rows shuffled by seed 7",
    ),
    (
        ("--exclude", "plot", "--folds-by", "season"),
        "season",
        "3 folds, one for each value of 'season'",
    ),
    (("--exclude", "season", "--folds-by", "plot"), "plot", "7 folds, one for each value of 'plot'"),
    (
        (*ALONE, "--time-order", "--folds", "4"),
        TimeSeriesSplit(4),
        "4 folds, each predicted from the rows above it in the file",
    ),
]


@pytest.mark.parametrize(("options", "folds", "said"), CASES, ids=[said for *_, said in CASES])
def test_the_folds_are_those_that_are_said(run, options, folds, said):
    frame = measurements()
    found = selection(run(frame, *options, "--json"))
    reference = by_hand(frame, FEATURES, frame[folds].to_numpy() if isinstance(folds, str) else folds)
    assert found["folds"] == said
    assert found["scale"] == pytest.approx(reference.scale, rel=1e-9)
    assert found["score_of_scale"] == pytest.approx(reference.scores[reference.index], rel=1e-9)


def test_the_seed_chooses_the_folds_and_text_and_report_say_so(run, tmp_path):
    frame = measurements()
    scores = {selection(run(frame, *ALONE, "--seed", seed, "--json"))["score_of_scale"] for seed in "012"}
    assert len(scores) == 3
    result = run(frame, "--exclude", "season", "--groups", "plot", "--report")
    said = "5 folds, the 7 groups of 'plot' shared out by seed 0"
    assert f"folds         {said}" in result.stdout
    page = (tmp_path / "out" / "report.html").read_text()
    assert "The folds: 5 folds, the 7 groups of &#39;plot&#39; shared out by seed 0." in page


def test_another_method_has_no_folds_to_tell(run):
    result = run(measurements(), *ALONE, "--scale", "bic", "--json")
    assert selection(result)["folds"] is None


def folds_of(stated, tmp_path, frame, seed=0, **options):
    """Return the fold of each row."""
    file = tmp_path / "growth.parquet"
    frame.to_parquet(file, index=False)
    table = read_table(file, "growth", exclude=("season",), folds=stated.column, **options)
    return table, stated.of(table, seed)


def test_groups_stay_together_whatever_the_order_of_rows(tmp_path):
    frame = measurements()
    frame["plot"] = frame["plot"].where(frame.index > 40, 3)  # a large one
    stated = StatedFolds(folds=3, groups="plot")
    table, (labels, _) = folds_of(stated, tmp_path, frame)
    assert "plot" not in table.X.columns
    of_plot = pd.Series(labels).groupby(frame["plot"]).nunique()
    assert (of_plot == 1).all()
    sizes = np.bincount(labels)
    assert len(sizes) == 3
    assert sizes.max() == (frame["plot"] == 3).sum()  # it is alone: the others have few rows
    order = np.argsort(frame["growth"].to_numpy())
    _, (moved, _) = folds_of(stated, tmp_path, frame.iloc[order])
    np.testing.assert_array_equal(moved, labels[order])
    even = frame.assign(plot=np.arange(N) % 9)
    partitions = {tuple(folds_of(stated, tmp_path, even, seed)[1].folds) for seed in range(5)}
    assert len(partitions) > 1


def test_rows_of_weight_zero_are_in_no_fold(tmp_path):
    frame = measurements().assign(w=1.0)
    frame.loc[frame["plot"] == 2, "w"] = 0.0
    stated = StatedFolds(folds=6, groups="plot")
    table, (labels, text) = folds_of(stated, tmp_path, frame, weights="w")
    assert "the 6 groups of 'plot'" in text
    data = br.RowData.from_arrays(table.X, table.y, table.weights)
    found = br.select_scale(br.LinearModel(br.LaplacePrior()), data, folds=labels, n_scales=3)
    assert found.fold_scores.shape == (3, 6)
    with pytest.raises(
        ValueError, match=r"'plot' has 6 groups, too few for 7 folds\. Give --folds 6 or fewer"
    ):
        folds_of(StatedFolds(folds=7, groups="plot"), tmp_path, frame, weights="w")


REFUSED = [
    (("--scale", "gcv", "--prior", "ridge", "--folds", "4"), "--folds is about the folds of cross-validation"),
    (("--scale", "0.3", "--groups", "plot"), "Add --scale cv or --scale cv-1se, or leave --groups out"),
    (("--groups", "plot", "--time-order"), "--groups and --time-order are two kinds of folds"),
    (("--folds-by", "plot", "--folds", "3"), "the folds are the values of 'plot', so --folds cannot say how many"),
    (("--groups", "season"), "'season' has 3 groups, too few for 5 folds. Give --folds 3 or fewer"),
    (("--folds-by", "one"), "'one' has the same value in every row"),
    ((*ALONE, "--folds", "91"), "91 folds need at least 91 rows, and there are 90. Give fewer --folds"),
    (
        (*ALONE, "--folds", "45", "--time-order"),
        "45 folds in the order of time need at least 92 rows, and there are 90",
    ),
    (("--groups", "plots"), "there is no column 'plots' for the folds. Did you mean 'plot'?"),
    (("--groups", "growth"), "'growth' is the target, so it cannot be the folds too"),
    (("--weights", "plot", "--folds-by", "plot"), "'plot' is the column of weights, so it cannot be the folds too"),
    (("--groups", "plot", "--features", "ph,plot"), "'plot' is the column of groups or folds, so it cannot be a feature too"),
    (("--groups", "gaps", "--exclude", "season"), "entries are missing: 1 in 'gaps'"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_cannot_be_folds(run, options, said):
    frame = measurements().assign(one=1)
    if "gaps" in options:
        frame["gaps"] = frame["plot"].where(frame.index != 4)
    result = run(frame, *options)
    assert result.exit_code == 1, result.output
    assert said in result.stderr


def test_a_row_without_a_group_is_dropped_on_request(run):
    frame = measurements().assign(gaps=lambda f: f["plot"].where(f.index != 4))
    result = run(frame, "--groups", "gaps", "--exclude", "season,plot", "--drop-missing", "--json")
    assert json.loads(result.stdout)["data"]["n_rows_dropped"] == 1


@pytest.mark.extended
def test_a_sorted_file_chooses_as_a_shuffled_one_does(tmp_path):
    """Over 20 data sets, by the error on new rows: shuffled folds of sorted files lose nothing, blocks do."""
    linear = br.LinearModel(br.LaplacePrior(2.5, relative_to_noise=True), standardize=True)
    lost, lost_by_blocks, spread = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, new = rng.normal(size=(150, 3)), rng.normal(size=(1000, 3))
        truth = np.array([0.45, -0.15, 0.0])
        frame = pd.DataFrame(X, columns=["ph", "rain", "slope"]).assign(
            growth=X @ truth + rng.normal(size=150)
        )

        def error(rows, folds=None, seed=seed, new=new, truth=truth):
            table, shuffled = folds_of(StatedFolds(), tmp_path, rows.assign(season=1), seed)
            data = br.RowData.from_arrays(table.X, table.y)
            chosen = br.select_scale(linear, data, "cv-1se", folds=folds or shuffled.folds, n_scales=30)
            mode = chosen.map_estimate()
            return float(np.mean((new @ truth - new @ mode.coef - mode.intercept) ** 2))

        shuffles = [error(frame.iloc[rng.permutation(150)]) for _ in range(3)]
        lost.append(error(frame.sort_values("growth")) - np.mean(shuffles))
        lost_by_blocks.append(error(frame.sort_values("growth"), KFold(5)) - np.mean(shuffles))
        spread.append(np.std(shuffles, ddof=1))
    noise = np.sqrt(np.mean(np.square(spread)) * (1 + 1 / 3) / 20)
    assert abs(np.mean(lost)) < 3 * noise
    assert np.mean(lost_by_blocks) > 6 * noise
