"""Serves metrics over HTTP, in threads of its own: also while a handler blocks the event loop of its worker."""

import errno
import socket
import threading
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.registry import Collector

from redisched.errors import InvalidOption

_NOT_TO_BE_HAD = {errno.EACCES, errno.EADDRINUSE}


class MetricsServer:
    """Answers GET /metrics until it is closed."""

    def __init__(self, collector: Collector, host: str, port: int) -> None:
        """With port 0 a free port is taken. Raises InvalidOption if the address cannot be had."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(collector)
        self._server: WSGIServer
        self._thread: threading.Thread
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except (socket.gaierror, UnicodeError) as error:
            raise InvalidOption("metrics_host", host, f"an address of this machine; {error}") from None
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                allowed = "an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
                raise InvalidOption("metrics_host", host, allowed) from None
            if error.errno not in _NOT_TO_BE_HAD:
                raise
            raise InvalidOption("metrics_port", port, f"one that is free on {host}; {error.strerror}") from None
        self.port = self._server.server_port
        self.url = f"http://[{host}]:{self.port}/metrics" if ":" in host else f"http://{host}:{self.port}/metrics"

    def close(self) -> None:
        """Stop answering, and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=1.0)
