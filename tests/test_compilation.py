"""Compiled programs. On disk: only where asked for, the same answers, and nothing lost where they are damaged.
In memory: so many, the latest."""

import gc
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import bayesreg as br
from bayesreg.base import compilation_cache as compilation

FIT = """
    import sys
    import jax.monitoring
    hits = []
    jax.monitoring.register_event_listener(lambda name, **_: hits.append(name) if name.endswith("cache_hits") else None)
    import numpy as np, bayesreg as br
    br.use_compilation_cache(sys.argv[1])
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), rng.normal(size=60)
    path = br.map_path(br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0)), br.RowData.from_arrays(X, y))
    print(len(hits), path.coefs.tobytes().hex())
"""


MANY_FITS = """
    import os, numpy as np, bayesreg as br
    from bayesreg.base import compilation_cache as held
    from pathlib import Path
    shapes = [(12 + 3 * k, 1 + (7 * k) % 150) for k in range(200)]
    known, yes_or_no = br.GaussianLikelihood(1.0), br.BernoulliLikelihood()
    memory = []
    for repeat in range(10):
        for k, (n, p) in enumerate(shapes):
            rng = np.random.default_rng([repeat, k])
            X, y = rng.normal(size=(n, p)), rng.normal(size=n)
            rows = br.RowData.from_arrays(X, (y > 0.0).astype(float) if k % 4 == 3 else y)
            model = br.LinearModel(br.LaplacePrior(0.1), yes_or_no if k % 4 == 3 else known)
            if k % 4 == 0:
                br.map_path(model, rows, n_scales=3 + k % 17)
            else:
                br.map_estimate(model, rows)
        pages = int(Path("/proc/self/statm").read_text().split()[1])  # the peak would be the parent's too
        memory.append(os.sysconf("SC_PAGE_SIZE") * pages)
    print(len(held._held._programs), *memory)
"""


JITTED = {**os.environ, "BAYESREG_LOOPS": "0"}  # modes are found by compiled programs


def start(folder):
    command = [sys.executable, "-c", textwrap.dedent(FIT), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=JITTED)


def answer(process):
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    hits, coefs = out.split()
    return int(hits), coefs, error


@pytest.mark.extended
def test_the_next_process_finds_the_programs_and_gives_the_same_answer(tmp_path):
    first_hits, first, _ = answer(start(tmp_path))
    kept = [path for path in tmp_path.rglob("*") if path.name.endswith("-cache")]
    assert first_hits == 0
    assert kept
    hits, coefs, error = answer(start(tmp_path))
    assert hits > 0
    assert coefs == first
    assert error == ""
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    hits, coefs, _ = answer(start(tmp_path))
    assert coefs == first


@pytest.mark.extended
def test_two_processes_at_once(tmp_path):
    both = [start(tmp_path), start(tmp_path)]
    answers = {answer(process)[1] for process in both}
    answers.add(answer(start(tmp_path))[1])
    assert len(answers) == 1


def test_another_version_or_processor_has_a_folder_of_its_own(monkeypatch):
    here = compilation._machine_and_version()
    assert compilation._machine_and_version() == here
    monkeypatch.setattr(compilation, "_processor", lambda: ["another"])
    there = compilation._machine_and_version()
    monkeypatch.setattr("jaxlib.version.__version__", "0.0.1")
    assert len({here, there, compilation._machine_and_version()}) == 3


def test_a_folder_that_others_may_write_to_is_refused(tmp_path):
    own = tmp_path / compilation._machine_and_version()
    own.mkdir()
    own.chmod(0o777)
    with pytest.raises(PermissionError, match="chmod go-w"):
        br.use_compilation_cache(tmp_path)


def test_a_folder_that_is_not_ones_own_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: os.stat(tmp_path).st_uid + 1)
    with pytest.raises(PermissionError, match="of your own"):
        br.use_compilation_cache(tmp_path)


@pytest.fixture
def held(monkeypatch):
    """No program yet, and room for three."""
    programs = compilation._Held()
    monkeypatch.setattr(compilation, "_held", programs)
    monkeypatch.setattr(compilation, "MOST_PROGRAMS", 3)
    return programs


def test_a_program_for_each_shape_and_the_latest_are_held(held):
    traced = []

    @compilation.compiled_by_shape
    def doubled(values):
        traced.append(values.shape[0])
        return 2 * values

    def ask(*lengths):
        for n in lengths:
            np.testing.assert_array_equal(doubled(np.arange(n)), 2 * np.arange(n))

    ask(1, 2, 3, 1, 2, 3, 1)
    assert traced == [1, 2, 3]  # shapes that come again cost nothing
    ask(4, 1, 3)  # 2 had waited longest
    assert traced == [1, 2, 3, 4]
    ask(2)
    assert traced == [1, 2, 3, 4, 2]
    assert len(held._programs) == 3


def test_what_is_let_go_of_is_gone(held):
    import jax

    def executables():
        gc.collect()
        return len(jax.devices("cpu")[0].client.live_executables())

    @compilation.compiled_by_shape
    def tripled(values):
        return 3.0 * values

    for n in range(2, 6):
        tripled(np.ones(n, np.float32))
    before = executables()
    for n in range(6, 20):
        tripled(np.ones(n, np.float32))
    assert executables() == before


def test_traces_are_cleared_now_and_then_and_answers_stay(held, monkeypatch):
    """On threads, as chains are: each asks for shapes of its own, and for one in common."""
    import jax

    cleared = []
    clear = jax.clear_caches
    monkeypatch.setattr(jax, "clear_caches", lambda: (cleared.append(1), clear()))
    monkeypatch.setattr(compilation, "_MOST_TRACES", 5)

    @compilation.compiled_by_shape
    def total(values):
        return values.sum() + 1.0

    def ask(thread):
        for n in range(1, 12):
            assert total(np.ones(10 * n + thread, np.float32)) == 10 * n + thread + 1.0
            assert total(np.ones(3, np.float32)) == 4.0

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(ask, range(3)))
    assert 4 <= len(cleared) <= 20
    assert jax.eval_shape(total, np.ones(4, np.float32)).shape == ()


@pytest.mark.extended
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system tells no resident memory there")
def test_many_fits_of_many_shapes_leave_a_bounded_amount_of_memory():
    command = [sys.executable, "-c", textwrap.dedent(MANY_FITS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True, env=JITTED)
    n_programs, *memory = map(int, done.stdout.split())
    assert 1 < n_programs <= compilation.MOST_PROGRAMS
    assert memory[-1] - memory[1] < 50e6
    assert memory[-1] < 1.5e9
