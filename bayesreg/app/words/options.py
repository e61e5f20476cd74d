"""What Python's arguments are called among the options of the command."""

_WORDS = (
    ("Give `noise_scale`", "Give --noise-scale"),
    ("Give a known noise_scale", "Give --noise-scale"),
    ("a prior on noise_scale that avoids 0", "a noise that is known (--noise-scale)"),
    ('method="whitened" or a larger num_samples', "a larger --draws"),
    ("rescale=True gives", "`bayesreg translate` with --rescale gives"),
    ("missing='drop' leaves", "--drop-missing leaves"),
    ("Give `folds` a number, or a column of fewer values", "Give --folds, or a column of fewer values"),
    ("num_samples", "--draws"),
    ("num_warmup", "--warmup"),
)


def in_options(message: str) -> str:
    """Return a message to somebody who writes Python as one to somebody who has the command."""
    for argument, option in _WORDS:
        message = message.replace(argument, option)
    return message
