"""Scaling curves as a page: a picture and a table for each, the posterior's with seconds and effective draws."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from .posterior.judge import sound
from .report import duration, table, versions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OURS = "bayesreg"
_INTRO = """\
# Benchmarks of size

<!-- Do not edit: words go into benchmarks/scaling_report.py. -->

Written by `python -m benchmarks.scaling`; raw results in `benchmarks/results/scaling.json`. How times of a mode are
judged is said with the [benchmarks](benchmarks.md), of draws with the [benchmarks of the
posterior](benchmarks-posterior.md). Here each package has less time, and so fewer tolerances and repeats: its search
for the tolerance starts where the last size ended. A package that was stopped at one size is not tried at the next. In
a picture, a cross is the time at which it was stopped, or at which its tightest tolerance had missed the gap. Where we
are below the limit, our loop over rows has wider vectors than OpenBLAS's dsyrk, whose rate the limit assumes."""


@dataclass(frozen=True)
class _Kind:
    """What a curve is called and says; `values` are read from a package's run, by their labels."""

    title: str
    what: str
    along: str
    values: dict[str, Callable[[dict[str, Any]], float | None]]


def seconds(run: dict[str, Any]) -> float | None:
    """Return the median time of a run that counts."""
    if "never" in run:
        return None
    if "warm" in run and not sound(run):
        return None
    times: list[float] = run.get("seconds") or run["warm"] or [run["first"]]
    return median(times)


def rate(run: dict[str, Any]) -> float | None:
    """Return effective draws a second: the smallest bulk ESS over all parameters."""
    time = seconds(run)
    return run["ess_bulk"] / time if time else None


_PATHS = (
    "A path of 100 λ, from λmax to 0.01 λmax, at a relative duality gap of 1e-6 or less; no intercept, neighbouring "
    "columns correlate by 0.5, SNR 3. Warm: data of this shape were seen. Medians."
)
_TIME = {"Time": seconds}
_KINDS = {
    "rows": _Kind("Lasso path against rows", f"50 columns, 10 of them true. {_PATHS}", "rows", _TIME),
    "columns": _Kind(
        "Lasso path against columns",
        f"1,000 rows; 50 columns are true, or a tenth if that is less. {_PATHS}",
        "columns",
        _TIME,
    ),
    "posterior": _Kind(
        "Posterior against columns",
        "2,000 rows, Laplace prior of scale 0.1, σ ~ HalfNormal(1); 50 columns are true, or a tenth if that is less. "
        "Four chains of 1,000 draws; ours must pass their certificate. Peers' means are within Monte Carlo error of "
        "ours, their R-hat below 1.01, and nothing diverged, or the run does not count. Cells: time of a warm run, "
        "warm-up included (“first”: compilation too, as the time was up before a warm run was done); the smallest bulk "
        "ESS over all parameters, a second.",
        "columns",
        {"Time": seconds, "Effective draws a second": rate},
    ),
}


def write_page(results: dict[str, Any], page: Path) -> None:
    """Write the page, and its pictures into images/scaling beside it."""
    pictures = page.parent / "images" / "scaling"
    pictures.mkdir(parents=True, exist_ok=True)
    for name, curve in results.items():
        _draw(name, curve["points"], pictures / f"{name}.png")
    page.write_text(markdown(results))


def markdown(results: dict[str, Any]) -> str:
    """Return the whole page."""
    return "\n\n".join([_INTRO, *(_section(name, curve) for name, curve in results.items())]) + "\n"


def _section(name: str, curve: dict[str, Any]) -> str:
    kind, points = _KINDS[name], curve["points"]
    parts = [
        f"## {kind.title}",
        kind.what,
        f"![{kind.title}: {' and '.join(kind.values).lower()}](images/scaling/{name}.png)",
        _table(kind, points),
        _limit(points),
        f"`{curve['command']}`, {curve['date']}, {curve['machine']}, load before {curve['load_before']:.1f}, took "
        f"{curve['took_seconds'] / 60:.1f} min. "
        f"{versions(run for point in points for run in point['runners'].values())}.",
    ]
    return "\n\n".join(part for part in parts if part)


