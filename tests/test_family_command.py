"""`bayesreg fit` and `predict` beside other likelihoods than the Gaussian, held against the Python API and scikit-learn."""

import io
import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesreg as br
from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.app.commands.stated_family import family_of
from bayesreg.app.words.alike_levels import alike_notes
from bayesreg.data.files.table import read_table

N = 80
RNG = np.random.default_rng(8)
FRAME = pd.DataFrame({"a": RNG.normal(size=N), "b": RNG.normal(2.0, 3.0, N)})
IS = RNG.uniform(size=N) < 1.0 / (1.0 + np.exp(-1.5 * FRAME["a"] + 0.3))
DAYS = RNG.integers(1, 9, N).astype(float)
COUNTS = RNG.poisson(DAYS * np.exp(0.2 + 0.5 * FRAME["a"]))
LIKELIHOODS = {
    "gaussian": br.GaussianLikelihood(),
    "bernoulli": br.BernoulliLikelihood(),
    "poisson": br.PoissonLikelihood(),
    "negative-binomial": br.NegativeBinomialLikelihood(),
    "student-t": br.StudentTLikelihood(),
}
RIDGE = ("--prior", "gaussian")  # of which little is compiled


def short(model, data, **options):
    """Draw a little, which need not be enough to rely on."""
    few = {"num_warmup": 200, "num_samples": 250, "num_chains": 2, "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", br.SamplingWarning)
        return br.sample_posterior(model, data, **(options | few))


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(analysis, "sample_posterior", short)


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def fit(tmp_path, frame, *arguments, target="y"):
    frame.to_csv(tmp_path / "t.csv", index=False)
    return call("fit", tmp_path / "t.csv", "--target", target, "--out", tmp_path / "out", *arguments)


def document(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def error(result):
    assert result.exit_code == 1, result.output
    lines = [line for line in result.stderr.strip().splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]


def target_of(family):
    return {"bernoulli": IS.astype(int), "poisson": COUNTS, "negative-binomial": COUNTS}.get(
        family, FRAME["a"] - 0.2 * FRAME["b"] + RNG.standard_t(4, N)
    )


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=[pytest.mark.extended] * (name in ("negative-binomial", "student-t")))
        for name in LIKELIHOODS
    ],
)
def test_each_family_gives_what_python_gives(tmp_path, family):
    frame = FRAME.assign(y=target_of(family))
    said = document(fit(tmp_path, frame, "--family", family, "--json", *RIDGE))
    model = br.LinearModel(br.GaussianPrior(), LIKELIHOODS[family])
    data = br.RowData.from_arrays(frame[["a", "b"]], frame["y"])
    mode = br.map_estimate(model, data)
    np.testing.assert_allclose([*said["map"]["coef"].values()], mode.coef, rtol=1e-9)
    np.testing.assert_allclose(said["map"]["intercept"], mode.intercept, rtol=1e-9)
    assert said["map"]["nuisance"] == pytest.approx(mode.nuisance)
    assert said["family"]["name"] == family
    assert said["certificate"]["kind"] == mode.certificate.kind
    tree = short(model, data)  # of the same seed
    means = [one["mean"] for one in said["posterior"]["coef"].values()]
    np.testing.assert_allclose(means, tree["posterior"]["coef"].mean(("chain", "draw")), rtol=1e-9)
    new = frame.head(4).drop(columns="y")
    new.to_csv(tmp_path / "new.csv", index=False)
    of = "mean" if family == "bernoulli" else "observation"
    theirs = br.predict_posterior(tree, new, of=of)
    ours = pd.read_csv(io.StringIO(call("predict", tmp_path / "out", tmp_path / "new.csv").stdout))
    ours = ours.rename(columns={"probability": "mean"})
    np.testing.assert_allclose(ours[["mean", "sd", "lower", "upper"]], theirs.to_numpy(), rtol=1e-6)
    if "mean_lower" in ours:
        of_mean = br.predict_posterior(tree, new, of="mean")
        np.testing.assert_allclose(ours[["mean_lower", "mean_upper"]], of_mean[["lower", "upper"]], rtol=1e-6)
        assert (ours[["lower", "upper"]] % 1.0 == 0.0).all(axis=None)
    assert ("mean_lower" in ours) == (family in ("poisson", "negative-binomial"))


