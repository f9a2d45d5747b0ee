"""Finds the application that a worker serves by its name, MODULE:APP."""

import _thread
import importlib
import inspect
import sys
import traceback
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from types import BuiltinFunctionType, ModuleType, TracebackType
from typing import Protocol, cast

from redisched.config import Settings
from redisched.engine.target import split_target
from redisched.errors import AppNotFound
from redisched.registry import Registry
from redisched.store.broker import Broker


class Application(Protocol):
    """What a worker needs of a Scheduler."""

    @property
    def name(self) -> str: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def imports(self) -> Sequence[str]: ...
    @property
    def broker(self) -> Broker: ...


def load_application(target: str, imports: Sequence[str] = ()) -> Application:
    """The Scheduler named MODULE:APP, or made by the function MODULE:FACTORY or MODULE:FACTORY(). Modules of the
    current folder are found. Modules that it names as its imports, and `imports`, are imported for their handlers.

    Raises AppNotFound when a name leads nowhere; what a module or the factory itself raises goes through.
    """
    module_name, path = split_target(target)
    if "" not in sys.path:
        sys.path.insert(0, "")
    found: object = _import(module_name, target, "")
    is_call = path.endswith("()")
    path = path.removesuffix("()")
    for name in path.split("."):
        if not hasattr(found, name):
            raise AppNotFound(target, f"module {module_name!r} has no {path!r}")
        found = getattr(found, name)
    if is_call or inspect.isroutine(found):
        found = _made_by(found, target, path)
    # The attributes are only looked up, not read: reading the broker would open it.
    if isinstance(found, type) or not all(_has(found, name) for name in ("registry", "settings", "imports", "broker")):
        raise AppNotFound(target, f"{path!r} leads to a {type(found).__name__}, not a Scheduler")
    application = cast(Application, found)
    for name in (*application.imports, *imports):
        _import(name, target, f" ({name} is to be imported)")
    # Python looks in no other entries, such as a Path, but multiprocessing fails at them when it starts a process.
    sys.path[:] = [entry for entry in sys.path if isinstance(entry, str)]
    return application


def check_handlers(application: Application, target: str) -> None:
    """Raises AppNotFound if the application has no handlers, because its worker would do nothing and not say so."""
    if not any(True for _ in application.registry):
        raise AppNotFound(
            target,
            "it has no handlers; if they are in other modules, name these: --import shop.tasks, "
            "or Scheduler(imports=['shop.tasks'])",
        )


def _import(name: str, target: str, purpose: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        reason = f"there is no module {error.name!r}{purpose} here or among the installed packages"
        raise AppNotFound(target, reason) from error


def check_threads(target: str) -> None:
    """Raises AppNotFound if a library such as gevent or eventlet has replaced the interpreter's threads. With it, sync
    handlers would never run, and leases would not be renewed.
    """
    if not isinstance(_thread.get_ident, BuiltinFunctionType):
        patched_by = _thread.get_ident.__module__.partition(".")[0]
        raise AppNotFound(
            target,
            f"it has threads replaced by {patched_by}, and a worker needs those of the interpreter; "
            "do not patch threads in what a worker imports, as by monkey.patch_all(thread=False)",
        )


def _made_by(factory: object, target: str, path: str) -> object:
    """Call a factory; answers the application it makes. A handler is no factory: calling it would do a task's work."""
    if not inspect.isroutine(factory):
        raise AppNotFound(target, f"{path!r} is a {type(factory).__name__}, not a function that makes a Scheduler")
    if inspect.iscoroutinefunction(factory):
        raise AppNotFound(target, f"{path!r} is an async function; what makes a Scheduler is a plain one")
    try:
        inspect.signature(factory).bind()
    except TypeError:
        raise AppNotFound(target, f"{path!r} takes arguments; what makes a Scheduler takes none") from None
    except ValueError:
        pass
    return factory()


def _has(found: object, name: str) -> bool:
    missing = object()
    return inspect.getattr_static(found, name, missing) is not missing


def traceback_of_module(error: BaseException) -> str:
    """The traceback of an error that a module raised while it was imported, without the frames of the import."""
    return "".join(traceback.format_exception(type(error), error, _below_import(error.__traceback__)))


def place_in_module(error: BaseException) -> str:
    """The line of the application whose call of redisched failed during the import, such as `shop.py, line 3: `."""
    own = Path(__file__).parents[1]
    frames = traceback.extract_tb(_below_import(error.__traceback__))
    # The frames of the application are those before it calls redisched.
    theirs = list(takewhile(lambda frame: own not in Path(frame.filename).parents, frames))
    return f"{Path(theirs[-1].filename).name}, line {theirs[-1].lineno}: " if theirs else ""


def _below_import(frame: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that begins where the import machinery hands over to the module."""
    importing = False
    while frame is not None:
        if "importlib" in frame.tb_frame.f_code.co_filename:
            importing = True
        elif importing:
            return frame
        frame = frame.tb_next
    return None
