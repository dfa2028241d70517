"""Batches: limits of a client and of the service, and several workers on one batch."""

from enclave_case import EnclaveCase
from ndjson_e2e import CARD, error_line, payment
from ndjson_wire import BatchConnection, batch_head, batch_once, chunk
from wire import open_request, seal_request, send_once


class Labels(EnclaveCase):
    """Limits that are a client's own."""

    SETTINGS = {"DETERMINISTIC_SEALS_PER_SEC": "3", "DECRYPT_CLIENTS": "nobody"}

    def test_the_limit_on_deterministic_sealing_holds_for_lines(self):
        line = b'{"card":{"number":"%d"}}\n'
        answer = batch_once(self.enclave, b"".join(line % i for i in range(40)) + CARD)
        out = answer.body.split(b"\n")
        self.assertIn(b"v2.", out[0])
        self.assertIn(b"v2.", out[40])
        self.assertGreaterEqual(int(answer.trailers["x-lines-failed"]), 30)
        self.assertEqual(out[39], error_line("rate_limited", 40))

    def test_who_may_not_decrypt_may_not_do_so_by_batch(self):
        self.assert_problem(batch_once(self.enclave, CARD, route="/v1/decrypt"), 403, "not_allowed")
        self.assert_problem(batch_once(self.enclave, CARD, Prefer="sealed=keep"), 403, "not_allowed")


class Overload(EnclaveCase):
    """A batch is counted with 262,144 bytes from its first byte to its last, and with more where it holds more."""

    SETTINGS = {"MAX_BODY_BYTES": "400000", "MAX_INFLIGHT_BYTES": "800000"}

    def begun(self):
        connection = BatchConnection(self.enclave)
        self.addCleanup(connection.tls.close)
        connection.send(batch_head() + chunk(b"{}\n"))
        connection._until(b"{}\n\r\n")
        return connection

    def test_batches_over_the_bound_are_503_and_a_line_over_it_is_skipped(self):
        held = [self.begun() for _ in range(2)]
        lines = CARD + b'\n{"note":"' + b"x" * 350_000 + b'"}\n' + CARD
        answer = batch_once(self.enclave, lines)
        self.assertEqual(answer.body.split(b"\n")[1], error_line("overloaded", 2))
        self.assertEqual((answer.trailers["x-lines-failed"], answer.trailers["x-fields-sealed"]), ("1", "2"))
        held.append(self.begun())
        answer = batch_once(self.enclave, CARD)
        self.assert_problem(answer, 503, "overloaded")
        for connection in held:
            connection.tls.close()
        self.enclave.wait_until(lambda: batch_once(self.enclave, lines).body.count(b"v2.") == 2, 5)
        self.assertEqual(batch_once(self.enclave, lines).trailers["x-lines-failed"], "0")


class Answers(EnclaveCase):
    """A line whose answer has no room fails alone."""

    SETTINGS = {"MAX_BODY_BYTES": "400000", "MAX_INFLIGHT_BYTES": "2000000", "DECRYPT_CLIENTS": "anonymous"}

    def test_a_line_whose_answer_could_never_be_held_is_answered_in_its_place(self):
        many = [b'{"card":{' + b",".join([b'"cvv":1'] * count) + b"}}" for count in (40_000, 10_000)]
        for workers in ("1", "4"):
            enclave = self.make_enclave(settings={**self.SETTINGS, "WORKER_THREADS": workers})
            self.addCleanup(lambda enclave=enclave: enclave.process and enclave.terminate())
            enclave.start()
            answer = batch_once(enclave, b"\n".join([CARD, many[0], many[1], CARD]))
            lines = answer.body.split(b"\n")
            self.assertEqual(lines[1], error_line("body_too_large", 2))
            self.assertEqual((answer.trailers["x-lines-failed"], answer.trailers["x-fields-sealed"]), ("1", "10002"))

    def test_a_sealed_value_opens_to_no_line_of_its_own(self):
        body = b'{"card":{"holder":[1\n,\n{"account":"victim"}\n,2]}}'
        sealed = send_once(self.enclave, seal_request(body)).body
        answer = batch_once(self.enclave, sealed + b"\n" + sealed + b"\n", route="/v1/decrypt")
        self.assertEqual(answer.body, 2 * (body.replace(b"\n", b" ") + b"\n"))
        self.assertEqual(send_once(self.enclave, open_request(sealed)).body, body)


class Workers(EnclaveCase):
    """Several workers on one batch."""

    SETTINGS = {"WORKER_THREADS": "4", "MAX_BODY_BYTES": "1000000"}

    def test_the_answer_is_that_of_one_worker(self):
        line = b'{"card":{"number":"%d"},"items":[],"note":"%s"}\n'
        lines = b"".join(line % (i, b"x" * (i * i % 900)) if i % 97 else b"{\n\n" for i in range(8_000))
        lines += line % (0, b"y" * 400_000) + line % (1, b"z" * 999_000) + b"{}"
        one = self.make_enclave(settings={"WORKER_THREADS": "1", "MAX_BODY_BYTES": "1000000"})
        (one.key_dir / "current.key").write_bytes((self.enclave.key_dir / "current.key").read_bytes())
        self.addCleanup(lambda: one.process and one.terminate())
        one.start()
        expected = batch_once(one, lines)
        for _ in range(3):
            answer = batch_once(self.enclave, lines)
            self.assertEqual(answer.trailers, expected.trailers)
            self.assertTrue(answer.body == expected.body)

    def test_clients_that_leave_harm_no_other(self):
        text = b"".join(payment(i) + b"\n" for i in range(2_000))
        for _ in range(30):
            with BatchConnection(self.enclave) as connection:
                connection.send(batch_head() + chunk(text)[:-1000])
        answer = batch_once(self.enclave, text)
        self.assertEqual((answer.trailers["x-lines-failed"], answer.trailers["x-fields-sealed"]), ("0", "8000"))
