"""vsock-proxy's ingress beside HAProxy in TCP mode and socat, in front of one nginx without TLS: CPU a megabyte, CPU a
request, throughput and the latency that each adds.

Nothing is bound to a core: client, proxy and server share the machine, so what a proxy spends is missing elsewhere. The
latency is that of one connection, where nobody waits for a core."""

import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import server as servers

BULK_BYTES = 4 << 20
BULK_CONNECTIONS, SMALL_CONNECTIONS = 8, 64
CORES = "0-1" if servers.SERVER_CORE else "0"


def start_backend(folder):
    """nginx in the clear, on the client's core: /bulk is BULK_BYTES, / is short."""
    port = servers.free_port()
    (folder / "www").mkdir()
    (folder / "www" / "bulk").write_bytes(b"x" * BULK_BYTES)
    (folder / "backend.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/backend.pid; error_log {folder}/backend-error.log; user root;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; sendfile on; root {folder}/www;
  client_body_temp_path {folder}/b1; proxy_temp_path {folder}/b2; fastcgi_temp_path {folder}/b3;
  uwsgi_temp_path {folder}/b4; scgi_temp_path {folder}/b5;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = / {{ return 200 'ok'; }}
    location = /bulk {{ }}
  }}
}}
""")
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    return servers.Server("backend", [binary, "-p", str(folder), "-c", str(folder / "backend.conf")], port, folder,
                          core=CORES)


def start_ours(folder, backend):
    port = servers.free_port()
    return servers.Server(
        "vsock-proxy", [str(servers.ROOT / "build/release/bin/vsock-proxy"), "ingress", "--listen-port", str(port),
                        "--enclave", f"tcp:127.0.0.1:{backend.port}", "--health", "tcp:127.0.0.1:1", "--admin-port", "0",
                        "--drain-secs", "0", "--log-level", "error"], port, folder, core=CORES)


def start_haproxy(folder, backend):
    """One thread, TCP mode, with splice(2) where HAProxy thinks that it pays."""
    port = servers.free_port()
    (folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 1000
defaults
  mode tcp
  option splice-auto
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen relay
  bind 127.0.0.1:{port}
  server backend 127.0.0.1:{backend.port}
""")
    return servers.Server("haproxy", [shutil.which("haproxy") or "/usr/sbin/haproxy", "-f", str(folder / "haproxy.cfg")],
                          port, folder, core=CORES)


def start_socat(folder, backend):
    """A process a connection, as it is."""
    port = servers.free_port()
    return servers.Server("socat", ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,backlog=1024,nodelay",
                                    f"TCP:127.0.0.1:{backend.port},nodelay"], port, folder, core=CORES)


def load(server, path, connections, seconds):
    """(requests a second, megabytes a second, server CPU seconds a request, p50 in microseconds)"""
    before = server.cpu_seconds()
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         f"http://127.0.0.1:{server.port}{path}"], check=True, capture_output=True, text=True).stdout
    cpu = server.cpu_seconds() - before
    requests, took, read, unit = re.search(r"(\d+) requests in ([\d.]+)s, ([\d.]+)(KB|MB|GB) read", output).groups()
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"bench: {server.name} did not carry all requests:\n{output}")
    megabytes = float(read) * {"KB": 1 / 1024, "MB": 1, "GB": 1024}[unit]
    return int(requests) / float(took), megabytes / float(took), cpu / int(requests), servers.latency(output, "50%")


def rows(row, rounds, seconds):
    """`row` as run_bench.py has it."""
    print(f"proxies, {rounds} interleaved rounds of {seconds} s each ...", flush=True)
    started = []
    with servers.folder() as name:
        folder = Path(name)
        try:
            backend = start_backend(folder)
            started.append(backend)
            proxies = {start.__name__[6:]: start(folder, backend) for start in (start_ours, start_haproxy, start_socat)}
            started.extend(proxies.values())
            bulk, small, one = ({kind: [] for kind in proxies} for _ in range(3))
            direct = []
            for _ in range(rounds):
                direct.append(load(backend, "/", 1, seconds))
                for kind, proxy in proxies.items():
                    bulk[kind].append(load(proxy, "/bulk", BULK_CONNECTIONS, seconds))
                    if kind != "socat":  # a process a connection is not made for this
                        small[kind].append(load(proxy, "/", SMALL_CONNECTIONS, seconds))
                        one[kind].append(load(proxy, "/", 1, seconds))
        finally:
            for server in reversed(started):
                server.stop()

    def median(results, column):
        return statistics.median(result[column] for result in results)

    megabytes = BULK_BYTES / (1 << 20)
    cpu = {kind: median(bulk[kind], 2) * 1e6 / megabytes for kind in ("ours", "haproxy")}
    rate = {kind: median(bulk[kind], 1) for kind in proxies}
    each = {kind: median(small[kind], 2) * 1e6 for kind in ("ours", "haproxy")}
    added = {kind: max(median(one[kind], 3) - median(direct, 3), 1.0) for kind in ("ours", "haproxy")}
    return [
        row("proxy_cpu_per_megabyte", cpu["ours"], "us", "HAProxy, TCP mode", cpu["haproxy"] / cpu["ours"], 1.0),
        row("proxy_throughput", rate["ours"], "MB/s", "HAProxy, TCP mode", rate["ours"] / rate["haproxy"], 1.0),
        row("proxy_throughput_socat", rate["ours"], "MB/s", "socat", rate["ours"] / rate["socat"], 1.0),
        row("proxy_cpu_per_request", each["ours"], "us", "HAProxy, TCP mode", each["haproxy"] / each["ours"], 1.0),
        row("proxy_added_latency_p50", added["ours"], "us", "HAProxy, TCP mode", added["haproxy"] / added["ours"], 1.0),
    ]
