"""A fit in words: on a terminal, as a line of code, and where prior and data disagree."""
