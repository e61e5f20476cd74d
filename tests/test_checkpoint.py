"""A killed run goes on to the same draws, byte by byte; a damaged or foreign checkpoint is refused; Ctrl-C keeps what is done."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import wide

import bayesreg as br
from bayesreg.model.problem import resolve
from bayesreg.posterior.kernels import checkpoint as module
from bayesreg.posterior.kernels.identity import Identity

X, Y = wide(30, 5)
MODEL = br.LinearModel(br.LaplacePrior())
OPTIONS = {
    "num_samples": 700,
    "num_warmup": 300,
    "num_chains": 3,
    "seed": 5,
    "progress": False,
    "method": "whitened",
}

RUN = """
import hashlib, sys
import numpy as np, bayesreg as br
import bayesreg.posterior.kernels.checkpoint as module
module._SECONDS = 0.05
rng = np.random.default_rng(0)
X = rng.normal(size=(40, {p})); y = X[:, 0] + rng.normal(size=40)
print("started", flush=True)
tree = br.sample_posterior(
    br.LinearModel({prior}), br.RowData.from_arrays(X, y), num_samples={n}, num_warmup=200, num_chains=2,
    progress=False, checkpoint=sys.argv[1] if len(sys.argv) > 1 else None, method={method!r},
)
digest = hashlib.sha256()
for name in sorted(tree["posterior"].data_vars):
    digest.update(tree["posterior"][name].values.tobytes())
for name in sorted(tree["sample_stats"].data_vars):
    digest.update(tree["sample_stats"][name].values.tobytes())
