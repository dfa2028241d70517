#!/usr/bin/env python3
"""A node in QEMU: the production image in an enclave beside a parent that runs the real vsock-proxy; AWS is emulated
outside. NES_BIN is the folder of the programs. Without the QEMU tools: says so, and exits as skipped."""

import contextlib
import json
import os
import pathlib
import shutil
import ssl
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "devkit"), str(ROOT / "tests/boot"), str(ROOT / "tests/e2e"), str(ROOT / "tests/eif")]

import eif_file  # found by the line above
import image
import make_eif
import otlp_receiver
import qemu_node
from qemu_service import BOOT_S, EGRESS, LOGS, TAMPERED, QemuService
from wire import Closed, Connection, open_request, seal_request, tls_context

DOCUMENT = (ROOT / "testdata/documents/payments-v1.json").read_bytes()
CLIENTS = 4


def build_image(environment, ca_pem, path):
    """As `./run eif` builds it; its PCR0, which code that shares nothing with nitro-enc has computed as well."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    measured = make_eif.make_eif(image.BINARIES, image.kernels()[0], settings, ca_pem, path.parent)["Measurements"]
    if [measured[f"PCR{i}"] for i in range(3)] != list(eif_file.pcrs(path.read_bytes()).values()):
        raise AssertionError(f"nitro-enc measures {measured}")
    return measured["PCR0"]


class NodeTest(unittest.TestCase):
    """One node for the class, ready before the first test."""

    service = None

    @classmethod
    def make_service(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="nes-node-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        service = QemuService(image.BINARIES, folder, image.kernels()[1], build_image)
        cls.addClassCleanup(service.stop)
        return service

    @classmethod
    def setUpClass(cls):
        cls.service = cls.make_service()
        cls.service.start()

    # --- requests ---

    def context(self, client=False):
        context = tls_context(self.service)
        if client:
            context.load_cert_chain(*self.service.client)
        return context

    def exchange(self, data, client=False, port=None):
        """One request on a connection of its own."""
        target = self.service if port is None else _Port(port, self.service.ca_file)
        with Connection(target, self.context(client), timeout_s=60) as connection:
            return connection.exchange(data)

    def seal(self, document=DOCUMENT):
        answer = self.exchange(seal_request(document))
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body


class _Port:
    """What wire.Connection asks of an enclave."""

    def __init__(self, port, ca_file):
        self.port, self.ca_file = port, ca_file


class Chain(NodeTest):
    """The whole way through two guests."""

    def test_pcrs_of_the_guest_s_nsm_are_those_of_the_file(self):
        report = self.service.attest()
        described = json.loads(self.service.cloud.nitro_enc("eif", "describe", self.service.eif))
        for index in range(3):
            self.assertEqual(report["document"]["pcrs"][str(index)], described["Measurements"][f"PCR{index}"])
        self.assertEqual(described["Measurements"]["PCR0"], self.service.pcr0)
        self.assertTrue(report["bound_to_tls_key"])

    def test_curl_seals_and_opens_a_document(self):
        source = ROOT / "testdata/documents/payments-v1.json"
        sealed, opened = self.service.folder / "sealed.json", self.service.folder / "opened.json"
        self.assertEqual(self.service.curl("/v1/encrypt", "payments-v1", source, sealed), 200)
        self.assertNotEqual(sealed.read_bytes(), DOCUMENT)
        self.assertEqual(self.service.curl("/v1/decrypt", "payments-v1", sealed, opened, client=True), 200)
        self.assertEqual(opened.read_bytes(), DOCUMENT)

    def test_a_client_without_a_certificate_opens_nothing(self):
        self.assertEqual(self.exchange(open_request(self.seal())).status, 403)

    def test_the_log_arrives_whole(self):
        self.seal()
        events = self.service.log()
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        names = {event["event"] for event in events}
        self.assertTrue({"service_starting", "keys_loaded", "listening"} <= names, names)

    def test_the_enclave_s_console_says_nothing(self):
        """What it has to say goes over vsock: a console exists in debug mode alone."""
        said = self.service.node.console("enclave").decode(errors="replace").split("Run /init")[-1]
        self.assertNotIn("{", said)
        self.assertNotIn("enclave:", said)

    def test_another_cid_than_the_enclave_s_is_not_served(self):
        for port, greeting in ((EGRESS, b"CONNECT kms.eu-central-1.amazonaws.com:443 HTTP/1.1\r\n\r\n"),
                               (LOGS, b'{"seq":1,"event":"forged"}\n')):
            with self.subTest(port=port), self.service.node.connect_as_host("parent", port) as peer:
                with contextlib.suppress(OSError):
                    peer.sendall(greeting)
                    self.assertEqual(peer.recv(100), b"")
        self.assertNotIn(b"forged", self.service.node.console("parent"))

    def test_the_health_port_is_for_the_parent_alone(self):
        """The host is CID 2; VSOCK_PROXY_CID is the parent's."""
        probe = f"/bin/vsock-proxy probe --enclave-cid {qemu_node.ENCLAVE_CID}"
        self.assertEqual(self.service.run_in_parent(probe)[0], 0)
        with self.service.node.connect_to_enclave(8015) as stranger, contextlib.suppress(OSError):
            stranger.sendall(b"POST /drain HTTP/1.1\r\nHost: enclave\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual(stranger.recv(100), b"")
        self.assertEqual(self.service.run_in_parent(probe)[0], 0, "and nothing drains")

    def test_two_vcpus_share_the_load(self):
        begin = vcpu_seconds(self.service.node)
        with load(self.service):
            time.sleep(8)
        used = [after - before for after, before in zip(vcpu_seconds(self.service.node), begin)]
        self.assertEqual(len(used), 2)
        self.assertGreater(min(used), 0.25 * max(used), used)


def vcpu_seconds(node):
    """CPU time of each virtual CPU of the enclave: QEMU's busiest threads are those that emulate them."""
    tasks = pathlib.Path(f"/proc/{node.processes['enclave'].pid}/task")
    ticks = os.sysconf("SC_CLK_TCK")
    seconds = []
    for task in tasks.iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        seconds.append((int(task.name), (int(fields[11]) + int(fields[12])) / ticks))
    threads = sorted(seconds, key=lambda pair: -pair[1])[:2]
    return [used for _, used in sorted(threads)]


@contextlib.contextmanager
def load(service):
    """Clients that seal, a connection a request, and wait when they are refused. Yields (good, bad), lists."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # every boot has another CA
    stopped, good, bad = threading.Event(), [], []

    def client():
        while not stopped.is_set():
            try:
                with Connection(service, context, timeout_s=120) as connection:
                    answer = connection.exchange(seal_request(DOCUMENT))
                (good if answer.status == 200 else bad).append(answer.status)
            except (OSError, Closed) as error:
                bad.append(repr(error))
                time.sleep(0.2)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield good, bad
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


class Tampering(NodeTest):
    """A parent that changes what passes through it gets no plaintext and nobody believes a wrong answer."""

    def through(self, *plan):
        """Starts the tampering relay in the parent between clients and the enclave."""
        node, listens = self.service.node, b"parent-tamper: listens"
        before = node.console("parent").count(listens)
        pid = self.service.start_in_parent(
            f"/bin/parent-tamper tcp:0.0.0.0:{TAMPERED} vsock:{qemu_node.ENCLAVE_CID}:443 {' '.join(map(str, plan))}")
        self.addCleanup(self.kill_relay, pid)
        node.wait(lambda: node.console("parent").count(listens) > before, "parent", 30)

    def kill_relay(self, pid):
        """Returns when its port is free again."""
        node, ended = self.service.node, b"/bin/parent-tamper ended"
        before = node.console("parent").count(ended)
        self.service.signal_in_parent(pid, 9)
        node.wait(lambda: node.console("parent").count(ended) > before, "parent", 30)

    def outcome(self, sealed=None):
        """The answer to one request through the relay; None if there was none that TLS and HTTP let through."""
        data = seal_request(DOCUMENT) if sealed is None else open_request(sealed)
        try:
            return self.exchange(data, client=sealed is not None, port=self.service.tampered_port)
        except (OSError, Closed, ValueError):
            return None

    def opened(self):
        """How many documents the enclave's audit says were opened."""
        return sum(event["event"] == "audit_decrypt" for event in self.service.log())

    def end_relay(self):
        self.doCleanups()

    def test_without_a_plan_that_strikes_it_is_a_relay(self):
        sealed = self.seal()
        self.through("down", "cut", 10**9)
        answer = self.outcome(sealed)
        self.assertEqual((answer.status, answer.body), (200, DOCUMENT))

    def test_changed_bytes(self):
        sealed = self.seal()
        for direction in ("up", "down"):
            for every in (5, 40, 300, 700, 1100, 1500, 2000, 2600):
                with self.subTest(direction=direction, every=every):
                    self.through(direction, "flip", every)
                    answer = self.outcome(sealed)
                    self.assertTrue(answer is None or answer.body == DOCUMENT, answer)
                    if every <= 300:  # less than any handshake has
                        self.assertIsNone(answer)
                    self.end_relay()
        self.assertEqual(self.exchange(open_request(sealed), client=True).body, DOCUMENT)

    def test_cut_streams(self):
        sealed = self.seal()
        for direction in ("up", "down"):
            for after in (1, 200, 900, 1300, 1700, 2100, 2500, 2900):
                with self.subTest(direction=direction, after=after):
                    self.through(direction, "cut", after)
                    answer = self.outcome(sealed)
                    self.assertTrue(answer is None or answer.body == DOCUMENT, answer)
                    if after <= 200:
                        self.assertIsNone(answer)
                    self.end_relay()

    def test_replayed_answers(self):
        sealed = self.seal()
        for direction in ("up", "down"):
            with self.subTest(direction=direction):
                self.through(direction, "replay", 0)
                opened = self.opened()
                self.assertEqual(self.outcome(sealed).body, DOCUMENT)
                self.service.node.wait(lambda opened=opened: self.opened() > opened, "enclave", 30)
                opened = self.opened()
                self.assertIsNone(self.outcome(sealed))
                self.assertIsNone(self.outcome())
                time.sleep(1)  # a log that would come
                self.assertEqual(self.opened(), opened)
                self.end_relay()


class HostileWayOut(NodeTest):
    """The parent changes what passes between the enclave and AWS: no key, no readiness, and it recovers."""

    @classmethod
    def setUpClass(cls):
        cls.service = cls.make_service()
        cls.service.set_up()
        cls.service.start_guests(egress=False)

    def test_until_the_way_is_honest_there_is_no_key(self):
        service = self.service
        service.start_in_parent(service.egress_command("tcp:127.0.0.1:18000"))
        for plan in (("down", "flip", 900), ("up", "flip", 1200), ("down", "cut", 1000)):
            pid = service.start_in_parent(
                f"/bin/parent-tamper vsock:any:{EGRESS} tcp:127.0.0.1:18000 {' '.join(map(str, plan))}")
            failures = self.failures()
            service.node.wait(lambda failures=failures: self.failures() > failures, "enclave", BOOT_S)
            self.assertEqual([e for e in service.log() if e["event"] == "keys_loaded"], [])
            service.signal_in_parent(pid, 9)
        service.start_in_parent(service.egress_command(f"vsock:any:{EGRESS}", f"--allow-cid {qemu_node.ENCLAVE_CID}"))
        service.start_ingress()
        service.wait_until_ready()
        service.attest()
        self.assertNotEqual(self.seal(), DOCUMENT)

    def failures(self):
        return sum(event["event"] == "step_failed" for event in self.service.log())


class OtherMeasurement(NodeTest):
    """A key whose policy names another PCR0."""

    @classmethod
    def setUpClass(cls):
        cls.service = cls.make_service()
        cls.service.set_up()
        cls.service.cloud.put_policy(["ab" * 48])
        cls.service.start_guests()

    def test_is_refused_by_kms_until_the_policy_names_this_image(self):
        service = self.service
        service.node.wait_for_console("parent", rb'"event":"step_failed","step":"keys"[^\n]*', BOOT_S)
        self.assertEqual(service.run_in_parent(f"/bin/vsock-proxy probe --enclave-cid {qemu_node.ENCLAVE_CID}")[0], 1)
        service.cloud.put_policy([service.pcr0])
        service.wait_until_ready()


@unittest.skipIf(otlp_receiver.MISSING, otlp_receiver.MISSING)
class Telemetry(NodeTest):
    """Logs, metrics and spans, through the parent's egress to a collector outside."""

    @classmethod
    def make_service(cls):
        cls.collector = otlp_receiver.GrpcReceiver()
        cls.addClassCleanup(cls.collector.stop)
        service = super().make_service()
        service.collector_port = cls.collector.port
        return service

    def test_all_three_signals_arrive(self):
        def sealed():
            metric = self.collector.metrics().get("enclave_encrypt_requests")
            return sum(point.as_int for point in metric.sum.data_points) if metric else 0

        def arrived():
            return (sealed() > 0 and "POST /v1/encrypt" in {span.name for span in self.collector.spans()}
                    and "service_ready" in {record.body.string_value for record in self.collector.logs()})
        self.seal()
        self.service.node.wait(arrived, "enclave", BOOT_S)
        self.assertEqual(sealed(), 1)


class Lifecycle(NodeTest):
    """The enclave's end, asked for and not."""

    def test_1_killed_under_load_it_loses_what_is_in_flight(self):
        service = self.service
        with load(service) as (good, bad):
            service.node.wait(lambda: len(good) > 20, "enclave", BOOT_S)
            service.kill_and_start_enclave()
            before = len(good)
            service.node.wait(lambda: len(good) > before + 20, "enclave", 2 * BOOT_S)
        self.assertLessEqual(len(bad), CLIENTS, bad)

    def test_2_a_drain_ends_cleanly(self):
        service = self.service
        status, _ = service.run_in_parent(f"/bin/vsock-proxy drain --enclave-cid {qemu_node.ENCLAVE_CID}")
        self.assertEqual(status, 0)
        service.node.wait(lambda: service.run_in_parent(
            f"/bin/vsock-proxy probe --enclave-cid {qemu_node.ENCLAVE_CID}")[0] == 1, "enclave", 30)


if __name__ == "__main__":
    qemu_node.exit_without_tools()
    unittest.main()