@pytest.mark.parametrize(
    ("labels", "arguments", "one"),
    [
        (("no", "yes"), (), "yes"),
        (("no", "yes"), ("--positive", "no"), "no"),
        (("False", "True"), (), "1"),
        ((0, 1), (), "1"),
        ((0, 1), ("--positive", "0"), "0"),
        ((1, 2), (), "2"),
        (("No", "yes"), (), "yes"),
    ],
)
def test_two_values_are_a_logistic_regression_of_the_label_that_is_said(tmp_path, labels, arguments, one):
    y = np.where(IS, labels[1], labels[0])
    said = document(fit(tmp_path, FRAME.assign(y=y), "--json", *RIDGE, *arguments))
    assert said["family"]["name"] == "bernoulli"
    assert said["family"]["event"] == f"y={one}"
    is_one = ~IS if arguments and one in ("no", "0") else IS
    assert said["family"]["mean_response"] == pytest.approx(is_one.mean())
    mode = br.map_estimate(
        br.LinearModel(br.GaussianPrior(), br.BernoulliLikelihood()),
        br.RowData.from_arrays(FRAME, is_one.astype(float)),
    )
    np.testing.assert_allclose([*said["map"]["coef"].values()], mode.coef, rtol=1e-9)


def test_the_label_that_is_1_is_said_in_a_line(tmp_path):
    result = fit(tmp_path, FRAME.assign(y=np.where(IS, "yes", "no")), *RIDGE)
    said = " ".join(result.stdout.split())
    assert "bernoulli, a logistic regression, as 'y' has two values. 1 is y=yes" in said
    assert "(the second in alphabetical order), 0 is no; --positive no turns it round" in said
    assert f"{IS.sum()} of {N} rows are y=yes ({100 * IS.mean():.1f}%)" in said
    assert "the odds of y=yes are multiplied by" in said
    assert "sigma" not in said


def test_a_guess_is_noted_where_the_text_goes_to_a_file(tmp_path):
    """Who writes the text to a file sees on the terminal what was taken for what, unless it was asked for."""
    frame = FRAME.assign(y=np.where(IS, "ill", "healthy"))
    noted = fit(tmp_path, frame, *RIDGE, "--json").stderr
    assert "Note: the target is taken as 0 and 1" in noted
    assert "1 is y=ill (the second in alphabetical order), 0 is healthy" in noted
    assert "Note" not in fit(tmp_path, frame, *RIDGE, "--json", "--family", "bernoulli").stderr


def test_one_label_of_three_can_be_asked_about(tmp_path):
    y = np.where(IS, "a", RNG.choice(["b", "c"], N))
    assert "is text of 3 kinds, 'a', 'b', 'c': labels must be of two. --positive a" in error(
        fit(tmp_path, FRAME.assign(y=y))
    )
    said = document(fit(tmp_path, FRAME.assign(y=y), "--positive", "a", "--json", *RIDGE))
    assert said["family"]["labels"] == {"0": "any other", "1": "a"}
    assert said["family"]["mean_response"] == pytest.approx(IS.mean())


def test_labels_that_differ_in_case_only_are_to_be_written_alike_whatever_is_said(tmp_path):
    """'YES' beside 'Yes' is no third kind, and no 0 beside it."""
    y = np.where(IS, "Yes", "No").astype(object)
    y[:2], y[2] = ["YES", "no"], "-"
    said = error(fit(tmp_path, FRAME.assign(y=y)))
    assert "--missing - says that an entry is missing. 'no' and 'No'" in said.replace(
        "'No' and 'no'", "'no' and 'No'"
    )
    assert "'YES' and 'Yes' differ in upper and lower case, or in blanks, only" in said
    assert "write them alike in the file" in said
    assert "--positive" not in said
    said = error(fit(tmp_path, FRAME.assign(y=y), "--positive", "Yes"))
    assert "'YES' and 'Yes' differ in upper and lower case" in said
    assert "--positive Yes alone takes the others for 0" in said
    two = np.where(IS, "ill", "Ill")
    assert "'Ill' and 'ill' differ in upper and lower case" in error(fit(tmp_path, FRAME.assign(y=two)))
    meant = document(fit(tmp_path, FRAME.assign(y=two), "--positive", "ill", "--json", *RIDGE))
    assert meant["family"]["mean_response"] == pytest.approx(IS.mean())


