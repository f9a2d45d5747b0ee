"""Which message a fault is meant for."""

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
    """Whether each of the requests of these names is hit."""
    return [tally.count(Message.REQUEST, name) is not None for name in names.split()]


@pytest.fixture
def tally() -> Tally:
    return Tally(Random(1).random)


def test_the_kth_request_of_a_name_is_hit_and_no_other(tally: Tally) -> None:
    tally.arm((request_fault("claim", 2),))

    assert hits(tally, "claim ack claim ack claim") == [False, False, True, False, False]
    assert tally.count(Message.REPLY, "claim") is None


def test_a_fault_without_a_name_means_any_request_but_those_that_open_a_connection(tally: Tally) -> None:
    tally.arm((request_fault(occurrence=2),))

    assert hits(tally, "HELLO CLIENT claim AUTH SELECT ack claim") == [False, False, False, False, False, True, False]


def test_a_fault_without_an_occurrence_means_every_one(tally: Tally) -> None:
    tally.arm((request_fault("claim"),))

    assert hits(tally, "claim ack claim") == [True, False, True]


def test_occurrences_are_counted_from_when_the_fault_was_set(tally: Tally) -> None:
    hits(tally, "claim claim")
    tally.arm((request_fault("claim", 1),))

    assert hits(tally, "claim claim") == [True, False]
    assert tally.counted(Message.REQUEST) == {"claim": 4}


def test_of_several_faults_all_count_and_the_first_that_fits_decides(tally: Tally) -> None:
    first, second = request_fault("claim", 1), request_fault("claim", 2)
    tally.arm((first, request_fault("claim", 1), second))

    assert [tally.count(Message.REQUEST, "claim") for _ in range(2)] == [first, second]
    assert tally.struck() == [first, second]


def test_a_share_is_drawn_by_chance_the_same_for_the_same_seed() -> None:
    drawn = []
    for _ in range(2):
        tally = Tally(Random(7).random)
        tally.arm((request_fault("claim", share=0.25),))
        drawn.append(hits(tally, "claim " * 400))

    assert drawn[0] == drawn[1]
    assert 60 < sum(drawn[0]) < 140


def test_scripts_are_known_by_name_however_they_are_called(broker: Broker, proxy: Proxy) -> None:
    broker.client().perform(("SCRIPT", "FLUSH"))
    store = Store(broker.script_runner, "mail")
    for id in ("a", "b"):
        run(store.enqueue([NewTask(id, 5, "+0", b"digest-1body")]), broker.client())
    broker.client().perform(("EVAL", "return 1", 0))

    assert proxy.requests["enqueue"] == 3  # by digest in vain, by its source, by digest
    assert proxy.requests["EVAL"] == 1


def test_both_dialects_of_a_script_have_its_name() -> None:
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
def test_what_can_never_happen_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(InvalidOption):
        make()
