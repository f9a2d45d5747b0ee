"""The text of a filter is read, or refused with what is wrong in it, what is allowed and what is similar."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.errors import InvalidFilter
from redisched.filters.parsing import FIELDS, is_term, parse
from redisched.filters.words import LONGEST, Value, terms_in
from redisched.model import TaskState


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        (" \t\n", []),
        ("a", [("", "a", False, False)]),
        ("-a b", [("", "a", False, True), ("", "b", False, False)]),
        ("state:dead  -name:a*", [("state", "dead", False, False), ("name", "a*", False, True)]),
        ('error:"no answer"', [("error", "no answer", True, False)]),
        (r'-"say \"hi\" \\ \n"', [("", r'say "hi" \ \n', True, True)]),
        ("error:a:b", [("error", "a:b", False, False)]),
        ('error:say"hi', [("error", 'say"hi', False, False)]),
        ("arg.order.id:42", [("arg.order.id", "42", False, False)]),
        ("- a", [("", "-", False, False), ("", "a", False, False)]),
        ("5:a", [("", "5:a", False, False)]),
        ("état:x", [("état", "x", False, False)]),
    ],
)
def test_a_text_is_split_into_terms(text: str, terms: list[tuple[str, str, bool, bool]]) -> None:
    found = [(one.field, one.value.text, one.value.is_quoted, one.is_negated) for one in terms_in(text)]

    assert found == terms


@pytest.mark.parametrize(
    ("text", "part", "similar", "allowed"),
    [
        ("status:dead", "status:dead", ("state",), "the fields are state, queue, name"),
        ("queue:a nmae:b", "nmae:b", ("name",), "no field 'nmae'"),
        ("handler:x", "handler:x", ("name",), "no field 'handler'"),
        ("kwargs:x", "kwargs:x", ("arg.NAME",), "no field 'kwargs'"),
        ("arg:1", "arg:1", ("arg.NAME",), "no field 'arg'"),
        ("qqqq:1", "qqqq:1", (), "put it in quotes"),
        ("-state:daed", "-state:daed", ("dead",), "there is no state 'daed'"),
        ("state:dead,redy", "state:dead,redy", ("ready",), "there is no state 'redy'"),
        ("state:unknown", "state:unknown", (), "there is no state 'unknown'"),
        ("state:dead,", "state:dead,", (), "between two commas"),
        ("state:", "state:", (), "state: needs a value"),
        ("age:", "age:", (), "in a shell < and > must be quoted"),
        ("age:1h", "age:1h", (), "an age is a range: 1h.. for older"),
        ("age:>1 h", "age:>1", (), "'1' is not a duration such as"),
        ("age:>1w", "age:>1w", (), "not a duration"),
        ("age:2h..1h", "age:2h..1h", (), "write 1h..2h"),
        ("age:..", "age:..", (), "at least one end"),
        ("age:>", "age:>", (), "not a duration"),
        ("priority:256", "priority:256", (), "from 0 to 255"),
        ("id:\ud800", "id:\ud800", (), "half of a surrogate pair"),
        ("queue:a \udbff", "queue:a \udbff", (), "half of a surrogate pair"),
        ("priority:-1", "priority:-1", (), "from 0 to 255"),
        ("priority:²", "priority:²", (), "from 0 to 255"),
        ("priority:higg", "priority:higg", (), "critical, high, normal"),
        ("since:1h", "since:1h", (), "for the last hour write age:..1h"),
        ("since:2030-01-01T00:00:00", "since:2030-01-01T00:00:00", (), "with its offset"),
        ("since:0001-01-01T00:00:00Z", "since:0001-01-01T00:00:00Z", (), "a moment"),
        ("arg.:1", "arg.:1", (), "the argument is named"),
        ("arg.a..b:1", "arg.a..b:1", (), "the argument is named"),
        ('error:"x', 'error:"x', (), "the quote is not closed"),
        ('a "b\\"', '"b\\"', (), "the quote is not closed"),
        ('error:"x"y z', 'error:"x"y', (), "the closing quote is followed by a space"),
        ("state:dead state:ready", "state:dead state:ready", (), "state:dead,ready"),
        ("state:pending -state:pending", "state:pending -state:pending", (), "no task is in all of these states"),
    ],
)
def test_an_error_names_the_part_what_is_allowed_and_what_is_similar(
    text: str, part: str, similar: tuple[str, ...], allowed: str
) -> None:
    with pytest.raises(InvalidFilter) as raised:
        parse(text)

    assert raised.value.part == part
    assert raised.value.similar == similar
    assert allowed in raised.value.allowed
    if similar:
        assert f"did you mean {similar[0]}?" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "part", "allowed"),
    [
        ("--state:dead", "--state:dead", "one minus before a term turns it around"),
        ("--a", "--a", "in quotes"),
        ("state=dead", "state=dead", "write state:dead; to look for the text itself, put it in quotes"),
        ("-state=dead", "-state=dead", "write -state:dead"),
        ("priority>=5", "priority>=5", "write priority:>=5"),
        ("age<1h", "age<1h", "write age:<1h"),
        ("arg.order_id=42", "arg.order_id=42", "write arg.order_id:42"),
        ("arg.order_id:", "arg.order_id:", "arg.order_id: needs a value"),
        ("state: dead", "state:", "right after the colon"),
    ],
)
def test_a_word_that_was_meant_as_a_term_is_refused(text: str, part: str, allowed: str) -> None:
    with pytest.raises(InvalidFilter) as raised:
        parse(text)

    assert raised.value.part == part
    assert allowed in raised.value.allowed


def test_what_is_no_text_or_too_long_is_refused() -> None:
    parse("a" * LONGEST)
    with pytest.raises(InvalidFilter, match="at most 4,000 characters"):
        parse("a" * (LONGEST + 1))
    with pytest.raises(InvalidFilter, match="a text such as"):
        parse(None)  # type: ignore[arg-type]


@given(st.text(max_size=60) | st.text(alphabet='astedr:-",\\*.. 1h<>', max_size=40))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    with suppress(InvalidFilter):
        assert parse(text) == parse(text)


@given(st.text(min_size=1, max_size=30))
def test_a_quoted_text_stands_for_itself(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')

    (term,) = terms_in(f'error:"{escaped}"')

    assert term.value == Value(text, True)


def test_what_redis_can_be_asked_for() -> None:
    wanted = parse("state:dead,ready -state:ready queue:mail,orders -queue:ord* id:a,b name:x")

    assert wanted.states == {TaskState.DEAD}
    assert wanted.asked_states == {TaskState.DEAD}
    assert wanted.queues == frozenset({"mail", "orders"})
    assert [queue for queue in ("mail", "orders", "other") if wanted.takes_queue(queue)] == ["mail"]
    assert wanted.ids == frozenset({"a", "b"})
    assert wanted.is_residual
    assert not parse("state:dead queue:m*").is_residual
    assert parse("queue:m*").queues is None
    assert parse("id:a,b*").ids is None
    assert parse("-id:a").ids is None
    assert parse("-state:dead").asked_states == parse("state:any").asked_states == frozenset()


def test_same_texts_are_equal_filters() -> None:
    assert parse("name:a* state:dead") == parse(" name:a*   state:dead ")
    assert parse("name:a*") != parse('name:"a*"')


def test_words_of_a_command_line_that_are_terms() -> None:
    assert all(is_term(word) for word in ("state:dead", "-name:x", "arg.order_id:42", "age:"))
    assert not any(is_term(word) for word in ("order:42", "m:now", "state", "arg", "arg:1", "-5", "", ":"))
    assert set(FIELDS) >= {"state", "name", "error", "queue", "age", "priority", "id", "worker"}
