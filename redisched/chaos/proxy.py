"""A proxy in front of a server, which cuts, holds back, slows, loses or repeats exactly the message a test names.

Random faults find much and take long. Most of what goes wrong on a network goes wrong between one request and its
reply, and there are not many of those: a proxy that knows them by name can try every one.
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
    """Passes everything on to the server at `upstream`, redis://... or unix:///..., but for what faults say.

    `observe` is called with every command and its reply, from the threads of the connections. Chance is drawn from
    `seed`. `load` gives redisched's scripts, should they not be those of the library. TLS is not understood, and
    neither are MONITOR and subscriptions, whose messages answer no command. `url` is where clients connect.
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
        """How many requests came, by the script's name or the command's own."""
        return self._tally.counted(Message.REQUEST)

    @property
    def replies(self) -> Counter[str]:
        """How many replies came from the server, by the name of what they answer."""
        return self._tally.counted(Message.REPLY)

    @property
    def struck(self) -> list[Fault]:
        """The faults that have happened since they were set, in order."""
        return self._tally.struck()

    def set(self, *faults: Fault) -> None:
        """Replace all faults by these; the first that fits a message decides. Without any, everything passes."""
        self._tally.arm(faults)

    def cut_all(self) -> None:
        """Close every connection there is; new ones are taken."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.cut()

    def close(self) -> None:
        """Close everything. May be called again."""
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
