"""Rewrap and what it leaves behind: no plaintext in the answer, and counts by key in /v1/keys."""

import json

from enclave_case import EnclaveCase, document
from wire import open_request, request, seal_request, send_once


class Rewrap(EnclaveCase):
    def keys(self):
        answer = send_once(self.enclave, request("GET", "/v1/keys"))
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/json"))
        return json.loads(answer.body)

    def test_rewrapped_document_opens_to_the_same_bytes_and_shows_no_plaintext(self):
        original = document("payments-v1")
        sealed = send_once(self.enclave, seal_request(original))
        before = self.keys()["keys"]
        rewrapped = send_once(self.enclave, open_request(sealed.body, route="/v1/rewrap"))
        self.assertEqual(rewrapped.status, 200)
        self.assertEqual(rewrapped.headers["x-fields-sealed"], sealed.headers["x-fields-sealed"])
        self.assertNotEqual(rewrapped.body, sealed.body, "randomized values get new tokens")
        self.assertNotIn(json.loads(original)["card"]["number"].encode(), rewrapped.body)
        opened = send_once(self.enclave, open_request(rewrapped.body))
        self.assertEqual((opened.status, opened.body), (200, original))
        after = self.keys()["keys"]
        self.assertEqual([key["state"] for key in after], ["sealing"])
        self.assertEqual(after[0]["opens"] - before[0]["opens"], 2 * int(sealed.headers["x-fields-sealed"]))
        self.assertIsNotNone(after[0]["last_open"])

    def test_plaintext_cannot_be_rewrapped(self):
        answer = send_once(self.enclave, open_request(document("payments-v1"), route="/v1/rewrap"))
        self.assert_problem(answer, 422, "token_rejected")


class RewrapClosed(EnclaveCase):
    SETTINGS = {"DECRYPT_CLIENTS": "nobody"}

    def test_who_may_not_decrypt_may_not_rewrap(self):
        answer = send_once(self.enclave, open_request(document("payments-v1"), route="/v1/rewrap"))
        self.assert_problem(answer, 403, "not_allowed")
