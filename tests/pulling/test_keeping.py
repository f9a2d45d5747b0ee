"""Leases are kept while their block runs, and tasks of programs that are gone come back."""

from redisched import Scheduler, TaskState
from redisched.store.broker import Broker
from redisched.store.store import Store
from tests.engine.running import look
from tests.pulling.blocks import Pull
from tests.waiting import wait_until


def lease_until_ms(app: Scheduler, task_id: str) -> int:
    until_ms = look(app.broker, task_id, "mail").lease_until_ms
    assert until_ms is not None
    return until_ms


def test_a_block_that_runs_longer_than_its_lease_keeps_it(app: Scheduler, pull: Pull) -> None:
    ref = app.enqueue("send", queue="mail")

    with pull.claim(lease=0.5) as (lease,):
        first_ms = lease_until_ms(app, ref.id)
        wait_until(lambda: look(app.broker, ref.id, "mail").now_ms > first_ms + 500, "the first lease would be over")
        assert not lease.lost
        assert pull(lease.ack) is TaskState.SUCCEEDED


def test_a_task_counts_as_started_once_it_was_read(app: Scheduler, pull: Pull) -> None:
    refs = [app.enqueue("send", number, queue="mail") for number in range(2)]

    with pull.claim(n=2, lease=0.5) as (read, _):
        assert read.task.args == (0,)
        wait_until(lambda: refs[0].status() is TaskState.RUNNING, "a renewal has told of the start")
        assert refs[1].status() is TaskState.LEASED


def test_an_extended_lease_is_not_shortened_by_renewals_or_reapers(app: Scheduler, pull: Pull, broker: Broker) -> None:
    ref, other = app.enqueue("send", queue="mail"), app.enqueue("send", queue="mail")

    with pull.claim(n=2, lease=1) as (lease, _):
        pull(lease.extend, 3600)
        extended_ms, other_ms = lease_until_ms(app, ref.id), lease_until_ms(app, other.id)
        wait_until(lambda: lease_until_ms(app, other.id) > other_ms + 500, "the leases have been renewed")
        assert lease_until_ms(app, ref.id) == extended_ms
        pull(lease.extend, 0.5)
        assert lease_until_ms(app, ref.id) < extended_ms
        assert not lease.lost


def test_a_lease_of_a_program_that_is_gone_is_reaped_by_one_that_waits(
    app: Scheduler, pull: Pull, broker: Broker
) -> None:
    ref = app.enqueue("send", queue="mail")
    gone = app.claim("mail", lease=0.5)
    (lease,) = gone.__enter__()
    assert lease.task.id == ref.id
    # As if the process were killed: nothing is renewed, and nothing is given back.
    gone._block.stop()

    with pull.claim(lease=0.5, wait=30) as (again,):
        assert again.task.id == ref.id
        assert again.fence > lease.fence

    assert look(broker, ref.id, "mail").crashes == 1


def test_results_of_a_queue_without_workers_are_forgotten(app: Scheduler, pull: Pull, broker: Broker) -> None:
    ref = app.enqueue("send", queue="mail")
    with pull.claim() as (lease,):
        pull(lease.ack)
    keys = Store(broker.script_runner, "mail").keys
    broker.client().perform(("ZADD", keys.finished, "1", ref.id))
    broker.client().perform(("DEL", keys.reaper))

    with Scheduler(broker=broker).claim("mail") as leases:
        assert leases == ()

    assert ref.status() is TaskState.UNKNOWN
