"""A long history is read in parts; each part has all records of some of the tasks."""

from pathlib import Path

from redisched.chaos.history.parts import read_in_parts
from redisched.chaos.history.record import End, Enqueue, Record, encode
from tests.chaos_kit.histories import end, enqueue, final

TASKS = [f"task-{number}" for number in range(200)] + ['quote"d', 'task":"task-1', "\\", "\u202e"]
OF_NO_TASK = final(len(TASKS))


def history() -> list[Record]:
    begins = [enqueue(task, number) for number, task in enumerate(TASKS)]
    return [*begins, *(end(task, 1, 1_000 + number) for number, task in enumerate(TASKS)), OF_NO_TASK]


def test_each_task_is_in_one_part_and_records_of_no_task_are_in_every_part(tmp_path: Path) -> None:
    whole = b"".join(map(encode, history()))
    (tmp_path / "1.jsonl").write_bytes(whole + b'{"kind":"end","task":"brok')

    parts = list(read_in_parts(tmp_path, len(whole) // 7))

    assert len(parts) == 8
    of_tasks = [{record.task for record in part if isinstance(record, Enqueue | End)} for part in parts]
    assert sum(map(len, of_tasks)) == len(set.union(*of_tasks)) == len(TASKS)
    for part in parts:
        assert part.count(OF_NO_TASK) == 1
        assert [record.at_ms for record in part] == sorted(record.at_ms for record in part)
    assert sum(map(len, parts)) == len(history()) + 7


def test_a_short_history_is_one_part(tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_bytes(b"".join(map(encode, history())))

    (part,) = read_in_parts(tmp_path)

    assert sorted(map(encode, part)) == sorted(map(encode, history()))
