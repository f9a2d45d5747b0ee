"""`python -m docs.performance.publish`: makes the tables of docs/performance.md and the plots beside it anew.

Needs matplotlib, which the extra `docs` brings.
"""

from pathlib import Path

from docs.performance.page import put
from docs.performance.plots import draw
from docs.performance.tables import TABLES

PAGE = Path(__file__).parents[1] / "performance.md"
PLOTS = Path(__file__).with_name("plots")


def main() -> None:
    """Write both."""
    page = PAGE.read_text()
    for name, make in TABLES.items():
        page = put(name, make(), page)
    PAGE.write_text(page)
    PLOTS.mkdir(exist_ok=True)
    draw(PLOTS)


if __name__ == "__main__":
    main()
