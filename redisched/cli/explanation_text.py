"""Turns the answer to why a task does not run into output of the command line."""

import click

from redisched.explain.explanation import Explanation
from redisched.explain.wording import capitalized
from redisched.printable import printable


def print_explanation(explanation: Explanation) -> None:
    """Print the sentence and, if something can be done, what."""
    click.echo(printable(explanation.sentence))
    if explanation.advice:
        click.echo(printable(capitalized(explanation.advice)))
