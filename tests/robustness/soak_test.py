#!/usr/bin/env python3
"""Five minutes (NES_SOAK_SECONDS) of good and bad traffic at once, while a schema changes: no good request gets a wrong
answer, no bad one a good answer, and memory stays flat."""

import os
import pathlib
import random
import socket
import sys
import threading
import time
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "e2e"), str(FOLDER.parents[1] / "devkit")]

from enclave_case import EnclaveCase, document  # noqa: E402
from http2_wire import Http2Connection, sealing  # noqa: E402
from ndjson_wire import batch_once  # noqa: E402
from wire import Closed, Connection, open_request, request, seal_request  # noqa: E402

SECONDS = int(os.environ.get("NES_SOAK_SECONDS", "300"))
PLAIN = document("payments-v1")
ONE_LINE = PLAIN.replace(b"\n", b" ")
GROWTH = 1.03  # of resident memory, from a third of the time on


def sealed_by(connection):
    answer = connection.exchange(seal_request(PLAIN))
    if answer.status != 200:
        raise AssertionError(f"sealing: {answer.status} {answer.body[:200]}")
    return answer.body


def round_trip(enclave, random_number):
    """Seals and opens over one connection, some documents of it large."""
    with Connection(enclave) as connection:
        for _ in range(random_number.randrange(1, 20)):
            opened = connection.exchange(open_request(sealed_by(connection)))
            assert (opened.status, opened.body) == (200, PLAIN), opened.body[:200]


def large_round_trip(enclave, random_number):
    text = PLAIN.rstrip()[:-1] + b',"padding":"%s"}' % (b"x" * random_number.randrange(4_000_000))
    with Connection(enclave) as connection:
        sealed = connection.exchange(seal_request(text))
        assert sealed.status == 200, sealed.body[:200]
        opened = connection.exchange(open_request(sealed.body))
        assert (opened.status, opened.body) == (200, text), opened.status


def http2_streams(enclave, random_number):
    with Http2Connection(enclave) as connection:
        streams = range(1, 2 * random_number.randrange(2, 30), 2)
        connection.send(*(sealing(i, PLAIN) for i in streams))
        for i in streams:
            answer = connection.read(i)
            assert answer.status == 200 and b'"v2.' in answer.body, answer.status


def batch(enclave, random_number):
    lines = [b"{" if random_number.random() < 0.05 else ONE_LINE
             for _ in range(random_number.randrange(1, 400))]
    answered = batch_once(enclave, [line + b"\n" for line in lines]).body.splitlines()
    assert len(answered) == len(lines), (len(answered), len(lines))
    for line, answer in zip(lines, answered):
        assert (b'"code":"malformed_json"' in answer, b'"v2.' in answer) == (line == b"{", line != b"{"), answer


def tampered(enclave, random_number):
    with Connection(enclave) as connection:
        sealed = bytearray(sealed_by(connection))
        at = sealed.index(b'"v2.') + 5 + random_number.randrange(40)
        sealed[at] = ord("A") if sealed[at] != ord("A") else ord("B")
        answer = connection.exchange(open_request(bytes(sealed)))
        assert answer.status in (422, 503), (answer.status, answer.body[:200])


def malformed(enclave, random_number):
    text = bytearray(PLAIN)
    del text[random_number.randrange(1, len(text)):]
    with Connection(enclave) as connection:
        whole = bytes(text).rstrip() == PLAIN.rstrip()  # white space at the end may go
        assert connection.exchange(seal_request(bytes(text))).status == (200 if whole else 400)
        assert connection.exchange(seal_request(PLAIN, schema="nobody-v1")).status == 404
        connection.send(request("POST", "/v1/encrypt", PLAIN, Transfer_Encoding="chunked"))
        assert connection.read().status == 400


def cut_off(enclave, random_number):
    message = seal_request(PLAIN)
    connection = Connection(enclave)
    connection.send(message[:random_number.randrange(1, len(message))])
    connection.tls.close()


def garbage(enclave, random_number):
    with socket.create_connection(("127.0.0.1", enclave.port), timeout=15) as raw:
        try:
            raw.sendall(random_number.randbytes(random_number.randrange(1, 5000)))
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
        except ConnectionError:
            pass


CLIENTS = (round_trip, round_trip, large_round_trip, http2_streams, batch, tampered, malformed, cut_off, garbage)


class Soak(EnclaveCase):
    SETTINGS = {"WORKER_THREADS": "2"}

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.enclave.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))

    def client(self, what, seed, counts):
        random_number = random.Random(seed)
        while not self.stop.is_set():
            try:
                what(self.enclave, random_number)
                counts[what.__name__] = counts.get(what.__name__, 0) + 1
            except (AssertionError, OSError, Closed, ValueError) as error:
                self.wrong.append(f"{what.__name__}: {error!r}")

    def test_mixed_traffic(self):
        self.stop, self.wrong, counts, resident = threading.Event(), [], {}, []
        threads = [threading.Thread(target=self.client, args=(what, i, counts)) for i, what in enumerate(CLIENTS)]
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        try:
            step = 0
            while time.monotonic() - begin < SECONDS and not self.wrong:
                time.sleep(1)
                step += 1
                resident.append(self.resident_kib())
                if step % 20 == 0:  # a schema comes or is another
                    text = (self.enclave.schema_dir / "payments-v1.yaml").read_text(encoding="utf-8")
                    (self.enclave.schema_dir / "changing-v1.yaml").write_text(f"{text}\n# {step}\n", encoding="utf-8")
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(self.wrong[:3], [])
        self.assertEqual(set(counts), {what.__name__ for what in CLIENTS})
        third = len(resident) // 3
        early, late = (sorted(part)[len(part) // 2] for part in (resident[third:2 * third], resident[2 * third:]))
        print(f"soak: {counts}; resident {early} KiB, then {late} KiB", file=sys.stderr)
        self.assertLess(late, GROWTH * early)


if __name__ == "__main__":
    unittest.main()
