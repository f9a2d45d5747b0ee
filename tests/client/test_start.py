"""A program that only registers handlers starts fast: the modules for calls are loaded by the first call."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from redisched.embedded import PrivateServer

OF_CALLS = (
    "asyncio",
    "concurrent.futures",
    "email",
    "hiredis",
    "http",
    "importlib.metadata",
    "logging",
    "multiprocessing",
    "redis",
    "redisched.embedded",
    "redisched.engine",
    "redisched.store.broker",
    "redisched.store.clients",
    "socket",
    "ssl",
    "subprocess",
)
OF_A_CALL = ("asyncio", "hiredis", "redis", "redisched.store.broker", "redisched.store.clients")

START = f"""
import json, sys
from redisched import Scheduler

app = Scheduler(name) if (name := sys.argv[1]) else Scheduler()

@app.task(name="send")
def send(number: int, text: str = "") -> None: ...

request = send.request(1, text="a")
def loaded():
    return [name for name in {OF_CALLS!r} if name in sys.modules]
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with PrivateServer() as server:
        yield server.url


def result_of(program: str, url: str, folder: Path) -> Any:
    """What a program prints last that goes on after START, as a value."""
    file = folder / "program.py"
    file.write_text(START + textwrap.dedent(program))
    command = (sys.executable, str(file), url)
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


def test_registering_a_handler_and_making_a_request_load_nothing_of_a_call(tmp_path: Path) -> None:
    assert result_of("print(json.dumps(loaded()))", "redis://127.0.0.1:1", tmp_path) == []


def test_an_application_without_a_url_loads_nothing_of_a_call(tmp_path: Path) -> None:
    assert result_of("print(json.dumps(loaded()))", "", tmp_path) == []


def test_the_first_call_loads_what_it_needs(url: str, tmp_path: Path) -> None:
    found = result_of("app.enqueue_many([request]); print(json.dumps(loaded()))", url, tmp_path)

    assert set(OF_A_CALL) <= set(found)
    assert not {"redisched.embedded", "redisched.engine"} & set(found)


def test_threads_may_make_the_first_call_at_once(url: str, tmp_path: Path) -> None:
    program = """
        import threading

        barrier, refs = threading.Barrier(8), []

        def call(number):
            barrier.wait()
            refs.append(send.enqueue(number).id)

        threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(json.dumps(len(set(refs))))
    """

    assert result_of(program, url, tmp_path) == 8


@pytest.mark.parametrize(
    "call",
    [
        "send.enqueue_async(1)",
        "app.enqueue_many_async([request])",
        "app.ref(request.id, 'default').status_async()",
    ],
)
def test_the_first_call_under_asyncio_loads_the_client_library_outside_of_the_event_loop(
    url: str, tmp_path: Path, call: str
) -> None:
    program = f"""
        import asyncio, threading

        class Watch:
            threads = {{}}

            def find_spec(self, name, path=None, target=None):
                self.threads[name] = threading.current_thread() is threading.main_thread()

        async def main():
            sys.meta_path.insert(0, Watch())
            await {call}
            await app.close_async()

        asyncio.run(main())
        print(json.dumps([Watch.threads.get(name) for name in ("redisched.store.broker", "hiredis", "redis")]))
    """

    assert result_of(program, url, tmp_path) == [False, False, False]


def test_the_time_of_a_call_begins_when_the_client_library_is_loaded(url: str, tmp_path: Path) -> None:
    program = """
        from redisched.client import connection

        class Clock:
            now_s = 0.0

        class SlowLoading:
            def __getattr__(self, name):
                Clock.now_s += 60.0
                return getattr(loading, name)

        loading, connection.brokers = connection.brokers, SlowLoading()
        app._connection.monotonic = lambda: Clock.now_s
        app.enqueue_many([request])
        print(json.dumps(Clock.now_s))
    """

    assert result_of(program, url, tmp_path) == 60.0


def test_an_invalid_url_is_refused_by_the_first_call(tmp_path: Path) -> None:
    program = """
        import asyncio, os
        from redisched.errors import InvalidOption

        os.environ["REDISCHED_URL"] = "localhost:6379"
        said = []
        for call in (lambda: app.enqueue_many([request]), lambda: asyncio.run(app.enqueue_many_async([request]))):
            try:
                call()
            except InvalidOption as error:
                said.append(str(error).partition("=")[0])
        print(json.dumps(said))
    """

    assert result_of(program, "", tmp_path) == ["REDISCHED_URL", "REDISCHED_URL"]


def test_annotations_can_be_resolved(tmp_path: Path) -> None:
    program = "import typing; print(json.dumps('broker' in typing.get_type_hints(Scheduler.__init__)))"

    assert result_of(program, "", tmp_path) is True
