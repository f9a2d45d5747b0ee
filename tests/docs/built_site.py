"""A folder of built HTML: what its pages link to, and what they load."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADING = {"audio", "embed", "iframe", "img", "input", "link", "object", "script", "source", "track", "video"}
"""Elements whose addresses a browser asks for by itself."""


class _Page(HTMLParser):
    """The ids of a page, and every address in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if name in ("href", "src", "data", "poster") and value:
                (self.loaded if tag in _LOADING else self.links).append(value)


class BuiltSite:
    """The pages below a folder, by their paths."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(self.folder.rglob("*.html"))}

    def ids(self) -> set[str]:
        """Every anchor of every page."""
        return {one for page in self.pages.values() for one in page.ids}

    def broken(self) -> Iterator[tuple[str, str]]:
        """Each page and address in it that leads to no file of the site, to a folder, or to no anchor of its page."""
        for path, page in self.pages.items():
            for address in (*page.links, *page.loaded):
                if not self._leads_somewhere(path, address):
                    yield path.relative_to(self.folder).as_posix(), address

    def _leads_somewhere(self, path: Path, address: str) -> bool:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return True
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.is_file() or not target.is_relative_to(self.folder):
            return False
        return not parts.fragment or target not in self.pages or unquote(parts.fragment) in self.pages[target].ids

    def loaded_from_elsewhere(self) -> Iterator[tuple[str, str]]:
        """Each page and address outside of the site that a browser asks for when it shows the page."""
        for path, page in self.pages.items():
            for address in page.loaded:
                if urlsplit(address).netloc:
                    yield path.relative_to(self.folder).as_posix(), address
        for path in self.folder.rglob("*.css"):
            if "url(http" in (text := path.read_text(encoding="utf-8")) or "@import" in text:
                yield path.relative_to(self.folder).as_posix(), "a style sheet"
