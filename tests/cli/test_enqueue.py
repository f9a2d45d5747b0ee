"""`redisched enqueue` writes exactly what was typed, or nothing."""

import json
import re
import shlex
from pathlib import Path

import pytest

from redisched.client.scheduler import Scheduler
from redisched.store.broker import Broker
from tests.cli.commands import CommandLine, run, run_process
from tests.cli.workshop import Workshop
from tests.engine.running import RunningWorker


def test_enqueue_prints_the_id(command: CommandLine) -> None:
    task_id = command.output("enqueue", "add", "1", "2").strip()

    record = command.record("task", "show", task_id)
    assert record["state"] == "ready"
    assert (record["name"], record["args"], record["kwargs"]) == ("add", [1, 2], {})
    assert (record["queue"], record["priority"]) == ("default", 5)


def test_json_shows_the_id_and_the_queue(command: CommandLine) -> None:
    answer = command.record("enqueue", "add", "--id", "one", "--queue", "mail")

    assert answer == {"id": "one", "name": "add", "queue": "mail", "is_new": True}


def test_arguments_are_json_values_or_text(command: CommandLine) -> None:
    command.output("enqueue", "add", "-1", "-.5", "a b", '"7"', '{"k": [null]}', "--id", "one")

    assert command.record("task", "show", "one")["args"] == [-1, "-.5", "a b", "7", {"k": [None]}]


def test_after_two_dashes_everything_is_an_argument(command: CommandLine, url: str) -> None:
    assert run("enqueue", "add", "--id", "one", "--url", url, "--", "--priority", "-x").exit_code == 0

    assert command.record("task", "show", "one")["args"] == ["--priority", "-x"]


def test_keyword_arguments_are_stored(command: CommandLine) -> None:
    command.output("enqueue", "add", "--kwarg", "size=3", "--kwarg", "name=x", "--id", "one")

    assert command.record("task", "show", "one")["kwargs"] == {"size": 3, "name": "x"}


def test_options_are_stored(command: CommandLine) -> None:
    command.output(
        "enqueue", "add", "--id", "one", "--priority", "high", "--run-at", "2030-01-31T09:00:00Z",
        "--timeout", "5m", "--max-attempts", "7", "--queue", "mail",
    )  # fmt: skip

    record = command.record("task", "show", "one")
    assert record["state"] == "scheduled"
    assert record["run_at_ms"] == 1896080400_000
    assert (record["priority"], record["queue"]) == (3, "mail")
    assert (record["timeout_ms"], record["max_attempts"]) == (300_000, 7)


def test_a_delay_counts_from_the_time_of_the_server(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "one", "--delay", "1h")

    record = command.record("task", "show", "one")
    assert record["state"] == "scheduled"
    assert 3_500_000 < record["run_at_ms"] - record["now_ms"] <= 3_600_000


def test_limits_in_time_count_from_the_enqueue_and_are_shown(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "one", "--deadline", "2h", "--expires", "90m")

    record = command.record("task", "show", "one")
    assert 7_100_000 < record["deadline_ms"] - record["now_ms"] <= 7_200_000
    assert 5_300_000 < record["expires_ms"] - record["now_ms"] <= 5_400_000
    assert "deadline" in command.output("task", "show", "one")


def test_the_same_task_with_the_same_id_is_added_once(command: CommandLine) -> None:
    command.output("enqueue", "add", "1", "--id", "one")
    command.output("enqueue", "add", "1", "--id", "one")

    assert [row[0] for row in command.rows("task", "ls")] == ["one"]


def test_an_id_of_another_task_is_refused(command: CommandLine) -> None:
    command.output("enqueue", "add", "1", "--id", "one")

    result = command.run("enqueue", "add", "2", "--id", "one")

    assert result.exit_code == 1
    assert "choose another id" in result.stderr


