"""How functions are registered that are called around handlers, around enqueues, after the ends of tasks, and around
the life of a process.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from redisched.registry import Registry
from redisched.resources import lifespan_of

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from redisched.client.around_enqueue import EnqueueContext
    from redisched.context import TaskContext
    from redisched.events import AttemptFailure, WorkerInfo

    AnyGenerator = (
        Iterator[object] | AsyncIterator[object] | AbstractContextManager[object] | AbstractAsyncContextManager[object]
    )

Around = TypeVar("Around", bound="Callable[[TaskContext, Callable[[], Any]], Any]")
AroundEnqueue = TypeVar("AroundEnqueue", bound="Callable[[EnqueueContext, Callable[[], Any]], Any]")
OnSuccess = TypeVar("OnSuccess", bound="Callable[[TaskContext, Any], object]")
OnFailure = TypeVar("OnFailure", bound="Callable[[TaskContext, AttemptFailure], object]")
OnCancelled = TypeVar("OnCancelled", bound="Callable[[TaskContext], object]")
OnWorker = TypeVar("OnWorker", bound="Callable[[WorkerInfo], object]")
Lifespan = TypeVar("Lifespan", bound="Callable[[], AnyGenerator]")


class HookRegistration:
    """The part of the Scheduler with which hooks are registered. Each method is a decorator, answers the function
    unchanged, and raises InvalidOption. What is registered first is the outermost, and is told first.
    """

    registry: Registry

    def middleware(self, function: Around, /) -> Around:
        """Call `function(ctx, call_next)` around each handler; what it returns is the result. Register all middleware
        before the workers start. An async function fits every handler, a sync one sync handlers.
        """
        is_async = (entry.name for entry in self.registry if entry.is_async)
        self.registry.middleware.add(function, next(is_async, None))
        return function

    def enqueue_middleware(self, function: AroundEnqueue, /) -> AroundEnqueue:
        """Call `function(ctx, call_next)` around each call that enqueues, in the program that makes the call."""
        self.registry.middleware.add_around_enqueue(function)
        return function

    def lifespan(self, function: Lifespan, /) -> Lifespan:
        """Call a function that yields once, sync or async, in each process that runs handlers: up to its yield before
        the first task, the rest after the last one. Several are opened in order and closed in reverse.
        """
        self.registry.lifespans.append(lifespan_of(function))
        return function

    def on_success(self, function: OnSuccess, /) -> OnSuccess:
        """Call `function(ctx, result)` after a task has succeeded."""
        self.registry.events.add("on_success", function)
        return function

    def on_failure(self, function: OnFailure, /) -> OnFailure:
        """Call `function(ctx, failure)` after an attempt has failed, whatever becomes of the task."""
        self.registry.events.add("on_failure", function)
        return function

    def on_retry(self, function: OnFailure, /) -> OnFailure:
        """Call `function(ctx, failure)` after an attempt has failed and another one comes."""
        self.registry.events.add("on_retry", function)
        return function

    def on_dead(self, function: OnFailure, /) -> OnFailure:
        """Call `function(ctx, failure)` after a worker has given a task up."""
        self.registry.events.add("on_dead", function)
        return function

    def on_cancelled(self, function: OnCancelled, /) -> OnCancelled:
        """Call `function(ctx)` after a task that a worker had was cancelled."""
        self.registry.events.add("on_cancelled", function)
        return function

    def on_worker_start(self, function: OnWorker, /) -> OnWorker:
        """Call `function(worker)` in each worker process before it takes its first task."""
        self.registry.events.add("on_worker_start", function)
        return function

    def on_worker_stop(self, function: OnWorker, /) -> OnWorker:
        """Call `function(worker)` in each worker process after it has settled its last task."""
        self.registry.events.add("on_worker_stop", function)
        return function
