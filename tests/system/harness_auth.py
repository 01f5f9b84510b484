"""Tokens for programs that want them, made by PyJWT: another implementation than the one that verifies them."""

import json
import os
import pathlib
import time

import grpc
import jwt

from harness_grpc import Client

SECRET = "0123456789abcdef0123456789ABCDEF-system"
ALL = {"publish": True, "subscribe": True}


class Issuer:
    """Whoever makes tokens, by a secret that lies in its folder: .flags are the programs'."""

    def __init__(self, folder):
        self.secret = pathlib.Path(folder) / "secret"
        self.secret.write_text(SECRET)
        self.secret.chmod(0o600)
        self.flags = ["--auth-secret-file", str(self.secret)]

    def token(self, permission=ALL, good_for=300, name="ann"):
        claims = {"sub": name, "exp": int(time.time() + good_for), "tocsin": permission}
        return jwt.encode(claims, SECRET, algorithm="HS256")


def put(path, text):
    """As tools that renew tokens do: the whole file at once."""
    following = pathlib.Path(path).with_suffix(".next")
    following.write_text(text)
    os.replace(following, path)


class TokenClient(Client):
    """A client of the hub that shows a token with every call; None: no token."""

    def __init__(self, hub, token):
        super().__init__(hub.address(0))
        fields = [] if token is None else [("authorization", f"Bearer {token}")]
        self.channel = grpc.intercept_channel(self.channel, _Shows(fields))
        from tocsin.v1 import hub_pb2_grpc
        self.stub = hub_pb2_grpc.EventHubStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Details(grpc.ClientCallDetails):
    def __init__(self, details, fields):
        for name in ("method", "timeout", "credentials", "wait_for_ready", "compression"):
            setattr(self, name, getattr(details, name, None))
        self.metadata = [*(details.metadata or ()), *fields]


class _Shows(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor):
    def __init__(self, fields):
        self.fields = fields

    def _call(self, go_on, details, request):
        return go_on(_Details(details, self.fields), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_stream = _call


def jwk_set(*keys):
    return json.dumps({"keys": list(keys)})
