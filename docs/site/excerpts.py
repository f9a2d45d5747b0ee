"""Parts of files that stand outside of the pages, such as README.md, as they read within a page."""

import re
from pathlib import Path

_HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


class NoSuchSection(ValueError):
    """Raised when a page names a section that a file does not have."""

    def __init__(self, path: Path, section: str) -> None:
        super().__init__(f"{path.name} has no section {section!r}, which a page of the site shows")


def excerpt(path: Path, section: str | None = None) -> str:
    """What stands below a heading, up to the next of its level; without a section, what stands below the first heading.

    Links lead from the pages at the top of docs/. Raises NoSuchSection.
    """
    text = path.read_text(encoding="utf-8")
    # A line of a program may begin as a heading does.
    headings = list(_HEADING.finditer(_FENCED.sub(lambda fenced: " " * len(fenced[0]), text)))
    found = next((one for one in headings if section in (None, one[2])), None)
    if found is None:
        raise NoSuchSection(path, str(section))
    following = (one.start() for one in headings if one.start() > found.start() and len(one[1]) <= len(found[1]))
    return text[found.end() : next(following, len(text))].replace("](docs/", "](").strip()
