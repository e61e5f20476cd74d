"""How a scale was chosen, or is to be, in the words of the command's options or of Python's arguments."""

from ...selection.scale_selection import ScaleSelection
from ..fitted import Fit

_WIDER = 2.0  # times the weakest that was compared


def selection_sentences(selection: ScaleSelection, *, in_command: bool) -> list[str]:
    """Say which scale was chosen by what, and how to go on if it is the weakest that was compared."""
    first, *at_edge = str(selection).splitlines()
    if in_command and selection.edge == "weakest":
        model = selection.model
        units = " --relative-to-noise" if model.prior.relative_to_noise else ""
        columns = " --standardize" if model.standardize else ""
        wider = f"--scale {_WIDER * selection.scale:.3g}{units}{columns}"
        at_edge = [f"It is the weakest of the compared priors; {wider} is {_WIDER:g} times as wide."]
    return [f"{first}.", *at_edge]


def methods(fit: Fit, *names: str) -> str:
    """Return what asks for methods: "--scale cv or --scale evidence", "'cv' or 'evidence'"."""
    return " or ".join(f"--scale {name}" if fit.in_command else repr(name) for name in names)
