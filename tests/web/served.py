"""The API behind a real socket: in a thread of the test, or in a process of `redisched web`."""

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import uvicorn
from starlette.types import ASGIApp

from tests.cli.commands import environment


class Served:
    """Requests to the API at a port of this machine."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status and the body of an answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    @contextmanager
    def listen(self, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[Any]]:
        """The data of the events, until the block ends."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request("GET", "/api/v1/events", headers=dict(headers or {}))
            answer = connection.getresponse()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield _data_in(answer)
            answer.close()
        finally:
            connection.close()


class WebProcess(Served):
    """A running `redisched web`; `line` is what it prints at its start."""

    def __init__(self, folder: Path, *words: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            (sys.executable, "-m", "redisched", "web", "--port", "0", *words),
            cwd=folder,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        found = re.search(r"http://(\S+):(\d+)", self.line)
        assert found is not None, self.stop()
        super().__init__(found[1].strip("[]"), int(found[2]))

    def stop(self) -> tuple[int, str]:
        """Ask it to stop; its exit code and what it has written to stderr."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[Served]:
    """An application that is served in a thread, at a free port unless one is named."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", port)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Served("127.0.0.1", listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def _data_in(stream: IO[bytes]) -> Iterator[Any]:
    for line in stream:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))
