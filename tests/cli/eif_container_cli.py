"""nitro-enc eif build from container images: an OCI layout and a docker-archive, good ones and hostile ones."""

import gzip
import json
import shutil
import stat
import subprocess
import tarfile
import unittest

from container_files import (INDEX, OciLayout, config, digest, directory, docker_archive, entry, hardlink, layer,
                             symlink)
from eif_case import EifBuildCase

PROGRAM = entry("bin/a", b"program", mode=0o755)


class ContainerCase(EifBuildCase):
    count = 0

    def layout(self, *layers, **more):
        type(self).count += 1
        layout = OciLayout(self.directory / f"layout{self.count}")
        layout.add_image(list(layers), **more)
        return layout.write_index()

    def image(self, *layers, **more):
        """{path below rootfs: CpioFile} of an image of these layers."""
        files = self.files("--oci-layout", self.layout(*layers, **more))
        return {name.removeprefix("rootfs/"): file for name, file in files.items() if name.startswith("rootfs/")}

    def refused_image(self, *layers, **more):
        return self.refused_build("--oci-layout", self.layout(*layers, **more))


class Layers(ContainerCase):
    MOUNT_POINTS = {"dev", "proc", "run", "sys", "tmp", "var"}

    def names(self, *layers):
        return set(self.image(*layers)) - self.MOUNT_POINTS

    def test_owners_modes_and_kinds_are_kept_and_times_are_not(self):
        files = self.image(layer(
            directory("./", 0o711, uid=3), PROGRAM, entry("bin/su", b"s", mode=0o4755, uid=5, gid=6, mtime=99),
            directory("tmp", 0o1777), symlink("up", "../../etc/passwd"), symlink("abs", "/etc/passwd"),
            entry("null", kind=tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3), entry("pipe", kind=tarfile.FIFOTYPE),
            entry("x" * 90 + "/" + "y" * 200, b"long"), entry("\u00fc", b"")))
        self.assertEqual((files["bin/su"].permissions, files["bin/su"].uid, files["bin/su"].gid), (0o4755, 5, 6))
        self.assertEqual(files["tmp"].permissions, 0o1777)
        self.assertEqual([files[name].data for name in ("up", "abs")], [b"../../etc/passwd", b"/etc/passwd"])
        self.assertTrue(stat.S_ISCHR(files["null"].mode) and (files["null"].major, files["null"].minor) == (1, 3))
        self.assertTrue(stat.S_ISFIFO(files["pipe"].mode))
        self.assertEqual(files["x" * 90 + "/" + "y" * 200].data, b"long")
        self.assertIn("\u00fc", files)
        self.assertEqual({file.time for file in files.values()}, {0})

    def test_forms_of_tar_and_compression_are_one(self):
        entries = (PROGRAM, entry("d/" * 60 + "n" * 120, b"x"), symlink("l", "t" * 150), entry("r\u00e9", b"1"))
        plain = self.files("--oci-layout", self.layout(layer(*entries)))
        content = {name: file.data for name, file in plain.items()}
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            for compress in (None, gzip.compress):
                again = self.files("--oci-layout", self.layout(layer(*entries, form=form), compress=compress))
                self.assertEqual({name: file.data for name, file in again.items()}, content)

    @unittest.skipUnless(shutil.which("zstd"), "there is no zstd")
    def test_zstd(self):
        data = layer(PROGRAM)
        layout = OciLayout(self.directory / "z")
        layout.add_image([data], compress=lambda d: subprocess.run(["zstd", "-c"], input=d, capture_output=True, check=True).stdout)
        self.assertIn("rootfs/bin/a", self.files("--oci-layout", layout.write_index()))

    def test_upper_layers_hide_and_replace(self):
        lower = layer(PROGRAM, entry("d/one", b"1"), entry("d/two", b"2"), entry("e/x", b"x"), symlink("s", "d"),
                      entry("f", b"lower"))
        self.assertEqual(self.names(lower, layer(entry("d/.wh.one"), entry("f", b"upper"))),
                         {"bin", "bin/a", "d", "d/two", "e", "e/x", "s", "f"})
        self.assertEqual(self.names(lower, layer(entry("d/.wh..wh..opq"), entry("d/three", b""), entry(".wh.e"))),
                         {"bin", "bin/a", "d", "d/three", "s", "f"})
        files = self.image(lower, layer(directory("s"), entry("s/in", b""), entry("d", b"file")))
        self.assertTrue(stat.S_ISDIR(files["s"].mode) and stat.S_ISREG(files["d"].mode))
        self.assertNotIn("d/one", files)

    def test_a_whiteout_concerns_the_layers_below_alone_wherever_it_stands(self):
        lower = layer(PROGRAM, entry("d/x", b"old"))
        for entries in ((entry("d/x", b"new"), entry("d/.wh.x")), (entry("d/.wh.x"), entry("d/x", b"new")),
                        (entry("d/x", b"new"), entry("d/.wh..wh..opq"))):
            self.assertEqual(self.image(lower, layer(*entries))["d/x"].data, b"new")
        self.assertNotIn(".wh.x", {name.split("/")[-1] for name in self.image(lower, layer(entry("d/.wh.x")))})
        self.image(lower, layer(entry("none/.wh.x"), entry(".wh..wh.plnk/1"), entry(".wh..wh.aufs")))

    def test_a_symlink_that_becomes_a_directory_may_be_opaque(self):
        lower = layer(PROGRAM, entry("lib64/x", b"x"), symlink("lib", "lib64"))
        names = self.names(lower, layer(directory("lib"), entry("lib/.wh..wh..opq"), entry("lib/y", b"")))
        self.assertEqual(names, {"bin", "bin/a", "lib64", "lib64/x", "lib", "lib/y"})

    def test_hardlinks_are_one_file_and_a_replaced_name_is_another(self):
        lower = layer(PROGRAM, hardlink("bin/b", "bin/a"), hardlink("/bin/c", "./bin/a"))
        files = self.image(lower)
        self.assertEqual({files[name].inode for name in ("bin/a", "bin/b", "bin/c")}, {files["bin/a"].inode})
        self.assertEqual((files["bin/a"].links, files["bin/c"].data), (3, b"program"))
        files = self.image(lower, layer(entry("bin/b", b"other")))
        self.assertEqual((files["bin/a"].links, files["bin/b"].data, files["bin/c"].data), (2, b"other", b"program"))
        files = self.image(lower, layer(entry("bin/.wh.a")))
        self.assertEqual(files["bin/b"].data, b"program")


