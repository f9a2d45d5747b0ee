"""A proxy in front of a server that cuts, delays, slows, drops or duplicates exactly the message that a test names.

Tests with random faults find many bugs, but take long. Most network faults happen between a request and its reply, and
there are few kinds of requests: because the proxy knows each by name, a test can try them all.
"""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Self
from urllib.parse import unquote, urlsplit

from redisched.chaos.command_names import CommandNames
from redisched.chaos.fault import Fault, Message
from redisched.chaos.link import Link, Observe, Rules
from redisched.chaos.tally import Tally
from redisched.store.scripts import Script, load_script

_CONNECT_TIMEOUT_S = 5.0


class Proxy:
    """Passes all messages on to the server at `upstream` (redis://... or unix:///...), except as faults say.

    Clients connect to `url`. `observe` is called with every command and its reply, from the threads of the connections.
    Random numbers are derived from `seed`. `load` returns redisched's scripts, by default those of the library. TLS is
    not supported. Neither are MONITOR and subscriptions, because their messages are not replies to commands.
    """

    def __init__(
        self,
        upstream: str,
        *,
        observe: Observe | None = None,
        seed: int = 0,
        load: Callable[[str], Script] = load_script,
    ) -> None:
        self._upstream = urlsplit(upstream)
        random = Random(seed)
        self._tally = Tally(random.random)
        self._rules = Rules(names=CommandNames(load), tally=self._tally, random=random, observe=observe)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = self._url_at(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._links: set[Link] = set()
        self._threads: set[threading.Thread] = set()
        self._closed = False
        self._accepting = threading.Thread(target=self._accept, name="redisched-proxy", daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def requests(self) -> Counter[str]:
        """How many requests came, by the name of the script or command."""
        return self._tally.counted(Message.REQUEST)

    @property
    def replies(self) -> Counter[str]:
        """How many replies came from the server, by the name of the script or command that they answer."""
        return self._tally.counted(Message.REPLY)

    @property
    def struck(self) -> list[Fault]:
        """The faults that have happened since they were set, in order."""
        return self._tally.struck()

    def set(self, *faults: Fault) -> None:
        """Replace all faults by these. If several match a message, the first applies. Without faults, all pass."""
        self._tally.arm(faults)

    def cut_all(self) -> None:
        """Close every open connection. New ones are still accepted."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.cut()

    def close(self) -> None:
        """Stop listening, close every connection, and return when all threads have ended. May be called again."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        self.cut_all()
        for thread in list(self._threads):
            thread.join()

    def _url_at(self, port: int) -> str:
        place = f"127.0.0.1:{port}"
        if self._upstream.scheme == "unix":
            return f"redis://{place}/0"
        credentials, at, _ = self._upstream.netloc.rpartition("@")
        return self._upstream._replace(netloc=f"{credentials}{at}{place}").geturl()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), name="redisched-proxy-requests", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = self._connect()
        except OSError:
            client.close()
        else:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._join(Link(client, server, self._rules))
        self._threads.discard(threading.current_thread())

    def _join(self, link: Link) -> None:
        with self._lock:
            self._links.add(link)
        if self._closed:
            link.cut()
        link.carry()
        with self._lock:
            self._links.discard(link)

    def _connect(self) -> socket.socket:
        is_unix = self._upstream.scheme == "unix"
        server = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET)
        try:
            server.settimeout(_CONNECT_TIMEOUT_S)
            if is_unix:
                server.connect(unquote(self._upstream.path))
            else:
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                server.connect((self._upstream.hostname or "localhost", self._upstream.port or 6379))
            server.settimeout(None)
        except BaseException:
            server.close()
            raise
        return server
