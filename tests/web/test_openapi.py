"""The OpenAPI document is what the API does: every route is in it.

Every test of the API holds its answers against the document, too: see tests/web/api.py.
"""

import re

from jsonschema import Draft202012Validator
from starlette.routing import Route

from redisched.client.scheduler import Scheduler
from redisched.web.app import create_app
from redisched.web.openapi import API, document
from tests.web.api import Api


def test_every_route_is_in_the_document_and_the_other_way_round(tasks: Scheduler) -> None:
    routes = {
        (route.path.removeprefix(API), method.lower())
        for route in create_app(tasks).routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    documented = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    of_page = {("/", "get"), ("/page/{file:path}", "get")}
    assert routes - of_page - {("/openapi.json", "get")} == documented


def test_the_document_is_served_and_holds_together(api: Api) -> None:
    served = api.client.get(f"{API}/openapi.json").json()
    assert served == document()
    Draft202012Validator.check_schema({"$defs": served["components"]["schemas"]})
    named = set(re.findall(r'"#/components/schemas/(\w+)"', api.client.get(f"{API}/openapi.json").text))
    assert named == served["components"]["schemas"].keys()
    ids = [operation["operationId"] for methods in served["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
