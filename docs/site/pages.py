"""What Markdown means on the site beyond what it means elsewhere; an extension of Python-Markdown.

A line `{{ README.md: Producing }}` becomes that section of the file, and `{{ CHANGELOG.md }}` the whole file.
`{{ names of redisched.testing }}` becomes the reference of all names of the module, `{{ errors }}` that of the errors,
`{{ commands }}` that of the command line, and `{{ json api }}` that of the JSON API.

A link to a file of the checkout that is no page, such as a module, becomes plain text: it leads somewhere where code is
shown, but not on the site.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from docs.site import commands, json_api, names
from docs.site.excerpts import excerpt

ROOT = Path(__file__).parents[2]
_LINE = re.compile(r"\{\{ (?P<what>[\w .-]+?)(?:: (?P<section>.+?))? \}\}")
_MADE: dict[str, Callable[[], str]] = {
    "commands": commands.reference,
    "errors": names.errors,
    "json api": json_api.reference,
}
_NAMES_OF = "names of "
_BEFORE_FENCES = 28
_AFTER_LINKS = 15


class MadeParts(Preprocessor):
    """Puts what is made, and what stands in other files, in the place of the lines that name it."""

    def run(self, lines: list[str]) -> list[str]:
        return [one for line in lines for one in self._lines_of(line)]

    def _lines_of(self, line: str) -> Iterator[str]:
        match = _LINE.fullmatch(line)
        if match is None:
            yield line
        elif match["what"] in _MADE:
            yield from _MADE[match["what"]]().splitlines()
        elif match["what"].startswith(_NAMES_OF):
            yield from names.names_of(match["what"].removeprefix(_NAMES_OF)).splitlines()
        else:
            yield from excerpt(ROOT / match["what"], match["section"]).splitlines()


class LinksToTheCheckout(Treeprocessor):
    """Turns links that lead out of the site into text; their titles name the file."""

    def run(self, root: Element) -> None:
        for link in list(root.iter("a")):
            path = re.sub(r"^(\.\./)+", "", link.get("href", "").partition("#")[0])
            if path and is_of_the_checkout(path):
                link.tag = "span"
                link.attrib = {"class": "of-the-checkout", "title": f"{path} in the repository"}


def is_of_the_checkout(path: str) -> bool:
    """Whether a path, without what leads up from its page, is a file of the checkout that is on no page."""
    return (ROOT / path).exists() or (ROOT / "docs" / path).is_dir()


class Pages(Extension):
    """What Markdown means on the site."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  (the interface of Python-Markdown)
        md.preprocessors.register(MadeParts(md), "made_parts", _BEFORE_FENCES)
        md.treeprocessors.register(LinksToTheCheckout(md), "links_to_the_checkout", _AFTER_LINKS)


def makeExtension(**settings: Any) -> Pages:  # noqa: N802  (the interface of Python-Markdown)
    """The extension, as Python-Markdown asks for it."""
    return Pages(**settings)
