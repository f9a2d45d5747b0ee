"""`python -m docs.comparison.publish`: makes the tables of docs/comparison.md and of the README anew."""

from pathlib import Path

from docs.comparison.tables import SHORT, TABLES
from docs.performance.page import put

ROOT = Path(__file__).parents[2]
PAGES = {ROOT / "docs" / "comparison.md": TABLES, ROOT / "README.md": SHORT}


def main() -> None:
    """Write both pages."""
    for page, tables in PAGES.items():
        text = page.read_text(encoding="utf-8")
        for name, make in tables.items():
            text = put(name, make(), text)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
