"""Random requests, made from the OpenAPI document by schemathesis, are answered as the document says."""

import importlib
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import sampled_from

from redisched.client.scheduler import Scheduler
from redisched.store.broker import Broker
from redisched.web.access import Access, AccessToken
from redisched.web.app import create_app
from redisched.web.catalogue import ENDPOINTS
from redisched.web.endpoint import Endpoint
from redisched.web.filtering import FILTER_FORMAT
from redisched.web.openapi import API
from tests.brokers import BrokerKind, Servers
from tests.cli.workshop import Workshop
from tests.web.api import SECRET, bearer

# Drawing what a path must not have takes half a minute, and minutes on a busy machine.
pytestmark = [pytest.mark.measured, pytest.mark.timeout(600)]

EXAMPLES = [10, pytest.param(50, marks=pytest.mark.nightly)]
"""How many random requests are sent to each endpoint: with each change, and at night."""
FILTERS = ["state:any", "error:ValueError", "name:a* -queue:0", "arg.0:1", "id:ready,dead", "age:>1h"]
"""Without states, as each action is for tasks in some."""
HEADERS = {"Host": "127.0.0.1", **bearer(SECRET)}
SENT = [
    (endpoint, mode)
    for endpoint, mode in product(ENDPOINTS, ("positive", "negative"))
    # The stream of events never ends; and without parameters nothing can be wrong.
    if endpoint.path != "/events" and (mode == "positive" or endpoint.parameters or endpoint.body)
]


@pytest.fixture(scope="module")
def schemathesis() -> Any:
    """Loaded late, as that takes seconds."""
    loaded = importlib.import_module("schemathesis")
    loaded.openapi.format(FILTER_FORMAT, sampled_from(FILTERS))
    return loaded


@pytest.fixture(scope="module")
def filled(servers: Servers) -> Iterator[Scheduler]:
    """Tasks in many states."""
    broker = servers.broker(BrokerKind.VALKEY)
    fill(broker)
    yield Scheduler(broker=broker)
    broker.close()


def fill(broker: Broker) -> None:
    tasks, workshop = Scheduler(broker=broker), Workshop(broker, "default")
    for id in ("dead", "succeeded", "retrying", "running", "leased", "ready"):
        tasks.enqueue("add", 1, kwargs={"token": b"\xff"}, id=id)
    workshop.bury(workshop.claim())
    workshop.succeed(workshop.claim(), {"x": float("nan")})
    workshop.fail(workshop.claim(), "ValueError: no")
    workshop.start(workshop.claim())
    workshop.claim()
    tasks.enqueue("add", queue="0", delay=60)
    tasks.schedules.add("nightly", "add", cron="0 3 * * *", kwargs={"password": "x"})


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize(
    ("endpoint", "mode"), SENT, ids=[f"{mode} {endpoint.method} {endpoint.path}" for endpoint, mode in SENT]
)
def test_random_requests_are_answered_as_the_document_says(
    filled: Scheduler, schemathesis: Any, endpoint: Endpoint, mode: str, examples: int
) -> None:
    app = create_app(filled, access=Access(tokens=(AccessToken(secret=SECRET),)))
    schema = schemathesis.openapi.from_asgi(f"{API}/openapi.json", app, headers=HEADERS)
    generated = schema[endpoint.path][endpoint.method].as_strategy(generation_mode=schemathesis.GenerationMode(mode))
    # A percent sign in a path is taken there for the beginning of an encoded character.
    cases = generated.filter(lambda case: "%" not in str(case.path_parameters))

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def send(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, base_url=f"http://127.0.0.1{API}")

    send()
