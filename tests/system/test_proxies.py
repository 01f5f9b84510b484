"""The proxies of docs/proxies, as they stand there but for ports and files: TLS at the proxy, events over /ws, SSE and gRPC, and the
address of the client behind it. docs/proxies/envoy.yaml is not run: Debian has no Envoy."""

import asyncio
import contextlib
import pathlib
import re
import shutil
import socket
import ssl
import subprocess

import grpc
import pytest

import harness
import raw
from harness_ports import free_port
from harness_tls import Authority
from tocsin.v1 import hub_pb2_grpc

CLIENT = "192.0.2.7"  # what the proxies are told in the tests: this machine's own address is not counted


class Proxy:
    """One of the two, started. web and grpc: its ports."""

    def __init__(self, name, hub, bridge, authority, folder):
        if shutil.which(name) is None:
            pytest.skip(f"no {name}")
        self.web, self.grpc, self._folder, self._name = free_port(), free_port(), pathlib.Path(folder), name
        certificate, key = authority.issue()
        (self._folder / "server.pem").write_text(certificate + key if name == "haproxy" else certificate)
        (self._folder / "server.key").write_text(key)
        text = (harness.ROOT / "docs" / "proxies" / f"{name}.conf").read_text()
        text = text.replace(f"/etc/{name}/tls", str(folder)).replace("127.0.0.1:8080", bridge.address(0)).replace(
            "server 127.0.0.1:50051", f"server {hub.address(0)}").replace("server one 127.0.0.1:50051", f"server one {hub.address(0)}")
        self._config = self._folder / f"{name}.conf"
        self._config.write_text(getattr(self, f"_{name}")(text))
        self._process = None

    def _nginx(self, text):
        paths = "".join(f"{kind}_temp_path {self._folder}/{kind}; " for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.web} ").replace("listen 50051 ", f"listen 127.0.0.1:{self.grpc} ")
        return (f"daemon off; pid {self._folder}/nginx.pid; error_log {self._folder}/error.log;\n"
                + text.replace("http {", f"http {{ {paths} client_body_temp_path {self._folder}/body;", 1))

    def _haproxy(self, text):
        text = text.replace("bind :443 ", f"bind 127.0.0.1:{self.web} ").replace("bind :50051 ", f"bind 127.0.0.1:{self.grpc} ")
        # Whose connection it is, as if the client had that address.
        return text.replace("  default_backend bridges", "  http-request set-src req.hdr(X-Test-Client) if { req.hdr(X-Test-Client) -m found }\n"
                            "  default_backend bridges")

    def client_fields(self, address):
        return {"nginx": {"X-Forwarded-For": address}, "haproxy": {"X-Test-Client": address}}[self._name]

    def __enter__(self):
        command = {"nginx": ["nginx", "-c", self._config, "-p", self._folder, "-e", f"{self._folder}/error.log"],
                   "haproxy": ["haproxy", "-db", "-f", self._config]}[self._name]
        self._process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        def listens():
            assert self._process.poll() is None, self._process.stdout.read()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.grpc), 1):
                return True

        harness.wait_for(listens, what=f"{self._name} to listen")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture(params=["nginx", "haproxy"])
def site(request, tmp_path):
    """(proxy, hub, bridge, authority)."""
    authority = Authority(tmp_path)
    flags = ["--behind-proxy", "--trusted-proxy", "127.0.0.0/8", "--max-connections-per-address", "2"]
    protocol = ["--proxy-protocol"] if request.param == "haproxy" else []
    with harness.start_hub(*flags) as hub, harness.start_bridge(hub, *flags, *protocol, wait=False) as bridge:
        harness.wait_for(lambda: bridge_says(bridge, protocol, "/health/ready").startswith(b"HTTP/1.1 200"), what="the bridge to be ready")
        with Proxy(request.param, hub, bridge, authority, tmp_path) as proxy:
            yield proxy, hub, bridge, authority