BAD = {
    "no name": ((), "NAME"),
    "name": (("a b",), "letters"),
    "priority below": (("add", "--priority", "-1"), "0 to 255"),
    "priority above": (("add", "--priority", "256"), "0 to 255"),
    "priority fraction": (("add", "--priority", "1.5"), "0 to 255"),
    "delay": (("add", "--delay", "soon"), "500ms"),
    "delay too long": (("add", "--delay", "99999d"), "2109"),
    "naive moment": (("add", "--run-at", "2030-01-31T09:00:00"), "append Z"),
    "moment": (("add", "--run-at", "nan"), "is not a moment"),
    "delay and moment": (("add", "--delay", "1", "--run-at", "1896080400"), "not both"),
    "queue": (("add", "--queue", "a{b}"), "letters"),
    "id": (("add", "--id", "a b"), "printable ASCII"),
    "timeout": (("add", "--timeout", "0"), "0.001"),
    "deadline": (("add", "--deadline", "0"), "0.001"),
    "deadline no duration": (("add", "--deadline", "soon"), "500ms"),
    "deadline before the start": (("add", "--deadline", "5m", "--delay", "1h"), "later than the time from which"),
    "expires before the start": (("add", "--expires", "5m", "--delay", "5m"), "later than the time from which"),
    "attempts": (("add", "--max-attempts", "0"), "whole number"),
    "keyword": (("add", "--kwarg", "size"), "KEY=VALUE"),
    "too large a number": (("add", "1" + "0" * 30), "64 bits"),
    "unknown option": (("add", "--priorty", "5"), "--priority"),
    "unknown short option": (("add", "-x"), "-x"),
}


@pytest.mark.parametrize(("words", "hint"), BAD.values(), ids=BAD)
def test_bad_input_says_what_is_allowed_and_writes_nothing(
    command: CommandLine, workshop: Workshop, words: tuple[str, ...], hint: str
) -> None:
    result = command.run("enqueue", *words)

    assert result.exit_code == 2
    assert hint in result.stderr
    assert result.stdout == ""
    assert workshop.keys() == []


APPLICATION = """
from redisched import Scheduler
app = Scheduler()

@app.task(name="mail", queue="mail", priority=3, max_attempts=8)
def mail(order: int) -> None: ...
"""
SETTINGS = "from redisched.config import Settings"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APPLICATION)
    (tmp_path / "more.py").write_text("from shop import app\n@app.task(name='more', queue='others')\ndef more(): ...\n")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "variables"),
    [(("--app", "shop:app"), {}), ((), {"REDISCHED_APP": "shop:app"})],
    ids=["option", "variable"],
)
def test_the_queue_and_options_of_a_known_handler_are_used(
    command: CommandLine, url: str, folder: Path, words: tuple[str, ...], variables: dict[str, str]
) -> None:
    typed = run_process("enqueue", "mail", "5", "--id", "one", "--url", url, *words, cwd=folder, **variables)

    assert typed.returncode == 0, typed.stderr
    record = command.record("task", "show", "one")
    assert (record["queue"], record["priority"]) == ("mail", 3)
    assert "no worker serves queue mail now" in typed.stderr


def test_the_redis_and_the_prefix_of_an_application_are_used(command: CommandLine, url: str, folder: Path) -> None:
    own = f"Scheduler({url!r}, settings=Settings(prefix='own'))"
    source = APPLICATION.replace("Scheduler()", own).replace("import Scheduler", "import Scheduler\n" + SETTINGS)
    (folder / "shop.py").write_text(source)
    typed = run_process("enqueue", "mail", "5", "--id", "one", "--app", "shop:app", cwd=folder)

    assert typed.returncode == 0, typed.stderr
    assert command.record("task", "show", "one", "--prefix", "own")["queue"] == "mail"


def test_typed_options_override_those_of_the_handler(command: CommandLine, url: str, folder: Path) -> None:
    run_process(
        "enqueue", "mail", "5", "--id", "one", "--queue", "x", "--priority", "7", "--app", "shop:app", "--url", url,
        cwd=folder,
    )  # fmt: skip

    record = command.record("task", "show", "one")
    assert (record["queue"], record["priority"]) == ("x", 7)


