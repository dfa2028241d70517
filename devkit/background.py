"""A program of the project that runs beside the demo or a test, and its end."""

import os
import signal
import subprocess
import threading
import time


class StartFailed(Exception):
    """A program ended, or did not become ready in time. The text holds the end of its log."""


class Background:
    """A started program. Its standard output and error go to `log_file`; lines are found there."""

    def __init__(self, command, log_file, environment=None):
        self.command = [str(part) for part in command]
        self.log_file = log_file
        sanitizers = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        self.offset = log_file.stat().st_size if log_file.exists() else 0  # of this run's first line
        with open(log_file, "ab") as log:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(self.command, env={"PATH": os.environ["PATH"], **sanitizers,
                                                               **(environment or {})},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def lines(self):
        with open(self.log_file, "rb") as log:
            log.seek(self.offset)
            return log.read().decode(errors="replace").splitlines()

    def wait_for_line(self, beginning, containing="", timeout_s=30):
        """The first line that begins so and holds `containing`."""
        deadline = time.monotonic() + timeout_s
        while True:
            ended = self.process.poll() is not None
            for line in self.lines():
                if line.startswith(beginning) and containing in line:
                    return line
            if ended or time.monotonic() > deadline:
                what = f"ended with status {self.process.returncode}" if ended else f"not there after {timeout_s} s"
                raise StartFailed(f"{self.command[0]} {what}\n" + "\n".join(self.lines()[-20:]))
            time.sleep(0.02)

    def stop(self, timeout_s=10):
        """SIGTERM, then SIGKILL if that does not help. Returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


def during(action):
    """Decorates a context: runs `action(stopped)` in a thread; use as `with during(f): ...`."""
    return _During(action)


class _During:
    def __init__(self, action):
        self.stopped = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self._run, args=(action,))

    def _run(self, action):
        try:
            action(self.stopped)
        except Exception as error:  # re-raised where the context ends
            self.failure = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        if self.failure:
            raise self.failure
