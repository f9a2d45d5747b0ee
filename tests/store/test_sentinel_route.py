"""Finding the primary that Sentinels watch, step by step, without a server."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched.address import Node
from redisched.errors import BrokerRefused, BrokerUnavailable
from redisched.store.route import Ask, Send, Stream
from redisched.store.sentinel import ASK_AGAIN_S, LEFT_ALONE_S, SentinelRoute
from redisched.url import parse_address
from tests.store.route_plans import Guide, Now

GET = ("GET", "a")
OLD, NEW = [b"old", b"1"], [b"new", b"2"]
MASTER, SLAVE = [b"master", 0, []], [b"slave", b"new", 2, b"connected", 0]


def route(hosts: str = "s1,s2,s3", monotonic: Callable[[], float] = lambda: 0.0) -> SentinelRoute:
    address = parse_address(f"redis+sentinel://{hosts}/tasks")
    return SentinelRoute(address, monotonic, random=lambda: 0.0)


def lost(reason: str = "connection refused") -> BrokerUnavailable:
    return BrokerUnavailable(reason, 0.0)


def lead(found: SentinelRoute, *answers: Any) -> Guide:
    """Perform a GET, which must succeed."""
    guide = Guide(*answers, b"value")
    assert guide.lead(found.perform((GET,))) == b"value"
    return guide


def test_the_primary_is_asked_for_once() -> None:
    found = route()

    first = lead(found, OLD, MASTER)
    second = lead(found)

    assert first.asked == ["redis://s1:26379/0", "redis://old:1/0"]
    assert first.sent == second.sent == [("old:1", (GET,))]
    assert second.asked == []
    assert found.nodes == (Node("old", 1),)


def test_a_sentinel_is_asked_every_second_whether_the_primary_is_still_the_one() -> None:
    now = Now()
    found = route(monotonic=now)
    lead(found, OLD, MASTER)
    before = found.epoch

    now.s = 0.99 * ASK_AGAIN_S
    assert lead(found).asked == []
    now.s = ASK_AGAIN_S
    slow = found.perform((GET,))
    assert isinstance(slow.send(None), Ask)
    assert lead(found).asked == [], "whoever else calls meanwhile does not wait"
    assert slow.send(OLD) == Send(Node("old", 1), (GET,))
    assert found.epoch == before
    now.s = 2 * ASK_AGAIN_S
    moved = lead(found, NEW, MASTER)

    assert moved.asked == ["redis://s1:26379/0", "redis://new:2/0"]
    assert moved.sent == [("new:2", (GET,))]
    assert found.epoch != before
    assert found.nodes == (Node("new", 2),)


@pytest.mark.parametrize("answers", [(NEW, SLAVE), (NEW, lost())])
def test_a_named_server_that_is_not_a_primary_yet_does_not_replace_the_known_one(answers: tuple[Any, ...]) -> None:
    now = Now()
    found = route(monotonic=now)
    lead(found, OLD, MASTER)
    now.s = ASK_AGAIN_S

    assert lead(found, *answers).sent == [("old:1", (GET,))]

    now.s += ASK_AGAIN_S
    assert lead(found, NEW, MASTER).sent == [("new:2", (GET,))]


@pytest.mark.parametrize("answer", [lost("timeout"), None])
def test_while_the_primary_answers_silent_sentinels_are_rarely_asked(answer: Any) -> None:
    now = Now()
    found = route(monotonic=now)
    lead(found, OLD, MASTER)
    now.s = ASK_AGAIN_S

    assert lead(found, answer).sent == [("old:1", (GET,))]

    now.s += 0.99 * LEFT_ALONE_S
    assert lead(found).asked == []
    now.s = ASK_AGAIN_S + LEFT_ALONE_S
    assert lead(found, OLD).asked == ["redis://s2:26379/0"]


@pytest.mark.parametrize("reason", ["connection refused", "READONLY You can't write against a read only replica."])
def test_after_the_loss_of_a_primary_sentinels_are_asked_and_its_connections_closed(reason: str) -> None:
    found = route()
    lead(found, OLD, MASTER)
    before = found.epoch

    with pytest.raises(BrokerUnavailable):
        Guide(lost(reason)).lead(found.perform((GET,)))

    assert found.epoch != before
    assert found.nodes == ()
    assert lead(found, NEW, MASTER).sent == [("new:2", (GET,))]


def test_a_primary_that_another_call_found_meanwhile_is_kept() -> None:
    found = route()
    lead(found, OLD, MASTER)
    slow = found.perform((GET,))
    slow.send(None)
    with pytest.raises(BrokerUnavailable):
        Guide(lost()).lead(found.perform((GET,)))
    lead(found, NEW, MASTER)

    with pytest.raises(BrokerUnavailable):
        slow.throw(lost())

    assert found.nodes == (Node("new", 2),)


def test_after_a_sentinel_without_an_answer_the_next_one_is_asked() -> None:
    found = route()

    guide = lead(found, lost(), OLD, SLAVE, NEW, MASTER)

    assert guide.asked == [
        "redis://s1:26379/0",
        *("redis://s2:26379/0", "redis://old:1/0"),
        *("redis://s3:26379/0", "redis://new:2/0"),
    ]
    with pytest.raises(BrokerUnavailable):
        Guide(lost()).lead(found.perform((GET,)))
    assert lead(found, NEW, MASTER).asked[0] == "redis://s3:26379/0"


def test_a_silent_primary_is_tried_once_even_if_several_sentinels_name_it() -> None:
    guide = Guide(OLD, lost("timeout"), OLD, NEW, lost("timeout"))

    with pytest.raises(BrokerUnavailable, match="old:1, which Sentinel s1:26379 names, does not answer: timeout"):
        guide.lead(route().perform((GET,)))

    assert guide.asked.count("redis://old:1/0") == 1


def test_t40_no_sentinel_answers() -> None:
    with pytest.raises(BrokerUnavailable, match="no Sentinel leads to a primary named 'tasks': Sentinel s1:26379 does"):
        Guide(lost(), lost(), lost()).lead(route().perform((GET,)))


def test_t40_a_replica_is_named_as_primary() -> None:
    with pytest.raises(BrokerUnavailable, match="old:1, which Sentinel s1:26379 names, is a read only replica"):
        Guide(OLD, SLAVE).lead(route("s1").perform((GET,)))


def test_t40_a_name_that_no_sentinel_knows_is_refused() -> None:
    with pytest.raises(BrokerRefused, match="watches no primary named 'tasks'; correct the URL"):
        Guide(None, None, None).lead(route().perform((GET,)))


def test_t40_a_name_that_one_sentinel_does_not_know_may_be_known_to_silent_ones() -> None:
    with pytest.raises(BrokerUnavailable, match="watches no primary"):
        Guide(None, lost(), lost()).lead(route().perform((GET,)))


def test_t40_a_server_that_is_not_a_sentinel_is_named() -> None:
    with pytest.raises(BrokerRefused, match="is s1:26379 a Sentinel"):
        Guide(BrokerRefused("SENTINEL", "unknown command")).lead(route("s1").perform((GET,)))


def test_a_pipeline_is_sent_to_the_primary_or_fails_without_one() -> None:
    found = route("s1")
    assert Guide(lost()).lead(found.perform_all([GET])) == []

    guide = Guide(OLD, MASTER, [b"value"])

    assert guide.lead(found.perform_all([GET])) == [b"value"]
    assert guide.steps[-1] == Stream(Node("old", 1), [GET])
    assert Guide().lead(found.primaries()) == [Node("old", 1)]
