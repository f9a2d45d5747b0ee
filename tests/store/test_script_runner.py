"""Scripts reach a server that lost them, or that does not know their flags."""

from typing import Any

import pytest

from redisched.errors import BrokerRefused
from redisched.store.broker import Broker
from redisched.store.operation import ScriptMissing, ScriptRejected, ScriptRunner, run
from redisched.store.scripts import load_script
from redisched.store.store import Store
from redisched.store.values import Ack, ClaimRequest, NewTask, Status
from tests.brokers import BrokerKind
from tests.store.scripted import ScriptedClient

pytestmark = [pytest.mark.differs_by_server, pytest.mark.differs_by_routing]

ACK = load_script("ack")
MISSING, REJECTED = ScriptMissing("NOSCRIPT"), ScriptRejected("unexpected symbol near '#'")


def call_ack(script_runner: ScriptRunner, replies: list[Any]) -> list[tuple[Any, Any]]:
    """The commands that one call takes, without what follows the source or the digest."""
    client = ScriptedClient(replies)
    run(script_runner.call("ack", ["key"], ["argument"]), client)
    return [(command[0], command[1]) for command in client.commands]


def test_a_loaded_script_costs_one_command() -> None:
    client = ScriptedClient([[b"ACKED"]])

    assert run(ScriptRunner().call("ack", ["k1", "k2"], ["a", 7, b"\0"]), client) == [b"ACKED"]

    assert client.commands == [("EVALSHA", ACK.flagged_sha, 2, "k1", "k2", "a", 7, b"\0")]


def test_a_missing_script_is_loaded_by_the_call() -> None:
    assert call_ack(ScriptRunner(), [MISSING, []]) == [("EVALSHA", ACK.flagged_sha), ("EVAL", ACK.flagged)]


def test_whether_a_server_knows_flags_is_asked_once() -> None:
    script_runner = ScriptRunner()

    assert call_ack(script_runner, [MISSING, REJECTED, MISSING, []]) == [
        ("EVALSHA", ACK.flagged_sha),
        ("EVAL", ACK.flagged),
        ("EVALSHA", ACK.plain_sha),
        ("EVAL", ACK.plain),
    ]
    assert call_ack(script_runner, [[]]) == [("EVALSHA", ACK.plain_sha)]


def test_another_error_does_not_load_the_script_again() -> None:
    client = ScriptedClient([BrokerRefused("EVALSHA", "WRONGTYPE")])

    with pytest.raises(BrokerRefused):
        run(ScriptRunner().call("ack", [], []), client)

    assert len(client.commands) == 1


def test_scripts_that_a_server_lost_between_calls_are_loaded_again(broker: Broker) -> None:
    store, client = Store(broker.script_runner, "mail"), broker.client()
    request = ClaimRequest(worker="w", nonce="n", limit=1, ahead_ms=0, ahead_limit=0, lease_ms=1_000)

    assert run(store.enqueue([NewTask("a", 5, "+0", b"digest-1body")]), client) == [Status.CREATED]
    client.perform(("SCRIPT", "FLUSH"))
    (lease,) = run(store.claim(request), client).leases
    client.perform(("SCRIPT", "FLUSH"))
    acks = [Ack("a", lease.token, 0, b"digest-1end")]
    assert run(store.ack(acks), client) == [Status.ACKED]
    client.perform(("SCRIPT", "FLUSH"))
    assert run(store.ack(acks), client) == [Status.ALREADY]


def test_flags_are_used_if_the_server_knows_them(broker: Broker, request: pytest.FixtureRequest) -> None:
    run(Store(broker.script_runner, "mail").ack([]), broker.client())
    is_fake = request.node.callspec.params["broker"] is BrokerKind.FAKE

    assert call_ack(broker.script_runner, [[]]) == [("EVALSHA", ACK.plain_sha if is_fake else ACK.flagged_sha)]
