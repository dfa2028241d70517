"""HTTP/2 frames over TLS, by hand (RFC 9113, RFC 7541): no library between a test and the bytes."""

import dataclasses
import json
import socket
import struct

from canaries import watch_of
from wire import Closed, tls_context

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, HAS_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = (
    range(1, 7))

# RFC 7541 appendix A: what an answer's fields can name.
STATIC = [None, (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
          (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
          (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500")] + [
    (name, "gzip, deflate" if name == "accept-encoding" else "") for name in (
        "accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age allow "
        "authorization cache-control content-disposition content-encoding content-language content-length "
        "content-location content-range content-type cookie date etag expect expires from host if-match "
        "if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards "
        "proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie "
        "strict-transport-security transfer-encoding user-agent vary via www-authenticate").split()]
assert len(STATIC) == 62

# RFC 7541 appendix B, as (code, bits) of each octet: only what a test decodes, made from the canonical lengths.
HUFFMAN_BITS = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12,
    10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6,
    5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28]


def huffman_codes():
    """The code is canonical: codes of one length count up, in the order of their symbols. Above 127 nothing is
    needed here, but their shorter codes take part in the counting; lengths from 20 bits on are left out."""
    codes, code, previous = {}, 0, 0
    for bits, symbol in sorted((bits, symbol) for symbol, bits in enumerate(HUFFMAN_BITS) if bits < 19):
        code <<= bits - previous
        codes[bits, code] = symbol
        code, previous = code + 1, bits
    return codes


HUFFMAN = huffman_codes()


def huffman_decode(data):
    out, code, bits = bytearray(), 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            code, bits = code << 1 | byte >> shift & 1, bits + 1
            if (bits, code) in HUFFMAN:
                out.append(HUFFMAN[bits, code])
                code = bits = 0
    assert bits < 8 and code == (1 << bits) - 1, "padding is not EOS"
    return bytes(out)


def integer(value, prefix_bits, first=0):
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = bytearray([first | limit]), value - limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(fields):
    """A header block that leaves the dynamic table alone: literals without indexing."""
    out = b""
    for name, value in fields:
        name = name if isinstance(name, bytes) else name.encode("latin-1")
        value = value if isinstance(value, bytes) else value.encode("latin-1")
        out += b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value
    return out


class Decoder:
    """The other direction, with its dynamic table."""

    def __init__(self):
        self.dynamic = []

    def decode(self, block):
        fields, at = [], 0

        def take_integer(prefix_bits):
            nonlocal at
            limit = (1 << prefix_bits) - 1
            value, at = block[at] & limit, at + 1
            if value < limit:
                return value
            shift = 0
            while True:
                byte, at = block[at], at + 1
                value, shift = value + ((byte & 127) << shift), shift + 7
                if byte < 128:
                    return value

        def take_text():
            nonlocal at
            huffman = block[at] & 128
            size = take_integer(7)
            data, at = block[at:at + size], at + size
            return (huffman_decode(data) if huffman else data).decode("latin-1")

        def entry(index):
            return STATIC[index] if index < len(STATIC) else self.dynamic[index - len(STATIC)]

        while at < len(block):
            first = block[at]
            if first & 0x80:
                fields.append(entry(take_integer(7)))
            elif first & 0xE0 == 0x20:
                take_integer(5)
            else:
                indexed = first & 0x40
                index = take_integer(6 if indexed else 4)
                name = entry(index)[0] if index else take_text()
                fields.append((name, take_text()))
                if indexed:
                    self.dynamic.insert(0, fields[-1])
        return fields


@dataclasses.dataclass
class Frame:
    type: int
    flags: int
    stream: int
    payload: bytes
    fields: dict = None  # of HEADERS

    @property
    def error(self):
        """Of RST_STREAM and GOAWAY."""
        at = 4 if self.type == GOAWAY else 0
        return struct.unpack(">I", self.payload[at:at + 4])[0]


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes
    trailers: dict
    reset: int = None  # the error of a RST_STREAM that came after the answer

    def json(self):
        return json.loads(self.body)


def frame(kind, flags, stream, payload=b"", length=None):
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def rst_stream(stream, error=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", error))


def head(method, path, *more):
    return [(":method", method), (":scheme", "https"), (":path", path), (":authority", "localhost"), *more]


def sealing_head(*more, route="/v1/encrypt", schema="payments-v1"):
    return head("POST", route, ("content-type", "application/json"), ("x-schema-name", schema), *more)


def headers(stream, fields, end_stream=False, end_headers=True):
    flags = (END_STREAM if end_stream else 0) | (END_HEADERS if end_headers else 0)
    return frame(HEADERS, flags, stream, encode(fields))


def data(stream, body, end_stream=True):
    return frame(DATA, END_STREAM if end_stream else 0, stream, body)


def sealing(stream, body, *more):
    return headers(stream, sealing_head(*more)) + data(stream, body)


class Http2Connection:
    """One connection with enclave-dev. Use as a context manager."""

    def __init__(self, enclave, greet=True, own_settings=(), timeout_s=15):
        self.watch = watch_of(enclave)
        context = tls_context(enclave)
        context.set_alpn_protocols(["h2"])
        raw = socket.create_connection(("127.0.0.1", enclave.port), timeout=timeout_s)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = context.wrap_socket(raw, server_hostname="localhost")
        self.buffer = b""
        self.decoder = Decoder()
        self.answers = {}
        self.server_settings = None
        self.rooms = {0: 65535}  # what WINDOW_UPDATEs have opened, by stream
        if greet:
            self.send(PREFACE + settings(*own_settings))
            self.wait_for(lambda f: f.type == SETTINGS and f.flags & ACK)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tls.close()

    def send(self, *frames):
        data = b"".join(frames)
        self.watch.note(data)
        self.tls.sendall(data)

    def _take(self, size):
        while len(self.buffer) < size:
            try:
                more = self.tls.recv(65536)
            except OSError as error:
                if isinstance(error, TimeoutError):
                    raise
                raise Closed from error
            if not more:
                raise Closed
            self.buffer += more
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def next_frame(self):
        first = self._take(9)
        got = Frame(first[3], first[4], struct.unpack(">I", first[5:])[0], self._take(int.from_bytes(first[:3], "big")))
        if got.type == SETTINGS and not got.flags & ACK:
            self.server_settings = dict(struct.unpack(">HI", got.payload[at:at + 6])
                                        for at in range(0, len(got.payload), 6))
            self.send(frame(SETTINGS, ACK, 0))
        if got.type == WINDOW_UPDATE:
            self.rooms[got.stream] = self.rooms.get(got.stream, 0) + struct.unpack(">I", got.payload)[0]
        if got.type == HEADERS:  # each of them changes the table, also one that nobody waits for
            assert got.flags & END_HEADERS
            got.fields = dict(self.decoder.decode(got.payload))
        return got

    def wait_for(self, wanted):
        while True:
            got = self.next_frame()
            if wanted(got):
                return got

    def read(self, stream, until_reset=False):
        """The answer on `stream`; answers of others are kept for their turn. 100 (Continue) is passed over."""
        while stream not in self.answers or not self.answers[stream]["ended"] or (
                until_reset and self.answers[stream]["reset"] is None):
            self.note(self.next_frame())
        found = self.answers.pop(stream)
        status = int(found["fields"].pop(":status"))
        self.watch.check_answer(status, found["fields"], found["body"])
        return Answer(status, found["fields"], found["body"], found["trailers"], found["reset"])

    def note(self, got):
        if got.type in (GOAWAY, RST_STREAM) and got.error != NO_ERROR:
            raise Failed(got)
        if got.type not in (HEADERS, DATA, RST_STREAM):
            return
        answer = self.answers.setdefault(
            got.stream, {"fields": None, "body": b"", "trailers": {}, "ended": False, "reset": None})
        if got.type == HEADERS:
            fields = got.fields
            if answer["fields"] is None and fields[":status"] != "100":
                answer["fields"] = fields
            elif ":status" not in fields:
                answer["trailers"] = fields
        elif got.type == DATA:
            answer["body"] += got.payload
            if got.payload:
                self.send(window_update(0, len(got.payload)))
                if not got.flags & END_STREAM:
                    self.send(window_update(got.stream, len(got.payload)))
        else:
            answer["reset"] = got.error
        if got.type != RST_STREAM and got.flags & END_STREAM:
            answer["ended"] = True

    def send_but_the_end(self, stream, body):
        """A request to seal `body`, as the server's windows let it, without the last byte."""
        self.send(headers(stream, sealing_head()))
        self.rooms[stream] = self.server_settings[INITIAL_WINDOW_SIZE]
        at = 0
        while at < len(body) - 1:
            size = min(16384, self.rooms[0], self.rooms[stream], len(body) - 1 - at)
            if size == 0:
                self.next_frame()
                continue
            self.send(data(stream, body[at:at + size], end_stream=False))
            at += size
            for opened in (0, stream):
                self.rooms[opened] -= size

    def exchange(self, stream, *frames):
        self.send(*frames)
        return self.read(stream)

    def failure(self):
        """How the server takes a mistake: the Frame of a stream error or a connection error; None if it closed."""
        try:
            return self.wait_for(lambda f: f.type in (RST_STREAM, GOAWAY))
        except Closed:
            return None

    def is_closed(self):
        """Whether the server ends the connection."""
        try:
            while True:
                self.next_frame()
        except Closed:
            return True
        except TimeoutError:
            return False


class Failed(Exception):
    """The server reset the stream or ended the connection where an answer was due."""
