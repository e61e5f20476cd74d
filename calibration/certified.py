"""How often the posterior's certificate is wrong: it refuses right runs, or misses errors of known size.

`python -m calibration.certified --runs 1000` writes docs/calibration/certificate.md and calibration/certified.json,
and a later run continues it.
"""

import argparse
import json
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpyro.distributions as dist
from tqdm import tqdm

import bayesreg as br
from bayesreg.model.problem import resolve
from bayesreg.posterior.certificate import certificate
from bayesreg.posterior.marginals.bulks import where_mass_is
from bayesreg.posterior.to_arviz import Posterior, from_datatree

from .cases import Case
from .planted import missing_jacobian, variance_for_sd, wider_scales
from .workers import processes

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "calibration" / "certified.json"
PAGE = ROOT / "docs" / "calibration" / "certificate.md"
METHODS = ("marginal", "independence", "whitened", "mixture", "gibbs")
TWO_BULKS = "two bulks"
_BLOCK = 25  # runs in one job of a process
_TRIES = {"mixture": 1.75}  # runs for each one that counts as right
_DOUBTS = (
    "diverged",
    "E-BFMI",
    "R-hat",
    "ESS is",
    "chains stay",
    "separate parts",
)  # words of a warning that does not come from the certificate

Spoiler = Callable[[Posterior], Posterior]


def narrowed(by: float) -> Spoiler:
    """Move all coefficients towards their means."""

    def spoil(right: Posterior) -> Posterior:
        middle = right.coef.mean(axis=(0, 1))
        return right._replace(coef=middle + (1.0 - by) * (right.coef - middle))

    return spoil


def shifted(by: float) -> Spoiler:
    """Move the first coefficient by a share of its sd."""

    def spoil(right: Posterior) -> Posterior:
        coef = right.coef.copy()
        coef[..., 0] += by * coef[..., 0].std()
        return right._replace(coef=coef)

    return spoil


def noisier(factor: float) -> Spoiler:
    """Multiply σ."""
    return lambda right: right._replace(nuisance={"noise_scale": factor * right.noise_scale})


def cut(at: float) -> Spoiler:
    """Replace draws whose first coefficient is more than `at` sds above its mean by other draws."""

    def spoil(right: Posterior) -> Posterior:
        first = right.coef[..., 0].ravel()
        beyond = first > first.mean() + at * first.std()
        rows = np.arange(first.size)
        rows[beyond] = np.random.default_rng(0).choice(np.flatnonzero(~beyond), beyond.sum())
        shape = right.noise_scale.shape

        def pick(values: Any) -> Any:
            return values.reshape(first.size, -1)[rows].reshape(values.shape)

        scales = {name: pick(values) for name, values in right.scales.items()}
        sigma, intercept = pick(right.noise_scale).reshape(shape), pick(right.intercept).reshape(shape)
        return Posterior(pick(right.coef), intercept, {"noise_scale": sigma}, scales, {})

    return spoil


def one_chain_moved(by: float) -> Spoiler:
    """Move the first coefficient in one chain."""

    def spoil(right: Posterior) -> Posterior:
        coef = right.coef.copy()
        coef[0, :, 0] += by * coef[..., 0].std()
        return right._replace(coef=coef)

    return spoil


SPOILED: dict[str, Spoiler] = {
    **{f"all coefficients {share:.0%} too narrow": narrowed(share) for share in (0.02, 0.05, 0.1)},
    **{f"a coefficient shifted by {share:g} sd": shifted(share) for share in (0.05, 0.1, 0.15)},
    **{f"σ times {factor:g}": noisier(factor) for factor in (1.02, 1.04, 1.06)},
    **{f"a tail cut at {at:g} sd": cut(at) for at in (3.0, 2.5, 2.0)},
    **{f"one chain of four moved by {by:g} sd": one_chain_moved(by) for by in (0.2, 0.5, 1.0)},
}
PLANTED = {
    "σ² for σ in the sampler": variance_for_sd,
    "no Jacobian of log σ in the sampler": missing_jacobian,
    "scale × 1.1 in the sampler": partial(wider_scales, 1.1),
    "scale × 1.2 in the sampler": partial(wider_scales, 1.2),
    "scale × √2 in the sampler": wider_scales,
}


class Kind(NamedTuple):
    """A family of models, and the samplers that serve it."""

    build: Callable[[np.random.Generator, bool], tuple[br.LinearModel, br.RowData]]
    methods: tuple[str, ...] = METHODS


