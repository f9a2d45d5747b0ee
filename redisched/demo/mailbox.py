"""A mail server on the loopback interface that counts mails, and first rejects some recipients (greylisting)."""

import asyncio
import email
import socket
import threading
import zlib
from collections import Counter
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from redisched.demo.surroundings import ServiceAddress

_GREYLISTED_SHARE = 12
"""One of this many recipients is greylisted: rejected once, with the request to try again later."""


def is_greylisted(recipient: str) -> bool:
    """Whether a recipient's first mail is rejected; the same in every run."""
    return zlib.crc32(recipient.encode()) % _GREYLISTED_SHARE == 0


class Mailbox:
    """A mail server that runs in its own thread inside a `with` block."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._put_off: set[str] = set()
        self._received: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def address(self) -> ServiceAddress:
        """The address where it listens."""
        return ServiceAddress("127.0.0.1", self._socket.getsockname()[1])

    @property
    def received(self) -> int:
        """How many different mails were received, counted by Message-ID."""
        return len(self._received)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient, or ask the sender to try again later."""
        if is_greylisted(address) and address not in self._put_off:
            self._put_off.add(address)
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Receive a mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self._received[email.message_from_bytes(content)["Message-ID"]] += 1
        return "250 Message accepted for delivery"

    def _serve(self) -> None:
        serving = self._loop.create_server(lambda: SMTP(self, hostname="localhost", loop=self._loop), sock=self._socket)
        server = self._loop.run_until_complete(serving)
        try:
            self._loop.run_forever()
        finally:
            server.close()
            self._loop.run_until_complete(self._end_connections())
            self._loop.close()

    async def _end_connections(self) -> None:
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
