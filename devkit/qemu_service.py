"""The whole chain in two QEMU guests: the production image in the enclave; in the parent the real vsock-proxy as
ingress, egress and log receiver; AWS emulated on this machine, where KMS takes the unsigned documents of QEMU's NSM.

    service = QemuService(binaries, folder, build_image)
    service.start()
    ... service.port is the ingress, service.ca_file the enclave's CA ...
    service.stop()
"""

import json
import pathlib
import signal
import socket
import subprocess
import time

import qemu_node
from background import StartFailed
from certificates import ClientAuthority
from emulated_cloud import BUCKET, HOSTS, PREFIX, REGION, EmulatedCloud
from enclave_process import SERVER_NAME, free_ports

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMAS = sorted((ROOT / "testdata/schemas").iterdir())
HOST = "10.0.2.2"  # this machine, as the parent guest sees it
CLIENT_SAN = "DNS:app.payments.example"
COMMANDS, INGRESS, TAMPERED, INGRESS_ADMIN = 7000, 8443, 8444, 9901  # ports of the parent guest
EGRESS, LOGS, OTLP = 8000, 8014, 4317  # its vsock ports
BOOT_S = 90  # software emulation on a busy machine


class QemuService:
    """`build_image(environment, ca_pem, path)` writes the EIF and returns its PCR0 in hex; `kernel` is the parent's."""

    def __init__(self, binaries, folder, kernel, build_image):
        self.bin, self.folder = pathlib.Path(binaries), pathlib.Path(folder)
        self.kernel, self.build_image = kernel, build_image
        self.cloud = EmulatedCloud(binaries, self.folder / "cloud", unsigned_documents=True)
        self.clients = ClientAuthority(self.folder / "clients")
        self.client = self.clients.issue("app", CLIENT_SAN)
        self.eif = self.folder / "nitro-enc-svc.eif"
        self.ca_file = self.folder / "enclave-ca.pem"
        self.commands_port, self.port, self.tampered_port, self.admin_port = free_ports(4)
        self.node = None
        self.proxies = []  # process ids in the parent
        self.enclave_started = 0.0  # of time.monotonic()
        self.pcr0 = ""
        self.collector_port = None  # of 127.0.0.1: where OTLP goes, through the egress

    # --- the account and the image ---

    def set_up(self):
        """The account; the image, which names its key and secret; the key's policy, which names the image's PCR0."""
        self.cloud.start_aws()
        self.cloud.create_key(["0" * 96])
        self.cloud.create_secret()
        public_key = self.cloud.make_schema_key()
        for schema in SCHEMAS:
            self.cloud.put_schema(schema)
        environment = {
            "SECRET_ARN": self.cloud.secret_arn, "KMS_KEY_ID": self.cloud.key_arn, "S3_BUCKET": BUCKET,
            "S3_PREFIX": PREFIX, "AWS_REGION": REGION, "VSOCK_PROXY_CID": str(qemu_node.PARENT_CID),
            "VSOCK_PROXY_PORT": str(EGRESS), "SCHEMA_PUBLIC_KEY": public_key,
            "TLS_CLIENT_CA_B64": self.clients.base64, "DECRYPT_CLIENTS": CLIENT_SAN,
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}
        if self.collector_port:
            environment["OTEL_METRIC_EXPORT_INTERVAL"] = "2000"
        self.pcr0 = self.build_image(environment, self.cloud.ca_file.read_text(), self.eif)
        self.cloud.put_policy([self.pcr0])

    def allow_list(self):
        entries = [(host, 443) for host in HOSTS] + [(HOST, self.cloud.port)]
        return "allowlist:\n" + "".join(f"- {{address: {host}, port: {port}}}\n" for host, port in entries)

    def egress_command(self, listen=f"vsock:any:{EGRESS}", *options):
        maps = " ".join(f"--map={host}=tcp:{HOST}:{self.cloud.tls_port}" for host in HOSTS)
        return (f"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://{HOST}:{self.cloud.port} /bin/vsock-proxy egress "
                f"--listen {listen} --config /etc/allow-list.yaml --admin-port 0 {maps} {' '.join(options)}")

    # --- the guests ---

    def start_guests(self, egress=True):
        """The parent with its log receiver and the egress, then the enclave."""
        files = {"etc/allow-list.yaml": self.allow_list().encode()}
        for name in ("vsock-proxy", "boot-probe", "parent-tamper"):
            files[f"bin/{name}"] = ((self.bin / name).read_bytes(), 0o755)
        self.node = qemu_node.QemuNode(
            self.folder, qemu_node.tools(), self.eif, self.kernel,
            qemu_node.parent_initramfs(self.bin / "parent-init", files),
            forward={self.commands_port: COMMANDS, self.port: INGRESS, self.tampered_port: TAMPERED,
                     self.admin_port: INGRESS_ADMIN})
        self.node.start_vsock()
        self.node.start_parent()
        self.node.wait_for_console("parent", b"parent-init: ready", BOOT_S)
        cid = qemu_node.ENCLAVE_CID
        self.proxies = [self.start_in_parent(f"/bin/vsock-proxy logs --allow-cid {cid} --listen vsock:any:{LOGS}")]
        if egress:
            options = [f"--allow-cid {cid}"]
            if self.collector_port:
                options.append(f"--forward {OTLP}=tcp:{HOST}:{self.collector_port}")
            self.proxies.append(self.start_in_parent(self.egress_command(f"vsock:any:{EGRESS}", *options)))
        self.start_enclave()

    def start_enclave(self):
        """Returns when it has sent its heartbeat."""
        before = self.heartbeats()
        self.enclave_started = time.monotonic()
        self.node.start_enclave()
        self.node.wait(lambda: self.heartbeats() > before, "enclave", BOOT_S)

    def heartbeats(self):
        return self.node.console("parent").count(b"heartbeat 0xB7")

    def kill_and_start_enclave(self):
        """While it is away the proxies are stopped: vhost-device-vsock would not outlive their calls."""
        for pid in self.proxies:
            self.signal_in_parent(pid, signal.SIGSTOP)
        self.node.stop_enclave()
        self.start_enclave()
        for pid in self.proxies:
            self.signal_in_parent(pid, signal.SIGCONT)

    def start_ingress(self):
        self.proxies.append(self.start_in_parent(
            f"/bin/vsock-proxy ingress --listen-host 0.0.0.0 --listen-port {INGRESS} "
            f"--enclave-cid {qemu_node.ENCLAVE_CID} --admin-port {INGRESS_ADMIN} --drain-secs 2"))

    def start(self):
        self.set_up()
        self.start_guests()
        self.start_ingress()
        self.wait_until_ready()
        self.attest()
        return self

    def wait_until_ready(self, timeout_s=BOOT_S):
        """Until the enclave's health port, asked by the ingress, says so."""
        self.node.wait(lambda: self.run_in_parent(
            f"/bin/vsock-proxy probe --enclave-cid {qemu_node.ENCLAVE_CID}")[0] == 0, "enclave", timeout_s)

    def attest(self, port=None):
        """Verifies the enclave and saves its CA; the report."""
        return json.loads(self.cloud.nitro_enc(
            "attest", "--url", f"https://127.0.0.1:{port or self.port}", "--unsigned-qemu", "--pcr0", self.pcr0,
            "--save-cert", self.ca_file))

    def stop(self):
        if self.node:
            self.node.stop()
        self.cloud.stop()

    # --- orders to the parent ---

    def _order(self, line, timeout_s):
        with socket.create_connection(("127.0.0.1", self.commands_port), timeout_s) as peer:
            peer.sendall(line.encode() + b"\n")
            with peer.makefile("rb") as stream:
                return stream.read().decode(errors="replace")

    def run_in_parent(self, line, timeout_s=60):
        """(exit status, output) of a program in the parent."""
        output, _, status = self._order(f"run {line}", timeout_s).rstrip("\n").rpartition("\nexit ")
        if not status:
            raise StartFailed(f"the parent does not run {line}")
        return int(status), output

    def start_in_parent(self, line):
        """Its process id there; what it prints goes to the parent's console."""
        answer = self._order(f"start {line}", 30)
        if not answer.startswith("started "):
            raise StartFailed(f"the parent does not start {line}")
        return int(answer.split()[1])

    def signal_in_parent(self, pid, number):
        return self._order(f"signal {pid} {int(number)}", 30) == "sent\n"

    # --- what was said ---

    def log(self):
        """The enclave's log, as its receiver printed it: dictionaries."""
        events = []
        for line in self.node.console("parent").decode(errors="replace").splitlines():
            if line.startswith("{") and '"seq":' in line:
                try:
                    events.append(json.loads(line))
                except ValueError:
                    pass  # a line that is being written
        return events

    def curl(self, route, schema, source, destination, client=False, port=None):
        """Status of a request made with curl; 0 if there was no whole answer."""
        port = port or self.port
        certificate = ["--cert", self.client[0], "--key", self.client[1]] if client else []
        done = subprocess.run(
            ["curl", "--silent", "--max-time", "60", "--noproxy", "*", "--cacert", self.ca_file, *certificate,
             "--resolve", f"{SERVER_NAME}:{port}:127.0.0.1", "-H", f"X-Schema-Name: {schema}",
             "-H", "Content-Type: application/json", "--data-binary", f"@{source}", "--output", destination,
             "--write-out", "%{http_code}", f"https://{SERVER_NAME}:{port}{route}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return int(done.stdout) if done.returncode == 0 else 0
