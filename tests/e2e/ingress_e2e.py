"""Clients behind the sidecar while the enclave restarts: a vsock-proxy ingress and a real enclave-dev."""

import ssl
import threading

from enclave_case import EnclaveCase, document
from wire import Closed, Connection, seal_request

RESTARTS = 5
CLIENTS = 4


class Restarts(EnclaveCase):
    SETTINGS = {}

    def load(self, enclave):
        """Clients that seal, a connection a request, and try a refused connection once more. Returns what to call for
        the lists of good and bad outcomes so far, and how to stop."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # every boot has another CA
        stop, served, failed = threading.Event(), [], []

        def once():
            with Connection(enclave, context) as connection:
                return connection.exchange(seal_request(document("payments-v1"))).status

        def client():
            while not stop.is_set():
                try:
                    status = once()
                except ConnectionRefusedError:
                    status = once()
                except (OSError, AssertionError, Closed) as error:
                    status = repr(error)
                (served if status == 200 else failed).append(status)
        threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()

        def end():
            stop.set()
            for thread in threads:
                thread.join()
            return served, failed
        self.addCleanup(stop.set)
        return served, end

    def behind_ingress(self):
        enclave = self.make_enclave(behind_ingress=True)
        self.addCleanup(lambda: enclave.process and enclave.terminate())  # its ingress too
        enclave.start()
        return enclave

    def restart(self, enclave, signal_process):
        signal_process()
        enclave.process.wait(30)
        enclave.launch()
        enclave.wait_until(lambda: enclave.health("/readyz")[0] == 200, 30)

    def test_five_drained_restarts_under_load_lose_no_request(self):
        enclave = self.behind_ingress()
        served, end = self.load(enclave)
        for _ in range(RESTARTS):
            before = len(served)
            enclave.wait_until(lambda before=before: len(served) > before + 10, 30)
            self.restart(enclave, enclave.process.terminate)
        before = len(served)
        enclave.wait_until(lambda: len(served) > before + 10, 30)
        served, failed = end()
        self.assertEqual(failed, [])
        self.assertGreater(len(served), 10 * RESTARTS)

    def test_a_kill_loses_what_is_in_flight_and_no_more(self):
        enclave = self.behind_ingress()
        served, end = self.load(enclave)
        enclave.wait_until(lambda: len(served) > 10, 30)
        self.restart(enclave, enclave.process.kill)
        before = len(served)
        enclave.wait_until(lambda: len(served) > before + 10, 30)
        _, failed = end()
        lost = [status for status in failed if status != 503]  # that is an answer: not ready yet, come again
        # A client that is cut off may come again while the dead process's listener still stands.
        self.assertLessEqual(len(lost), 2 * CLIENTS, failed)
