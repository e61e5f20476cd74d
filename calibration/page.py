"""The page and its pictures, made from raw results alone."""

from pathlib import Path
from typing import Any

import numpy as np

from bayesreg.plots.style import COLOURS, STYLES

from .bands import band
from .ranks import N_DRAWS
from .row_cases import row_cases

_LEVEL = 0.01  # probability that any rank of any case fails by chance
_TOO_FAR = 4.0  # standard errors of coverage
_COLUMNS = 3
_KINDS = {
    "noise_scale": "σ",
    "dispersion": "dispersion",
    "prior_scale": "scale of the prior",
    "laplace_scale": "scale of the prior",
    "likelihood": "likelihood",
}
_LOOKS = {
    kind: {"color": COLOURS[place], "linestyle": STYLES[place % len(STYLES)]}
    for place, kind in enumerate(("coefficients", "σ", "scale of the prior", "likelihood", "dispersion"))
}


def page(results: dict[str, Any], docs: Path) -> None:
    """Write docs/calibration.md and its pictures."""
    folder = docs / "calibration"
    folder.mkdir(parents=True, exist_ok=True)
    cases = results.get("calibration", {})
    by_method: dict[str, dict[str, Any]] = {}
    for name, entry in cases.items():
        by_method.setdefault(name.split(",")[0], {})[name.split(", ", 1)[1]] = entry
    for method, entries in by_method.items():
        _draw(entries, f"{method}: ranks of the truth", folder / _picture(method))
    if results.get("planted"):
        planted = results["planted"] | results.get("planted on rows", {})
        _draw(planted, "errors planted on purpose", folder / "planted.png")
    (docs / "calibration.md").write_text("\n".join(_lines(results, list(by_method))) + "\n")


def _picture(method: str) -> str:
    return f"{method.replace(' ', '-')}.png"


def failures(cases: dict[str, Any]) -> list[tuple[str, str, float]]:
    """Return the ranks that are not uniform, at a level for all of them together."""
    tests = [(name, which, p) for name, entry in cases.items() for which, p in entry["p"].items()]
    return [test for test in tests if test[2] < _LEVEL / len(tests)]


def _lines(results: dict[str, Any], methods: list[str]) -> list[str]:
    cases, planted = results.get("calibration", {}), results.get("planted", {})
    n_tests = sum(len(entry["p"]) for entry in cases.values())
    failed = failures(cases)
    m = len(next(iter(next(iter(cases.values()))["ranks"].values()))) if cases else 0
    lines = [
        "# Calibration",
        "",
        f"Made by `{results['command'].strip()}` (`make calibration`) on {results['date']}.",
        "",
        "## Ranks",
        "",
        "Parameters are drawn from the prior, and responses from the model with these parameters. If the sampler is "
        f"right, the rank of each true parameter among {N_DRAWS} posterior draws is uniform (Talts et al. 2018). Each "
        "picture shows the ranks' distribution function less the uniform one. The grey band holds the whole function "
        "with 95% probability (Säilynoja et al. 2022). An intercept or a coefficient with a flat prior cannot be drawn "
        "from it, so these two are always 3.7 and −2.3. A flat σ is tested against closed forms and quadrature instead "
        "(`tests/test_posterior.py`). Beside yes/no, counts and Student-t (“on rows”) the intercept has a Gaussian "
        "prior, and its rank counts among the coefficients'.",
        "",
        f"{len(cases)} cases with {m} simulations each test {n_tests} parameters. One in {round(1 / _LEVEL)} whole "
        "runs would show a failed test by chance. Here the number of failed tests is "
        + ("0" if not failed else f"{len(failed)}")
        + f" (the smallest p is {min((p for e in cases.values() for p in e['p'].values()), default=1.0):.2g}).",
        "",
        *[
            f"![{method}: the distribution function of the ranks of the truth less the uniform one, case by case]"
            f"(calibration/{_picture(method)})\n"
            for method in methods
        ],
    ]
    lines += [f"- {name}: {which}, p = {p:.1g}" for name, which, p in failed]
    left = [case.name for case in row_cases() if case.name not in cases]
    if left and any(" on rows" in name for name in cases):
        lines += ["", f"{len(left)} of the {len(row_cases())} cases on rows are still to be run."]
    planted = planted | results.get("planted on rows", {})
    if planted:
        lines += [
            "",
            "## Errors planted on purpose",
            "",
            "Each of these samplers has an error that the ranks must show.",
            "",
            "| error and case | smallest p | parameter |",
            "|---|---|---|",
        ]
        for name, entry in planted.items():
            which = min(entry["p"], key=entry["p"].__getitem__)
            lines.append(f"| {name} | {entry['p'][which]:.1g} | {which} |")
        lines += ["", "![Errors planted on purpose: the ranks leave the band](calibration/planted.png)"]
    if results.get("coverage"):
        lines += _coverage(results["coverage"])
    return lines


