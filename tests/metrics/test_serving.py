"""Metrics over HTTP: where they are served, and what is said if that cannot be."""

import socket
import urllib.error
import urllib.request

import pytest

from redisched.errors import InvalidOption
from redisched.metrics.of_worker import WorkerCollector
from redisched.metrics.serving import MetricsServer
from tests.metrics.figures import figures
from tests.metrics.scraped import fetch

COLLECTOR = WorkerCollector(figures)


def test_they_are_at_the_address_that_is_told_until_it_is_closed() -> None:
    server = MetricsServer(COLLECTOR, "127.0.0.1", 0)
    try:
        assert server.url == f"http://127.0.0.1:{server.port}/metrics"
        assert fetch(server.url).number("redisched_worker_slots") == 16
    finally:
        server.close()
    with pytest.raises(urllib.error.URLError):
        fetch(server.url)
    # Another process can have the port at once.
    MetricsServer(COLLECTOR, "127.0.0.1", server.port).close()


def test_openmetrics_is_spoken_to_who_asks_for_it() -> None:
    server = MetricsServer(COLLECTOR, "127.0.0.1", 0)
    try:
        asking = urllib.request.Request(server.url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        with urllib.request.urlopen(asking, timeout=20) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
            assert answer.read().endswith(b"# EOF\n")
    finally:
        server.close()


def test_an_address_that_cannot_be_had_is_refused_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InvalidOption, match=r"free on 127\.0\.0\.1"):
        MetricsServer(COLLECTOR, "127.0.0.1", taken.getsockname()[1])
    with pytest.raises(InvalidOption, match="an address of this machine"):
        MetricsServer(COLLECTOR, "no such host", 0)
    with pytest.raises(InvalidOption, match=r"^metrics_host='192\.0\.2\.1': an address of this"):
        MetricsServer(COLLECTOR, "192.0.2.1", 0)
