"""How many CPUs may be used, by what the files of a system say."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from redisched.cli.cpus import ReadText, UsableCpus, compute_usable_cpus, usable_cpus

V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 30 0:28 / /sys/fs/cgroup/memory rw shared:11 - cgroup cgroup rw,memory\n"
)
DOCKER_V1 = "31 30 0:27 /docker/4f /sys/fs/cgroup/cpu ro master:10 - cgroup cgroup rw,cpu,cpuacct\n"
SYSTEM = {"/proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + V2, "/proc/self/cgroup": "0::/a/b\n"}
A, B, TOP = (f"/sys/fs/cgroup{path}/cpu.max" for path in ("/a", "/a/b", ""))
CPU = "/sys/fs/cgroup/cpu,cpuacct"


def v1(mounts: str = V1, group: str = "/a/b", **files: str) -> dict[str, str]:
    """A system with the older kind of cgroups."""
    listed = f"12:memory:/elsewhere\n4:cpu,cpuacct:{group}\n0::/c\n"
    return {"/proc/self/mountinfo": mounts, "/proc/self/cgroup": listed, **files}


def reader_of(files: Mapping[str, str]) -> ReadText:
    def read(path: str) -> str | None:
        return files.get(path)

    return read


def quota_v1(folder: str, quota: str, period: str = "100000") -> dict[str, str]:
    return {f"{folder}/cpu.cfs_quota_us": f"{quota}\n", f"{folder}/cpu.cfs_period_us": f"{period}\n"}


@pytest.mark.parametrize(
    ("files", "affinity", "number", "rounded"),
    [
        ({}, 8, 8, 8),
        (SYSTEM, 8, 8, 8),
        (SYSTEM | {B: "max 100000\n"}, 8, 8, 8),
        (SYSTEM | {B: "200000 100000\n"}, 8, 2, 2),
        (SYSTEM | {B: "150000 100000\n"}, 8, 1.5, 2),
        (SYSTEM | {B: "10000 100000\n"}, 8, 0.1, 1),
        (SYSTEM | {B: "25000 50000\n"}, 8, 0.5, 1),
        (SYSTEM | {B: "400000 100000\n", A: "300000 100000\n"}, 8, 3, 3),
        (SYSTEM | {B: "max 100000\n", A: "max 100000\n", TOP: "500000 100000\n"}, 8, 5, 5),
        (SYSTEM | {B: "400000 100000\n"}, 2, 2, 2),
        (SYSTEM | {B: "nonsense"}, 3, 3, 3),
        (SYSTEM | {B: "0 100000"}, 3, 3, 3),
        (SYSTEM | {B: ""}, 3, 3, 3),
        (SYSTEM | {"/proc/self/cgroup": "0::/\n", TOP: "100000 100000\n"}, 8, 1, 1),
        (SYSTEM | {"/proc/self/cgroup": "0::/../x\n", TOP: "100000 100000\n"}, 8, 1, 1),
        (SYSTEM | {"/proc/self/cgroup": "garbage\n\n0:\n"}, 4, 4, 4),
        (SYSTEM | {"/proc/self/mountinfo": "garbage\n - cgroup2\n", B: "100000 100000"}, 4, 4, 4),
        (v1(), 8, 8, 8),
        (v1() | quota_v1(f"{CPU}/a/b", "-1"), 8, 8, 8),
        (v1() | quota_v1(f"{CPU}/a/b", "250000"), 8, 2.5, 3),
        (v1() | quota_v1(f"{CPU}/a/b", "250000") | quota_v1(f"{CPU}/a", "100000", "50000"), 8, 2, 2),
        (v1() | {f"{CPU}/a/b/cpu.cfs_quota_us": "100000"}, 8, 8, 8),
        (v1(DOCKER_V1, "/docker/4f") | quota_v1("/sys/fs/cgroup/cpu", "300000"), 8, 3, 3),
        (v1(DOCKER_V1, "/docker/4f/x") | quota_v1("/sys/fs/cgroup/cpu/x", "100000"), 8, 1, 1),
        (v1(V1 + V2.replace("/sys/fs/cgroup ", "/sys/fs/cgroup/unified ")) | quota_v1(f"{CPU}/a", "100000"), 8, 1, 1),
        (
            SYSTEM | {"/proc/self/mountinfo": V2.replace("cgroup r", r"c\040 r"), "/sys/fs/c /cpu.max": "1 1"},
            8,
            1,
            1,
        ),
    ],
)
def test_the_lowest_quota_of_a_group_and_those_above_it_counts(
    files: dict[str, str], affinity: int, number: float, rounded: int
) -> None:
    cpus = compute_usable_cpus(reader_of(files), affinity)

    assert (cpus.number, cpus.rounded) == (number, rounded)


def test_the_reason_names_the_group() -> None:
    files = SYSTEM | {A: "150000 100000\n"}

    assert compute_usable_cpus(reader_of(files), 8) == UsableCpus(
        number=1.5, reason="the quota in /sys/fs/cgroup/a is 1.5 of 8 CPUs"
    )
    assert compute_usable_cpus(lambda _: None, 8).reason == "8 CPUs may be used, and no quota is lower"


LONG = "9" * 400


@pytest.mark.parametrize(
    "quota",
    [
        *("", "max", "max 100000", "garbage", "-1 100000", "0 100000", "5 0", "1.5 1", "1e5 1e5", "1 2 3", "\0"),
        *(f"{LONG * 20} 1", f"{LONG} 1", f"1 {LONG}", "\u0663 1"),
    ],
    ids=lambda quota: repr(quota[:12]),
)
def test_a_file_without_a_quota_limits_nothing(quota: str) -> None:
    assert compute_usable_cpus(reader_of({**SYSTEM, B: quota}), 8).number == 8


@pytest.mark.parametrize("listed", [None, "", "garbage", "0", "0:", "0::", "0::/../..", "::::"])
@pytest.mark.parametrize("mounts", [None, "", "garbage", " - cgroup2 x y", "1 2 3 4 5 - cgroup2 a b", V2])
def test_odd_lists_of_groups_limit_nothing(listed: str | None, mounts: str | None) -> None:
    files = {"/proc/self/cgroup": listed, "/proc/self/mountinfo": mounts}
    assert compute_usable_cpus(files.get, 8).number == 8


def test_a_path_that_cannot_be_is_as_a_file_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    mount = V2.replace("/sys/fs/cgroup", r"/sys\000")
    read = {"/proc/self/cgroup": "0::/a", "/proc/self/mountinfo": mount}
    real = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **how: read.get(str(path)) or real(path, **how))

    assert usable_cpus().number >= 1


def test_this_machine_has_a_cpu() -> None:
    assert usable_cpus().rounded >= 1
