"""References that nobody here wrote, read from where they lie."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import model

import bayesreg as br


def test_81_fits_of_r_glmnet(validation):
    folder = validation / "glmnet_gaussian"
    fits = json.loads((folder / "glmnet_gaussian_81.json").read_text())
    with (folder / "lasso_data.csv").open() as file:
        table = np.array([[float(entry) for entry in row] for row in csv.reader(file)])
    assert len(fits) == 81
    for fit in fits:
        n, p, alpha = fit["n"], fit["p"], fit["l1_ratio"]
        rows = table[:n, : p + 1]
        rows = (rows - rows.mean(axis=0)) / rows.std(axis=0, ddof=1)
        y, X = rows[:, 0], rows[:, 1:]
        l1, l2 = n * fit["lam"] * alpha, n * fit["lam"] * (1 - alpha) / y.std()
        prior = br.Penalty(np.full(p, l1), np.full(p, l2)).to_prior(1.0)
        mode = br.map_estimate(model(prior, fit_intercept=False), br.RowData.from_arrays(X, y), tol=1e-10)
        np.testing.assert_allclose(mode.coef, fit["coef"], rtol=0, atol=5e-6, err_msg=fit["name"])
        assert mode.duality_gap < 1e-10


@pytest.mark.extended
def test_sklearns_own_tests_of_ridge_lasso_and_elastic_net(validation, tmp_path):
    suite = tmp_path / "sklearn_suite"  # pytest writes beside what it runs; the references stay as they are
    shutil.copytree(validation / "sklearn_suite", suite)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]),
        "FOREIGN_BACKEND": "backend:solve",
    }
    done = subprocess.run(
        ["bash", str(suite / "run.sh"), "-p", "no:cacheprovider"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    passed = [int(k) for k in re.findall(r"(\d+) passed", done.stdout)]
    vacuous = [int(k) for k in re.findall(r"vacuous, do not count\): (\d+)", done.stdout)]
    assert not re.search(r"\d+ (failed|error)", done.stdout)
    assert [a - b for a, b in zip(passed, vacuous, strict=True)] == [339, 31]
