"""An entry of a file in quotes, for a reader."""


def in_quotes(entry: object) -> str:
    """Quote an entry as it looks: blanks of any kind, which Python escapes, are blanks."""
    return repr("".join(" " if letter.isspace() else letter for letter in str(entry)))
