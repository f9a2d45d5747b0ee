"""Tasks reach one or several servers, and workers, over TLS. An untrusted server is an error that says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.config import Settings
from redisched.errors import BrokerRefused
from tests.brokers import SEVERAL, BrokerKind, binary_of
from tests.client.callers import Caller, Manner
from tests.encryption import Authority, EncryptedClusterServers, EncryptedServer, EncryptedWatchedServers
from tests.engine.running import work_off

pytestmark = [pytest.mark.timeout(120), pytest.mark.differs_by_server, pytest.mark.differs_by_routing]


@contextmanager
def encrypted(kind: BrokerKind, authority: Authority) -> Iterator[str]:
    """The URL of servers that speak TLS, without whom to trust."""
    binary = binary_of(BrokerKind.REDIS)
    match kind:
        case BrokerKind.SENTINEL:
            with EncryptedWatchedServers(authority, binary) as watched:
                yield watched.url.replace("redis+", "rediss+")
        case BrokerKind.CLUSTER:
            with EncryptedClusterServers(authority, binary) as cluster:
                yield cluster.url.replace("redis+", "rediss+")
        case _:
            with EncryptedServer(binary=binary, arguments=authority.server_arguments()) as server:
                yield "rediss://{}:{}".format(*server.address)


@pytest.mark.parametrize("kind", [BrokerKind.REDIS, *SEVERAL])
def test_tasks_are_enqueued_and_run_over_tls(tmp_path: Path, kind: BrokerKind) -> None:
    authority = Authority(tmp_path)
    with encrypted(kind, authority) as url:
        app = Scheduler(f"{url}?ssl_ca_certs={authority.certificate}")

        @app.task(retention=60)
        def double(number: int) -> int:
            return 2 * number

        tasks = [Caller(app, manner)(double.enqueue, number) for number, manner in enumerate(Manner)]
        work_off(app)
        assert [task.result(0) for task in tasks] == [0, 2]
        app.close()


@pytest.mark.parametrize("kind", [BrokerKind.REDIS, *SEVERAL])
def test_an_untrusted_certificate_is_an_error_that_says_so(tmp_path: Path, kind: BrokerKind) -> None:
    strange = tmp_path / "strange"
    strange.mkdir()
    with encrypted(kind, Authority(tmp_path)) as url:
        app = Scheduler(f"{url}?ssl_ca_certs={Authority(strange).certificate}", settings=Settings(timeout_s=2.0))
        for manner in Manner:
            with pytest.raises(
                BrokerRefused, match=r"certificate is not trusted: .*; name .* by ssl_ca_certs in the URL"
            ):
                Caller(app, manner)(app.enqueue, "work")
        app.close()
