"""nitro-enc eif build from a directory: what is in the image, and that it is the same bytes every time."""

import contextlib
import json
import os
import resource
import shutil
import stat
import struct
import subprocess
import time
import unittest

from cli_case import NITRO_ENC, USAGE
from eif_case import EifBuildCase, cpio_files, eif_file


class BuildFromADirectory(EifBuildCase):
    def build_root(self, root, *words):
        return self.files("--rootfs", root, "--cmd", "/bin/a", *words)

    def test_sections_are_those_of_the_format_in_its_order(self):
        sections = self.build("--rootfs", self.rootfs(), "--cmd", "/bin/a")
        self.assertEqual([kind for kind, _ in sections],
                         [eif_file.KERNEL, eif_file.CMDLINE, eif_file.METADATA, eif_file.RAMDISK, eif_file.RAMDISK])
        self.assertEqual(sections[0][1], (self.blobs / "bzImage").read_bytes())
        self.assertEqual(sections[1][1], self.CMDLINE.encode())
        boot = cpio_files(sections[3][1])
        self.assertEqual(list(boot), ["dev", "init"])
        self.assertEqual((boot["init"].data, boot["init"].permissions), (b"init" * 100, 0o755))
        self.assertTrue(stat.S_ISDIR(boot["dev"].mode))

    def test_blobs_of_aws_bring_a_module_for_the_nsm(self):
        (self.blobs / "nsm.ko").write_bytes(b"module")
        for other in ("bzImage.config", "linuxkit"):
            (self.blobs / other).write_text("not read")
        sections = self.build("--rootfs", self.rootfs(), "--cmd", "/bin/a")
        self.assertEqual(cpio_files(sections[3][1])["nsm.ko"].data, b"module")

    def test_parts_may_be_named_one_by_one_and_found_by_the_environment(self):
        root, whole = self.rootfs(), self.build("--rootfs", self.rootfs("other"), "--cmd", "/bin/a")
        (self.blobs / "bzImage").rename(self.blobs / "kernel")
        self.assertEqual(self.build("--rootfs", root, "--cmd", "/bin/a"), whole)
        words = ("eif", "build", "--rootfs", root, "--cmd", "/bin/a", "--output-file", self.eif)
        self.run_cli(*words, "--kernel", self.blobs / "kernel", "--cmdline", self.blobs / "cmdline", "--init",
                     self.blobs / "init")
        self.assertEqual(eif_file.sections(self.eif.read_bytes()), whole)
        self.environment["NITRO_CLI_BLOBS"] = str(self.blobs)
        self.run_cli(*words)
        self.assertEqual(eif_file.sections(self.eif.read_bytes()), whole)
        (self.blobs / "init").unlink()
        self.assertIn("blobs/init: there is no such file", self.refused(*words))

    def test_says_what_to_run(self):
        files = self.files("--rootfs", self.rootfs(), "--cmd", "/bin/a", "--cmd", "two  words", "--cmd", "", "--env",
                           "A=1", "--env", "B=x=y", "--env", "A=2", "--user", "7:8", "--workdir", "/srv")
        texts = {name: files[name].data for name in ("cmd", "env", "user", "workdir")}
        self.assertEqual(texts, {"cmd": b"/bin/a\ntwo  words\n\n", "env": b"A=2\nB=x=y\n", "user": b"7:8\n",
                                 "workdir": b"/srv\n"})
        self.assertEqual({files[name].permissions for name in texts}, {0o644})

    def test_says_no_more_than_it_was_told(self):
        files = self.build_root(self.rootfs())
        self.assertEqual([name for name in files if not name.startswith("rootfs/")], ["cmd", "env", "rootfs"])
        self.assertEqual(files["env"].data, b"")

    def test_a_configuration_joins_entrypoint_and_cmd_as_docker_does(self):
        config = self.write("config.json", json.dumps({"config": {
            "Entrypoint": ["/bin/a", "-x"], "Cmd": ["y"], "Env": ["P=1"], "User": "web:staff", "WorkingDir": "srv"}}))
        root = self.rootfs()
        (root / "etc").mkdir()
        (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nbroken\nweb:x:10:20:::\n")
        (root / "etc/group").write_text("root:x:0:\nstaff:x:50:web\n")
        files = self.files("--rootfs", root, "--config", config)
        self.assertEqual([files[name].data for name in ("cmd", "env", "user", "workdir")],
                         [b"/bin/a\n-x\ny\n", b"P=1\n", b"10:50\n", b"/srv\n"])
        for user, ids in (("web", b"10:20\n"), ("10", b"10:20\n"), ("99", b"99:0\n"), ("99:staff", b"99:50\n"),
                          ("web:0", b"10:0\n"), ("0", b"0:0\n")):
            self.assertEqual(self.build_root(root, "--user", user)["user"].data, ids, user)
        for user in ("nobody", "web:nobody", ":5", "5:", "5:5:5", "-1", "4294967295", " 5", "5x"):
            self.assertIn(f"user {user}: ", self.refused_build("--rootfs", root, "--cmd", "/bin/a", "--user", user))

    def test_refuses_what_a_line_cannot_hold_and_what_is_no_command(self):
        root = self.rootfs()
        for words in (["--cmd", "a\nb"], ["--cmd", ""], [], ["--cmd", "a", "--env", "A=1\nB=2"], ["--cmd", "a", "--env", "A"],
                      ["--cmd", "a", "--env", "=1"], ["--cmd", "a", "--workdir", "/a\nb"]):
            self.refused_build("--rootfs", root, *words)

    def test_modes_and_owners_do_not_depend_on_who_built(self):
        root = self.rootfs()
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        for name, mode in (("data", 0o600), ("tool", 0o100), ("set", 0o4750)):
            (root / name).write_bytes(b"")
            (root / name).chmod(mode)
        (root / "up").symlink_to("../../../../etc/passwd")
        os.link(root / "data", root / "link")
        files = self.build_root(root)
        modes = {name.removeprefix("rootfs/"): file.permissions for name, file in files.items()}
        self.assertEqual([modes[name] for name in ("bin", "bin/a", "data", "tool", "set", "tmp", "link")],
                         [0o755, 0o755, 0o644, 0o755, 0o4755, 0o1777, 0o644])
        self.assertEqual({(file.uid, file.gid, file.time) for file in files.values()}, {(0, 0, 0)})
        self.assertEqual(files["rootfs/up"].data, b"../../../../etc/passwd")
        self.assertNotEqual(files["rootfs/link"].inode, files["rootfs/data"].inode)

    def test_an_init_finds_what_it_mounts_at(self):
        files = self.build_root(self.rootfs())
        self.assertEqual({name: files[f"rootfs/{name}"].permissions for name in ("dev", "proc", "run", "sys", "var", "tmp")},
                         {"dev": 0o755, "proc": 0o755, "run": 0o755, "sys": 0o755, "var": 0o755, "tmp": 0o1777})

    def test_refuses_what_is_no_file_and_no_directory(self):
        root = self.rootfs()
        os.mkfifo(root / "bin/pipe")
        self.assertIn("root: bin/pipe: neither a directory, a file nor a symlink",
                      self.refused_build("--rootfs", root, "--cmd", "a"))
        self.refused_build("--rootfs", root / "bin/a", "--cmd", "a")
        self.refused_build("--rootfs", root / "none", "--cmd", "a")

    def test_two_directories_two_users_two_clocks_one_file(self):
        """Another path, umask, owner, order of making, time zone, language and working directory."""
        def make(name, umask, names):
            old = os.umask(umask)
            try:
                root = self.directory / name
                root.mkdir()
                for file in names:
                    (root / file).parent.mkdir(exist_ok=True)
                    (root / file).write_text(file)
                    os.utime(root / file, (len(name), len(name)))
                (root / "link").symlink_to("bin/a")
                (root / "bin/a").chmod(0o755 & ~umask)
                return root
            finally:
                os.umask(old)
        names = ["bin/a", "etc/x", "etc/\u00fc", "z", "etc-x/y", "A"]
        first, second = make("first", 0o022, names), make("second", 0o077, names[::-1])
        blobs = self.directory / "other"
        subprocess.run(["cp", "-r", self.blobs, blobs], check=True)
        self.build("--rootfs", first, "--cmd", "/bin/a")
        out = self.directory / "out"
        out.mkdir()
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
        shutil.copy(NITRO_ENC, out / "nitro-enc")  # where every user may run it
        command = [out / "nitro-enc", "eif", "build", "--rootfs", ".", "--cmd", "/bin/a", "--blobs", blobs, "--output-file",
                   out / "b.eif"]
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "65534:65534", self.directory], check=True)
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
        time.sleep(1.1)
        subprocess.run(command, cwd=second, env=environment, umask=0o077, check=True, stdout=subprocess.DEVNULL)
        self.assertEqual((out / "b.eif").read_bytes(), self.eif.read_bytes())

    def test_metadata_says_what_it_was_told_and_no_pcr_covers_it(self):
        root = self.rootfs()
        header = bytearray(0x400)
        header[0x202:0x206], header[0x20E:0x210] = b"HdrS", struct.pack("<H", 0x100)
        header[0x300:0x310] = b"6.12.1-nes (me) "
        (self.blobs / "bzImage").write_bytes(header)
        plain = self.build("--rootfs", root, "--cmd", "/bin/a")
        described = self.run_json("eif", "describe", self.eif)
        self.assertEqual((described["ImageName"], described["ImageVersion"]), ("enclave", "latest"))
        self.assertEqual(described["Metadata"]["BuildTime"], "1970-01-01T00:00:00Z")
        self.assertEqual(described["Metadata"]["KernelVersion"], "6.12.1-nes")
        self.assertEqual(described["Metadata"]["BuildTool"], "nitro-enc")
        custom = self.write("custom.json", '{"a": [1, "\u00e9"]}\n')
        self.environment["SOURCE_DATE_EPOCH"] = "1767323045"
        told = self.build("--rootfs", root, "--cmd", "/bin/a", "--name", "svc", "--version", "1.2", "--metadata", custom)
        described = self.run_json("eif", "describe", self.eif)
        self.assertEqual((described["ImageName"], described["ImageVersion"]), ("svc", "1.2"))
        self.assertEqual(described["Metadata"]["BuildTime"], "2026-01-02T03:04:05Z")
        self.assertEqual(described["Metadata"]["CustomMetadata"], {"a": [1, "\u00e9"]})
        self.assertEqual([told[i] for i in (0, 1, 3, 4)], [plain[i] for i in (0, 1, 3, 4)])
        self.refused_build("--rootfs", root, "--cmd", "/bin/a", "--metadata", self.write("list.json", "[]"))
        self.environment["SOURCE_DATE_EPOCH"] = "today"
        self.refused("eif", "build", "--blobs", self.blobs, "--output-file", self.eif, "--rootfs", root, "--cmd", "a",
                     status=USAGE)

    def test_one_source_and_only_flags_that_mean_something(self):
        for words in ([], ["--rootfs", "a", "--oci-layout", "b"], ["--oci-layout", "a", "--cmd", "b"],
                      ["--docker-archive", "a", "--env", "A=1"], ["--rootfs", "a", "--private-key", "k"]):
            self.refused("eif", "build", "--blobs", self.blobs, "--output-file", self.eif, *words, status=USAGE)
        self.assertIn("no Docker daemon is asked", self.refused_build("--docker-uri", "registry/name:tag"))

    def test_says_what_it_is_at_to_a_terminal_alone(self):
        words = [NITRO_ENC, "eif", "build", "--blobs", self.blobs, "--output-file", self.eif, "--rootfs", self.rootfs()]

        def run(command, status):
            master, slave = os.openpty()
            done = subprocess.run([*words, *command], env=self.environment, stdout=subprocess.PIPE, stderr=slave, check=False)
            os.close(slave)
            said = b""
            with contextlib.suppress(OSError):  # EIO: all is read, and the other side is closed
                while piece := os.read(master, 10000):
                    said += piece
            os.close(master)
            self.assertEqual(done.returncode, status)
            return said
        said = run(["--cmd", "/bin/a"], 0)
        self.assertIn(b"\x1b[Kmeasuring\r", said)
        self.assertTrue(said.endswith(b"\x1b[K\r"))
        self.assertNotIn(b"\n", said)
        self.assertIn(b"\rnitro-enc: the image's command: ", run([], 1))
        self.assertEqual(self.run_cli(*words[1:], "--cmd", "/bin/a")[1], "")

    @unittest.skipIf(os.environ.get("NES_SANITIZED") == "1", "sanitizers take their time")
    def test_is_built_in_seconds(self):
        """Of the processor's time, because the machine does other things as well; an image of the size of ours."""
        root = self.rootfs()
        (root / "big").write_bytes(os.urandom(16 << 20))
        (self.blobs / "bzImage").write_bytes(os.urandom(8 << 20))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.build("--rootfs", root, "--cmd", "/bin/a")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 4)
