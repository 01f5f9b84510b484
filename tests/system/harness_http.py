"""One HTTP request, as a client of the bridge's routes makes it."""

import contextlib
import http.client
import json


def post(target, path, body, headers=None, method="POST", timeout=60):
    """(status, fields, body) of one request on a connection of its own; JSON where it is JSON.

    A body that is not bytes, nothing, or an iterator of its parts is sent as JSON.
    """
    host, port = (target if isinstance(target, str) else target.address(0)).rsplit(":", 1)
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=timeout)) as connection:
        as_it_is = isinstance(body, (bytes, type(None))) or hasattr(body, "__next__")
        data = body if as_it_is else json.dumps(body).encode()
        connection.request(method, path, body=data, headers={"Content-Type": "application/json"} | (headers or {}))
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(text) if text else None
