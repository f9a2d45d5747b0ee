"""The reference of the command line, in Markdown, made from the commands themselves."""

import inspect
import re
from collections.abc import Iterator

import click

from redisched.cli.main import cli

OR = r"\|"
"""A bar within a cell of a table."""
_SPECIAL = re.compile(r"([\\*_\[\]|#{}])")
_HELP = ("--help", "-h, --help")


def reference() -> str:
    """All commands, each with its usage, its help and its options; groups before their commands."""
    root = click.Context(cli, info_name="redisched")
    return "\n\n".join(part for name in cli.list_commands(root) for part in _command(root, name, 2))


def _command(parent: click.Context, name: str, level: int) -> Iterator[str]:
    assert isinstance(parent.command, click.Group)
    command = parent.command.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    yield f"{'#' * level} {context.command_path}"
    yield f"```text\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```"
    yield from _help(command.help or "")
    yield from _options(command, context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _command(context, inner, level + 1)


def _help(text: str) -> Iterator[str]:
    """The paragraphs of a help text; one that click must not wrap is a block."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield f"```text\n{paragraph[2:]}\n```"
        else:
            yield literal(paragraph)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    # Arguments without a text of their own are in the help of their command.
    shown = [(names, text) for names, text in filter(None, records) if text and names not in _HELP]
    rows = [f"| `{names.replace('|', OR)}` | {literal(text)} |" for names, text in shown]
    if rows:
        yield "\n".join(["| option | what it does |", "|---|---|", *rows])


def literal(text: str) -> str:
    """Markdown that reads as this text does; what stands in backticks stays so, and lines run on."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(
        part if part.startswith("`") else _SPECIAL.sub(r"\\\1", part).replace("<", "&lt;").replace(">", "&gt;")
        for part in parts
    )
