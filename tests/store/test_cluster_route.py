"""Finding the right node of a cluster, step by step, without a server."""

from typing import Any

import pytest

from redisched.address import Node
from redisched.errors import BrokerRefused, BrokerUnavailable
from redisched.store.circuit_breaker import OPEN_S, SLOW_S
from redisched.store.cluster import MOST_REDIRECTIONS, REFRESH_S, ClusterRoute
from redisched.store.operation import Command, Redirected, Redirection
from redisched.store.route import Ask, Send, Stream
from redisched.store.slots import slot_of
from redisched.url import parse_address
from tests.store.route_plans import Guide, Now

LOW: Command = ("GET", "b")
HIGH: Command = ("GET", "a")
LAST = 16_383


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def route(now: Now) -> ClusterRoute:
    address = parse_address("redis+cluster://n1:1,n2:2")
    return ClusterRoute(address, now, random=lambda: 0.5)


def slots(*ranges: tuple[int, int, str]) -> list[Any]:
    """What CLUSTER SLOTS tells."""
    told = (place.split(":") for _, _, place in ranges)
    return [
        [first, last, [host.encode(), int(port), b"id"]]
        for (first, last, _), (host, port) in zip(ranges, told, strict=True)
    ]


HALVES = slots((8_192, LAST, "high:2"), (0, 8_191, "low:1"))


def lost(reason: str = "connection refused") -> BrokerUnavailable:
    return BrokerUnavailable(reason, 0.0)


def moved(slot: int, host: str, port: int, kind: Redirection = Redirection.MOVED) -> Redirected:
    return Redirected("GET", f"{kind} {slot} {host}:{port}", slot, host, port, kind)


def lead(route: ClusterRoute, command: Command, *answers: Any) -> Guide:
    """Perform a command, which must succeed."""
    guide = Guide(*answers, b"value")
    assert guide.lead(route.perform((command,))) == b"value"
    return guide


@pytest.mark.parametrize(
    ("command", "slot"),
    [
        (("GET", "a"), 15_495),
        (("GET", b"redisched:{a}:waiting"), 15_495),
        (("EVALSHA", "0" * 40, 2, "redisched:{a}:waiting", "redisched:{a}:tasks", "x"), 15_495),
        (("EVAL", "return 1", "1", "a"), 15_495),
        (("EVAL", "return 1", 0), None),
        (("BLPOP", "a", 8), 15_495),
        (("SCRIPT", "LOAD", "return 1"), None),
        (("TIME",), None),
        (("FLUSHALL",), None),
        (("WAIT", 1, 100), None),
    ],
)
def test_the_slot_of_a_command_is_that_of_its_first_key(command: Command, slot: int | None) -> None:
    assert slot_of(command) == slot


def test_the_slot_map_is_read_once(route: ClusterRoute) -> None:
    first = lead(route, LOW, HALVES)
    second = lead(route, HIGH)

    assert len(first.asked) == 1
    assert first.sent == [("low:1", (LOW,))]
    assert second.asked == []
    assert second.sent == [("high:2", (HIGH,))]
    assert Guide(HALVES).lead(route.primaries()) == [Node("high", 2), Node("low", 1)]


@pytest.mark.parametrize("host", [b"", b"?", None])
def test_a_node_that_does_not_know_its_host_is_at_the_address_that_was_asked(
    route: ClusterRoute, host: bytes | None
) -> None:
    guide = lead(route, LOW, [[0, LAST, [host, 7, b"id"]]])

    assert guide.sent == [("n1:7", (LOW,))]


def test_after_a_moved_redirection_the_call_follows_and_the_slot_map_is_read_again(
    route: ClusterRoute, now: Now
) -> None:
    lead(route, HIGH, HALVES)

    guide = lead(route, HIGH, moved(15_495, "", 9))
    again = lead(route, HIGH)
    now.s += 2 * REFRESH_S
    learnt = lead(route, HIGH, slots((0, LAST, "high:9")))

    assert guide.sent == [("high:2", (HIGH,)), ("high:9", (HIGH,))]
    assert again.sent == learnt.sent == [("high:9", (HIGH,))]
    assert again.asked == []
    assert len(learnt.asked) == 1
    assert route.nodes == {Node("high", 9)}


def test_after_an_ask_redirection_only_this_call_goes_to_the_other_node(route: ClusterRoute) -> None:
    lead(route, HIGH, HALVES)

    guide = lead(route, HIGH, moved(15_495, "new", 3, Redirection.ASK))

    assert guide.sent == [("high:2", (HIGH,)), ("new:3", (("ASKING",), HIGH))]
    assert lead(route, HIGH).sent == [("high:2", (HIGH,))]


def test_a_blocking_wait_that_has_ended_is_not_repeated_on_another_node(route: ClusterRoute) -> None:
    guide = Guide(HALVES, moved(15_495, "new", 3), b"value")

    assert guide.lead(route.perform((("BLPOP", "a", 8), HIGH))) == b"value"

    assert guide.sent == [("high:2", (("BLPOP", "a", 8), HIGH)), ("new:3", (HIGH,))]


def test_a_call_that_is_redirected_too_often_fails(route: ClusterRoute) -> None:
    answers = [moved(15_495, "new", 3), moved(15_495, "high", 2)] * MOST_REDIRECTIONS

    with pytest.raises(BrokerUnavailable, match="to and fro"):
        Guide(HALVES, *answers).lead(route.perform((HIGH,)))