def bridge_says(bridge, protocol, path):
    """The bridge's answer to a request that comes to it directly, as a proxy's own."""
    host, port = bridge.address(0).rsplit(":", 1)
    header = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0" if protocol else b""
    with socket.create_connection((host, int(port)), 10) as sock:
        sock.sendall(header + f"GET {path} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := sock.recv(65536):
            answer += part
        return answer


@contextlib.contextmanager
def _grpc_client(proxy, authority):
    credentials = grpc.ssl_channel_credentials(authority.file.read_bytes())
    with grpc.secure_channel(f"localhost:{proxy.grpc}", credentials) as channel:
        client = harness.Client.__new__(harness.Client)
        client.channel, client.stub = channel, hub_pb2_grpc.EventHubStub(channel)
        yield client


def _ask(proxy, authority, path, fields):
    """A request over TLS by hand: its answer up to the head's end, and the connection."""
    plain = socket.create_connection(("127.0.0.1", proxy.web), 10)
    sock = authority.client().wrap_socket(plain, server_hostname="localhost")
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        part = sock.recv(65536)
        if not part:
            break
        head += part
    return head, sock


def test_events_go_through_over_websocket_sse_and_grpc(site):
    proxy, hub, _, authority = site

    async def run():
        context = authority.client()
        async with harness.connect(f"wss://localhost:{proxy.web}/ws", ssl=context) as ws:
            await ws.subscribe()
            for n in range(20):
                await asyncio.to_thread(client.publish, harness.system_event(f"event {n}"))
            assert [each["event"]["message"] for each in await ws.events(20)] == [f"event {n}" for n in range(20)]

    with _grpc_client(proxy, authority) as client:
        stream = client.subscribe(start="latest")
        head, sock = _ask(proxy, authority, "/v1/events", {"Accept": "text/event-stream"})
        assert head.startswith(b"HTTP/1.1 200"), head
        harness.run(run())
        got = stream.take(20)
        assert [each.system_event.message for each in got] == [f"event {n}" for n in range(20)]
        text = b""
        while b"event 19" not in text:
            text += sock.recv(65536)
        sock.close()
        # A publish larger than what proxies buffer by default, and its error through the proxy.
        assert client.publish(harness.system_event("x" * 900_000)).cursor
        with pytest.raises(grpc.RpcError) as refused:
            client.publish(harness.system_event("x" * 1_100_000))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, refused.value
        stream.cancel()
    assert hub.running()


def test_the_client_behind_the_proxy_is_counted(site):
    proxy, _, _, authority = site
    fields = {"Accept": "text/event-stream"} | proxy.client_fields(CLIENT)
    held = []
    try:
        for _ in range(2):
            head, sock = _ask(proxy, authority, "/v1/events", fields)
            held.append(sock)
            assert head.startswith(b"HTTP/1.1 200"), head
        head, sock = _ask(proxy, authority, "/v1/events", fields)
        sock.close()
        assert head.startswith(b"HTTP/1.1 429") and b"\r\nRetry-After: 5\r\n" in head.replace(b"retry-after", b"Retry-After"), head
        other, sock = _ask(proxy, authority, "/v1/events", {"Accept": "text/event-stream"} | proxy.client_fields("192.0.2.8"))
        sock.close()
        assert other.startswith(b"HTTP/1.1 200"), other
    finally:
        for sock in held:
            sock.close()

    def let_in():
        again, last = _ask(proxy, authority, "/v1/events", fields)
        last.close()
        return again.startswith(b"HTTP/1.1 200")

    harness.wait_for(let_in, what="a place of the address to be free again")


@pytest.mark.parametrize("how", ["nobody is trusted", "the peer is trusted"])
def test_what_clients_say_of_themselves_counts_only_from_a_trusted_proxy(hub, how):
    trusted = ["--trusted-proxy", "127.0.0.1"] if how == "the peer is trusted" else []
    with harness.start_bridge(hub, "--max-connections-per-address", "1", *trusted) as bridge:
        request = raw.handshake(path="/ws", X_Forwarded_For=CLIENT)
        with raw.connect(bridge) as one, raw.connect(bridge) as two:
            one.sendall(request)
            assert raw.read_head(one).status == 101
            two.sendall(request)
            assert raw.read_head(two).status == (429 if trusted else 101)
        if trusted:
            assert bridge.metric("tocsin_refused_total") >= 1


def test_a_proxy_header_is_taken_from_trusted_proxies_alone(hub):
    line = b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n"
    request = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    def answer(bridge, data):
        with raw.connect(bridge) as sock:
            sock.sendall(data)
            got = b""
            with contextlib.suppress(OSError):
                while part := sock.recv(65536):
                    got += part
            return got

    with harness.start_bridge(hub, "--trusted-proxy", "127.0.0.1", "--proxy-protocol", wait=False) as bridge:
        harness.wait_for(lambda: answer(bridge, line + request).startswith(b"HTTP/1.1 200"), what="the bridge to be healthy")
        missing = answer(bridge, request)
        assert missing.startswith(b"HTTP/1.1 400") and b"--trusted-proxy" in missing
        assert b"IPv4" in answer(bridge, line.replace(b"192.0.2.7", b"192.0.2.777") + request)
    with harness.start_bridge(hub, "--trusted-proxy", "10.0.0.0/8", "--proxy-protocol") as bridge:
        refused = answer(bridge, line + request)
        assert refused.startswith(b"HTTP/1.1 400") and b"none of --trusted-proxy" in refused
        assert answer(bridge, request).startswith(b"HTTP/1.1 200")


def test_a_proxy_header_comes_before_tls(hub, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue()
    (tmp_path / "a.pem").write_text(certificate)
    (tmp_path / "a.key").write_text(key)
    with harness.start_bridge(hub, "--trusted-proxy", "127.0.0.1", "--proxy-protocol", "--tls-cert", tmp_path / "a.pem",
                              "--tls-key", tmp_path / "a.key", wait=False) as bridge:
        with raw.connect(bridge) as sock:
            sock.sendall(b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n")
            encrypted = authority.client().wrap_socket(sock, server_hostname="localhost")
            encrypted.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert encrypted.recv(65536).startswith(b"HTTP/1.1 ")
        with raw.connect(bridge) as sock, pytest.raises((ssl.SSLError, OSError)):
            authority.client().wrap_socket(sock, server_hostname="localhost")


@pytest.mark.parametrize("arguments, names", [
    (["--trusted-proxy", "10.0.0.1/8"], ["--trusted-proxy", "10.0.0.0/8"]),
    (["--trusted-proxy", "proxy.example.org"], ["--trusted-proxy", "address"]),
    (["--proxy-protocol"], ["--proxy-protocol", "--trusted-proxy"]),
    (["--forwarded-header", "via"], ["--forwarded-header", "x-forwarded-for"])])
def test_wrong_flags_are_refused_by_name(arguments, names):
    done = subprocess.run([str(harness.BIN / "tocsin-bridge"), *arguments, "--check-config"], capture_output=True, text=True)
    assert done.returncode != 0
    for name in names:
        assert name in done.stdout + done.stderr


def test_the_documents_configurations_are_the_ones_that_run():
    text = (harness.ROOT / "docs" / "security.md").read_text()
    assert re.search(r"proxies/nginx\.conf.*proxies/haproxy\.conf", text, re.DOTALL)
