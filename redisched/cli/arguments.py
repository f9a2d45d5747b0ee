"""Turns words of the command line into the arguments of a task."""

import json
import re
from typing import Any

import click

_NUMBER = re.compile(r"-\.?\d.*")


class CommandTakingNumbers(click.Command):
    """A command that accepts negative numbers such as -5 as arguments, and still refuses unknown options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.ignore_unknown_options = True
        before_dashes = args[: args.index("--")] if "--" in args else args
        known = {option for parameter in self.get_params(ctx) for option in parameter.opts}
        for word in before_dashes:
            option = word.partition("=")[0]
            if len(word) > 1 and word.startswith("-") and option not in known and not _NUMBER.fullmatch(word):
                raise click.NoSuchOption(option, possibilities=sorted(known), ctx=ctx)
        return super().parse_args(ctx, args)


def value_of(word: str) -> Any:
    """Return the value of a word: parsed if it is JSON, else the word as text. A word in JSON quotes is text."""
    try:
        return json.loads(word, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return word


def keywords_of(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Return the keyword arguments in pairs such as size=3. Raises BadParameter for a malformed or repeated key."""
    keywords: dict[str, Any] = {}
    for pair in pairs:
        key, equals, word = pair.partition("=")
        if not (key and equals):
            raise click.BadParameter(f"{pair!r} is not of the form KEY=VALUE", param_hint="--kwarg")
        if key in keywords:
            raise click.BadParameter(f"{key!r} is given twice", param_hint="--kwarg")
        keywords[key] = value_of(word)
    return keywords


def _refuse(constant: str) -> Any:
    """Reject NaN and Infinity, which json.loads accepts but JSON does not have."""
    raise ValueError(constant)
