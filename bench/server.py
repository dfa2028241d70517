"""The two servers that run_bench.py compares, each a process on one core, and the client that loads them."""

import os
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIENT_CORE, SERVER_CORE = (0, 1) if (os.cpu_count() or 1) > 1 else (0, 0)

DOCUMENT = (
    '{"id":"pay_00000001","amount":1249.10,"currency":"EUR","card_number":"4111111111111111",'
    '"holder":"Ada Lovelace","note":"two items, one of them a gift; deliver after six","shipping":'
    '{"method":"express","insured":true},"email":"ada@example.com","items":[{"sku":"A-1","n":2},'
    '{"sku":"B-2","n":1}],"phone":"+44 20 7946 0000"}'
)

SCHEMA = """openapi: 3.1.0
info: {title: bench, version: "1"}
paths: {}
components:
  schemas:
    Payment:
      type: object
      properties:
        card_number: {type: string, x-pii: {mode: deterministic, context: card}}
        holder: {type: string, x-pii: true}
        email: {type: string, x-pii: true}
        phone: {type: string, x-pii: true}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"bench: nothing listens on port {port}")


class Server:
    """A process whose CPU time is read from /proc."""

    def __init__(self, name, command, port, folder, environment=None, core=SERVER_CORE):
        self.name, self.port = name, port
        self._log = open(folder / f"{name}.log", "wb")
        self._process = subprocess.Popen(
            ["taskset", "-c", str(core), *command], stdout=self._log, stderr=self._log,
            env={**os.environ, **(environment or {})})
        wait_for(port)

    def cpu_seconds(self):
        """Of all threads that live, by the scheduler's clock: ticks of 10 ms are too coarse for what is measured."""
        total = 0
        for pid in self.pids():
            for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += int(file.read_text().split()[0])
                except OSError:
                    continue  # it has ended
        return total / 1e9

    def pids(self):
        return [self._process.pid, *self._children()]

    def _children(self):
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
         "/CN=localhost", "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, stderr=subprocess.DEVNULL)


def start_nginx(folder, answer_bytes):
    """nginx, one worker, TLS 1.3 with a P-256 certificate, answering every request with `return 200`."""
    make_certificate(folder)
    port = free_port()
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log; user root;
worker_rlimit_nofile 20000; events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000; http2_max_concurrent_streams 128;
  client_max_body_size 16m; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2 backlog=4096;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    location / {{ return 200 '{"x" * answer_bytes}'; }}
  }}
}}
""")
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    return Server("nginx", [binary, "-p", str(folder), "-c", str(folder / "nginx.conf")], port, folder)


def start_service(folder, schemas=(), settings=None, main_schema=SCHEMA):
    """enclave-dev with one worker, serving `main_schema` as "payment" and `schemas`, files."""
    (folder / "keys").mkdir()
    (folder / "keys" / "current.key").write_bytes(os.urandom(32))
    (folder / "schemas").mkdir()
    (folder / "schemas" / "payment.yaml").write_text(main_schema)
    for schema in schemas:
        shutil.copy(schema, folder / "schemas")
    port, health = free_port(), free_port()
    environment = {
        "SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:bench/dek",
        "KMS_KEY_ID": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
        "S3_BUCKET": "bench", "VSOCK_PROXY_CID": "3", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317",
        "WORKER_THREADS": "1", "DEV_LISTEN": f"tcp:127.0.0.1:{port}", "HEALTH_VSOCK_PORT": str(health),
        "DEV_KEY_DIR": str(folder / "keys"), "DEV_SCHEMA_DIR": str(folder / "schemas"),
        **(settings or {}),
    }
    return Server("enclave-dev", [str(ROOT / "build/release/bin/enclave-dev")], port, folder, environment)


def write_wrk_script(folder):
    script = folder / "post.lua"
    body = '{"payload":' + DOCUMENT + "}"
    script.write_text(f"""wrk.method = "POST"
wrk.body = [=[{body}]=]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-Schema-Name"] = "payment"
""")
    return script


def write_body(folder):
    body = folder / "body.json"
    body.write_text('{"payload":' + DOCUMENT + "}")
    return body


def load(server, script, connections, seconds):
    """Runs wrk once; returns (requests, server CPU microseconds a request, p50, p99 in microseconds)."""
    before = server.cpu_seconds()
    output = subprocess.run(
        ["taskset", "-c", str(CLIENT_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         "-s", str(script), f"https://127.0.0.1:{server.port}/encrypt"],
        check=True, capture_output=True, text=True).stdout
    cpu = server.cpu_seconds() - before
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    if "Non-2xx" in output or "Socket errors" in output or requests == 0:
        sys.exit(f"bench: {server.name} did not answer all requests:\n{output}")
    return requests, cpu / requests * 1e6, latency(output, "50%"), latency(output, "99%")


def load_http2(server, body_file, connections, requests):
    """Runs h2load once, ten streams a connection; returns (requests, server CPU microseconds a request)."""
    before = server.cpu_seconds()
    output = subprocess.run(
        ["taskset", "-c", str(CLIENT_CORE), "h2load", f"-n{requests}", f"-c{connections}", "-m10", "-t1",
         "-d", str(body_file), "-H", "Content-Type: application/json", "-H", "X-Schema-Name: payment",
         f"https://127.0.0.1:{server.port}/encrypt"],
        check=True, capture_output=True, text=True).stdout
    cpu = server.cpu_seconds() - before
    if "Application protocol: h2\n" not in output or f"status codes: {requests} 2xx" not in output:
        sys.exit(f"bench: {server.name} did not answer all requests over HTTP/2:\n{output}")
    return requests, cpu / requests * 1e6


def connect_often(server, count, resume):
    """New connections one after another, each with one request, from a client of our own; returns (connections,
    server CPU microseconds a connection)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # loopback, and only time is measured
    session, resumed, before = None, 0, server.cpu_seconds()
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            with context.wrap_socket(raw, session=session if resume else None) as tls:
                tls.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                while tls.recv(65536):
                    pass
                session, resumed = tls.session, resumed + tls.session_reused
    if resume and resumed < count - 1:
        sys.exit(f"bench: {server.name} resumed {resumed} of {count} sessions")
    return count, (server.cpu_seconds() - before) / count * 1e6


def paired(peer, ours):
    """How many times as much the peer costs, by rounds: what disturbs one round disturbs both."""
    return statistics.median(theirs / own for theirs, own in zip(peer, ours))


def latency(output, percentile):
    number, unit = re.search(percentile + r"\s+([\d.]+)(us|ms|s)", output).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def folder():
    return tempfile.TemporaryDirectory(prefix="nes-bench-")
