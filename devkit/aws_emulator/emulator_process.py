"""Starts aws-emulator for tests and the demo, on ports that the kernel chooses.

The caller ends it with stop(), or uses it as a context manager.
"""

import json
import os
import pathlib
import signal
import subprocess

START_SECONDS = 20


class EmulatorProcess:
    """One running aws-emulator. `state` is its directory; a stopped one can be started again with it."""

    def __init__(self, binary, state, *options):
        self.binary = pathlib.Path(binary)
        self.state = pathlib.Path(state)
        self.faults = self.state.parent / (self.state.name + "-faults.json")
        self.options = options
        self.ports = {}  # http, https
        self.process = None

    def start(self):
        """Returns self once the emulator is ready; raises RuntimeError with what it said if it does not become so."""
        self.process = subprocess.Popen(
            [self.binary, "--state", self.state, "--listen", "tcp:127.0.0.1:0", "--tls-listen", "tcp:127.0.0.1:0",
             "--faults", self.faults, *self.options], stdout=subprocess.PIPE, text=True)
        signal.signal(signal.SIGALRM, lambda *_: self.process.kill())
        signal.alarm(START_SECONDS)
        try:
            said = []
            for line in self.process.stdout:
                said.append(line)
                if line == "ready\n":
                    return self
                _, scheme, endpoint = line.split()
                self.ports[scheme] = int(endpoint.rpartition(":")[2])
        finally:
            signal.alarm(0)
        self.stop()
        raise RuntimeError(f"aws-emulator did not become ready: {''.join(said)!r}")

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=START_SECONDS)
            self.process.stdout.close()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def tls_url(self):
        """To be trusted by `ca_file`."""
        return f"https://localhost:{self.ports['https']}"

    @property
    def ca_file(self):
        return self.state / "ca.pem"

    @property
    def credentials_file(self):
        """For AWS_SHARED_CREDENTIALS_FILE."""
        return self.state / "admin-credentials"

    def set_faults(self, *rules):
        """What goes wrong from the next request on; none: nothing."""
        draft = self.faults.with_suffix(".new")
        draft.write_text(json.dumps(rules), encoding="utf-8")
        os.replace(draft, self.faults)
