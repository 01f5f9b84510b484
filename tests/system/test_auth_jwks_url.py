"""Keys from an identity provider's https address, with the real programs and a provider of the test's own."""

import http.server
import json
import signal
import ssl
import subprocess
import threading
import time

import grpc
import harness
import pytest
import tokens
from harness_auth import TokenClient
from harness_tls import Authority, Files


class Provider:
    """Publishes the public keys of those that it signs with."""

    def __init__(self, folder):
        self.authority = Authority(folder)
        files = Files(folder, self.authority.issue())
        self.keys, self.asked = {}, 0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802, the library's name
                provider.asked += 1
                body = json.dumps({"keys": [tokens.jwk(key, kid=kid, use="sig", alg="ES256")
                                            for kid, key in provider.keys.items()]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.flags = ["--auth-jwks-url", f"https://localhost:{self.server.server_port}/jwks",
                      "--auth-jwks-ca", str(self.authority.file)]
        self.thread = threading.Thread(target=self.server.serve_forever)

    def add(self, kid):
        self.keys[kid] = tokens.ec.generate_private_key(tokens.ec.SECP256R1())

    def token(self, kid):
        row = {"header": {"kid": kid}, "claims": {"sub": "ann", "exp": int(time.time()) + 3600,
                                                  "tocsin": {"publish": True, "subscribe": True}}}
        return tokens.make(row, "ES256", lambda text: tokens.ecdsa_of(self.keys[kid], text), int(time.time()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def provider(tmp_path):
    with Provider(tmp_path) as provider:
        provider.add("first")
        yield provider


def _publish(hub, token):
    with TokenClient(hub, token) as client:
        return client.publish(harness.incident_created())


def test_keys_of_an_address_are_used_and_rotated(provider):
    with harness.start_hub(*provider.flags) as hub:
        assert _publish(hub, provider.token("first")).sequence == 1
        provider.add("second")
        token = provider.token("second")
        with pytest.raises(grpc.RpcError) as refused:  # the set was read a moment ago
            _publish(hub, token)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
        hub.signal(signal.SIGHUP)

        def good():
            try:
                return _publish(hub, token).sequence == 2
            except grpc.RpcError:
                return False
        harness.wait_for(good, what="the second key to be known")
        assert _publish(hub, provider.token("first")).sequence == 3


@pytest.mark.parametrize("program", ["tocsin-hub", "tocsin-bridge"])
def test_without_the_provider_no_program_starts(tmp_path, program):
    provider = Provider(tmp_path)
    provider.server.server_close()
    ended = subprocess.run([harness.BIN / program, "--listen", "127.0.0.1:0", *provider.flags], capture_output=True, text=True,
                           check=False, timeout=60, cwd=tmp_path)
    assert ended.returncode == 1
    assert f"https://localhost:{provider.server.server_port}/jwks" in ended.stderr


@pytest.mark.parametrize("flags, said", [
    (["--auth-jwks-url", "http://id.example/jwks"], "--auth-jwks-url"),
    (["--auth-jwks-ca", "ca.pem"], "--auth-jwks-ca needs --auth-jwks-url"),
    (["--auth-jwks-url", "https://id.example/jwks", "--auth-jwks-file", "x"], "not given together"),
])
def test_settings_that_do_not_go_together_are_refused(flags, said):
    for program in ("tocsin-hub", "tocsin-bridge"):
        ended = subprocess.run([harness.BIN / program, "--check-config", *flags], capture_output=True, text=True, check=False)
        assert ended.returncode == 2 and said in ended.stderr, ended.stderr
