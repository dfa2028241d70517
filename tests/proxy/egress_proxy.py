"""The enclave's way out: who may ask for what, and what becomes of it."""

import json
import signal
import socket
import time

from proxy_case import Peer, ProxyCase, echo, free_port, receive_all


def connect_head(authority):
    return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()


def metadata_service(connection):
    """IMDSv2, as far as credentials need it: no token, no answer."""
    head = connection.recv(4096).decode()
    path = head.split(" ")[1]
    document = {"Code": "Success", "AccessKeyId": "AKIA1", "SecretAccessKey": "s", "Token": "t",
                "Expiration": "2099-01-01T00:00:00Z"}
    if head.startswith("PUT /latest/api/token "):
        status, body = 200, "the-token"
    elif "x-aws-ec2-metadata-token: the-token" not in head.lower():
        status, body = 401, ""
    elif path.endswith("/security-credentials/"):
        status, body = 200, "node-role\n"
    else:
        status, body = (200, json.dumps(document)) if path.endswith("/node-role") else (404, "")
    connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
    connection.close()


class Egress(ProxyCase):
    def connect(self, proxy, authority, more=b""):
        client = self.client(proxy)
        client.sendall(connect_head(authority) + more)
        return client

    def status(self, proxy, data):
        client = self.client(proxy)
        client.sendall(data)
        answer = receive_all(client)
        return int(answer.split(b" ")[1]) if answer else 0

    def test_carries_a_listed_name_with_what_came_behind_the_head(self):
        target = Peer(echo)
        proxy = self.egress([("kms.example", 443)], "--map", f"kms.example=tcp:127.0.0.1:{target.port}")
        client = self.connect(proxy, "kms.example:443", b"early bytes")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(receive_all(client), b"HTTP/1.1 200 Connection established\r\n\r\nearly bytes")

    def test_a_head_in_single_bytes_is_the_same_head(self):
        target = Peer(echo)
        proxy = self.egress([("kms.example", 443)], "--map", f"kms.example=tcp:127.0.0.1:{target.port}")
        client = self.client(proxy)
        for byte in connect_head("kms.example:443"):
            client.sendall(bytes([byte]))
            time.sleep(0.001)
        client.sendall(b"x")
        client.shutdown(socket.SHUT_WR)
        self.assertTrue(receive_all(client).endswith(b"\r\n\r\nx"))

    def test_refuses_destinations_lies_and_garbage(self):
        proxy = self.egress([("kms.example", 443)])
        self.assertEqual(self.status(proxy, connect_head("s3.example:443")), 403)
        self.assertEqual(self.status(proxy, connect_head("kms.example:80")), 403)
        self.assertEqual(self.status(proxy, connect_head("169.254.169.254:80")), 403)
        self.assertEqual(self.status(proxy, b"CONNECT kms.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 400)
        self.assertEqual(self.status(proxy, b"\x16\x03\x01\x00\xa5garbage\r\n\r\n"), 400)
        self.assertEqual(self.status(proxy, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 405)
        self.assertEqual(self.status(proxy, b"CONNECT " + b"x" * 9000), 431)
        self.assertEqual((self.errors(proxy, "refused"), self.errors(proxy, "malformed")), (3, 4))

    def test_a_name_that_leads_home_is_refused_unless_the_address_is_listed(self):
        target = Peer(echo)
        proxy = self.egress([("localhost", target.port)])
        self.assertEqual(self.status(proxy, connect_head(f"localhost:{target.port}")), 403)
        self.assertEqual(target.connections, [])
        self.write_allow_list([("localhost", target.port), ("127.0.0.1", target.port)])
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_for_line("{", '"entries":"2"')
        client = self.connect(proxy, f"localhost:{target.port}")
        self.assertTrue(client.recv(64).startswith(b"HTTP/1.1 200"))

    def test_a_broken_list_changes_nothing(self):
        target = Peer(echo)
        proxy = self.egress([("kms.example", 443)], "--map", f"kms.example=tcp:127.0.0.1:{target.port}")
        self.allow_list.write_text("allowlist:\n- {address: kms.example, port: 443}\n- {address: other, port: none}\n",
                                   encoding="ascii")
        proxy.process.send_signal(signal.SIGHUP)
        self.assertIn("allow-list.yaml:3:", proxy.wait_for_line("{", '"allow_list_kept"'))
        self.assertTrue(self.connect(proxy, "kms.example:443").recv(64).startswith(b"HTTP/1.1 200"))

    def test_names_without_an_answer_and_places_without_a_listener(self):
        proxy = self.egress([("no-such-name.invalid", 443), ("kms.example", 443)], "--map",
                            f"kms.example=tcp:127.0.0.1:{free_port()}")
        self.assertEqual(self.status(proxy, connect_head("kms.example:443")), 502)
        self.assertEqual(self.errors(proxy, "connect"), 1)
        self.assertEqual(self.status(proxy, connect_head("no-such-name.invalid:443")), 502)
        self.assertEqual(self.errors(proxy, "resolve"), 1)

    def test_carries_a_forwarded_port(self):
        target, port = Peer(echo), free_port()
        self.egress([("kms.example", 443)], "--forward", f"{port}=tcp:127.0.0.1:{target.port}")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"metrics")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(receive_all(client), b"metrics")

    def credentials(self, proxy):
        client = self.connect(proxy, "credentials:80", b"GET /v1/credentials HTTP/1.1\r\nHost: credentials\r\n\r\n")
        head, _, answer = receive_all(client).partition(b"\r\n\r\n")
        self.assertEqual(head, b"HTTP/1.1 200 Connection established")
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body

    def test_credentials_come_from_the_metadata_service_once(self):
        service = Peer(metadata_service)
        proxy = self.egress([("kms.example", 443)], environment={
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{service.port}"})
        status, body = self.credentials(proxy)
        self.assertEqual((status, json.loads(body)), (200, {
            "AccessKeyId": "AKIA1", "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}))
        asked = len(service.connections)
        self.assertEqual(self.credentials(proxy)[0], 200)
        self.assertEqual(len(service.connections), asked, "they are kept until shortly before they expire")

    def test_credentials_of_pod_identity_carry_the_pods_token(self):
        heard = []

        def agent(connection):
            heard.append(connection.recv(4096).decode())
            body = json.dumps({"AccessKeyId": "ASIA2", "SecretAccessKey": "s", "Token": "t", "AccountId": "1",
                               "Expiration": "2020-01-01T00:00:00Z"})
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            connection.close()
        service = Peer(agent)
        token = self.home / "token"
        token.write_text("pod-token-1\n", encoding="ascii")
        proxy = self.egress([("kms.example", 443)], environment={
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{service.port}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)})
        self.assertEqual(json.loads(self.credentials(proxy)[1])["AccessKeyId"], "ASIA2")
        self.assertIn("Authorization: pod-token-1\r\n", heard[0])
        token.write_text("pod-token-2\n", encoding="ascii")
        self.assertEqual(self.credentials(proxy)[0], 200)
        self.assertIn("Authorization: pod-token-2\r\n", heard[1])
        for text in (proxy.log_file.read_text(), self.ask(proxy, "/metrics")[1]):
            self.assertNotIn("ASIA2", text)

    def test_credentials_that_cannot_be_had_are_502(self):
        proxy = self.egress([("kms.example", 443)], environment={
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{free_port()}"})
        self.assertEqual(self.credentials(proxy)[0], 502)
        self.assertEqual(self.errors(proxy, "credentials"), 1)

    def test_half_open_clients_do_not_stay(self):
        proxy = self.egress([("kms.example", 443)])
        client = self.client(proxy)
        client.sendall(b"CONNECT kms.exa")
        client.settimeout(20)
        self.assertTrue(receive_all(client).startswith(b"HTTP/1.1 408 "))
        self.assertEqual(self.errors(proxy, "timeout"), 1)


class Logs(ProxyCase):
    def test_prints_lines_and_tells_gaps(self):
        proxy = self.start("logs", "--listen", "tcp:127.0.0.1:0")
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as sender:
            sender.sendall(b'{"seq":1,"event":"a"}\n{"seq":2')
            sender.sendall(b',"event":"b"}\n{"seq":5,"event":"c\x1b[31m"}\nlast')
        proxy.wait_for_line("last")
        lines = [line for line in proxy.lines() if '"listening"' not in line]
        self.assertEqual(lines, ['{"seq":1,"event":"a"}', '{"seq":2,"event":"b"}',
                                 '{"level":"warn","event":"log_gap","missing":2}', '{"seq":5,"event":"c?[31m"}', "last"])
        self.assertEqual(proxy.stop(), 0)

    def test_bounds_the_rate(self):
        proxy = self.start("logs", "--listen", "tcp:127.0.0.1:0", "--max-lines-per-sec", "10")
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as sender:
            sender.sendall(b"x\n" * 1000)
            time.sleep(1.2)
            sender.sendall(b"y\n")
            proxy.wait_for_line("y")
        self.assertIn("log_lines_dropped", proxy.wait_for_line('{"level":"warn"'))
        self.assertLessEqual(proxy.lines().count("x"), 30)
