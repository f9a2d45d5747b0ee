"""Filters in requests. They are those of the command line, but for arguments that are hidden: a filter that may ask for
their values would tell them.
"""

from redisched.errors import InvalidOption
from redisched.filters.conditions import ArgumentIs, Condition, Opposite
from redisched.filters.filter import Filter
from redisched.filters.parsing import parse
from redisched.redaction import Redactor
from redisched.store.page import Place
from redisched.web.parameters import PLACE_PATTERN, Parameter, matching
from redisched.web.problems import bad_request

LONGEST = 4_000
"""A filter has at most so many characters."""
LOOKS = 300
"""For one request about so many tasks are looked at, which takes Redis some 3 milliseconds. Who asks goes on from where
the answer ends.
"""
FILTER_FORMAT = "redisched-filter"


def filter_in(text: str, redactor: Redactor) -> Filter:
    """The filter of a text. Raises InvalidFilter, and Problem if it asks for what is hidden."""
    wanted = parse(text)
    for condition in wanted.conditions:
        hidden = [key for key in _path(condition) if redactor.hides(key)]
        if hidden:
            raise bad_request("hidden", f"arguments named {hidden[0]} are hidden here, so no filter may ask for them")
    return wanted


def check_filter_text(option: str, text: str) -> str:
    """Check that the text of a filter is one that can be read. Raises InvalidOption."""
    if len(text) > LONGEST:
        raise InvalidOption(option, text[:40], f"a filter of at most {LONGEST} characters")
    parse(text)
    return text


def _path(condition: Condition) -> tuple[str, ...]:
    asked = condition.of if isinstance(condition, Opposite) else condition
    return asked.path if isinstance(asked, ArgumentIs) else ()


def _check_place(option: str, text: str) -> str:
    return str(Place.read(option, text))


AFTER = matching("after", "The `next` of the answer before, to go on from there.", PLACE_PATTERN, _check_place)
FILTER = Parameter(
    name="filter",
    description="Which tasks, such as: state:dead name:send_* error:Timeout queue:mail arg.order_id:42 age:>1h -id:abc",
    schema={"type": "string", "format": FILTER_FORMAT, "maxLength": LONGEST},
    read=check_filter_text,
    default="",
)
