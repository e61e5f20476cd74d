"""The commands beside `fit`, files in Parquet, JSON, reports and exit codes."""

import builtins
import html
import json
import os
import re
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, PoissonRegressor, Ridge

import bayesreg as br
from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.app.commands.values import convention, penalty_value
from bayesreg.data.files.table import read_table
from bayesreg.selection.criteria import METHODS
from bayesreg.selection.methods import METHOD_WORDS

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def document(result, code=0):
    """Return the one JSON document that stdout must be."""
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def error(result, code=1):
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    if code == 1:
        assert len(result.stderr.strip().splitlines()) == 1
    return last


@pytest.fixture(scope="module")
def diabetes(tmp_path_factory):
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    frame = X.assign(progression=y)
    frame["copies"] = np.random.default_rng(0).integers(1, 4, len(frame))
    file = tmp_path_factory.mktemp("data") / "diabetes.csv"
    frame.to_csv(file, index=False)
    return file, X, y, frame["copies"].astype(float)


def coefficients(path, fitted, names=FEATURES):
    rows = {
        **dict(zip(names, np.ravel(fitted.coef_), strict=True)),
        "intercept": float(np.ravel(fitted.intercept_)[0]),
    }
    pd.Series(rows, name="coef").to_csv(path, index_label="feature")
    return path


def example_files():
    """Write the files that the examples of the help name."""
    rng = np.random.default_rng(0)
    houses = pd.DataFrame(rng.normal(size=(40, 2)), columns=["rooms", "age"])
    houses = houses.assign(city=["a", "b"] * 20, area=rng.uniform(1, 2, 40))
    houses["price"] = houses["rooms"] + rng.normal(size=40)
    houses.to_csv("houses.csv", index=False)
    ill = (houses["rooms"] + rng.normal(size=40) > 0).astype(int)
    houses[["rooms", "age"]].assign(ill=ill).to_csv("visits.csv", index=False)
    calls = houses[["rooms", "age"]].assign(calls=np.arange(40) % 4, hours=1.0 + np.arange(40) % 3)
    calls.to_csv("calls.csv", index=False)
    found = {"rooms": 1.0, "age": 0.0, "city=b": 0.0, "area": 0.0, "intercept": 0.0}
    pd.Series(found, name="coef").to_csv("coef.csv")
    pd.Series({"rooms": 1.0, "age": 0.0, "intercept": 0.0}, name="coef").to_csv("ill.csv")
    Path("coef.json").write_text(json.dumps(found))
    return houses


class TestHelp:
    @pytest.mark.parametrize(
        "command", ["fit", "predict", "reduce", "merge", "translate", "audit", "conventions"]
    )
    def test_each_command_shows_examples_and_exit_codes(self, command):
        said = call(command, "--help").stdout
        assert f"bayesreg {command}" in said
        if command != "conventions":
            assert "Exit codes: 0" in said
        assert max(map(len, said.splitlines())) <= 100

    @pytest.mark.parametrize(
        "command", ["fit", "predict", "reduce", "merge", "translate", "audit", "conventions", "demo"]
    )
    def test_help_fits_a_screen_and_names_every_option(self, command):
        said, whole = call(command, "--help").stdout, call(command, "--help-all")
        assert len(said.splitlines()) <= 50
        options = [one for one in main.commands[command].params if one.opts[0].startswith("--")]
        words = set(said.replace(",", " ").split())
        assert all(one.opts[0] in words for one in options)
        if whole.exit_code == 2:  # its short help is whole
            assert "No such option" in whole.stderr
            return
        for one in options:
            assert " ".join(one.help.split())[:25] in " ".join(whole.stdout.split())

    @pytest.mark.parametrize(
        "command",
        [
            pytest.param("fit", marks=pytest.mark.extended),
            "predict",
            "reduce",
            "translate",
            "audit",
            "conventions",
        ],
    )
    def test_every_example_runs(self, tmp_path, monkeypatch, command):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
        houses = example_files()
        if command == "predict":
            houses.drop(columns="price").head(3).to_csv("new-houses.csv", index=False)
            assert call("fit", "houses.csv", "--target", "price").exit_code == 0
        said = call(command, "--help").stdout.replace("\\\n", " ").split("Examples")[1]
        examples = re.findall(rf"^ +bayesreg ({command}.*)$", said, re.MULTILINE)
        assert len(examples) >= 3
        for example in examples:
            if "parquet" in example:
                pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
                houses.to_parquet("houses.parquet", index=False)
            result = call(*shlex.split(example.split(" > ")[0]))
            assert result.exit_code in ((0, 3) if command == "audit" else (0,)), result.output

    def test_the_group_lists_exit_codes(self):
        said = call("--help").stdout
        for code in ("0 ", "1 ", "2 ", "3 ", "130 "):
            assert re.search(rf"^ +{code}", said, re.MULTILINE)


