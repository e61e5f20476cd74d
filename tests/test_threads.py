"""Functions shared among the threads that the package keeps, and limits on BLAS's own."""

import threading
import time
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import bayesreg as br
from bayesreg.base.threads import many_threaded_blas, n_cores, over_ranges, shared, single_threaded_blas


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_results_are_in_order_also_when_functions_share_in_turn():
    def leaf(*place):
        time.sleep(0.001)
        return place

    def branch(depth, *place):
        if depth == 0:
            return leaf(*place)
        return shared([partial(branch, depth - 1, *place, each) for each in range(4)])

    found = shared([partial(branch, 2, each) for each in range(8)])
    assert found == [[[(a, b, c) for c in range(4)] for b in range(4)] for a in range(8)]
    assert over_ranges(list, 10, 3) == [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]]


def test_callers_on_many_threads_do_not_wait_for_each_other():
    def caller(me, answers):
        answers[me] = sum(shared([partial(pow, me, power) for power in range(6)]))

    answers = {}
    callers = [threading.Thread(target=caller, args=(me, answers)) for me in range(20)]
    for each in callers:
        each.start()
    for each in callers:
        each.join(timeout=30)
    assert answers == {me: sum(me**power for power in range(6)) for me in range(20)}


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_no_function_runs_on_after_one_has_failed(failing):
    running = set()

    def task(me):
        running.add(me)
        time.sleep(0.002 if me == failing else 0.02)
        running.discard(me)
        if me == failing:
            raise RuntimeError(f"{me} failed")

    with pytest.raises(RuntimeError, match=f"{failing} failed"):
        shared([partial(task, me) for me in range(3)])
    assert not running


def test_limits_on_blas_nest_and_end():
    before = blas_threads()
    with single_threaded_blas() as former:
        assert blas_threads() == {1}
        with single_threaded_blas() as same:
            assert same == former
            with many_threaded_blas():
                assert former in blas_threads()
                with single_threaded_blas():
                    assert blas_threads() == {1}
                assert former in blas_threads()
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_an_error_lifts_the_limit_on_blas():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError), single_threaded_blas(), single_threaded_blas():
        raise ZeroDivisionError
    assert blas_threads() == before


def test_threads_are_kept_not_added():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3_000, 60))
    y = X[:, 0] + rng.normal(size=3_000)
    model = br.LinearModel(br.LaplacePrior(0.1), br.GaussianLikelihood(1.0))
    for _ in range(20):
        br.map_path(model, br.RowData.from_arrays(X, y))
    kept = [thread for thread in threading.enumerate() if thread.name.startswith("bayesreg")]
    assert len(kept) < n_cores() or n_cores() == 1
