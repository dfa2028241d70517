"""Two QEMU guests that are a node: an enclave and its parent, joined by vsock as on Nitro (the parent is CID 3, the
enclave 16), each seeing the other alone. The enclave boots a real EIF in QEMU's nitro-enclave machine, with a real
/dev/nsm, whose documents are unsigned. The parent has QEMU's user network: 10.0.2.2 is this host.

    with QemuNode(folder, tools(), eif, parent_kernel, parent_files) as node:
        node.wait_for_console("parent", b"ready", 60)

The parent must not call the enclave before it is up (its heartbeat says so): vhost-device-vsock 0.3.0 then stops serving
the parent.

The tools are those of QEMU_NITRO_DIR (default: ../shared/tools/qemu-nitro beside the repository): qemu-system-x86_64
with the nitro-enclave machine, its `roms`, and vhost-device-vsock.
"""

import os
import pathlib
import re
import socket
import subprocess
import sys
import time

import cpio

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARENT_CID, ENCLAVE_CID = 3, 16
PARENT_MEMORY = "384M"
SKIPPED = 77  # exit status: what is needed is not there


class ToolsMissing(Exception):
    """The text says what is missing and where it was looked for."""


class StartFailed(Exception):
    """A guest ended, or did not come as far as it was waited for. The text holds the end of its console."""


def tools():
    """The folder of the QEMU tools. Raises ToolsMissing."""
    folder = pathlib.Path(os.environ.get("QEMU_NITRO_DIR") or ROOT / "../shared/tools/qemu-nitro").resolve()
    for name in ("qemu-system-x86_64", "vhost-device-vsock", "roms"):
        if not (folder / name).exists():
            raise ToolsMissing(f"no {name} in {folder}: set QEMU_NITRO_DIR to a folder with QEMU's nitro-enclave "
                               "machine, its roms and vhost-device-vsock")
    return folder


def exit_without_tools():
    """For the main of a test: ends the process as skipped, and says why, if the tools are not there."""
    try:
        tools()
    except ToolsMissing as missing:
        print(f"skipped: {missing}")
        sys.exit(SKIPPED)


def vsock_command(tool_folder, guests):
    """The daemon that joins guests, {CID: (QEMU's socket, the host's)}."""
    vms = [word for cid, (qemu, host) in guests.items() for word in
           ("--vm", f"guest-cid={cid},socket={qemu},uds-path={host}")]
    return [tool_folder / "vhost-device-vsock", *vms]


def qemu_command(tool_folder, console, arguments):
    return [tool_folder / "qemu-system-x86_64", "-L", tool_folder / "roms", *arguments, "-accel", "tcg", "-no-reboot",
            "-display", "none", "-monitor", "none", "-serial", f"file:{console}"]


def enclave_arguments(eif, vsock_socket, memory, cpus):
    """QEMU's, for a Nitro enclave that boots `eif`."""
    # Notifications are handled where they are made: on a busy machine virtio-nsm, told asynchronously, would find
    # a request whose buffer for the answer is not there yet, and give up for good.
    return ["-global", "virtio-mmio.ioeventfd=off",
            "-M", "nitro-enclave,vsock=c,id=i-0123456789abcdef0-enc0123456789abcde", "-cpu", "max",
            "-m", memory, "-smp", str(cpus), "-kernel", eif, "-chardev", f"socket,id=c,path={vsock_socket}"]


def parent_initramfs(parent_init, files=None, programs=()):
    """The parent guest's file system: parent-init as PID 1, `files` ({path: bytes or (bytes, mode)}), and the command
    lines that it runs."""
    entries = {"init": (pathlib.Path(parent_init).read_bytes(), 0o755), "dev": None}
    entries.update(files or {})
    entries["programs"] = "".join(line + "\n" for line in programs).encode()
    return cpio.archive(entries)


