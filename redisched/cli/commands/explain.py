"""`redisched explain`: says in a sentence why a task is not running."""

import click

from redisched.cli.explanation_text import print_explanation
from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, queue_option, url_option
from redisched.cli.session import session
from redisched.errors import UnknownTask
from redisched.records.explanation import explanation_record


@click.command()
@click.argument("task_id", metavar="ID")
@queue_option
@url_option
@json_option
def explain(task_id: str, queue: str | None, url: str | None, as_json: bool) -> None:
    """Say in a sentence why a task is not running.

    It also says what to do about it, if anything. Nothing is changed.

    JSON: id, queue, shard, state, now_ms, reason, sentence, advice, further[reasons that hold besides], position (how
    many due tasks of its shard are claimed before it), expected_start_ms, worker, since_ms, until_ms, error,
    deadline_ms. A value that is not known is null. Times are the server's, in milliseconds since 1970.
    """
    with session(url) as opened:
        view = opened.find(task_id, queue)
        if view is None:
            raise UnknownTask(task_id)
        explanation = opened.explain(view)
    if as_json:
        print_json(explanation_record(explanation))
    else:
        print_explanation(explanation)
