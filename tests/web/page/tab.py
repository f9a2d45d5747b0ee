"""A tab of a real browser that shows the dashboard, and notes whatever goes wrong in it."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.brokers import do_without

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 8_000
LOADED_MS = 30_000
"""A machine that is busy with other tests may take so long to load the page."""
SERIOUS = ("serious", "critical")
expect.set_options(timeout=TIMEOUT_MS)
T = TypeVar("T")
Theme = Literal["light", "dark"]
_NOTE_VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective + event.blockedURI));
"""


def apart(act: Callable[[], T]) -> T:
    """Do something in a thread of its own: the browser's loop runs in this one, where no call may block."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(act).result()


class Tab:
    """A tab with the dashboard of one server."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.requested: list[str] = []
        self.faults: list[str] = []
        self.allowed: tuple[str, ...] = ()
        page.set_default_timeout(TIMEOUT_MS)
        page.set_default_navigation_timeout(LOADED_MS)
        page.add_init_script(_NOTE_VIOLATIONS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self.requested.append(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def open(self, path: str = "", title: str = "") -> None:
        """Go to a screen, and wait for its title."""
        self.page.goto(f"{self.address}/{path}")
        if title:
            expect(self.page.locator("h1")).to_have_text(title)

    def sees(self, text: str) -> None:
        """Wait until a text is seen."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def row(self, text: str) -> Locator:
        """The row of a table that has a text."""
        return self.page.locator("tbody tr", has_text=text).first

    def click(self, name: str) -> None:
        """Press the button, or follow the link, with a name."""
        self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first.click()

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def violations(self) -> list[Any]:
        """What the content security policy has refused."""
        found: list[Any] = self.page.evaluate("window.violations")
        return found

    def check_access(self) -> None:
        """Raises AssertionError for what keeps people from using the screen, as axe knows it."""
        found = Axe().run(self.page).response["violations"]
        serious = [
            f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in SERIOUS
        ]
        assert serious == []

    def check_width(self) -> None:
        """Raises AssertionError if the page is wider than the window."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{wide} px too wide"

    def check_tables(self) -> None:
        """Raises AssertionError for a table that is wider than its place, so that some of it cannot be seen."""
        wide = self.page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth)"
            ".map((one) => `${one.ariaLabel}: ${one.scrollWidth - one.clientWidth} px too wide`)"
        )
        assert not wide, (wide, self.page.viewport_size)

    def check(self) -> None:
        """Raises AssertionError for anything that went wrong, and for a request that left the server."""
        assert [fault for fault in self.faults if not any(text in fault for text in self.allowed)] == []
        assert self.violations() == []
        assert [url for url in self.requested if not url.startswith(self.address)] == []


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's chromium, with a profile of its own. Skips the test where it is missing; in CI that fails."""
    if shutil.which(CHROMIUM) is None:
        do_without("there is no /usr/bin/chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def tab(opened: Browser, address: str, width: int = 1280, theme: Theme = "light") -> Iterator[Tab]:
    """A tab with a storage of its own."""
    context = opened.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=theme,
        permissions=["clipboard-read", "clipboard-write"],
        timezone_id="UTC",
    )
    yield Tab(context.new_page(), address)
    context.close()
