"""TLS options for the client library, checks of the files they name, and errors that tell whom a certificate is for."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any, Never

import redis
import redis.asyncio

from redisched.errors import InvalidOption
from redisched.store.failures import WRONG_HOST
from redisched.url_options import Encryption

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_VERIFICATIONS = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}
_LOOK_S = 1.0


class EncryptedConnection(redis.SSLConnection):
    """If the certificate is for another host, the error says for which hosts it is."""

    def _connect(self) -> Any:
        try:
            return super()._connect()  # type: ignore[no-untyped-call]
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in WRONG_HOST:
                error.verify_message += _for_whom(self.host, int(self.port), self.ca_certs, self.ca_path)
            raise


class AsyncEncryptedConnection(redis.asyncio.SSLConnection):
    """If the certificate is for another host, the error says for which hosts it is."""

    async def _connect(self) -> None:
        try:
            await super()._connect()  # type: ignore[no-untyped-call]
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in WRONG_HOST:
                context = self.ssl_context
                place = self.host, int(self.port), context.ca_certs, context.ca_path
                error.verify_message += await asyncio.to_thread(_for_whom, *place)
            raise


def _for_whom(host: str, port: int, ca_certs: str | None, ca_path: str | None) -> str:
    """The hosts that a server's certificate names, as a sentence; "" if they cannot be found out."""
    try:
        context = ssl.create_default_context(cafile=ca_certs, capath=ca_path)
        context.check_hostname = False
        with socket.create_connection((host, port), _LOOK_S) as plain, context.wrap_socket(plain) as connection:
            certificate: dict[str, Any] = connection.getpeercert() or {}
    except (OSError, ValueError):
        return ""
    names = ", ".join(str(name) for _, name in certificate.get("subjectAltName", ()))
    return names and f" It is for {names}"


def context_of(encryption: Encryption) -> ssl.SSLContext:
    """The SSL context for connections that do not come from the client library. Raises OSError."""
    context = ssl.create_default_context(cafile=encryption.ca_certs, capath=encryption.ca_path)
    context.check_hostname = encryption.check_hostname
    context.verify_mode = _VERIFICATIONS[encryption.cert_reqs]
    context.minimum_version = _VERSIONS[encryption.min_version]
    return context


def arguments_of(encryption: Encryption) -> dict[str, Any]:
    """The arguments of an encrypted connection of the client library."""
    return {
        "ssl_ca_certs": encryption.ca_certs,
        "ssl_ca_path": encryption.ca_path,
        "ssl_certfile": encryption.certfile,
        "ssl_keyfile": encryption.keyfile,
        "ssl_password": encryption.password,
        "ssl_cert_reqs": encryption.cert_reqs,
        "ssl_check_hostname": encryption.check_hostname,
        "ssl_min_version": _VERSIONS[encryption.min_version],
        "ssl_ciphers": encryption.ciphers,
    }


def check_encryption(encryption: Encryption) -> None:
    """Read the files that a connection will read. Raises InvalidOption, which names the option and what is wrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for option, path in (
        ("ssl_ca_certs", encryption.ca_certs),
        ("ssl_certfile", encryption.certfile),
        ("ssl_keyfile", encryption.keyfile),
    ):
        if path is not None:
            _check_file(option, path)
    if encryption.ca_path is not None and not Path(encryption.ca_path).is_dir():
        _refuse("ssl_ca_path", encryption.ca_path, f"there is no folder {encryption.ca_path}")
    if encryption.ca_certs is not None and not _is_loaded(context.load_verify_locations, encryption.ca_certs):
        _refuse("ssl_ca_certs", encryption.ca_certs, f"{encryption.ca_certs} holds no certificate in PEM")
    if encryption.certfile is not None:
        # The password is given as a function. With None, OpenSSL would ask for it at the terminal.
        password = encryption.password or ""
        if not _is_loaded(context.load_cert_chain, encryption.certfile, encryption.keyfile, lambda: password):
            sentence = "no certificate in PEM with its key, or a key of another certificate, or a wrong ssl_password"
            _refuse("ssl_certfile", encryption.certfile, sentence)
    if encryption.ciphers is not None and not _is_loaded(context.set_ciphers, encryption.ciphers):
        _refuse("ssl_ciphers", encryption.ciphers, "OpenSSL knows none of them")


def _check_file(option: str, path: str) -> None:
    try:
        with Path(path).open("rb"):
            return
    except OSError as error:
        reason = error.strerror or type(error).__name__
    _refuse(option, path, f"{path} cannot be read: {reason}")


def _is_loaded(load: Any, *arguments: Any) -> bool:
    try:
        load(*arguments)
    except (OSError, ValueError):
        return False
    return True


def _refuse(option: str, value: str, sentence: str) -> Never:
    raise InvalidOption(option, value, sentence)
