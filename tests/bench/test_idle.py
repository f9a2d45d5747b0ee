"""Which commands of idle workers are counted."""

from redisched.bench.idle import commands_of_each, woken
from redisched.bench.watching import Sent, watched
from redisched.embedded import Persistence, PrivateServer
from redisched.embedded.private import Transport
from redisched.store.broker import connect

OWNERS = {"a:1": "one", "a:2": "one", "b:1": "two"}
PRODUCER = "p:1"


def enqueued(at_s: float) -> Sent:
    return Sent(at_s, PRODUCER, "EVALSHA x")


def test_the_commands_of_all_connections_of_a_worker_count_and_no_others() -> None:
    sent = [Sent(1.0, address, "BLPOP x") for address in ("a:1", "a:2", "a:1", PRODUCER)]

    assert commands_of_each(sent, OWNERS, ["one", "two"]) == [3, 0]


def test_a_worker_that_acts_soon_after_an_enqueue_was_woken_by_it() -> None:
    sent = [enqueued(1.0), Sent(1.001, "a:1", "EVALSHA"), Sent(1.002, "a:2", "EVALSHA"), Sent(1.5, "b:1", "BLPOP")]

    assert woken(sent, OWNERS, 0.01) == 1.0
    assert woken([*sent, Sent(1.003, "b:1", "EVALSHA")], OWNERS, 0.01) == 2.0


def test_the_number_of_woken_workers_is_averaged_over_several_enqueues() -> None:
    sent = [enqueued(1.0), Sent(1.001, "a:1", "EVALSHA"), enqueued(2.0)]

    assert woken(sent, OWNERS, 0.01) == 0.5


def test_workers_that_act_without_a_wake_up_are_subtracted() -> None:
    by_themselves = [Sent(0.995, "b:1", "BLPOP"), Sent(1.005, "b:1", "BLPOP")]

    assert woken([*by_themselves, enqueued(1.0)], OWNERS, 0.01) == 0.0


def test_without_an_enqueue_no_worker_is_woken() -> None:
    assert woken([Sent(1.0, "a:1", "EVALSHA"), Sent(1.0, PRODUCER, "ECHO x")], OWNERS, 0.01) == 0.0


def test_commands_called_by_scripts_do_not_count_as_sent() -> None:
    with PrivateServer(persistence=Persistence.NONE, transport=Transport.LOOPBACK) as server:
        broker = connect(server.url, 5.0)
        client = broker.client()
        client.perform(("PING",))
        with watched(server.url) as sent:
            client.perform(("EVAL", "return redis.call('SET', KEYS[1], 1)", 1, "key"))
            client.perform(("GET", "key"))
        client.perform(("GET", "later"))
        broker.close()

    assert [command.command.split(" ")[0] for command in sent] == ["EVAL", "GET"]
    assert len({command.address for command in sent}) == 1
