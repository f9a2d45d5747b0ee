"""Unique keys: what they are made of, and what a call says to the scripts about its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple

from redisched.callables import is_coroutine_function
from redisched.client.arguments import Signature
from redisched.client.key_text import key_text, why_no_key
from redisched.codec import encode_unfinished
from redisched.conversion.conversion import Given
from redisched.errors import InvalidOption, NotEncodable
from redisched.handler_options import HandlerOptions
from redisched.model import Keep, OnDuplicate, TaskState, UniqueBy, retention_of
from redisched.option_checks import names_in_template
from redisched.options import TaskOptions
from redisched.packing import ALLOWED, check, pack
from redisched.placement import PLACEMENT_DIGITS
from redisched.redaction import REDACTED, SECRETS

_DIGEST_BYTES = 16
_LONGEST_CHOSEN_ID = 200 - 1 - PLACEMENT_DIGITS
_FOLLOWS = (OnDuplicate.REPLACE, OnDuplicate.DEBOUNCE)
"""With these, a task that is added while another one with its key runs waits until that one has ended."""


class UniqueKey(NamedTuple):
    """The unique key of one task: as text for people, and as a digest, which tells equal keys."""

    label: str
    digest: str

    @property
    def placement(self) -> str:
        """What says in which shard the tasks with this key are."""
        return self.digest[:PLACEMENT_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """The unique keys of tasks with the same options. `scope` is UNTIL_STARTED, UNTIL_DONE or +milliseconds; a
    `debounce_max_ms` of 0 is no limit. `told_retention_ms` and `keep` are those of tasks that are replaced.
    """

    by: UniqueBy
    scope: str
    on_duplicate: OnDuplicate
    debounce_max_ms: int
    told_retention_ms: int
    keep: Keep

    def key_of(self, name: str, given: Given, encoded: Given, arguments: Signature) -> UniqueKey:
        """The key of a task of this handler, whose arguments are `given` by the caller, and travel as `encoded`.
        Raises InvalidOption and NotEncodable.
        """
        args, kwargs = given
        if self.by is True:
            by_position, by_name = arguments.bind(*encoded)
            value: Any = [list(by_position), sorted(by_name.items())]
            by_position, by_name = arguments.shown(*arguments.bind(args, kwargs))
            words = [*map(repr, by_position), *(f"{key}={one!r}" for key, one in by_name.items())]
            return UniqueKey(f"{name}({', '.join(words)})", _digest(name, value, "arguments"))
        if isinstance(self.by, str):
            named = arguments.named(args, kwargs) if names_in_template(self.by) else {}
            label = _filled_in(self.by, {one: REDACTED if SECRETS.hides(one) else named[one] for one in named})
            return UniqueKey(label, _digest(name, _filled_in(self.by, named), "key"))
        assert callable(self.by)
        value = _returned(self.by, args, kwargs)
        return UniqueKey(value if isinstance(value, str) else repr(value), _digest(name, value, "key"))

    def encode(self, key: UniqueKey, name: str) -> bytes:
        """What the scripts are told. `scripts/lib/add_unique.lua` has the form."""
        mode = OnDuplicate.RETURN if self.on_duplicate is OnDuplicate.REJECT else self.on_duplicate
        replaced = encode_unfinished(TaskState.CANCELLED, name, self.keep).hex() if mode in _FOLLOWS else "00"
        told = f"{self.scope} {mode} {self.debounce_max_ms} {self.told_retention_ms} {replaced}"
        return f"unique={key.digest} {told} ".encode()


def unique_of(given: TaskOptions, options: HandlerOptions, *, has_chosen_id: bool = False) -> Unique | None:
    """What the options say about unique keys, None if there are none. `given` are the options of this call or handler
    alone, `options` those that hold.

    Raises InvalidOption if they contradict each other.
    """
    if not options.unique:
        _refuse_without_key(given)
        return None
    if callable(options.unique) and is_coroutine_function(options.unique):
        raise InvalidOption("unique", options.unique, "a function that is not async, as an enqueue calls it")
    mode = options.on_duplicate
    if options.debounce_max_ms and mode is not OnDuplicate.DEBOUNCE:
        allowed = f"only with on_duplicate='debounce'; it is {mode.value!r}"
        raise InvalidOption("debounce_max", options.debounce_max_ms / 1000, allowed)
    if mode in _FOLLOWS and options.unique_for.startswith("+"):
        allowed = f"'until_started' or 'until_done' with on_duplicate={mode.value!r}"
        raise InvalidOption("unique_for", _as_given(options.unique_for), allowed)
    if given.id is not None and len(given.id) > _LONGEST_CHOSEN_ID:
        raise InvalidOption("id", given.id, f"at most {_LONGEST_CHOSEN_ID} characters for a task with a unique key")
    retention = retention_of(
        options.retention_ms, options.keep, is_own=options.retention_is_own, has_chosen_id=has_chosen_id
    )
    return Unique(
        by=options.unique,
        scope=options.unique_for,
        on_duplicate=mode,
        debounce_max_ms=options.debounce_max_ms,
        told_retention_ms=retention.told_ms,
        keep=options.keep,
    )


def check_template(by: UniqueBy, known: Sequence[str]) -> None:
    """Raises InvalidOption if a template names an argument that the handler does not have."""
    for name in names_in_template(by) if isinstance(by, str) else ():
        if name not in known:
            allowed = f"names of arguments in braces, of which the handler has {', '.join(known) or 'none'}"
            raise InvalidOption("unique", by, allowed)


def _refuse_without_key(given: TaskOptions) -> None:
    most_ms = given.debounce_max_ms
    values = {
        "unique_for": given.unique_for and _as_given(given.unique_for),
        "on_duplicate": given.on_duplicate and given.on_duplicate.value,
        "debounce_max": most_ms and most_ms / 1000,
    }
    for name, value in values.items():
        if value is not None:
            raise InvalidOption(name, value, "give unique= as well; it has no meaning alone")


def _as_given(unique_for: str) -> str | float:
    """How long a key is held, as a caller says it."""
    return int(unique_for) / 1000 if unique_for.startswith("+") else f"until_{unique_for}"


def _returned(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
    """What a function of the arguments says is the key. Raises InvalidOption if it says nothing."""
    allowed = "a function of the arguments that returns the key"
    try:
        key = function(*args, **kwargs)
    except Exception as error:
        raise InvalidOption("unique", function, f"{allowed}; it raised {type(error).__name__}: {error}") from error
    if key is None:
        raise InvalidOption("unique", function, f"{allowed}, not None; give unique=None for a task without one")
    if isinstance(key, str) and (told := why_no_key(key)):
        raise InvalidOption("unique", function, f"{allowed}, whose text differs; this one {told}: {key:.80}")
    return key


def _filled_in(template: str, named: Mapping[str, Any]) -> str:
    for name in names_in_template(template):
        if name not in named:
            allowed = "the finished text: the handler is not registered here, so its arguments have no names"
            raise InvalidOption("unique", template, allowed)
    return template.format_map({name: key_text(template, name, named[name]) for name in names_in_template(template)})


def _digest(name: str, value: object, kind: str) -> str:
    try:
        packed = pack([name, kind, _in_order(value)])
        check([value], packed)
    except Exception as error:
        raise NotEncodable("unique", value, f"{error}; {ALLOWED}") from error
    return blake2b(packed, digest_size=_DIGEST_BYTES).hexdigest()


def _in_order(value: object) -> object:
    """The same value, dicts as their items in one order: equal dicts are one key, whoever made them."""
    if type(value) is dict:
        items = {pack(key): _in_order(one) for key, one in value.items()}
        return ["dict", sorted(items.items(), key=itemgetter(0))]
    if type(value) in (list, tuple):
        return [type(value).__name__, *map(_in_order, value)]  # type: ignore[call-overload]
    return value
