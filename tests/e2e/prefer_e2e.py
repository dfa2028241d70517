"""Prefer, the counts that come with it, the limit on deterministic sealing, and the API's own description."""

import json
import pathlib

from enclave_case import EnclaveCase, document
from wire import open_request, request, seal_request, send_once

ROOT = pathlib.Path(__file__).resolve().parents[2]
CARD = b'{"card":{"cvv":"314"}}'


class Prefer(EnclaveCase):
    def test_strict_refuses_a_misspelled_key_and_says_where(self):
        misspelled = b'{"card":{"cvv":"1"},"customer":{"emial":"a@example.com"}}'
        self.assertEqual(send_once(self.enclave, seal_request(misspelled)).status, 200)
        for message in (seal_request(misspelled, Prefer="handling=strict"),
                        open_request(misspelled, Prefer='foo, Handling="strict"; x=y')):
            answer = send_once(self.enclave, message)
            self.assert_problem(answer, 422, "undeclared_key")
            self.assertEqual(answer.json()["path"], "/customer/*")
            self.assertNotIn(b"emial", answer.body)

    def test_strict_takes_a_document_whose_keys_are_declared(self):
        original = document("payments-v1")
        plain = send_once(self.enclave, seal_request(original))
        strict = send_once(self.enclave, seal_request(CARD, Prefer="handling=strict"))
        self.assertEqual((strict.status, strict.headers["preference-applied"]), (200, "handling=strict"))
        self.assertEqual(strict.headers["x-fields-sealed"], "1")
        self.assertNotIn("preference-applied", plain.headers)

    def test_lenient_leaves_what_is_no_token_and_counts_it(self):
        sealed = send_once(self.enclave, seal_request(CARD)).json()["card"]["cvv"]
        mixed = json.dumps({"card": {"cvv": sealed, "number": "4242"}, "customer": {"email": None}}).encode()
        self.assert_problem(send_once(self.enclave, open_request(mixed)), 422, "token_rejected")
        answer = send_once(self.enclave, open_request(mixed, Prefer="handling=lenient"))
        self.assertEqual((answer.status, answer.json()),
                         (200, {"card": {"cvv": "314", "number": "4242"}, "customer": {"email": None}}))
        self.assertEqual((answer.headers["x-fields-opened"], answer.headers["x-fields-unopened"]), ("1", "1"))
        self.assertEqual(answer.headers["preference-applied"], "handling=lenient")
        answer = send_once(self.enclave, open_request(mixed, route="/v1/rewrap", Prefer="handling=lenient"))
        self.assert_problem(answer, 422, "token_rejected")

    def test_keep_leaves_tokens_that_open(self):
        sealed = send_once(self.enclave, seal_request(CARD)).body
        answer = send_once(self.enclave, seal_request(sealed, Prefer="sealed=keep"))
        self.assertEqual((answer.status, answer.body, answer.headers["x-fields-sealed"]), (200, sealed, "0"))
        self.assertEqual(answer.headers["preference-applied"], "sealed=keep")
        self.assertNotEqual(send_once(self.enclave, seal_request(sealed)).body, sealed)

    def test_prefer_in_several_fields_is_one_list_and_a_malformed_one_is_refused(self):
        message = seal_request(b'{"x":1}', Prefer="respond-async").replace(
            b"Prefer: respond-async", b"Prefer: respond-async\r\nprefer: handling=strict")
        self.assert_problem(send_once(self.enclave, message), 422, "undeclared_key")
        answer = send_once(self.enclave, seal_request(CARD, Prefer="handling=frugal, wait=10"))
        self.assertEqual(answer.status, 200)
        self.assertNotIn("preference-applied", answer.headers)
        for bad in ('handling="strict', "handling=", "=strict", "handling strict"):
            self.assert_problem(send_once(self.enclave, seal_request(CARD, Prefer=bad)), 400, "malformed_request")

    def test_openapi_document_is_served_as_it_stands_in_the_documentation(self):
        answer = send_once(self.enclave, request("GET", "/openapi.yaml"))
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/yaml"))
        self.assertEqual(answer.body, (ROOT / "docs/openapi.yaml").read_bytes())
        self.assert_problem(send_once(self.enclave, request("POST", "/openapi.yaml", b"{}")), 405, "method_not_allowed")


class PreferClosed(EnclaveCase):
    SETTINGS = {"DECRYPT_CLIENTS": "nobody"}

    def test_keep_is_for_clients_that_may_decrypt(self):
        self.assert_problem(send_once(self.enclave, seal_request(CARD, Prefer="sealed=keep")), 403, "not_allowed")
        self.assertEqual(send_once(self.enclave, seal_request(CARD, Prefer="handling=strict")).status, 200)


class DeterministicLimit(EnclaveCase):
    SETTINGS = {"DETERMINISTIC_SEALS_PER_SEC": "3"}

    def test_deterministic_sealing_beyond_the_limit_is_429(self):
        numbers = b'{"card":{"number":"4242424242424242","cvv":"1"}}'
        answers = [send_once(self.enclave, seal_request(numbers)) for _ in range(40)]
        refused = [answer for answer in answers if answer.status != 200]
        self.assertEqual({answer.status for answer in answers[:3]}, {200})
        self.assertTrue(refused)
        self.assert_problem(refused[0], 429, "rate_limited")
        self.assertEqual(refused[0].headers["retry-after"], "1")
        self.assertEqual(send_once(self.enclave, seal_request(CARD)).status, 200, "randomized sealing has no limit")
