"""The reverse proxies of docs/operations.md, as they stand there: a stream of events and a WebSocket go through at once, and
stay while nothing happens."""

import asyncio
import contextlib
import re
import shutil
import socket
import subprocess

import pytest

import harness
from harness_ports import free_port


def documented(language):
    text = (harness.ROOT / "docs" / "operations.md").read_text()
    return re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)[1]


def nginx(folder, port, bridge):
    locations = documented("nginx").replace("127.0.0.1:8080", bridge.address(0))
    config = folder / "nginx.conf"
    config.write_text(f"""daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port};
{locations} }}
}}
""")
    return ["nginx", "-c", str(config), "-p", str(folder), "-e", f"{folder}/error.log"]


def haproxy(folder, port, bridge):
    config = folder / "haproxy.cfg"
    config.write_text(documented("haproxy").replace("127.0.0.1:80\n", f"127.0.0.1:{port}\n")
                      .replace("127.0.0.1:8080", bridge.address(0)))
    return ["haproxy", "-db", "-f", str(config)]


@contextlib.contextmanager
def proxy(command, port):
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def listens():
        assert process.poll() is None, process.stdout.read()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True

    try:
        harness.wait_for(listens, what=f"{command[0]} to listen")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("make", [nginx, haproxy])
def test_streams_go_through_and_stay(make, hub, bridge, tmp_path):
    port = free_port()

    async def events(address, cursors):
        async with harness.events(address) as stream:
            await stream.next()
            await stream.next()
            for _ in range(2):
                cursors.append((await asyncio.to_thread(publish)).cursor)
                assert (await stream.expect("event", 2)).id == cursors[-1]
            place = await stream.next(20)  # silence, up to a bookmark
            assert place.id == cursors[-1] and place.data is None
            assert (await asyncio.to_thread(publish)).cursor == (await stream.expect("event", 2)).id

    async def websocket(address):
        async with harness.connect(f"ws://{address}/ws") as ws:
            await ws.subscribe()
            await asyncio.sleep(17)  # the silence that is tried
            cursor = (await asyncio.to_thread(publish)).cursor
            assert (await ws.events(1, timeout=5))[0]["message_id"]
            assert cursor

    def publish():
        with hub.client() as client:
            return client.publish(harness.system_event("through a proxy"))

    async def both(address):
        await events(address, [])
        await websocket(address)

    with proxy(make(tmp_path, port, bridge), port) as address:
        harness.run(both(address))
