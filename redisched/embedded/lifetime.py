"""Objects that start when a `with` block begins and close when it ends, or at once if their start fails."""

from abc import ABC, abstractmethod
from typing import Self


class Lifetime(ABC):
    """Base of objects that a `with` statement starts and closes."""

    @abstractmethod
    def start(self) -> None:
        """Start."""

    @abstractmethod
    def close(self) -> None:
        """Stop, and delete temporary files, also after a start that failed half-way. May be called again."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
