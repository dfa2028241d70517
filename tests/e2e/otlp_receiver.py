"""A collector that nobody here wrote the decoding of: the generated classes of opentelemetry-proto, behind gRPC's
server or Python's HTTP server. Keeps what it is sent; fails, hangs or takes in part on demand."""

import base64
import json
import socket
import threading
from concurrent import futures

from otlp_http import OtlpHttpServer

try:
    import grpc
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
    MISSING = None
    SIGNALS = {
        "traces": (trace_service_pb2.ExportTraceServiceRequest, trace_service_pb2.ExportTraceServiceResponse),
        "metrics": (metrics_service_pb2.ExportMetricsServiceRequest, metrics_service_pb2.ExportMetricsServiceResponse),
        "logs": (logs_service_pb2.ExportLogsServiceRequest, logs_service_pb2.ExportLogsServiceResponse),
    }
except ImportError as error:
    MISSING = f"python3-grpcio and python3-opentelemetry-proto are needed: {error}"


def ids_to_base64(value):
    """OTLP's JSON has ids in hex, where protobuf's own mapping has base64."""
    if isinstance(value, dict):
        return {key: base64.b64encode(bytes.fromhex(item)).decode()
                if key in ("traceId", "spanId", "parentSpanId") else ids_to_base64(item)
                for key, item in value.items()}
    return [ids_to_base64(item) for item in value] if isinstance(value, list) else value


class Receiver:
    """What both transports share. `fail` holds, by signal, what the next requests are answered with instead: an HTTP
    status or a gRPC code, each once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.requests = {"traces": [], "metrics": [], "logs": []}
        self.headers = []
        self.raw = []
        self.fail = {"traces": [], "metrics": [], "logs": []}

    def take(self, signal, message, headers, raw):
        with self.lock:
            self.headers.append((signal, {key.lower(): value for key, value in headers}))
            self.raw.append(raw)
            if self.fail[signal]:
                return self.fail[signal].pop(0)
            self.requests[signal].append(message)
            return None

    def spans(self):
        with self.lock:
            return [span for request in self.requests["traces"] for resource in request.resource_spans
                    for scope in resource.scope_spans for span in scope.spans]

    def logs(self):
        with self.lock:
            return [record for request in self.requests["logs"] for resource in request.resource_logs
                    for scope in resource.scope_logs for record in scope.log_records]

    def metrics(self):
        """Those of the last export, by name."""
        with self.lock:
            if not self.requests["metrics"]:
                return {}
            return {metric.name: metric for resource in self.requests["metrics"][-1].resource_metrics
                    for scope in resource.scope_metrics for metric in scope.metrics}

    def resources(self):
        with self.lock:
            return [resource.resource for requests in self.requests.values() for request in requests
                    for field in ("resource_spans", "resource_metrics", "resource_logs")
                    for resource in getattr(request, field, [])]


class GrpcReceiver(Receiver):
    """Listens on a port of loopback that the kernel chooses."""

    def __init__(self):
        super().__init__()
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        for signal, adder, base in (
                ("traces", trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
                 trace_service_pb2_grpc.TraceServiceServicer),
                ("metrics", metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
                 metrics_service_pb2_grpc.MetricsServiceServicer),
                ("logs", logs_service_pb2_grpc.add_LogsServiceServicer_to_server,
                 logs_service_pb2_grpc.LogsServiceServicer)):
            adder(self._servicer(signal, base), self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def _servicer(self, signal, base):
        receiver = self

        class Servicer(base):
            def Export(self, request, context):  # the name is the protocol's
                code = receiver.take(signal, request, context.invocation_metadata(), request.SerializeToString())
                if code is not None:
                    context.abort(code, "as the test asked")
                return SIGNALS[signal][1]()
        return Servicer()

    def stop(self):
        self.server.stop(0).wait()


class HttpReceiver(Receiver):
    """The same over HTTP/1.1, protobuf or JSON as the request says."""

    def __init__(self):
        super().__init__()
        self.server = OtlpHttpServer(self._answer)
        self.port, self.stop = self.server.port, self.server.stop

    def _answer(self, path, headers, body):
        signal = path.rpartition("/")[2]
        request, response = SIGNALS[signal]
        is_json = headers["Content-Type"] == "application/json"
        if is_json:
            message = json_format.ParseDict(ids_to_base64(json.loads(body)), request())
        else:
            message = request.FromString(body)
        status = self.take(signal, message, headers.items(), body)
        return status or 200, b"{}" if is_json else response().SerializeToString()


class StalledReceiver:
    """Takes connections and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]

    def stop(self):
        self.listener.close()
