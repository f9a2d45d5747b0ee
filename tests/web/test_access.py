"""Who is let in: each rule refuses what it is there for, and lets through what it is not."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from redisched.client.scheduler import Scheduler
from redisched.errors import InvalidOption
from redisched.web.access import Access, AccessToken, Role, Visitor, is_loopback
from redisched.web.app import create_app
from tests.brokers import fake_broker
from tests.web.api import ADDRESS, CHANGE, READER, SECRET, bearer

TOKENS = (AccessToken(secret=SECRET, name="ann"), AccessToken(secret=READER, role=Role.READER))
OVERVIEW = "/api/v1/overview"


@pytest.fixture
def local() -> Iterator[TestClient]:
    with client() as local:
        yield local


def client(address: tuple[str, int] = ADDRESS, **options: Any) -> TestClient:
    app = create_app(Scheduler(broker=fake_broker()), access=Access(**options))
    return TestClient(app, "http://127.0.0.1", client=address)


def refusal(client: TestClient, method: str = "GET", path: str = OVERVIEW, **headers: str) -> tuple[int, str]:
    """The status and the code with which a request is refused."""
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    answer = client.request(method, path, headers=sent)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def change(client: TestClient, **headers: str) -> tuple[int, str]:
    """How a change is refused. Nothing can be changed at this path: what comes through all rules is a 405."""
    return refusal(client, "POST", **headers)


# ---- the Host header: another site's name that leads here is a page of that site


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8780", "[::1]:8780", "LOCALHOST:1"])
def test_the_names_of_this_machine_are_allowed(local: TestClient, host: str) -> None:
    assert local.get(OVERVIEW, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["", "https://tasks.example.com", "tasks.example.com/", "*.example.com", "a b", "a:b", "tasks.example.com:"]
)
def test_an_allowed_host_that_no_request_has_is_refused(host: str) -> None:
    with pytest.raises(InvalidOption, match=r"^allowed_hosts=.*such as tasks\.example\.com"):
        Access(allowed_hosts=(host,))


@pytest.mark.parametrize("host", ["tasks.example.com", "TASKS:8780", "10.0.0.1", "[fd00::1]:8780", "fd00::1", "a_b"])
def test_an_allowed_host_is_a_name_or_an_address_with_or_without_a_port(host: str) -> None:
    access = Access(allowed_hosts=(host,))
    assert access.allows_host("[fd00::1]:8780" if host == "fd00::1" else host.lower())
    assert not access.allows_host("evil.example")


@pytest.mark.parametrize("kind", [Access, AccessToken, Visitor])
@pytest.mark.parametrize("role", ["reader", None, 1])
def test_a_role_that_would_be_ignored_is_refused(kind: Any, role: Any) -> None:
    own = {Access: {}, AccessToken: {"secret": SECRET}, Visitor: {"name": "ann"}}
    with pytest.raises(InvalidOption, match=r"^role=.*: Role\.READER or Role\.OPERATOR"):
        kind(role=role, **own[kind])


async def async_visitor_of(_connection: HTTPConnection) -> Visitor | None:
    return None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"visitor_of": async_visitor_of}, "^visitor_of=.*: a plain function, not one of async def"),
        ({"visitor_of": 5}, "^visitor_of=5: a plain function"),
        ({"allowed_hosts": "shop.example.com"}, "a tuple of names of hosts"),
        ({"tokens": (SECRET,)}, r"^tokens='\*\*\*': a tuple of AccessToken"),
        ({"tokens": SECRET}, r"^tokens='\*\*\*': a tuple of AccessToken"),
    ],
)
def test_what_no_access_can_be_made_of_is_refused(given: Any, sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence) as refused:
        Access(**given)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("answer", ["ann", True, RuntimeError("the database is away")])
def test_a_visitor_of_that_fails_lets_nobody_in_and_is_logged(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    def visitor_of(_connection: HTTPConnection) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with client(visitor_of=visitor_of) as own:
        assert refusal(own) == (500, "failed")
        assert "the server failed; its log says why" in own.get(OVERVIEW).text
    said = caplog.text
    assert "the database is away" in said or "visitor_of must answer a Visitor or None" in said


def test_two_tokens_with_one_secret_are_refused() -> None:
    with pytest.raises(InvalidOption, match="a secret of its own"):
        Access(tokens=(AccessToken(secret=SECRET), AccessToken(secret=SECRET, role=Role.READER)))


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8780", "localhost.evil.example", "127.0.0.1.evil.example", "", "a b"]
)
def test_a_name_that_was_made_to_lead_here_is_refused(local: TestClient, host: str) -> None:
    assert refusal(local, Host=host) == (403, "host_not_allowed")


def test_a_host_is_allowed_by_name_with_or_without_its_port() -> None:
    with client(allowed_hosts=("tasks.example.com", "other.example:8443")) as named:
        assert named.get(OVERVIEW, headers={"Host": "tasks.example.com:444"}).status_code == 200
        assert named.get(OVERVIEW, headers={"Host": "Other.example:8443"}).status_code == 200
        assert refusal(named, Host="other.example") == (403, "host_not_allowed")


# ---- changes: the own header, and the origin


def test_a_change_without_the_own_header_is_refused(local: TestClient) -> None:
    assert change(local) == (403, "own_header_needed")
    assert change(local, X_Redisched="0") == (403, "own_header_needed")
    assert change(local, **CHANGE) == (405, "method_not_allowed")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_method_that_changes_needs_it(local: TestClient, method: str) -> None:
    assert refusal(local, method) == (403, "own_header_needed")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1:1",
        "127.0.0.1",
        "http://[::1",
        "http://localhost",
    ],
)
def test_a_change_from_the_page_of_another_site_is_refused(local: TestClient, origin: str) -> None:
    assert change(local, Origin=origin, **CHANGE) == (403, "origin_not_allowed")


def test_a_change_from_the_page_of_this_server_comes_through(local: TestClient) -> None:
    assert change(local, Origin="http://127.0.0.1", **CHANGE) == (405, "method_not_allowed")
    assert change(local, Origin="https://localhost:8780", Host="localhost:8780", **CHANGE) == (
        405,
        "method_not_allowed",
    )


def test_no_answer_lets_another_site_read_it(local: TestClient) -> None:
    origin = {"Origin": "http://evil.example"}
    answer = local.get(OVERVIEW, headers=origin)
    preflight = local.options(OVERVIEW, headers={**origin, "Access-Control-Request-Method": "POST"})
    assert not [name for name in (*answer.headers, *preflight.headers) if name.startswith("access-control")]


def test_a_change_that_is_no_json_or_too_large_is_refused(local: TestClient) -> None:
    assert change(local, **CHANGE, Content_Type="text/plain") == (415, "not_json")
    assert change(local, **CHANGE, Content_Length=str(2**21)) == (413, "too_large")


# ---- tokens and roles


def test_without_a_token_nobody_is_let_in_where_there_are_tokens() -> None:
    with client(tokens=TOKENS) as guarded:
        assert refusal(guarded) == (401, "token_needed")
        assert guarded.get(OVERVIEW).headers["WWW-Authenticate"] == "Bearer"
        for wrong in (f"Bearer {SECRET}x", f"Bearer {SECRET[:-1]}", "Bearer", f"Basic {SECRET}", SECRET):
            assert refusal(guarded, Authorization=wrong) == (401, "token_needed")
            assert "send another" in guarded.get(OVERVIEW, headers={"Authorization": wrong}).json()["detail"]
        assert refusal(guarded, path="/api/v1/openapi.json") == (401, "token_needed")
        assert refusal(guarded, path=f"{OVERVIEW}?token={SECRET}") == (401, "token_needed")


def test_a_token_lets_in_from_everywhere() -> None:
    with client(("203.0.113.7", 1), tokens=TOKENS) as guarded:
        assert guarded.get(OVERVIEW, headers=bearer(SECRET)).status_code == 200
        assert guarded.get(OVERVIEW, headers={"authorization": f"bearer  {READER}"}).status_code == 200


def test_tokens_are_compared_in_constant_time_and_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr("redisched.web.access.hmac.compare_digest", compare)
    with client(tokens=TOKENS) as guarded:
        guarded.get(OVERVIEW, headers=bearer("x"))
        guarded.get(OVERVIEW, headers=bearer(SECRET))
    assert compared == [(32, 32)] * 4


def test_a_reader_may_read_and_not_act() -> None:
    with client(tokens=TOKENS) as guarded:
        assert change(guarded, **bearer(READER), **CHANGE) == (403, "read_only")
        assert change(guarded, **bearer(SECRET), **CHANGE) == (405, "method_not_allowed")


def test_a_server_that_is_read_only_lets_nobody_act() -> None:
    with client(tokens=TOKENS, role=Role.READER) as guarded:
        assert guarded.get(OVERVIEW, headers=bearer(SECRET)).status_code == 200
        assert change(guarded, **bearer(SECRET), **CHANGE) == (403, "read_only")
    with client(role=Role.READER) as local:
        assert change(local, **CHANGE) == (403, "read_only")


@pytest.mark.parametrize("secret", ["", "short", "x" * 15, "with spaces in it is no token", "ü" * 16, "line\nfeed" * 4])
def test_a_secret_that_can_be_guessed_or_not_be_sent_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(InvalidOption, match="at least 16 ASCII characters") as refused:
        AccessToken(secret=secret)
    assert secret not in str(refused.value) or not secret


def test_a_secret_is_not_in_what_an_object_says_of_itself() -> None:
    assert SECRET not in repr(Access(tokens=TOKENS))


# ---- without a token: only this machine


@pytest.mark.parametrize("address", ["203.0.113.7", "10.0.0.1", "::ffff:10.0.0.1", "127.evil.example"])
def test_without_a_token_other_machines_are_refused(address: str) -> None:
    with client((address, 1)) as other:
        assert refusal(other) == (403, "token_needed")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_without_a_token_this_machine_is_let_in(address: str) -> None:
    assert is_loopback(address)
    with client((address, 1)) as own:
        assert own.get(OVERVIEW).status_code == 200


def test_an_application_may_say_who_its_visitors_are() -> None:
    def visitor_of(connection: HTTPConnection) -> Visitor | None:
        user = connection.headers.get("x-user")
        return None if user is None else Visitor(name=user, role=Role.READER if user == "bob" else Role.OPERATOR)

    with client(("203.0.113.7", 1), visitor_of=visitor_of) as own:
        assert refusal(own) == (401, "login_needed")
        assert "log in at the site" in own.get(OVERVIEW).json()["detail"]
        assert own.get(OVERVIEW, headers={"X-User": "bob"}).status_code == 200
        assert change(own, X_User="bob", **CHANGE) == (403, "read_only")
        assert change(own, X_User="ann", **CHANGE) == (405, "method_not_allowed")


# ---- what every answer says to a browser


@pytest.mark.parametrize("path", [OVERVIEW, "/", "/page/main.js", "/nothing", "/api/v1/tasks?x=1"])
@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_every_answer_has_the_headers_that_keep_a_page_safe(local: TestClient, path: str, host: str) -> None:
    headers = local.get(path, headers={"Host": host}).headers
    assert headers["content-security-policy"] == (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path in ("/", "/page/main.js") else "no-store")


def test_there_are_no_websockets(local: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect) as closed, local.websocket_connect("/api/v1/events"):
        pytest.fail("it was accepted")
    assert closed.value.code == 1008
