"""Arguments and results that travel by the annotations of their handler."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import pytest

from redisched import Handler, Isolation, Scheduler
from redisched.testing import assert_enqueued, assert_not_enqueued, worker

app = Scheduler()


class Currency(Enum):
    EURO = "EUR"


@dataclass(frozen=True)
class Price:
    cents: int
    currency: Currency = Currency.EURO


@app.task(name="double")
def double(price: Price) -> Price:
    """Return twice the price."""
    return Price(2 * price.cents, price.currency)


@app.task(name="double_isolated", isolation=Isolation.PROCESS)
def double_isolated(price: Price) -> Price:
    """As `double`, isolated."""
    return Price(2 * price.cents, price.currency)


@app.task(name="double_async")
async def double_async(price: Price) -> Price:
    """As `double`, async."""
    return Price(2 * price.cents, price.currency)


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    with worker(app):
        yield


@pytest.mark.parametrize("handler", [double, double_isolated, double_async])
def test_they_come_as_annotated(handler: Handler[[Price], Price]) -> None:
    assert handler.enqueue(Price(100)).result() == Price(200)


def test_they_are_expected_as_annotated() -> None:
    double.enqueue(Price(100))

    assert_enqueued(double, price=Price(100))
    assert_not_enqueued(double, price=Price(200))
    with pytest.raises(AssertionError, match=r"price=Price\(cents=100"):
        assert_enqueued(double, Price(200))
