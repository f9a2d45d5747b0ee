"""Makes what `prometheus_client` writes from the metrics of the catalogue."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family

from redisched.metrics.catalogue import Metric, MetricType

Sample = tuple[tuple[str, ...], float]
"""The values of the labels, and the number."""


def numbers(metric: Metric, samples: Iterable[Sample]) -> Family:
    """The family of a counter or a gauge."""
    kind = CounterMetricFamily if metric.type is MetricType.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, number in samples:
        family.add_metric(labels, number)
    return family


def number(metric: Metric, value: float) -> Family:
    """The family of a metric without labels."""
    return numbers(metric, [((), value)])


class HistogramFamily:
    """The family of a histogram. `bounds_s` are the upper bounds of its buckets but the last, which has none."""

    def __init__(self, metric: Metric, bounds_s: Sequence[float]) -> None:
        self._bounds = [*map(str, bounds_s), "+Inf"]
        self.family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)

    def add(self, labels: Sequence[str], counts: Iterable[int], sum_s: float) -> None:
        """Add one histogram: how many are in each bucket, and the sum of all."""
        self.family.add_metric(labels, list(zip(self._bounds, _cumulative(counts), strict=True)), sum_s)


def _cumulative(counts: Iterable[int]) -> Iterator[float]:
    return map(float, accumulate(counts))
