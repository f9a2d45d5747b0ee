"""The dashboard beside a Django site: for staff, by the login of the site, and for nobody else."""

import http.client
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.http import HttpRequest, JsonResponse
from django.test import Client, override_settings
from django.urls import path

from redisched import Scheduler
from redisched.django.dashboard import with_dashboard
from redisched.errors import InvalidOption
from redisched.web.acting import actions
from tests.brokers import fake_broker
from tests.web.api import CHANGE
from tests.web.served import Served, serving

ROLES = {"root": {"is_staff": True, "is_superuser": True}, "clerk": {"is_staff": True}, "customer": {}}
API = "/ops/tasks/api/v1"


def page_of_the_site(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"site": request.path})


urlpatterns = [path("orders/", page_of_the_site), path("ops/tasks-of-others/", page_of_the_site)]


@pytest.fixture(scope="module")
def cookies() -> dict[str, dict[str, str]]:
    """The headers with which each user of the site is logged in."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    found = {}
    for name, rights in ROLES.items():
        user, _ = get_user_model().objects.get_or_create(username=name, defaults=rights)
        client = Client()
        client.force_login(user)
        found[name] = {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}
    return found


@pytest.fixture
def tasks() -> Scheduler:
    return Scheduler(broker=fake_broker())


@pytest.fixture
def site(tasks: Scheduler, cookies: dict[str, dict[str, str]]) -> Iterator[Served]:
    """The site of this module with the dashboard, behind a real socket."""
    with (
        override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"]),
        serving(with_dashboard(get_asgi_application(), "/ops/tasks", scheduler=tasks)) as served,
    ):
        yield served


def ask(site: Served, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    return site.request("GET", path, headers=headers)


@pytest.mark.parametrize("path", ["/orders/", "/ops/tasks-of-others/"])
def test_all_other_paths_are_those_of_the_site(site: Served, path: str) -> None:
    assert ask(site, path) == (200, {"site": path})


@pytest.mark.parametrize(("user", "role"), [("root", "operator"), ("clerk", "reader")])
def test_staff_may_look_and_superusers_may_act(
    site: Served, cookies: dict[str, dict[str, str]], user: str, role: str
) -> None:
    status, visitor = ask(site, f"{API}/visitor", cookies[user])
    assert (status, visitor["name"], visitor["role"]) == (200, user, role)


@pytest.mark.parametrize("headers", [{}, {"Cookie": "sessionid=guessed"}, {"Cookie": "sessionid=\"';"}])
def test_who_is_not_logged_in_is_not_answered(site: Served, headers: dict[str, str]) -> None:
    assert ask(site, f"{API}/overview", headers)[0] == 401


def test_a_customer_of_the_site_is_not_answered(site: Served, cookies: dict[str, dict[str, str]]) -> None:
    assert ask(site, f"{API}/overview", cookies["customer"])[0] == 401


class User:
    """What a user of a project's own has at least, as one of AbstractBaseUser."""

    is_active = True

    def get_username(self) -> str:
        return "ann"


def test_users_of_a_kind_that_has_no_staff_are_not_answered(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(_request: HttpRequest) -> User:
        return User()

    monkeypatch.setattr("redisched.django.dashboard.aget_user", find)
    assert ask(site, f"{API}/overview")[0] == 401


def test_a_project_without_users_is_told_at_once(tasks: Scheduler) -> None:
    with (
        override_settings(AUTH_USER_MODEL="staff.User"),
        pytest.raises(ImproperlyConfigured, match="AUTH_USER_MODEL"),
    ):
        with_dashboard(get_asgi_application(), scheduler=tasks)


def test_what_is_done_is_in_the_audit_by_the_name_of_the_user(
    site: Served, tasks: Scheduler, cookies: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "UNDO_S", 60)
    tasks.enqueue("add", queue="mail")
    headers = {**CHANGE, "Content-Type": "application/json"}
    pause = {"action": "queue_pause", "queue": "mail"}
    refused, problem = site.request("POST", f"{API}/actions", pause, {**headers, **cookies["clerk"]})
    assert (refused, problem["code"]) == (403, "read_only")
    allowed = {**headers, **cookies["root"]}
    _, asked = site.request("POST", f"{API}/actions", pause, allowed)
    assert site.request("POST", f"{API}/actions/{asked['token']}/commit", {}, allowed)[0] == 200
    (entry,) = ask(site, f"{API}/audit", cookies["clerk"])[1]["entries"]
    assert (entry["who"], entry["action"], entry["event"]) == ("root", "queue_pause", "committed")


def test_the_page_and_its_files_are_below_the_path(site: Served) -> None:
    content = b""
    connection = http.client.HTTPConnection(site.host, site.port, timeout=30)
    try:
        for path, status in (("/ops/tasks/", 200), ("/ops/tasks", 307), ("/ops/tasks/page/main.js", 200)):
            connection.request("GET", path)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == status, path
        assert b"Shell" in content
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["*", ".example.com"])
def test_a_pattern_among_the_allowed_hosts_is_refused_in_a_sentence(tasks: Scheduler, host: str) -> None:
    with (
        override_settings(ALLOWED_HOSTS=[host]),
        pytest.raises(InvalidOption, match="names of hosts without patterns"),
    ):
        with_dashboard(get_asgi_application(), scheduler=tasks)


@pytest.mark.parametrize("path", ["", "/", "ops", "/ops/"])
def test_a_path_that_cannot_be_is_refused(tasks: Scheduler, path: str) -> None:
    with pytest.raises(InvalidOption, match="a path such as /redisched"):
        with_dashboard(get_asgi_application(), path, scheduler=tasks)
