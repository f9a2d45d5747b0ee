"""Puts what was made of measurements into its places on a page; everything else on it is written by people."""

import re

_PLACE = "<!-- {name} -->"
_END = "<!-- end of {name} -->"


class PlaceMissing(ValueError):
    """Raised when a page has no place for something that is made for it."""


def put(name: str, made: str, page: str) -> str:
    """The page with what stands between the two marks of this name replaced. Raises PlaceMissing."""
    begin, end = _PLACE.format(name=name), _END.format(name=name)
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise PlaceMissing(f"the page needs one pair of {begin} and {end}")
    return pattern.sub(lambda _found: f"{begin}\n{made}\n{end}", page)
