#!/usr/bin/python3
"""An API with three limits for every request: its user's, its address's, and that of all together.
RL.TAKEALL takes from all three or from none: who is stopped by one limit does not use up another.

usage: api_limits.py [PORT]         then: curl -i -H 'X-User: alice' http://127.0.0.1:8080/
"""
import http.server
import os
import sys

import redis

skua = redis.Redis(port=int(os.environ.get("SKUA_PORT", "6379")), decode_responses=True)
NAMES = ("user", "address", "all")


def seconds(ms):
    return -(-ms // 1000)


def take(user, address):
    """Whether the request may go on, and the header fields to answer with."""
    reply = skua.execute_command(
        "RL.TAKEALL", 3,
        f"user:{user}", "BUCKET", 10, 1, 1000,        # 10 at once, then 1 a second
        f"address:{address}", "SLIDING", 600, 60000,  # 600 in any minute
        "all", "FIXED", 5000, 1000)                   # 5000 a second
    is_allowed, retry_after_ms, limits = reply[0] == 1, reply[3], reply[9]
    fields = {"RateLimit": ", ".join(f'"{name}";r={limit[2]};t={seconds(limit[4])}'
                                     for name, limit in zip(NAMES, limits))}
    if not is_allowed:
        fields["Retry-After"] = str(seconds(retry_after_ms))
        fields["X-Limited-By"] = NAMES[reply[8]]
    return is_allowed, fields


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_allowed, fields = take(self.headers.get("X-User", "nobody"), self.client_address[0])
        self.send_response(200 if is_allowed else 429)
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"hello\n" if is_allowed else b"too many requests\n")


server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Handler)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
