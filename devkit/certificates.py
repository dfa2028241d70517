"""A client CA and certificates under it, made with openssl(1), for the demo and the tests."""

import base64
import subprocess


def run(*arguments, text=""):
    subprocess.run(["openssl", *arguments], input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                   check=True)


class ClientAuthority:
    """A CA in `folder` (pathlib.Path, made if it is not there)."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
            "-subj", "/CN=client CA", "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", str(self.key), "-out", str(self.certificate))

    @property
    def base64(self):
        """As TLS_CLIENT_CA_B64 takes it."""
        return base64.b64encode(self.certificate.read_bytes()).decode()

    def issue(self, name, san, usage="clientAuth"):
        """(certificate, key) of a client (or with usage="serverAuth" a server) whose subject alternative name is `san`,
        such as DNS:a.example."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={san}", "-addext", f"extendedKeyUsage={usage}",
            "-addext", "keyUsage=critical,digitalSignature", "-keyout", str(key), "-out", str(request))
        run("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self.key),
            "-copy_extensions", "copyall", "-days", "90", "-out", str(certificate))
        return certificate, key