def _coverage(cases: dict[str, Any]) -> list[str]:
    n = next(iter(cases.values()))["n"]
    lines = [
        "",
        "## Coverage",
        "",
        f"The share of equal-tailed intervals that hold the truth, over {n} data sets. The number in brackets is its "
        "distance from the level, in standard errors.",
        "",
        "| case | interval of | 50% | 90% | 95% |",
        "|---|---|---|---|---|",
    ]
    for name, entry in cases.items():
        for of, shares in entry["covered"].items():
            cells = [
                f"{100 * s:.1f} ({d:+.1f})" for s, d in zip(shares, entry["deviations"][of], strict=True)
            ]
            lines.append(f"| {name} | {of} | {' | '.join(cells)} |")
    worst = max(abs(d) for e in cases.values() for row in e["deviations"].values() for d in row)
    lines += ["", f"The largest distance is {worst:.1f} standard errors. {_TOO_FAR:g} would be too far."]
    return lines


def _draw(entries: dict[str, Any], title: str, file: Path) -> None:
    """Draw the ranks of each case in a panel of its own."""
    from matplotlib.figure import Figure

    n_rows = -(-len(entries) // _COLUMNS)
    figure = Figure(figsize=(3.4 * _COLUMNS, 2.5 * n_rows + 1.0), layout="constrained")
    axes = figure.subplots(n_rows, _COLUMNS, squeeze=False).ravel()
    share = np.arange(1, N_DRAWS + 1) / (N_DRAWS + 1)
    handles: dict[str, Any] = {}
    for ax, (name, entry) in zip(axes, entries.items(), strict=False):
        m = len(next(iter(entry["ranks"].values())))
        low, high = band(m, N_DRAWS)
        handles["95% by chance"] = ax.fill_between(
            share, low - share, high - share, color="0.88", linewidth=0
        )
        for which, ranks in entry["ranks"].items():
            counts = np.bincount(ranks, minlength=N_DRAWS + 1)
            kind = _KINDS.get(which, "coefficients")
            (handles[kind],) = ax.plot(
                share, np.cumsum(counts)[:-1] / m - share, linewidth=1.1, alpha=0.9, **_LOOKS[kind]
            )
        ax.set_title(
            name.replace(": ", "\n").replace(" on rows, ", " on rows,\n").replace(", σ", "\nσ", 1)
            .replace(", dispersion", "\ndispersion").replace(", scale", ",\nscale"),
            fontsize=10,
        )  # fmt: skip
        ax.set_xlim(0.0, 1.0)
        ax.tick_params(labelsize=9)
    for ax in axes[len(entries) :]:
        ax.set_visible(False)
    figure.supxlabel("rank of the truth among the draws, as a share")
    figure.supylabel("share of simulations below, less the uniform share")
    figure.legend(
        [handles[kind] for kind in (*_LOOKS, "95% by chance") if kind in handles],
        [kind for kind in (*_LOOKS, "95% by chance") if kind in handles],
        title=title,
        loc="outside upper center",
        ncols=5,
        frameon=False,
    )
    figure.savefig(file, dpi=100)
