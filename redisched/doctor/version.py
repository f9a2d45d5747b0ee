"""Checks whether redisched runs on the server's version, and which known flaws that version has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.doctor.info import Info

CHECK = "version"


class Product(StrEnum):
    """The server programs that redisched knows."""

    REDIS = "Redis"
    VALKEY = "Valkey"


class Version(NamedTuple):
    """The version of a release."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return ".".join(map(str, self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A known flaw that a client can use if it may run scripts or blocking commands.

    `fixed` has the first release without the flaw, one for each branch that was fixed. A branch newer than all of these
    never had the flaw. An older branch that is not in `fixed` still has it.
    """

    names: str
    what: str
    since: Version
    fixed: Mapping[Product, tuple[Version, ...]]

    def concerns(self, product: Product, version: Version) -> bool:
        """Whether a release has this flaw."""
        fixed = self.fixed.get(product, ())
        if not fixed or version < self.since:
            return False
        for release in fixed:
            if release[:2] == version[:2]:
                return version < release
        return version < max(fixed)


OLDEST = {Product.REDIS: Version(6, 2, 0), Product.VALKEY: Version(7, 2, 0)}
FLAWS = (
    Flaw(
        names="CVE-2025-49844, CVE-2025-46817, CVE-2025-46818 and CVE-2025-46819",
        what="a script can break out of its sandbox",
        since=Version(0, 0, 0),
        fixed={
            Product.REDIS: (
                Version(6, 2, 20),
                Version(7, 2, 11),
                Version(7, 4, 6),
                Version(8, 0, 4),
                Version(8, 2, 2),
            ),
            Product.VALKEY: (Version(7, 2, 11), Version(8, 0, 6), Version(8, 1, 4)),
        },
    ),
    Flaw(
        names="CVE-2025-67733",
        what="an error of a script can forge replies",
        since=Version(0, 0, 0),
        fixed={Product.VALKEY: (Version(7, 2, 12), Version(8, 0, 7), Version(8, 1, 6), Version(9, 0, 2))},
    ),
    Flaw(
        names="CVE-2026-23479",
        what="freed memory is used when a blocked client is evicted",
        since=Version(7, 2, 0),
        fixed={
            Product.REDIS: (
                Version(7, 2, 14),
                Version(7, 4, 9),
                Version(8, 2, 6),
                Version(8, 4, 3),
                Version(8, 6, 3),
            ),
            Product.VALKEY: (Version(7, 2, 13), Version(8, 0, 9), Version(8, 1, 7), Version(9, 0, 4)),
        },
    ),
)
"""Flaws in server features that redisched uses. Sources: the release notes of Redis and Valkey."""


def check_version(info: Info) -> list[Finding]:
    """Return one finding for each known flaw, or one that reports no flaw or an unsuitable server."""
    if not info:
        sentence = "The server refuses INFO, so version, memory and replicas cannot be checked; allow it to this user."
        return [warning(CHECK, sentence)]
    product = Product.VALKEY if "valkey_version" in info else Product.REDIS
    told = info.get("valkey_version") or info.get("redis_version", "")
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", told)
    other_server = info.get("server_name") not in (None, "valkey", "redis") or "dragonfly_version" in info
    if numbers is None or other_server:
        return [
            warning(
                CHECK, "redisched is not tested with this server, which is not a known Redis or Valkey; test it first."
            )
        ]
    version = Version(*map(int, numbers.groups()))
    if version < OLDEST[product]:
        return [danger(CHECK, f"{product} {version} is too old for redisched; upgrade to {OLDEST[product]} or later.")]
    flaws = [flaw for flaw in FLAWS if flaw.concerns(product, version)]
    if not flaws:
        return [ok(CHECK, f"{product} {version} has no flaw that this release of redisched knows.")]
    return [warning(CHECK, _advice(product, version, flaw)) for flaw in flaws]


def _advice(product: Product, version: Version, flaw: Flaw) -> str:
    later = [release for release in flaw.fixed[product] if release > version]
    same_branch = [release for release in later if release[:2] == version[:2]]
    return (
        f"{product} {version} has {flaw.names}: {flaw.what}; upgrade to {(same_branch or later)[0]} or later, "
        "unless its vendor has fixed it in this version."
    )