print(digest.hexdigest())
"""


def everything(tree):
    return b"".join(
        group[name].values.tobytes()
        for group in (tree["posterior"], tree["sample_stats"], tree["log_prior"])
        for name in sorted(group.data_vars)
    )


def sample(folder=None, X=X, linear=MODEL, **options):
    return br.sample_posterior(
        linear, br.RowData.from_arrays(X, Y), **{**OPTIONS, **options}, checkpoint=folder
    )


@pytest.fixture
def often(monkeypatch):
    """Save after every block, in small blocks."""
    import bayesreg.posterior.kernels.chains as chains

    monkeypatch.setattr(module, "_SECONDS", 0.0)
    monkeypatch.setattr(module, "_SHARE", 0.0)
    monkeypatch.setattr(chains, "_next_length", lambda n, seconds: 70)


@pytest.mark.parametrize(
    ("prior", "p", "n", "method"),
    [
        pytest.param("br.LaplacePrior(0.5)", 20, 3000, "mixture", marks=pytest.mark.extended),
        pytest.param("br.LaplacePrior(0.5)", 25, 60_000, "whitened", marks=pytest.mark.slow),
        pytest.param("br.LaplacePrior(0.5)", 60, 3000, "gibbs", marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_goes_on_to_the_same_draws(tmp_path, prior, p, n, method):
    code = RUN.format(prior=prior, p=p, n=n, method=method)
    folder = tmp_path / "run"
    undisturbed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    kills = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True
        )
        before = len(list(folder.glob("chain-*.block")))
        deadline = time.monotonic() + 60.0
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(folder.glob("chain-*.block"))) > before + 1:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.01)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 1
    resumed = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    ).stdout
    assert resumed == undisturbed


def test_a_checkpoint_changes_no_draw_and_a_finished_one_is_read_back(tmp_path, often):
    plain, saved = sample(), sample(tmp_path / "a")
    assert everything(plain) == everything(saved)
    n_files = len(list((tmp_path / "a").iterdir()))
    assert n_files > 10
    assert everything(sample(tmp_path / "a")) == everything(plain)
    assert len(list((tmp_path / "a").iterdir())) == n_files


@pytest.mark.parametrize("method", ["whitened", pytest.param("mixture", marks=pytest.mark.extended), "gibbs"])
def test_any_beginning_of_a_run_is_enough(tmp_path, often, method):
    whole = everything(sample(tmp_path / "a", method=method))
    blocks = sorted((tmp_path / "a").glob("chain-*.block"))
    rng = np.random.default_rng(0)
    for i in range(4):
        part = tmp_path / f"part{i}"
        shutil.copytree(tmp_path / "a", part)
        for chain in range(3):
            own = [b.name for b in blocks if b.name.startswith(f"chain-{chain:04d}")]
            for name in own[rng.integers(0, len(own) + 1) :]:
                (part / name).unlink()
        (part / "chain-0000-000000000001.block.1-1.partial").write_bytes(b"half a fi")
        assert everything(sample(part, method=method)) == whole


def test_independent_proposals_go_on_from_any_block(tmp_path, often):
    options = {"method": "independence", "num_samples": 1500}
    whole = everything(sample(tmp_path / "a", **options))
    assert everything(sample(**options)) == whole
    blocks = sorted((tmp_path / "a").glob("chain-0001-*.block"))
    assert len(blocks) >= 4
    for first_missing in range(4):
        part = tmp_path / f"part{first_missing}"
        shutil.copytree(tmp_path / "a", part)
        for block in blocks[first_missing:]:
            (part / block.name).unlink()
        assert everything(sample(part, **options)) == whole


def test_damage_is_refused(tmp_path, often):
    sample(tmp_path / "a")
    blocks = sorted((tmp_path / "a").glob("*.block"))
    rng = np.random.default_rng(1)
    for i, victim in enumerate([*blocks[:6], tmp_path / "a" / "target.block"]):
        for kind in ("flipped", "cut", "empty"):
            copy = tmp_path / f"{i}{kind}"
            shutil.copytree(tmp_path / "a", copy)
            content = bytearray(victim.read_bytes())
            if kind == "flipped":
                content[rng.integers(len(content))] ^= 1
            elif kind == "cut":
                content = content[: len(content) // 2]
            else:
                content = b""
            (copy / victim.name).write_bytes(content)
            with pytest.raises(br.CheckpointError, match=r"remove the folder to begin anew"):
                sample(copy)
    gap = tmp_path / "gap"
    shutil.copytree(tmp_path / "a", gap)
    (gap / [b.name for b in blocks if b.name.startswith("chain-0001")][3]).unlink()
    with pytest.raises(br.CheckpointError, match="lacks a block: chain 1"):
        sample(gap)
    (tmp_path / "a" / "run.json").write_text("{")
    with pytest.raises(br.CheckpointError, match="damaged"):
        sample(tmp_path / "a")


def test_another_run_is_refused_and_nothing_is_changed(tmp_path, often):
    sample(tmp_path / "a")
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    with pytest.raises(br.CheckpointError, match="seed was 5 and is 6"):
        sample(tmp_path / "a", seed=6)
    with pytest.raises(br.CheckpointError, match="num_samples was 700 and is 800"):
        sample(tmp_path / "a", num_samples=800)
    with pytest.raises(br.CheckpointError, match="method was 'whitened' and is 'mixture'"):
        sample(tmp_path / "a", method="mixture")
    other = X.copy()
    other[3, 2] += 0.01
    for changed in (
        {"X": other},
        {"X": X[:, :4]},
        {"linear": br.LinearModel(br.LaplacePrior(0.3))},
        {"linear": br.LinearModel(br.ElasticNetPrior(0.3, 0.3))},
        {"linear": br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0))},
    ):
        with pytest.raises(
            br.CheckpointError, match=r"of other data or of another model|priors of scales was"
        ):
            sample(tmp_path / "a", **changed)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}


def test_a_folder_that_is_no_checkpoint_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(br.CheckpointError, match="holds files, and no run of bayesreg"):
        sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(br.CheckpointError, match="must be a folder"):
        sample(tmp_path / "thesis.txt")


def test_nothing_in_a_checkpoint_is_a_pickle(tmp_path, often):
    sample(tmp_path / "a")
    for path in (tmp_path / "a").glob("*.block"):
        for array in module._read(path).values():
            assert array.dtype != object
    evil = tmp_path / "b"
    shutil.copytree(tmp_path / "a", evil)
    from io import BytesIO

    buffer = BytesIO()
    np.savez(buffer, range=np.array([print], dtype=object))
    from hashlib import sha256

    victim = sorted(evil.glob("chain-*.block"))[0]
    content = buffer.getvalue()
    victim.write_bytes(module._MAGIC + sha256(content).hexdigest().encode() + b"\n" + content)
    with pytest.raises(br.CheckpointError, match=r"is malformed .*allow_pickle=False"):
        sample(evil)


def test_other_data_are_told_in_any_unit():
    """A column of 1e-7 beside one of 1e8: a sign, a unit, one entry, a row's weight; rounding is no difference."""
    rng = np.random.default_rng(3)
    units = np.array([1e8, 1e-7, 1.0, 1e-3])
    design, y = rng.normal(size=(50, 4)) * units, rng.normal(size=50) * 1e5
    weights = rng.uniform(0.5, 2.0, 50)

    def identity(X=design, y=y, weights=weights, prior=None, noise=None, **options):
        linear = br.LinearModel(
            prior or br.LaplacePrior(2e4 / units), br.GaussianLikelihood(noise), **options
        )
        return Identity.of(resolve(linear, br.RowData.from_arrays(X, y, weights)))

    def changed(array, index, factor):
        other = array.copy()
        other[index] *= factor
        return other

    here = identity()
    order = rng.permutation(50)
    assert here.agrees(identity(design[order], y[order], weights[order]))
    assert here.agrees(identity(weights=weights * (1.0 + 1e-14)))
    others = [
        *(identity(X=changed(design, np.s_[:, j], factor)) for j in range(4) for factor in (-1.0, 1.001)),
        *(identity(X=changed(design, (7, j), 1.001)) for j in range(4)),
        identity(y=-y),
        identity(y=changed(y, 11, 1.001)),
        identity(weights=changed(weights, 11, 1.001)),
        identity(prior=br.LaplacePrior(changed(2e4 / units, 1, 1.001))),
        identity(prior=br.LaplacePrior(2e4 / units, relative_to_noise=True)),
        identity(prior=br.GaussianPrior(2e4 / units)),
        identity(noise=dist.HalfNormal(1e5)),
        identity(noise=dist.HalfNormal(1.001e5)),
        identity(noise=1e5),
        identity(noise=1.001e5),
        identity(fit_intercept=False),
        identity(X=design[:, :3], prior=br.LaplacePrior(2e4 / units[:3])),
    ]
    for i, one in enumerate(others):
        assert not here.agrees(one), i
        assert not any(one.agrees(other) for other in others[i + 1 :]), i


