"""Prints how long a screen takes from its opening to its first rows, with 20 and with 2,000,000 waiting tasks.

python -m docs.dashboard.first_rows
"""

import sys
from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Browser

from redisched.client.scheduler import Scheduler
from redisched.web.app import create_app
from tests.brokers import BrokerKind, Servers
from tests.web.page.shop import introduce
from tests.web.page.tab import apart, browser, tab
from tests.web.served import serving

NUMBERS = (20, 2_000_000)
OPENINGS = 7
AT_A_TIME = 10_000
SCREENS = {
    "overview": ("#/", "[aria-label=Queues] tbody tr"),
    "waiting tasks": ("#/tasks", "[aria-label=Tasks] tbody tr"),
    "ready tasks": ("#/tasks?filter=state%3Aready", "[aria-label=Tasks] tbody tr"),
    "a task": ("#/task/task-7", ".task-head .id"),
}
_NOTE = """
const noted = new MutationObserver(() => {
  if (!document.querySelector(%r)) return;
  noted.disconnect();
  requestAnimationFrame(() => { document.documentElement.dataset.firstRowsMs = performance.now().toFixed(0); });
});
noted.observe(document, { childList: true, subtree: true });
"""


def fill(tasks: Scheduler, number: int) -> None:
    """Half of them are due, half of them in an hour, in ten priorities; a worker takes them."""
    introduce(tasks, "web-1:7", queues=("default",), slots=16, busy=16)
    for first in range(0, number, AT_A_TIME):
        numbers = range(first, min(number, first + AT_A_TIME))
        tasks.enqueue_many(
            [
                tasks.request("mail.send", at, id=f"task-{at}", priority=at % 10, delay=3_600 * (at // 10 % 2))
                for at in numbers
            ]
        )


def opened_ms(chromium: Browser, address: str, path: str, rows: str) -> Iterator[float]:
    """How long each opening takes, in a browser that has nothing of the page yet."""
    for _ in range(OPENINGS):
        with tab(chromium, address) as one:
            one.page.add_init_script(_NOTE % rows)
            one.open(path)
            one.page.locator("html[data-first-rows-ms]").wait_for()
            yield float(one.page.locator("html").get_attribute("data-first-rows-ms") or "nan")


def main() -> None:
    """Print a line for each screen and number of tasks."""
    with Servers() as servers, browser() as chromium:
        for number in NUMBERS:
            tasks = Scheduler(broker=servers.broker(BrokerKind.VALKEY))
            apart(lambda tasks=tasks, number=number: fill(tasks, number))  # type: ignore[misc]
            with serving(create_app(tasks)) as served:
                for name, (path, rows) in SCREENS.items():
                    took = list(opened_ms(chromium, f"http://{served.host}:{served.port}", path, rows))
                    line = f"{number:9,} tasks  {name:14} {median(took):5.0f} ms, at worst {max(took):5.0f} ms\n"
                    sys.stdout.write(line)
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
