"""The web service in `examples/fastapi` does what its README says, also for many at once and without a Redis."""

import asyncio
import re
import runpy
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from redisched import Scheduler
from redisched.chaos import Server
from redisched.config import Settings
from tests.engine.running import RunningWorker

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi" / "shop.py"
REQUESTS = 200
BUSY_S = 60.0
FOR_CALLS, FOR_ENDS, OURS = 8, 1, 1
"""How many connections the program allows itself, and with how many it hears of ends; one more is that of the test."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def shop(url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The program, on this server."""
    monkeypatch.setenv("REDISCHED_URL", url)
    return runpy.run_path(str(EXAMPLE), run_name="shop")


class Site:
    """The web service without a network, from the start of its lifespan to its end."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __aenter__(self) -> httpx2.AsyncClient:
        self._lifespan = self._app.router.lifespan_context(self._app)
        state = await self._lifespan.__aenter__()
        transport = httpx2.ASGITransport(app=_with_state(self._app, state))
        self._client = httpx2.AsyncClient(transport=transport, base_url="http://shop", timeout=60)
        return self._client

    async def __aexit__(self, *error: Any) -> None:
        await self._client.aclose()
        await self._lifespan.__aexit__(*error)


def _with_state(app: Any, state: Any) -> Any:
    async def call(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return call


def connections(direct: Scheduler) -> Counter[str]:
    """How many connections the server has for each part of a program, as it names them."""
    clients = direct.broker.client().perform(("CLIENT", "LIST")).decode()
    return Counter(name.rpartition(":")[2] for name in re.findall(r" name=(redisched:\S+)", clients))


@pytest.mark.measured
def test_many_requests_at_once_share_few_connections(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    # This process serves, works and asks at the same time: on a busy machine a call takes longer than usual.
    monkeypatch.setattr("redisched.config.Settings", partial(Settings, timeout_s=BUSY_S))
    program = shop(server.url, monkeypatch)
    direct = Scheduler(server.url)

    async def ask() -> tuple[list[httpx2.Response], Counter[str]]:
        async with Site(program["app"]) as site:
            first = await site.get("/quote", params={"item": "warm up"})
            waiting = asyncio.gather(
                *(site.get("/quote", params={"item": "x" * number}) for number in range(REQUESTS)),
                *(site.post("/orders", params={"order": number}) for number in range(REQUESTS)),
            )
            most: Counter[str] = Counter()
            while not waiting.done():
                most |= await asyncio.to_thread(connections, direct)
            return [first, *await waiting], most

    # The worker has an application of its own, as one in another process has.
    with RunningWorker(shop(server.url, monkeypatch)["tasks"]):
        answers, most = asyncio.run(ask())

    assert [answer.status_code for answer in answers] == [200] * (REQUESTS + 1) + [202] * REQUESTS
    assert [answer.json()["price"] for answer in answers[1 : REQUESTS + 1]] == [n * 1.5 for n in range(REQUESTS)]
    assert OURS < most["shared"] <= FOR_CALLS + OURS
    assert most["results"] == FOR_ENDS
    assert connections(direct) == {"shared": OURS}, "the lifespan has closed the connections of the service"
    direct.close()


@pytest.mark.measured
def test_a_receipt_is_followed_and_an_unknown_one_is_404(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    program = shop(server.url, monkeypatch)

    async def order() -> None:
        async with Site(program["app"]) as site:
            receipt = (await site.post("/orders", params={"order": 5})).json()["receipt"]
            assert (await site.get(f"/orders/{receipt}")).json() == {"state": "ready"}
            assert (await site.get("/orders/another")).status_code == 404

    asyncio.run(order())