class TestTranslate:
    def test_a_number(self, diabetes):
        file, X, y, _ = diabetes
        result = call("translate", "0.1", "--from", "sklearn.Lasso", "--to", "Penalty", "--data", file, "--target",
                      "progression", "--features", ", ".join(FEATURES), "--json")  # fmt: skip
        found = document(result)
        assert found["penalty"] == {"l1": 44.2, "l2": 0.0}
        assert found["code"] == br.translate(0.1, "sklearn.Lasso", "Penalty", X=X, y=y).code
        assert (found["from"], found["to"]) == ("sklearn.Lasso", "Penalty")
        text = call("translate", "0.1", "--from", "sklearn.Lasso", "--to", "Penalty", "--data", file, "--target",
                    "progression")  # fmt: skip
        assert text.exit_code == 0
        assert text.stdout.splitlines()[0] == f"code          {found['code']}"

    def test_a_number_of_standardised_columns(self, diabetes):
        """After StandardScaler glmnet's own standardisation changes nothing, so its lambda is scikit-learn's alpha."""
        file, *_ = diabetes
        asked = ("translate", "lambda=0.1", "--from", "glmnet", "--to", "sklearn.Lasso", "--data", file, "--target",
                 "progression", "--weights", "copies")  # fmt: skip
        found = document(call(*asked, "--standardize", "--json"))
        assert found["standardize"] is True
        assert found["values"]["alpha"] == pytest.approx(0.1, rel=1e-12)
        assert "standardised: both sides" in " ".join(call(*asked, "--standardize").stdout.split())
        one = call("translate", "0.1", "--from", "sklearn.Lasso", "--to", "glmnet", *asked[6:]).stdout
        assert "as they are in the file. If the number is of a pipeline with StandardScaler" in " ".join(
            one.split()
        )
        without = call("translate", "0.1", "--from", "sklearn.Lasso", "--to", "Penalty", "--standardize")
        assert without.exit_code == 2
        assert "--standardize speaks of the columns of --data" in without.stderr

    def test_names_and_the_column_of_weights(self, diabetes):
        file, X, y, w = diabetes
        result = call("translate", "alpha=0.1,l1_ratio=0.3", "--from", "sklearn.ElasticNet", "--to", "glmnet", "--data",
                      file, "--target", "progression", "--weights", "copies", "--json")  # fmt: skip
        expected = br.translate({"alpha": 0.1, "l1_ratio": 0.3}, "sklearn.ElasticNet", "glmnet", X, y, w)
        found = document(result)
        assert found["code"] == expected.code
        assert found["values"]["lambda_"] == expected.values["lambda_"]

    def test_spellings_of_r_and_vectors(self):
        glmnet = convention("glmnet")
        assert penalty_value("lambda=0.5, alpha=1, penalty.factor=[1, 0 2],standardize=FALSE", glmnet) == {
            "lambda_": 0.5, "alpha": 1.0, "penalty.factor": [1.0, 0.0, 2.0], "standardize": False,
        }  # fmt: skip
        assert penalty_value("penalty_factor=none", glmnet) == {"penalty.factor": None}
        assert penalty_value("[0, 0.5]", convention("statsmodels.OLS")) == [0.0, 0.5]
        assert penalty_value("inf", convention("LaplacePrior")) == np.inf
        assert penalty_value(None, convention("bambi")) is None
        assert penalty_value("lambda=1", convention("xgboost.gblinear")) == {"lambda": 1.0}

    def test_a_default_without_a_number(self, diabetes):
        file, X, y, _ = diabetes
        result = call("translate", "--from", "bambi", "--to", "Penalty", "--data", file, "--target", "progression",
                      "--features", ",".join(FEATURES), "--noise-scale", "54", "--json")  # fmt: skip
        expected = br.translate(None, "bambi", "Penalty", X, y, noise_scale=54.0).penalty.l2
        np.testing.assert_allclose(document(result)["penalty"]["l2"], expected, rtol=1e-12)

    def test_rescaled_columns_are_told(self, diabetes):
        file, X, y, _ = diabetes
        arguments = ["translate", "lambda=2", "--from", "glmnet", "--to", "sklearn.Lasso", "--data", file, "--target",
                     "progression", "--features", ",".join(FEATURES)]  # fmt: skip
        assert "rescale" in error(call(*arguments))
        found = document(call(*arguments, "--rescale", "--json"))
        expected = br.translate({"lambda_": 2.0}, "glmnet", "sklearn.Lasso", X, y, rescale=True)
        assert list(found["column_unit"]) == FEATURES
        np.testing.assert_allclose(list(found["column_unit"].values()), expected.column_unit, rtol=1e-12)
        unit = pd.Series(found["column_unit"])
        fitted = Lasso(found["values"]["alpha"], tol=1e-12, max_iter=100_000).fit(X / unit, y)
        mode = br.map_estimate(br.LinearModel.like("glmnet", X, y, lambda_=2.0), br.RowData.from_arrays(X, y))
        np.testing.assert_allclose(fitted.coef_ / unit, mode.coef, atol=1e-5)
        said = call(*arguments, "--rescale").stdout
        assert f"bmi {expected.column_unit[2]:.6g}" in " ".join(said.split())

    def test_without_an_intercept(self):
        arguments = [
            "translate",
            "0.5",
            "--from",
            "celer.LogisticRegression",
            "--to",
            "sklearn.LogisticRegression",
        ]
        assert "fits no intercept" in error(call(*arguments))
        found = document(call(*arguments, "--no-intercept", "--json"))
        assert found["values"] == {"C": 0.5, "l1_ratio": 1.0}

    def test_what_has_no_equivalent_says_why(self):
        assert "decoupled" in error(call("translate", "0.1", "--from", "torch.AdamW", "--to", "Penalty"))
        message = error(call("translate", "0.1", "--from", "sklearn.Lasso", "--to", "Penalty"))
        assert message.endswith("Here: --data FILE --target NAME.")
        assert "Give --noise-scale" in error(
            call("translate", "2", "--from", "Penalty", "--to", "LaplacePrior")
        )

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["0.1", "--from", "sklearn.lasso", "--to", "Penalty"], "Did you mean 'sklearn.Lasso'"),
            (["0.1", "--from", "sklearn.Lasso"], "--to"),
            (["a lot", "--from", "sklearn.Lasso", "--to", "Penalty"], "cannot read 'a lot' as a number"),
            (["alpha=1,2", "--from", "sklearn.Lasso", "--to", "Penalty"], "write name=value"),
            (["1", "--from", "sklearn.Lasso", "--to", "Penalty", "--target", "y"], "go together"),
            (["1", "--from", "sklearn.Lasso", "--to", "Penalty", "--weights", "w"], "speak of --data"),
        ],
    )
    def test_usage_errors(self, arguments, said):
        assert said in error(call("translate", *arguments), code=2)


