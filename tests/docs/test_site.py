"""The site of the documentation: it can be built without a warning, every link leads somewhere, every public name is in
the reference, and a browser shows and searches it without asking any other server.
"""

import fcntl
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

import redisched
import redisched.chaos
import redisched.testing
from docs.site.names import error_names
from redisched.cli.main import COMMANDS
from redisched.web.openapi import document
from tests.docs.built_site import BuiltSite
from tests.house.checkout import ROOT
from tests.web.page.tab import SERIOUS, Theme, browser

# The first test of each process waits until the site is built.
pytestmark = [pytest.mark.measured, pytest.mark.timeout(300)]

COMMAND = (sys.executable, "-m", "zensical", "build", "--strict", "--clean")
NARROW, WIDE = 390, 1280
SHOWN = ("index", "guides/retries", "reference/scheduler", "reference/commands", "architecture", "adr/0016-unique-keys")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """What the build prints. The site is built once for all processes of a run, in the folder of `make docs`."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared / "site.txt"
        if not kept.exists():
            ended = subprocess.run(
                COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
            kept.write_text(f"{ended.stdout}\nended with {ended.returncode}\n")
        return kept.read_text()


@pytest.fixture(scope="module")
def site(printed: str) -> BuiltSite:
    assert printed.endswith("ended with 0\n"), printed
    return BuiltSite(ROOT / "build" / "site")


@pytest.fixture(scope="module")
def address(site: BuiltSite) -> Iterator[str]:
    """Where the site is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Silent, directory=str(site.folder)))
    serving = Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    serving.join()
    server.server_close()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        """Logs nothing."""


def test_the_site_is_built_without_a_warning(printed: str) -> None:
    assert printed.endswith("ended with 0\n"), printed
    assert not re.search("warning|error", printed, re.IGNORECASE), printed


def test_every_link_leads_to_a_page_and_to_a_heading_of_it(site: BuiltSite) -> None:
    # The page for what is not found is shown at any address, so its links begin at the root of a server.
    assert [one for one in site.broken() if one[0] != "404.html"] == []


def test_every_page_is_built_and_nothing_else(site: BuiltSite) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}

    assert {path.relative_to(site.folder).with_suffix("") for path in site.pages} == pages | {Path("404")}
    others = {path.suffix for path in site.folder.rglob("*") if path.is_file()}
    assert others <= {".css", ".html", ".inv", ".js", ".json", ".png", ".svg", ".xml", ""}
    assert [path.name for path in site.folder.rglob("*.json")] == ["search.json"]


def test_the_notes_of_the_comparison_are_below_it_and_its_marks_lead_there(site: BuiltSite) -> None:
    page = site.folder / "comparison.html"
    notes = re.findall(r"^\[\^(\d+)\]: ", (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert len(notes) > 100
    assert {f"fn:{number}" for number in notes} <= site.pages[page].ids
    assert {f"#fn:{number}" for number in notes} <= set(site.pages[page].links)


def test_pages_load_nothing_from_elsewhere(site: BuiltSite) -> None:
    assert list(site.loaded_from_elsewhere()) == []


def test_every_public_name_is_in_the_reference(site: BuiltSite) -> None:
    # The base of all errors is on the page of errors.
    names = {f"redisched.{name}" for name in redisched.__all__} - {"redisched.__version__", "redisched.RedischedError"}
    names |= {f"redisched.testing.{name}" for name in redisched.testing.__all__}
    names |= {f"redisched.chaos.{name}" for name in redisched.chaos.__all__}
    names |= {f"redisched.errors.{name}" for name in error_names()}

    assert names - site.ids() == set()


def test_no_private_name_is_in_the_reference(site: BuiltSite) -> None:
    names = {one for one in site.ids() if one.startswith("redisched.")}

    assert len(names) > 500
    assert [name for name in names if "._" in name] == []


def test_every_command_and_every_endpoint_is_in_the_reference(site: BuiltSite) -> None:
    commands = site.pages[site.folder / "reference" / "commands.html"].ids
    api = site.pages[site.folder / "reference" / "json-api.html"].ids
    endpoints = {f"{method} {path}" for path, operations in document()["paths"].items() for method in operations}

    assert {f"redisched-{name}" for name in COMMANDS} | {"redisched-task-cancel"} <= commands
    assert {re.sub(r"[^\w\s-]", "", name).replace(" ", "-") for name in endpoints} <= api


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_can_be_read_by_everybody(address: str, theme: Theme) -> None:
    with browser() as opened:
        page = opened.new_page(color_scheme=theme)
        for name in ("index", "guides/retries", "reference/queues"):
            page.goto(f"{address}{name}.html")
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []


def open_search(page: Page) -> None:
    """Press the key of the search until it is open: the program of the page takes keys only once it runs, and nothing
    that is seen tells when.
    """
    field = page.locator("input:focus")
    for _ in range(5):
        page.keyboard.press("Control+k")
        with suppress(AssertionError):
            expect(field).to_be_visible(timeout=3_000)
            return
    expect(field).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_browser_shows_and_searches_it_without_another_server(address: str, width: int, theme: Theme) -> None:
    with browser() as opened:
        page = opened.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        requested: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        for name in SHOWN:
            page.goto(f"{address}{name}.html")
            expect(page.locator("h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        open_search(page)
        page.keyboard.type("checkpoint")
        expect(page.get_by_role("option", name="Checkpoints").first).to_be_visible()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/guides/checkpoints\.html"))

    assert faults == []
    assert [url for url in requested if not url.startswith((address, "blob:", "data:"))] == []
