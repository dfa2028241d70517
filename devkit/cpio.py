"""Writes initramfs archives: `newc` cpio (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).

The same entries give the same bytes: owners are root, times are zero, inodes are counted.
"""

import stat

_TRAILER = "TRAILER!!!"


def _pad(data):
    return data + bytes(-len(data) % 4)


def _entry(inode, name, mode, data):
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    return _pad(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded) + _pad(data)


def archive(entries):
    """`entries` maps paths without a leading slash to None (a directory), bytes (a file, 0644), or a pair of bytes
    and permissions. Directories above a path are made where they are not there."""
    whole = {}
    for path, content in entries.items():
        parts = path.split("/")
        if not all(part not in ("", ".", "..") for part in parts):
            raise ValueError(f"{path!r} is no path of an archive")
        for depth in range(1, len(parts)):
            whole.setdefault("/".join(parts[:depth]), None)
        whole[path] = content
    out = []
    for inode, (path, content) in enumerate(whole.items(), 1):
        if content is None:
            out.append(_entry(inode, path, stat.S_IFDIR | 0o755, b""))
        else:
            data, permissions = content if isinstance(content, tuple) else (content, 0o644)
            out.append(_entry(inode, path, stat.S_IFREG | permissions, data))
    return b"".join(out) + _entry(0, _TRAILER, 0, b"")
