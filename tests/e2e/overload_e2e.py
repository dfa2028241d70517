"""More connections than there may be: a few are told so, the others are closed, and those within the bounds are
served."""

import os
import socket
import ssl
import subprocess

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
