"""Finds out why a server accepts connections and answers no command. Mostly one side uses TLS and the other does not.

A client only sees a lost connection or no reply, as in an outage. A worker that starts has the time to look closer, so
that it does not wait for ever for a server that will never answer.
"""

import socket
import ssl

from redisched.address import Address, Node, ServerAddress, Topology
from redisched.store.encryption import context_of

LOOK_S = 0.5
_LOOKS = 2
"""A server that is shutting down may close a connection once. Only what happens every time counts."""
_PLAIN = (b"+PONG", b"-")
_WEB = b"HTTP/"
_PING = b"PING\r\n"


def diagnose(address: Address) -> str | None:
    """What is wrong with a URL with which no server can be reached; None if that cannot be found out.

    Opens connections of its own, and takes up to two seconds.
    """
    for node in address.nodes[:2]:
        server = address.sentinel(node) if address.topology is Topology.SENTINEL else address.server(node)
        reason = _reason_of_encrypted(server, node) if server.encryption else _reason_of_plain(node)
        if reason:
            return f"{node}: {reason}"
    return None


def _reason_of_plain(node: Node) -> str | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with _connected(node) as plain, context.wrap_socket(plain):
            return "it speaks TLS; write rediss:// in place of redis://"
    except OSError:
        return None


def _reason_of_encrypted(server: ServerAddress, node: Node) -> str | None:
    assert server.encryption is not None
    try:
        with _connected(node) as plain:
            plain.sendall(_PING)
            reply = plain.recv(16)
    except OSError:
        reply = b""
    if reply.startswith((*_PLAIN, _WEB)):
        return "it does not speak TLS; write redis:// in place of rediss://"
    if server.encryption.certfile is None and all(_wants_certificate(server, node) for _ in range(_LOOKS)):
        return "it wants a certificate of ours; name its files by ssl_certfile and ssl_keyfile in the URL"
    return None


def _wants_certificate(server: ServerAddress, node: Node) -> bool:
    """Whether a server closes the connection because we send no certificate."""
    assert server.encryption is not None
    try:
        with _connected(node) as plain:
            connection = context_of(server.encryption).wrap_socket(plain, server_hostname=node.host)
    except OSError:
        return False
    with connection:
        try:
            connection.sendall(_PING)
            return not connection.recv(16)
        except TimeoutError:
            return False
        except OSError:
            return True


def _connected(node: Node) -> socket.socket:
    return socket.create_connection(node, LOOK_S)