class HostileLayers(ContainerCase):
    """Each is refused with the name of its entry, and nothing is written."""

    def assert_refused(self, reason, *entries, below=()):
        layers = [layer(PROGRAM, *below), layer(*entries)]
        err = self.refused_image(*layers)
        self.assertIn(reason, err)
        self.assertIn("layer 2", err)
        return err

    def test_names_that_lead_out(self):
        outside = self.directory / "outside"
        for name in ("../outside", "a/../../outside", "/../outside", "a/.."):
            self.assert_refused("a name leads upwards", entry(name, b"x"))
        self.assertIn("etc/passwd", self.image(layer(PROGRAM, entry("//etc//./passwd", b""))))
        self.assert_refused("a name leads upwards", hardlink("x", "../../etc/passwd"))
        self.assert_refused("a name leads upwards", entry("../.wh.x"))
        self.assertFalse(outside.exists())

    def test_names_that_lead_through_a_symlink(self):
        for target in ("/", "../../..", "bin", "/etc"):
            err = self.assert_refused("leads through a symlink", symlink("s", target), entry("s/x", b"y"))
            self.assertIn("layer 2: s/x: ", err)
            self.assert_refused("leads through a symlink", entry("s/d/x", b"y"), below=[symlink("s", target)])
        self.assert_refused("leads through what is no directory", entry("bin/a/x", b"y"))
        self.assert_refused("leads through what is no directory", entry("s/.wh.a"), below=[symlink("s", "bin")])
        self.assert_refused("leads through a symlink", entry("s/d/.wh.a"), below=[symlink("s", "bin")])

    def test_hardlinks_to_nothing_to_themselves_and_in_circles(self):
        for entries in ([hardlink("x", "none")], [hardlink("x", "x")], [hardlink("x", "y"), hardlink("y", "x")],
                        [hardlink("x", "s/a")], [hardlink("x", "later"), entry("later", b"")]):
            self.assert_refused("a hardlink's target is not there", *entries, below=[symlink("s", "bin")])
        self.assert_refused("a hardlink's target is a directory", hardlink("x", "bin"))
        self.assert_refused("a hardlink leads to itself", hardlink("bin/a", "bin/a"))

    def test_whiteouts_without_a_name(self):
        for name in (".wh.", "bin/.wh..", "bin/.wh..."):
            self.assert_refused("a whiteout has no name", entry(name))

    def test_names_that_are_too_long(self):
        for name in ("n" * 256, "d/" * 201 + "x", ("n" * 200 + "/") * 20 + "x"):
            self.assert_refused("a name is too long", entry(name, b""))
        self.assert_refused("target is too long", symlink("s", "t" * 4096))

    def test_terminals_are_not_spoken_to(self):
        err = self.assert_refused("leads upwards", entry("\x1b[2J/../..", b""))
        self.assertIn("\\x1b[2J", err)

    def test_archives_that_are_broken(self):
        good = layer(PROGRAM, entry("x", b"y" * 2000))
        for bad in (good[:700], good[:-10240 + 513] + b"x", good[:100] + b"\xff" + good[101:], b"x" * 512, good + b"x"):
            self.refused_image(layer(PROGRAM), bad)
        for kind in (b"S", b"V", b"Z"):
            self.assert_refused("", (entry("x")[0], None), (entry("y", kind=kind)[0], None))


