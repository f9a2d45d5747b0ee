"""If a server cannot be reached, by TLS or without, the error says why, blocking and under asyncio."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import trustme

from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable, InvalidOption
from redisched.store.broker import connect
from redisched.store.diagnosis import diagnose
from redisched.url import parse_address
from tests.brokers import BrokerKind, binary_of
from tests.encryption import Authority, EncryptedServer
from tests.store.line_server import SILENCE, LineServer
from tests.store.test_broker import Perform, both_ways


@contextmanager
def encrypted(*arguments: str) -> Iterator[EncryptedServer]:
    with EncryptedServer(binary=binary_of(BrokerKind.REDIS), arguments=arguments) as server:
        yield server


def place_of(server: EncryptedServer) -> str:
    return "{}:{}".format(*server.address)


def ping(url: str, perform: Perform) -> str:
    """What it says that the server may not be asked."""
    broker = connect(url, 2.0)
    with pytest.raises(BrokerError) as failed:
        perform(broker, ("PING",))
    broker.close()
    assert isinstance(failed.value, BrokerRefused), failed.value
    return str(failed.value)


@both_ways
def test_a_certificate_for_another_host_names_both(tmp_path: Path, perform: Perform) -> None:
    authority = Authority(tmp_path)
    with encrypted(*authority.server_arguments()) as server:
        said = ping(f"rediss://localhost:{server.address[1]}?ssl_ca_certs={authority.certificate}", perform)

    assert "not valid for 'localhost'" in said
    assert "It is for 127.0.0.1; correct the host in the URL, or the certificate" in said
    assert "ssl_ca_certs" not in said


@both_ways
def test_the_error_about_an_expired_certificate_says_to_renew_it(tmp_path: Path, perform: Perform) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    issued = authority.issue_cert("127.0.0.1", not_before=yesterday - datetime.timedelta(days=9), not_after=yesterday)
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    files = ("--tls-cert-file", "--tls-key-file"), str(tmp_path / "server.pem")
    arguments = [part for flag in files[0] for part in (flag, files[1])]
    with encrypted(
        *arguments, "--tls-ca-cert-file", str(tmp_path / "authority.pem"), "--tls-auth-clients", "no"
    ) as server:
        said = ping(f"rediss://{place_of(server)}?ssl_ca_certs={tmp_path}/authority.pem", perform)

    assert "certificate has expired; have it renewed" in said


@both_ways
def test_the_error_about_an_unknown_authority_says_to_name_it(tmp_path: Path, perform: Perform) -> None:
    with encrypted(*Authority(tmp_path).server_arguments()) as server:
        said = ping(f"rediss://{place_of(server)}", perform)

    assert "name the file of its authority by ssl_ca_certs in the URL" in said


@both_ways
def test_the_error_names_the_tls_versions_if_none_is_shared(tmp_path: Path, perform: Perform) -> None:
    authority = Authority(tmp_path)
    with encrypted(*authority.server_arguments(), "--tls-protocols", "TLSv1.2") as server:
        said = ping(f"rediss://{place_of(server)}?ssl_ca_certs={authority.certificate}&ssl_min_version=1.3", perform)

    assert "look at ssl_min_version in the URL" in said


class Web(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@both_ways
def test_a_web_server_is_recognized(perform: Perform) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        said = ping(f"redis://127.0.0.1:{server.server_port}", perform)
        server.shutdown()
        thread.join()

    assert "does not speak the protocol of Redis" in said


def test_a_cause_that_only_a_diagnosis_finds_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    arguments = list(authority.server_arguments())
    trusting = f"?ssl_ca_certs={authority.certificate}"
    with encrypted(*arguments) as server:
        plain = server.url.removeprefix("redis://")
        looked = {
            "plain to TLS": diagnose(parse_address(f"redis://{place_of(server)}")),
            "TLS to plain": diagnose(parse_address(f"rediss://{plain}")),
            "Sentinels": diagnose(parse_address(f"rediss+sentinel://{plain.partition('/')[0]}/tasks")),
            "a cluster": diagnose(parse_address(f"redis+cluster://{place_of(server)}")),
            "plain": diagnose(parse_address(server.url)),
            "TLS": diagnose(parse_address(f"rediss://{place_of(server)}{trusting}")),
        }
    arguments[arguments.index("--tls-auth-clients") + 1] = "yes"
    with encrypted(*arguments) as server:
        looked["no certificate"] = diagnose(parse_address(f"rediss://{place_of(server)}{trusting}"))
    looked["nobody"] = diagnose(parse_address(f"redis://{place_of(server)}"))
    looked["a socket"] = diagnose(parse_address("unix:///no/such"))

    said = {name: reason.partition(": ")[2].partition(";")[0] if reason else None for name, reason in looked.items()}
    assert said == {
        "plain to TLS": "it speaks TLS",
        "TLS to plain": "it does not speak TLS",
        "Sentinels": "it does not speak TLS",
        "a cluster": "it speaks TLS",
        "plain": None,
        "TLS": None,
        "no certificate": "it wants a certificate of ours",
        "nobody": None,
        "a socket": None,
    }


def test_unusable_files_are_named_before_a_connection_is_opened(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    key = trustme.CA().issue_cert("a")
    key.private_key_pem.write_to_path(str(tmp_path / "a.key"))
    key.cert_chain_pems[0].write_to_path(str(tmp_path / "a.pem"))
    trustme.CA().issue_cert("b").private_key_pem.write_to_path(str(tmp_path / "b.key"))
    refused = {
        f"ssl_ca_certs={tmp_path}/none.pem": "ssl_ca_certs=.*none.pem cannot be read: No such file",
        f"ssl_ca_certs={tmp_path}": "ssl_ca_certs=.* cannot be read: Is a directory",
        f"ssl_ca_certs={tmp_path}/empty.pem": "ssl_ca_certs=.*empty.pem holds no certificate in PEM",
        f"ssl_ca_path={tmp_path}/none": "ssl_ca_path=.*: there is no folder .*none",
        f"ssl_certfile={tmp_path}/none.pem": "ssl_certfile=.*: .* cannot be read",
        f"ssl_certfile={tmp_path}/a.pem": "ssl_certfile=.*: no certificate in PEM with its key",
        f"ssl_certfile={tmp_path}/a.pem&ssl_keyfile={tmp_path}/none.key": "ssl_keyfile=.*: .* cannot be read",
        f"ssl_certfile={tmp_path}/a.pem&ssl_keyfile={tmp_path}/b.key": "a key of another certificate",
        "ssl_ciphers=none-such": "ssl_ciphers='none-such': OpenSSL knows none of them",
    }

    for options, said in refused.items():
        with pytest.raises(InvalidOption, match=said):
            connect(f"rediss://127.0.0.1:1?{options}", 1.0)
    connect(f"rediss://127.0.0.1:1?ssl_certfile={tmp_path}/a.pem&ssl_keyfile={tmp_path}/a.key", 1.0)


@both_ways
def test_the_error_about_a_silent_server_says_how_long_was_waited(tmp_path: Path, perform: Perform) -> None:
    with LineServer(tmp_path, [SILENCE]) as server:
        broker = connect(server.url, 0.1)
        with pytest.raises(BrokerUnavailable, match=r"unavailable after 0.1 s \(no answer within 0.1 s\)") as failed:
            perform(broker, ("GET", "a"))
        broker.close()
    assert failed.value.waited_s == 0.1


@both_ways
def test_an_error_without_a_wait_does_not_mention_one(tmp_path: Path, perform: Perform) -> None:
    broker = connect(f"unix://{tmp_path}/nobody", 1.0)
    with pytest.raises(BrokerUnavailable, match=r"^Redis is unavailable \("):
        perform(broker, ("GET", "a"))
