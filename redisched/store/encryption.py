"""How to encrypt, as the client library is told; and whether the files it needs are there."""

import ssl
from pathlib import Path
from typing import Any, Never

from redisched.errors import InvalidOption
from redisched.url_options import Encryption

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


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
    """Read what a connection will read. Raises InvalidOption that names the option and says what is wrong with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for option, path in (
        ("ssl_ca_certs", encryption.ca_certs),
        ("ssl_certfile", encryption.certfile),
        ("ssl_keyfile", encryption.keyfile),
    ):
        if path is not None:
            _check_file(option, path)
    if encryption.ca_path is not None and not Path(encryption.ca_path).is_dir():
        _refuse("ssl_ca_path", encryption.ca_path, "there is no such folder")
    if encryption.ca_certs is not None and not _is_loaded(context.load_verify_locations, encryption.ca_certs):
        _refuse("ssl_ca_certs", encryption.ca_certs, "the file holds no certificate in PEM")
    if encryption.certfile is not None:
        # A function, so that nobody is asked for the password at a terminal.
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
    _refuse(option, path, f"the file cannot be read: {reason}")


def _is_loaded(load: Any, *arguments: Any) -> bool:
    try:
        load(*arguments)
    except (OSError, ValueError):
        return False
    return True


def _refuse(option: str, value: str, sentence: str) -> Never:
    raise InvalidOption(option, value, sentence)