class OciLayouts(ContainerCase):
    def test_digests_and_sizes_are_checked(self):
        for broken in ("manifest", "config", "layer"):
            layout = OciLayout(self.directory / broken)
            manifest = json.loads(layout.path(layout.add_image([layer(PROGRAM)])["digest"]).read_bytes())
            name = {"manifest": layout.manifests[0]["digest"], "config": manifest["config"]["digest"],
                    "layer": manifest["layers"][0]["digest"]}[broken]
            data = layout.path(name).read_bytes()
            folder = layout.write_index()
            for other in (data[:-1], data + b" ", data[:-1] + bytes([data[-1] ^ 1])):
                layout.path(name).write_bytes(other)
                self.assertIn(name, self.refused_build("--oci-layout", folder))
            layout.path(name).unlink()
            self.assertIn("there is no such file", self.refused_build("--oci-layout", folder))

    def test_layers_are_those_of_the_configuration(self):
        data = layer(PROGRAM)
        for diff_ids in ([layer(entry("x"))], [], [data, data]):
            self.refused_image(data, configuration=config(diff_ids))

    def test_digests_lead_nowhere(self):
        for name in ("sha256:../../../etc/passwd", "sha256:" + "A" * 64, "sha512:" + "a" * 128, "", "sha256:" + "a" * 63 + "/"):
            layout = OciLayout(self.directory / f"x{len(name)}{name[7:8].isupper()}")
            layout.manifests.append({"mediaType": "x", "digest": name, "size": 2})
            self.assertIn("a digest is not", self.refused_build("--oci-layout", layout.write_index()))

    def test_picks_the_tag_and_the_platform(self):
        layout = OciLayout(self.directory / "many")
        images = {name: layer(PROGRAM, entry(name, b"")) for name in ("one", "two", "arm")}
        layout.add_image([images["one"]], tag="v1")
        layout.add_image([images["two"]], tag="registry.example/svc:v2")
        layout.write_index()
        self.assertIn("there are several images", self.refused_build("--oci-layout", layout.folder))
        self.assertIn("no such image", self.refused_build("--oci-layout", f"{layout.folder}:v3"))
        self.assertIn("rootfs/one", self.files("--oci-layout", f"{layout.folder}:v1"))
        self.assertIn("rootfs/two", self.files("--docker-uri", f"oci:{layout.folder}:v2"))
        described = self.run_json("eif", "describe", self.eif)
        self.assertEqual((described["ImageName"], described["ImageVersion"]), ("registry.example/svc", "v2"))
        nested = OciLayout(self.directory / "nested")
        manifests = [nested.add_image([images["arm"]], platform="linux/arm64"),
                     nested.add_image([images["one"]], platform="linux/amd64"),
                     nested.add_image([images["arm"]], platform="unknown/unknown")]
        index = nested.blob(json.dumps({"schemaVersion": 2, "manifests": manifests}).encode(), INDEX)
        nested.manifests = [index]
        self.assertIn("rootfs/one", self.files("--oci-layout", nested.write_index()))

    def test_refuses_another_platform_and_what_is_no_layout(self):
        data = layer(PROGRAM)
        other = json.loads(config([data]))
        for key, value in (("architecture", "arm64"), ("os", "windows")):
            self.assertIn("not for linux/amd64",
                          self.refused_image(data, configuration=json.dumps({**other, key: value}).encode()))
        folder = self.layout(data)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"2.0.0"}')
        self.refused_build("--oci-layout", folder)
        shutil.rmtree(folder / "blobs")
        (folder / "oci-layout").unlink()
        self.refused_build("--oci-layout", folder)

    def test_indexes_within_indexes_end(self):
        layout = OciLayout(self.directory / "deep")
        descriptor = layout.add_image([layer(PROGRAM)])
        for _ in range(6):
            descriptor = layout.blob(json.dumps({"manifests": [descriptor]}).encode(), INDEX)
        layout.manifests = [descriptor]
        self.assertIn("nested too deeply", self.refused_build("--oci-layout", layout.write_index()))


