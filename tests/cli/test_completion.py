"""The Tab key completes names of queues and handlers and terms of filters, quickly and silently."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from redisched.cli import completing
from redisched.cli.main import cli
from redisched.store.broker import Broker
from redisched.store.presence import Deployment, Presence, digest_of
from redisched.store.roster import Roster
from tests.cli.commands import CommandLine, environment, run
from tests.cli.workshop import Workshop


def completed(*words: str) -> list[str]:
    """What is offered for the last word."""
    *before, incomplete = words
    found = ShellComplete(cli, {}, "redisched", "_REDISCHED_COMPLETE").get_completions(list(before), incomplete)
    return [item.value for item in found]


@pytest.fixture
def names(
    command: CommandLine, workshop: Workshop, private_broker: Broker, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two queues, and two workers with handlers; REDISCHED_URL names their Redis."""
    command.output("enqueue", "add")
    command.output("enqueue", "add", "--queue", "mail")
    workshop.perform("SADD", "redisched:queues", "mai\x1b[31m", "mai$(id)", "mai;id", "mai l")
    roster = Roster(private_broker.script_runner)
    for worker, handlers in (("w1", ("send_mail", "send_bill")), ("w2", ("ship",))):
        serves = Deployment(handlers=handlers).encode()
        presence = Presence(deployment=digest_of(serves), live_ms=60_000)
        workshop.do(roster.introduce(worker, presence.encode(), digest_of(serves), serves, 60_000))
    monkeypatch.setenv("REDISCHED_URL", url)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("task", "ls", "--queue", ""), ["default", "mail"]),
        (("task", "ls", "--queue", "ma"), ["mail"]),
        (("queue", "show", "d"), ["default"]),
        (("queue", "purge", "m"), ["mail"]),
        (("task", "ls", "--name", "s"), ["send_bill", "send_mail", "ship"]),
        (("enqueue", "send"), ["send_bill", "send_mail"]),
        (("task", "ls", "name:send"), ["name:send_bill", "name:send_mail"]),
        (("task", "cancel", "queue:"), ["queue:default", "queue:mail"]),
        (("task", "ls", "-queue:ma"), ["-queue:mail"]),
        (("task", "ls", "state:re"), ["state:ready", "state:retrying"]),
        (("task", "ls", "state:dead,re"), ["state:dead,ready", "state:dead,retrying"]),
        (("dead", "ls", "q"), ["queue:default", "queue:mail"]),
        (("task", "ls", "error:x"), []),
        # Bash splits words at colons.
        (("task", "ls", "state", ":"), [
            "any", "cancelled", "dead", "expired", "leased", "lost", "pending", "ready", "retrying", "running",
            "scheduled", "succeeded",
        ]),
        (("task", "ls", "name", ":", "sh"), ["ship"]),
        (("ta",), ["task"]),
        (("dead", "g"), ["groups"]),
        (("task", "ls", "--prefix", "other", "--queue", ""), []),
    ],
)  # fmt: skip
def test_words_are_completed(words: tuple[str, ...], offered: list[str]) -> None:
    assert completed(*words) == offered


@pytest.mark.usefixtures("names")
def test_the_redis_of_the_command_is_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDISCHED_URL")

    assert completed("task", "ls", "--url", url, "--queue", "") == ["default", "mail"]


@pytest.mark.parametrize("url", ["unix:///nowhere/redis.sock", "redis://127.0.0.1:1", "no url", None])
def test_whatever_fails_nothing_is_printed_and_nothing_is_offered(
    url: str | None, project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if url is not None:
        monkeypatch.setenv("REDISCHED_URL", url)
    before = set(project.iterdir())

    assert completed("task", "ls", "--queue", "") == completed("task", "ls", "name:") == []
    assert capfd.readouterr() == ("", "")
    assert set(project.iterdir()) == before, "no server is started"


def test_redis_is_given_little_time() -> None:
    assert completing.TIMEOUT_S == 0.3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_shown_and_installed(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")

    shown = run("completion", "show")
    installed = run("completion", "install", shell)

    assert (shown.exit_code, installed.exit_code) == (0, 0)
    path = Path(installed.stdout.splitlines()[0].removeprefix("Written: "))
    assert path.is_relative_to(tmp_path)
    assert path.read_text() in (shown.stdout, shown.stdout.removesuffix("\n"))
    assert f"_REDISCHED_COMPLETE={shell}_complete" in shown.stdout
    assert len([one for one in tmp_path.rglob("*") if one.is_file()]) == 1


def test_a_shell_without_completion_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/dash")

    assert "name the shell: bash, zsh, fish" in run("completion", "show").stderr
    assert run("completion", "install", "dash").exit_code == 2


@pytest.mark.usefixtures("names")
def test_bash_completes_by_the_script(url: str, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    script = tmp_path / "script"
    script.write_text(run("completion", "show", "bash").stdout)
    program = tmp_path / "redisched"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m redisched "$@"\n')
    program.chmod(0o755)
    folders = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    asked = f"""source {script}
COMP_WORDS=(redisched task ls name : sh); COMP_CWORD=5; _redisched_completion redisched; echo "${{COMPREPLY[@]}}"
COMP_WORDS=(redisched queue show ''); COMP_CWORD=3; COMPREPLY=()
_redisched_completion redisched; echo "${{COMPREPLY[@]}}"
"""

    answered = subprocess.run(
        (bash, "--norc", "-c", asked),
        check=False,
        env=environment(PATH=folders, REDISCHED_URL=url),
        capture_output=True,
        text=True,
    )

    assert (answered.stdout, answered.stderr) == ("ship\ndefault mail\n", "")