def test_a_block_says_whose_it_is(tmp_path, often):
    """Blocks with right checksums: of another seed, another chain, other data, under another's name."""
    sample(tmp_path / "a")
    blocks = sorted((tmp_path / "a").glob("chain-0001-*.block"))
    shifted = X + 1e-3 * np.arange(5)
    sample(tmp_path / "seed", seed=6)
    sample(tmp_path / "data", X=shifted * [1, 1, 1, 1, -1])
    foreign = [
        (tmp_path / "seed" / blocks[1].name, blocks[1].name),
        (tmp_path / "data" / blocks[2].name, blocks[2].name),
        (sorted((tmp_path / "a").glob("chain-0002-*.block"))[1], blocks[1].name),
        (blocks[2], blocks[1].name),
    ]
    for i, (source, name) in enumerate(foreign):
        copy = tmp_path / f"{i}"
        shutil.copytree(tmp_path / "a", copy)
        shutil.copyfile(source, copy / name)
        with pytest.raises(br.CheckpointError, match=rf"{name} is of another run, or of another place"):
            sample(copy)
    swapped = tmp_path / "swapped"
    shutil.copytree(tmp_path / "a", swapped)
    shutil.copyfile(tmp_path / "data" / "target.block", swapped / "target.block")
    with pytest.raises(br.CheckpointError, match="of other data"):
        sample(swapped)


HOLD = """
import sys, time
from pathlib import Path
from bayesreg.posterior.kernels.checkpoint import _held
with _held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_one_process_at_a_time_and_a_dead_one_holds_nothing(tmp_path):
    folder = tmp_path / "run"
    whole = everything(sample(folder))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout.readline() == "held\n"
    with pytest.raises(br.CheckpointError, match="another process is at work on the run in"):
        sample(folder)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert everything(sample(folder)) == whole


INTERRUPTED = """
import sys, warnings
import numpy as np, bayesreg as br
import bayesreg.posterior.kernels.checkpoint as module
module._SECONDS = 0.05
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 60)); y = X[:, 0] + rng.normal(size=40)
first = br.sample_posterior(  # compiles
    br.LinearModel(br.LaplacePrior(0.5)), br.RowData.from_arrays(X, y), num_samples=1, num_warmup=100, progress=False
)
print("started", flush=True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    tree = br.sample_posterior(
        br.LinearModel(br.LaplacePrior(0.5)), br.RowData.from_arrays(X, y), num_samples=200_000, num_warmup=100,
        num_chains=4, progress=False, checkpoint=sys.argv[1] if len(sys.argv) > 1 else None,
    )
print(tree["posterior"].sizes["draw"], tree.attrs["complete"])
print(*[str(w.message) for w in caught])
"""


@pytest.mark.extended
@pytest.mark.parametrize("with_checkpoint", [False, True])
def test_ctrl_c_returns_what_is_finished(tmp_path, with_checkpoint):
    arguments = [str(tmp_path / "run")] if with_checkpoint else []
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout.readline() == "started\n"
    if with_checkpoint:  # which tells when all chains are beyond their warm-up
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline and any(
            len(list((tmp_path / "run").glob(f"chain-{chain:04d}-*.block"))) < 4 for chain in range(4)
        ):
            time.sleep(0.05)
    else:
        time.sleep(4.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    n_draws, complete = map(int, out.splitlines()[0].split())
    assert 0 < n_draws < 200_000  # of each of four chains, on however many cores
    assert complete == 0
    assert f"interrupted: {n_draws} of 200000 draws of each chain" in out
    assert ("call again to continue" in out) == with_checkpoint


def test_ctrl_c_before_the_first_draw_is_a_keyboard_interrupt(monkeypatch):
    from bayesreg.posterior.kernels import chains

    monkeypatch.setattr(
        chains._Chain, "run", lambda self, state, stop, report: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        sample()
