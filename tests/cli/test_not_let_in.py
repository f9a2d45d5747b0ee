"""If Redis refuses a connection, or its URL is wrong, every command ends at once with one line and exit code 2."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread

import pytest
from _pytest.mark import ParameterSet

from redisched.chaos import Server
from redisched.embedded import Transport
from redisched.store.broker import connect
from tests.brokers import BrokerKind, binary_of
from tests.cli.commands import run_process
from tests.encryption import Authority, EncryptedServer

pytestmark = pytest.mark.fault

APP = """\
from redisched import Scheduler

app = Scheduler()


@app.task
def add(a: int, b: int) -> int:
    return a + b
"""
RIGHTS = {
    "other": ("+@all", "~other:*"),
    "reader": ("+@read", "+@connection", "+@transaction", "+config", "~redisched:*"),
    "unscripted": ("+@all", "-@scripting", "~redisched:*"),
    "unblocking": ("+@all", "-@blocking", "~redisched:*"),
    "unsorted": ("+@all", "-zadd", "~redisched:*"),
}


class Web(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """Host and port of a server with a password, and users with few rights."""
    with Server(transport=Transport.LOOPBACK, arguments=("--requirepass", "secret")) as server:
        place = "{}:{}".format(*server.address)
        client = connect(f"redis://:secret@{place}", 5.0).client()
        for user, rules in RIGHTS.items():
            client.perform(("ACL", "SETUSER", user, "on", ">secret", *rules))
        client.close()
        yield place


@pytest.fixture(scope="module")
def web_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with EncryptedServer(binary=binary_of(BrokerKind.REDIS), arguments=authority.server_arguments()) as server:
        yield "{}:{}".format(*server.address)


NOT_LET_IN: dict[str, tuple[str, str]] = {
    "no password": ("redis://{guarded}", "write the password into the URL, as redis://:password@host"),
    "a wrong password": ("redis://:wr0ng@{guarded}", "correct the user name or the password in the URL"),
    "a wrong user": ("redis://nobody:secret@{guarded}", "correct the user name or the password in the URL"),
    "no such database": ("redis://:secret@{guarded}/99", "correct the number of the database in the URL"),
    "a web server": ("redis://{web_server}", "does not speak the protocol of Redis"),
    "plain where TLS is spoken": ("redis://{encrypted}", "it speaks TLS; write rediss://"),
    "TLS where it is not spoken": ("rediss://{guarded}", "it does not speak TLS; write redis://"),
    "an unknown authority": ("rediss://{encrypted}", "name the file of its authority by ssl_ca_certs"),
    "no Sentinel": ("redis+sentinel://:secret@{guarded}/tasks?sentinel_password=secret", "a Sentinel"),
    "no cluster": ("redis+cluster://:secret@{guarded}", "a cluster's"),
    "an option": ("redis://{guarded}?decode_responses=true", "decode_responses is not for a URL of redisched"),
    "nothing": ("", "it is empty"),
}
TOO_LITTLE: dict[str, tuple[str, str]] = {
    "keys of others": ("redis://other:secret@{guarded}", "this user needs ~redisched:* and"),
    "reading": ("redis://reader:secret@{guarded}", "redisched doctor lists"),
    "no scripts": ("redis://unscripted:secret@{guarded}", "'evalsha'"),
    "no waiting": ("redis://unblocking:secret@{guarded}", "'blpop'"),
    "one command too few": ("redis://unsorted:secret@{guarded}", "'zadd'"),
}


@pytest.fixture
def make_url(guarded: str, web_server: str, encrypted: str) -> Callable[[str], str]:
    return lambda text: text.format(guarded=guarded, web_server=web_server, encrypted=encrypted)


def refused(url: str, folder: Path, *words: str) -> str:
    """The one line that a refused command prints; it must end at once."""
    (folder / "shop.py").write_text(APP)
    ended = run_process(*words, cwd=folder, REDISCHED_URL=url)
    said = [line for line in ended.stderr.splitlines() if "Watching" not in line]
    assert ended.returncode == 2, ended.stderr
    assert len(said) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr
    assert "wr0ng" not in ended.stderr
    assert not (folder / ".redisched").exists()
    return ended.stderr


COMMANDS = [
    ("worker", "shop:app", "--processes", "2"),
    ("worker", "shop:app", "--burst"),
    ("dev", "shop:app"),
    ("queue", "ls"),
    ("enqueue", "shop.add", "1", "2"),
    ("doctor",),
]


ALIKE = {"a wrong password", "nothing"}
"""All commands are refused for these with every commit, for the others at night; `worker` is always refused for all."""


def cases() -> list[ParameterSet]:
    """Every command with every possible refusal."""
    return [
        pytest.param(
            *NOT_LET_IN[wrong],
            words,
            id=f"{wrong}-{' '.join(words)}",
            marks=() if words is COMMANDS[0] or wrong in ALIKE else pytest.mark.nightly,
        )
        for wrong, words in product(NOT_LET_IN, COMMANDS)
    ]


@pytest.mark.parametrize(("url", "said", "words"), cases())
def test_a_refused_connection_is_one_line(
    make_url: Callable[[str], str], url: str, said: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    assert said in refused(make_url(url), tmp_path, *words)


@pytest.mark.parametrize(("url", "said"), TOO_LITTLE.values(), ids=TOO_LITTLE)
def test_a_worker_with_too_few_rights_ends_with_one_line(
    make_url: Callable[[str], str], url: str, said: str, tmp_path: Path
) -> None:
    assert said in refused(make_url(url), tmp_path, "worker", "shop:app", "--processes", "2")


@pytest.mark.parametrize("user", RIGHTS)
def test_rights_that_a_user_lacks_are_findings_of_the_doctor(guarded: str, user: str, tmp_path: Path) -> None:
    ended = run_process("doctor", cwd=tmp_path, REDISCHED_URL=f"redis://{user}:secret@{guarded}")

    assert (ended.returncode, ended.stderr) == (1, "")
    assert "persistence" in ended.stdout


def test_a_user_who_may_not_ping_is_examined(guarded: str, tmp_path: Path) -> None:
    client = connect(f"redis://:secret@{guarded}", 5.0).client()
    client.perform(("ACL", "SETUSER", "silent", "on", ">secret", "+@all", "-ping", "~redisched:*"))
    client.close()

    ended = run_process("doctor", cwd=tmp_path, REDISCHED_URL=f"redis://silent:secret@{guarded}")

    assert ended.stderr == ""
    assert "eviction" in ended.stdout
