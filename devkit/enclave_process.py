"""Starts `enclave-dev` for the demo and the tests: a directory with a key and schemas, two free loopback ports,
the certificate authority that the process made at its start.

The caller ends the process with terminate() and removes `home`.
"""

import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from background import Background, StartFailed

SERVER_NAME = "localhost"

# Plausible values for what has no default (CONTRACTS section 1). No AWS account is reached: keys and schemas
# come from the two DEV_ directories.
REQUIRED = {
    "SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:nitro-enc-svc/dek-AbCdEf",
    "KMS_KEY_ID": "arn:aws:kms:eu-central-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "S3_BUCKET": "nitro-enc-svc-schemas",
    "VSOCK_PROXY_CID": "3",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317",
}


def free_ports(count):
    """Ports that nobody listens on just now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class EnclaveProcess:
    """One running enclave-dev. `home` holds keys/, schemas/, ca.pem and log."""

    def __init__(self, binary, home, schemas=(), settings=None, with_key=True, behind_ingress=False):
        """`settings` are configuration variables; a value of None removes one of the defaults. With
        `behind_ingress` clients reach it through a vsock-proxy, as they do on a node."""
        self.binary = pathlib.Path(binary)
        self.home = pathlib.Path(home)
        self.key_dir = self.home / "keys"
        self.schema_dir = self.home / "schemas"
        self.ca_file = self.home / "ca.pem"
        self.log_file = self.home / "log"
        self.own_port, self.health_port, ingress_port = free_ports(3)
        self.port = ingress_port if behind_ingress else self.own_port  # where clients connect to
        self.process = self.ingress = None
        self.key_dir.mkdir(parents=True, mode=0o700)
        self.schema_dir.mkdir()
        for schema in schemas:
            shutil.copy(schema, self.schema_dir)
        if with_key:
            self.write_key()
        self.environment = {
            **REQUIRED,
            "DEV_KEY_DIR": str(self.key_dir),
            "DEV_SCHEMA_DIR": str(self.schema_dir),
            "DEV_LISTEN": f"tcp:127.0.0.1:{self.own_port}",
            "HEALTH_VSOCK_PORT": str(self.health_port),
            "DECRYPT_CLIENTS": "anonymous",
            "SCHEMA_REFRESH_INTERVAL_SECS": "2",
        }
        for name, value in (settings or {}).items():
            if value is None:
                self.environment.pop(name, None)
            else:
                self.environment[name] = value

    @property
    def url(self):
        return f"https://{SERVER_NAME}:{self.port}"

    def write_key(self):
        """Puts a fresh random key in place, whole or not at all."""
        temporary = self.key_dir / ".new"
        temporary.touch(mode=0o600)
        temporary.write_bytes(secrets.token_bytes(32))
        temporary.rename(self.key_dir / "current.key")

    def launch(self):
        """Starts the process and returns at once."""
        sanitizers = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary], env={**sanitizers, **self.environment}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        if self.port != self.own_port and self.ingress is None:
            self.ingress = Background(
                [self.binary.parent / "vsock-proxy", "ingress", "--listen-port", self.port, "--enclave",
                 f"tcp:127.0.0.1:{self.own_port}", "--health", f"tcp:127.0.0.1:{self.health_port}", "--admin-port", "0",
                 "--drain-secs", "2"], self.home / "ingress.log")
            self.ingress.wait_for_line('{', "listening")

    def start(self, timeout_s=30):
        """Starts the process, waits until it is ready and fetches its certificate authority."""
        self.launch()
        self.wait_until(lambda: self.health("/readyz")[0] == 200, timeout_s)
        self.fetch_ca()
        return self

    def wait_until(self, condition, timeout_s):
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self.process.poll() is not None:
                raise StartFailed(f"enclave-dev ended with status {self.process.returncode}\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"not there after {timeout_s} s\n{self.log_tail()}")
            time.sleep(0.02)

    def health(self, path, method="GET"):
        """(status, body) of the health port; status 0 while nobody listens."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.health_port}{path}", method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def fetch_ca(self):
        """Saves the last certificate of the handshake, the boot CA. Fit for loopback only: over a network the
        CA must come from somewhere that can be trusted."""
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", SERVER_NAME, "-showcerts"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False).stdout.decode("latin-1")
        begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
        if begin not in shown:
            raise StartFailed(f"no certificate in the handshake\n{self.log_tail()}")
        last = shown.rindex(begin)
        self.ca_file.write_text(shown[last:shown.index(end, last) + len(end)] + "\n", encoding="ascii")

    def log_tail(self, size=4000):
        return self.log_file.read_bytes()[-size:].decode(errors="replace") if self.log_file.exists() else ""

    def terminate(self, timeout_s=20):
        """SIGTERM, then SIGKILL if that does not help. Returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.ingress:
            self.ingress.stop()
            self.ingress = None
        return self.process.wait()
