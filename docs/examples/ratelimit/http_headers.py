#!/usr/bin/python3
"""An HTTP server that limits each address and says so in the RateLimit header fields.

usage: http_headers.py [PORT]
"""
import http.server
import os
import sys

import redis

skua = redis.Redis(port=int(os.environ.get("SKUA_PORT", "6379")), decode_responses=True)
skua.execute_command("RL.POLICY", "SET", "api", "BUCKET", 5, 1, 1000)  # 5 at once, 1 a second


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        reply = skua.execute_command("RL.TAKE", f"ip:{self.client_address[0]}", "USE", "api",
                                     "HEADERS")
        is_allowed, fields = reply[0] == 1, reply[8:]
        self.send_response(200 if is_allowed else 429)
        for name, value in zip(("RateLimit-Policy", "RateLimit", "Retry-After"), fields):
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"hello\n" if is_allowed else b"too many requests\n")


server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Handler)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
