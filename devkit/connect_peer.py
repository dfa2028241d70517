#!/usr/bin/env python3
"""A peer for the enclave's way out: HTTP CONNECT on one port, for what an allow-list names, and the name
`credentials`, which it serves itself from an instance metadata service (CONTRACTS section 8)."""

import argparse
import asyncio
import json
import signal
import sys
import urllib.request

HEAD_BYTES = 16 * 1024
HEAD_TIMEOUT_S = 10


def host_port(text):
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT")
    return host, int(port)


def mapping(text):
    name, separator, target = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT=HOST:PORT")
    return host_port(name), host_port(target)


def fetch_credentials(imds):
    """{AccessKeyId, SecretAccessKey, Token, Expiration} of the role that `imds` (a URL) knows, by IMDSv2."""
    def ask(method, path, headers):
        request = urllib.request.Request(imds + path, method=method, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=HEAD_TIMEOUT_S) as answer:
            return answer.read().decode()

    token = ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    headers = {"X-aws-ec2-metadata-token": token}
    path = "/latest/meta-data/iam/security-credentials/"
    role = ask("GET", path, headers).splitlines()[0]
    document = json.loads(ask("GET", path + role, headers))
    return {name: document[name] for name in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")}


class Peer:
    """Connections of one listener."""

    def __init__(self, allowed, imds):
        self.allowed = allowed  # (host, port) as asked for -> (host, port) to connect to
        self.imds = imds

    async def serve(self, reader, writer):
        try:
            await self.connect(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError, ValueError):
            pass
        finally:
            writer.close()

    async def connect(self, reader, writer):
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_TIMEOUT_S)
        method, target, version = head.split(b"\r\n")[0].decode("ascii").split(" ")
        if method != "CONNECT" or version != "HTTP/1.1":
            return await self.refuse(writer, "405 Method Not Allowed")
        wanted = host_port(target)
        if wanted == ("credentials", 80) and self.imds:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            return await self.credentials(reader, writer)
        if wanted not in self.allowed:
            return await self.refuse(writer, "403 Forbidden")
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.allowed[wanted])
        except OSError:
            return await self.refuse(writer, "502 Bad Gateway")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            await asyncio.gather(self.copy(reader, far_writer), self.copy(far_reader, writer))
        finally:
            far_writer.close()

    async def credentials(self, reader, writer):
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_TIMEOUT_S)
        if not head.startswith(b"GET /v1/credentials HTTP/1.1\r\n"):
            return await self.refuse(writer, "404 Not Found")
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, fetch_credentials, self.imds)
        except (OSError, ValueError, KeyError, IndexError):
            return await self.refuse(writer, "502 Bad Gateway")
        body = json.dumps(found).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                     b"Connection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    @staticmethod
    async def refuse(writer, status):
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()

    @staticmethod
    async def copy(reader, writer):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def run(options):
    allowed = {place: place for place in options.allow} | dict(options.map)
    host, port = options.listen
    server = await asyncio.start_server(Peer(allowed, options.imds).serve, host, port, limit=HEAD_BYTES)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"listening {host}:{server.sockets[0].getsockname()[1]}", flush=True)
    await stop.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", type=host_port, required=True, metavar="HOST:PORT")
    parser.add_argument("--allow", type=host_port, action="append", default=[], metavar="HOST:PORT")
    parser.add_argument("--map", type=mapping, action="append", default=[], metavar="HOST:PORT=HOST:PORT")
    parser.add_argument("--imds", metavar="URL", help="serve `credentials` from this metadata service")
    asyncio.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
