"""What runs from the beginning of a `with` to its end, and is tidied up also when it does not start."""

from abc import ABC, abstractmethod
from typing import Self


class Lifetime(ABC):
    """Started and closed by `with`."""

    @abstractmethod
    def start(self) -> None:
        """Begin to run."""

    @abstractmethod
    def close(self) -> None:
        """Stop, and delete what was temporary, however far the start got. May be called again."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
