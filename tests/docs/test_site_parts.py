"""What the site is made of: every page is in the navigation, what is made says what its sources say, and what is wrong
on a page is found.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown import Markdown

import redisched.errors
from docs.site.commands import literal, reference
from docs.site.diagrams import Edge, UnknownDiagram, drawn, edges_of
from docs.site.excerpts import NoSuchSection, excerpt
from docs.site.names import error_names, errors, names_of
from docs.site.pages import Pages
from docs.site.schemas import kind_of, schemas
from redisched.errors import Interruption, RedischedError
from tests.docs.built_site import BuiltSite
from tests.house.checkout import ROOT

DOCS = ROOT / "docs"
NAVIGATION = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]


def pages_in(navigation: Any) -> Iterator[str]:
    if isinstance(navigation, str):
        yield navigation
    else:
        for one in navigation.values() if isinstance(navigation, dict) else navigation:
            yield from pages_in(one)


def html(text: str) -> str:
    converted: str = Markdown(extensions=[Pages()]).convert(text)
    return converted


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(pages_in(NAVIGATION)) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def test_the_list_of_decisions_has_each_under_its_title() -> None:
    titles = {path.name: path.read_text(encoding="utf-8").splitlines()[0][2:] for path in DOCS.glob("adr/0*.md")}
    lines = (DOCS / "adr" / "index.md").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line[:1].isdigit()] == [
        f"{number}. [{title}]({name})"
        for name, (number, title) in ((name, titles[name].split(". ", 1)) for name in sorted(titles))
    ]


def test_an_excerpt_ends_at_the_next_heading_of_its_level(tmp_path: Path) -> None:
    path = tmp_path / "file.md"
    path.write_text(
        "# All\n\nfirst\n\n## One\n\n[a](docs/a.md)\n\n### In it\n\n```sh\n## no heading\n```\n\n## Two\n\nlast\n"
    )

    assert excerpt(path, "One") == "[a](a.md)\n\n### In it\n\n```sh\n## no heading\n```"
    assert excerpt(path, "Two") == "last"
    assert excerpt(path).startswith("first\n\n## One")
    with pytest.raises(NoSuchSection, match=r"file\.md has no section 'Three'"):
        excerpt(path, "Three")


def test_a_line_that_names_a_part_becomes_it() -> None:
    assert "<h3>Changed</h3>" in html("{{ CHANGELOG.md }}")
    assert "shop.py" in html("{{ README.md: A program and its worker }}")
    assert "redisched task cancel</h3>" in html("{{ commands }}")
    assert "GET /queues/{queue}</h3>" in html("{{ json api }}")
    assert "TaskFailed" in html("{{ errors }}")
    assert "<p>before {{ commands }}</p>" in html("before {{ commands }}")


def test_a_link_to_the_checkout_becomes_text() -> None:
    text = html(
        "[code](../../redisched/keys.py#L1), [data](performance/data) and [a page](../tour.md) at [x](https://x.y)"
    )

    assert '<span class="of-the-checkout" title="redisched/keys.py in the repository">code</span>' in text
    assert '<span class="of-the-checkout" title="performance/data in the repository">data</span>' in text
    assert '<a href="../tour.md">a page</a> at <a href="https://x.y">x</a>' in text


DIAGRAM = """stateDiagram-v2
    [*] --> waiting: enqueue
    state "worker" as w {
        present --> [*]: depart, or <silent>
    }
