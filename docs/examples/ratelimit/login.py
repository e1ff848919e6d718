#!/usr/bin/python3
"""Login throttling: after five failures in a quarter of an hour a user is locked out for an hour.
Every attempt takes before the password is looked at, so that attempts in parallel do not slip by;
one that succeeds gives all of it back.

usage: login.py USER PASSWORD            (the right one is "open sesame")
"""
import os
import sys

import redis

skua = redis.Redis(port=int(os.environ.get("SKUA_PORT", "6379")), decode_responses=True)
FAILURES, WINDOW_MS, LOCKOUT_MS = 5, 15 * 60 * 1000, 60 * 60 * 1000


def log_in(user, password):
    key = f"login:{user}"
    reply = skua.execute_command("RL.TAKE", key, "LOG", FAILURES, WINDOW_MS)
    is_allowed, remaining, retry_after_ms = reply[0] == 1, reply[2], reply[3]
    if not is_allowed:
        return f"locked, try again in {-(-retry_after_ms // 1000)} s"
    if password == "open sesame":
        skua.execute_command("RL.RESET", key)
        return "welcome"
    if remaining == 0:
        skua.execute_command("RL.BLOCK", key, LOCKOUT_MS)
    return f"wrong, {remaining} attempts left"


print(log_in(sys.argv[1], sys.argv[2]))
