"""One look for every picture: Okabe and Ito's palette, told apart by colour-blind readers, and styles for grey."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "h")
DARK = "0.15"
_MOST_LETTERS = 32


def shown(name: str) -> str:
    """Return a name that matplotlib shows as it is: $ starts no formula, a leading _ hides nothing."""
    short = name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
    return f" {short}".replace("$", r"\$") if short.startswith("_") else short.replace("$", r"\$")
