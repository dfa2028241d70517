"""Processes that outlive the demo: written down so that a later run finds and ends them."""

import os
import pathlib
import signal
import time


def start_time(pid):
    """When a process started, in clock ticks since boot (proc(5), stat, field 22); None if it has ended."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class KeptProcesses:
    """A file with a line `pid start-time` for each process, in the order in which they are to end."""

    def __init__(self, path):
        self.path = path

    def write(self, pids):
        self.path.write_text("".join(f"{pid} {start_time(pid)}\n" for pid in pids), encoding="ascii")

    def running(self):
        """Those that still run. A recycled process id is not mistaken for one."""
        try:
            lines = [tuple(map(int, line.split())) for line in self.path.read_text(encoding="ascii").splitlines()]
        except (OSError, ValueError):
            return []
        return [pid for pid, started in lines if start_time(pid) == started]

    def stop(self, timeout_s=20):
        """Ends them one after the other; returns those that did not end in time."""
        stubborn = []
        for pid in self.running():
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + timeout_s
            while start_time(pid) is not None and time.monotonic() < deadline:
                time.sleep(0.05)
            if start_time(pid) is not None:
                stubborn.append(pid)
        return stubborn