def _rows(rng: np.random.Generator, n: int, p: int, **options: Any) -> br.RowData:
    """Return correlated columns and a response with noise of sd 1. Some coefficients are 0."""
    X = rng.normal(size=(n, p)) + rng.uniform(0.0, 1.5) * rng.normal(size=(n, 1)) + 1.0
    y = X @ (rng.normal(size=p) * (rng.random(p) < 0.6)) + rng.normal(size=n)
    return br.RowData.from_arrays(X, y, **options)


def _scale(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(-1.0, 1.0)))


def _prior(gaussian: bool, scale: Any, **options: Any) -> Any:
    return (br.GaussianPrior if gaussian else br.LaplacePrior)(scale, **options)


def _plain(rng: np.random.Generator, gaussian: bool) -> tuple[br.LinearModel, br.RowData]:
    data = _rows(rng, int(rng.integers(25, 60)), int(rng.integers(2, 7)))
    return br.LinearModel(_prior(gaussian, _scale(rng))), data


def _few_rows(rng: np.random.Generator, gaussian: bool) -> tuple[br.LinearModel, br.RowData]:
    data = _rows(rng, int(rng.integers(9, 16)), int(rng.integers(2, 5)))
    return br.LinearModel(_prior(gaussian, _scale(rng))), data


def _known_noise(rng: np.random.Generator, gaussian: bool) -> tuple[br.LinearModel, br.RowData]:
    data = _rows(rng, int(rng.integers(25, 60)), int(rng.integers(2, 7)))
    return br.LinearModel(_prior(gaussian, _scale(rng)), br.GaussianLikelihood(1.0)), data


def _relative(rng: np.random.Generator, gaussian: bool) -> tuple[br.LinearModel, br.RowData]:
    data = _rows(rng, int(rng.integers(25, 60)), int(rng.integers(2, 7)))
    return br.LinearModel(_prior(gaussian, _scale(rng), relative_to_noise=True)), data


def _weighted(rng: np.random.Generator, gaussian: bool) -> tuple[br.LinearModel, br.RowData]:
    """Weights, no intercept, and a column without a penalty."""
    n = int(rng.integers(30, 60))
    data = _rows(rng, n, 5, sample_weight=rng.uniform(0.5, 3.0, size=n))
    prior = _prior(gaussian, _scale(rng) * np.array([1.0, 0.3, 3.0, 1.0, np.inf]))
    return br.LinearModel(prior, fit_intercept=False), data


def _sampled_scale(rng: np.random.Generator, gaussian: bool) -> tuple[br.LinearModel, br.RowData]:
    data = _rows(rng, int(rng.integers(15, 60)), int(rng.integers(3, 7)))
    return br.LinearModel(_prior(gaussian, dist.HalfNormal(1.0))), data


def _elastic_net(rng: np.random.Generator, gaussian: bool) -> tuple[br.LinearModel, br.RowData]:
    data = _rows(rng, int(rng.integers(25, 60)), int(rng.integers(2, 7)))
    return br.LinearModel(br.ElasticNetPrior(_scale(rng), _scale(rng))), data


def _wide(rng: np.random.Generator, gaussian: bool) -> tuple[br.LinearModel, br.RowData]:
    return br.LinearModel(_prior(gaussian, 0.3 * _scale(rng))), _rows(rng, 15, 25)


_CHAINS = ("marginal", "whitened", "mixture", "gibbs")
KINDS = {
    "plain": Kind(_plain),
    "few rows": Kind(_few_rows),
    "known noise": Kind(_known_noise),
    "relative to the noise": Kind(_relative),
    "weights, one column without a penalty": Kind(_weighted),
    "sampled scale": Kind(_sampled_scale, ("marginal", "gibbs")),
    "elastic net": Kind(_elastic_net, METHODS[1:]),
    "more columns than rows": Kind(_wide, ("marginal", "gibbs")),
}


def posterior_of(seed: int, method: str) -> tuple[str, br.LinearModel, br.RowData]:
    """Return a kind of model that the sampler serves, a model of this kind and its data. They depend on the seed."""
    kinds = [name for name, kind in KINDS.items() if method in kind.methods]
    name = kinds[seed % len(kinds)]
    return name, *KINDS[name].build(np.random.default_rng(seed), method == "marginal")


