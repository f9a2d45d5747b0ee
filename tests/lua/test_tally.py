"""tally: what a worker did is added to the minute and the hour, once."""

import pytest

from redisched.activity import Activity, AttemptEnd, total
from redisched.errors import FormatTooNew, WrongKeyType
from redisched.keys import span_key
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.scripts import FORMAT, load_script
from redisched.store.tallies import ActivityKey, Batch, Rows, Span, Tallies
from tests.lua.roster import LIVE_MS, Workers
from tests.server_time import NOW_MS, ServerTime
from tests.snapshot import snapshot_of
from tests.store.test_wrong_types import plant

pytestmark = pytest.mark.differs_by_server
MAIL = ActivityKey("mail", "send")
MINUTE, HOUR = Span.MINUTE.number_at(NOW_MS), Span.HOUR.number_at(NOW_MS)


def did(text: str) -> Activity:
    return Activity.decode(text.encode())


class Counting:
    """The minutes and hours on one broker."""

    def __init__(self, broker: Broker, clock: ServerTime) -> None:
        self.broker = broker
        self.clock = clock
        clock.move_to(NOW_MS)
        self.tallies = Tallies(broker.script_runner)

    def add(self, worker: str, number: int, rows: Rows, since_ms: int = NOW_MS) -> bool:
        return run(self.tallies.add(worker, Batch(number, since_ms, rows)), self.broker.client())

    def read(self, span: Span, number: int) -> dict[ActivityKey, str]:
        found = run(self.tallies.read(span, [number]), self.broker.client())
        return {row: activity.encode() for row, activity in found.get(number, {}).items()}

    def key(self, name: str) -> str:
        spans = {"minute": Span.MINUTE.key(MINUTE, "redisched"), "hour": Span.HOUR.key(HOUR, "redisched")}
        spans["tallied"] = span_key("tallied", MINUTE)
        return spans[name] if name in spans else str(getattr(self.broker.script_runner.fleet_keys, name))


@pytest.fixture
def counting(broker: Broker, clock: ServerTime) -> Counting:
    return Counting(broker, clock)


def test_numbers_of_several_workers_are_added(counting: Counting) -> None:
    counting.add("a", 1, {MAIL: did("0=2 16=30 33=2"), ActivityKey("billing", "charge"): did("1=1")})
    counting.add("b", 1, {MAIL: did("0=1 2=1 34=1")})

    for span, number in ((Span.MINUTE, MINUTE), (Span.HOUR, HOUR)):
        assert counting.read(span, number) == {MAIL: "0=3 2=1 16=30 33=2 34=1", ActivityKey("billing", "charge"): "1=1"}


def test_a_repeated_call_adds_nothing(counting: Counting) -> None:
    counting.add("a", 1, {MAIL: did("0=1")})
    counting.add("a", 2, {MAIL: did("0=1")})
    before = snapshot_of(counting.broker)

    for number in (1, 2):
        counting.add("a", number, {MAIL: did("0=1")})

    assert snapshot_of(counting.broker) == before
    assert counting.read(Span.MINUTE, MINUTE) == {MAIL: "0=2"}


def test_the_next_minute_is_counted_apart_and_the_hour_has_both(counting: Counting) -> None:
    counting.add("a", 1, {MAIL: did("0=1")})
    counting.add("a", 2, {MAIL: did("0=5")}, NOW_MS + Span.MINUTE.ms)

    assert counting.read(Span.MINUTE, MINUTE) == {MAIL: "0=1"}
    assert counting.read(Span.MINUTE, MINUTE + 1) == {MAIL: "0=5"}
    assert counting.read(Span.HOUR, HOUR) == {MAIL: "0=6"}


def test_a_repeated_call_adds_nothing_though_its_worker_was_taken_for_gone(counting: Counting) -> None:
    workers = Workers(counting.broker, counting.clock)
    workers.introduce("a")
    counting.add("a", 1, {MAIL: did("0=1")})
    counting.clock.move_to(NOW_MS + LIVE_MS)
    workers.introduce("b")
    assert workers.names() == ["b"]
    workers.depart("a")

    assert counting.add("a", 1, {MAIL: did("0=1")})

    assert counting.read(Span.MINUTE, MINUTE) == {MAIL: "0=1"}


