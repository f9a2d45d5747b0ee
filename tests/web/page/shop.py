"""A shop whose tasks are in every state, for tests of the dashboard and for its pictures."""

import math
from dataclasses import replace
from typing import Any

from redisched.activity import RUNS, WAITS, Activity, AttemptEnd, bucket_of
from redisched.client.scheduler import Scheduler
from redisched.codec import encode_failure
from redisched.model import DeathReason, Failure, Keep
from redisched.orders import WorkerState
from redisched.progress import Progress, encode_lines, encode_progress
from redisched.store.audit import AuditEntry, note
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence, ToldTask, digest_of
from redisched.store.report import Report
from redisched.store.roster import Roster
from redisched.store.tallies import ActivityKey, Batch, Span, Tallies
from redisched.store.values import Bury, FailedAttempt, Renewal
from tests.cli.workshop import Workshop

TRACEBACK = """Traceback (most recent call last):
  File "payments.py", line 31, in charge
    reply = await gateway.post("/charges", json=order.charge())
  File "gateway.py", line 18, in post
    raise TimeoutError("gateway did not answer within 5 s")
TimeoutError: gateway did not answer within 5 s"""
ERRORS = ("TimeoutError: gateway did not answer within 5 s", "ValueError: order {} has no address")
MINUTES = 60
HOURS = 12
LEASE_MS = 600_000


def fill(tasks: Scheduler) -> None:
    """Fill an empty server."""
    mend(tasks)
    wait(tasks)
    run_some(tasks)
    end_some(tasks)
    schedule(tasks)
    staff(tasks)
    remember(tasks)
    act(tasks)


def wait(tasks: Scheduler) -> None:
    """Tasks that are due or scheduled, also in a queue that is paused and in one without workers."""
    for number in range(40):
        tasks.enqueue(
            "mail.send", number, kwargs={"to": f"customer-{number}"}, queue="mail", priority=(0, 3, 5, 7, 9)[number % 5]
        )
    for number in range(12):
        tasks.enqueue("thumbnails.make", f"photo-{number}.jpg", queue="thumbnails")
    for number in range(30):
        tasks.enqueue("reports.weekly", number, queue="reports", delay=3_600 + 60 * number)
    for number in range(7):
        tasks.enqueue("exports.write", number, queue="exports")
    tasks.queue("exports").pause()


def mend(tasks: Scheduler) -> None:
    """Dead tasks of two kinds, and one that waits for another attempt."""
    billing = Workshop(tasks.broker, "billing")
    at = _server_ms(tasks)
    for number in range(6):
        charge(tasks, 40 + number, f"charge-{number}", priority=5)
        lease, error = billing.claim(), ERRORS[number % 2].format(40 + number)
        failure = _failure(5, error, at - 600_000 - number * 60_000, at - 500_000, DeathReason.ATTEMPTS)
        billing.do(billing.store.bury([Bury(lease.id, lease.token, encode_failure(failure))]))
    charge(tasks, 42, "charge-again", priority=3)
    first = _failure(1, "ConnectionError: connection reset by peer", at - 1_290_000, at - 1_200_000)
    billing.retry(billing.claim(), first)
    lease = billing.claim()
    again = encode_failure(_failure(2, ERRORS[0], at - 900_000, at - 480_000))
    billing.do(billing.store.retry([FailedAttempt(lease.id, lease.token, 600_000, again)]))


def charge(tasks: Scheduler, order: int, id: str, priority: int) -> None:
    """Enqueue a payment."""
    secret = {"amount": 19.9, "card_token": "x"}
    tasks.enqueue("payments.charge", order, kwargs=secret, queue="billing", id=id, priority=priority)


def _failure(attempt: int, error: str, started_ms: int, failed_ms: int, reason: str = "") -> Failure:
    return Failure(
        name="payments.charge",
        error=error,
        traceback=TRACEBACK,
        attempt=attempt,
        worker="pay-2:77",
        failed_ms=failed_ms,
        reason=reason,
        due_ms=started_ms - 40_000,
        started_ms=started_ms,
    )


def run_some(tasks: Scheduler) -> None:
    """Tasks that a worker has, of which one tells how far it is."""
    imports = Workshop(tasks.broker, "imports")
    tasks.enqueue("imports.read", "prices.csv", queue="imports", id="import-prices")
    lease = imports.claim()
    at = _server_ms(tasks)
    imports.do(imports.store.renew(LEASE_MS, [Renewal(lease.id, lease.token, at - 42_000)]))
    told = encode_progress(Progress(done=420, total=1_000, note="row 420", at_ms=at, began_ms=at - 42_000))
    lines = b"".join(encode_lines("opened prices.csv\nread 420 rows\n", 1, at))
    imports.do(imports.store.report([Report(lease.id, lease.token, 0, 1, told, lines)]))
    tasks.enqueue("imports.read", "stock.csv", queue="imports", id="import-stock")
    imports.claim()