def _table(kind: _Kind, points: list[dict[str, Any]]) -> str:
    packages, limited = list(points[0]["runners"]), "limit" in points[0]
    head = [
        kind.along,
        *packages,
        *(["limit", "ours / limit"] if limited else []),
        "ahead of the fastest peer",
    ]
    rows = []
    for point in points:
        runners = point["runners"]
        ours = seconds(runners[_OURS])
        cells = [f"{point['size']:,}", *(_cell(runners[package]) for package in packages)]
        if limited:
            limit = point["limit"]["seconds"]
            cells += [duration(limit), f"{ours / limit:.3g}" if ours else "–"]
        rows.append([*cells, _ahead(kind, runners)])
    return table(head, rows)


def _cell(run: dict[str, Any]) -> str:
    time, draws = seconds(run), rate(run) if "warm" in run else None
    if time is None:
        return f"never: {run['never']}" if "never" in run else "does not count"
    if draws is None:
        return f"{duration(time)} ({run['gap']:.0e})"
    first = "" if run["warm"] else "first "
    return f"{first}{duration(time)}; {draws:,.{0 if draws >= 10 else 1}f}/s"


def _ahead(kind: _Kind, runners: dict[str, Any]) -> str:
    """Return how many times faster ours is than the fastest peer: by effective draws where there are draws."""
    worth = rate if len(kind.values) > 1 else lambda run: (time := seconds(run)) and 1.0 / time
    ours = worth(runners[_OURS])
    peers = [value for package, run in runners.items() if package != _OURS and (value := worth(run))]
    return f"{ours / max(peers):.3g}" if ours and peers else "–"


def _limit(points: list[dict[str, Any]]) -> str:
    if "limit" not in points[0]:
        return ""
    said = dict.fromkeys(point["limit"]["assumption"] for point in points)
    rates = [point["limit"] for point in points]
    dsyrk, read = (
        f"{min(r[key] for r in rates):.0f} to {max(r[key] for r in rates):.0f}"
        for key in ("dsyrk_gflops", "read_gb_per_s")
    )
    return (
        f"Cells: median (gap reached). Limit: operations at the rate of dsyrk on this shape ({dsyrk} GFLOP/s), or "
        f"bytes at the rate of reading ({read} GB/s), whichever takes longer, assuming: "
        f"{'; with more columns '.join(said)}."
    )


def _draw(name: str, points: list[dict[str, Any]], file: Path) -> None:
    from matplotlib.figure import Figure

    kind = _KINDS[name]
    figure = Figure(figsize=(4.6 * len(kind.values) + 2.4, 3.8), layout="constrained")
    for label, ax in zip(kind.values, figure.subplots(1, len(kind.values), squeeze=False)[0], strict=True):
        _draw_one(ax, kind, label, points)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False)
    figure.savefig(file, dpi=110)


def _draw_one(ax: "Axes", kind: _Kind, label: str, points: list[dict[str, Any]]) -> None:
    from bayesreg.plots.style import COLOURS, MARKERS, STYLES

    value, sizes = kind.values[label], [point["size"] for point in points]
    for k, package in enumerate(points[0]["runners"]):
        style: dict[str, Any] = {"color": COLOURS[k], "linestyle": STYLES[k % len(STYLES)]}
        runs = [point["runners"][package] for point in points]
        values = [value(run) for run in runs]
        ax.plot(sizes, [v or float("nan") for v in values], marker=MARKERS[k], ms=4, label=package, **style)
        if value is seconds:
            gone = [(size, run["until"]) for size, run in zip(sizes, runs, strict=True) if run.get("until")]
            ax.plot(*zip(*gone, strict=True), "x", color=COLOURS[k]) if gone else None
    if value is seconds and "limit" in points[0]:
        limits = [point["limit"]["seconds"] for point in points]
        ax.plot(sizes, limits, color="0.5", linestyle=":", label="limit, by dsyrk")
    _plain_logarithms(
        ax, duration if value is seconds else lambda draws: f"{draws:,.{0 if draws >= 1.0 else 2}f}"
    )
    ax.set(xlabel=kind.along, ylabel=label.lower())
    ax.grid(visible=True, alpha=0.3)


def _plain_logarithms(ax: "Axes", write: Callable[[float], str]) -> None:
    """Make both axes logarithmic, with a label at each power of ten and none between."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    ax.set(xscale="log", yscale="log")
    for axis, text in ((ax.xaxis, "{:,.0f}".format), (ax.yaxis, write)):
        axis.set_major_formatter(FuncFormatter(lambda value, _, text=text: text(value)))
        axis.set_minor_formatter(NullFormatter())
