"""HTTP over TLS sockets, by hand: the tests choose every byte and every pause."""

import dataclasses
import json
import socket
import ssl

from canaries import watch_of


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)


class Closed(Exception):
    """The server closed or reset the connection before a whole answer had come."""


class Connection:
    """One TLS connection with enclave-dev. Use as a context manager."""

    def __init__(self, enclave, context=None, session=None, timeout_s=15):
        self.watch = watch_of(enclave)
        raw = socket.create_connection(("127.0.0.1", enclave.port), timeout=timeout_s)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.tls = (context or tls_context(enclave)).wrap_socket(
                raw, server_hostname="localhost", session=session)
        except BaseException:
            raw.close()
            raise
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tls.close()

    def send(self, data):
        self.watch.note(data)
        self.tls.sendall(data)

    def _more(self):
        try:
            data = self.tls.recv(65536)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise Closed from error
        if not data:
            raise Closed
        self.buffer += data

    def _until(self, mark):
        while mark not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def _take(self, size):
        while len(self.buffer) < size:
            self._more()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read(self, head_only=False):
        """The next answer. 100 (Continue) counts as one."""
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        if version != "HTTP/1.1":
            raise ValueError(f"status line {lines[0]!r}")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name.lower() in headers:
                raise ValueError(f"{name} is repeated")
            headers[name.lower()] = value.strip()
        body = b""
        if not head_only and int(status) >= 200:
            body = self._take(int(headers.get("content-length", "0")))
        self.watch.check_answer(int(status), headers, body)
        return Answer(int(status), headers, body)

    def is_closed(self):
        """Waits for the server to close, and says whether it did so without another byte."""
        try:
            self._more()
        except Closed:
            return True
        return False

    def exchange(self, data):
        self.send(data)
        return self.read()


def tls_context(enclave, maximum=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile=str(enclave.ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = maximum
    context.set_alpn_protocols(["http/1.1"])
    return context


def request(method, target, body=None, **fields):
    """The bytes of a request. Underscores in field names stand for hyphens; None removes a default."""
    headers = {"Host": "localhost"}
    if body is not None:
        headers["Content-Type"] = "application/json"
        headers["Content-Length"] = str(len(body))
    for name, value in fields.items():
        headers[name.replace("_", "-")] = value
    head = [f"{method} {target} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers.items() if v is not None]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def seal_request(body, schema="payments-v1", route="/v1/encrypt", **fields):
    return request("POST", route, body, **{"X_Schema_Name": schema, **fields})


def open_request(body, schema="payments-v1", route="/v1/decrypt", **fields):
    return request("POST", route, body, **{"X_Schema_Name": schema, **fields})


def send_once(enclave, data):
    """One request on a connection of its own."""
    with Connection(enclave) as connection:
        return connection.exchange(data)
