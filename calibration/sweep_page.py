"""The sweep's page, made from its results alone."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .judge import CRITICAL, LEAST_ESS

VERDICTS = ("right", "right, warned", "told", "silent", "refused")
_WORDS = {
    "fixed": "scales that are numbers",
    "scales": "sampled scales",
    "wide": "more columns than rows",
}


def sweep_page(results: dict[str, Any], docs: Path) -> None:
    """Write docs/calibration/sweep.md."""
    folder = docs / "calibration"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sweep.md").write_text("\n".join(_lines(results)) + "\n")


def _lines(results: dict[str, Any]) -> list[str]:
    kinds = {kind: entries for kind, entries in results["cases"].items() if entries}
    every = [entry for entries in kinds.values() for entry in entries.values()]
    silent = sum(entry["verdict"] == "silent" for entry in every)
    lines = [
        "# A sweep of posteriors whose answers are known",
        "",
        f"Made by `{results['command'].strip()}` (`make sweep`) on {results['date']}.",
        "",
        f"{len(every)} random posteriors are sampled at default settings. The draws are compared with exact answers: "
        "the mean and sd of every coefficient, of log σ and of the log of a sampled scale, and the mass of each bulk "
        "of σ. The answers come from quadrature over σ and the scale, without this package. Under a Laplace prior with "
        "more columns than rows, and with columns in general position, they come from a long run of another sampler, "
        "which crosses between bulks on a ladder of σ.",
        "",
        f"A test fails if an error is beyond {CRITICAL:.2f} Monte Carlo errors: those of these draws, by their own "
        f"effective number, or those of {LEAST_ESS:.0f} independent draws. In one of twenty whole sweeps a test would "
        f"fail by chance. **{_count(silent)} wrong in silence.**",
        "",
        "| verdict | tests | a warning, or a certificate that fails |",
        "|---|---|---|",
        "| right | all pass | no |",
        "| right, warned | all pass | yes |",
        "| told | some fail | yes |",
        "| silent | some fail | no |",
        "| refused | none: sampling ended with an error | – |",
        "",
        *_summary("kind", ((_WORDS[kind], entries.values()) for kind, entries in kinds.items())),
        "",
        *_summary("sampler", _grouped(every, lambda entry: entry.get("sampler", "none"))),
        "",
        *_summary("posterior", _grouped(every, _sort)),
        "",
        *_certificates(every),
    ]
    wrong = [
        (kind, number, entry)
        for kind, entries in kinds.items()
        for number, entry in entries.items()
        if entry["verdict"] in ("silent", "told", "refused")
    ]
    if wrong:
        lines += [
            "## Not right",
            "",
            "| case | posterior | sampler | largest error | verdict | warning |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {kind} {number} | {entry['text']} | {entry.get('sampler', '')} | {entry.get('worst', '')} "
            f"| {entry['verdict']} | {_short(entry['warning'])} |"
            for kind, number, entry in wrong
        ]
    for kind, entries in kinds.items():
        lines += [
            "",
            f"## Every case: {_WORDS[kind]}",
            "",
            f"`python -m calibration.sweep --kind {kind} --only NUMBER` prints everything about one case.",
            "",
        ]
        lines += [
            "| case | posterior | sampler | largest z | certificate's z | verdict |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {number} | {entry['text']} | {entry.get('sampler', '')} | {entry.get('z', '')} "
            f"| {_certificate(entry)} | {entry['verdict']} |"
            for number, entry in entries.items()
        ]
    return lines


def _count(silent: int) -> str:
    return "None is" if not silent else f"{silent} {'is' if silent == 1 else 'are'}"


def _sort(entry: dict[str, Any]) -> str:
    bulks = "two bulks or more" if len(entry.get("bulks", ())) > 1 else "one bulk"
    return f"{entry['text'].split(',')[0]}, {bulks}"


def _grouped(
    entries: list[dict[str, Any]], key: Callable[[dict[str, Any]], str]
) -> Iterable[tuple[str, Any]]:
    for name in sorted({key(entry) for entry in entries}):
        yield name, [entry for entry in entries if key(entry) == name]


def _summary(first: str, groups: Iterable[tuple[str, Any]]) -> list[str]:
    """Return a table of verdicts with one row for each group."""
    lines = [f"| {first} | posteriors | {' | '.join(VERDICTS)} | largest z if right | median seconds |"]
    lines.append("|---" * (len(VERDICTS) + 4) + "|")
    for name, group in groups:
        entries = list(group)
        counts = Counter(entry["verdict"] for entry in entries)
        right = [entry["z"] for entry in entries if entry["verdict"].startswith("right")]
        seconds = sorted(entry["seconds"] for entry in entries if "seconds" in entry)
        cells = [str(counts[verdict]) for verdict in VERDICTS]
        cells += [
            f"{max(right):.1f}" if right else "",
            f"{seconds[len(seconds) // 2]:.2f}" if seconds else "",
        ]
        lines.append(f"| {name} | {len(entries)} | {' | '.join(cells)} |")
    return lines


def _certificates(every: list[dict[str, Any]]) -> list[str]:
    judged = [entry for entry in every if entry.get("certified") is not None]
    if not judged:
        return []
    counts = Counter((entry["verdict"].startswith("right"), entry["certified"]) for entry in judged)
    return [
        "| the certificate | right | wrong |",
        "|---|---|---|",
        f"| holds | {counts[True, 1]} | {counts[False, 1]} |",
        f"| fails | {counts[True, 0]} | {counts[False, 0]} |",
        "",
    ]


def _certificate(entry: dict[str, Any]) -> str:
    if entry.get("certified") is None:
        return ""
    z = entry.get("certificate_z")
    return ("" if z is None else f"{z:.1f}") + ("" if entry["certified"] else ", fails")


def _short(warning: str) -> str:
    return warning if len(warning) <= 90 else f"{warning[:89]}…"
