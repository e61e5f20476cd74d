"""Random posteriors with known answers, sampled at default settings: right, wrong with a warning, or wrong in silence.

`python -m calibration.sweep --kind scales --only 17` prints everything about one case. Without `--only` the results go
to calibration/sweep.json, which a later run continues, and the page to docs/calibration/sweep.md.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import as_completed
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import bayesreg as br

from .exact import exact, has_quadrature
from .judge import Test, judge
from .ladder import ladder_answer
from .posterior import Posterior
from .random_posteriors import SIZES, random_posterior
from .reference import REFERENCE, difference_from_reference
from .sweep_page import sweep_page
from .workers import processes

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "calibration" / "sweep.json"
LONG_RUNS = ROOT / "build" / "long_runs"  # of the ladder, one file for each


def cases(kind: str, number: int) -> tuple[br.LinearModel, br.RowData, dict[str, Any]]:
    """Return model, data and the exact answer of a case (see `exact` for its keys).

    Parameters
    ----------
    kind : "fixed", "scales" or "wide"
    number : int
    """
    posterior = random_posterior(kind, number)
    return posterior.model(), posterior.data(), answer_of(posterior)


def answer_of(posterior: Posterior) -> dict[str, Any]:
    """Return the answer by quadrature, or else by a long run of another sampler, which is saved."""
    if has_quadrature(posterior):
        return exact(posterior)
    mark = sha256(b"".join(one.tobytes() for one in (posterior.X, posterior.y)) + str(posterior).encode())
    kept = LONG_RUNS / f"{mark.hexdigest()[:16]}.json"
    if kept.exists():
        answer: dict[str, Any] = json.loads(kept.read_text())
        return answer
    answer = ladder_answer(posterior)
    LONG_RUNS.mkdir(parents=True, exist_ok=True)
    _save(answer, kept)
    return answer


def run_case(kind: str, number: int, seed: int = 0) -> dict[str, Any]:
    """Return the verdict on a case, with the difference of our quadrature from an independent one if that applies."""
    posterior = random_posterior(kind, number)
    answer = answer_of(posterior)
    entry, _ = verdict(posterior, answer, seed)
    if kind == "fixed":
        entry["reference"] = difference_from_reference(posterior, answer)
    return entry


def verdict(posterior: Posterior, answer: dict[str, Any], seed: int = 0) -> tuple[dict[str, Any], list[Test]]:
    """Sample at default settings. Return the verdict, and the tests behind it."""
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            tree = br.sample_posterior(posterior.model(), posterior.data(), seed=seed, progress=False)
        except Exception as error:  # of any kind: the sweep continues, and its page shows it
            return {
                "text": str(posterior),
                "verdict": "refused",
                "warning": f"{type(error).__name__}: {error}",
            }, []
    seconds = time.perf_counter() - began
    said = [str(one.message) for one in caught if issubclass(one.category, br.SamplingWarning)]
    tests = judge(tree, answer)
    right = all(test.passes for test in tests)
    certified = tree.attrs.get("certified")
    told = bool(said) or certified == 0
    worst = max(tests, key=lambda test: max(abs(test.z), abs(test.off)))
    entry = {
        "text": str(posterior),
        "verdict": ("right, warned" if told else "right") if right else ("told" if told else "silent"),
        "sampler": f"{tree.attrs['method']}/{tree.attrs['kernel']}",
        "z": round(max(abs(test.z) for test in tests), 2),
        "off": round(max(abs(test.off) for test in tests), 2),
        "worst": f"{worst.statistic} of {worst.name}: {worst.drawn:.4g}, exact {worst.exact:.4g}",
        "bulks": [(float(f"{sigma:.3g}"), round(mass, 4)) for sigma, mass in answer["bulks"]],
        "certified": None if certified is None else int(certified),
        "certificate_z": _number(tree.attrs.get("certificate_largest_z")),
        "warning": " ".join(said)[:300],
        "seconds": round(seconds, 2),
    }
    return entry, tests


def _number(value: Any) -> float | None:
    return None if value is None else round(float(value), 2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the requested cases, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m calibration.sweep", description=__doc__)
    parser.add_argument("--kind", choices=list(SIZES), help="kind of posteriors; default: all")
    parser.add_argument("--cases", type=int, help="number for each kind; default: 500, 200 and 200")
    parser.add_argument("--only", type=int, help="print everything about one case; nothing is written")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sampler; default 0")
    parser.add_argument("--workers", type=int, default=2, help="processes; default 2")
    parser.add_argument("--again", action="store_true", help="start without the old results")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results are kept")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where the page goes")
    options = parser.parse_args(arguments)
    kinds = [options.kind] if options.kind else list(SIZES)
    if "fixed" in kinds and not REFERENCE.is_file():
        raise SystemExit(
            f"The sweep compares its quadrature with {REFERENCE.name}, but that is not at {REFERENCE}. "
            "Put it there, or give --kind scales or wide."
        )
    if options.only is not None:
        for kind in kinds:
            _tell(kind, options.only, options.seed)
        return
    results = _results(options)
    jobs = [
        (kind, number)
        for kind in kinds
        for number in range(SIZES[kind] if options.cases is None else options.cases)
        if str(number) not in results["cases"].setdefault(kind, {})
    ]
    results["command"] = "python -m calibration.sweep " + " ".join(
        sys.argv[1:] if arguments is None else arguments
    )
    results["date"] = datetime.now(UTC).strftime("%Y-%m-%d")
    _run(jobs, results, options)
    for kind, entries in results["cases"].items():
        results["cases"][kind] = dict(sorted(entries.items(), key=lambda item: int(item[0])))
    _save(results, options.results)
    sweep_page(results, options.docs)


def _results(options: Any) -> dict[str, Any]:
    if options.results.exists() and not options.again:
        found: dict[str, Any] = json.loads(options.results.read_text())
        if found["seed"] != options.seed:
            raise SystemExit(
                f"{options.results} holds seed {found['seed']}: give --again or other --results."
            )
        return found
    return {"seed": options.seed, "cases": {}}


def _run(jobs: list[tuple[str, int]], results: dict[str, Any], options: Any) -> None:
    from tqdm import tqdm

    with processes(options.workers) as pool:
        running = {pool.submit(run_case, *job, options.seed): job for job in jobs}
        for done in tqdm(as_completed(running), total=len(jobs), disable=None):
            kind, number = running[done]
            results["cases"][kind][str(number)] = done.result()
            _save(results, options.results)


def _save(results: dict[str, Any], path: Path) -> None:
    half = path.with_suffix(".half")
    half.write_text(json.dumps(results, indent=0, ensure_ascii=False) + "\n")
    half.replace(path)


def _tell(kind: str, number: int, seed: int) -> None:
    posterior = random_posterior(kind, number)
    X, y = posterior.X, posterior.y
    entry, tests = verdict(posterior, answer_of(posterior), seed)
    print(f"{kind} {number}: {entry.pop('text')}")
    spread = X.std(axis=0)
    print(f"y: mean {y.mean():.6g}, sd {y.std():.6g}; sd of columns {spread.min():.4g} to {spread.max():.4g}")
    for test in tests:
        mark = "" if test.passes else "  <- wrong"
        values = f"exact {test.exact:.5g}, drawn {test.drawn:.5g}, z {test.z:.2f}, by eye {test.off:.2f}"
        print(f"  {test.statistic} of {test.name}: {values}{mark}")
    for key, value in entry.items():
        print(f"{key}: {value}")


if __name__ == "__main__":
    main()
