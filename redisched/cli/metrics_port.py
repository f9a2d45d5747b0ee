"""What commands check before they serve metrics: that the library is installed, and that the ports are free."""

import errno
import os
import socket
from importlib.util import find_spec

import click

LARGEST_PORT = 65_535


def expect_metrics_extra() -> None:
    """Raises UsageError if the library that writes metrics is missing."""
    if find_spec("prometheus_client") is None:
        raise click.UsageError(
            "metrics are served with prometheus_client, not installed here; "
            "install it: pip install 'redisched[metrics]', or in a checkout pip install -e '.[metrics]'"
        )


def expect_free_ports(host: str, first: int, processes: int) -> None:
    """Raises UsageError if one of the ports that the processes of a worker need cannot be had."""
    last = first + processes - 1
    if last > LARGEST_PORT:
        raise click.UsageError(f"--metrics-port {first}: {processes} processes need the ports up to {last}")
    for port in range(first, last + 1):
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            socket.create_server(address[:2], family=family).close()
        except (OSError, UnicodeError) as error:
            raise click.UsageError(_refusal(host, port, error)) from error


def _refusal(host: str, port: int, error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror | UnicodeError) or error.errno == errno.EADDRNOTAVAIL:
        return f"--metrics-host {host!r}: an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"metrics cannot be served on {host}, port {port}: {reason}; give another --metrics-port"
