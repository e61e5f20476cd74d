"""What the package leaves behind in a process, and in those that are forked from it."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from conftest import wide

import bayesreg as br

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")

PARENT = """
    import os, sys, warnings
    import numpy as np, bayesreg as br
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    y = X[:, 0] + rng.normal(size=50)

    def fit(seed=0):
        return br.map_estimate(br.LinearModel(br.LaplacePrior(0.4)), br.RowData.from_arrays(X, y)).coef.sum()

    def in_child(job):
        child = os.fork()
        if child == 0:
            try:
                print(job(), flush=True)
            except br.ForkedProcessError as error:
                print("refused:", error, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PARENT) + textwrap.dedent(code)], capture_output=True, text=True, timeout=240
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_process_forked_after_use_finds_modes_without_jax_and_its_parent_goes_on():
    said = run("""
        model, data = br.LinearModel(br.LaplacePrior(0.4)), br.RowData.from_arrays(X, y)
        regressor = br.BayesRegressor(br.LaplacePrior(0.4)).fit(X, y)
        known = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0))
        alike = br.RowData.from_arrays(np.column_stack([X, X[:, 0], X @ [1.0, 1.0, 0.0]]), y)
        jobs = [
            fit,
            lambda: br.map_path(known, data, n_scales=5).coefs.sum(),
            lambda: br.map_estimate(known, alike).certificate.primal,
            lambda: br.map_estimate(br.LinearModel(br.ElasticNetPrior(0.3, 0.4)), data).coef.sum(),
            lambda: br.select_scale(model, data, "cv").scale,
            lambda: regressor.fit(X, y).coef_.sum(),
        ]
        here = [job() for job in jobs]
        for job in jobs:
            in_child(job)
        in_child(lambda: in_child(fit))  # a child's child
        print(*here)
    """)
    here = [float(number) for number in said[-1].split()]
    there = [float(line) for line in said[:-1] if line != "None"]
    np.testing.assert_allclose(there, [*here, here[0]], rtol=1e-9)


def test_a_forked_process_has_threads_of_its_own():
    done = run("""
        from bayesreg.base.threads import shared
        pids = lambda: shared([os.getpid, os.getpid]) == [os.getpid()] * 2
        print(pids())
        in_child(pids)
        print(pids())
    """)
    assert done == ["True"] * 3


def test_a_process_forked_while_a_thread_limits_blas_is_not_limited():
    assert (
        run("""
        import threading
        from threadpoolctl import threadpool_info
        from bayesreg.base.threads import single_threaded_blas
        held, done = threading.Event(), threading.Event()

        def hold():
            with single_threaded_blas():
                held.set()
                done.wait()

        def limits():
            return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

        def in_turn():
            with single_threaded_blas():
                inside = limits()
            return set(inside) == {1} and limits() == before

        fit()
        before = limits()
        holder = threading.Thread(target=hold)
        holder.start()
        held.wait()
        in_child(in_turn)
        done.set()
        holder.join()
        print(in_turn())
    """)
        == ["True"] * 2
    )


def test_a_process_forked_after_use_is_told_that_it_cannot_sample():
    said = run("""
        model, data = br.LinearModel(br.LaplacePrior(0.4)), br.RowData.from_arrays(X, y)
        regressor = br.BayesRegressor(br.LaplacePrior(0.4)).fit(X, y)
        tree = br.sample_posterior(model, data, num_samples=30, num_warmup=30, progress=False)
        before = fit()
        in_child(lambda: br.sample_posterior(model, data, num_samples=30, num_warmup=30, progress=False))
        in_child(lambda: br.sample_prior(model, data, 5))
        in_child(lambda: ("predicts", regressor.predict(X[:2]).shape, len(br.predict_posterior(tree, X[:2]))))
        print(fit() == before)
    """)
    refused, rest = [line for line in said if line.startswith("refused:")], said[-2:]
    assert len(refused) == 2
    assert all("'spawn'" in line and "'forkserver'" in line for line in refused)
    assert rest[0].startswith("('predicts', (2,)")
    assert rest[1] == "True"


def test_jax_that_others_used_counts_and_a_mere_import_does_not():
    said = run("""
        import jax, numpyro
        prior = br.LinearModel(br.LaplacePrior(0.4), br.GaussianLikelihood(1.0))
        draw = lambda: br.sample_prior(prior, br.RowData.from_arrays(X, y), 5)["prior"].sizes["chain"]
        in_child(lambda: "first" if draw() == 1 else None)
        jax.numpy.ones(3).sum()
        in_child(draw)
    """)
    assert said[0] == "first"
    assert said[1].startswith("refused:")


POOLS = """
import multiprocessing, warnings
import joblib, numpy as np, bayesreg as br

def fit(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 3))
    data = br.RowData.from_arrays(X, X[:, 0] + rng.normal(size=40))
    return float(br.map_estimate(br.LinearModel(br.LaplacePrior(0.4)), data).coef.sum())

def answer(ask):
    try:
        return ask()
    except br.ForkedProcessError as error:
        return f"refused: {error}"

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    here = fit(1)
    for start in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(start).Pool(1) as pool:
            print(answer(lambda: pool.map_async(fit, [1]).get(timeout=200)[0] - here < 1e-9), flush=True)
    print(answer(lambda: joblib.Parallel(2, backend="multiprocessing")([joblib.delayed(fit)(1)] * 2)[1] - here < 1e-9))
"""


@pytest.mark.extended
def test_pools_of_processes_answer_however_they_start(tmp_path):
    script = tmp_path / "pools.py"
    script.write_text(POOLS)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=400)
    assert done.stdout.splitlines() == ["True"] * 4


@pytest.mark.parametrize(
    "prior", [br.LaplacePrior(0.2), br.ElasticNetPrior(0.5, 0.2), br.GaussianPrior(0.7), br.FlatPrior()]
)
@pytest.mark.parametrize("intercept", [True, False])
def test_numpys_global_random_state_is_left_alone(prior, intercept):
    X, y = wide(30, 4)
    model = br.LinearModel(prior, br.GaussianLikelihood(0.8), fit_intercept=intercept)
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()  # noqa: NPY002
    br.compare_map_with_penalized(model, X, y)
    after = np.random.get_state()  # noqa: NPY002
    assert before[0] == after[0]
    assert before[2:] == after[2:]
    np.testing.assert_array_equal(before[1], after[1])


@pytest.mark.extended
def test_memory_is_bounded_over_ever_new_shapes():
    """In numbers of compiled programs that live: no more for any number of columns or of draws."""
    said = run("""
        import gc, jax
        from bayesreg.base import compilation_cache as compilation
        compilation.MOST_PROGRAMS = 4
        model = br.LinearModel(br.LaplacePrior(0.3), br.GaussianLikelihood(1.0))

        def sample(p, draws):
            X = rng.normal(size=(60, p))
            data = br.RowData.from_arrays(X, X[:, 0] + rng.normal(size=60))
            br.sample_posterior(model, data, num_samples=draws, num_warmup=30, progress=False)
            gc.collect()
            return len(jax.devices("cpu")[0].client.live_executables())

        first = [sample(p, 30) for p in (3, 4, 5)]
        print(max(sample(p, 30) for p in range(6, 12)) - max(first))
        print(max(sample(11, draws) for draws in range(31, 40)) - max(first))
    """)
    assert [int(line) for line in said] == [0, 0]
