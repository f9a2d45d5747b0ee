"""The schedules that an application's code declares."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

from redisched.errors import InvalidOption
from redisched.packing import pack_own

if TYPE_CHECKING:
    # It loads what computes slots, which an application without schedules does not need.
    from redisched.schedules.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A schedule that code declares for a queue. Its definition carries the digest of all that was declared."""

    name: str
    queue: str
    definition: "Definition"

    @classmethod
    def of(cls, name: str, queue: str, definition: "Definition") -> Self:
        digest = blake2b(pack_own([name, queue]) + definition.identity(), digest_size=16).hexdigest()
        return cls(name=name, queue=queue, definition=replace(definition, declared=digest))


class Declarations:
    """The declarations of one application, by their names."""

    def __init__(self) -> None:
        self._by_name: dict[str, Declaration] = {}

    def add(self, declaration: Declaration) -> None:
        """Add a declaration. Raises InvalidOption if another one has its name."""
        known = self._by_name.get(declaration.name)
        if known is not None and known != declaration:
            raise InvalidOption("name", declaration.name, "the name of one schedule only; another one has it already")
        self._by_name[declaration.name] = declaration

    def forget(self, handler: str) -> None:
        """Remove what was declared for a handler, which is defined again."""
        kept = self._by_name.items()
        self._by_name = {name: one for name, one in kept if one.definition.task.handler != handler}

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self._by_name.values())

    def queues(self) -> tuple[str, ...]:
        """The queues for which schedules are declared."""
        return tuple(dict.fromkeys(declaration.queue for declaration in self))

    def of_queue(self, queue: str) -> dict[str, Declaration]:
        """The declarations for a queue, by their names."""
        return {declaration.name: declaration for declaration in self if declaration.queue == queue}


def digest_of(declarations: Iterable[Declaration]) -> str:
    """A digest that differs for declarations that differ."""
    known = sorted((declaration.name, declaration.definition.declared) for declaration in declarations)
    return blake2b(pack_own(known), digest_size=16).hexdigest()