class TestAudit:
    def arguments(self, file, coef, penalty, *more):
        return ["audit", file, "--target", "progression", "--features", ",".join(FEATURES), "--coef", coef,
                "--penalty", penalty, *more]  # fmt: skip

    def test_an_optimum_exits_with_0_and_another_with_3(self, diabetes, tmp_path):
        file, X, y, _ = diabetes
        coef = coefficients(tmp_path / "coef.csv", Lasso(0.1, tol=1e-12, max_iter=100_000).fit(X, y))
        good = call(*self.arguments(file, coef, "sklearn.Lasso alpha=0.1"))
        assert good.exit_code == 0, good.output
        assert "optimal, to a duality gap of 1e-06" in good.stdout
        bad = call(*self.arguments(file, coef, "sklearn.Ridge alpha=0.1"))
        assert bad.exit_code == 3
        assert "not optimal" in bad.stdout
        assert bad.stderr == ""

    def test_json_agrees_with_the_function(self, diabetes, tmp_path):
        file, X, y, w = diabetes
        loose = Lasso(0.1, tol=1e-1).fit(X, y, sample_weight=w)
        coef = coefficients(tmp_path / "coef.csv", loose)
        found = document(
            call(*self.arguments(file, coef, "sklearn.Lasso 0.1", "--weights", "copies", "--json")), 3
        )
        penalty = br.translate(0.1, "sklearn.Lasso", "Penalty", X, y, w)
        expected = br.audit(loose.coef_, float(loose.intercept_), X, y, penalty, w)
        assert found["optimal"] is False
        np.testing.assert_allclose(found["duality_gap"], expected.duality_gap, rtol=1e-6)
        np.testing.assert_allclose(list(found["kkt_violation"].values()), expected.kkt_violation, rtol=1e-6)
        zeros = [name for name, hit in zip(FEATURES, expected.wrong_zeros, strict=True) if hit]
        assert found["wrong_zeros"] == zeros
        assert found["penalty"]["l1"] == pytest.approx(0.1 * w.sum())

    def test_whose_reading_it_is(self, diabetes, tmp_path):
        file, X, y, _ = diabetes
        mode = br.map_estimate(
            br.LinearModel(br.Penalty(l2=0.1).to_prior(), br.GaussianLikelihood(1.0)),
            br.RowData.from_arrays(X, y),
        )
        fitted = Ridge(0.1).fit(X, y)
        np.testing.assert_allclose(fitted.coef_, mode.coef, rtol=1e-7)
        coef = coefficients(tmp_path / "coef.csv", fitted)
        said = document(call(*self.arguments(file, coef, "Penalty l2=44.2", "--json")), 3)
        assert said["nearest"] is not None
        assert said["nearest"]["duality_gap"] < 1e-6
        said = call(*self.arguments(file, coef, "Penalty l2=44.2"))
        assert "these are the coefficients of" in " ".join(said.stdout.split())

    def test_a_logistic_regression(self, tmp_path):
        X, y = load_breast_cancer(return_X_y=True, as_frame=True)
        X = (X - X.mean()) / X.std(ddof=0)
        file = tmp_path / "cancer.csv"
        X.assign(benign=y).to_csv(file, index=False)
        fitted = LogisticRegression(C=2.0, tol=1e-12, max_iter=100_000).fit(X, y)
        coef = coefficients(tmp_path / "coef.csv", fitted, list(X.columns))
        arguments = ["audit", file, "--target", "benign", "--coef", coef, "--penalty"]
        assert call(*arguments, "sklearn.LogisticRegression C=2").exit_code == 0
        assert call(*arguments, "sklearn.LogisticRegression C=2.1").exit_code == 3
        assert "--family says gaussian" in error(
            call(*arguments, "sklearn.LogisticRegression C=2", "--family", "gaussian")
        )
        assert call(*arguments, "Penalty l2=0.5", "--family", "binomial").exit_code == 0
        assert "whose dispersion this command does not take" in error(
            call(*arguments, "glum.negative_binomial alpha=1")
        )

    def test_a_poisson_regression(self, tmp_path):
        rng = np.random.default_rng(3)
        X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["age", "dose"])
        y = rng.poisson(np.exp(0.4 * X["age"]))
        X.assign(visits=y).to_csv(tmp_path / "visits.csv", index=False)
        fitted = PoissonRegressor(alpha=0.3, tol=1e-12, max_iter=10_000).fit(X, y)
        coef = coefficients(tmp_path / "coef.csv", fitted, list(X.columns))
        arguments = ["audit", tmp_path / "visits.csv", "--target", "visits", "--coef", coef, "--penalty"]
        assert call(*arguments, "sklearn.PoissonRegressor alpha=0.3").exit_code == 0
        assert call(*arguments, "sklearn.PoissonRegressor alpha=0.4").exit_code == 3
        assert call(*arguments, "Penalty l2=18", "--family", "poisson").exit_code == 0
        assert "--family says binomial" in error(
            call(*arguments, "sklearn.PoissonRegressor alpha=0.3", "--family", "binomial")
        )

    def test_coefficients_as_pandas_and_others_write_them(self, tmp_path):
        rng = np.random.default_rng(0)
        rows = pd.DataFrame({"rooms": rng.normal(size=60), "city": rng.choice(["a", "b", "c"], 60)})
        rows["price"] = 2.0 * rows["rooms"] + (rows["city"] == "b") + 0.3 * rng.normal(size=60)
        rows.to_csv(tmp_path / "rows.csv", index=False)
        X = pd.get_dummies(rows[["rooms", "city"]]).astype(float)
        fitted = Ridge(1.0).fit(X, rows["price"])
        arguments = [
            "audit",
            tmp_path / "rows.csv",
            "--target",
            "price",
            "--penalty",
            "sklearn.Ridge alpha=1",
            "--coef",
        ]
        for names in (
            ["rooms", "city_a", "city_b", "city_c"],
            ["rooms", "city[T.a]", "city[T.b]", "city[T.c]"],
            ["rooms", "citya", "cityb", "cityc"],
            ["rooms", "city=a", "city=b", "city=c"],
        ):
            found = pd.Series([*fitted.coef_, fitted.intercept_], index=[*names, "intercept"])
            found.to_csv(tmp_path / "coef.csv")  # its first line is ",0"
            assert call(*arguments, tmp_path / "coef.csv").exit_code == 0
        found.rename({"city=a": "town_a"}).to_csv(tmp_path / "coef.csv")
        assert "no coefficient for 'city=a'. no column for 'town_a'" in error(
            call(*arguments, tmp_path / "coef.csv")
        )

    def test_every_form_of_coefficients(self, diabetes, tmp_path):
        file, X, y, _ = diabetes
        fitted = Ridge(1.0).fit(X, y)
        fitted.intercept_ = float(fitted.intercept_)
        named = dict(zip(FEATURES, fitted.coef_.tolist(), strict=True))
        rows = "\n".join(f'"{name}",{value!r}' for name, value in reversed(named.items()))
        forms = {
            "r.csv": f'"","s0"\n"(Intercept)",{fitted.intercept_!r}\n{rows}\n',
            "bare.csv": f"{rows}\nintercept,{fitted.intercept_!r}\n",
            "semicolon.csv": f"name;value\n{rows.replace(',', ';')}\nConstant;{fitted.intercept_!r}\n",
            "flat.json": json.dumps({**named, "intercept": fitted.intercept_}),
            "nested.json": json.dumps({"coef": named, "intercept": fitted.intercept_}),
            "list.json": json.dumps({"coef": fitted.coef_.tolist(), "intercept": fitted.intercept_}),
            "fit.json": json.dumps({"map": {"coef": named, "intercept": fitted.intercept_}}),
        }
        for name, text in forms.items():
            path = tmp_path / name
            path.write_text(text)
            found = document(call(*self.arguments(file, path, "sklearn.Ridge 1", "--json")))
            assert found["duality_gap"] < 1e-10, name

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("age,1\nintercept,2\n", "no coefficient for 'sex', 'bmi'"),
            ("{", "is no JSON document"),
            ("[1, 2]", "must hold names with numbers"),
            ('{"coef": [1, 2], "intercept": 0}', "has 2 coefficients, the data 10 columns"),
            ('{"coef": {"age": "1"}, "intercept": 0}', "must hold a number for 'age'"),
            ("ALL", "no coefficient for 'age'. no column for 'Age'. Did you mean 'age'?"),
            ("TWICE", "more than one number for 'age'"),
            ("WITHOUT", "has no intercept. Add a row"),
            ("NAN", "must be 10 finite numbers"),
            ("TEXT", "must hold a name and a number in each row"),
        ],
    )
    def test_coefficients_that_do_not_fit(self, diabetes, tmp_path, text, said):
        file, *_ = diabetes
        rows = [f"{name},1" for name in FEATURES]
        made = {
            "ALL": ["Age,1", *rows[1:], "intercept,0"],
            "TWICE": [*rows, "age,1", "intercept,0"],
            "WITHOUT": rows,
            "NAN": ["age,nan", *rows[1:], "intercept,0"],
            "TEXT": ["name,coef", *rows[1:], "age,old", "intercept,0"],
        }
        coef = tmp_path / "coef"
        coef.write_text("\n".join(made[text]) + "\n" if text in made else text)
        assert said in error(call(*self.arguments(file, coef, "sklearn.Ridge 1")))

    def test_the_intercept_and_the_option_agree(self, diabetes, tmp_path):
        file, X, y, _ = diabetes
        fitted = Ridge(1.0, fit_intercept=False).fit(X, y)
        fitted.intercept_ = 0.0
        coef = coefficients(tmp_path / "coef.csv", fitted)
        assert call(*self.arguments(file, coef, "sklearn.Ridge 1", "--no-intercept")).exit_code == 0
        coef = coefficients(tmp_path / "coef.csv", Ridge(1.0).fit(X, y))
        assert "--no-intercept says that there is none" in error(
            call(*self.arguments(file, coef, "sklearn.Ridge 1", "--no-intercept"))
        )

    def test_usage_errors(self, diabetes, tmp_path):
        file, *_ = diabetes
        coef = tmp_path / "coef.csv"
        coef.write_text("age,1\n")
        assert "there is no convention 'sklearn.Laso'" in error(
            call(*self.arguments(file, coef, "sklearn.Laso alpha=1")), code=2
        )
        assert "cannot read" in error(call(*self.arguments(file, coef, "sklearn.Lasso alpha=much")), code=2)
        assert call(*self.arguments(file, tmp_path / "absent.csv", "sklearn.Lasso 1")).exit_code == 2


