"""What is made goes to its place on the page, and nowhere else."""

import pytest

from docs.performance.page import PlaceMissing, put

PAGE = "before\n<!-- drains -->\nold\n<!-- end of drains -->\nafter\n"


def test_what_was_made_replaces_what_stood_between_the_marks() -> None:
    assert put("drains", "new", PAGE) == "before\n<!-- drains -->\nnew\n<!-- end of drains -->\nafter\n"


def test_putting_the_same_again_changes_nothing() -> None:
    once = put("drains", "new", PAGE)

    assert put("drains", "new", once) == once


def test_what_looks_like_a_reference_of_a_pattern_is_kept_as_it_is() -> None:
    assert r"\1 \g<0>" in put("drains", r"\1 \g<0>", PAGE)


def test_other_places_are_left_alone() -> None:
    page = PAGE + "<!-- peers -->\nkept\n<!-- end of peers -->\n"

    assert "\nkept\n" in put("drains", "new", page)


@pytest.mark.parametrize("page", ["no place", PAGE + PAGE, "<!-- drains -->\nno end\n"])
def test_a_page_without_exactly_one_place_is_refused(page: str) -> None:
    with pytest.raises(PlaceMissing, match="<!-- drains -->"):
        put("drains", "new", page)
