"""The measurements that are kept beside the documentation, as JSON."""

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("data")


def keep(name: str, found: dict[str, Any]) -> None:
    """Replace a kept measurement."""
    DATA.mkdir(exist_ok=True)
    (DATA / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


def read_kept(name: str) -> dict[str, Any]:
    """A kept measurement. Raises FileNotFoundError."""
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return found
