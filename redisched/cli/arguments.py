"""Typed words as the arguments of a task."""

import json
import re
from typing import Any

import click

_NUMBER = re.compile(r"-\.?\d.*")


class CommandTakingNumbers(click.Command):
    """A command among whose arguments -5 is a number, while an option it does not know is still refused."""

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
    """What a typed word stands for: the value where it is JSON, else its text. "1" in quotes of its own is a text."""
    try:
        return json.loads(word, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return word


def keywords_of(pairs: tuple[str, ...]) -> dict[str, Any]:
    """What typed pairs such as size=3 stand for. Raises BadParameter for what is no pair or given twice."""
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
    """NaN and Infinity are words of Python and not of JSON."""
    raise ValueError(constant)
