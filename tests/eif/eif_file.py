"""A second opinion on Enclave Image Files: writes one, and computes its PCRs, with hashlib and struct alone.

Format 4 as AWS's aws-nitro-enclaves-image-format has it: a header of 548 bytes, then sections, each a header of 12
bytes and its data; big-endian. Shares no code with lib/eif.
"""

import hashlib
import json
import struct
import zlib

KERNEL, CMDLINE, RAMDISK, SIGNATURE, METADATA = 1, 2, 3, 4, 5
_MAGIC = b".eif"
_VERSION = 4
_MAX_SECTIONS = 32
_HEADER_BYTES = 548
_DEFAULT_MEMORY = 1 << 30
_DEFAULT_CPUS = 2


def _section(kind, data):
    return struct.pack(">HHQ", kind, 0, len(data)) + data


def write(kernel, cmdline, ramdisks, metadata=None):
    """The bytes of an EIF: kernel, cmdline (text), metadata (JSON), ramdisks."""
    return assemble([(KERNEL, kernel), (CMDLINE, cmdline.strip().encode()),
                     (METADATA, json.dumps(metadata or _metadata()).encode()),
                     *((RAMDISK, ramdisk) for ramdisk in ramdisks)])


def assemble(contents):
    """The bytes of an EIF of these sections, [(type, data)] in the order of the file."""
    offsets, sizes, body, at = [], [], [], _HEADER_BYTES
    for kind, data in contents:
        offsets.append(at)
        sizes.append(len(data))
        body.append(_section(kind, data))
        at += len(body[-1])
    empty = [0] * (_MAX_SECTIONS - len(contents))
    header = _MAGIC + struct.pack(f">HHQQHH{_MAX_SECTIONS}Q{_MAX_SECTIONS}QI", _VERSION, 0, _DEFAULT_MEMORY,
                                  _DEFAULT_CPUS, 0, len(contents), *offsets, *empty, *sizes, *empty, 0)
    whole = b"".join(body)
    return header + struct.pack(">I", zlib.crc32(whole, zlib.crc32(header))) + whole


def _metadata():
    return {"ImageName": "test", "ImageVersion": "1",
            "BuildMetadata": {"BuildTime": "1970-01-01T00:00:00Z", "BuildTool": "eif_file.py",
                              "BuildToolVersion": "1", "OperatingSystem": "Linux", "KernelVersion": "test"},
            "DockerInfo": {}, "CustomMetadata": {}}


def sections(eif):
    """[(type, data)] in file order, by walking the file and not its table of offsets."""
    found, at = [], _HEADER_BYTES
    while at < len(eif):
        kind, _, size = struct.unpack_from(">HHQ", eif, at)
        found.append((kind, eif[at + 12:at + 12 + size]))
        at += 12 + size
    return found


def _extend(parts):
    digest = hashlib.sha384(b"".join(parts)).digest()
    return hashlib.sha384(bytes(48) + digest).hexdigest()


def pcrs(eif):
    """{0: hex, 1: hex, 2: hex} of an EIF: PCR0 the image, PCR1 kernel and boot ramdisk, PCR2 the application."""
    found = sections(eif)
    ramdisks = [data for kind, data in found if kind == RAMDISK]
    system = [data for kind, data in found if kind in (KERNEL, CMDLINE)]
    return {0: _extend(data for kind, data in found if kind in (KERNEL, CMDLINE, RAMDISK)),
            1: _extend(system + ramdisks[:1]), 2: _extend(ramdisks[1:])}
