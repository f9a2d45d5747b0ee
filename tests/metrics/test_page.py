"""The page on metrics has every metric as it is."""

import re

import pytest

from redisched.metrics.catalogue import METRICS, MetricSource
from tests.house.checkout import ROOT

PAGE = (ROOT / "docs" / "operations" / "metrics.md").read_text()
HEADINGS = {MetricSource.WORKER: "## Of a worker process", MetricSource.EXPORTER: "## Of the keyspace"}


@pytest.mark.parametrize("source", MetricSource)
def test_the_table_has_every_metric_with_its_type_labels_and_meaning(source: MetricSource) -> None:
    section = PAGE.partition(HEADINGS[source])[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \| (.*) \|$", section, re.MULTILINE)
    assert [(name, kind, re.findall(r"`(\w+)`", labels), meaning) for name, kind, labels, meaning in rows] == [
        (metric.name, metric.type.value, list(metric.labels), metric.help)
        for metric in METRICS
        if metric.source is source
    ]


def test_names_follow_the_conventions() -> None:
    for metric in METRICS:
        assert metric.name.startswith("redisched_")
        assert metric.name.endswith("_total") is (metric.type.value == "counter")
        assert not metric.name.endswith(("_bucket", "_sum", "_count", "_ms"))
        assert "le" not in metric.labels
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_the_readme_leads_to_the_page() -> None:
    assert "(docs/operations/metrics.md)" in (ROOT / "README.md").read_text()
