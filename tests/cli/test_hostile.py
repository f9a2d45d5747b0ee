"""Anybody may have written into Redis: no command passes control characters on, and none fails."""

import pytest

from redisched.codec import digest_of, encode_task, fingerprint_suffix_of
from redisched.keys import queues_key
from redisched.model import TaskBody
from redisched.progress import Progress
from redisched.store.values import NewTask
from tests.cli.commands import CommandLine, run_on_terminal
from tests.cli.workshop import Workshop
from tests.test_printable import HOSTILE

STORABLE = {name: text for name, text in HOSTILE.items() if name != "surrogate"}

READS = [
    ("queue", "ls"),
    ("task", "ls"),
    ("task", "ls", "state:any", "-id:nobody"),
    ("dead", "groups"),
    ("task", "ls", "--state", "leased", "--state", "dead"),
    ("dead", "ls"),
]


def hostile_task(text: str, task_id: str) -> NewTask:
    """A task with a text in its name, arguments and keywords, as no producer of redisched would write it."""
    body = encode_task(TaskBody(f"name{text}", [text, [text]], {f"key{text}": text}), 100_000)
    return NewTask(task_id, 5, "+0", digest_of(body, fingerprint_suffix_of(5, "+0")) + body)


def is_plain(printed: str) -> bool:
    return all(character.isprintable() or character in "\n\t" for character in printed)


def end_in_every_way(workshop: Workshop, text: str, suffix: str = "") -> None:
    """Tasks that are dead, wait for another attempt, or have ended, with a text wherever there can be one."""
    workshop.add(hostile_task(text, f"dead{suffix}"))
    workshop.bury(workshop.claim(), error=f"error{text}", traceback=f"Traceback{text}")
    workshop.add(hostile_task(text, f"failed{suffix}"))
    workshop.fail(workshop.claim(), f"error{text}")
    workshop.add(hostile_task(text, f"ended{suffix}"))
    lease = workshop.claim()
    workshop.tell(lease, Progress(done=1, total=2, note=f"note{text}"), f"log{text}")
    workshop.succeed(lease, {f"result{text}": text})


def let_wait(workshop: Workshop, text: str, suffix: str = "") -> None:
    """Tasks that wait, one of them with a text in its id."""
    workshop.add(hostile_task(text, f"id{suffix}{text}"))
    workshop.add(hostile_task(text, f"waits{suffix}"))


@pytest.fixture(params=STORABLE.values(), ids=list(STORABLE))
def hostile(request: pytest.FixtureRequest, workshop: Workshop) -> str:
    """A text, stored wherever a text can be."""
    text: str = request.param
    end_in_every_way(workshop, text)
    let_wait(workshop, text)
    return text


def test_s09_nothing_is_printed_raw(command: CommandLine, workshop: Workshop, hostile: str) -> None:
    ids = ("dead", "failed", "ended", "waits")
    shows = [(*words, task_id) for task_id in ids for words in (("task", "show"), ("explain",))]

    # Both have ended, so following them ends at once; the exit code tells how they ended.
    for task_id in ("dead", "ended"):
        assert is_plain(command.run("watch", task_id).output), task_id
        assert is_plain(command.run("watch", task_id, "--json").output), task_id
    for words in (*READS, *shows):
        assert is_plain(command.output(*words)), words
        command.record(*words)


@pytest.mark.nightly
def test_s09_nothing_reaches_a_terminal_raw(url: str, workshop: Workshop) -> None:
    texts = [*STORABLE.values(), "[red]markup[/red] :rocket:"]
    for number, text in enumerate(texts):
        end_in_every_way(workshop, text, str(number))
    for number, text in enumerate(texts):
        let_wait(workshop, text, str(number))
        workshop.perform("SADD", queues_key(), f"queue{text}")
    last = len(texts) - 1
    shows = [("task", "show", f"{kind}{last}") for kind in ("dead", "failed", "ended", "waits")]
    changes = [("dead", "retry", "--all", "--yes"), ("task", "cancel", f"waits{last}"), ("enqueue", "name\x1b[31m")]

    for words in (*READS, *shows, *changes, ("doctor",)):
        printed = run_on_terminal(*words, "--url", url, TERM="dumb")
        assert is_plain(printed.replace("\r\n", "\n")), words
        assert "Traceback (most" not in printed
        if words in (("task", "ls"), ("task", "show", f"waits{last}")):
            assert "[red]markup" in printed


def test_bytes_that_cannot_be_decoded_are_shown_as_undecodable(command: CommandLine, workshop: Workshop) -> None:
    workshop.add(NewTask("one", 5, "+0", b"8 bytes!\xc1garbage"))
    workshop.add(NewTask("two", 5, "+0", b"short"))

    assert [row[0] for row in command.rows("task", "ls")] == ["one", "two"]
    assert "undecodable" in command.output("task", "show", "one")
    assert command.record("task", "show", "two")["undecodable"]


@pytest.mark.parametrize("name", ["q\x1b[31m\u202e".encode(), b"\xff\x1b"], ids=["hostile", "no text"])
def test_a_queue_of_any_name_is_listed(command: CommandLine, workshop: Workshop, name: bytes) -> None:
    workshop.perform("SADD", queues_key(), name)
    workshop.add(hostile_task("", "one"))

    assert is_plain(command.output("queue", "ls"))
    assert [row[0] for row in command.rows("task", "ls")] == ["one"]


def test_an_id_that_is_not_text_is_listed(command: CommandLine, workshop: Workshop) -> None:
    workshop.add(hostile_task("", "one"))
    workshop.perform("ZADD", workshop.store.keys.waiting, "5", b"\xff\x1b")

    assert [row[0] for row in command.rows("task", "ls")] == [r"\xff\x1b", "one"]


def test_a_key_of_another_type_is_reported_in_one_line(command: CommandLine, workshop: Workshop) -> None:
    workshop.add(hostile_task("", "one"))
    workshop.perform("SET", workshop.store.keys.waiting, "\x1b[31m")

    for words in (("queue", "ls"), ("task", "ls"), ("task", "show", "one")):
        result = command.run(*words)
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