"""


def test_a_diagram_has_a_row_for_each_arrow() -> None:
    assert list(edges_of(DIAGRAM)) == [
        Edge("", "[*]", "waiting", "enqueue"),
        Edge("worker", "present", "[*]", "depart, or <silent>"),
    ]
    table = drawn(DIAGRAM, "", "", {}, None)
    assert "<tr><td></td><td>enqueue</td><td><code>waiting</code></td></tr>" in table
    assert "<caption>worker</caption>" in table
    assert "depart, or &lt;silent&gt;" in table


@pytest.mark.parametrize("text", ["graph LR\n a --> b: c", "stateDiagram-v2\n a - b"])
def test_a_diagram_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(UnknownDiagram):
        drawn(text, "", "", {}, None)


def test_errors_are_in_the_order_of_their_tree() -> None:
    known = [one for one in vars(redisched.errors).values() if isinstance(one, type)]

    assert set(error_names()) == {one.__name__ for one in known if issubclass(one, RedischedError | Interruption)}
    assert error_names()[:2] == ["RedischedError", "InvalidInput"]
    assert errors().index("::: redisched.errors.TaskError") < errors().index("::: redisched.errors.TaskFailed")


def test_all_names_of_a_module_are_shown_functions_first() -> None:
    blocks = names_of("redisched.testing").split("\n\n")

    assert blocks[0] == "::: redisched.testing.assert_enqueued"
    assert blocks[-1] == "::: redisched.testing.WorkerInUse"


def test_commands_are_shown_with_their_help() -> None:
    text = reference()

    assert "### redisched task cancel\n\n```text\nredisched task cancel [OPTIONS] [ID|FILTER]...\n```" in text
    assert "| `--dry-run` | Only say how many tasks it is about. |" in text
    assert r"| `--log-format [text\|json]` |" in text
    assert "--help" not in text
    assert "\b" not in text


def test_a_text_is_shown_as_it_is() -> None:
    assert literal("a_b <c> *d* [e] `f_g`  h|i\nj") == r"a\_b &lt;c&gt; \*d\* \[e\] `f_g` h\|i j"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "#/components/schemas/Task"}, "[`Task`](#task)"),
        ({"type": ["integer", "null"]}, "integer or null"),
        ({"enum": ["a", "b"]}, "`a` or `b`"),
        ({"const": "1", "type": "string"}, "`1`"),
        ({"type": "integer", "minimum": 0, "maximum": 9}, "integer, from `0`, to `9`"),
        ({"type": "string", "pattern": "a|b", "default": ""}, r"string, of the form `a\|b`"),
        ({"type": "array", "items": {"oneOf": [{"type": "string"}, {}]}}, "list of string or any value"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object with values of: integer"),
    ],
)
def test_a_schema_is_said_in_words(schema: dict[str, Any], said: str) -> None:
    assert kind_of(schema) == said


def test_an_object_has_its_fields_and_those_within_them() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": inner}}}

    assert list(schemas({"One": schema})) == [
        "### One",
        "| field | value |\n|---|---|\n| `a` | list of object, optional |\n| `a[].b` | string |",
    ]


def test_what_is_wrong_with_a_page_is_found(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_text('<h1 id="there">b</h1>')
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there">1</a><a href="b.html#gone">2</a><a href="c.html">3</a><a href="../d.html">4</a>'
        '<a href=".">5</a><a href="https://x.y">6</a><img src="gone.png"><script src="//x.y/z.js"></script>'
    )
    (tmp_path / "a.css").write_text("p { background: url(https://x.y/z.png) }")
    site = BuiltSite(tmp_path)

    assert [address for _, address in site.broken()] == ["b.html#gone", "c.html", "../d.html", ".", "gone.png"]
    assert list(site.loaded_from_elsewhere()) == [("a.html", "//x.y/z.js"), ("a.css", "a style sheet")]


EXCERPTS = re.findall(
    r"^\{\{ (\S+\.md)(?:: (.+))? \}\}$", "\n".join(path.read_text() for path in DOCS.rglob("*.md")), re.MULTILINE
)


@pytest.mark.parametrize(("name", "section"), EXCERPTS)
def test_links_of_what_pages_show_of_other_files_lead_to_files(name: str, section: str) -> None:
    text = excerpt(ROOT / name, section or None)
    linked = [path for path in re.findall(r"\]\(([^)#]+)", text) if not path.startswith("http")]

    assert [path for path in linked if not (DOCS / path).exists() and not (ROOT / path).exists()] == []


def test_pages_show_parts_of_readme_and_the_changelog() -> None:
    assert {name for name, _ in EXCERPTS} == {"README.md", "CHANGELOG.md"}
