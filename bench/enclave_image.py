"""Rows of the enclave image: its sizes; from QEMU's start to ready, and what QEMU then has resident, beside an image of
the same kernel and init whose program only listens. Without the QEMU tools: the sizes alone."""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "devkit"), str(ROOT / "tests/boot"), str(ROOT / "tests/eif")]

import image  # found by the line above
import make_eif
import qemu_node
from qemu_service import QemuService

BOOTS = 3
IMAGE_GOAL, KERNEL_GOAL = 8_000_000, 2_500_000  # bytes
BOOT_S = 120


def sizes(row, kernel, folder):
    environment = make_eif.read_environment(ROOT / "deploy/demo.env")
    make_eif.make_eif(image.BINARIES, kernel, environment, make_eif.run(ROOT / "scripts/ca-bundle"), folder)
    measured = (folder / "nitro-enc-svc.eif").stat().st_size, kernel.stat().st_size
    return [row("eif_size", measured[0] / 1e6, "MB", "the goal, 8 MB", IMAGE_GOAL / measured[0], 1.0),
            row("kernel_size", measured[1] / 1e6, "MB", "the goal, 2.5 MB", KERNEL_GOAL / measured[1], 1.0)]


def resident_mib(node):
    """Of the enclave's QEMU: the guest's memory that was touched, and QEMU's own."""
    status = Path(f"/proc/{node.processes['enclave'].pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


def listener_boot(kernel, folder):
    """(Seconds until a program that only listens does so, MiB then resident.)"""
    node = qemu_node.QemuNode(folder, qemu_node.tools(), folder / "listener.eif", kernel, b"")
    image.build(kernel, node.eif, command=["/bin/boot-probe"], environment=["A=1"], user="65532:65532",
                files={"bin/boot-probe": ((image.BINARIES / "boot-probe").read_bytes(), 0o755)})
    try:
        node.start_vsock()
        begin = time.monotonic()
        node.start_enclave()
        node.wait_for_console("enclave", b"probe: listens", BOOT_S)
        return time.monotonic() - begin, resident_mib(node)
    finally:
        node.stop()


def service_boots(kernels, folder):
    """(Seconds until the service has its key and schemas and says that it is ready, MiB then resident), a boot each."""
    def build(environment, ca_pem, path):
        settings = [f"{name}={value}" for name, value in environment.items()]
        return make_eif.make_eif(image.BINARIES, kernels[0], settings, ca_pem, path.parent)["Measurements"]["PCR0"]

    service = QemuService(image.BINARIES, folder, kernels[1], build)
    try:
        service.set_up()
        for boot in range(BOOTS):
            ready = lambda: sum(event["event"] == "service_ready" for event in service.log())
            begin = time.monotonic()
            if boot == 0:
                service.start_guests()
            else:
                service.kill_and_start_enclave()
            service.node.wait(lambda boot=boot: ready() > boot, "enclave", BOOT_S)
            yield time.monotonic() - max(begin, service.enclave_started), resident_mib(service.node)
    finally:
        service.stop()


def rows(row):
    print("the enclave image ...", flush=True)
    kernels = image.kernels()
    folder = Path(tempfile.mkdtemp(prefix="nes-bench-"))
    try:
        found = sizes(row, kernels[0], folder)
        try:
            qemu_node.tools()
        except qemu_node.ToolsMissing as missing:
            print(f"  no boots: {missing}")
            return found
        ours, listener = [], []
        for boot in service_boots(kernels, folder):
            ours.append(boot)
            other = folder / f"listener-{len(ours)}"
            other.mkdir()
            listener.append(listener_boot(kernels[0], other))
        (time_ours, memory_ours), (time_peer, memory_peer) = (
            map(statistics.median, zip(*measured)) for measured in (ours, listener))
        peer = "the same kernel and init, a program that listens"
        return found + [row("boot_to_ready", time_ours, "s", peer, time_peer / time_ours),
                        row("enclave_memory", memory_ours, "MiB", peer, memory_peer / memory_ours)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
