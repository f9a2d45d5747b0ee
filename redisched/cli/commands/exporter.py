"""`redisched exporter`: serves the metrics of a whole keyspace for Prometheus."""

import signal
import threading
import time
from types import FrameType

import click

from redisched.cli.metrics_port import LARGEST_PORT, expect_metrics_extra
from redisched.cli.parameters import url_option
from redisched.cli.session import session
from redisched.errors import InvalidOption
from redisched.printable import printable

DEFAULT_PORT = 8781


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen on this address.")
@click.option(
    "--port",
    type=click.IntRange(0, LARGEST_PORT),
    default=DEFAULT_PORT,
    show_default=True,
    help="Listen on this port; 0 takes a free one.",
)
@url_option
def exporter(host: str, port: int, url: str | None) -> None:
    """Serve the metrics of a keyspace for Prometheus, at /metrics.

    No application is needed: depths, ages, pauses, shards and repairs of all queues, and the workers that are present.
    Redis is asked only when a scrape comes, at most once a second. While Redis is away, redisched_up is 0. What worker
    processes count and measure, they serve themselves: redisched worker --metrics-port.
    """
    expect_metrics_extra()
    from redisched.metrics.keyspace_reading import KeyspaceReader
    from redisched.metrics.of_keyspace import KeyspaceCollector
    from redisched.metrics.serving import MetricsServer

    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    with session(url) as opened:
        away = opened.check()
        reader = KeyspaceReader(opened.ask, opened.script_runner, time.monotonic)
        try:
            server = MetricsServer(KeyspaceCollector(reader.read, time.monotonic), host, port)
        except InvalidOption as error:
            # It names the options of a worker.
            raise InvalidOption(error.argument.removeprefix("metrics_"), error.value, error.allowed) from None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        click.echo(f"Metrics are at {server.url}; to stop it: Ctrl-C")
        if away:
            click.echo(f"Redis does not answer yet ({printable(away)}); redisched_up is 0 until it does", err=True)
        stopping.wait()
        server.close()