def test_what_is_sent_for_an_hour_may_be_counted_and_is_left_out(counting: Counting) -> None:
    counting.clock.move_to(NOW_MS + 3_600_000 - 1)
    assert counting.add("a", 1, {MAIL: did("0=1")})
    counting.clock.move_to(NOW_MS + 3_600_000)
    before = snapshot_of(counting.broker)

    assert not counting.add("a", 2, {MAIL: did("0=1")})

    assert snapshot_of(counting.broker) == before


def test_very_large_numbers_stay_exact(counting: Counting) -> None:
    counting.add("a", 1, {MAIL: did("16=9007199254740000")})
    counting.add("a", 2, {MAIL: did("16=991")})

    assert counting.read(Span.HOUR, HOUR) == {MAIL: "16=9007199254740991"}


def test_a_minute_and_an_hour_end_by_themselves(counting: Counting) -> None:
    counting.add("a", 1, {MAIL: did("0=1")})

    perform = counting.broker.client().perform
    assert Span.MINUTE.kept * Span.MINUTE.ms <= perform(("PTTL", counting.key("minute"))) <= 26 * 3_600_000
    assert Span.HOUR.kept * Span.HOUR.ms <= perform(("PTTL", counting.key("hour"))) <= 31 * 24 * 3_600_000
    assert 0 < perform(("PTTL", counting.key("tallied"))) <= 3_600_000


def test_handlers_beyond_the_limit_are_counted_with_their_queue(counting: Counting) -> None:
    for first in range(0, 240, 40):
        rows = {ActivityKey("mail", f"handler-{number}"): did("0=1") for number in range(first, first + 40)}
        counting.add("a", first // 40 + 1, rows)
    counting.add("b", 1, {ActivityKey("mail", "handler-7"): did("0=1"), ActivityKey("other", "late"): did("2=1")})

    for span, number, most in ((Span.MINUTE, MINUTE, 60), (Span.HOUR, HOUR, 75)):
        found = counting.read(span, number)
        assert len(found) == most + 2
        assert found[ActivityKey("mail", "")] == f"0={240 - most}"
        assert found[ActivityKey("mail", "handler-7")] == "0=2"
        assert found[ActivityKey("other", "")] == "2=1"


def test_queues_beyond_the_limit_are_counted_together(counting: Counting) -> None:
    for number in range(1, 11):
        rows = {ActivityKey(f"queue-{number}-{part}", "send"): did("0=1") for part in range(50)}
        counting.add("a", number, rows)

    for span, number, most in ((Span.MINUTE, MINUTE, 60), (Span.HOUR, HOUR, 75)):
        found = counting.read(span, number)
        assert len(found) == most + 15 + 1
        assert found[ActivityKey("", "")] == f"0={500 - most - 15}"
        whole = total(did(text) for text in found.values())
        assert whole.number(AttemptEnd.SUCCEEDED) == 500


def test_damaged_numbers_are_replaced_and_hide_no_others(counting: Counting) -> None:
    counting.add("a", 1, {MAIL: did("0=1"), ActivityKey("mail", "track"): did("0=1")})
    counting.broker.client().perform(("HSET", counting.key("minute"), "mail/send", "\xff garbage"))

    assert counting.read(Span.MINUTE, MINUTE) == {ActivityKey("mail", "track"): "0=1"}
    counting.add("a", 2, {MAIL: did("0=1")})
    assert counting.read(Span.MINUTE, MINUTE)[MAIL] == "0=1"


@pytest.mark.parametrize("name", [name for name in load_script("tally").keys if name != "format"])
def test_a_key_of_a_wrong_type_is_named_and_nothing_is_written(counting: Counting, name: str) -> None:
    plant(counting.broker, counting.key(name))
    before = snapshot_of(counting.broker)

    with pytest.raises(WrongKeyType, match="tally"):
        counting.add("a", 1, {MAIL: did("0=1")})

    assert snapshot_of(counting.broker) == before


def test_a_later_format_is_left_alone(counting: Counting) -> None:
    counting.broker.client().perform(("SET", counting.key("format"), FORMAT + 1))
    with pytest.raises(FormatTooNew):
        counting.add("a", 1, {MAIL: did("0=1")})