def test_t39_after_the_loss_of_a_node_one_caller_asks_the_others_for_the_slot_map(
    route: ClusterRoute, now: Now
) -> None:
    lead(route, HIGH, HALVES)
    now.s += 2 * REFRESH_S
    with pytest.raises(BrokerUnavailable):
        Guide(lost()).lead(route.perform((HIGH,)))

    guide = lead(route, HIGH, lost(), slots((0, LAST, "low:1")))
    with pytest.raises(BrokerUnavailable):
        Guide(lost()).lead(route.perform((HIGH,)))
    soon = lead(route, HIGH)

    assert guide.sent == soon.sent == [("low:1", (HIGH,))]
    assert len(guide.asked) == 2
    assert soon.asked == []


def test_t39_if_no_node_sends_a_slot_map_the_last_known_one_is_used(route: ClusterRoute, now: Now) -> None:
    lead(route, HIGH, HALVES)
    now.s += 2 * REFRESH_S
    with pytest.raises(BrokerUnavailable):
        Guide(lost()).lead(route.perform((HIGH,)))

    assert lead(route, HIGH, lost(), lost(), lost()).sent == [("high:2", (HIGH,))]


def test_t39_a_node_that_left_the_cluster_is_not_believed(route: ClusterRoute) -> None:
    assert len(lead(route, HIGH, [], HALVES).asked) == 2


def wait_in_vain(route: ClusterRoute, command: Command, now: Now, waited_s: float, answers: int = 0) -> None:
    """Have a call end without an answer after a time, in which so many others were answered."""
    plan = route.perform((command,))
    assert isinstance(plan.send(None), Send)
    for _ in range(answers):
        now.s += 0.01
        Guide(b"value").lead(route.perform((command,)))
    now.s += waited_s
    with pytest.raises(BrokerUnavailable, match="timed out"):
        plan.throw(lost("timed out"))


def test_t39_after_a_timeout_other_calls_to_the_node_fail_at_once_for_a_second(route: ClusterRoute, now: Now) -> None:
    lead(route, HIGH, HALVES)
    wait_in_vain(route, HIGH, now, SLOW_S)

    with pytest.raises(BrokerUnavailable, match="high:2 has just kept another call waiting"):
        Guide(HALVES).lead(route.perform((HIGH,)))
    lead(route, LOW)
    now.s += OPEN_S
    assert lead(route, HIGH).sent == [("high:2", (HIGH,))]
    assert lead(route, HIGH).sent == [("high:2", (HIGH,))]


def test_t39_one_call_at_a_time_tries_whether_a_silent_node_is_back(route: ClusterRoute, now: Now) -> None:
    lead(route, HIGH, HALVES)
    wait_in_vain(route, HIGH, now, SLOW_S)
    now.s += OPEN_S
    first = route.perform((HIGH,))
    # It asked for the map anew, as it was in doubt, and is sent to the node that was silent.
    assert isinstance(first.send(None), Ask)
    assert isinstance(first.send(HALVES), Send)

    with pytest.raises(BrokerUnavailable, match="high:2 has just kept another call waiting"):
        lead(route, HIGH)
    with pytest.raises(StopIteration):
        first.send(b"value")
    assert lead(route, HIGH).sent == [("high:2", (HIGH,))]


@pytest.mark.parametrize(("waited_s", "answers"), [(SLOW_S / 2, 0), (SLOW_S, 1)])
def test_t39_a_node_that_refuses_at_once_or_answers_other_calls_is_still_called(
    route: ClusterRoute, now: Now, waited_s: float, answers: int
) -> None:
    lead(route, HIGH, HALVES)
    wait_in_vain(route, HIGH, now, waited_s, answers)

    assert lead(route, HIGH, HALVES).sent == [("high:2", (HIGH,))]


def test_t39_a_pipeline_to_a_silent_node_fails_at_once_too(route: ClusterRoute, now: Now) -> None:
    lead(route, HIGH, HALVES)
    wait_in_vain(route, HIGH, now, SLOW_S)

    guide = Guide(HALVES, [b"low"])
    assert guide.lead(route.perform_all([LOW, HIGH])) == [b"low"]
    assert [type(step) for step in guide.steps] == [Ask, Stream]


def test_a_slot_that_no_node_serves_means_unavailable(route: ClusterRoute) -> None:
    with pytest.raises(BrokerUnavailable, match="no node of the cluster serves slot 15495"):
        Guide(slots((0, 8_191, "low:1"))).lead(route.perform((HIGH,)))


def test_t40_a_server_that_is_in_no_cluster_is_refused(route: ClusterRoute) -> None:
    refused = BrokerRefused("CLUSTER", "This instance has cluster support disabled")

    with pytest.raises(BrokerRefused, match="is n1:1 a cluster's"):
        Guide(refused, refused).lead(route.perform((HIGH,)))


def test_a_pipeline_is_split_by_node_and_ends_at_the_first_error(route: ClusterRoute) -> None:
    steps: list[tuple[str, list[Command]]] = []

    def lead_pipeline(commands: list[Command], *failing: str) -> list[Any]:
        plan = route.perform_all(commands)
        reply: Any = None
        try:
            while True:
                step = plan.send(reply)
                if isinstance(step, Stream):
                    sent = list(step.commands)
                    steps.append((str(step.node), sent))
                    reply = [0] * (len(sent) - (str(step.node) in failing))
                else:
                    reply = HALVES
        except StopIteration as arrival:
            return list(arrival.value)

    assert lead_pipeline([LOW, LOW, ("WAIT", 1, 1), HIGH, LOW]) == [0] * 5
    assert steps == [("low:1", [LOW, LOW, ("WAIT", 1, 1)]), ("high:2", [HIGH]), ("low:1", [LOW])]
    assert lead_pipeline([LOW, HIGH, HIGH, LOW], "high:2") == [0, 0]
