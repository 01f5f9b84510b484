"""The peers: how each server is started, on loopback, and what the load program is told of it."""
import json
import os
import shutil

from servers import BIN, HERE, certificate, free_port

RAWFAN, NODE_WS, NODE_GRAPHQL = free_port(), free_port(), free_port()
GRAPHQL = HERE + "/peers/graphql"

NATS = """listen: 127.0.0.1:4222
max_payload: 1MB
websocket { listen: "127.0.0.1:8088", %s }
%s
"""
NGINX = """daemon off; worker_processes 1; worker_rlimit_nofile 19000; pid %(d)s/nginx.pid; error_log %(d)s/error.log warn;
%(mod)s
events { worker_connections 18000; }
http {
  access_log off; keepalive_requests 1000000000; client_body_buffer_size 16k;
  client_body_temp_path %(d)s/b; proxy_temp_path %(d)s/p; fastcgi_temp_path %(d)s/f; uwsgi_temp_path %(d)s/u; scgi_temp_path %(d)s/s;
  nchan_shared_memory_size 512M;
  server {
    listen 127.0.0.1:8090 backlog=4096;
    location ~ ^/sub/(.+)$ { nchan_subscriber websocket; nchan_channel_id $1; nchan_subscriber_first_message newest; }
    location ~ ^/sse/(.+)$ { nchan_subscriber eventsource; nchan_channel_id $1; nchan_subscriber_first_message newest; }
    location ~ ^/pub/(.+)$ { nchan_publisher http; nchan_channel_id $1; nchan_message_buffer_length 1000; nchan_message_timeout 60s; %(deflate)s }
  }
}
"""
MOSQ = """listener 1883 127.0.0.1
listener 9883 127.0.0.1
protocol websockets
allow_anonymous true
persistence false
set_tcp_nodelay true
max_queued_messages 0
max_queued_bytes 0
log_type error
user root
"""


def write(d, name, text):
    p = os.path.join(d, name)
    with open(p, "w") as f:
        f.write(text)
    return p


def etcd_cmd(d):
    return ["etcd", "--data-dir", d + "/etcd", "--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls",
            "http://127.0.0.1:2379", "--listen-peer-urls", "http://127.0.0.1:2380", "--initial-advertise-peer-urls",
            "http://127.0.0.1:2380", "--initial-cluster", "default=http://127.0.0.1:2380", "--log-level", "error",
            "--quota-backend-bytes", "8000000000"]


def redis_cmd(d, *more):
    return ["redis-server", "--port", "6379", "--bind", "127.0.0.1", "--dir", d, "--save", "", "--maxclients", "15000",
            "--tcp-backlog", "4096", "--loglevel", "warning", "--protected-mode", "no", *more]


def nginx_cmd(d, deflate=""):
    mod = "/usr/lib/nginx/modules/ngx_nchan_module.so"
    line = "load_module %s;" % mod if os.path.exists(mod) else ""
    return ["nginx", "-c", write(d, "nginx.conf", NGINX % {"d": d, "mod": line, "deflate": deflate}), "-p", d]


def nats_cmd(d, js="", websocket="no_tls: true"):
    return ["nats-server", "-c", write(d, "nats.conf", NATS % (websocket, js))]


def nats_tls_cmd(d):
    return nats_cmd(d, websocket='tls { cert_file: "%s", key_file: "%s" }' % certificate(d))


def node_graphql(kind):
    return (lambda d: ["node", GRAPHQL + "/server.mjs", NODE_GRAPHQL, kind],
            ["--target", "graphql", "--sub", "127.0.0.1:%d" % NODE_GRAPHQL], NODE_GRAPHQL)


def plainws(port):
    return ["--target", "plainws", "--sub", "127.0.0.1:%d" % port]


# name -> (command builder, wsload arguments, port to wait for)
PEERS = {
    "rawfan-coalesce": (lambda d: [BIN + "/rawfan", RAWFAN, "coalesce"], plainws(RAWFAN), RAWFAN),
    "rawfan-each": (lambda d: [BIN + "/rawfan", RAWFAN, "each"], plainws(RAWFAN), RAWFAN),
    "nats": (nats_cmd, ["--target", "nats"], 4222),
    "nats-ws": (nats_cmd, ["--target", "nats-ws"], 8088),
    "nats-wss": (nats_tls_cmd, ["--target", "nats-ws", "--tls"], 8088),
    "redis": (redis_cmd, ["--target", "redis"], 6379),
    "nchan": (nginx_cmd, ["--target", "nchan"], 8090),
    "nchan-sse": (nginx_cmd, ["--target", "nchan-sse"], 8090),
    "nchan-deflate": (lambda d: nginx_cmd(d, "nchan_deflate_message_for_websocket on;"), ["--target", "nchan"], 8090),
    "mosquitto": (lambda d: ["mosquitto", "-c", write(d, "m.conf", MOSQ)], ["--target", "mqtt"], 1883),
    "mosquitto-ws": (lambda d: ["mosquitto", "-c", write(d, "m.conf", MOSQ)], ["--target", "mqtt-ws"], 9883),
    "etcd": (etcd_cmd, ["--target", "etcd"], 2379),
    "node-ws": (lambda d: ["node", HERE + "/peers/node_ws.js", NODE_WS], plainws(NODE_WS), NODE_WS),
    "node-graphql-ws": node_graphql("graphql-ws"),
    "node-graphql-yoga": node_graphql("yoga"),
    # durable variants (W5)
    "jetstream": (lambda d: nats_cmd(d, 'jetstream { store_dir: "%s/js" }' % d), ["--target", "nats", "--nats-stream", "EV"], 4222),
    "redis-aof-everysec": (lambda d: redis_cmd(d, "--appendonly", "yes", "--appendfsync", "everysec"),
                           ["--target", "redis", "--redis-cmd", "xadd"], 6379),
    "redis-aof-always": (lambda d: redis_cmd(d, "--appendonly", "yes", "--appendfsync", "always"),
                         ["--target", "redis", "--redis-cmd", "xadd"], 6379),
    "etcd-put": (etcd_cmd, ["--target", "etcd"], 2379),
}
if os.environ.get("BENCH_EXTRA_PEERS"):
    with open(os.environ["BENCH_EXTRA_PEERS"]) as f:
        for name, e in json.load(f).items():
            PEERS[name] = ((lambda c: lambda d: c)(e["cmd"]), e["args"], e["port"])


PROGRAMS = {"nats": "nats-server", "redis": "redis-server", "nchan": "nginx", "mosquitto": "mosquitto", "etcd": "etcd",
            "node": "node", "jetstream": "nats-server"}


def installed(peer):
    """Whether the peer's program is there."""
    if peer.startswith("nchan") and not os.path.exists("/usr/lib/nginx/modules/ngx_nchan_module.so"):
        return False
    if peer.startswith("node-graphql") and not os.path.exists(GRAPHQL + "/node_modules"):
        return False
    program = PROGRAMS.get(peer.split("-")[0])
    return program is None or shutil.which(program) is not None
