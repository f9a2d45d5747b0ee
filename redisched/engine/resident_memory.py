"""How much memory a process has, as Linux counts it: what is in RAM now, shared pages included."""

import os
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(process_id: int) -> int:
    """The resident memory of a process in bytes; 0 if it has ended, or if the system has no /proc."""
    try:
        statm = Path(f"/proc/{process_id}/statm").read_text()
    except OSError:
        return 0
    return int(statm.split()[1]) * _PAGE_BYTES
