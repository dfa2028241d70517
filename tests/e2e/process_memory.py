"""Reading the memory of a process that does not want it read: by root, through /proc/PID/mem; and a stop at its
very end, when everything that it does has been done and its memory is still there (ptrace(2), PTRACE_O_TRACEEXIT)."""

import ctypes
import os
import pathlib

PTRACE_SEIZE, PTRACE_O_TRACEEXIT, PTRACE_CONT = 0x4206, 0x40, 7
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


LARGEST_REGION = 1 << 40


def sanitized(pid):
    """Whether the process is seen to run under a sanitizer: those map terabytes, and keep what has been freed."""
    try:
        return any(end - start > LARGEST_REGION for start, end, _ in regions(pid))
    except OSError:
        return False


def searchable(pid):
    """Whether this process may read that one's memory, and finds there what the program itself holds."""
    try:
        if sanitized(pid):
            return False
        with open(f"/proc/{pid}/mem", "rb") as memory:
            start = int(pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="ascii").split("-")[0], 16)
            memory.seek(start)
            return len(memory.read(1)) == 1
    except OSError:
        return False


def regions(pid):
    """(start, end, name) of what is mapped writable: code and constants cannot hold what came later."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines():
        fields = line.split(maxsplit=5)
        if "w" in fields[1]:
            start, end = (int(number, 16) for number in fields[0].split("-"))
            yield start, end, fields[5] if len(fields) > 5 else "anonymous"


def find(pid, needles):
    """Where any of `needles` (a name to bytes) stands: a list of texts."""
    found = []
    longest = max(len(needle) for needle in needles.values())
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in regions(pid):
            position, overlap = start, b""
            while position < end:
                try:
                    memory.seek(position)
                    block = memory.read(min(1 << 20, end - position))
                except OSError:
                    break  # a guard page
                if not block:
                    break
                text = overlap + block
                for what, needle in needles.items():
                    at = text.find(needle)
                    if at >= 0:
                        found.append(f"{what} at {position - len(overlap) + at - start:#x} of {name}")
                overlap = text[-(longest - 1):]
                position += len(block)
    return found


class StopAtExit:
    """Seizes a child of this process, so that it stops when it exits. Use as a context; run(action) waits for that
    stop and calls action(pid)."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        # Of the thread group's leader: it exits last, when its own main() returns.
        self._check(libc.ptrace(PTRACE_SEIZE, self.pid, None, PTRACE_O_TRACEEXIT))
        return self

    def __exit__(self, *_):
        libc.ptrace(PTRACE_CONT, self.pid, None, None)

    def wait(self):
        """Blocks until the process is at its end."""
        while True:
            _, status = os.waitpid(self.pid, WALL)
            if not os.WIFSTOPPED(status):
                raise RuntimeError("the process ended without a stop")
            if status >> 16 == 6:  # PTRACE_EVENT_EXIT
                return
            self._check(libc.ptrace(PTRACE_CONT, self.pid, None, os.WSTOPSIG(status)))

    @staticmethod
    def _check(result):
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
