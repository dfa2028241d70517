"""Every value that a test sends is a canary: nothing that the process says of itself, and no error that it answers
with, may hold one, and once its clients have gone its memory may not either. Keys are held to the same."""

import base64
import re
import threading
import time

import process_memory
from otlp_http import OtlpHttpServer

VALUE = re.compile(rb':\s*"(?![a-z_]+")([^"\\\x00-\x1f]{12,400})"')  # not a word such as an error's code
SEARCHED_BYTES = 1 << 16  # of each piece that a test sends
MOST_VALUES, MOST_IN_MEMORY = 2_000, 16
MEMORY_PATIENCE_S = 5


def spellings(secret):
    """Of bytes, as they could stand in text or in a message."""
    encoded = base64.b64encode(secret).rstrip(b"=")
    return {secret, secret.hex().encode(), secret.hex().upper().encode(), encoded,
            base64.urlsafe_b64encode(secret).rstrip(b"=")}


class Recorder(OtlpHttpServer):
    """A collector that takes what comes by OTLP over HTTP and only keeps the bytes."""

    def __init__(self):
        self.lock, self.messages = threading.Lock(), []
        super().__init__(self._keep)

    def _keep(self, _path, _headers, body):
        with self.lock:
            self.messages.append(body)
        return 200, b""  # an empty message says that all was taken

    def settings(self):
        """What makes an enclave-dev export to it."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "DEV_PARENT": "tcp:127.0.0.1"}

    def all(self):
        with self.lock:
            return b"\n".join(self.messages)


class Watch:
    """What one process must not say."""

    def __init__(self):
        self.values, self.keys = set(), set()

    def note(self, data):
        """Of what a client sends."""
        if len(self.values) < MOST_VALUES:
            self.values.update(VALUE.findall(bytes(data[:SEARCHED_BYTES])))

    def note_keys(self, folder):
        for file in folder.glob("*.key"):
            key = file.read_bytes()
            for part in (key, key[:16], key[16:]):
                self.keys |= spellings(part) if len(part) >= 16 else set()

    def check(self, what, text):
        for needle in self.values | self.keys:
            if needle in text:
                raise AssertionError(f"{needle!r} is in the {what}")

    def check_answer(self, status, headers, body):
        """Of a whole answer: an error, or the errors among the lines of a batch."""
        if status >= 400:
            self.check("error", repr(sorted(headers.items())).encode() + body)
        else:
            for line in body.splitlines() if b'"$error"' in body else ():
                if line.startswith(b'{"$error":'):
                    self.check("error of a line", line)

    def check_memory(self, pid, patience_s=MEMORY_PATIENCE_S):
        """Of a process that has no client any more."""
        needles = {repr(value): value for value in sorted(self.values, key=len)[-MOST_IN_MEMORY:]}
        if not needles or not process_memory.searchable(pid):
            return
        deadline = time.monotonic() + patience_s
        while found := process_memory.find(pid, needles):
            if time.monotonic() > deadline:
                raise AssertionError(f"in the memory of an idle process: {found}")
            time.sleep(0.1)


def watch_of(enclave):
    """A target that nobody watches has one of its own, for the errors that it answers with."""
    return getattr(enclave, "watch", None) or Watch()
