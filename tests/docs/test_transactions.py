"""What the guides to web services and to transactions show is in the examples, which have tests of their own."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("guide", "example"), [("web", "fastapi"), ("transactions", "sqlalchemy")])
def test_each_piece_of_code_is_in_the_example(guide: str, example: str) -> None:
    text = (ROOT / "docs" / "guides" / f"{guide}.md").read_text(encoding="utf-8")
    program = (ROOT / "examples" / example / "shop.py").read_text(encoding="utf-8")
    pieces = re.findall(r"```python\n(.*?)```", text, re.DOTALL)

    assert len(pieces) >= 2
    assert [piece for piece in pieces if piece not in program] == []