def judge(method: str, seeds: Sequence[int], n_spoiled: int) -> list[dict[str, Any]]:
    """Judge right runs of one sampler, and the first of them after they are made wrong in every way."""
    entries = []
    for seed in seeds:
        kind, model, data = posterior_of(seed, method)
        tree, doubted = _sampled(model, data, method, seed)
        if doubted:
            entries.append({"doubted": False})
            continue
        refused = tree.attrs["certified"] == 0
        entry = {"right": not refused, f"right: {kind}": not refused}
        if seed < n_spoiled:
            problem = resolve(model, data)
            right, found = from_datatree(problem, tree), where_mass_is(problem)
            spoiled = {name: spoil for name, spoil in SPOILED.items() if _can_be(name, problem)}
            entry |= {name: certificate(problem, spoil(right), found).ok for name, spoil in spoiled.items()}
        entries.append(entry)
    return entries


def _can_be(name: str, problem: Any) -> bool:
    return problem.noise_scale is None or not name.startswith("σ")


def judge_planted(method: str, name: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Judge runs of a sampler with an error in its code, on a case of the calibration."""
    case = Case(method, "gaussian" if method == "marginal" else "laplace", False, 8, 3)
    entries = []
    for seed in seeds:
        truth = case.simulate(np.random.default_rng(seed))
        data = br.RowData.from_arrays(case.design(), truth.y)
        problem = resolve(case.model(), data)
        found = where_mass_is(problem)
        with PLANTED[name]():
            tree, _ = _sampled(case.model(), data, method, seed)
        entries.append({name: certificate(problem, from_datatree(problem, tree), found).ok})
    return entries


def judge_bulks(seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Judge draws of posteriors with two bulks: as they are, and with one chain or all chains moved to one bulk."""
    entries = []
    for seed in seeds:
        model, data = two_bulks(seed)
        problem = resolve(model, data)
        found = where_mass_is(problem)
        if found is None or len(found.bulks) != 2 or found.bulks[1].mass < 0.02:
            continue
        tree, _ = _sampled(model, data, "auto", seed)
        right = from_datatree(problem, tree)
        entry = {"right": certificate(problem, right, found).ok}
        low, high = found.bulks[1].bounds["noise_scale"]
        lighter = (right.noise_scale >= low) & (right.noise_scale < high)
        for name, spoil in {
            "one chain of four in the lighter bulk": lambda inside: [inside, ~inside, ~inside, ~inside],
            "all in the heavier bulk": lambda inside: [~inside] * 4,
            "all in the lighter bulk": lambda inside: [inside] * 4,
        }.items():
            moved = _chains_from(right, spoil(lighter.ravel()), seed)
            entry[name] = certificate(problem, moved, found).ok
        entries.append(entry)
    return entries


def two_bulks(seed: int) -> tuple[br.LinearModel, br.RowData]:
    """Return a posterior with two bulks: five coefficients are large in one, and noise in the other."""
    rng = np.random.default_rng(seed)
    n, p = 60, 20
    X = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, p))]))[0][:, 1:] * np.sqrt(n)
    noise = rng.normal(size=n)
    noise -= noise.mean() + X @ (X.T @ noise) / n
    noise *= 0.1 * np.sqrt(n - 1 - p) / np.sqrt(noise @ noise)
    size = rng.uniform(4.9, 5.15)
    y = X @ np.r_[size * (-1.0) ** np.arange(5), np.zeros(p - 5)] + noise
    model = br.LinearModel(br.LaplacePrior(0.1), br.GaussianLikelihood(dist.HalfCauchy(1.0)))
    return model, br.RowData.from_arrays(X, y)


def _chains_from(right: Posterior, wanted: Sequence[Any], seed: int) -> Posterior:
    """Return the same number of draws. Those of each chain are sampled from its wanted draws."""
    rng = np.random.default_rng(seed)
    shape = right.noise_scale.shape
    rows = np.stack([rng.choice(np.flatnonzero(keep), shape[1]) for keep in wanted])
    coef = right.coef.reshape(right.noise_scale.size, -1)[rows]
    return Posterior(
        coef, right.intercept.ravel()[rows], {"noise_scale": right.noise_scale.ravel()[rows]}, {}, {}
    )


