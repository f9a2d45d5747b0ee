"""The processes of isolated handlers that are at hand: begun one by one as tasks need them, and replaced in time."""

import threading
import time

from redisched.config import WorkerSettings
from redisched.engine.isolation.process import HandlerProcess

MEBIBYTE = 2**20
ENDING_S = 1.0
"""Processes that have nothing to do have so long to end when their worker stops."""


class ProcessPool:
    """As many processes as isolated handlers run at once, each for one at a time. Safe to use from any thread."""

    def __init__(self, target: str, settings: WorkerSettings) -> None:
        self._target = target
        self._settings = settings
        self._most_orders = settings.max_tasks_per_child
        self._most_memory_mb = settings.max_memory_per_child_mb
        self._lock = threading.Lock()
        self._idle: list[HandlerProcess] = []
        self._busy: set[HandlerProcess] = set()
        self._leaving: list[HandlerProcess] = []
        self._is_stopped = False

    def take(self) -> HandlerProcess:
        """A process to run one handler in, which may not be ready yet. Raises NoRoomForProcess."""
        with self._lock:
            self._idle = self._close_ended(self._idle)
            self._leaving = self._close_ended(self._leaving)
            process = self._idle.pop() if self._idle else HandlerProcess(self._target, self._settings)
            self._busy.add(process)
        return process

    def give_back(self, process: HandlerProcess, memory_bytes: int) -> None:
        """A process whose handler ended by itself: kept for the next, unless it has served its time or grew too big."""
        is_old = self._most_orders is not None and process.orders >= self._most_orders
        is_big = self._most_memory_mb is not None and memory_bytes > self._most_memory_mb * MEBIBYTE
        with self._lock:
            self._busy.discard(process)
            self._leaving = self._close_ended(self._leaving)
            if is_old or is_big or self._is_stopped:
                process.dismiss()
                self._leaving.append(process)
            else:
                self._idle.append(process)

    def discard(self, process: HandlerProcess) -> None:
        """Kill a process of which nobody knows what its handler has left behind."""
        with self._lock:
            self._busy.discard(process)
        process.kill()
        process.close()

    def stop(self) -> None:
        """Let those that are idle end as programs do, within a time, and kill all others."""
        with self._lock:
            self._is_stopped = True
            for process in self._busy:
                process.kill()
            for process in self._idle:
                process.dismiss()
            ending_s = time.monotonic() + ENDING_S
            for process in (*self._idle, *self._leaving):
                process.wait_ended(ending_s - time.monotonic())
                process.kill()
                process.close()
            self._idle.clear()
            self._leaving.clear()

    def _close_ended(self, processes: list[HandlerProcess]) -> list[HandlerProcess]:
        """Those that have not ended; descriptors of the others would be kept until a garbage collection."""
        living = []
        for process in processes:
            if process.is_alive:
                living.append(process)
            else:
                process.close()
        return living
