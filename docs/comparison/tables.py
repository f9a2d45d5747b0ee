"""The tables of docs/comparison.md and of the README as Markdown, made of the data beside this and never by hand."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from docs.comparison.catalogue import Group, Peer, features_text, read_groups, read_peers

LOOKED_AT, PEERS = read_peers()
GROUPS = read_groups(features_text(), tuple(PEERS))


@dataclass(slots=True)
class Notes:
    """The notes of a page, numbered in the order in which they come."""

    texts: list[str] = field(default_factory=list)

    def mark(self, text: str) -> str:
        """Add a note; answers the mark that leads to it."""
        self.texts.append(text)
        return f"[^{len(self.texts)}]"


def page_tables(groups: Iterable[Group], peers: Mapping[str, Peer]) -> str:
    """A table for each group, and below them the notes of all."""
    notes = Notes()
    parts = [f"## {group.title}\n\n{_table(peers, _with_notes(group, peers, notes))}" for group in groups]
    parts.append("\n".join(f"[^{number}]: {text}" for number, text in enumerate(notes.texts, 1)))
    return "\n\n".join(parts)


def short_table(groups: Iterable[Group], peers: Mapping[str, Peer]) -> str:
    """The rows that are short enough for the README, without their notes."""
    rows = (feature for group in groups for feature in group.features if feature.is_short)
    return _table(peers, ((row.name, {name: cell.answer.value for name, cell in row.cells.items()}) for row in rows))


def facts_table(peers: Mapping[str, Peer]) -> str:
    """Which version of each was looked at, and what it runs on."""
    head = "| | version | released | licence | from | stores | languages |\n|---|---|---|---|---|---|---|"
    rows = (
        f"| {peer.title} | {peer.version} | {peer.released} | {peer.licence} | {peer.runs_on} | {peer.stores} |"
        f" {peer.languages} |"
        for peer in peers.values()
    )
    return "\n".join([head, *rows])


def _with_notes(group: Group, peers: Mapping[str, Peer], notes: Notes) -> Iterator[tuple[str, dict[str, str]]]:
    for feature in group.features:
        marks = {
            name: notes.mark(f"{peers[name].title}, {feature.name}: {cell.note}.") if cell.note else ""
            for name, cell in feature.cells.items()
        }
        yield feature.name, {name: f"{cell.answer}{marks[name]}" for name, cell in feature.cells.items()}


def _table(peers: Mapping[str, Peer], rows: Iterable[tuple[str, Mapping[str, str]]]) -> str:
    head = f"| | {' | '.join(peer.title for peer in peers.values())} |\n|---|{'---|' * len(peers)}"
    lines = (f"| {name} | {' | '.join(cells[peer] for peer in peers)} |" for name, cells in rows)
    return "\n".join([head, *lines])


TABLES: dict[str, Callable[[], str]] = {
    "features": lambda: page_tables(GROUPS, PEERS),
    "facts": lambda: facts_table(PEERS),
}
"""What docs/comparison.md has, by the name of its place."""
SHORT: dict[str, Callable[[], str]] = {"short comparison": lambda: short_table(GROUPS, PEERS)}
"""What the README has."""
