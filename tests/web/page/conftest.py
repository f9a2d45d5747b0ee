"""A browser, and servers of the dashboard: one with a full shop, one without a single key."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from redisched.client.scheduler import Scheduler
from redisched.web.acting import actions
from redisched.web.app import create_app
from tests.brokers import BrokerKind, Servers
from tests.web.page.shop import fill
from tests.web.page.tab import Tab, Theme, apart, browser, tab
from tests.web.served import serving

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def full_shop(servers: Servers) -> Iterator[str]:
    """The address of a dashboard with tasks in every state; tests only look at it."""
    broker = servers.broker(BrokerKind.VALKEY)
    tasks = Scheduler(broker=broker)
    apart(lambda: fill(tasks))
    with serving(create_app(tasks)) as served:
        yield f"http://{served.host}:{served.port}"
    broker.close()


@pytest.fixture
def own_shop(tasks: Scheduler) -> Iterator[str]:
    """The address of a dashboard of `tasks`, which the test fills."""
    with serving(create_app(tasks)) as served:
        yield f"http://{served.host}:{served.port}"


@pytest.fixture
def short_undo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actions begin soon, but for those of tests that undo them."""
    monkeypatch.setattr(actions, "UNDO_S", 0.5)


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[OpenTab]:
    """Opens tabs; at the end nothing may have gone wrong in any of them."""
    tabs: list[Tab] = []
    with ExitStack() as closing:

        def opened(address: str, width: int = 1280, theme: Theme = "light") -> Tab:
            found = closing.enter_context(tab(chromium, address, width, theme))
            tabs.append(found)
            return found

        yield opened
        for one in tabs:
            one.check()