class QemuNode:
    """Both guests. `folder` (made by the caller, short: it holds Unix sockets) gets parent.log and enclave.log, the
    consoles, and the logs of the tools. `forward` maps ports of 127.0.0.1 to ports of the parent."""

    def __init__(self, folder, tool_folder, eif, parent_kernel, parent_initrd, forward=None, cpus=2, memory="512M"):
        self.folder = pathlib.Path(folder)
        self.tools = pathlib.Path(tool_folder)
        self.eif = pathlib.Path(eif)
        self.parent_kernel = pathlib.Path(parent_kernel)
        self.parent_initrd = self.folder / "parent.cpio"
        self.parent_initrd.write_bytes(parent_initrd)
        self.forward = dict(forward or {})
        self.cpus, self.memory = cpus, memory
        self.processes = {}

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_exception):
        self.stop()

    def start(self):
        self.start_vsock()
        self.start_parent()
        self.start_enclave()
        return self

    def start_vsock(self):
        guests = {cid: (self.folder / f"{name}.sock", self.folder / f"{name}.vsock")
                  for cid, name in ((PARENT_CID, "parent"), (ENCLAVE_CID, "enclave"))}
        self._launch("vsock", vsock_command(self.tools, guests))
        self.wait(lambda: all((self.folder / f"{name}.sock").exists() for name in ("parent", "enclave")), "vsock", 10)

    def start_parent(self):
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{here}-10.0.2.15:{there}" for here, there in self.forward.items())
        self._qemu("parent", [
            "-M", "microvm,acpi=off,memory-backend=mem", "-cpu", "max", "-m", PARENT_MEMORY,
            "-object", f"memory-backend-memfd,id=mem,size={PARENT_MEMORY},share=on",
            "-kernel", self.parent_kernel, "-initrd", self.parent_initrd,
            "-append", "console=ttyS0 reboot=t panic=-1 pci=off no_timer_check quiet",
            "-chardev", f"socket,id=v,path={self.folder}/parent.sock",
            "-device", "vhost-user-vsock-device,chardev=v",
            "-netdev", f"user,id=n,ipv6=off{forwards}", "-device", "virtio-net-device,netdev=n"])

    def start_enclave(self):
        """Also after stop_enclave(): another boot of the same image."""
        socket_path = self.folder / "enclave.sock"
        for _ in range(20):
            self.wait(socket_path.exists, "vsock", 10)
            self._qemu("enclave", enclave_arguments(self.eif, socket_path, self.memory, self.cpus))
            if not self._came_too_early():
                return

    def _came_too_early(self):
        """The daemon takes a moment to see that a guest has gone, and then makes its socket anew."""
        try:
            self.processes["enclave"].wait(0.3)
        except subprocess.TimeoutExpired:
            return False
        return b"Failed to connect to" in (self.folder / "enclave.tool.log").read_bytes()[-300:]

    def stop_enclave(self):
        self._end("enclave")

    def stop(self):
        for name in ("enclave", "parent", "vsock"):
            self._end(name)

    def enclave_has_ended(self):
        return self.processes["enclave"].poll() is not None

    def console(self, name):
        path = self.folder / f"{name}.log"
        return path.read_bytes() if path.exists() else b""

    def wait_for_console(self, name, pattern, timeout_s):
        """Waits until `pattern` (a regular expression of bytes) is on a guest's console; returns the match."""
        found = None

        def look():
            nonlocal found
            found = re.search(pattern, self.console(name))
            return found is not None

        self.wait(look, name, timeout_s)
        return found

    def connect_to_enclave(self, port, timeout_s=10):
        return self.connect_as_host("enclave", port, timeout_s)

    def connect_as_host(self, name, port, timeout_s=10):
        """A socket to a vsock port of a guest, from CID 2 (the host): no process of a real node has that."""
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(timeout_s)
        try:
            peer.connect(str(self.folder / f"{name}.vsock"))
            peer.sendall(b"CONNECT %d\n" % port)
            answer = b""
            while not answer.endswith(b"\n"):
                byte = peer.recv(1)
                if not byte:
                    raise ConnectionRefusedError(f"nobody listens on vsock port {port}")
                answer += byte
        except BaseException:
            peer.close()
            raise
        return peer

    def _qemu(self, name, arguments):
        self._launch(name, qemu_command(self.tools, f"{self.folder}/{name}.log", arguments))

    def _launch(self, name, arguments):
        with open(self.folder / f"{name}.tool.log", "ab") as log:
            self.processes[name] = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=log,
                                                    stderr=log, start_new_session=True)

    def _end(self, name):
        process = self.processes.pop(name, None)
        if process is None:
            return
        process.kill()
        process.wait()

    def wait(self, condition, name, timeout_s):
        """Until `condition()`, as long as the program `name` runs. Raises StartFailed."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            # What a guest said last is looked at once more after its end.
            if self.processes[name].poll() is not None and not condition():
                raise StartFailed(f"{name} has ended\n{self._tail(name)}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{name} did not come so far in {timeout_s} s\n{self._tail(name)}")
            time.sleep(0.05)

    def _tail(self, name, size=3000):
        tool_log = self.folder / f"{name}.tool.log"
        said = tool_log.read_bytes() if tool_log.exists() else b""
        return (said[-size:] + self.console(name)[-size:]).decode(errors="replace")
