"""Help that fits a screen: options in groups, a line each; and help with everything."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any, NamedTuple, final

import click

_WIDTH = 80
_INDENT = 2
_NAMES = 30  # columns for an option's name


class Group(NamedTuple):
    """Options with a title. Those of a group that few need are only named in the short help."""

    title: str
    names: tuple[str, ...]
    by_name: bool = False


_GROUPS = (
    Group("Columns", ("--target", "--features", "--exclude", "--weights", "--data", "--held-out")),
    Group(
        "Missing entries, text, dates",
        (
            "--drop-missing", "--missing", "--missing-level", "--levels", "--reference", "--max-levels",
            "--gather-rare", "--numbers", "--dates",
        ),
        by_name=True,
    ),
    Group("Form of the file", ("--separator", "--decimal", "--encoding", "--comment", "--stream"), by_name=True),
    Group(
        "Model",
        (
            "--family", "--prior", "--scale", "--noise-scale", "--no-intercept", "--from", "--to", "--penalty",
            "--coef", "--intercept",
        ),
    ),
    Group(
        "More of the model",
        ("--positive", "--offset", "--exposure", "--relative-to-noise", "--standardize"),
        by_name=True,
    ),
    Group(
        "Folds of --scale cv, draws",
        ("--folds", "--groups", "--folds-by", "--time-order", "--draws", "--warmup", "--seed"),
        by_name=True,
    ),
)  # fmt: skip
_REST = "Output"


@final
class GroupedCommand(click.Command):
    """A command with `--help` of a screen, and `--help-all` for every word about every option."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if any(group.by_name for group, _ in self._grouped(None)):
            self.params.append(
                click.Option(
                    ["--help-all"],
                    is_flag=True,
                    expose_value=False,
                    is_eager=True,
                    callback=_show_all,
                    help="Show every option in full.",
                )
            )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in groups."""
        in_full = bool(ctx.meta.get(__name__))
        for group, options in self._grouped(ctx):
            if group.by_name and not in_full:
                with formatter.section(f"{group.title} (bayesreg {ctx.info_name} --help-all)"):
                    formatter.write(_names(options))
                continue
            records = [record for one in options if (record := one.get_help_record(ctx)) is not None]
            with formatter.section(group.title):
                if in_full:
                    formatter.write_dl(records)
                else:
                    formatter.write("".join(_line(name, said) for name, said in records))

    def _grouped(self, ctx: click.Context | None) -> list[tuple[Group, list[click.Option]]]:
        parameters = self.params if ctx is None else self.get_params(ctx)
        by_name = {one.opts[0]: one for one in parameters if isinstance(one, click.Option)}
        found = [(group, [by_name.pop(name) for name in group.names if name in by_name]) for group in _GROUPS]
        found.append((Group(_REST, ()), list(by_name.values())))
        return [(group, members) for group, members in found if members]


def _names(options: Sequence[click.Option]) -> str:
    """Return the names of options, none broken at its hyphens."""
    text = ", ".join(option.opts[0] for option in options)
    margin = " " * _INDENT
    lines = wrap(text, _WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def _line(name: str, said: str) -> str:
    """Return an option and the beginning of what is said of it, in one line."""
    name = " ".join(name.replace("INTEGER RANGE", "N").replace("FLOAT RANGE", "P").split())
    room = _WIDTH - _INDENT - _NAMES - 2
    brief = _beginning(said, room)
    return f"{'':{_INDENT}}{_shortened(name, _NAMES):{_NAMES}}  {brief}\n"


def _beginning(said: str, room: int) -> str:
    """Return the first sentence or clause, if it is too long cut at a word."""
    said = said.split("  [")[0]
    for end in (". ", "; ", ": ", ", "):
        if len(said) <= room:
            break
        said = said.split(end)[0]
    if len(said) > room:
        said = said[: room - 1].rsplit(" ", 1)[0] + "…"
    return said.rstrip(".:;,")


def _shortened(name: str, room: int) -> str:
    return name if len(name) <= room else name[: room - 1] + "…"


def _show_all(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(help_in_full(ctx.command, ctx), color=ctx.color)
        ctx.exit()


def help_in_full(command: click.Command, ctx: click.Context) -> str:
    """Return the help of a command with every word about every option."""
    ctx.meta[__name__] = True
    return command.get_help(ctx)
