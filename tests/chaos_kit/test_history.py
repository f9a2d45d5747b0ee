"""Processes record a history in files, and it is read back in the order of time."""

import json
import os
from pathlib import Path
from random import Random

import pytest

from redisched.chaos.history.reading import in_order, read_history
from redisched.chaos.history.record import (
    Disturbed,
    End,
    Ending,
    Enqueue,
    EnqueueStep,
    Record,
    ScheduleChange,
    SlotState,
    Start,
    decode,
    encode,
)
from redisched.chaos.history.recorder import Recorder, time_of
from redisched.client.scheduler import Scheduler
from redisched.errors import BrokerUnavailable, Conflict
from redisched.store.broker import Broker
from redisched.store.values import Status
from tests.brokers import fake_broker
from tests.chaos_kit import schedules
from tests.chaos_kit.histories import (
    claimed,
    end,
    enqueue,
    final,
    found,
    settled,
    slot,
    start,
    unanswered,
    waiting,
)
from tests.engine.running import work_off

EVERY_KIND: list[Record] = [
    enqueue("a", 1.5, EnqueueStep.UNKNOWN),
    waiting("a"),
    claimed("a", 2**53 - 1),
    start("ü\n", 1),
    end("a", 1),
    settled("a", None, Status.CANCELLED),
    settled("a", 7, Status.RETRIED, due_ms=1.25),
    unanswered("claim", 1),
    slot(1, SlotState.FIRED, "nightly@1"),
    schedules.changed(ScheduleChange.SET, 1, "shop"),
    found("a"),
    found("a", ("tasks", "waiting"), None),
    final(3),
    Disturbed(at_ms=1.0, what="kill", victim="w1"),
]


class Times:
    """A clock that advances by one millisecond each time it is read."""

    def __init__(self) -> None:
        self.now_ms = 0.0

    def __call__(self) -> float:
        self.now_ms += 1
        return self.now_ms


@pytest.mark.parametrize("record", EVERY_KIND, ids=lambda record: type(record).__name__)
def test_a_decoded_record_equals_the_encoded_one(record: Record) -> None:
    line = encode(record)

    assert line.count(b"\n") == 1
    assert decode(line) == record


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[1]", b'{"kind":"feast"}', b'{"kind":"end"}', b'{"at_ms":1}', b'{"kind":"slot","state":"lost"}'],
)
def test_decoding_a_line_without_a_record_raises_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match="no record of a history"):
        decode(line)


def test_records_of_several_files_are_merged_by_time(tmp_path: Path) -> None:
    records = [enqueue(f"t{number}", at_ms=number) for number in range(9)]
    for name, mine in (("1", records[::2]), ("2", records[1::2])):
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(map(encode, mine)))
    (tmp_path / "notes.txt").write_text("something else")

    assert list(read_history(tmp_path)) == records


def test_an_incomplete_last_line_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_bytes(encode(end("a", 1)) + encode(end("b", 2))[:-1])

    assert list(read_history(tmp_path)) == [end("a", 1)]


def test_records_slightly_out_of_order_are_sorted() -> None:
    records = [end("a", 1, at_ms=number) for number in range(60_000)]
    jumbled = sorted(records, key=lambda record: record.at_ms + Random(record.at_ms).uniform(0, 20_000))

    assert jumbled != records
    assert list(in_order(jumbled)) == records


def test_the_start_and_the_end_of_a_handler_are_recorded(tmp_path: Path) -> None:
    app = Scheduler(broker=fake_broker())
    recorder = Recorder(tmp_path, Times())

    @app.task(queue="mail", max_attempts=1)
    def send(fails: bool) -> None:
        with recorder.execution():
            if fails:
                raise ValueError("no such address")

    tasks = [send.enqueue(False).id, send.enqueue(True).id]
    work_off(app, concurrency=1)
    history = list(read_history(tmp_path))

    assert [(type(record), getattr(record, "task", None)) for record in history] == [
        (kind, task) for task in tasks for kind in (Start, End)
    ]
    first, second = history[1], history[3]
    assert isinstance(first, End)
    assert isinstance(second, End)
    assert (first.ending, second.ending) == (Ending.RETURNED, Ending.RAISED)
    assert isinstance(history[0], Start)
    assert history[0].fence == first.fence
    assert (history[0].queue, history[0].attempt, history[0].priority) == ("mail", 1, 5)


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (None, EnqueueStep.OK),
        (Conflict("a", "mail"), EnqueueStep.FAILED),
        (BrokerUnavailable("gone", 1.0), EnqueueStep.UNKNOWN),
        (KeyboardInterrupt(), EnqueueStep.UNKNOWN),
    ],
)
def test_the_outcome_of_an_enqueue_is_recorded(tmp_path: Path, error: BaseException | None, step: EnqueueStep) -> None:
    app = Scheduler(broker=fake_broker())
    recorder = Recorder(tmp_path, Times())
    soon, later = app.request("send", queue="mail", delay=60), app.request("send", run_at=1_900_000_000)

    if error is None:
        with recorder.enqueueing(soon, later):
            app.enqueue_many([soon, later])
    else:
        with pytest.raises(type(error)), recorder.enqueueing(soon, later):
            raise error
    history = list(read_history(tmp_path))

    assert all(isinstance(record, Enqueue) for record in history)
    assert [(getattr(record, "task"), getattr(record, "step")) for record in history] == [  # noqa: B009 - any Enqueue has
        (soon.id, EnqueueStep.INVOKED),
        (later.id, EnqueueStep.INVOKED),
        (soon.id, step),
        (later.id, step),
    ]
    assert {getattr(record, "not_before_ms") for record in history} == {60_001.0, 1_900_000_000_000}  # noqa: B009


def test_each_process_writes_its_own_history_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, Times())
    recorder.disturbed("kill", "w1")
    child = os.fork()
    if child == 0:
        recorder.disturbed("kill", "w2")
        os._exit(0)
    os.waitpid(child, 0)

    assert sorted(path.stem for path in tmp_path.glob("*.jsonl")) == sorted(map(str, (os.getpid(), child)))
    assert all(json.loads(path.read_text())["what"] == "kill" for path in tmp_path.glob("*.jsonl"))


def test_time_of_reads_the_clock_of_the_server(direct: Broker) -> None:
    server_ms = time_of(direct)
    seconds, microseconds = direct.client().perform(("TIME",))

    assert server_ms() >= int(seconds) * 1e3 + int(microseconds) / 1e3
