"""A worker on each of the servers that it may use."""

from collections.abc import Iterator

import pytest

from redisched import testing
from tests.testing.shop import app, done


@pytest.fixture(params=list(testing.Backend))
def worker(request: pytest.FixtureRequest) -> Iterator[testing.VirtualWorker]:
    done.clear()
    with testing.worker(app, backend=request.param) as worker:
        yield worker
