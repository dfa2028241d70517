#!/usr/bin/env python3
"""Boots images in QEMU's nitro-enclave machine beside a parent: what PID 1 does, and what a program finds. NES_BIN is
the folder of the programs. Without the QEMU tools: says so, and exits as skipped."""

import re
import time
import unittest

import image
import eif_file
import qemu_node
from node_case import BOOT_S, PROBE, NodeCase, folder_for

NET_BIND_SERVICE = f"{1 << 10:016x}"


def probe_image(**more):
    return {"command": ["/bin/boot-probe", "two  words", ""], "environment": ["A=1", "B=x=y z", "PATH=/bin"],
            "files": {"bin/boot-probe": (PROBE(), 0o755), "srv/data": b"x"}, **more}


class ProgramOfRoot(NodeCase):
    """An image that names no user."""

    @classmethod
    def make_image(cls):
        return probe_image()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.node.wait_for_console("enclave", b"probe: (listens|does not listen)", BOOT_S)

    def test_the_pcrs_of_its_nsm_are_those_computed_from_the_file(self):
        expected = eif_file.pcrs(self.eif)
        self.assertEqual(len(set(expected.values())), 3)
        self.assert_said(*(f"probe: PCR{index} {value}" for index, value in expected.items()))

    def test_gets_its_arguments_and_environment_and_nothing_else(self):
        self.assert_said("probe: argument 0 [/bin/boot-probe]", "probe: argument 1 [two  words]",
                         "probe: argument 2 []", "probe: directory [/]")
        self.assertEqual(re.findall(r"probe: environment \[(.*)\]", self.console()), ["A=1", "B=x=y z", "PATH=/bin"])

    def test_is_root_and_cannot_become_more(self):
        self.assert_said("probe: Uid:\t0\t0\t0\t0", "probe: NoNewPrivs:\t1", "probe: low port bound",
                         "probe: nsm open", "probe: memlock unlimited", "probe: core 0")

    def test_finds_its_file_systems(self):
        mounts = dict(re.findall(r"probe: mount \S+ (\S+) (\S+ \S+)", self.console()))
        for target, kind in (("/dev", "devtmpfs"), ("/proc", "proc"), ("/sys", "sysfs"), ("/dev/pts", "devpts"),
                             ("/dev/shm", "tmpfs"), ("/run", "tmpfs"), ("/tmp", "tmpfs")):
            self.assertTrue(mounts.get(target, "").startswith(kind + " "), f"{target}: {mounts}")
            self.assertIn("nosuid", mounts[target])

    def test_does_not_find_what_the_image_was_told_by(self):
        self.assert_said("probe: cmd and env are gone")

    def test_the_clock_is_right(self):
        said = int(re.search(r"probe: time (\d+)", self.console()).group(1))
        self.assertLess(abs(said - time.time()), BOOT_S + 60)

    def test_answers_on_vsock(self):
        with self.node.connect_to_enclave(5000) as peer:
            peer.sendall(b"hello")
            self.assertEqual(peer.recv(5), b"hello")

    def test_the_parent_has_seen_its_heartbeat(self):
        self.node.wait_for_console("parent", b"parent-init: heartbeat 0xB7", BOOT_S)
        self.assertNotIn("heartbeat", self.console())


class ProgramOfAUser(NodeCase):
    """An image with USER and WORKDIR; the program is found on the PATH."""

    @classmethod
    def make_image(cls):
        return probe_image(command=["boot-probe"], user="10001:10002", directory="/srv")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.node.wait_for_console("enclave", b"probe: (listens|does not listen)", BOOT_S)

    def test_has_its_ids_and_no_other_group(self):
        self.assert_said("probe: Uid:\t10001\t10001\t10001\t10001", "probe: Gid:\t10002\t10002\t10002\t10002",
                         "probe: directory [/srv]")
        self.assertRegex(self.console(), r"probe: Groups:\s*\n")

    def test_has_what_the_service_needs_and_no_other_capability(self):
        self.assert_said(*(f"probe: {name}:\t{NET_BIND_SERVICE}" for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")),
                         "probe: low port bound", "probe: nsm open", "probe: memlock unlimited",
                         "probe: NoNewPrivs:\t1")


class ImageOfNitroEnc(ProgramOfAUser):
    """What `nitro-enc eif build` makes of a container image: its user has a name, its program a second one."""

    BUILD = staticmethod(image.build_by_nitro_enc)

    @classmethod
    def make_image(cls):
        return {"command": ["probe", "two  words"], "environment": ["A=1", "PATH=/bin"], "user": "svc:staff",
                "directory": "/srv", "files": {
                    "bin/boot-probe": (PROBE(), 0o755), "bin/probe": "bin/boot-probe", "srv/data": (b"x", 0o644),
                    "etc/passwd": (b"root:x:0:0::/:\nsvc:x:10001:5::/:\n", 0o644),
                    "etc/group": (b"staff:x:10002:\n", 0o644)}}

    def test_the_pcrs_of_its_nsm_are_those_that_nitro_enc_printed(self):
        self.assert_said(*(f"probe: PCR{index} {value}" for index, value in eif_file.pcrs(self.eif).items()))

    def test_gets_its_arguments(self):
        self.assert_said("probe: argument 0 [probe]", "probe: argument 1 [two  words]")


class ImageThatMustNotRun(NodeCase):
    """What is wrong is named, and the enclave ends."""

    def assert_refused(self, pattern, **changes):
        self.assert_ends(pattern, **probe_image(**changes))
        self.assertNotIn("probe:", self.console())

    def test_program_that_ends_ends_the_enclave(self):
        self.assert_ends("enclave-init: program: ended with status 3",
                         **probe_image(command=["/bin/boot-probe", "exit", "3"]))

    def test_without_a_program(self):
        self.assert_refused("enclave-init: image: the image has no file cmd", command=None)
        self.assert_refused(r"enclave-init: image: there is no program to run \(at 1\)", command=[])

    def test_with_a_user_that_is_no_number(self):
        self.assert_refused("enclave-init: image: not UID:GID", user="enclave-svc")

    def test_with_a_program_that_is_not_there(self):
        self.assert_refused("enclave-init: program: the program cannot be executed \\(errno 2\\)\n"
                            "enclave-init: program: ended with status 127", command=["/bin/nothing"])

    def test_with_a_directory_that_is_not_there(self):
        self.assert_refused(r"the working directory cannot be entered \(errno 2\)", directory="/nowhere")

    def test_with_a_switch_that_means_nothing(self):
        self.assert_refused("enclave-init: lo: ENCLAVE_INIT_LO is neither 1 nor unset",
                            environment=["ENCLAVE_INIT_LO=yes"])


class MachineWithoutANsm(unittest.TestCase):
    """The parent's machine has none."""

    def test_nothing_runs(self):
        folder = folder_for(type(self))
        ramdisks = image.boot_ramdisk() + image.image_ramdisk(**probe_image())
        node = qemu_node.QemuNode(folder, qemu_node.tools(), folder / "none.eif", image.kernels()[0], ramdisks)
        self.addCleanup(node.stop)
        node.start_vsock()
        node.start_parent()
        node.wait_for_console("parent", rb"enclave-init: nsm: there is no Nitro Secure Module.*errno 2", BOOT_S)
        node.processes["parent"].wait(BOOT_S)
        self.assertNotIn(b"probe:", node.console("parent"))


if __name__ == "__main__":
    qemu_node.exit_without_tools()
    unittest.main()