class TestConventions:
    def test_all_are_listed(self):
        said = call("conventions").stdout
        assert all(key in said for key in br.CONVENTIONS)
        assert f"{len(br.CONVENTIONS)} conventions." in said

    def test_some_are_shown_with_their_objective(self):
        said = " ".join(call("conventions", "GLMNET").stdout.split())
        shown = [row for key, row in br.CONVENTIONS.items() if "glmnet" in key.lower()]
        assert said.count("minimises") == len(shown) > 3
        assert all(" ".join(row.objective.split()) in said for row in shown)
        assert "no convention is called like 'nothing'" in error(call("conventions", "nothing"))

    def test_as_json(self):
        found = {row["key"]: row for row in document(call("conventions", "--json"))["conventions"]}
        assert list(found) == list(br.CONVENTIONS)
        assert found["sklearn.ElasticNet"]["parameters"] == {"alpha": None, "l1_ratio": 0.5}
        assert found["sklearn.ElasticNet"]["required"] == ["alpha"]


def short_posterior(model, data, **options):
    return br.sample_posterior(
        model,
        data,
        num_warmup=200,
        num_samples=250,
        num_chains=4,
        progress=False,
        seed=options.get("seed", 0),
    )


class TestFit:
    def test_every_method_of_selection_has_a_name(self):
        assert tuple(METHOD_WORDS) == tuple(METHODS)

    @pytest.mark.parametrize("method", ["loo", "gcv", "aic", "bic", "evidence", "posterior"])
    def test_the_scale_by_each_method(self, diabetes, tmp_path, monkeypatch, method):
        monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
        file, X, y, _ = diabetes
        result = call("fit", file, "--target", "progression", "--features", ",".join(FEATURES), "--prior", "gaussian",
                      "--scale", method, "--out", tmp_path, "--json")  # fmt: skip
        found = document(result)
        prior = br.GaussianPrior(2.5, relative_to_noise=True)
        model = br.LinearModel(prior, standardize=True)
        expected = br.select_scale(model, br.RowData.from_arrays(X, y), method)
        assert found["selection"]["method"] == method
        assert found["selection"]["scale"] == pytest.approx(expected.scale, rel=1e-12)
        np.testing.assert_allclose(
            list(found["map"]["coef"].values()), expected.map_estimate().coef, rtol=1e-9
        )

    def test_a_method_that_needs_another_prior_says_so(self, diabetes, tmp_path):
        file, *_ = diabetes
        message = error(
            call("fit", file, "--target", "progression", "--scale", "loo", "--out", tmp_path, "--json")
        )
        assert "GaussianPrior" in message

    def test_json_holds_the_fit(self, diabetes, tmp_path, monkeypatch):
        monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
        file, X, y, w = diabetes
        result = call("fit", file, "--target", "progression", "--weights", "copies", "--scale", "2", "--noise-scale",
                      "54", "--out", tmp_path / "out", "--json")  # fmt: skip
        found = document(result)
        regressor = br.BayesRegressor(br.LaplacePrior(2.0), noise_scale=54.0).fit(X, y, sample_weight=w)
        assert found["bayesreg"] == br.__version__
        assert found["data"] == {
            "target": "progression", "features": FEATURES, "n_rows": 442, "n_rows_dropped": 0, "notes": [],
        }  # fmt: skip
        np.testing.assert_allclose(
            list(found["map"]["coef"].values()), regressor.coef_, rtol=1e-10, atol=1e-12
        )
        assert found["map"]["intercept"] == pytest.approx(regressor.intercept_, rel=1e-10)
        assert found["certificate"]["converged"] is True
        assert found["certificate"]["duality_gap"] < 1e-8
        assert found["selection"] is None
        assert found["posterior"]["noise_scale"] is None
        table = pd.read_csv(tmp_path / "out" / "coefficients.csv").set_index("feature")
        for name in FEATURES:
            assert found["posterior"]["coef"][name]["mean"] == pytest.approx(
                table.loc[name, "mean"], rel=1e-12
            )
        assert found["posterior"]["intercept"]["q95"] == pytest.approx(
            table.loc["intercept", "q95"], rel=1e-12
        )
        assert eval(found["code"]["bayesreg"], {"br": br}).prior == br.LaplacePrior(2.0)
        assert found["code"]["scikit-learn"].endswith("# with sample_weight given to its `fit`")
        fitted = eval(found["code"]["scikit-learn"], {"Lasso": Lasso}).fit(X, y, sample_weight=w)
        np.testing.assert_allclose(fitted.coef_, regressor.coef_, atol=1e-6)
        assert all(Path(name).exists() for name in found["written"])

    def test_what_it_says_can_be_audited(self, diabetes, tmp_path, monkeypatch):
        monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
        file, *_ = diabetes
        out = tmp_path / "out"
        options = ["--target", "progression", "--features", ",".join(FEATURES)]
        result = call("fit", file, *options, "--scale", "2", "--noise-scale", "54", "--out", out, "--json")
        (tmp_path / "fit.json").write_text(result.stdout)
        for coef in (tmp_path / "fit.json", out / "coefficients.csv"):
            audited = call(
                "audit", file, *options, "--coef", coef, "--noise-scale", "54", "--penalty", "LaplacePrior 2"
            )
            assert audited.exit_code == 0, audited.output

    def test_without_an_intercept(self, diabetes, tmp_path, monkeypatch):
        monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
        file, X, y, _ = diabetes
        found = document(
            call(
                "fit",
                file,
                "--target",
                "progression",
                "--features",
                ",".join(FEATURES),
                "--scale",
                "2",
                "--noise-scale",
                "60",
                "--no-intercept",
                "--out",
                tmp_path,
                "--json",
            )
        )
        assert found["posterior"]["intercept"] is None
        fitted = eval(found["code"]["scikit-learn"], {"Lasso": Lasso}).fit(X, y)
        np.testing.assert_allclose(fitted.coef_, list(found["map"]["coef"].values()), atol=1e-5)
        ours = eval(found["code"]["bayesreg"], {"br": br}).fit(X, y)
        np.testing.assert_allclose(ours.coef_, list(found["map"]["coef"].values()), rtol=1e-9, atol=1e-9)

    def test_the_report(self, tmp_path, monkeypatch):
        monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(
            {"<b>size</b>": rng.normal(size=50), "city": rng.choice(["a", "b", "<c>"], 50), "year": 1}
        )
        frame["price & tax"] = 3 * frame["<b>size</b>"] + (frame["city"] == "a") + rng.normal(size=50)
        frame.loc[3, "<b>size</b>"] = np.nan
        file = tmp_path / "some houses.csv"
        frame.to_csv(file, index=False)
        out = tmp_path / "out"
        result = call("fit", file, "--target", "price & tax", "--drop-missing", "--scale", "cv", "--out", out,
                      "--report")  # fmt: skip
        assert result.exit_code == 0, result.output
        assert "report.html" in result.stdout
        text = (out / "report.html").read_text(encoding="utf-8")
        assert "<b>size" not in text
        assert "&lt;b&gt;size&lt;/b&gt;" in text
        assert "<title>price &amp; tax in some houses.csv</title>" in text
        for said in (
            "rows with missing entries: 1",
            "is text of 3 levels",
            "the data say nothing of a column",
        ):
            assert said in text
        command = re.search(r"<code>(bayesreg fit .*?)</code>", text)[1]
        words = shlex.split(html.unescape(command))
        assert words == ["bayesreg", "fit", str(file), "--target", "price & tax", "--drop-missing", "--scale", "cv",
                         "--out", str(out), "--report"]  # fmt: skip

    def test_progress_and_warnings_are_on_stderr_alone(self, diabetes, tmp_path, monkeypatch):
        def warned(model, data, **options):
            import warnings

            warnings.warn("draws are few", br.SamplingWarning, stacklevel=1)
            return short_posterior(model, data, **options)

        monkeypatch.setattr(analysis, "sample_posterior", warned)
        file, *_ = diabetes
        result = call("fit", file, "--target", "progression", "--scale", "2", "--out", tmp_path, "--json")
        document(result)
        assert result.stderr.startswith("Warning: draws are few\n")
        assert all(line.startswith("Warning: ") for line in result.stderr.splitlines())

    @pytest.mark.parametrize("draws", [2, 100])
    def test_ctrl_c_while_sampling_keeps_what_there_is(self, diabetes, tmp_path, monkeypatch, draws):
        def interrupted(model, data, **options):
            tree = short_posterior(model, data, **options)
            cut = {name: node.to_dataset() for name, node in tree.children.items()}
            cut = {
                name: part.isel(draw=slice(draws)) if "draw" in part.sizes else part
                for name, part in cut.items()
            }
            import xarray as xr

            result = xr.DataTree.from_dict(cut)
            result.attrs.update(tree.attrs, complete=0)
            return result

        monkeypatch.setattr(analysis, "sample_posterior", interrupted)
        file, *_ = diabetes
        out = tmp_path / "out"
        result = call(
            "fit", file, "--target", "progression", "--scale", "2", "--out", out, "--report", "--json"
        )
        assert result.exit_code == 130
        files = {"coefficients.csv", "path.png"}
        if draws == 100:
            files |= {"posterior.nc", "forest.png", "report.html"}
            assert json.loads(result.stdout)["posterior"]["complete"] is False
            assert "The run was interrupted" in (out / "report.html").read_text()
        else:
            assert result.stdout == ""
        assert {path.name for path in out.iterdir()} == files
        assert result.stderr.splitlines()[-1].startswith("Interrupted. Written: coefficients.csv, path.png")


