"""Where no file can be written, or no Redis is named, commands say so in one line, and create nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.embedded.folders import check_place
from redisched.errors import NoServer, ServerStartFailed
from tests.cli.commands import run, run_process

APP = """\
from redisched import Scheduler

app = Scheduler()


@app.task
def add(a: int, b: int) -> int:
    return a + b
"""
SECRET = "m4rk3r"


@pytest.mark.parametrize("word", ["0", "off", "maybe"])
@pytest.mark.parametrize(
    "words", [("enqueue", "add"), ("schedule", "add", "--every", "1h", "daily", "add"), ("task", "ls")], ids=" ".join
)
def test_a_command_makes_no_server_where_the_environment_forbids_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...], word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDISCHED_EMBEDDED", word)
    monkeypatch.delenv("REDISCHED_URL", raising=False)

    refused = run(*words)

    assert refused.exit_code == 2
    assert "REDISCHED_EMBEDDED" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("embedded", [None, "0", "false", ""])
def test_a_worker_without_a_named_redis_ends_and_starts_no_server(tmp_path: Path, embedded: str | None) -> None:
    (tmp_path / "shop.py").write_text(APP)
    variables = {} if embedded is None else {"REDISCHED_EMBEDDED": embedded}

    refused = run_process("worker", "shop:app", cwd=tmp_path, **variables)

    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1, refused.stderr
    assert "no Redis is named; set REDISCHED_URL, or have" in refused.stderr
    assert "--embedded" in refused.stderr
    assert not (tmp_path / ".redisched").exists()


@pytest.mark.parametrize("what", ["status", "result", "cancel"])
def test_a_reference_starts_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REDISCHED_DATA", raising=False)
    (tmp_path / "pyproject.toml").touch()

    with pytest.raises(NoServer, match="redisched server start"):
        getattr(Scheduler().ref("one", "mail"), what)()
    assert not (tmp_path / ".redisched").exists()


def test_the_environment_can_keep_a_program_from_starting_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDISCHED_EMBEDDED", "0")

    with pytest.raises(NoServer, match="REDISCHED_EMBEDDED=1"):
        Scheduler().enqueue("send")
    assert list(tmp_path.iterdir()) == []


def test_no_data_is_kept_in_the_root_folder_or_that_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServerStartFailed, match="it keeps no data in /; set REDISCHED_URL, or name another folder"):
        check_place(Path("/.redisched"))
    check_place(tmp_path / ".redisched")
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    with pytest.raises(ServerStartFailed, match="is not a folder of this user") as refused:
        check_place(tmp_path / ".redisched")
    assert "remove" not in str(refused.value)
    assert "name another folder in REDISCHED_DATA" in str(refused.value)


def test_s10_an_invalid_url_in_an_application_is_refused_with_its_line_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        f'from redisched import Scheduler\n\napp = Scheduler("redis://:{SECRET}@h/zero")\n'
    )

    refused = run_process("worker", "shop:app", cwd=tmp_path)

    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1, refused.stderr
    assert "shop.py, line 3: url='redis://...': its path is not the number of a database" in refused.stderr
    assert SECRET not in refused.stderr


TYPED = [
    ("queue", "ls", f"redis://:{SECRET}#x@h/0"),
    (f"redis://:{SECRET}@h",),
    ("queue", f"rediss+cluster://:{SECRET}@h"),
    ("worker", f"redis://:{SECRET}@h"),
    ("worker", "shop:app", "--concurrency", f"redis://:{SECRET}@h"),
    ("dev", f"valkey://:{SECRET}@h"),
    ("enqueue", "--app", f"redis://:{SECRET}@h", "add"),
    ("queue", "ls", f"--ulr=redis://:{SECRET}@h"),
    ("queue", "ls", "--url", f"redis://:{SECRET}#x@h/0"),
]


@pytest.mark.parametrize("words", TYPED, ids=range(len(TYPED)))
def test_s10_a_secret_typed_in_a_wrong_place_is_not_shown(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run(*words)

    assert refused.exit_code == 2
    assert SECRET not in refused.output + refused.stderr


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("queue", "--help"), ("config", "show")], ids=" ".join)
def test_output_for_which_there_is_no_room_is_one_sentence(words: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "redisched", *words]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert ended.returncode == 2
    assert ended.stderr == "Error: [Errno 28] No space left on device\n"


CLOSED = {"stdout": ">&-", "stderr": "2>&-", "all": "<&- >&- 2>&-"}


@pytest.mark.parametrize("closed", CLOSED.values(), ids=CLOSED)
@pytest.mark.parametrize("words", ["config show", "schedule next @daily", "--help", "queue drain nosuch"])
def test_closed_streams_change_no_exit_code(closed: str, words: str, url: str, tmp_path: Path) -> None:
    command = f"{sys.executable} -m redisched {words} {closed}"
    variables = {**os.environ, "REDISCHED_URL": url}

    ended = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )

    assert "Traceback" not in ended.stderr
    assert ended.returncode == (1 if "nosuch" in words else 0)


def in_a_read_only_place(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command where no file can be written, except devices."""
    command = " ".join((sys.executable, "-m", "redisched", *words))
    mounts = (
        "mount -t tmpfs -o ro none /tmp && mount -t tmpfs -o ro none /var/tmp && mount -t tmpfs -o ro none /dev/shm"
    )
    script = (
        f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && cd {folder} && {mounts} && {command}"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside of the temporary one, because that is read-only, too."""
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount file systems")
    folder = tmp_path_factory.mktemp("frozen")
    (folder / "shop.py").write_text(APP)
    (folder / "pyproject.toml").touch()
    return folder


READ_ONLY = {
    "worker": ("worker", "shop:app", "--embedded"),
    "dev": ("dev", "shop:app"),
    "demo": ("demo", "--tasks", "10"),
    "bench": ("bench", "--only", "enqueue_one", "--tasks", "100", "--rounds", "1"),
    "server": ("server", "start"),
    "enqueue": ("enqueue", "shop.add", "1", "2"),
    "queue": ("queue", "ls"),
}


@pytest.mark.parametrize("words", READ_ONLY.values(), ids=READ_ONLY)
@pytest.mark.parametrize("home", [{}, {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"}], ids=["", "no home"])
def test_a_place_without_write_access_is_one_sentence(
    frozen: Path, words: tuple[str, ...], home: dict[str, str]
) -> None:
    refused = in_a_read_only_place(frozen, *words, **home)

    said = [line for line in refused.stderr.splitlines() if "Watching" not in line]
    assert refused.returncode == 2, refused.stderr
    assert len(said) == 1, refused.stderr
    assert "Traceback" not in refused.stderr