def test_levels_that_differ_in_case_only_are_asked_about(tmp_path):
    rank = np.resize(["Prof", "prof", "Dr", "Dr  med", "Dr med", "PD"], N)
    FRAME.assign(y=COUNTS, rank=rank, plain=np.resize(["a", "b"], N)).to_csv(tmp_path / "t.csv", index=False)
    (note,) = alike_notes(read_table(tmp_path / "t.csv", "y"))
    assert note.startswith(
        "levels of 'rank' differ in upper and lower case, or in blanks, only: 'Dr  med' and 'Dr med'; 'Prof' and 'prof'."
    )
    said = " ".join(fit(tmp_path, FRAME.assign(rank=rank, y=FRAME["b"]), *RIDGE).stdout.split())
    assert f"alike? {' '.join(note.split())}" in said


def test_a_categorical_of_a_parquet_file_is_labels(tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    FRAME.assign(y=pd.Categorical(np.where(IS, "ill", "well"))).to_parquet(tmp_path / "t.parquet")
    said = document(
        call("fit", tmp_path / "t.parquet", "--target", "y", "--json", *RIDGE, "--out", tmp_path / "out")
    )
    assert said["family"]["event"] == "y=well"
    assert said["family"]["mean_response"] == pytest.approx(1.0 - IS.mean())


SOME = np.array([0, 0, 0, 1, 1, 1, 2, 3])[RNG.integers(0, 8, N)]


@pytest.mark.parametrize(
    ("y", "arguments", "said"),
    [
        (["yes"] * N, (), "is 'yes' at all rows that are left: there is nothing to compare it with"),
        ([1] * N, ("--family", "bernoulli"), "is 1 in all rows: there is nothing to compare it with"),
        ([0] * N, ("--family", "poisson"), "is 0 in all rows: the data tell no rate"),
        ([0] * N, ("--family", "negative-binomial"), "is 0 in all rows: the data tell no rate"),
        (SOME - 1, ("--family", "poisson"), "holds -1, which is negative"),
        (SOME + 0.5, ("--family", "negative-binomial"), "which is no whole number. If these are rates"),
        (SOME, ("--family", "bernoulli"), "the target 'y' holds 4 numbers from 0 to 3. --positive 3 asks"),
        (np.where(IS, "yes", "?"), (), "one of them may stand for a missing entry. --missing '?' says"),
        (np.where(IS, "yes", "no"), ("--family", "gaussian"), "write them as 0 and 1"),
        (np.where(IS, "yes", "no"), ("--positive", "Yes"), "has no label 'Yes' for --positive. Did you mean"),
        (SOME, ("--positive", "7"), "has no label '7' for --positive"),
        (SOME, ("--positive", "1", "--family", "poisson"), "--positive is of labels, and --family poisson has"),
        (SOME, ("--family", "poisson", "--noise-scale", "1"), "which a Poisson regression has not"),
        (SOME, ("--family", "poisson", "--relative-to-noise"), "--relative-to-noise is of noise"),
        (SOME, ("--family", "poisson", "--scale", "gcv"), "Give --scale cv, cv-1se, aic, bic, evidence, psis-loo or"),
        (SOME, ("--family", "student-t", "--scale", "cv"), "chooses no scale beside --family student-t"),
        ([f"t{i}" for i in range(N)], (), "must be numeric, or labels of two kinds, but it holds text of 80"),
        (np.where(IS, "yes", "3"), (), "must be numeric, but it holds text, for example 'yes'"),
    ],
)  # fmt: skip
def test_a_target_that_a_family_is_not_for(tmp_path, y, arguments, said):
    assert said in error(fit(tmp_path, FRAME.assign(y=y), *arguments))
    assert not (tmp_path / "out").exists()


@pytest.mark.extended
def test_small_counts_are_asked_about_with_answers_to_paste(tmp_path):
    found = error(fit(tmp_path, FRAME.assign(y=SOME)))
    assert "the target 'y' looks like a count, from 0 to 3 with mean" in found
    for family in re.findall(r"--family ([a-z-]+)", found):
        assert fit(tmp_path, FRAME.assign(y=SOME), "--family", family, *RIDGE).exit_code == 0
    assert set(re.findall(r"--family ([a-z-]+)", found)) == {"poisson", "negative-binomial", "gaussian"}
    wide = np.where(IS, 0, SOME * 9)
    assert "which these numbers suggest" in error(fit(tmp_path, FRAME.assign(y=wide)))
    assert "which these numbers suggest" not in found


@pytest.mark.parametrize(
    ("y", "asked"),
    [
        (SOME, True),
        (SOME + 1, False),  # a rating
        (SOME + 0.5, False),
        (SOME - 1, False),
        (SOME * 20, False),  # its mean is not small
        (np.arange(N), False),  # each value once
        (np.arange(N) % 9, False),  # flat: codes, or the digits of something
        (np.minimum(COUNTS, 9), True),
    ],
)
def test_which_numbers_are_asked_about(tmp_path, y, asked):
    FRAME.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    table = read_table(tmp_path / "t.csv", "y", takes_labels=True)
    if asked:
        with pytest.raises(ValueError, match="looks like a count"):
            family_of(None, table)
    else:
        assert family_of(None, table).name == "gaussian"


@pytest.mark.extended
def test_a_gaussian_fit_of_yes_or_no_and_of_counts_is_cautioned_where_it_was_asked_for(tmp_path):
    for y, said in ((IS.astype(int), "--family bernoulli"), (SOME, "--family poisson or negative-binomial")):
        found = document(fit(tmp_path, FRAME.assign(y=y), "--family", "gaussian", "--json", *RIDGE))
        assert any(said in caution for caution in found["cautions"])
        assert any("With care" in sentence for sentence in found["headline"])


@pytest.mark.extended
def test_an_exposure_is_the_offset_of_its_logarithm(tmp_path):
    frame = FRAME.assign(y=COUNTS, days=DAYS)
    by_exposure = document(
        fit(tmp_path, frame, "--family", "poisson", "--exposure", "days", "--json", *RIDGE)
    )
    by_offset = document(
        fit(
            tmp_path,
            frame.assign(days=np.log(DAYS)),
            "--family",
            "poisson",
            "--offset",
            "days",
            "--json",
            *RIDGE,
        )
    )
    assert by_exposure["map"]["coef"] == pytest.approx(by_offset["map"]["coef"])
    mode = br.map_estimate(
        br.LinearModel(br.GaussianPrior(), br.PoissonLikelihood()),
        br.RowData.from_arrays(FRAME, COUNTS, offset=np.log(DAYS)),
    )
    np.testing.assert_allclose([*by_exposure["map"]["coef"].values()], mode.coef, rtol=1e-9)
    assert by_exposure["data"]["features"] == ["a", "b"]


@pytest.mark.parametrize(
    ("column", "option", "said"),
    [
        (np.where(np.arange(N) == 7, 0.0, DAYS), "--exposure", "is 0 in row 8. An exposure is how long"),
        (np.where(np.arange(N) < 3, -1.0, DAYS), "--exposure", "is -1 in row 1, and 2 more rows like it"),
        (np.where(np.arange(N) == 3, -np.inf, DAYS), "--offset", "is -inf in row 4, which is no finite number"),
        (np.where(np.arange(N) == 3, np.nan, DAYS), "--offset", "entries are missing: 1 in 'days'"),
        (np.where(np.arange(N) == 3, "long", DAYS), "--exposure", "the exposure 'days' must be numeric"),
    ],
)  # fmt: skip
def test_an_exposure_or_offset_that_is_none(tmp_path, column, option, said):
    frame = FRAME.assign(y=COUNTS, days=column)
    assert said in error(fit(tmp_path, frame, "--family", "poisson", option, "days"))


def test_a_blank_offset_is_dropped_with_its_row(tmp_path):
    days = np.where(np.arange(N) == 3, np.nan, DAYS)
    frame = FRAME.assign(y=COUNTS, days=days)
    arguments = ("--family", "poisson", "--exposure", "days", "--drop-missing", "--json", *RIDGE)
    said = document(fit(tmp_path, frame, *arguments))
    assert said["data"]["n_rows"] == N - 1


def test_an_exposure_is_of_counts(tmp_path):
    frame = FRAME.assign(y=COUNTS, days=DAYS)
    assert "--exposure is of counts, whose mean is proportional" in error(
        fit(tmp_path, frame, "--exposure", "days", "--family", "gaussian")
    )
    assert "looks like a count" in error(fit(tmp_path, frame, "--exposure", "days"))
    assert "and the target 'y' is none: it holds 0.5" in error(
        fit(tmp_path, frame.assign(y=0.5), "--exposure", "days")
    )


def test_predict_reads_the_exposure_of_new_rows(tmp_path):
    frame = FRAME.assign(y=COUNTS, days=DAYS)
    assert fit(tmp_path, frame, "--family", "poisson", "--exposure", "days", *RIDGE).exit_code == 0
    new = FRAME.head(4).assign(days=[1.0, 10.0, 0.0, np.nan])
    new.loc[1, ["a", "b"]] = new.loc[0, ["a", "b"]]
    new.to_csv(tmp_path / "new.csv", index=False)
    result = call("predict", tmp_path / "out", tmp_path / "new.csv")
    found = pd.read_csv(io.StringIO(result.stdout))
    assert found["mean"][1] == pytest.approx(10.0 * found["mean"][0])
    assert found["mean"][2:].isna().all()
    assert "'0.0' in 'days' is not above 0" in found["reason"][2]
    assert found["reason"][3] == "'days' is missing"
    assert "decimal mark" not in result.stderr
    assert "an exposure must be above 0" in error(
        call("predict", tmp_path / "out", *[write(tmp_path, new.iloc[:3])], "--strict")
    )
    assert "there is no column 'days' for the exposure" in error(
        call("predict", tmp_path / "out", write(tmp_path, new.drop(columns="days")))
    )


def write(tmp_path, frame):
    frame.to_csv(tmp_path / "other.csv", index=False)
    return tmp_path / "other.csv"


def test_predict_of_yes_or_no_says_of_what(tmp_path):
    assert fit(tmp_path, FRAME.assign(y=np.where(IS, "ill", "healthy")), *RIDGE).exit_code == 0
    file = write(tmp_path, FRAME.head(2))
    result = call("predict", tmp_path / "out", file)
    assert "probability is that of y=ill; lower and upper are its 90% interval" in result.stderr
    assert result.stdout.splitlines()[0] == "row,probability,sd,lower,upper"
    said = json.loads(call("predict", tmp_path / "out", file, "--json").stdout)
    assert (said["event"], said["target"]) == ("y=ill", "y")
    assert "the fit is of two kinds" in error(call("predict", tmp_path / "out", file, "--of", "observation"))


@pytest.mark.parametrize(
    ("prior", "family", "y"),
    [("gaussian", "bernoulli", IS.astype(int)), ("laplace", "bernoulli", IS.astype(int)), ("gaussian", "poisson", COUNTS)],
)  # fmt: skip
@pytest.mark.parametrize("scale", ["0.5", None])
def test_the_line_for_scikit_learn_gives_the_mode(tmp_path, prior, family, y, scale):
    arguments = ["--family", family, "--prior", prior, "--json"]
    said = document(fit(tmp_path, FRAME.assign(y=y), *arguments, *(["--scale", scale] if scale else [])))
    names = {"LogisticRegression": LogisticRegression, "PoissonRegressor": PoissonRegressor}
    model = eval(
        said["code"]["scikit-learn"],
        {**names, "make_pipeline": make_pipeline, "StandardScaler": StandardScaler},
    )
    model.fit(FRAME, y)
    last, sd = (model[-1], model[0].scale_) if hasattr(model, "steps") else (model, 1.0)
    np.testing.assert_allclose(
        np.ravel(last.coef_) / sd, [*said["map"]["coef"].values()], rtol=2e-5, atol=1e-6
    )


def test_a_poisson_regression_with_exposures_is_one_of_rates_with_weights(tmp_path):
    frame = FRAME.assign(y=COUNTS, days=DAYS)
    arguments = ("--family", "poisson", "--exposure", "days", "--scale", "0.5", "--json", *RIDGE)
    said = document(fit(tmp_path, frame, *arguments))
    line = said["code"]["scikit-learn"]
    assert "of y / exposure, with sample_weight=exposure" in line
    model = eval(line, {"PoissonRegressor": PoissonRegressor}).fit(FRAME, COUNTS / DAYS, sample_weight=DAYS)
    np.testing.assert_allclose(model.coef_, [*said["map"]["coef"].values()], rtol=1e-6)
    np.testing.assert_allclose(model.intercept_, said["map"]["intercept"], rtol=1e-6)
    assert said["code"]["glmnet"].endswith('family="poisson")  # with offset = log(days)')


def test_what_scikit_learn_has_not_is_said_with_glmnets_line(tmp_path):
    result = fit(tmp_path, FRAME.assign(y=COUNTS), "--family", "poisson", "--scale", "0.1", "--standardize")
    assert "scikit-learn has no poisson regression with an l1 penalty" in " ".join(result.stdout.split())
    assert re.search(r'^glmnet +glmnet\(X, y, lambda=.*family="poisson"\)$', result.stdout, re.MULTILINE)


@pytest.mark.extended
@pytest.mark.parametrize("family", ["bernoulli", "poisson", "negative-binomial"])
@pytest.mark.parametrize("method", ["cv", "bic"])
def test_the_scale_is_chosen_as_in_python(tmp_path, family, method):
    y = target_of(family)
    said = document(fit(tmp_path, FRAME.assign(y=y), "--family", family, "--scale", method, "--json", *RIDGE))
    data, likelihood = br.RowData.from_arrays(FRAME, y), LIKELIHOODS[family]
    if family == "negative-binomial":  # at the dispersion of the default scale's mode
        mode = br.map_estimate(br.LinearModel(br.GaussianPrior(2.5), likelihood, standardize=True), data)
        likelihood = br.NegativeBinomialLikelihood(mode.nuisance["dispersion"])
    from sklearn.model_selection import KFold

    folds = {"folds": KFold(5, shuffle=True, random_state=0)} if method == "cv" else {}
    model = br.LinearModel(br.GaussianPrior(2.5), likelihood, standardize=True)
    theirs = br.select_scale(model, data, method, progress=False, **folds)
    assert said["selection"]["scale"] == pytest.approx(theirs.scale)
    assert said["selection"]["score"] == theirs.score
    assert (family == "negative-binomial") == ("dispersion" in said["posterior"]["nuisance"])


def test_ratios_and_effects_are_those_of_python(tmp_path):
    y = IS.astype(int)
    said = document(fit(tmp_path, FRAME.assign(y=y), "--json", *RIDGE))
    data = br.RowData.from_arrays(FRAME, y)
    tree = short(br.LinearModel(br.GaussianPrior(), br.BernoulliLikelihood()), data)
    ratios = br.effect_ratios(tree)
    found = pd.DataFrame(said["effects"]["rows"]).T
    assert said["effects"]["ratio"] == "odds ratio"
    np.testing.assert_allclose(
        found[["ratio", "ratio_lower", "ratio_upper"]], ratios[["median", "lower", "upper"]]
    )
    effects = br.marginal_effects(tree, data)  # of all draws, where the command takes some
    np.testing.assert_allclose(found["effect"], effects["mean"], atol=0.3 * effects["sd"].max())


@pytest.mark.extended
def test_levels_exclude_one_another_in_average_effects(tmp_path, monkeypatch):
    from bayesreg.app import effects_on_response
    from bayesreg.app.draws_file import read_draws

    monkeypatch.setattr(effects_on_response, "_MOST_DRAWS", 500)  # all of them
    group = RNG.choice(["p", "q", "r"], N)
    frame = FRAME.assign(group=group, y=IS.astype(int))
    for arguments in ((), ("--reference", "group=q")):
        said = document(fit(tmp_path, frame, "--json", *RIDGE, *arguments))
        found = pd.DataFrame(said["effects"]["rows"]).T["effect"]
        columns = pd.get_dummies(frame[["a", "b", "group"]], prefix_sep="=", dtype=float)[
            said["data"]["features"]
        ]
        tree = read_draws(tmp_path / "out" / "posterior.nc")
        at = {}
        for level in "pqr":  # the mean probability if all rows were of it
            all_of_it = columns.assign(
                **{name: float(name == f"group={level}") for name in columns if "group=" in name}
            )
            at[level] = br.predict_posterior(tree, all_of_it, of="mean")["mean"].mean()
        base = at["q"] if arguments else np.mean([*at.values()])
        for level in set("pqr") - ({"q"} if arguments else set()):
            assert found[f"group={level}"] == pytest.approx(at[level] - base, abs=1e-12)


@pytest.mark.extended
def test_rows_that_a_column_separates_are_told_in_the_words_of_the_file(tmp_path):
    ward = np.where(np.arange(N) < 6, "icu", "other")
    y = np.where((ward == "icu") | IS, "ill", "well")
    said = document(fit(tmp_path, FRAME.assign(ward=ward, y=y), "--json", "--positive", "ill", *RIDGE))
    (caution,) = (one for one in said["cautions"] if "separated" in one)
    assert "'ward=other' never" not in caution or "y=ill" in caution
    assert not re.search("y = [01]", caution)
    plain = document(fit(tmp_path, FRAME.assign(y=IS.astype(int)), "--json", *RIDGE))
    assert not any("separated" in one for one in plain["cautions"])


@pytest.mark.extended
def test_counts_that_vary_more_than_poisson_are_told_with_the_family_that_lets_them(tmp_path):
    rng = np.random.default_rng(2)
    wild = rng.poisson(np.exp(1.0 + 0.3 * FRAME["a"]) * rng.gamma(0.5, 2.0, N))
    for y, family, told in (
        (wild, "poisson", True),
        (COUNTS, "poisson", True),
        (wild, "negative-binomial", False),
        (rng.poisson(np.exp(1.0 + 0.3 * FRAME["a"])), "poisson", False),
    ):
        said = document(fit(tmp_path, FRAME.assign(y=y), "--family", family, "--json", *RIDGE))
        assert told == any("--family negative-binomial" in one for one in said["cautions"]), family


@pytest.mark.extended
def test_the_deviance_explained_is_scikit_learns(tmp_path):
    from sklearn.metrics import d2_log_loss_score, d2_tweedie_score

    said = document(fit(tmp_path, FRAME.assign(y=IS.astype(int)), "--json", *RIDGE))
    coef = np.array([*said["map"]["coef"].values()])
    eta = FRAME.to_numpy() @ coef + said["map"]["intercept"]
    assert said["map"]["deviance_explained"] == pytest.approx(
        d2_log_loss_score(IS.astype(int), 1.0 / (1.0 + np.exp(-eta)))
    )
    assert said["map"]["r_squared"] is None
    said = document(fit(tmp_path, FRAME.assign(y=COUNTS), "--family", "poisson", "--json", *RIDGE))
    coef = np.array([*said["map"]["coef"].values()])
    mu = np.exp(FRAME.to_numpy() @ coef + said["map"]["intercept"])
    assert said["map"]["deviance_explained"] == pytest.approx(d2_tweedie_score(COUNTS, mu, power=1))


@pytest.mark.extended
def test_shares_of_trials_are_a_logistic_regression_with_weights(tmp_path):
    trials = RNG.integers(2, 20, N)
    hits = RNG.binomial(trials, 0.4)
    frame = FRAME.assign(y=hits / trials, trials=trials)
    arguments = ("--weights", "trials", "--family", "bernoulli", "--json", "--report", *RIDGE)
    said = document(fit(tmp_path, frame, *arguments))
    mode = br.map_estimate(
        br.LinearModel(br.GaussianPrior(), br.BernoulliLikelihood()),
        br.RowData.from_arrays(FRAME, hits / trials, trials),
    )
    np.testing.assert_allclose([*said["map"]["coef"].values()], mode.coef, rtol=1e-9)
    assert f"{hits.sum()} of {trials.sum()} trials are y=1" in said["headline"][0]
    assert "The response is shares of trials" in (tmp_path / "out" / "report.html").read_text()


def test_the_folder_keeps_what_was_explained(tmp_path):
    frame = FRAME.assign(y=COUNTS, days=DAYS)
    arguments = ("--family", "negative-binomial", "--exposure", "days", *RIDGE)
    assert fit(tmp_path, frame, *arguments).exit_code == 0
    from bayesreg.app.draws_file import TARGET, read_draws
    from bayesreg.app.target import Target

    tree = read_draws(tmp_path / "out" / "posterior.nc")
    assert tree.attrs["likelihood"] == "negative-binomial"
    assert tree.attrs["has_offset"] == 1
    assert Target.from_json(tree.attrs[TARGET]) == Target("y", None, None, "days")
    assert "dispersion" in tree["posterior"].to_dataset()
    with pytest.raises(ValueError, match="is malformed"):
        Target.from_json('{"name": 3, "labels": null, "offset": null, "exposure": null}')
    with pytest.raises(ValueError, match="is malformed"):
        Target.from_json('{"name": "y", "labels": ["a"], "offset": null, "exposure": null}')


def test_audit_and_translate_take_labels_beside_a_logistic_loss(tmp_path):
    frame = FRAME.assign(y=np.where(IS, "yes", "no"))
    file = write(tmp_path, frame)
    fitted = LogisticRegression(C=2.0, tol=1e-12, max_iter=10_000).fit(FRAME, frame["y"])
    coefs = {**dict(zip("ab", fitted.coef_[0], strict=True)), "intercept": fitted.intercept_[0]}
    pd.Series(coefs).to_csv(tmp_path / "coef.csv")
    audit = ("audit", file, "--target", "y", "--coef", tmp_path / "coef.csv", "--penalty")
    assert call(*audit, "sklearn.LogisticRegression C=2").exit_code == 0
    assert call(*audit, "sklearn.LogisticRegression C=20").exit_code == 3
    assert "must be numeric" in error(call(*audit, "sklearn.Ridge alpha=2"))
    translate = ("translate", "C=2", "--to", "glmnet.binomial", "--data", file, "--target", "y")
    result = call(*translate, "--from", "sklearn.LogisticRegression")
    assert f"lambda={0.5 / N:g}"[:12] in result.stdout
    assert "beside −Σ log p(y)" in result.stdout
    assert "beside ½ Σ r²" in call("translate", "1", "--from", "sklearn.Ridge", "--to", "Penalty").stdout


def test_effects_are_a_file_of_their_own(tmp_path):
    assert fit(tmp_path, FRAME.assign(y=IS.astype(int)), *RIDGE).exit_code == 0
    found = pd.read_csv(tmp_path / "out" / "effects.csv", index_col="feature")
    assert list(found.columns) == [
        "ratio",
        "ratio_lower",
        "ratio_upper",
        "effect",
        "effect_lower",
        "effect_upper",
    ]
    assert fit(tmp_path, FRAME.assign(y=FRAME["a"] + 0.1 * COUNTS), *RIDGE).exit_code == 0
    assert not (tmp_path / "out" / "effects.csv").exists()
