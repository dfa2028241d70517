"""Container images for the tests of `eif build`, made here with tarfile, gzip and hashlib: an OCI layout, and what
`docker save` writes."""

import gzip
import hashlib
import io
import json
import tarfile

LAYER = "application/vnd.oci.image.layer.v1.tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
REFERENCE = "org.opencontainers.image.ref.name"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(name, data=None, kind=tarfile.REGTYPE, mode=0o644, link="", **more):
    """(TarInfo, data) of a file, or of whatever `kind` is."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname = kind, mode, link
    info.size = len(data or b"")
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def directory(name, mode=0o755, **more):
    return entry(name, kind=tarfile.DIRTYPE, mode=mode, **more)


def symlink(name, target):
    return entry(name, kind=tarfile.SYMTYPE, mode=0o777, link=target)


def hardlink(name, target):
    return entry(name, kind=tarfile.LNKTYPE, link=target)


def layer(*entries, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for info, data in entries:
            archive.addfile(info, None if data is None else io.BytesIO(data))
    return out.getvalue()


def config(layers, **run):
    return json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/a"], **run},
                       "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in layers]}}).encode()


class OciLayout:
    """A layout that is written blob by blob; tests break what they like before write_index()."""

    def __init__(self, folder):
        self.folder = folder
        self.manifests = []
        (folder / "blobs/sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data, media_type):
        name = digest(data)
        self.path(name).write_bytes(data)
        return {"mediaType": media_type, "digest": name, "size": len(data)}

    def path(self, name):
        return self.folder / "blobs" / name.replace(":", "/")

    def add_image(self, layers, compress=None, tag=None, platform=None, configuration=None, **run):
        """Adds an image of these layers (tar, the lowest first) to the index; returns its manifest's descriptor."""
        compress, suffix = compress or (lambda data: data), ""
        if compress is gzip.compress:
            suffix = "+gzip"
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.blob(configuration or config(layers, **run), CONFIG),
                    "layers": [self.blob(compress(data), LAYER + suffix) for data in layers]}
        descriptor = self.blob(json.dumps(manifest).encode(), MANIFEST)
        if tag:
            descriptor["annotations"] = {REFERENCE: tag}
        if platform:
            descriptor["platform"] = dict(zip(("os", "architecture"), platform.split("/")))
        self.manifests.append(descriptor)
        return descriptor

    def write_index(self):
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.manifests}))
        return self.folder


def docker_archive(layers, tags=("name:tag",), names=None, extra=(), **run):
    """The bytes of a `docker save` of one image."""
    names = names or [f"{i}/layer.tar" for i in range(len(layers))]
    configuration = config(layers, **run)
    manifest = [{"Config": "config.json", "RepoTags": list(tags), "Layers": names}]
    return layer(entry("config.json", configuration), *(entry(n, d) for n, d in zip(names, layers) if d is not None),
                 *extra, entry("manifest.json", json.dumps(manifest).encode()))