class TestParquet:
    @pytest.fixture(autouse=True)
    def needs_pyarrow(self, request):
        if "without" not in request.node.name:
            pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")

    def frame(self):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(
            {
                "a.b": rng.normal(size=40),
                "a": rng.integers(0, 9, 40),
                "city": rng.choice(["Köln", "Bonn", "Aachen"], 40),
                "new": rng.choice([True, False], 40),
                "kind": pd.Categorical(rng.choice(["x", "y"], 40)),
            }
        )
        return frame.assign(y=frame["a.b"] + frame["a"] + rng.normal(size=40), w=rng.integers(1, 3, 40))

    def test_it_reads_what_csv_holds(self, tmp_path):
        frame = self.frame()
        frame.to_csv(tmp_path / "t.csv", index=False)
        frame.to_parquet(tmp_path / "t.parquet", index=False)
        ours, theirs = (read_table(tmp_path / f"t.{kind}", "y", weights="w") for kind in ("parquet", "csv"))
        pd.testing.assert_frame_equal(ours.X, theirs.X, check_column_type=False, rtol=1e-15)
        pd.testing.assert_series_equal(ours.weights, theirs.weights)
        assert (ours.delimiter, theirs.delimiter) == (None, ",")
        assert ours.levels == theirs.levels
        assert "w" not in ours.X
        one = read_table(tmp_path / "t.parquet", "y", ("a",))
        assert list(one.X.columns) == ["a"]
        np.testing.assert_array_equal(one.X["a"], frame["a"])

    def test_an_index_without_a_name_is_left_out(self, tmp_path):
        frame = self.frame()
        frame.set_index(pd.Index(list("abcd") * 10)).to_parquet(tmp_path / "t.parquet")
        table = read_table(tmp_path / "t.parquet", "y")
        assert table.unnamed == (8,)
        assert table.n_columns == 8

    def test_missing_entries_decimals_and_dictionaries(self, tmp_path):
        import pyarrow as pa
        from pyarrow import parquet

        rows = {
            "x": pa.array([1, None, 3, 4], pa.int64()),
            "t": pa.array([True, False, None, True]),
            "d": pa.array([1, 2, 3, 4], pa.int64()).cast(pa.decimal128(21, 1)),
            "s": pa.array(["u", "v", "u", " "]).dictionary_encode(),
            "y": pa.array([1.0, 2.0, 3.0, 4.0]),
        }
        file = tmp_path / "t.parquet"
        parquet.write_table(pa.table(rows), file)
        with pytest.raises(ValueError, match="1 in 'x', 1 in 't', 1 in 's'"):
            read_table(file, "y")
        table = read_table(file, "y", ("x", "d"), drop_missing=True)
        assert table.X.to_numpy().tolist() == [[1, 1], [3, 3], [4, 4]]

    @pytest.mark.parametrize("values", [[date(1980 + year, 1, 1) for year in range(40)], [[1, 2]] * 40])
    def test_columns_that_are_no_numbers_are_named(self, tmp_path, values):
        frame = self.frame().assign(when=values)
        frame.to_parquet(tmp_path / "t.parquet", index=False)
        with pytest.raises(ValueError, match=r"column 'when' of .* which is neither number nor text"):
            read_table(tmp_path / "t.parquet", "y")
        assert list(read_table(tmp_path / "t.parquet", "y", ("a", "a.b")).X.columns) == ["a", "a.b"]

    def test_damage_and_text_that_looks_like_numbers(self, tmp_path):
        (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
        assert "is a damaged Parquet file" in error(call("fit", tmp_path / "t.parquet", "--target", "y"))
        self.frame().assign(y=[str(i) for i in range(40)]).to_parquet(tmp_path / "t.parquet", index=False)
        assert (
            "must be numeric, or labels of two kinds, but it holds text of 40 kinds, for example '0'"
            in error(call("fit", tmp_path / "t.parquet", "--target", "y"))
        )

    def test_the_command_reads_it(self, tmp_path, monkeypatch):
        monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
        self.frame().to_parquet(tmp_path / "t.parquet", index=False)
        result = call(
            "fit", tmp_path / "t.parquet", "--target", "y", "--weights", "w", "--out", tmp_path / "out"
        )
        assert result.exit_code == 0, result.output
        assert "40 rows, 7 columns of a Parquet file" in " ".join(result.stdout.split())
        assert "'w', which sum to" in result.stdout

    def test_without_pyarrow_the_extra_is_named(self, tmp_path, monkeypatch):
        (tmp_path / "t.parquet").write_bytes(b"PAR1....PAR1")
        importing = builtins.__import__

        def refusing(name, *arguments, **options):
            if name.startswith("pyarrow"):
                raise ImportError(name)
            return importing(name, *arguments, **options)

        monkeypatch.setattr(builtins, "__import__", refusing)
        message = error(call("fit", tmp_path / "t.parquet", "--target", "y"))
        assert "pip install 'bayesreg[parquet]'" in message


class TestWeightsOfAFile:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--weights", "ww"], "there is no column 'ww' for the weights"),
            (["--weights", "y"], "'y' is the target, so it cannot be the weights too"),
            (["--weights", "w", "--features", "a,w"], "'w' is the column of weights"),
            (["--weights", "city"], "the weights column 'city' must be numeric"),
            (["--weights", "a"], "negative"),
        ],
    )
    def test_what_they_cannot_be(self, tmp_path, arguments, said):
        frame = pd.DataFrame(
            {"a": [-1.0, 2.0, 3.0, 4.0], "city": list("uvuv"), "w": 1.0, "y": [1.0, 2.0, 2.0, 3.0]}
        )
        frame.to_csv(tmp_path / "t.csv", index=False)
        assert said in error(
            call("fit", tmp_path / "t.csv", "--target", "y", *arguments, "--out", tmp_path / "out", "--json")
        )


