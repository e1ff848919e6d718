#!/usr/bin/python3
"""A semaphore: at most three workers run a job at once, on any number of machines. A worker holds a
lease of ten seconds and renews it while it works; one that crashes frees its place by itself.

usage: jobs.py NAME [SECONDS]            works for so long when it gets a place, else exits with 1
"""
import os
import sys
import time

import redis

skua = redis.Redis(port=int(os.environ.get("SKUA_PORT", "6379")), decode_responses=True)
KEY, WORKERS, LEASE_MS = "workers", 3, 10000


def work(seconds):
    """Yields now and then, for the lease to be renewed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(1, seconds))
        yield


def run(name, seconds):
    reply = skua.execute_command("RL.TAKE", KEY, "CONCURRENT", WORKERS, LEASE_MS, "TOKEN", name)
    is_allowed, retry_after_ms = reply[0] == 1, reply[3]
    if not is_allowed:
        print(f"no place, the next lease ends in {retry_after_ms} ms", flush=True)
        return False
    try:
        print("working", flush=True)
        for _ in work(seconds):
            if skua.execute_command("RL.RENEW", KEY, name, LEASE_MS) == 0:
                print("the lease was lost", flush=True)
                return False
    finally:
        skua.execute_command("RL.RELEASE", KEY, name)
    return True


sys.exit(not run(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 1))
