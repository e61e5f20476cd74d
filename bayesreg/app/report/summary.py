"""What stands at the head of a page: what was fitted, what it says, how sure it is, what to do next."""

from typing import NamedTuple

from ..fitted import Fit
from ..words.cautions import cautions
from ..words.headline import longer
from ..words.model_text import described, is_weighted
from .results import findings, sureness
from .section import Origin, count


class Step(NamedTuple):
    """A thing to do, and the line that does it, if one does."""

    text: str
    code: str | None = None


class Summary(NamedTuple):
    """The head of a page.

    Attributes
    ----------
    facts : list of (label, text)
    findings, sureness, cautions : list of str
        Sentences.
    steps : list of Step
    """

    facts: list[tuple[str, str]]
    findings: list[str]
    sureness: list[str]
    cautions: list[str]
    steps: list[Step]


def summary(fit: Fit, origin: Origin) -> Summary:
    """Sum up a fit for somebody who reads no further."""
    against = list(cautions(fit))
    found = findings(fit, in_command=origin.language == "Command")
    return Summary(_facts(fit, origin), found, sureness(fit), against, _steps(fit, origin, against))


def _facts(fit: Fit, origin: Origin) -> list[tuple[str, str]]:
    weights = f"; weights sum to {fit.data.sum_weights:g}" if is_weighted(fit.data) else ""
    chains = int(fit.tree["posterior"].sizes["chain"])
    labels = f", of which 1 is {fit.target.event}" if fit.is_yes_or_no else ""
    facts = [
        ("response", f"{origin.response}{labels}"),
        ("data", f"{_rows(fit, origin)}, {count(fit.data.n_features, 'column')}{weights}"),
        ("model", f"{fit.words.name}: {described(fit.model)}"),
    ]
    if fit.held_out is not None:
        facts.append(("held out", str(fit.held_out)))
    if fit.selection is not None:
        facts.append(("scale chosen by", fit.selection.method))
    facts.append(("posterior", f"{count(chains, 'chain')} of {count(fit.n_draws_a_chain, 'draw')} each"))
    return facts


def _rows(fit: Fit, origin: Origin) -> str:
    n = fit.data.n_samples
    return count(n, "row") if not origin.n_dropped else f"{n} of {n + origin.n_dropped} rows"


def _steps(fit: Fit, origin: Origin, against: list[str]) -> list[Step]:
    """Say what a careful person would do with this fit."""
    steps = []
    if against:
        steps.append(Step("Settle the cautions first: until then the intervals may mislead."))
    if fit.diagnostics is None or fit.diagnostics.complaints:
        said = longer(fit) if fit.in_command else f"regressor.sample({longer(fit)})"
        steps.append(
            Step(
                "These draws are not to be relied on. Sample longer:",
                said,
            )
        )
    if fit.check is not None:
        steps.append(
            Step(
                f"Look at the predictive check{'' if fit.is_yes_or_no else ' and at the residuals'}. "
                f"{'It shows' if fit.is_yes_or_no else 'They show'} a wrong shape of the model, which nothing else on "
                "this page does."
            )
        )
    steps += _choose_scale(fit, origin)
    steps.append(Step("Predict new rows, each with its interval:", origin.predicts))
    steps.append(Step("Fit the same penalty elsewhere: the lines to paste are near the end of this page."))
    return steps


def _choose_scale(fit: Fit, origin: Origin) -> list[Step]:
    """Offer the choice of a scale that is one number and was not chosen."""
    scales = fit.model.prior.scales().values()
    if (
        fit.selection is not None
        or not fit.model.likelihood.is_convex
        or not scales
        or not all(s is None or isinstance(s, float) for s in scales)
    ):
        return []
    whose = "the default" if None in scales else "the one that was given"
    option = "--scale cv" if origin.language == "Command" else "scale_selection='cv'"
    return [Step(f"The prior's scale is {whose}. Let the data choose one, and see what changes:", option)]
