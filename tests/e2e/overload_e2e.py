"""More connections than there may be: a few are told so, the others are closed, and those within the bounds are
served."""

import os
import pathlib
import socket
import ssl
import subprocess

import process_memory
from enclave_case import EnclaveCase, document
from http2_wire import Http2Connection, sealing
from wire import Closed, Connection, request, seal_request, send_once

MOST, SURPLUS = 16, 2
BODY = document("payments-v1")


class Connections(EnclaveCase):
    SETTINGS = {"MAX_CONNECTIONS": str(MOST)}

    def fill(self):
        """MOST idle connections that have been served, closed at the end of the test."""
        held = []
        for _ in range(MOST):
            connection = Connection(self.enclave)
            self.addCleanup(connection.tls.close)
            self.assertEqual(connection.exchange(seal_request(BODY)).status, 200)
            held.append(connection)
        return held

    def tearDown(self):
        super().tearDown()
        self.doCleanups()
        self.enclave.wait_until(lambda: send_once(self.enclave, request("GET", "/livez")).status == 200, 10)

    def test_one_too_many_is_answered_503_and_ended(self):
        held = self.fill()
        for message in (seal_request(BODY), seal_request(b"{" * 100), request("GET", "/livez"),
                        seal_request(BODY)[:-5], seal_request(BODY, Expect="100-continue")[:-len(BODY)]):
            with self.subTest(message[-40:]), Connection(self.enclave) as connection:
                answer = connection.exchange(message)
                self.assert_problem(answer, 503, "overloaded")
                self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
                self.assertEqual(answer.headers["connection"].lower(), "close")
                self.assertTrue(connection.is_closed())
        for connection in held:
            self.assertEqual(connection.exchange(seal_request(BODY)).status, 200)

    def test_one_too_many_is_answered_503_in_http2_too(self):
        self.fill()
        with Http2Connection(self.enclave) as connection:
            answer = connection.exchange(1, sealing(1, BODY))
            self.assert_problem(answer, 503, "overloaded")
            self.assertTrue(connection.is_closed())

    def test_beyond_these_connections_are_closed_at_once(self):
        self.fill()
        for _ in range(SURPLUS):
            self.addCleanup(Connection(self.enclave).tls.close)
        for _ in range(3):
            with self.assertRaises((ConnectionError, ssl.SSLError, Closed)):
                Connection(self.enclave)

    def test_a_connection_that_ends_makes_room(self):
        held = self.fill()
        held.pop().tls.close()

        def is_served():
            with Connection(self.enclave) as connection:
                return connection.exchange(seal_request(BODY)).status == 200
        self.enclave.wait_until(is_served, 10)


class Answers(EnclaveCase):
    """Answers count against MAX_INFLIGHT_BYTES before they are made: a short value becomes a long token."""

    MOST = 32 << 20
    SETTINGS = {"MAX_INFLIGHT_BYTES": str(MOST), "WORKER_THREADS": "2", "DECRYPT_CLIENTS": "anonymous"}

    @staticmethod
    def many(values):
        return b'{"card":{' + b",".join([b'"cvv":1'] * values) + b"}}"

    def peak_kb(self):
        status = pathlib.Path(f"/proc/{self.enclave.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0])

    def test_an_answer_that_could_never_be_held_is_413_and_costs_no_memory(self):
        body = self.many(1_000_000)
        before = self.peak_kb()
        with Connection(self.enclave, timeout_s=60) as connection:
            for _ in range(3):
                self.assert_problem(connection.exchange(seal_request(body)), 413, "body_too_large")
            self.assertEqual(connection.exchange(seal_request(BODY)).status, 200)
        if not process_memory.sanitized(self.enclave.process.pid):
            self.assertLess(self.peak_kb() - before, 2 * self.MOST // 1024)

    def test_answers_that_nobody_reads_take_the_room_of_others(self):
        large = self.many(350_000)
        with Connection(self.enclave) as slow, Connection(self.enclave, timeout_s=60) as other:
            slow.send(seal_request(large))
            slow._until(b"\r\n\r\n")
            answer = other.exchange(seal_request(large))
            self.assert_problem(answer, 503, "overloaded")
            self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
            self.assertEqual(other.exchange(seal_request(BODY)).status, 200)
            slow.tls.close()
            self.enclave.wait_until(lambda: other.exchange(seal_request(large)).status == 200, 30)


class Descriptors(EnclaveCase):
    """None are left: accepting rests, and what is connected is served."""

    ROOM = 10

    def test_accepting_rests_and_goes_on(self):
        enclave = self.start()
        with Connection(enclave) as connected:
            used = max(map(int, os.listdir(f"/proc/{enclave.process.pid}/fd")))
            limit = used + self.ROOM
            subprocess.run(["prlimit", f"--nofile={limit}:{limit}", "--pid", str(enclave.process.pid)], check=True)
            held = [socket.create_connection(("127.0.0.1", enclave.port)) for _ in range(4 * self.ROOM)]
            enclave.wait_until(lambda: '"accept_paused"' in enclave.log_file.read_text(encoding="utf-8"), 10)
            self.assertEqual(connected.exchange(seal_request(BODY)).status, 200)
            for raw in held:
                raw.close()
            self.assertEqual(connected.exchange(seal_request(BODY)).status, 200)
        self.assertEqual(send_once(enclave, seal_request(BODY)).status, 200)
        self.assertEqual(enclave.terminate(), 0)
