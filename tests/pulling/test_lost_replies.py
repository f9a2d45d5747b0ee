"""Replies of Redis get lost while a program pulls: nothing is claimed twice, and each settlement counts once."""

from collections.abc import Callable, Iterator

import pytest

from redisched import Scheduler, TaskLease, TaskState
from redisched.chaos import Action, Fault, Message, Proxy
from redisched.config import Settings
from redisched.errors import BrokerUnavailable
from redisched.store.scripts import load_script
from tests.brokers import BrokerKind, Servers, on_each_primary
from tests.engine.running import counts, look
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

FAULTY = ("claim", "ack", "retry", "bury", "release", "snooze")


@pytest.fixture
def proxy(servers: Servers) -> Iterator[Proxy]:
    with Proxy(servers.url(BrokerKind.VALKEY)) as proxy:
        yield proxy


@pytest.fixture
def app(proxy: Proxy) -> Iterator[Scheduler]:
    app = Scheduler(settings=Settings(url=proxy.url))
    on_each_primary(app.broker, "FLUSHALL")
    for name in FAULTY:
        # Else the reply that gets lost is the one that says that the server does not know the script.
        on_each_primary(app.broker, "SCRIPT", "LOAD", load_script(name).flagged)
    yield app
    app.close()


def lost(script: str, occurrence: int | None = 1) -> Fault:
    return Fault(script=script, occurrence=occurrence, message=Message.REPLY, action=Action.CUT)


def test_a_claim_whose_reply_is_lost_is_answered_again(app: Scheduler, proxy: Proxy) -> None:
    refs = [app.enqueue("send", number, queue="mail") for number in range(4)]
    proxy.set(lost("claim"))

    with app.claim("mail", n=2) as leases:
        assert [lease.task.id for lease in leases] == [ref.id for ref in refs[:2]]
        assert counts(app.broker, "mail").leased == 2


def test_what_a_claim_took_that_failed_comes_with_the_next_one(app: Scheduler, proxy: Proxy) -> None:
    ref = app.enqueue("send", queue="mail")
    hasty = Scheduler(settings=Settings(url=proxy.url, timeout_s=0.2))
    proxy.set(lost("claim", None))
    with pytest.raises(BrokerUnavailable), hasty.claim("mail"):
        raise AssertionError("the block has begun")
    proxy.set()
    assert ref.status() is TaskState.LEASED

    with hasty.claim("mail") as (lease,):
        assert lease.task.id == ref.id
    hasty.close()


SETTLEMENTS: dict[str, tuple[str, Callable[[TaskLease], TaskState], TaskState]] = {
    "ack": ("ack", lambda lease: lease.ack(1), TaskState.SUCCEEDED),
    "retry": ("retry", lambda lease: lease.retry(), TaskState.RETRYING),
    "bury": ("bury", lambda lease: lease.bury("no"), TaskState.DEAD),
    "release": ("release", lambda lease: lease.release(), TaskState.READY),
    "release after a delay": ("snooze", lambda lease: lease.release(60), TaskState.SCHEDULED),
}


@pytest.mark.parametrize(("script", "settle", "state"), SETTLEMENTS.values(), ids=SETTLEMENTS)
def test_a_settlement_whose_reply_is_lost_counts_once(
    app: Scheduler, proxy: Proxy, script: str, settle: Callable[[TaskLease], TaskState], state: TaskState
) -> None:
    ref = app.enqueue("send", queue="mail")

    with app.claim("mail") as (lease,):
        assert lease.task.id == ref.id
        proxy.set(lost(script))
        assert settle(lease) is state

    assert ref.status() is state
    assert look(app.broker, ref.id, "mail").attempts == int(script in ("ack", "retry"))


def test_a_settlement_that_got_no_reply_can_be_made_again(app: Scheduler, proxy: Proxy) -> None:
    ref = app.enqueue("send", queue="mail")
    hasty = Scheduler(settings=Settings(url=proxy.url, timeout_s=0.2))

    with hasty.claim("mail") as (lease,):
        proxy.set(lost("ack", None))
        with pytest.raises(BrokerUnavailable):
            lease.ack("sent")
        proxy.set()
        assert lease.ack("sent") is TaskState.SUCCEEDED
    hasty.close()

    assert ref.result(5) == "sent"


def test_a_lease_that_cannot_be_renewed_may_be_lost_once_it_is_over(app: Scheduler, proxy: Proxy) -> None:
    app.enqueue("send", queue="mail")
    hasty = Scheduler(settings=Settings(url=proxy.url, timeout_s=0.2))

    proxy.set(*(Fault(script=name, message=Message.REQUEST, action=Action.CUT) for name in ("renew", "reap")))
    with hasty.claim("mail", lease=1) as (lease,):
        wait_until(lambda: lease.lost, "the lease to be over")
        proxy.set()
        assert lease.ack() is TaskState.SUCCEEDED
        assert not lease.lost
    hasty.close()


def test_a_block_ends_though_redis_does_not_take_back_what_is_left(
    app: Scheduler, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    app.enqueue("send", queue="mail")
    hasty = Scheduler(settings=Settings(url=proxy.url, timeout_s=0.2))

    with hasty.claim("mail"):
        proxy.set(Fault(script="release", message=Message.REQUEST, action=Action.CUT))
    proxy.set()
    hasty.close()

    assert "could not give back 1 task of queue mail, which others get when the leases end" in caplog.text
    assert counts(app.broker, "mail").leased == 1
