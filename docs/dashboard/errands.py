"""Prints how many clicks and seconds each errand takes from the opening of the page, in a full shop.

python -m docs.dashboard.errands
"""

import sys
import time
from functools import partial

from redisched.client.scheduler import Scheduler
from redisched.web.app import create_app
from tests.brokers import BrokerKind, Servers
from tests.web.page.errands import ERRANDS, clicks_of, count_clicks
from tests.web.page.shop import fill
from tests.web.page.tab import apart, browser, tab
from tests.web.served import serving


def main() -> None:
    """Print a line for each errand. Nothing that was begun is done: the servers stop within the time to undo it."""
    with Servers() as servers, browser() as chromium:
        for errand in ERRANDS:
            tasks = Scheduler(broker=servers.broker(BrokerKind.VALKEY))
            apart(partial(fill, tasks))
            with (
                serving(create_app(tasks)) as served,
                tab(chromium, f"http://{served.host}:{served.port}") as opened,
            ):
                count_clicks(opened)
                began_s = time.perf_counter()
                errand.run(opened)
                took_s = time.perf_counter() - began_s
                clicks = len(clicks_of(opened))
            sys.stdout.write(f"{errand.name:40} {clicks} of {errand.clicks} clicks  {took_s:4.1f} s\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
