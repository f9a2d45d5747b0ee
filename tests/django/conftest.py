"""A worker that runs the handlers of the project in the test's process."""

from collections.abc import Iterator

import pytest

from redisched import testing
from redisched.django.application import load
from tests.django.shop.tasks import seen


@pytest.fixture
def worker() -> Iterator[testing.VirtualWorker]:
    seen.clear()
    with testing.worker(load()) as worker:
        yield worker
