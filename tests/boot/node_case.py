"""What the boot tests share: a node a class, whose enclave boots one image after another."""

import pathlib
import shutil
import tempfile
import time
import unittest

import image
import qemu_node

BOOT_S = 90  # software emulation on a busy machine
PROBE = (image.BINARIES / "boot-probe").read_bytes


def folder_for(case):
    """A folder that goes with the class; its name is short because it holds Unix sockets."""
    folder = tempfile.mkdtemp(prefix="nes-boot-")
    case.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


class NodeCase(unittest.TestCase):
    """Boots make_image(), if there is one, beside a parent that runs PARENT_PROGRAMS."""

    PARENT_PROGRAMS = ()
    BUILD = staticmethod(image.build)
    node = None
    eif = b""

    @classmethod
    def make_image(cls):
        """The arguments of BUILD."""
        return None

    @classmethod
    def setUpClass(cls):
        folder = folder_for(cls)
        cls.enclave_kernel, parent_kernel = image.kernels()
        cls.node = qemu_node.QemuNode(
            folder, qemu_node.tools(), folder / "image.eif", parent_kernel,
            qemu_node.parent_initramfs(image.BINARIES / "parent-init", {"bin/boot-probe": (PROBE(), 0o755)},
                                       cls.PARENT_PROGRAMS))
        cls.addClassCleanup(cls.node.stop)
        cls.node.start_vsock()
        cls.node.start_parent()
        cls.node.wait_for_console("parent", b"parent-init: ready", BOOT_S)
        first = cls.make_image()
        if first is not None:
            cls.eif = cls.BUILD(cls.enclave_kernel, cls.node.eif, **first)
            cls.node.start_enclave()

    def console(self):
        return self.node.console("enclave").decode(errors="replace").replace("\r", "")

    def assert_said(self, *lines):
        said = self.console().split("\n")
        for line in lines:
            self.assertIn(line, said, self.console())

    def assert_ends(self, pattern, **image_arguments):
        """That an enclave of this image says `pattern` (a regular expression) and ends."""
        self.node.stop_enclave()
        image.build(self.enclave_kernel, self.node.eif, **image_arguments)
        self.node.start_enclave()
        deadline = time.monotonic() + BOOT_S
        while not self.node.enclave_has_ended():
            self.assertLess(time.monotonic(), deadline, self.console())
            time.sleep(0.05)
        self.assertRegex(self.console(), pattern)
