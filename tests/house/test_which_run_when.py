"""Every test is in some run; its markers decide on which kinds of brokers it runs with every commit."""

import re
import tomllib
from itertools import combinations
from types import SimpleNamespace
from typing import Any, cast

import pytest
from _pytest.mark.expression import Expression

from tests.brokers import BrokerKind, is_left_to_the_night
from tests.house.checkout import ROOT

PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
DEFAULT = PYTEST["addopts"][PYTEST["addopts"].index("-m") + 1]
OF_CI = re.findall(r'run_tests .*-m "(.*)"', (ROOT / ".ci" / "run").read_text())
ON_REQUEST = ["nightly", "chaos"]
MARKERS = ("fault", "measured", "nightly", "chaos")


def chosen_by(expression: str, markers: tuple[str, ...]) -> bool:
    return Expression.compile(expression).evaluate(lambda name, /, **_: name in markers)


@pytest.mark.parametrize(
    "markers", [some for count in range(len(MARKERS) + 1) for some in combinations(MARKERS, count)], ids="+".join
)
def test_a_test_with_any_markers_is_in_some_run(markers: tuple[str, ...]) -> None:
    assert any(chosen_by(expression, markers) for expression in (DEFAULT, *OF_CI, *ON_REQUEST))


@pytest.mark.parametrize("marker", ON_REQUEST)
def test_long_tests_are_in_no_run_of_every_commit(marker: str) -> None:
    for others in (("fault",), ("measured",), ("fault", "measured"), ()):
        assert not any(chosen_by(expression, (marker, *others)) for expression in (DEFAULT, *OF_CI))


def test_every_run_of_ci_is_checked() -> None:
    assert len(OF_CI) == 2
    assert 'step "pytest" run_tests\n' in (ROOT / ".ci" / "run").read_text()


ANYWHERE, BY_SERVER, BY_ROUTING = frozenset[str](), {"differs_by_server"}, {"differs_by_routing"}


def one_test(markers: set[str] | frozenset[str], **params: Any) -> pytest.Item:
    """A test item with these markers and parameters."""
    has = {name: object() for name in markers}
    return cast(pytest.Item, SimpleNamespace(callspec=SimpleNamespace(params=params), get_closest_marker=has.get))


@pytest.mark.parametrize(
    ("kind", "needs"),
    [
        ("fake", BY_SERVER),
        ("redis", BY_SERVER),
        ("sentinel", BY_ROUTING),
        ("cluster", BY_ROUTING),
    ],
)
def test_on_other_kinds_of_brokers_only_tests_that_may_differ_run_with_every_commit(kind: str, needs: set[str]) -> None:
    for markers in (ANYWHERE, BY_SERVER, BY_ROUTING, BY_SERVER | BY_ROUTING):
        for name in ("broker", "kind"):
            assert is_left_to_the_night(one_test(markers, **{name: BrokerKind(kind), "other": 1})) is not (
                needs <= markers
            )


def test_on_the_embedded_server_every_test_runs_with_every_commit() -> None:
    assert not is_left_to_the_night(one_test(ANYWHERE, broker=BrokerKind.VALKEY))
    assert not is_left_to_the_night(one_test(ANYWHERE, text="redis"))
    assert not is_left_to_the_night(cast(pytest.Item, SimpleNamespace()))
