"""Results as Markdown: a table for each case, and the goals."""

from statistics import median
from typing import Any

from ..report import duration
from .judge import sound

_OURS = "bayesreg"
_WHAT = """\
y ~ Normal(intercept + Xβ, σ), β ~ Laplace, σ ~ HalfNormal(1), y and columns with mean 0 and sd 1; in L5 to L7
y ~ Bernoulli(1/(1 + exp(−intercept − Xβ))), β ~ Normal of known scale, columns with mean 0 and sd 1. 4 chains of 1,000
draws after warm-up. Effective draws: the smallest bulk and tail ESS over all parameters, by ArviZ, divided by the
median time of a run on data of a shape that the process has seen (“warm”, warm-up and conversion included) or by
that of a fresh process (“cold”: start, import, compile, warm-up, draws). “First run”: the time was up before a warm
run was done, so that the first counts, compilation included. A run counts where R-hat is below 1.01, nothing
diverged, and every mean is within Monte Carlo error of a reference: 40,000 draws of our Gibbs sampler, which shares no
gradient with any of them (with as many columns as rows it is what runs as bayesreg too, so there the peers' distances
are the check); in L5 to L7, 20,000 and more weighted draws in plain NumPy. There ours must have passed its certificate
too."""
_GOALS = {
    **{"P1": 100.0, "P2": 100.0, "T5": 100.0, "T6": 100.0, "P3": 5.0, "W": 5.0},
    **{"L5": 10.0, "L6": 10.0, "L7": 10.0},
}


def markdown(results: dict[str, Any], commentary: str = "") -> str:
    """Return the whole page."""
    parts = [
        "# Benchmarks of the posterior",
        "<!-- Do not edit: words go into benchmarks/posterior/commentary.md. -->",
        "Written by `python -m benchmarks.posterior.run`; raw results in `benchmarks/posterior/results.json`.",
        _WHAT,
        _goals(results),
        *(_case(name, entry) for name, entry in results.items()),
        commentary.strip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rate(run: dict[str, Any]) -> float | None:
    """Return effective draws a second, warm or of the only run; None where it does not count."""
    if "warm" not in run or not sound(run):
        return None
    return min(run["ess_bulk"], run["ess_tail"]) / (median(run["warm"]) if run["warm"] else run["first"])


def _best_peer(runners: dict[str, Any]) -> tuple[str, float] | None:
    rates = {name: rate for name, run in runners.items() if name != _OURS and (rate := _rate(run))}
    return max(rates.items(), key=lambda pair: pair[1]) if rates else None


def _goals(results: dict[str, Any]) -> str:
    lines = [
        "## Goals",
        "",
        "| case | bayesreg | fastest peer that counts | times | goal |",
        "|---|---|---|---|---|",
    ]
    for name, entry in results.items():
        runners = entry["parts"][name]["runners"]
        own, peer = _rate(runners[_OURS]), _best_peer(runners)
        shown, most = (_shown(*peer, runners), peer[1]) if peer else _none_finished(runners)
        ratio = own / most if own else 0.0
        times = f"{'' if peer else '> '}{ratio:.{0 if ratio >= 10 else 1}f}" if own else "–"
        met = ratio >= _GOALS[name]
        cells = [f"{name}: {entry['title']}", f"{_rounded(own)}/s" if own else "does not count", shown, times]
        lines.append(f"| {' | '.join(cells)} | {_GOALS[name]:g}×{' met' if met else ' missed'} |")
    return "\n".join(lines)


def _shown(name: str, rate: float, runners: dict[str, Any]) -> str:
    first = "" if runners[name]["warm"] else ", first run"
    return f"{_rounded(rate)}/s ({name}{first})"


def _rounded(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10.0 else f"{rate:.2g}"


def _none_finished(runners: dict[str, Any]) -> tuple[str, float]:
    """Say how long peers had, and how many effective draws a second that allows, if each draw is worth two.

    A peer that was stopped later than the others was thought the fastest of them.
    """
    longest = max((run["stopped"] for run in runners.values() if "stopped" in run), default=0.0)
    draws = max(run["draws"] for run in runners.values() if "draws" in run)
    return f"none in {longest:.0f} s" if longest else "none", draws / (0.5 * longest) if longest else float(
        "inf"
    )


def _case(name: str, entry: dict[str, Any]) -> str:
    lines = [f"## {name}", "", f"`{entry['command'].strip()}`, {entry['date']}, {entry['machine']}."]
    for part in entry["parts"].values():
        lines += [
            "",
            f"{part['title']}:",
            "",
            "| | min ESS/s, warm | warm | cold | ESS bulk | ESS tail | R-hat | leapfrog steps | diverging | distance |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [f"| {runner} | {' | '.join(_cells(run))} |" for runner, run in part["runners"].items()]
        versions: dict[str, str] = {}
        for run in part["runners"].values():
            versions |= run.get("versions", {})
    lines += ["", ", ".join(f"{package} {version}" for package, version in sorted(versions.items()))]
    return "\n".join(lines)


def _cells(run: dict[str, Any]) -> list[str]:
    if "warm" not in run:
        why = run.get("error") or run.get("unavailable") or f"stopped after {run['stopped']:.0f} s"
        return [why, *[""] * 8]
    rate = _rate(run)
    return [
        _rounded(rate) if rate else "does not count",
        duration(median(run["warm"])) if run["warm"] else f"first run {duration(run['first'])}",
        duration(run["cold"]),
        f"{run['ess_bulk']:,.0f}",
        f"{run['ess_tail']:,.0f}",
        f"{run['r_hat']:.3f}",
        f"{run['n_steps']:.0f}" if run.get("n_steps") else "–",
        str(run["diverging"]),
        f"{run['distance']:.1f}" if "distance" in run else "–",
    ]
