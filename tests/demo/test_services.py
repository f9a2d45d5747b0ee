"""The services of the demo fail as often as planned, and the plan of the demo adds up."""

import http.client
import json
import smtplib
from http import HTTPStatus
from pathlib import Path
from random import Random

import pytest

from redisched.demo.facts import Kind
from redisched.demo.gateway import Behaviour, Gateway, behaviour_of
from redisched.demo.logs import _lines, log_of_this_machine, slices
from redisched.demo.mailbox import Mailbox, is_greylisted
from redisched.demo.workload import plan
from redisched.errors import InvalidOption


def order_of(behaviour: Behaviour) -> str:
    return next(order for number in range(1_000) if behaviour_of(order := f"order-{number}") is behaviour)


def post(gateway: Gateway, order: str, key: str) -> int:
    connection = http.client.HTTPConnection(gateway.address.host, gateway.address.port, timeout=10)
    try:
        connection.request("POST", "/charges", json.dumps({"order": order, "cents": 1}), {"Idempotency-Key": key})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("behaviour", "statuses"),
    [
        (Behaviour.SETTLES, [HTTPStatus.CREATED, HTTPStatus.CREATED]),
        (Behaviour.BUSY, [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CREATED]),
        (Behaviour.SHORT, [HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.CREATED]),
        (Behaviour.REFUSES, [HTTPStatus.PAYMENT_REQUIRED] * 3),
    ],
)
def test_the_gateway_fails_in_several_ways(behaviour: Behaviour, statuses: list[HTTPStatus]) -> None:
    with Gateway() as gateway:
        order = order_of(behaviour)
        assert [post(gateway, order, "key") for _ in statuses] == statuses


def test_the_gateway_identifies_a_charge_by_its_key_and_counts_double_charges() -> None:
    with Gateway() as gateway:
        order = order_of(Behaviour.SETTLES)
        post(gateway, order, "key")
        post(gateway, order, "key")
        assert gateway.double_charges == 0
        post(gateway, order, "another key")
        assert gateway.double_charges == 1


def test_the_mailbox_defers_some_mails_once_and_counts_each_mail_once() -> None:
    recipient = next(name for number in range(1_000) if is_greylisted(name := f"customer-{number}@mail.example"))
    with Mailbox() as mailbox, smtplib.SMTP(mailbox.address.host, mailbox.address.port, "localhost") as server:
        mail = "Message-ID: <one@shop.example>\n\nhello"
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.sendmail("shop@shop.example", recipient, mail)
        server.sendmail("shop@shop.example", recipient, mail)
        server.sendmail("shop@shop.example", recipient, mail)
        assert mailbox.received == 1


@pytest.mark.parametrize("count", [1, 7, 50])
def test_slices_contain_every_line_of_the_log_once(count: int) -> None:
    log = log_of_this_machine()
    lines = [line for first, end in slices(log, count) for line in _lines(log, first, end)]
    assert lines == Path(log).read_bytes().splitlines(keepends=True)


def test_the_plan_has_the_requested_number_of_tasks() -> None:
    jobs = plan(1_000, Random(1))
    assert {job.kind for job in jobs} == set(Kind)
    readings = sum(job.kind is Kind.PERIODIC for job in jobs)
    assert len(jobs) - readings + 50 == 1_000
    assert [job.moment for job in jobs] == sorted(job.moment for job in jobs)


def test_a_plan_for_too_few_tasks_is_refused() -> None:
    with pytest.raises(InvalidOption, match="tasks"):
        plan(3, Random(1))
