"""How many CPUs this process may use: as many as its affinity allows, unless a quota of its cgroups is lower.

A container with a quota of two CPUs still sees all CPUs of its host, so their number says little.
"""

import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ReadText = Callable[[str], str | None]
"""Answers the content of a file; None if it cannot be read."""

_GROUPS = "/proc/self/cgroup"
_MOUNTS = "/proc/self/mountinfo"
_MICROSECONDS = re.compile(r"[1-9][0-9]{0,19}")
"""What the kernel writes for a quota and its period: a number of 64 bits."""
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableCpus:
    """How many CPUs may be used, which need not be a whole number, and why, as the end of a sentence."""

    number: float
    reason: str

    @property
    def rounded(self) -> int:
        """The number of CPUs rounded up: half a CPU is used by one process, and one and a half by two."""
        return math.ceil(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mount:
    """Where a hierarchy of cgroups is mounted. `root` is the group that stands there."""

    root: str
    point: str
    is_unified: bool
    options: frozenset[str]


def usable_cpus() -> UsableCpus:
    """How many CPUs this process may use now."""
    return compute_usable_cpus(_read, len(os.sched_getaffinity(0)))


def compute_usable_cpus(read: ReadText, affinity: int) -> UsableCpus:
    """How many CPUs a process may use that may run on `affinity` of them, which is what its cpuset allows too.

    Each cgroup from that of the process up to the root may have a quota; the lowest one counts.
    """
    quotas = [
        (quota, folder)
        for mount, group in _memberships(read)
        for folder in _with_ancestors(mount, group)
        if (quota := _quota(read, folder, mount)) is not None
    ]
    number, folder = min(quotas, default=(math.inf, ""))
    if number < affinity:
        return UsableCpus(number=number, reason=f"the quota in {folder} is {number:g} of {affinity} CPUs")
    return UsableCpus(number=affinity, reason=f"{affinity} CPUs may be used, and no quota is lower")


def _memberships(read: ReadText) -> Iterator[tuple[_Mount, str]]:
    """Each mounted hierarchy that can have a quota, and the group of this process in it."""
    mounts = list(_mounts(read(_MOUNTS) or ""))
    for line in (read(_GROUPS) or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        for mount in mounts:
            is_theirs = mount.is_unified if number == "0" else not mount.is_unified and "cpu" in mount.options
            if is_theirs and (number == "0" or "cpu" in controllers.split(",")):
                yield mount, group


def _mounts(mountinfo: str) -> Iterator[_Mount]:
    """The hierarchies of cgroups in a mountinfo, as proc_pid_mountinfo(5) describes it."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if len(fields) >= 5 and len(kind) >= 3 and kind[0] in ("cgroup", "cgroup2"):
            root, point = (_ESCAPE.sub(lambda found: chr(int(found[1], 8)), path) for path in fields[3:5])
            options = frozenset(kind[2].split(","))
            yield _Mount(root=root, point=point, is_unified=kind[0] == "cgroup2", options=options)


def _with_ancestors(mount: _Mount, group: str) -> Iterator[str]:
    """The folders of a group and of those above it, as far as they are mounted."""
    path, root = PurePosixPath(group), PurePosixPath(mount.root)
    inside = path.relative_to(root) if path.is_relative_to(root) else PurePosixPath()
    if ".." in inside.parts:
        # The group is outside of the namespace in which this process sees cgroups.
        inside = PurePosixPath()
    folder = PurePosixPath(mount.point) / inside
    for above in (folder, *folder.parents):
        yield str(above)
        if above == PurePosixPath(mount.point):
            return


def _quota(read: ReadText, folder: str, mount: _Mount) -> float | None:
    """The CPUs that a group may use; None if it has no quota."""
    if mount.is_unified:
        words = (read(f"{folder}/cpu.max") or "").split()
        quota, period = words if len(words) == 2 else ("", "")
    else:
        quota, period = ((read(f"{folder}/cpu.cfs_{name}_us") or "").strip() for name in ("quota", "period"))
    if not (_MICROSECONDS.fullmatch(quota) and _MICROSECONDS.fullmatch(period)):
        return None  # "max" and -1 are none
    return int(quota) / int(period)


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None  # a path with a null byte, which open refuses, is a ValueError
