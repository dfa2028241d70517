"""How the cost of sealing grows with what is planned, loaded, posted and connected: the server's CPU at each size
over its CPU at the smallest, measured side by side."""

import http.client
import resource
import ssl
import sys
from pathlib import Path

import memory
import server as servers

ROUNDS, SECONDS, CONNECTIONS = 5, 1, 50
PATHS = (4, 100, 1_000, 10_000)
SCHEMAS = (1, 10, 100, 1_000)
IDLE = (0, 100, 1_000, 10_000)
DOCUMENT_BYTES = (64_000, 1_000_000, 8_000_000, 64_000_000)
BYTES_A_ROUND = 64_000_000
TARGET = 1 / 1.1  # the smallest case may be at most 10% cheaper


def schema_with(paths):
    """The bench's schema with planned keys beside its four, `paths` in all."""
    further = (f"        further_secret_{i:05}: {{type: string, x-pii: true}}\n" for i in range(paths - 4))
    return servers.SCHEMA + "".join(further)


def write_schemas(folder, count):
    """So many schemas less one, that of the bench being another; returns the files."""
    folder.mkdir()
    files = []
    for i in range(count - 1):
        files.append(folder / f"schema-{i:04}.yaml")
        files[-1].write_text(servers.SCHEMA.replace("card_number", f"card_number_{i}"))
    return files


def document_of(size):
    """An array of the bench's documents, about `size` bytes."""
    count = max(1, size // (len(servers.DOCUMENT) + 1))
    return ('{"payments":[' + ",".join([servers.DOCUMENT] * count) + "]}").encode()


class Case:
    """A server of its own, idle but while it is measured."""

    def __init__(self, size, folder, **options):
        folder.mkdir()
        self.size, self.costs = size, []
        self.server = servers.start_service(folder, **options)
        self.script = servers.write_wrk_script(folder)

    def measure(self):
        self.costs.append(servers.load(self.server, self.script, CONNECTIONS, SECONDS)[1])


def curve(cases, rounds):
    """[(size, cost over that of the first case), ...]; ends the servers."""
    try:
        for case in cases:
            case.measure()
            case.costs.clear()  # that was to warm it
        for _ in range(rounds):
            for case in cases:
                case.measure()
    finally:
        for case in cases:
            case.server.stop()
    return ratios([(case.size, case.costs) for case in cases])


def ratios(measured):
    first = measured[0][1]
    return [(size, servers.paired(costs, first)) for size, costs in measured]


def of_paths(folder, rounds):
    return curve([Case(n, folder / f"paths-{n}", main_schema=schema_with(n)) for n in PATHS], rounds)


def of_schemas(folder, rounds):
    return curve([Case(n, folder / f"schemas-{n}", schemas=write_schemas(folder / f"files-{n}", n)) for n in SCHEMAS],
                 rounds)


def of_idle_connections(folder, rounds):
    """Beside a server that has none."""
    with_them, without = (Case(0, folder / name, settings={"MAX_CONNECTIONS": str(2 * IDLE[-1])})
                          for name in ("idle", "none"))
    points, held = [], []
    try:
        for count in IDLE:
            held += memory.open_connections(with_them.server, count - len(held))
            with_them.costs, without.costs = [], []
            for _ in range(rounds):
                with_them.measure()
                without.measure()
            points.append((count, ratios([(0, without.costs), (count, with_them.costs)])[1][1]))
    finally:
        for tls in held:
            tls.close()
        with_them.server.stop()
        without.server.stop()
    return points


def seal(connection, body):
    connection.request("POST", "/v1/encrypt", body, {"Content-Type": "application/json", "X-Schema-Name": "payment"})
    with connection.getresponse() as answer:
        sealed = answer.read()
        if answer.status != 200 or int(answer.headers["X-Fields-Sealed"]) != 4 * body.count(b"card_number"):
            sys.exit(f"bench: a document of {len(body)} bytes was not sealed: {answer.status} {sealed[:200]}")


def of_documents(folder, rounds):
    """CPU a byte."""
    schema = servers.SCHEMA + "        payments: {type: array, items: {$ref: '#/components/schemas/Payment'}}\n"
    (folder / "documents").mkdir()
    server = servers.start_service(folder / "documents", main_schema=schema, settings={
        "MAX_BODY_BYTES": str(2 * DOCUMENT_BYTES[-1]), "MAX_INFLIGHT_BYTES": str(8 * DOCUMENT_BYTES[-1])})
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # loopback, and only time is measured
    measured = [(size, []) for size in DOCUMENT_BYTES]
    try:
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=60, context=context)
        for i in range(rounds + 1):
            for size, costs in measured:
                body = document_of(size)
                count = max(1, BYTES_A_ROUND // size)
                before = server.cpu_seconds()
                for _ in range(count):
                    seal(connection, body)
                if i > 0:  # the first warms
                    costs.append((server.cpu_seconds() - before) / count / len(body))
    finally:
        server.stop()
    return ratios(measured)


def measure(rounds=ROUNDS):
    """{name: (what the size counts, [(size, cost), ...])}"""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    curves = {}
    for name, unit, run in (("planned_paths", "planned paths of the schema", of_paths),
                            ("schemas", "schemas loaded", of_schemas),
                            ("document", "bytes of the document", of_documents),
                            ("idle_connections", "idle TLS connections", of_idle_connections)):
        print(f"growth with {unit} ...", flush=True)
        with servers.folder() as folder:
            curves[name] = unit, run(Path(folder), rounds)
    return curves


def rows(row, curves):
    return [row(f"growth_{name}", points[-1][1], "x", f"{points[0][0]} {unit}, against {points[-1][0]}",
                1 / points[-1][1], TARGET) for name, (unit, points) in curves.items()]
