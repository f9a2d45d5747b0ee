"""A pool of processes for isolated handlers. They are started when tasks need them, and replaced when they are old or
big.
"""

import threading
import time

from redisched.config import WorkerSettings
from redisched.engine.isolation.process import HandlerProcess

ENDING_S = 1.0
"""When the worker stops, idle processes may take so long to end."""


class ProcessPool:
    """Has as many processes as isolated handlers run at once. Each runs one handler at a time. Safe to use from any
    thread.
    """

    def __init__(self, target: str, settings: WorkerSettings) -> None:
        self._target = target
        self._settings = settings
        self._most_orders = settings.max_tasks_per_child
        self._most_memory_bytes = settings.max_rss_bytes
        self._lock = threading.Lock()
        self._idle: list[HandlerProcess] = []
        self._busy: set[HandlerProcess] = set()
        self._leaving: list[HandlerProcess] = []
        self._is_stopped = False

    def take(self) -> HandlerProcess:
        """A process for one handler. It may not be ready yet. Raises NoRoomForProcess."""
        with self._lock:
            self._idle = self._close_ended(self._idle)
            self._leaving = self._close_ended(self._leaving)
            process = self._idle.pop() if self._idle else HandlerProcess(self._target, self._settings)
            self._busy.add(process)
        return process

    def give_back(self, process: HandlerProcess, memory_bytes: int) -> None:
        """Take back a process whose handler has ended by itself. It is kept for the next one, unless it has run as many
        tasks, or has as much memory, as the settings allow.
        """
        is_old = self._most_orders is not None and process.orders >= self._most_orders
        is_big = self._most_memory_bytes is not None and memory_bytes > self._most_memory_bytes
        with self._lock:
            self._busy.discard(process)
            self._leaving = self._close_ended(self._leaving)
            if is_old or is_big or self._is_stopped:
                process.dismiss()
                self._leaving.append(process)
            else:
                self._idle.append(process)

    def discard(self, process: HandlerProcess) -> None:
        """Kill a process in which an interrupted handler may have left something."""
        with self._lock:
            self._busy.discard(process)
        process.kill()
        process.close()

    def stop(self) -> None:
        """Let idle processes end by themselves, within ENDING_S, and kill all others."""
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
        """The processes that have not ended. The others are closed, because otherwise their descriptors would stay open
        until a garbage collection.
        """
        living = []
        for process in processes:
            if process.is_alive:
                living.append(process)
            else:
                process.close()
        return living
