"""Resident memory: of the idle service with the demo's schemas, and of each idle TLS connection beside nginx."""

import resource
import socket
import ssl
import sys
from pathlib import Path

import server as servers

CONNECTIONS = 10_000  # each a descriptor here and one in the server
IDLE_GOAL_KIB = 24 * 1024


def resident_kib(server):
    """Of the process and its children."""
    total = 0
    for pid in server.pids():
        status = Path(f"/proc/{pid}/status").read_text()
        total += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return total


def open_connections(server, count):
    """TLS connections, each after one request, as keep-alive leaves them."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # loopback, and only memory is measured
    held = []
    for _ in range(count):
        tls = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)))
        tls.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if not tls.recv(65536):
            sys.exit(f"bench: {server.name} closed a connection")
        held.append(tls)
    return held


def kib_a_connection(server):
    before = resident_kib(server)
    held = open_connections(server, CONNECTIONS)
    used = resident_kib(server) - before
    for tls in held:
        tls.close()
    return used / CONNECTIONS


def rows(row):
    print(f"memory, with {CONNECTIONS} idle TLS connections ...", flush=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    schemas = sorted((servers.ROOT / "testdata/schemas").iterdir())
    with servers.folder() as name:
        folder = Path(name)
        ours = servers.start_service(folder, schemas, {"MAX_CONNECTIONS": str(2 * CONNECTIONS)})
        nginx = None
        try:
            nginx = servers.start_nginx(folder, 600)
            idle = resident_kib(ours)
            each, peer_each = kib_a_connection(ours), kib_a_connection(nginx)
        finally:
            ours.stop()
            if nginx:
                nginx.stop()
    return [row("idle_memory", idle / 1024, "MiB", "the goal, 24 MiB", IDLE_GOAL_KIB / idle, 1.0),
            row("idle_connection_memory", each, "KiB", "nginx", peer_each / each, 1.0)]
