"""The renewals of one home, as the kernel shows them."""

import os
import select
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from homes import Home


@dataclass(frozen=True)
class Renewal:
    """A process, by its number."""

    pid: int

    def open_files(self) -> dict[int, str]:
        """The file of each of its descriptors."""
        files = {}
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                files[int(link.name)] = str(link.readlink())
        return files

    def relations(self) -> tuple[int, int, int]:
        """Its parent, its session and its terminal (proc(5), stat)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[1]), int(fields[3]), int(fields[4])

    def wait(self) -> None:
        """Return when it has ended; nobody but its parent may wait for it otherwise."""
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self.pid)
            try:
                select.select([descriptor], [], [])
            finally:
                os.close(descriptor)


def renewals(home: Home) -> list[Renewal]:
    """Those that run now; a hit has started its own before it ends."""
    running = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with suppress(OSError):  # it has ended
                words = (process / "cmdline").read_bytes().split(b"\0")
                if b"--ahead" in words and (process / "cwd").readlink() == home.path:
                    running.append(Renewal(int(process.name)))
    return running
