"""The schema of who sends a request."""

from collections.abc import Mapping

from redisched.web.access import Role
from redisched.web.schemas.making import TEXT, JsonSchema, nothing_else, one_of

OF_VISITORS: Mapping[str, JsonSchema] = {"Visitor": nothing_else(name=TEXT, role=one_of(*Role), version=TEXT)}
