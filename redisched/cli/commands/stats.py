"""`redisched stats`: what workers did lately."""

import click

from redisched.activity import Activity, AttemptEnd, percentile_ms
from redisched.cli.parameters import json_option, seconds, url_option
from redisched.cli.refreshing import print_reading, show_reading, watch_option
from redisched.cli.session import session
from redisched.cli.tables import print_table
from redisched.client.stats import Stats
from redisched.records.stats import OTHERS, stats_record
from redisched.times import duration

_HEADINGS = (
    *("QUEUE", "HANDLER", "ENDED", "PER MIN", "FAILED", "DEAD", "RETURNED"),
    *("WAIT P50", "WAIT P95", "RUN P50", "RUN P95"),
)
_RETURNED = (AttemptEnd.CRASHED, AttemptEnd.LEASE_EXPIRED, AttemptEnd.RELEASED, AttemptEnd.SNOOZED)


@click.command()
@click.option("--since", type=seconds, default="1h", show_default=True, metavar="DURATION", help="At most 30d.")
@click.option("--queue", metavar="NAME", help="Only this queue.")
@watch_option
@url_option
@json_option
def stats(since: float, queue: str | None, is_watched: bool, url: str | None, as_json: bool) -> None:
    """Print what workers did lately, by queue and handler.

    ENDED tasks will not run again. FAILED attempts are tried again, DEAD tasks are not. RETURNED ones went back to the
    queue for another reason: a process died, a lease expired, a worker stopped, or the handler snoozed. WAIT is the
    time between the due time of a task and the start of the attempt, RUN that from there to its end; P95 is the time
    that 95 of 100 did not exceed. Percentiles are right within a factor of two.

    Up to five seconds are missing: workers tell every five seconds what they did. A time of more than three hours is
    rounded up to whole hours.

    JSON: from_ms, now_ms, step_ms, total, rows (by queue and handler) and series (by minute or hour, with begin_ms); in
    each of these: ended, the number of attempts by their end (succeeded, failed, dead, cancelled, expired, lost,
    crashed, lease_expired, refused, released, snoozed), and wait_p50_ms, wait_p95_ms, run_p50_ms, run_p95_ms. With
    --watch, one such record on a line for each reading.
    """

    def show(found: Stats) -> None:
        if as_json:
            print_reading(stats_record(found), is_watched)
        elif found.rows:
            print_table(_HEADINGS, _rows(found))
        else:
            click.echo("No worker did anything in this time.")

    with session(url) as opened:
        show_reading(lambda: opened.scheduler.stats(since, queue=queue), show, is_watched)


def _rows(found: Stats) -> list[tuple[object, ...]]:
    rows = [
        (key.queue or OTHERS, key.handler or OTHERS, *_cells(one, found.minutes))
        for key, one in sorted(found.rows.items())
    ]
    return rows if len(rows) == 1 else [*rows, ("all", "", *_cells(found.whole, found.minutes))]


def _cells(activity: Activity, minutes: float) -> tuple[object, ...]:
    durations = [
        "" if found is None else duration(round(found))
        for buckets in (activity.waits, activity.runs)
        for found in (percentile_ms(buckets, 0.5), percentile_ms(buckets, 0.95))
    ]
    returned = sum(activity.number(end) for end in _RETURNED)
    failed, dead = activity.number(AttemptEnd.FAILED), activity.number(AttemptEnd.DEAD)
    return activity.ended, f"{activity.ended / minutes:,.1f}", failed, dead, returned, *durations
