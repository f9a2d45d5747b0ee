"""Servers with TLS, with certificates of an authority made for the tests."""

from pathlib import Path
from typing import Any

import trustme

from redisched.chaos import ClusterServers, Server, WatchedServers, cluster_node
from redisched.embedded import Persistence, Transport
from redisched.embedded.free_port import find_free_port


class Authority:
    """Issues certificates, and keeps its own in a file for clients that trust it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.certificate = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.certificate))

    def server_arguments(self) -> tuple[str, ...]:
        """The arguments of a server with a certificate, which speaks TLS with other servers, too."""
        issued = self._authority.issue_cert("127.0.0.1")
        certificate, key = self._folder / "server.pem", self._folder / "server.key"
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        return (
            *("--tls-cert-file", str(certificate), "--tls-key-file", str(key)),
            *("--tls-ca-cert-file", str(self.certificate), "--tls-auth-clients", "no"),
            *("--tls-replication", "yes", "--tls-cluster", "yes"),
        )


class EncryptedServer(Server):
    """Speaks TLS at its `address`, and plain text at its `url`, through which tests control it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(transport=Transport.LOOPBACK, **settings)
        self._port = find_free_port()
        self._arguments += ("--tls-port", str(self._port))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port for TLS."""
        return "127.0.0.1", self._port


class EncryptedWatchedServers(WatchedServers):
    """A primary, its replica and Sentinels, which speak TLS among themselves, too."""

    def __init__(self, authority: Authority, binary: Path) -> None:
        self._encrypting = authority.server_arguments()
        super().__init__(binary=binary)

    def _server(self, arguments: tuple[str, ...], persistence: Persistence) -> Server:
        everything = (*self._encrypting, *arguments)
        return EncryptedServer(binary=self._binary, arguments=everything, persistence=persistence)


class EncryptedClusterServers(ClusterServers):
    """Three primaries, which speak TLS among themselves, too."""

    def __init__(self, authority: Authority, binary: Path) -> None:
        super().__init__(binary=binary, arguments=authority.server_arguments())

    def _make_node(self) -> Server:
        everything = (*cluster_node(), *self._arguments)
        return EncryptedServer(binary=self._binary, arguments=everything, persistence=self._persistence)
