"""The files of the dashboard: how they are sent, how large they are, and that nothing in them is HTML in a text."""

import gzip
import re
from pathlib import PurePosixPath

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from redisched.client.scheduler import Scheduler
from redisched.web.access import Access, AccessToken
from redisched.web.app import create_app
from redisched.web.page_files import FOLDER, INDEX, MEDIA_TYPES, page_files
from tests.brokers import fake_broker
from tests.web.api import ADDRESS, SECRET, bearer

LARGEST_FIRST_LOAD = 150_000
OWN = sorted(name for name in page_files() if name.endswith(".js"))
_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?\bfrom "([^"]+)";', re.MULTILINE)


def client(**access: object) -> TestClient:
    app = create_app(Scheduler(broker=fake_broker()), access=Access(**access))  # type: ignore[arg-type]
    return TestClient(app, "http://127.0.0.1", client=ADDRESS)


def imported_by(name: str) -> list[str]:
    """The files that a module imports, by their paths in the folder."""
    here = PurePosixPath(name).parent
    found = []
    for target in _IMPORT.findall((FOLDER / name).read_text()):
        path = (FOLDER / here / target).resolve()
        found.append(path.relative_to(FOLDER.resolve()).as_posix())
    return found


# ---- what is sent


def test_the_page_is_at_the_root_with_its_policy() -> None:
    with client() as visitor:
        answer = visitor.get("/")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")
        assert "unsafe" not in answer.headers["content-security-policy"]
        for link in re.findall(r'(?:href|src)="([^"]+)"', answer.text):
            assert visitor.get(f"/{link}").status_code == 200, link


@pytest.mark.parametrize("name", sorted(page_files()))
def test_a_file_is_sent_packed_and_not_again(name: str) -> None:
    with client() as visitor:
        path = "/" if name == INDEX else f"/page/{name}"
        answer = visitor.get(path, headers={"accept-encoding": "gzip"})
        assert answer.content == (FOLDER / name).read_bytes()
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["content-type"] == MEDIA_TYPES[PurePosixPath(name).suffix]
        assert answer.headers["cache-control"] == "no-cache"
        again = visitor.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = visitor.get(path, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content


@pytest.mark.parametrize(
    "path", ["/page/", "/page/none.js", "/page/..%2Fapp.py", "/page/../app.py", "/page/vendor/htm.LICENSE"]
)
def test_nothing_else_is_sent(path: str) -> None:
    with client() as visitor:
        answer = visitor.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")


def test_the_page_needs_no_token_and_its_data_do() -> None:
    with client(tokens=(AccessToken(secret=SECRET),)) as visitor:
        assert visitor.get("/").status_code == 200
        assert visitor.get("/page/main.js").status_code == 200
        assert visitor.post("/").status_code == 401
        assert visitor.get("/api/v1/visitor").status_code == 401
        assert visitor.get("/api/v1/visitor", headers=bearer(SECRET)).json()["role"] == "operator"


def test_the_page_is_not_for_other_hosts_and_machines() -> None:
    with client() as visitor:
        assert visitor.get("/", headers={"Host": "evil.example"}).status_code == 403
    app = create_app(Scheduler(broker=fake_broker()))
    with TestClient(app, "http://127.0.0.1", client=("203.0.113.7", 1)) as stranger:
        assert stranger.get("/page/main.js").status_code == 403


@pytest.mark.parametrize("path", ["/ops/tasks", "/ops/tasks/"])
def test_the_page_can_be_mounted(path: str) -> None:
    outer = Starlette(routes=[Mount("/ops/tasks", app=create_app(Scheduler(broker=fake_broker())))])
    with TestClient(outer, "http://127.0.0.1", client=ADDRESS) as visitor:
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert answer.url.path == "/ops/tasks/"
        assert visitor.get("/ops/tasks/page/main.js").status_code == 200


@pytest.mark.parametrize("sent", ["/redisched/", "/"])
def test_a_proxy_may_serve_the_page_below_a_path(sent: str) -> None:
    app = create_app(Scheduler(broker=fake_broker()), base_path="/redisched")
    with TestClient(app, "http://127.0.0.1", client=ADDRESS) as visitor:
        assert "<title>redisched</title>" in visitor.get(sent).text
        assert visitor.get(f"{sent}page/main.js").status_code == 200
        assert visitor.get("/redisched", follow_redirects=False).headers["location"] == "/redisched/"


# ---- what they are made of


def test_the_first_load_is_small() -> None:
    sizes = {name: len(gzip.compress(file.content, mtime=0)) for name, file in page_files().items()}
    assert sum(sizes.values()) <= LARGEST_FIRST_LOAD, sizes


@pytest.mark.parametrize("name", OWN)
def test_no_module_makes_html_or_code_of_text_or_asks_another_server(name: str) -> None:
    text = (FOLDER / name).read_text()
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "style="):
        assert forbidden not in text
    assert "http://" not in text
    assert "https://" not in text


def reached_from_main() -> set[str]:
    """The modules that are loaded with the page, all that they import included."""
    needed: set[str] = set()
    to_read = ["main.js"]
    while to_read:
        name = to_read.pop()
        if name not in needed:
            needed.add(name)
            assert (FOLDER / name).is_file(), name
            to_read += imported_by(name)
    return needed


def test_every_module_is_used_and_what_it_imports_is_there() -> None:
    used = reached_from_main() | {"theme_at_start.js"}
    assert used == {name for name in page_files() if PurePosixPath(name).suffix in (".js", ".mjs")}


def test_all_modules_are_asked_for_at_once() -> None:
    """Otherwise each is asked for only when the one that imports it has come, which takes long over a slow network."""
    preloaded = re.findall(r'<link rel="modulepreload" href="page/([^"]+)">', (FOLDER / INDEX).read_text())
    assert preloaded == sorted(reached_from_main() - {"main.js"})


@pytest.mark.parametrize("library", ["preact", "htm", "uplot"])
def test_what_others_wrote_has_its_licence(library: str) -> None:
    text = (FOLDER / "vendor" / f"{library}.LICENSE").read_text()
    assert "MIT" in text or "Apache License" in text
