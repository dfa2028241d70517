"""What the tests of vsock-proxy share: started proxies, and peers that misbehave as told. VSOCK_PROXY is the program;
Unix sockets in QEMU's form and TCP stand in for vsock."""

import json
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "devkit"))

from background import Background  # noqa: E402: found by the line above

PROXY = pathlib.Path(os.environ.get("VSOCK_PROXY", ROOT / "build/release/bin/vsock-proxy"))
TIMEOUT_S = 20


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Peer:
    """A TCP server: `serve(connection)` in a thread a connection."""

    def __init__(self, serve, port=0):
        self.serve, self.connections = serve, []
        self.listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass

    def cut(self):
        """Resets what is open."""
        for connection in self.connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        self.connections.clear()


def echo(connection):
    """Sends back what comes, and ends when it ends."""
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def health(ready):
    """A health port that answers as `ready()` says."""
    def serve(connection):
        connection.recv(4096)
        status, word = ("200 OK", "ready") if ready() else ("503 Service Unavailable", "unready")
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(word)}\r\nConnection: close\r\n\r\n{word}".encode())
        connection.close()
    return serve


class ProxyCase(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="vsock-proxy-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.started = 0

    def start(self, mode, *options, environment=None):
        """A proxy that listens; `port`, `admin` (if any) and `log_file` are added to it."""
        self.started += 1
        proxy = Background([PROXY, mode, *options], self.home / f"{mode}-{self.started}.log", environment)
        self.addCleanup(lambda: proxy.process.poll() is None and proxy.stop())
        listening = json.loads(proxy.wait_for_line("{", f'"purpose":"{mode}"'))
        proxy.port = int(listening["endpoint"].rpartition(":")[2])
        return proxy

    def ingress(self, enclave_port, *options, health_port=1, environment=None):
        proxy = self.start("ingress", "--listen-port", "0", "--enclave", f"tcp:127.0.0.1:{enclave_port}", "--health",
                           f"tcp:127.0.0.1:{health_port}", "--admin-port", str(admin := free_port()), *options,
                           environment=environment)
        proxy.admin = admin
        return proxy

    def egress(self, items, *options, environment=None):
        self.allow_list = self.home / "allow-list.yaml"
        self.write_allow_list(items)
        proxy = self.start("egress", "--listen", "tcp:127.0.0.1:0", "--config", self.allow_list, "--admin-port",
                           str(admin := free_port()), *options, environment=environment)
        proxy.admin = admin
        return proxy

    def write_allow_list(self, items):
        self.allow_list.write_text("allowlist:\n" + "".join(
            f"- {{address: {host}, port: {port}}}\n" for host, port in items), encoding="ascii")

    def client(self, proxy):
        connection = socket.create_connection(("127.0.0.1", proxy.port), timeout=TIMEOUT_S)
        self.addCleanup(connection.close)
        return connection

    def ask(self, proxy, path):
        """(status, text) of the admin port."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{proxy.admin}{path}", timeout=TIMEOUT_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, proxy, sample):
        for line in self.ask(proxy, "/metrics")[1].splitlines():
            if line.startswith(sample + " ") or line.startswith(sample.replace("{", "{mode=")):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no {sample}")

    def errors(self, proxy, cause):
        mode = "ingress" if "ingress" in proxy.command else "egress"
        return self.metric(proxy, f'vsock_proxy_errors_total{{mode="{mode}",cause="{cause}"}}')

    def wait_until(self, condition, timeout_s=TIMEOUT_S):
        deadline = time.monotonic() + timeout_s
        while not condition():
            self.assertLess(time.monotonic(), deadline, "not there in time")
            time.sleep(0.02)


def receive_all(connection):
    data = b""
    while part := connection.recv(65536):
        data += part
    return data
