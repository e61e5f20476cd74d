"""Results as Markdown: a table of goals, a table for each case, and how they were made."""

from collections.abc import Iterable
from statistics import median
from typing import Any

from .measure import targets
from .problem import Family

_GOALS = {"C1": 15.0, "C2": 100.0}  # times the fastest peer; elsewhere 3, or within twice the limit
_LIKELIHOOD_GOAL = 2.0  # times the fastest peer where the loss is no quadratic, at the smallest gap
_OURS = "bayesreg"
_UNITS = ((1e-3, "µs", 1e6), (1.0, "ms", 1e3), (float("inf"), "s", 1.0))


def markdown(results: dict[str, Any], commentary: str = "") -> str:
    """Return the whole page."""
    cases = results["cases"]
    parts = [
        "# Benchmarks",
        "<!-- Do not edit: words go into benchmarks/commentary.md. -->",
        "Written by `python -m benchmarks.run`; raw results in `benchmarks/results/latest.json`.",
        "A time counts only at a stated relative duality gap, (P − D)/P(null model), the largest along a path, "
        "which one referee in plain NumPy computes from the coefficients returned (`benchmarks/referee.py`, for yes/no "
        "and counts `benchmarks/likelihood_referee.py`). Each "
        "package is swept over its own tolerances and its ways of solving; its fastest run that reaches the gap is "
        "repeated. Cells: median (fewest–most; gap reached). “never”: no tolerance reached it in the time allowed. "
        "“Fresh process”: start, import, compile, fit; reading X is taken off. “New shape”: first fit on "
        "a shape not seen, in a warm process. “First”: first fit on new data of a shape seen. The last four "
        "columns are for the run under gap ≤ 1e-6. Memory is the peak of a fresh process above X and the bare imports.",
        _goals(cases),
        _cold_goals(cases),
        *(_case(name, entry) for name, entry in cases.items()),
        _how(results),
        commentary.strip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def duration(seconds: float) -> str:
    """Write seconds with three significant digits and the unit that suits."""
    unit, factor = _unit(seconds)
    return f"{_digits(seconds * factor)} {unit}"


def _unit(seconds: float) -> tuple[str, float]:
    return next((unit, factor) for limit, unit, factor in _UNITS if seconds < limit)


def _digits(value: float) -> str:
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


def fastest_peer(runners: dict[str, Any], target: str) -> tuple[str, float] | None:
    """Return the peer with the smallest median at a gap, and that median."""
    times = {
        name: median(run["seconds"])
        for name, result in runners.items()
        if name != _OURS and (run := (result.get("targets") or {}).get(target))
    }
    return min(times.items(), key=lambda pair: pair[1]) if times else None


def goal(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return our time, the fastest peer's, the limit, both ratios, and whether the goal is met."""
    quadratic = _family(entry) == "gaussian"
    target = "1e-6" if quadratic else targets(_family(entry))[-1]
    run = (entry["runners"].get(_OURS, {}).get("targets") or {}).get(target)
    own = median(run["seconds"]) if run else None
    peer = fastest_peer(entry["runners"], target)
    limit = entry["limit"]["seconds"]
    ahead = peer[1] / own if own and peer else None
    of_limit = own / limit if own else None
    wanted = _GOALS.get(name, 3.0 if quadratic else _LIKELIHOOD_GOAL)
    or_limit = quadratic and name not in _GOALS
    met = bool(own) and (
        peer is None
        or (ahead is not None and ahead >= wanted)
        or (or_limit and of_limit is not None and of_limit <= 2.0)
    )
    return {
        "gap": target,
        "own": own,
        "peer": peer,
        "limit": limit,
        "ahead": ahead,
        "of_limit": of_limit,
        "wanted": f"≥ {wanted:g}×" + (", or ≤ 2× limit" if or_limit else ""),
        "met": met,
    }


def _family(entry: dict[str, Any]) -> Family:
    family: Family = entry.get("family", "gaussian")  # runs before there were others do not say
    return family


def _goals(cases: dict[str, Any]) -> str:
    rows = []
    for name, entry in cases.items():
        found = goal(name, entry)
        peer, ahead, of_limit = found["peer"], found["ahead"], found["of_limit"]
        rows.append(
            [
                name,
                entry["title"],
                found["gap"],
                duration(found["own"]) if found["own"] else "never",
                f"{peer[0]} {duration(peer[1])}" if peer else "never",
                f"{ahead:.3g}×" if ahead else "–",
                duration(found["limit"]),
                f"{of_limit:.3g}×" if of_limit else "–",
                found["wanted"],
                "yes" if found["met"] else "no",
            ]
        )
    head = [
        "case",
        "",
        "gap ≤",
        "bayesreg",
        "fastest peer",
        "ahead by",
        "limit",
        "ours / limit",
        "goal",
        "met",
    ]
    return "## Goals, warm\n\n" + table(head, rows)


def _cold_goals(cases: dict[str, Any]) -> str:
    rows = []
    for name, entry in cases.items():
        if times := entry["runners"].get(_OURS, {}).get("cold"):
            alone = entry["import_jax"]
            above = median(times) - median(alone)
            rows.append(
                [name, spread(times), spread(alone), f"{above:.2f} s", "yes" if above <= 1.0 else "no"]
            )
    if not rows:
        return ""
    head = ["case", "bayesreg, fresh process to first fit", "`import jax` alone", "above it", "within 1 s"]
    return "## Cold start\n\n" + table(head, rows)


def _case(name: str, entry: dict[str, Any]) -> str:
    limit, gaps = entry["limit"], targets(_family(entry))
    rows = []
    for runner, result in entry["runners"].items():
        reached = result.get("targets") or {}
        if not any(reached.values()):
            reason = result.get("unavailable", "")
            rows.append(
                [
                    runner,
                    *(["never"] * 3 if result.get("sweep") else ["–"] * 3),
                    "",
                    "",
                    "",
                    "",
                    _short(reason),
                ]
            )
            continue
        run = reached.get("1e-6") or reached["1e-4"]
        memory = result.get("memory_bytes") or []
        rows.append(
            [
                runner,
                *(_cell(reached.get(gap)) for gap in gaps),
                spread(result.get("cold") or []),
                spread(result.get("new_shape") or []),
                duration(run["first"]),
                f"{median(memory) / entry['x_bytes']:.2g} X ({median(memory) / 1e6:.0f} MB)"
                if memory
                else "",
                _setting(run),
            ]
        )
    head = [
        "package",
        *(f"gap ≤ {gap}" for gap in gaps),
        "fresh process",
        "new shape",
        "first",
        "memory",
        "how",
    ]
    text = (
        f"## {name}: {entry['title']}\n\n"
        f"X takes {entry['x_bytes'] / 1e6:.3g} MB; {limit['support']} nonzero at the last λ. "
        f"Limit {duration(limit['seconds'])} = max({limit['flops']:.3g} operations at "
        f"{limit['dsyrk_gflops']:.0f} GFLOP/s: "
        f"{duration(limit['compute_seconds'])}; {limit['gigabytes']:.3g} GB at {limit['read_gb_per_s']:.0f} GB/s: "
        f"{duration(limit['read_seconds'])}), assuming: {limit['assumption']}. "
        f"Square gemm: {limit['gemm_gflops']:.0f} GFLOP/s. {entry['date']}.\n\n"
    )
    return text + table(head, rows) + _chosen(entry)


def _chosen(entry: dict[str, Any]) -> str:
    """Say whether all runners of a cross-validation chose the same λ."""
    picks = {
        name: run["notes"]["chosen"]
        for name, result in entry["runners"].items()
        if (run := (result.get("targets") or {}).get("1e-6")) and "chosen" in run.get("notes", {})
    }
    if not picks:
        return ""
    agree = "All chose the same λ" if len(set(picks.values())) == 1 else "They did NOT choose the same λ"
    return (
        f"\n\n{agree}: position in the grid, from 0: "
        + ", ".join(f"{name} {k}" for name, k in picks.items())
        + "."
    )


def _how(results: dict[str, Any]) -> str:
    lines = ["## How these were made", ""]
    for name, entry in results["cases"].items():
        lines.append(
            f"- {name}: `{entry['command']}`, {entry['date']}, {entry['machine']}, "
            f"load before {entry['load_before']:.1f}, "
            f"took {entry['took_seconds'] / 60:.0f} min"
        )
    listed = versions(run for entry in results["cases"].values() for run in entry["runners"].values())
    return "\n".join([*lines, "", f"Versions: {listed}."])


def versions(runs: Iterable[dict[str, Any]]) -> str:
    """Return what was at work, with all its versions."""
    known: dict[str, set[str]] = {}
    for run in runs:
        for package, version in (run.get("versions") or {}).items():
            known.setdefault(package, set()).add(version)
    return ", ".join(f"{package} {' and '.join(sorted(found))}" for package, found in sorted(known.items()))


def _cell(run: dict[str, Any] | None) -> str:
    if run is None:
        return "never"
    return f"{spread(run['seconds'])[:-1]}; {run['gap']:.0e})"


def spread(seconds: list[float]) -> str:
    """Write the median, the range and, if there are few, how many there are."""
    if not seconds:
        return ""
    few = f"; {len(seconds)} run{'s' if len(seconds) > 1 else ''}" if len(seconds) < 5 else ""
    _, factor = _unit(median(seconds))
    fewest, most = _digits(min(seconds) * factor), _digits(max(seconds) * factor)
    return f"{duration(median(seconds))} ({fewest}–{most}{few})"


def _setting(run: dict[str, Any]) -> str:
    name = "" if run["variant"] == "default" else f"{run['variant']}, "
    return f"{name}tol {run['tol']:g}"


def _short(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")[:120]


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