def _sampled(model: br.LinearModel, data: br.RowData, method: str, seed: int) -> tuple[Any, bool]:
    """Return draws, and whether a warning other than the certificate's speaks against them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", br.SamplingWarning)
        tree = br.sample_posterior(model, data, method=method, seed=seed, progress=False)
    said = [str(one.message) for one in caught if issubclass(one.category, br.SamplingWarning)]
    return tree, any(doubt in message for message in said for doubt in _DOUBTS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m calibration.certified", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=1000, help="right runs of each sampler, roughly; default 1000"
    )
    parser.add_argument(
        "--spoiled", type=int, default=300, help="how many of these are made wrong too; default 300"
    )
    parser.add_argument(
        "--planted", type=int, default=50, help="runs of each sampler with each error in its code"
    )
    parser.add_argument("--again", action="store_true", help="start without the old results")
    parser.add_argument("--methods", default=",".join(METHODS), help="samplers; default all")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes; default one per core")
    options = parser.parse_args(arguments)
    jobs = _jobs(options)
    blocks: dict[str, Any] = {}
    if RESULTS.exists() and not options.again:
        blocks = json.loads(RESULTS.read_text())["blocks"]
    missing = {key: job for key, job in jobs.items() if key not in blocks}
    with processes(options.workers) as pool:
        running = {pool.submit(*job): key for key, job in missing.items()}
        for done in tqdm(as_completed(running), total=len(running), disable=None):
            blocks[running[done]] = _counts(done.result())
            told = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "runs": options.runs, "blocks": blocks}
            RESULTS.write_text(json.dumps(told) + "\n")
    told = json.loads(RESULTS.read_text()) | {"runs": options.runs}
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(page({**told, "refused": _joined({key: blocks[key] for key in jobs})})) + "\n")


def _jobs(options: Any) -> dict[str, tuple[Any, ...]]:
    """Return the function and arguments of each block, under a name that starts with its column."""
    jobs: dict[str, tuple[Any, ...]] = {}
    for method in options.methods.split(","):
        for block in _blocks(round(options.runs * _TRIES.get(method, 1.0))):
            jobs[f"{method}/{block.start}"] = (judge, method, block, options.spoiled)
    for block in _blocks(options.planted):
        for method in options.methods.split(","):
            for name in PLANTED:
                jobs[f"{method}/{name} {block.start}"] = (judge_planted, method, name, block)
        jobs[f"{TWO_BULKS}/{block.start}"] = (judge_bulks, block)
    return jobs


def _counts(entries: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Count, for each kind of draws, the refused runs and all runs."""
    counts: dict[str, list[int]] = {}
    for entry in entries:
        for name, ok in entry.items():
            refused, runs = counts.get(name, [0, 0])
            counts[name] = [refused + (not ok), runs + 1]
    return counts


def _joined(blocks: dict[str, dict[str, list[int]]]) -> dict[str, dict[str, list[int]]]:
    joined: dict[str, dict[str, list[int]]] = {}
    for key, counts in blocks.items():
        column = joined.setdefault(key.split("/")[0], {})
        for name, (refused, runs) in counts.items():
            before = column.get(name, [0, 0])
            column[name] = [before[0] + refused, before[1] + runs]
    return joined


def _blocks(n: int) -> list[range]:
    return [range(first, min(first + _BLOCK, n)) for first in range(0, n, _BLOCK)]


def page(told: dict[str, Any]) -> list[str]:
    """Return the page's lines: a row for each error, a column for each sampler, and the refused share."""
    refused = told["refused"]
    methods = [method for method in METHODS if method in refused]
    lines = [
        "# The posterior's certificate, measured",
        "",
        f"Made by `python -m calibration.certified --runs {told['runs']}` on {told['date']}. Each run has its own "
        "model and data, and 4 × 1,000 draws.",
        "",
        "## Right draws that are refused",
        "",
        "By design the certificate refuses 0.1% of right draws. A run does not count as right if something else speaks "
        "against it: R-hat, effective draws, divergences, or a chain that stays in one place for long. The last line "
        "counts these runs.",
        "",
        *_table(refused, methods, ["right", *(f"right: {kind}" for kind in KINDS)]),
        "| not counted, of all | " + " | ".join(f"{_doubted(refused[method])}" for method in methods) + " |",
        "",
        "## Wrong draws that are refused",
        "",
        "The draws are from all these kinds of models and were made wrong afterwards, or they are from samplers with "
        "an error in their code.",
        "",
        *_table(refused, methods, [*SPOILED, *PLANTED]),
    ]
    if TWO_BULKS in refused:
        lines += ["", "## Draws of two bulks", "", *_table(refused, [TWO_BULKS], list(refused[TWO_BULKS]))]
    return lines


def _doubted(counts: dict[str, list[int]]) -> str:
    right, doubted = (counts.get(name, [0, 0])[1] for name in ("right", "doubted"))
    return f"{doubted} of {right + doubted}"


def _table(refused: dict[str, Any], columns: list[str], rows: list[str]) -> list[str]:
    lines = ["| draws | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name in rows:
        cells = []
        for column in columns:
            n_refused, runs = refused[column].get(name, [0, 0])
            cells.append(f"{n_refused / runs:.1%} of {runs}" if runs else "")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
