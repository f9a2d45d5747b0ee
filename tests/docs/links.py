"""The links of a page to files and headings of the repository."""

import re
from pathlib import Path

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def broken_links(page: Path) -> list[str]:
    """The links of a page that lead to no file, or to no heading of a page."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if not link.startswith("http") and not _leads(page, link)]


def _leads(page: Path, link: str) -> bool:
    place, _, heading = link.partition("#")
    target = page.parent / place if place else page
    return target.exists() and (not heading or heading in _anchors(target.read_text(encoding="utf-8")))


def _anchors(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them of headings."""
    found = re.findall(r"^#+ (.+)$", _CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}