@pytest.mark.extended
def test_the_installed_commands(diabetes, tmp_path):
    """In a process of its own: exit codes, and stdout that is JSON alone."""
    file, X, y, _ = diabetes
    command = [Path(os.path.dirname(sys.executable)) / "bayesreg"]
    coef = coefficients(tmp_path / "coef.csv", ElasticNet(0.1, tol=1e-12, max_iter=100_000).fit(X, y))
    audit = [*command, "audit", file, "--target", "progression", "--features", ",".join(FEATURES), "--coef", coef,
             "--json", "--penalty"]  # fmt: skip
    for penalty, code in (
        ("sklearn.ElasticNet alpha=0.1,l1_ratio=0.5", 0),
        ("sklearn.Lasso 0.1", 3),
    ):
        done = subprocess.run([*audit, penalty], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert json.loads(done.stdout)["optimal"] is (code == 0)
        assert done.stderr == ""
    done = subprocess.run(
        [*command, "fit", file, "--target", "progression", "--out", tmp_path / "out", "--report", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["diagnostics"]["reliable"] is True
    assert (tmp_path / "out" / "report.html").stat().st_size > 50_000


def test_messages_speak_of_options():
    from bayesreg.app.words.options import in_options

    assert (
        in_options("Give `noise_scale`, the sd of the noise.") == "Give --noise-scale, the sd of the noise."
    )
    assert in_options("rescale=True gives the answer for X / column_unit.") == (
        "`bayesreg translate` with --rescale gives the answer for X / column_unit."
    )
    assert in_options("sample with a larger num_warmup or num_samples.") == (
        "sample with a larger --warmup or --draws."
    )
    assert in_options("column 'rooms' holds text") == "column 'rooms' holds text"
