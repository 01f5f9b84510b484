"""Servers that read a client's token, as each transport sends it, and refuse it."""

import concurrent.futures
import contextlib
import http.server
import json
import threading

import grpc
import websockets.sync.server

GRAPHQL = "graphql-transport-ws"


class Server:
    def __init__(self):
        self.seen = []  # what each connection gave as its Authorization
        self.port = None

    def address(self, _):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"ws://{self.address(0)}/ws"


@contextlib.contextmanager
def _websocket(server):
    def ws(connection):
        server.seen.append(connection.request.headers.get("Authorization"))
        connection.send(json.dumps({"type": "error", "code": "UNAUTHORIZED", "message": "the token has run out"}))
        connection.close(4401, "UNAUTHORIZED")

    def graphql(connection):
        server.seen.append(json.loads(connection.recv())["payload"]["Authorization"])
        connection.close(4403, "Forbidden")

    def either(connection):
        (graphql if connection.subprotocol == GRAPHQL else ws)(connection)

    with websockets.sync.server.serve(either, "127.0.0.1", 0, subprotocols=[GRAPHQL],
                                      select_subprotocol=lambda _, offered: GRAPHQL if offered else None) as listening:
        server.port = listening.socket.getsockname()[1]
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield
        listening.shutdown()


@contextlib.contextmanager
def _http(server):
    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.seen.append(self.headers["Authorization"])
            self.send_error(401)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as listening:
        server.port = listening.server_port
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield
        listening.shutdown()


@contextlib.contextmanager
def _grpc(server):
    class Refuse(grpc.GenericRpcHandler):
        def service(self, details):
            def refuse(_, context):
                server.seen.append(dict(details.invocation_metadata).get("authorization"))
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token has run out")
            return grpc.unary_stream_rpc_method_handler(refuse)

    listening = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=[Refuse()])
    server.port = listening.add_insecure_port("127.0.0.1:0")
    listening.start()
    yield
    listening.stop(None)


@contextlib.contextmanager
def refusing(transport):
    server = Server()
    with {"ws": _websocket, "graphql": _websocket, "sse": _http, "grpc": _grpc}[transport](server):
        yield server
