"""The command, as its script and `python -m bayesreg` run it."""

from .app.own_process import own_process


def run() -> None:
    """Run one command in a process of its own."""
    own_process()
    from .app.cli import main  # what is imported from here on is searched seldom

    main(prog_name="bayesreg")


if __name__ == "__main__":
    run()