def test_import_makes_handlers_of_other_modules_known(command: CommandLine, url: str, folder: Path) -> None:
    words = ("enqueue", "more", "--id", "one", "--app", "shop:app", "--url", url)
    refused = run_process(*words, cwd=folder)
    typed = run_process(*words, "--import", "more", cwd=folder)

    assert refused.returncode == 2
    assert "no handler 'more'; there are: mail" in refused.stderr
    assert typed.returncode == 0, typed.stderr
    assert command.record("task", "show", "one")["queue"] == "others"


@pytest.mark.parametrize(("words", "hint"), [(("mail",), "order"), (("mail", "1", "2"), "mail")])
def test_arguments_that_do_not_fit_a_known_handler_are_refused(
    command: CommandLine, url: str, folder: Path, words: tuple[str, ...], hint: str
) -> None:
    refused = run_process("enqueue", *words, "--app", "shop:app", "--url", url, cwd=folder)

    assert refused.returncode == 2
    assert hint in refused.stderr
    assert command.output("task", "ls").startswith("No task is pending")


def test_what_is_refused_of_an_application_is_one_line_with_its_place(folder: Path) -> None:
    (folder / "shop.py").write_text(APPLICATION.replace("max_attempts=8", "max_attempts=0"))
    refused = run_process("enqueue", "mail", "5", "--app", "shop:app", cwd=folder)

    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: cannot load 'shop:app': shop.py, line 5: max_attempts=0: ")
    assert refused.stderr.count("\n") == 1


def test_a_queue_without_a_worker_causes_a_warning(command: CommandLine) -> None:
    result = command.run("enqueue", "add", "--json")

    assert json.loads(result.stdout)["queue"] == "default"
    assert "no worker serves queue default now" in result.stderr
    assert "--app or REDISCHED_APP" in result.stderr


def test_a_queue_with_a_worker_causes_no_warning(command: CommandLine, private_broker: Broker) -> None:
    app = Scheduler(broker=private_broker)

    @app.task(name="add")
    def add() -> int:
        return 3

    with RunningWorker(app):
        assert add.enqueue().result(timeout=20) == 3
        result = command.run("enqueue", "add")

    assert (result.exit_code, result.stderr) == (0, "")


def test_an_id_typed_again_adds_no_task(command: CommandLine) -> None:
    assert command.output("enqueue", "add", "1", "--id", "one") == command.output("enqueue", "add", "1", "--id", "one")
    conflict = command.run("enqueue", "add", "2", "--id", "one")

    assert conflict.exit_code == 1
    assert len(command.record("task", "ls")) == 1


@pytest.mark.parametrize(
    "words",
    [(), ("--id", "a;b"), ("--id", "~a"), ("--id=-a",), ("--id", "a~b", "--unique", "k")],
    ids=" ".join,
)
def test_after_a_lost_answer_the_id_is_told_under_which_the_command_can_be_repeated(
    command: CommandLine, words: tuple[str, ...], tmp_path: Path
) -> None:
    lost = run("enqueue", "add", *words, "--url", f"unix://{tmp_path}/nosuch.sock")

    assert lost.exit_code == 1
    assert "enqueue_many" not in lost.stderr
    found = re.search(r"repeat the command with (.+), which adds nothing twice", lost.stderr)
    assert found is not None
    (option,) = shlex.split(found[1])
    repeated = [command.record("enqueue", "add", *(word for word in words), option) for _ in range(2)]
    assert len({record["id"] for record in repeated}) == 1
    assert f"task {repeated[0]['id']!r} may have been enqueued" in lost.stderr
    assert len(command.record("task", "ls")) == 1


def test_after_a_lost_answer_the_key_keeps_a_unique_task_from_being_added_twice(tmp_path: Path) -> None:
    lost = run("enqueue", "add", "--unique", "k", "--url", f"unix://{tmp_path}/nosuch.sock")

    assert lost.exit_code == 1
    assert "repeat the command, which adds no other task while this one has its key" in lost.stderr
    assert "--id" not in lost.stderr
