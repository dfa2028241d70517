"""The sidecar on good days and bad ones."""

import resource
import signal
import socket
import subprocess
import threading
import time

from proxy_case import PROXY, TIMEOUT_S, Peer, ProxyCase, echo, free_port, health, receive_all


class Carrying(ProxyCase):
    def test_carries_bytes_and_each_end_by_itself(self):
        proxy = self.ingress(Peer(echo).port)
        client = self.client(proxy)
        sent = bytes(range(256)) * 20_000
        threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)), daemon=True).start()
        self.assertEqual(receive_all(client), sent)
        self.wait_until(lambda: self.metric(proxy, 'vsock_proxy_connections_open{mode="ingress"}') == 0)
        self.assertEqual(self.metric(proxy, 'vsock_proxy_bytes_total{mode="ingress",direction="out"}'), len(sent))
        self.assertEqual(self.metric(proxy, 'vsock_proxy_bytes_total{mode="ingress",direction="in"}'), len(sent))

    def test_reaches_an_enclave_behind_a_vsock_daemon(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        path = str(self.home / "v.sock")
        listener.bind(path)
        listener.listen()
        heard = []

        def daemon():
            connection, _ = listener.accept()
            heard.append(connection.recv(64))
            connection.sendall(b"OK 1073741824\nhello")
            connection.close()
        threading.Thread(target=daemon, daemon=True).start()
        proxy = self.start("ingress", "--listen-port", "0", "--enclave", f"uds:{path}:443", "--health",
                           "tcp:127.0.0.1:1", "--admin-port", "0")
        self.assertEqual(receive_all(self.client(proxy)), b"hello")
        self.assertEqual(heard, [b"CONNECT 443\n"])

    def test_2000_idle_connections_leave_room_for_one_that_works(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 8_000:  # each is two of this process's and two of the proxy's
            self.skipTest(f"no more than {hard} descriptors are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        proxy = self.ingress(Peer(echo).port)
        idle = [self.client(proxy) for _ in range(2_000)]
        self.wait_until(lambda: self.metric(proxy, 'vsock_proxy_connections_open{mode="ingress"}') == 2_000)
        client = self.client(proxy)
        client.sendall(b"still here")
        self.assertEqual(client.recv(64), b"still here")
        for connection in idle:
            connection.close()
        self.wait_until(lambda: self.metric(proxy, 'vsock_proxy_connections_open{mode="ingress"}') == 1)

    def test_a_slow_reader_holds_the_sender_and_little_memory(self):
        sent = []

        def flood(connection):
            connection.settimeout(2)
            try:
                while True:
                    sent.append(connection.send(b"x" * 65536))
            except OSError:
                pass
        proxy = self.ingress(Peer(flood).port)
        client = self.client(proxy)
        time.sleep(3)
        self.assertLess(sum(sent), 64 << 20, "the sender waits for the reader")
        with open(f"/proc/{proxy.pid}/status", encoding="ascii") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        self.assertLess(resident, 32 * 1024, "KiB")
        client.close()


class BadDays(ProxyCase):
    def test_a_connection_waits_for_an_enclave_that_is_away(self):
        port = free_port()
        proxy = self.ingress(port)
        client = self.client(proxy)
        client.sendall(b"early")
        time.sleep(0.5)
        Peer(echo, port)
        self.assertEqual(client.recv(64), b"early")

    def test_and_until_one_that_came_back_is_ready(self):
        ready, heard = [False], []

        def serve(connection):
            heard.append(connection.recv(64))
            connection.sendall(heard[-1])
            connection.close()
        enclave, node = free_port(), free_port()
        proxy = self.ingress(enclave, health_port=node)
        client = self.client(proxy)
        client.sendall(b"early")
        time.sleep(0.5)
        Peer(health(lambda: ready[0]), node)
        Peer(serve, enclave)
        client.settimeout(1.5)
        with self.assertRaises(TimeoutError):
            client.recv(64)
        self.assertNotIn(b"early", heard)
        ready[0] = True
        client.settimeout(TIMEOUT_S)
        self.assertEqual(client.recv(64), b"early")

    def test_and_not_for_ever(self):
        proxy = self.ingress(free_port(), "--connect-wait-secs", "1")
        client = self.client(proxy)
        begin = time.monotonic()
        self.assertEqual(receive_all(client), b"")
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(self.errors(proxy, "connect"), 1)

    def test_a_killed_enclave_costs_what_is_in_flight_and_resets_it(self):
        peer = Peer(lambda connection: (connection.recv(64), connection.sendall(b"half an ans"), time.sleep(30)))
        proxy = self.ingress(peer.port)
        client = self.client(proxy)
        client.sendall(b"x")
        self.assertEqual(client.recv(64), b"half an ans")
        peer.cut()
        with self.assertRaises(ConnectionResetError, msg="a cut answer does not look whole"):
            client.recv(64)
        self.assertEqual(self.errors(proxy, "reset"), 1)

    def test_a_client_that_goes_while_the_enclave_is_away_is_forgotten(self):
        proxy = self.ingress(free_port())
        client = self.client(proxy)
        self.wait_until(lambda: self.metric(proxy, 'vsock_proxy_connections_open{mode="ingress"}') == 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        self.wait_until(lambda: self.metric(proxy, 'vsock_proxy_connections_open{mode="ingress"}') == 0)

    def test_without_descriptors_accepting_rests_and_the_process_lives(self):
        peer = Peer(echo)
        proxy = self.ingress(peer.port)
        subprocess.run(["prlimit", "--nofile=40:40", "--pid", str(proxy.pid)], check=True)
        held = [self.client(proxy) for _ in range(60)]
        self.wait_until(lambda: '"accept_paused"' in proxy.log_file.read_text())
        for connection in held:
            connection.close()
        client = self.client(proxy)
        client.sendall(b"and on")
        self.assertEqual(client.recv(64), b"and on")
        self.assertGreaterEqual(self.errors(proxy, "accept"), 1)


class Operation(ProxyCase):
    def test_sigterm_finishes_what_runs_and_exits_0(self):
        proxy = self.ingress(Peer(echo).port)
        client = self.client(proxy)
        client.sendall(b"a")
        self.assertEqual(client.recv(8), b"a")
        proxy.process.send_signal(signal.SIGTERM)
        self.wait_until(lambda: '"draining"' in proxy.log_file.read_text())
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
        self.assertEqual(self.ask(proxy, "/readyz")[0], 503)
        self.assertEqual(self.ask(proxy, "/livez")[0], 200)
        client.sendall(b"b")
        self.assertEqual(client.recv(8), b"b")
        client.close()
        self.assertEqual(proxy.process.wait(10), 0)

    def test_and_cuts_what_takes_too_long(self):
        proxy = self.ingress(Peer(echo).port, "--drain-secs", "1")
        client = self.client(proxy)
        client.sendall(b"a")
        client.recv(8)
        begin = time.monotonic()
        proxy.process.send_signal(signal.SIGTERM)
        self.assertEqual(proxy.process.wait(15), 0)
        self.assertGreater(time.monotonic() - begin, 0.9)
        with self.assertRaises(ConnectionResetError):
            client.recv(8)

    def test_readiness_is_the_enclaves(self):
        ready = [False]
        proxy = self.ingress(1, health_port=Peer(health(lambda: ready[0])).port)
        self.assertEqual(self.ask(proxy, "/readyz"), (503, "unready\n"))
        ready[0] = True
        self.wait_until(lambda: self.ask(proxy, "/readyz")[0] == 200)
        ready[0] = False
        self.wait_until(lambda: self.ask(proxy, "/readyz")[0] == 503)
        self.assertEqual(self.ask(proxy, "/other")[0], 404)

    def run_proxy(self, *arguments, environment=None):
        return subprocess.run([PROXY, *arguments], capture_output=True, text=True, timeout=30, check=False,
                              env=environment or {})

    def test_probe_asks_the_health_port(self):
        ready = [True]
        port = Peer(health(lambda: ready[0])).port
        probe = ("probe", "--health", f"tcp:127.0.0.1:{port}")
        self.assertEqual(self.run_proxy(*probe, environment={"PATH": "/usr/bin:/bin"}).returncode, 0)
        ready[0] = False
        done = self.run_proxy(*probe)
        self.assertEqual((done.returncode, "503" in done.stderr), (1, True))
        self.assertEqual(self.run_proxy("probe", "--health", f"tcp:127.0.0.1:{free_port()}").returncode, 1)
        silent = Peer(lambda connection: time.sleep(30))
        done = self.run_proxy("probe", "--health", f"tcp:127.0.0.1:{silent.port}", "--timeout-secs", "1")
        self.assertEqual((done.returncode, "no answer in time" in done.stderr), (1, True), done)

    def test_drain_posts(self):
        heard = []

        def serve(connection):
            heard.append(connection.recv(4096).split(b"\r\n")[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.close()
        port = Peer(serve).port
        self.assertEqual(self.run_proxy("drain", "--health", f"tcp:127.0.0.1:{port}").returncode, 0)
        self.assertEqual(heard, [b"POST /drain HTTP/1.1"])

    def test_says_what_it_is_and_what_is_wrong(self):
        self.assertIn("usage: vsock-proxy", self.run_proxy("--help").stdout)
        self.assertRegex(self.run_proxy("--version").stdout, r"^vsock-proxy \d+\.\d+\.\d+\n$")
        self.assertEqual(self.run_proxy("--check-config", environment={"ENCLAVE_CID": "16"}).returncode, 0)
        printed = self.run_proxy("--print-config", environment={"ENCLAVE_CID": "16"}).stdout
        self.assertIn("ENCLAVE_CID=16\n", printed)
        self.assertIn("CONNECT_WAIT_SECS=30\n", printed)
        for arguments, said in ((["--enclave-cid", "1"], "--enclave-cid"), (["egress", "--allow-cid", "16"], "--config"),
                                (["egress", "--allow-cid", "16", "--config", "/nonexistent"], "/nonexistent")):
            done = self.run_proxy(*arguments)
            self.assertEqual((done.returncode, said in done.stderr, done.stderr.count("\n")), (2, True, 1), done)
