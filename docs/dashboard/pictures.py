"""Takes a picture of every screen of the dashboard, full and empty, at three sizes and in both themes, to be looked at.

python -m docs.dashboard.pictures FOLDER
"""

import sys
from functools import partial
from itertools import product
from pathlib import Path

from redisched.client.scheduler import Scheduler
from redisched.web.app import create_app
from tests.brokers import BrokerKind, Servers
from tests.web.page.shop import fill
from tests.web.page.tab import Tab, Theme, apart, browser, tab
from tests.web.served import serving

SIZES = (1280, 768, 390)
THEMES: tuple[Theme, ...] = ("light", "dark")
SCREENS = {
    "overview": ("#/", "Overview"),
    "tasks": ("#/tasks", "Tasks"),
    "dead-tasks": ("#/tasks?filter=state%3Adead", "Tasks"),
    "task-retrying": ("#/task/charge-again", "Task"),
    "task-running": ("#/task/import-prices", "Task"),
    "task-dead": ("#/task/charge-0", "Task"),
    "dead": ("#/dead", "Dead"),
    "workers": ("#/workers", "Workers"),
    "schedules": ("#/schedules", "Schedules"),
    "audit": ("#/audit", "Audit"),
}
_SETTLED_MS = 800
"""Answers and the chart are drawn by then."""


def take(opened: Tab, kind: str, theme: Theme, folder: Path) -> None:
    """Take the pictures of one server in one theme."""
    for (name, (path, title)), width in product(SCREENS.items(), SIZES):
        opened.page.set_viewport_size({"width": width, "height": 844})
        opened.open(path, title)
        opened.page.wait_for_timeout(_SETTLED_MS)
        opened.page.screenshot(path=folder / f"{kind}-{name}-{width}-{theme}.png", full_page=True)


def main(folder: Path) -> None:
    """Fill a folder with pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with Servers() as servers, browser() as chromium:
        for kind in ("empty", "full"):
            tasks = Scheduler(broker=servers.broker(BrokerKind.VALKEY))
            if kind == "full":
                apart(partial(fill, tasks))
            with serving(create_app(tasks)) as served:
                for theme in THEMES:
                    with tab(chromium, f"http://{served.host}:{served.port}", theme=theme) as opened:
                        take(opened, kind, theme, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