def end_some(tasks: Scheduler) -> None:
    """Tasks that have ended, with their results."""
    default = Workshop(tasks.broker, "default")
    for number in range(5):
        tasks.enqueue("prices.update", number, queue="default", keep=Keep.TASK)
        default.succeed(default.claim(), {"updated": number, "currency": "EUR"}, Keep.TASK)
    tasks.enqueue("prices.update", 9, queue="default", delay=60).cancel()


def schedule(tasks: Scheduler) -> None:
    """Two schedules, of which one is paused."""
    tasks.schedules.add("nightly-report", "reports.nightly", cron="0 3 * * *", tz="Europe/Berlin", queue="reports")
    tasks.schedules.add("check-stock", "stock.check", every="90s", queue="default")
    tasks.schedules.pause("check-stock")


def staff(tasks: Scheduler) -> None:
    """Three workers, of which one is quiet; none serves `thumbnails`."""
    at = _server_ms(tasks)
    runs = (ToldTask("import-prices", "imports.read", "imports", at - 42_000),)
    window = tuple(ToldTask(f"next-{number}", "mail.send", "mail", at) for number in range(6))
    introduce(
        tasks, "web-3:4121", queues=("mail", "default", "exports"), busy=7, due=6, ahead=3, slots=16, window=window
    )
    introduce(tasks, "web-3:4122", queues=("billing", "imports"), busy=2, due=0, ahead=0, slots=8, running=runs)
    introduce(tasks, "gpu-1:911", queues=("reports",), slots=4, state=WorkerState.QUIET.value)


def introduce(tasks: Scheduler, name: str, *, queues: tuple[str, ...], **said: Any) -> None:
    """Let a worker say that it lives."""
    serves = Deployment(version="0.1.0", app_version="shop 2.1", queues=queues, handlers=("mail.send",)).encode()
    host, _, pid = name.partition(":")
    presence = Presence(
        host=host,
        pid=int(pid),
        up_ms=7_200_000,
        rss_bytes=48_000_000,
        deployment=digest_of(serves),
        live_ms=600_000,
        **said,
    )
    roster = Roster(tasks.broker.script_runner)
    run(roster.introduce(name, presence.encode(), digest_of(serves), serves, 600_000), tasks.broker.client())


def remember(tasks: Scheduler) -> None:
    """What workers did in the last hour, in which one handler slowed down, and in the hours before."""
    tallies, client, now_ms = Tallies(tasks.broker.script_runner), tasks.broker.client(), _server_ms(tasks)
    for minute in range(1, MINUTES):
        rows = {
            ActivityKey("mail", "mail.send"): _activity(140 + round(60 * math.sin(minute / 7)), 2, 12 + minute % 9, 84),
            ActivityKey("billing", "payments.charge"): _activity(18, 9 if minute < 20 else 1, 900, 2_400),
        }
        run(tallies.add("web-3:4121", Batch(minute, now_ms - 60_000 * minute, rows)), client)
    # Workers count only what is younger than an hour.
    for hour in range(2, HOURS):
        key = Span.HOUR.key(Span.HOUR.number_at(now_ms) - hour, tasks.broker.script_runner.prefix)
        client.perform(("HSET", key, "billing/payments.charge", _activity(2_000, 40, 900, 300).encode()))


def act(tasks: Scheduler) -> None:
    """What somebody did by way of the page: one action has ended, the other one was undone."""
    done = AuditEntry(
        event="done",
        action_id="first",
        action="retry",
        who="ann",
        role="operator",
        address="10.0.0.7",
        target='{"filter": "state:dead name:payments.*"}',
        count="14",
        outcomes='{"replayed": 14}',
    )
    undone = replace(
        done, event="undone", action_id="second", action="queue_purge", target='{"queue": "mail"}', outcomes="{}"
    )
    for entry in (replace(done, event="committed"), done, replace(undone, event="committed"), undone):
        run(note(tasks.broker.script_runner, entry), tasks.broker.client())


def _activity(succeeded: int, failed: int, wait_ms: int, run_ms: int) -> Activity:
    activity = Activity()
    activity.counts[AttemptEnd.SUCCEEDED], activity.counts[AttemptEnd.FAILED] = succeeded, failed
    activity.counts[WAITS + bucket_of(wait_ms)] = activity.counts[RUNS + bucket_of(run_ms)] = succeeded + failed
    return activity


def _server_ms(tasks: Scheduler) -> int:
    seconds, microseconds = tasks.broker.client().perform(("TIME",))
    return int(seconds) * 1_000 + int(microseconds) // 1_000
