"""What a scrape answers, as a Prometheus reads it."""

import urllib.request
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

Numbers = dict[tuple[str, ...], float]
"""Numbers by the values of their labels, in the order of the names of the labels."""


class Scrape:
    """The samples of one scrape, parsed by the library that reads the format."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    @property
    def names(self) -> set[str]:
        """The names of all samples: those of a histogram end with _bucket, _sum or _count."""
        return {sample.name for sample in self.samples}

    @property
    def labels(self) -> dict[str, set[str]]:
        """The labels by the name of the sample."""
        found: dict[str, set[str]] = {}
        for sample in self.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
        return found

    def numbers(self, name: str) -> Numbers:
        """The numbers of a metric."""
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for sample in self.samples
            if sample.name == name
        }

    def number(self, name: str, **labels: str) -> float:
        """The one number of a metric with these labels."""
        (found,) = [one.value for one in self.samples if one.name == name and labels.items() <= one.labels.items()]
        return found


def scrape(collector: Collector) -> Scrape:
    """What a collector answers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return Scrape(generate_latest(registry).decode())


def fetch(url: str) -> Scrape:
    """What a server answers."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        return Scrape(answer.read().decode())


def declared(text: str, kinds: Iterable[str] = ("counter", "gauge", "histogram")) -> dict[str, tuple[str, str]]:
    """Type and help of each metric that a scrape declares, by its name."""
    types = dict(line.split(" ")[2:4] for line in text.splitlines() if line.startswith("# TYPE "))
    helps = dict(line.split(" ", 3)[2:] for line in text.splitlines() if line.startswith("# HELP "))
    assert set(types.values()) <= set(kinds)
    return {name: (kind, helps[name]) for name, kind in types.items()}
