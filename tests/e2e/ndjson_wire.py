"""Batches (NDJSON) over TLS, by hand: what is sent and what is read go on at the same time, at paces that a test chooses."""

import dataclasses
import json
import select
import ssl
import time

from wire import Closed, Connection, request

CHUNK = 16_000


@dataclasses.dataclass
class BatchAnswer:
    status: int
    headers: dict
    body: bytes
    trailers: dict
    whole: bool = True  # the last chunk has come

    def json(self):
        return json.loads(self.body)


def batch_head(route="/v1/encrypt", schema="payments-v1", **fields):
    return request("POST", route, None, **{"Content_Type": "application/x-ndjson", "X_Schema_Name": schema,
                                           "Transfer_Encoding": "chunked", **fields})


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunks(lines):
    """The chunks of a body that an iterable of bytes gives, with the last one."""
    held = bytearray()
    for piece in lines:
        held += piece
        if len(held) >= CHUNK:
            yield chunk(bytes(held))
            held.clear()
    if held:
        yield chunk(bytes(held))
    yield b"0\r\n\r\n"


class Fields(dict):
    def __init__(self, text):
        super().__init__()
        for line in filter(None, text.decode("latin-1").split("\r\n")):
            name, _, value = line.partition(":")
            self[name.lower()] = value.strip()


class AnswerParser:
    """One answer in chunks, as it comes. `take` is called with each piece of the body, or they are kept."""

    def __init__(self, take=None):
        self.buffer = bytearray()
        self.status = self.headers = self.trailers = None
        self.body = bytearray()
        self.take = take or self.body.extend
        self.left = None  # of this chunk, with its CRLF; None before its size

    def feed(self, data):
        self.buffer += data
        while self.trailers is None and self._step():
            pass

    def _line(self, mark):
        at = self.buffer.find(mark)
        if at < 0:
            return None
        line = bytes(self.buffer[:at])
        del self.buffer[:at + len(mark)]
        return line

    def _step(self):
        if self.headers is None:
            head = self._line(b"\r\n\r\n")
            if head is None:
                return False
            first, _, rest = head.partition(b"\r\n")
            status = int(first.split(b" ")[1])
            if status != 100:
                self.status, self.headers = status, Fields(rest)
            return True
        if "content-length" in self.headers:
            if len(self.buffer) < int(self.headers["content-length"]):
                return False
            self.take(bytes(self.buffer))
            self.trailers = {}
            return False
        if self.left is None:
            size = self._line(b"\r\n")
            if size is None:
                return False
            self.left = int(size, 16)
            return True
        if self.left == 0:  # the trailers, after the last chunk
            if self.buffer.startswith(b"\r\n"):
                self.trailers = {}
                return False
            text = self._line(b"\r\n\r\n")
            if text is not None:
                self.trailers = Fields(text)
            return False
        if len(self.buffer) < self.left + 2:
            return False
        self.take(bytes(self.buffer[:self.left]))
        assert self.buffer[self.left:self.left + 2] == b"\r\n"
        del self.buffer[:self.left + 2]
        self.left = None
        return True

    def answer(self, whole=True):
        return BatchAnswer(self.status, self.headers, bytes(self.body), self.trailers, whole)


class BatchConnection(Connection):
    """One TLS connection that sends and reads at once."""

    def run(self, pieces, take=None, read=lambda: True, timeout_s=120):
        """Sends the pieces (an iterable of bytes) while it reads one answer. It reads only while `read` says so, and
        an answer that is cut short comes back with `whole` false."""
        parser = AnswerParser(take)
        pieces, out = iter(pieces), memoryview(b"")
        deadline = time.monotonic() + timeout_s
        self.tls.setblocking(False)
        try:
            while parser.trailers is None:
                if time.monotonic() > deadline:
                    raise TimeoutError("the batch does not end")
                while pieces is not None and len(out) == 0:
                    piece = next(pieces, None)
                    self.watch.note(piece or b"")
                    out, pieces = memoryview(piece or b""), pieces if piece is not None else None
                moved = self._send_some(out)
                out = out[moved:]
                if read():
                    try:
                        data = self.tls.recv(1 << 16)
                    except ssl.SSLWantReadError:
                        data = None
                    except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                        data = b""
                    if data == b"":
                        return parser.answer(whole=False)
                    if data:
                        parser.feed(data)
                        continue
                if moved == 0:
                    select.select([self.tls] if read() else [], [self.tls] if len(out) else [], [], 0.05)
        finally:
            self.tls.settimeout(15)
        self.buffer = bytes(parser.buffer) if "content-length" not in parser.headers else b""
        answer = parser.answer()
        self.watch.check_answer(answer.status, answer.headers, answer.body)
        return answer

    def _send_some(self, out):
        if len(out) == 0:
            return 0
        try:
            return self.tls.send(out[:1 << 16])
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            if isinstance(error, ssl.SSLZeroReturnError):
                return len(out)  # what the server still says can be read
            raise Closed from error

    def batch(self, lines, take=None, read=lambda: True, **options):
        """A whole batch, given as bytes or an iterable of them."""
        lines = [lines] if isinstance(lines, bytes) else lines

        def pieces():
            yield batch_head(**options)
            yield from chunks(lines)
        return self.run(pieces(), take, read)


def batch_once(enclave, lines, **options):
    with BatchConnection(enclave) as connection:
        return connection.batch(lines, **options)
