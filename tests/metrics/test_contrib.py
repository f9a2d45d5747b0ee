"""What is in contrib/ names only metrics and labels that are exported, in expressions that Prometheus understands."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from redisched.metrics.catalogue import METRICS, MetricType
from tests.brokers import do_without
from tests.house.checkout import ROOT

CONTRIB = ROOT / "contrib"
DASHBOARD = CONTRIB / "grafana" / "redisched.json"
ALERTS = CONTRIB / "prometheus" / "alerts.yaml"
SCALED_OBJECT = CONTRIB / "keda" / "scaledobject.yaml"
EXPORTED = {
    f"{metric.name}{suffix}": metric
    for metric in METRICS
    for suffix in (("_bucket", "_sum", "_count") if metric.type is MetricType.HISTOGRAM else ("",))
}
_NAME = re.compile(r"\bredisched_\w+")
_SELECTOR = re.compile(r"\b(redisched_\w+)\{([^}]*)\}")
_MATCHED = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression, and where it stands."""
    for panel in panels():
        for target in panel["targets"]:
            yield f"dashboard: {panel['title']}", target["expr"]
    for alert in alerts():
        yield f"alert: {alert['alert']}", alert["expr"]
    for trigger in yaml.safe_load(SCALED_OBJECT.read_text())["spec"]["triggers"]:
        yield "keda", trigger["metadata"]["query"]


EXPRESSIONS = list(expressions())


@pytest.mark.parametrize(("place", "expression"), EXPRESSIONS)
def test_every_metric_and_label_of_an_expression_is_exported(place: str, expression: str) -> None:
    names = set(_NAME.findall(expression))
    assert names, place
    assert names <= EXPORTED.keys(), place
    for name, matchers in _SELECTOR.findall(expression):
        labels = {label for label, _value in _MATCHED.findall(matchers)}
        assert labels <= {*EXPORTED[name].labels, "le"}, place


@pytest.mark.parametrize(("place", "expression"), EXPRESSIONS)
def test_expressions_group_by_labels_that_all_of_their_metrics_have(place: str, expression: str) -> None:
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        wanted = {label.strip() for label in labels.split(",")} - {"le"}
        metrics = [EXPORTED[name] for name in _NAME.findall(expression)]
        # The instance is a label that Prometheus gives.
        assert all(wanted <= {*metric.labels, "instance"} for metric in metrics), place


def test_the_variables_of_the_dashboard_are_of_exported_metrics() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    for variable in dashboard["templating"]["list"]:
        for name in _NAME.findall(json.dumps(variable)):
            assert name in EXPORTED
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_every_metric_is_in_the_dashboard_or_in_an_alert() -> None:
    used = {EXPORTED[name].name for _, expression in EXPRESSIONS for name in _NAME.findall(expression)}
    left_out = {
        "redisched_worker_state",
        "redisched_queue_workers",
        "redisched_queue_shards",
        "redisched_scrape_seconds",
    }
    assert {metric.name for metric in METRICS} - used == left_out


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in ("critical", "warning", "info")
        assert alert["annotations"].keys() == {"summary", "description"}, alert["alert"]
        for label in re.findall(r"\$labels\.(\w+)", json.dumps(alert["annotations"])):
            assert re.search(rf"by \([^)]*\b{label}\b", alert["expr"]), alert["alert"]


def promtool(*words: str | Path) -> str:
    """The output of promtool, which must find no fault."""
    found = shutil.which("promtool")
    if found is None:
        do_without("promtool is not on PATH: apt-get install prometheus")
    done = subprocess.run((found, *map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_understands_the_alert_rules() -> None:
    assert f"SUCCESS: {len(alerts())} rules found" in promtool("check", "rules", ALERTS)


def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    texts = [expression.replace("$__rate_interval", "5m").replace("$queue", ".*") for _, expression in EXPRESSIONS]
    rules = [{"record": f"expression:{number}", "expr": text} for number, text in enumerate(texts)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    assert f"SUCCESS: {len(texts)} rules found" in promtool("check", "rules", file)


def test_alerts_ring_when_they_should_and_not_when_they_should_not() -> None:
    assert "SUCCESS" in promtool("test", "rules", Path(__file__).with_name("alerts_ring.yaml"))
