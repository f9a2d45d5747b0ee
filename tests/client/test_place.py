"""Where an application's Redis is found, and how handlers are named."""

import subprocess
import sys
from pathlib import Path

import pytest

import redisched.embedded.server
import redisched.store.broker
from redisched import Scheduler
from redisched.config import Settings
from redisched.embedded import PrivateServer
from redisched.errors import InvalidOption
from tests.brokers import fake_broker

APP = """\
from redisched import Scheduler

app = Scheduler("redis://127.0.0.1:1")


@app.task
def send() -> None: ...


class Mailer:
    @staticmethod
    @app.task
    async def send() -> None: ...


if __name__ == "__main__":
    print(*(entry.name for entry in app.registry))
"""


class Handle:
    """What joining the embedded server gives."""

    def __init__(self, url: str) -> None:
        self.url = url


def test_making_a_scheduler_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redisched.store.broker, "connect", None)
    monkeypatch.setattr(redisched.embedded.server, "join", None)

    app = Scheduler()
    app.task(lambda: None)
    app.request("send", 1)


def test_a_url_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDISCHED_URL", "redis://127.0.0.1:1")
    with PrivateServer() as server:
        app = Scheduler(server.url, settings=Settings(url="redis://127.0.0.1:2"))

        app.enqueue("send")

        assert app.settings.url == server.url
        app.close()


def test_the_environment_wins_over_the_embedded_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redisched.embedded.server, "join", None)
    with PrivateServer() as server:
        monkeypatch.setenv("REDISCHED_URL", server.url)
        app = Scheduler()

        app.enqueue("send")

        app.close()


@pytest.mark.parametrize("environment", ["", " ", "localhost:6379"])
def test_an_invalid_url_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch, environment: str) -> None:
    monkeypatch.setattr(redisched.embedded.server, "join", None)
    monkeypatch.setenv("REDISCHED_URL", environment)

    with pytest.raises(InvalidOption, match=r"^REDISCHED_URL="):
        Scheduler().enqueue("send")


def test_without_a_url_the_embedded_server_is_joined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with PrivateServer() as server:
        joined: list[Handle] = []

        def join() -> Handle:
            joined.append(Handle(server.url))
            return joined[-1]

        monkeypatch.setattr(redisched.embedded.server, "join", join)
        app = Scheduler()

        app.enqueue("send")
        app.close()
        app.enqueue("send")

        assert len(joined) == 1
        app.close()


def test_a_handler_is_named_after_its_module_and_itself() -> None:
    app = Scheduler(broker=fake_broker())

    @app.task
    def send() -> None: ...

    name = f"{__name__}.test_a_handler_is_named_after_its_module_and_itself.<locals>.send"
    assert [entry.name for entry in app.registry] == [send.name] == [name]


@pytest.mark.parametrize("started_as", ["script", "module", "package"])
def test_a_script_and_a_worker_that_imports_it_give_handlers_the_same_names(tmp_path: Path, started_as: str) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "jobs.py").write_text(APP)
    (package / "__main__.py").write_text(APP)
    (tmp_path / "jobs.py").write_text(APP)
    command, module = {
        "script": (("jobs.py",), "jobs"),
        "module": (("-m", "shop.jobs"), "shop.jobs"),
        "package": (("-m", "shop"), "shop.__main__"),
    }[started_as]

    ran = _python(tmp_path, *command)
    imported = _python(tmp_path, "-c", f"import {module} as it\nprint(*(entry.name for entry in it.app.registry))")

    assert ran == imported == [f"{module}.send", f"{module}.Mailer.send"]


def test_a_handler_typed_at_a_prompt_has_a_name(tmp_path: Path) -> None:
    assert _python(tmp_path, "-c", APP) == ["__main__.send", "__main__.Mailer.send"]


def _python(directory: Path, *arguments: str) -> list[str]:
    ran = subprocess.run((sys.executable, *arguments), cwd=directory, capture_output=True, text=True, check=True)
    return ran.stdout.split()
