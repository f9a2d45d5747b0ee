"""The tally counts messages and decides which of them a fault hits."""

from random import Random

import pytest

from redisched.chaos.command_names import CommandNames
from redisched.chaos.fault import Action, Fault, Message, Pace
from redisched.chaos.proxy import Proxy
from redisched.chaos.tally import Tally
from redisched.errors import InvalidOption
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.scripts import load_script
from redisched.store.store import Store
from redisched.store.values import NewTask


def request_fault(script: str | None = None, occurrence: int | None = None, share: float = 1.0) -> Fault:
    return Fault(message=Message.REQUEST, action=Action.CUT, script=script, occurrence=occurrence, share=share)


def hits(tally: Tally, names: str) -> list[bool]:
    """For each request, given by its name, whether a fault hits it."""
    return [tally.count(Message.REQUEST, name) is not None for name in names.split()]


@pytest.fixture
def tally() -> Tally:
    return Tally(Random(1).random)


def test_a_fault_hits_only_the_nth_request_of_its_script(tally: Tally) -> None:
    tally.arm((request_fault("claim", 2),))

    assert hits(tally, "claim ack claim ack claim") == [False, False, True, False, False]
    assert tally.count(Message.REPLY, "claim") is None


def test_a_fault_without_a_script_counts_all_requests_but_those_that_open_a_connection(tally: Tally) -> None:
    tally.arm((request_fault(occurrence=2),))

    assert hits(tally, "HELLO CLIENT claim AUTH SELECT ack claim") == [False, False, False, False, False, True, False]


def test_a_fault_without_an_occurrence_hits_every_request_of_its_script(tally: Tally) -> None:
    tally.arm((request_fault("claim"),))

    assert hits(tally, "claim ack claim") == [True, False, True]


def test_occurrences_are_counted_from_the_time_the_fault_was_set(tally: Tally) -> None:
    hits(tally, "claim claim")
    tally.arm((request_fault("claim", 1),))

    assert hits(tally, "claim claim") == [True, False]
    assert tally.counted(Message.REQUEST) == {"claim": 4}


def test_of_several_faults_all_count_and_the_first_that_matches_is_applied(tally: Tally) -> None:
    first, second = request_fault("claim", 1), request_fault("claim", 2)
    tally.arm((first, request_fault("claim", 1), second))

    assert [tally.count(Message.REQUEST, "claim") for _ in range(2)] == [first, second]
    assert tally.struck() == [first, second]


def test_a_fault_with_a_share_hits_the_same_requests_for_the_same_seed() -> None:
    drawn = []
    for _ in range(2):
        tally = Tally(Random(7).random)
        tally.arm((request_fault("claim", share=0.25),))
        drawn.append(hits(tally, "claim " * 400))

    assert drawn[0] == drawn[1]
    assert 60 < sum(drawn[0]) < 140


def test_a_script_is_counted_by_its_name_whether_called_by_digest_or_by_source(broker: Broker, proxy: Proxy) -> None:
    broker.client().perform(("SCRIPT", "FLUSH"))
    store = Store(broker.script_runner, "mail")
    for id in ("a", "b"):
        run(store.enqueue([NewTask(id, 5, "+0", b"digest-1body")]), broker.client())
    broker.client().perform(("EVAL", "return 1", 0))

    assert proxy.requests["enqueue"] == 3  # by a digest that is not loaded, by source, by digest
    assert proxy.requests["EVAL"] == 1


def test_both_digests_of_a_script_have_its_name() -> None:
    names, script = CommandNames(), load_script("read/task")

    for digest in (script.flagged_sha, script.plain_sha.upper()):
        assert names.name_of((b"evalsha", digest.encode())) == "read/task"
    assert names.name_of((b"EVALSHA", b"0" * 40)) == "EVALSHA"
    assert names.name_of((b"ping",)) == "PING"
    assert names.name_of(()) == ""


@pytest.mark.parametrize(
    "make",
    [
        lambda: request_fault(occurrence=0),
        lambda: request_fault(share=1.5),
        lambda: Pace(bytes_per_s=0),
        lambda: Pace(piece_bytes=0),
    ],
)
def test_a_fault_or_pace_with_an_impossible_value_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(InvalidOption):
        make()