class DockerArchives(ContainerCase):
    def archive(self, data):
        path = self.directory / "image.tar"
        path.write_bytes(data)
        return path

    def test_is_the_image_that_its_layers_are(self):
        layers = [layer(PROGRAM, entry("d/x", b"")), layer(entry("d/.wh.x"))]
        run = {"Entrypoint": ["/bin/a"], "Cmd": ["b"], "Env": ["A=1"], "User": "5", "WorkingDir": "/d"}
        expected = self.build("--oci-layout", self.layout(*layers, **run))
        for archive in (docker_archive(layers, **run), gzip.compress(docker_archive(layers, **run))):
            path = self.archive(archive)
            sections = self.build("--docker-archive", path)
            self.assertEqual([s for s in sections if s[0] != 5], [s for s in expected if s[0] != 5])
            self.assertEqual(self.build("--docker-uri", f"docker-archive:{path}"), sections)
        described = self.run_json("eif", "describe", self.eif)
        self.assertEqual((described["ImageName"], described["ImageVersion"]), ("name", "tag"))
        info = described["Metadata"]["DockerInfo"]
        self.assertEqual((info["Config"]["Env"], info["Architecture"]), (["A=1"], "amd64"))
        self.assertEqual(info["Id"], digest(config(layers, **run)))

    def test_a_layer_may_be_a_symlink_to_one_beside_it(self):
        data = layer(PROGRAM)
        shared = docker_archive([data, data], names=["one/layer.tar", "two/layer.tar"],
                                extra=[symlink("two/layer.tar", "../one/layer.tar")])
        self.build("--docker-archive", self.archive(shared))
        for target in ("../../etc/passwd", "/etc/passwd", "layer.tar", "../none", "../one"):
            bad = docker_archive([data], names=["two/layer.tar"], extra=[symlink("two/layer.tar", target)])
            self.assertIn("no such file", self.refused_build("--docker-archive", self.archive(bad)))

    def test_refuses_what_is_no_archive_of_one_image(self):
        data = layer(PROGRAM)
        good = docker_archive([data])
        two = layer(entry("manifest.json", b'[{"Config":"c","Layers":[]},{"Config":"c","Layers":[]}]'))
        for bad in (b"", b"x", good[:-11000], gzip.compress(good)[:-100], layer(), two,
                    layer(entry("manifest.json", b"{}")), layer(entry("manifest.json", b"[]")),
                    layer(entry("manifest.json", b'[{"Config":"../x","Layers":[]}]')),
                    docker_archive([data], names=["../../etc/passwd"])):
            self.refused_build("--docker-archive", self.archive(bad))
        self.refused_build("--docker-archive", self.directory / "none")
