"""How often the posterior's certificate is wrong: right runs that it refuses, and errors of known size that it misses.

`python -m calibration.certified --runs 1000` writes docs/calibration/certificate.md and calibration/certified.json.
"""

import argparse
import json
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import bayesreg as br
from bayesreg.posterior.bulks import where_mass_is
from bayesreg.posterior.certificate import certificate
from bayesreg.posterior.to_arviz import Posterior, from_datatree
from bayesreg.problem import resolve

from .planted import missing_jacobian, variance_for_sd

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "calibration" / "certified.json"
PAGE = ROOT / "docs" / "calibration" / "certificate.md"
METHODS = ("marginal", "independence", "whitened", "mixture", "gibbs")
_BLOCK = 25  # runs of one process at a time

Spoiler = Callable[[Posterior], Posterior]


def narrowed(by: float) -> Spoiler:
    """Draw all coefficients towards their means."""

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
    return lambda right: right._replace(noise_scale=factor * right.noise_scale)


def cut(at: float) -> Spoiler:
    """Replace draws whose first coefficient is above so many sds by others."""

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
        return Posterior(pick(right.coef), intercept, sigma, scales, {})

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
}


def posterior_of(seed: int, method: str) -> tuple[br.LinearModel, br.RowData]:
    """Return a small model and its data, other ones for each seed."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(25, 60)), int(rng.integers(2, 7))
    X = rng.normal(size=(n, p)) + rng.uniform(0.0, 1.5) * rng.normal(size=(n, 1)) + 1.0
    y = X @ (rng.normal(size=p) * (rng.random(p) < 0.6)) + rng.normal(size=n)
    scale = float(np.exp(rng.uniform(-1.0, 1.0)))
    prior = br.GaussianPrior(scale) if method == "marginal" else br.LaplacePrior(scale)
    return br.LinearModel(prior), br.RowData.from_arrays(X, y)


def judge(method: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Judge right runs of one sampler, and each of them made wrong in every way."""
    entries = []
    for seed in seeds:
        model, data = posterior_of(seed, method)
        problem = resolve(model, data)
        found = where_mass_is(problem)
        right = from_datatree(problem, _sampled(model, data, method, seed))
        entry = {"right": certificate(problem, right, found).ok}
        entry |= {name: certificate(problem, spoil(right), found).ok for name, spoil in SPOILED.items()}
        entries.append(entry)
    return entries


def judge_planted(method: str, name: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Judge runs of a sampler with an error in its code."""
    entries = []
    for seed in seeds:
        model, data = posterior_of(seed, method)
        problem = resolve(model, data)
        found = where_mass_is(problem)
        with PLANTED[name]():
            tree = _sampled(model, data, method, seed)
        entries.append({name: certificate(problem, from_datatree(problem, tree), found).ok})
    return entries


def _sampled(model: br.LinearModel, data: br.RowData, method: str, seed: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", br.SamplingWarning)
        return br.sample_posterior(model, data, method=method, seed=seed, progress=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all of it, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m calibration.certified", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="right runs of each sampler; default 1000")
    parser.add_argument(
        "--planted", type=int, default=50, help="runs of each sampler with each error in its code"
    )
    parser.add_argument("--methods", default=",".join(METHODS), help="samplers; default all")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes; default one a core")
    options = parser.parse_args(arguments)
    jobs: list[tuple[Any, ...]] = []
    for method in options.methods.split(","):
        jobs += [(judge, method, block) for block in _blocks(options.runs)]
        jobs += [
            (judge_planted, method, name, block) for name in PLANTED for block in _blocks(options.planted)
        ]
    results: dict[str, dict[str, list[int]]] = {}
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(*job): job[1] for job in jobs}
        for done in tqdm(as_completed(running), total=len(jobs), disable=None):
            counts = results.setdefault(running[done], {})
            for entry in done.result():
                for name, ok in entry.items():
                    refused, runs = counts.get(name, [0, 0])
                    counts[name] = [refused + (not ok), runs + 1]
    told = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "runs": options.runs, "refused": results}
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(page(told)) + "\n")


def _blocks(n: int) -> list[range]:
    return [range(first, min(first + _BLOCK, n)) for first in range(0, n, _BLOCK)]


def page(told: dict[str, Any]) -> list[str]:
    """Return the page's lines: a row for each error, a column for each sampler, the share that was refused."""
    methods = [method for method in METHODS if method in told["refused"]]
    lines = [
        "# The posterior's certificate, measured",
        "",
        f"`python -m calibration.certified --runs {told['runs']}`, {told['date']}. Small models with data of their own "
        "for each run, 4 × 1,000 draws. Of right runs the share that is refused is that of false alarms, 0.1% by "
        "design; of draws that are made wrong, the share that is caught.",
        "",
        "| draws | " + " | ".join(methods) + " |",
        "|---|" + "---|" * len(methods),
    ]
    for name in ["right", *SPOILED, *PLANTED]:
        cells = []
        for method in methods:
            refused, runs = told["refused"][method].get(name, [0, 0])
            cells.append(f"{refused / runs:.1%} of {runs}" if runs else "")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
