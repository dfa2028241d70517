"""What the end-to-end tests share: a running enclave-dev a class, and the shape of an error."""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "devkit"))

from canaries import Recorder, Watch
from enclave_process import EnclaveProcess  # found by the line above

BINARY = pathlib.Path(os.environ.get("ENCLAVE_DEV", ROOT / "build/release/bin/enclave-dev"))
SCHEMAS = sorted((ROOT / "testdata/schemas").iterdir())


def document(name):
    return (ROOT / f"testdata/documents/{name}.json").read_bytes()


class WatchedProcess(EnclaveProcess):
    """An enclave-dev whose clients tell `watch` what they send. It exports to `recorder`, which the caller stops, if
    its settings do not say otherwise."""

    def __init__(self, *arguments, settings=None, **options):
        self.watch, self.recorder = Watch(), Recorder()
        super().__init__(*arguments, settings={**self.recorder.settings(), **(settings or {})}, **options)

    def terminate(self, timeout_s=20):
        self.watch.note_keys(self.key_dir)
        status = super().terminate(timeout_s)
        self.watch.check("log", self.log_file.read_bytes())
        self.watch.check("exports", self.recorder.all())
        return status


class EnclaveCase(unittest.TestCase):
    """Starts the process before the class and asks for a clean end after it. A subclass sets SETTINGS."""

    SETTINGS = {}
    enclave = None

    @classmethod
    def make_enclave(cls, **options):
        """A process that is not started yet; it is ended and its directory removed with the class or test."""
        home = tempfile.mkdtemp(prefix="nitro-enc-e2e-")
        cls.addClassCleanup(shutil.rmtree, home, ignore_errors=True)
        return cls.watched(WatchedProcess(BINARY, pathlib.Path(home) / "enclave", SCHEMAS, **options))

    @classmethod
    def watched(cls, enclave):
        cls.addClassCleanup(enclave.recorder.stop)
        cls.addClassCleanup(lambda: enclave.ingress and enclave.ingress.stop())  # of a process that ended by itself
        return enclave

    @classmethod
    def setUpClass(cls):
        cls.enclave = cls.make_enclave(settings=cls.SETTINGS)
        try:
            cls.enclave.start()
        except BaseException:
            if cls.enclave.process:
                cls.enclave.terminate()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            cls.enclave.watch.check_memory(cls.enclave.process.pid)
        finally:
            status = cls.enclave.terminate()
        if status != 0:
            raise AssertionError(f"enclave-dev ended with status {status}\n{cls.enclave.log_tail()}")

    def start(self, **options):
        """A process of this test alone, started and ready; ended with the test, if it does not end it itself."""
        enclave = self.make_enclave(**options)
        self.addCleanup(self.end, enclave)
        return enclave.start()

    @staticmethod
    def end(enclave):
        """Of a process whose clients have gone: what they sent has gone as well."""
        if enclave.process is None:
            return
        try:
            if enclave.process.poll() is None:
                enclave.watch.check_memory(enclave.process.pid)
        finally:
            enclave.terminate()

    def assert_problem(self, answer, status, code):
        """RFC 9457, with the code of CONTRACTS section 2, and nothing else but the path where there is one."""
        self.assertEqual((answer.status, answer.body[:200]), (status, answer.body[:200]))
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        problem = answer.json()
        self.assertEqual((problem["type"], problem["status"], problem["code"]), ("about:blank", status, code))
        self.assertTrue(problem["title"])
        self.assertLessEqual(set(problem), {"type", "title", "status", "code", "path"})
        self.assertEqual("path" in problem, code in ("token_rejected", "undeclared_key"))
        if status in (429, 503):
            self.assertGreater(int(answer.headers["retry-after"]), 0)
