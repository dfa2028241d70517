#!/usr/bin/env python3
"""slowhttptest's attacks: slow heads (Slowloris), slow bodies (R-U-Dead-Yet) and slow reading. The server drops each of
their connections in its time (limits.h), and meanwhile answers an honest client as if nobody else were there."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "e2e"), str(FOLDER.parents[1] / "devkit")]

from enclave_case import EnclaveCase, document  # noqa: E402
from wire import Connection, seal_request  # noqa: E402

ATTACKERS = 400
BODY = document("payments-v1")
ATTACK = shutil.which("slowhttptest")


class HonestClient:
    """Seals on a new connection every 100 ms, as long as the block lasts."""

    def __init__(self, enclave):
        self.enclave, self.stop = enclave, threading.Event()
        self.times, self.wrong = [], []
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.wait(0.1):
            begin = time.monotonic()
            try:
                with Connection(self.enclave, timeout_s=10) as connection:
                    status = connection.exchange(seal_request(BODY)).status
            except Exception as error:  # pylint: disable=broad-exception-caught
                status = repr(error)
            self.times.append(time.monotonic() - begin)
            if status != 200:
                self.wrong.append(status)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


@unittest.skipUnless(ATTACK, "slowhttptest is not installed")
class SlowClients(EnclaveCase):
    SETTINGS = {"WORKER_THREADS": "2", "MAX_CONNECTIONS": "1000"}

    def connections(self):
        """That the server has open, a few others included."""
        return len(os.listdir(f"/proc/{self.enclave.process.pid}/fd"))

    def attack(self, at_least_s, within_s, *options):
        """All of the attack's connections are there at a time, and dropped by the server in these seconds."""
        before = self.connections()
        begin = time.monotonic()
        with HonestClient(self.enclave) as honest:
            with subprocess.Popen([ATTACK, "-c", str(ATTACKERS), "-r", "200", "-l", str(2 * within_s), *options],
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as attack:
                try:
                    self.enclave.wait_until(lambda: self.connections() >= before + ATTACKERS, 20)
                    self.enclave.wait_until(lambda: self.connections() < before + 5, within_s)
                    took = time.monotonic() - begin
                finally:
                    attack.kill()
                    attack.stdout.read()
        self.assertGreaterEqual(took, at_least_s)
        self.assertEqual(honest.wrong, [])
        self.assertGreater(len(honest.times), took)
        p99 = sorted(honest.times)[len(honest.times) * 99 // 100]
        self.assertLess(p99, 1.0, "seconds of the honest client")

    def test_slow_heads(self):
        """limits.h: 10 s."""
        self.attack(10, 25, "-H", "-i", "2", "-x", "8", "-u", f"https://127.0.0.1:{self.enclave.port}/v1/encrypt")

    def test_slow_bodies(self):
        """limits.h: 30 s, then a rate."""
        self.attack(30, 60, "-B", "-i", "3", "-s", "8192", "-x", "16", "-f", "application/json",
                    "-m", "*/*\r\nX-Schema-Name: payments-v1", "-u",
                    f"https://127.0.0.1:{self.enclave.port}/v1/encrypt")

    def test_slow_reading(self):
        """limits.h: 30 s, then a rate."""
        self.attack(30, 90, "-X", "-w", "64", "-y", "512", "-n", "2", "-z", "16", "-k", "10", "-u",
                    f"https://127.0.0.1:{self.enclave.port}/openapi.yaml")

    def test_handshakes_that_never_end(self):
        held, before = [], self.connections()
        with HonestClient(self.enclave) as honest:
            for _ in range(ATTACKERS):
                held.append(socket.create_connection(("127.0.0.1", self.enclave.port)))
            begin = time.monotonic()
            for _ in range(14):
                for raw in held:
                    try:
                        raw.send(b"\x16")
                    except OSError:
                        pass
                time.sleep(1)
            self.enclave.wait_until(lambda: self.connections() < before + 5, 10)
            self.assertLess(time.monotonic() - begin, 24)
        for raw in held:
            raw.close()
        self.assertEqual(honest.wrong, [])


if __name__ == "__main__":
    unittest.main()
