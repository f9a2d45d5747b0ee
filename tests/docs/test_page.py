"""Generated text is put between its marks on the page, and nowhere else."""

import pytest

from docs.performance.page import PlaceMissing, put

PAGE = "before\n<!-- drains -->\nold\n<!-- end of drains -->\nafter\n"


def test_generated_text_replaces_the_text_between_the_marks() -> None:
    assert put("drains", "new", PAGE) == "before\n<!-- drains -->\nnew\n<!-- end of drains -->\nafter\n"


def test_the_same_text_put_again_changes_nothing() -> None:
    once = put("drains", "new", PAGE)

    assert put("drains", "new", once) == once


def test_text_that_looks_like_a_regex_reference_is_kept() -> None:
    assert r"\1 \g<0>" in put("drains", r"\1 \g<0>", PAGE)


def test_text_between_other_marks_is_kept() -> None:
    page = PAGE + "<!-- peers -->\nkept\n<!-- end of peers -->\n"

    assert "\nkept\n" in put("drains", "new", page)


@pytest.mark.parametrize("page", ["no place", PAGE + PAGE, "<!-- drains -->\nno end\n"])
def test_a_page_without_exactly_one_pair_of_marks_is_refused(page: str) -> None:
    with pytest.raises(PlaceMissing, match="<!-- drains -->"):
        put("drains", "new", page)
