"""What export costs a request: server CPU a request without it, with a collector that takes everything, and with one
that takes connections and says nothing. All three in interleaved rounds, each with as many requests as it can."""

import http.server
import socket
import statistics
import threading
from pathlib import Path

import server as servers

# 2% more CPU at most; the exporters' own threads are in it.
TARGET = 0.98


class Taking(http.server.BaseHTTPRequestHandler):
    """200 for everything."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def rows(row, rounds, seconds):
    print(f"telemetry, {rounds} interleaved rounds of {seconds} s each ...", flush=True)
    taking = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    threading.Thread(target=taking.serve_forever, daemon=True).start()
    stalled = socket.create_server(("127.0.0.1", 0), backlog=128)
    exporting = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_METRIC_EXPORT_INTERVAL": "1000",
                 "DEV_PARENT": "tcp:127.0.0.1"}
    settings = {
        "off": {"OTEL_SDK_DISABLED": "true"},
        "on": {**exporting, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{taking.server_address[1]}"},
        "stalled": {**exporting, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{stalled.getsockname()[1]}"},
    }
    running, costs = {}, {name: [] for name in settings}
    with servers.folder() as home:
        try:
            for name, its in settings.items():
                (Path(home) / name).mkdir()
                running[name] = servers.start_service(Path(home) / name, settings=its)
            script = servers.write_wrk_script(Path(home))
            for name, server in running.items():
                servers.load(server, script, 100, 1)  # warm
            for _ in range(rounds):
                for name, server in running.items():
                    costs[name].append(servers.load(server, script, 100, seconds)[1])
        finally:
            for server in running.values():
                server.stop()
            taking.shutdown()
            taking.server_close()
            stalled.close()
    return [row(f"encrypt_cpu_exporter_{name}", statistics.median(costs[name]), "us", "the same without export",
                servers.paired(costs["off"], costs[name]), TARGET) for name in ("on", "stalled")]
