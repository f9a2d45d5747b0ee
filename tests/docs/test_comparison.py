"""The comparison with peers: both of its tables are made of one set of data, which has an answer for each of them."""

import re
from pathlib import Path

import pytest

from docs.comparison.catalogue import PLAIN, Answer, CannotCompare, Cell, features_text, read_groups
from docs.comparison.publish import PAGES
from docs.comparison.tables import GROUPS, LOOKED_AT, PEERS, page_tables, short_table
from docs.performance.page import put
from redisched.config import Settings, WorkerSettings
from redisched.retry import DEFAULT_ATTEMPTS
from tests.docs.links import broken_links
from tests.house.checkout import ROOT

PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
FEATURES = [feature for group in GROUPS for feature in group.features]
TWO = ("redisched", "celery")


def written(redisched: str, celery: str) -> str:
    """One row in the format of features.toml."""
    return (
        f'[[group]]\ntitle = "Time"\n[[group.feature]]\nname = "cron"\nredisched = "{redisched}"\ncelery = "{celery}"\n'
    )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_shows_what_the_data_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    for name, make in PAGES[path].items():
        assert put(name, make(), text) == text, "python -m docs.comparison.publish"


def test_the_peers_are_those_whom_people_ask_about() -> None:
    asked = ["Celery", "RQ", "Dramatiq", "Huey", "arq", "SAQ", "Taskiq", "docket", "potatoq", "ArdiQ", "BullMQ"]

    assert [peer.title for peer in PEERS.values()] == ["redisched", *asked]
    assert all(re.search(r"\d", peer.version) for peer in PEERS.values())
    assert f"on {LOOKED_AT:%-d %B %Y}" in PAGE


def test_the_page_explains_every_word_that_it_uses() -> None:
    explained = re.findall(r"^\| ([a-z?-]+) \| ", PAGE.split("<!-- features -->")[0], re.MULTILINE)

    assert set(explained) - {"word"} == {*Answer}
    assert {cell.answer for feature in FEATURES for cell in feature.cells.values()} == {*Answer}


def test_every_note_has_its_mark_and_every_mark_its_note() -> None:
    marks = re.findall(r"(?<!^)\[\^(\d+)\]", PAGE, re.MULTILINE)
    notes = re.findall(r"^\[\^(\d+)\]: ", PAGE, re.MULTILINE)

    assert marks == notes == [str(number) for number in range(1, len(notes) + 1)]


def test_what_redisched_lacks_is_in_the_readme_too() -> None:
    lacking = {feature.name for feature in FEATURES if feature.cells["redisched"].answer is not Answer.YES}

    assert len(lacking) >= 3
    assert lacking <= {feature.name for feature in FEATURES if feature.is_short}


def test_the_numbers_of_redisched_are_those_of_the_code() -> None:
    notes = {feature.name: feature.cells["redisched"].note for feature in FEATURES}

    assert f"{DEFAULT_ATTEMPTS} attempts by default" in notes["retries with growing pauses"]
    assert f"{WorkerSettings().lease_s:g} s by default" in notes["a task whose worker is killed runs again"]
    assert "three deaths" in notes["a task that kills its workers is set aside"]
    assert WorkerSettings().crash_limit == 3
    assert f"{Settings().dead_retention_s / 86_400:g} days" in notes["what failed for good is kept and can run again"]


def test_a_row_is_read_with_its_notes() -> None:
    (group,) = read_groups(written("yes", "no: one process"), TWO)

    (feature,) = group.features
    assert feature.cells == {"redisched": Cell(Answer.YES), "celery": Cell(Answer.NO, "one process")}
    peers = {name: PEERS[name] for name in TWO}
    assert page_tables([group], peers).splitlines() == [
        *("## Time", "", "| | redisched | Celery |", "|---|---|---|", "| cron | yes | no[^1] |", ""),
        "[^1]: Celery, cron: one process.",
    ]
    assert short_table([group], peers).splitlines()[2:] == []


@pytest.mark.parametrize("word", sorted(set(Answer) - PLAIN))
def test_an_answer_that_is_not_plain_needs_a_note(word: str) -> None:
    with pytest.raises(CannotCompare, match="no note says why"):
        read_groups(written("yes", word), TWO)


@pytest.mark.parametrize("word", ["", "maybe", "Yes", "yes, of course"])
def test_another_word_is_refused(word: str) -> None:
    with pytest.raises(CannotCompare, match="it may begin with"):
        read_groups(written("yes", word), TWO)


def test_a_missing_peer_is_refused() -> None:
    with pytest.raises(CannotCompare, match="it needs, in this order, redisched, celery, rq"):
        read_groups(written("yes", "no"), (*TWO, "rq"))
    assert read_groups(features_text(), tuple(PEERS)) == GROUPS


def test_links_of_the_page_lead_somewhere() -> None:
    assert broken_links(ROOT / "docs" / "comparison.md") == []
