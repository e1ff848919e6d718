"""Data on disk for run-bench: what the log of writes costs, and how long files take.

Both servers hold the same data, made by the same commands, in folders of their own on one disk.
"""

import os
import statistics
import time

WRITE = "SET key:{rand:1000000:12} {data:16}"
POLICIES = ("always", "everysec")
DEPTHS = (16, 1)
THROUGHPUT_BUDGET, FILE_BUDGET = 2, 2

LOG_TITLE = "The log of writes"
LOG_NOTE = ("SET on 50 connections with `appendfsync`. A server has all cores here, because what "
            "syncs is a thread of its own; thousands of requests per second, and microseconds of "
            "the server's processes per request.")
LOG_HEADINGS = ("appendfsync, pipeline", "Redis k/s", "Skua k/s", "ratio", "Redis µs", "Skua µs",
                "budget", "met?")

FILE_TITLE = "Files"
FILE_NOTE = ("4 million elements (a tenth of that with --quick). Seconds on the clock, and of CPU time "
             "of the server and its children; how many times as fast that is, of which both are to "
             "meet the budget.")
FILE_HEADINGS = ("data", "work", "Redis s", "Skua s", "ratio", "Redis CPU s", "Skua CPU s", "ratio",
                 "budget", "met?")

SIZE_TITLE = "Files: size, and the pause of a fork"
SIZE_NOTE = "After the work above; the pause as the server tells it in latest_fork_usec."
SIZE_HEADINGS = ("data", "what", "Redis", "Skua")

# What is put in: (command, how many times, with a tenth of that by --quick).
DATA = {
    "strings of 16+16": [("SET key:{seq:4000000:12} {data:16}", 4000000)],
    "strings, hashes and lists of 10, a sorted set": [
        ("SET key:{seq:1000000:12} {data:16}", 1000000),
        ("HSET hash:{seq:100000:11} field:{rand:1000000:10} {data:16}", 1000000),
        ("RPUSH list:{seq:100000:11} {data:16}", 1000000),
        ("ZADD board {rand:100000000:9} member:{seq:1000000:9}", 1000000),
    ],
}


# --- the log of writes ---


def measure_throughput(bench, server, depth):
    record = bench.client(server, "-c", "50", "-P", str(depth), "--seconds", str(bench.seconds),
                          "--warmup", str(bench.warmup), WRITE)[-1]
    return record["requests_per_second"] / 1e3, record["server_cpu_us_per_request"]


def measure_log(bench, policy, depth):
    """The cells of a line: rounds alternate between the servers."""
    flags = ("--save", "", "--appendonly", "yes", "--appendfsync", policy,
             "--auto-aof-rewrite-percentage", "0")
    servers = [bench.start(name, *flags, has_all_cores=True) for name in ("Redis", "Skua")]
    try:
        rounds = [[measure_throughput(bench, server, depth) for server in servers]
                  for _ in range(bench.rounds)]
    finally:
        for server in servers:
            server.stop()
    theirs, ours = ([statistics.median(column) for column in zip(*figures)]
                    for figures in zip(*rounds))
    ratio = statistics.median(our[0] / their[0] for their, our in rounds)
    cells = [f"{policy}, {depth}", f"{theirs[0]:.1f}", f"{ours[0]:.1f}", f"{ratio:.2f}",
             f"{theirs[1]:.3f}", f"{ours[1]:.3f}"]
    if (policy, depth) != ("always", 16):
        return cells + ["", ""]
    is_met = ratio >= THROUGHPUT_BUDGET
    return cells + [f"≥ {THROUGHPUT_BUDGET}", "yes" if is_met else "**no**"]


def log_lines(selected):
    return [(policy, depth) for policy in POLICIES for depth in DEPTHS
            if selected(f"log of writes {policy} pipeline {depth}")]


# --- files ---


class Work:
    """What one server took for each work, and what it left."""

    def __init__(self):
        self.seconds, self.cpu_seconds, self.facts = {}, {}, {}

    def note(self, name, started, cpu_before, server):
        self.seconds[name] = time.monotonic() - started
        self.cpu_seconds[name] = server.cpu_seconds() - cpu_before


def run_timed(work, name, server, command, is_busy):
    """A command, and the background work that it begins: INFO fields that are 0 when it is done."""
    started, cpu_before = time.monotonic(), server.cpu_seconds()
    server.ask(command)
    while is_busy and any(server.info_number(field) != 0 for field in is_busy):
        time.sleep(0.02)
    work.note(name, started, cpu_before, server)


def restart_timed(work, name, server):
    """Stops the server as it is and measures until the next one answers; it begins at no CPU."""
    server.end_process()
    started = time.monotonic()
    server.begin_process()
    work.note(name, started, 0, server)


def folder_megabytes(path):
    return sum(os.path.getsize(os.path.join(path, name)) for name in os.listdir(path)) / 1e6


def measure_snapshots(bench, name, commands, work):
    server = bench.start(name, "--save", "", "--appendonly", "no")
    try:
        fill(bench, server, commands)
        run_timed(work, "SAVE", server, "SAVE", ())
        work.facts["dump.rdb"] = (
            f"{os.path.getsize(os.path.join(server.folder, 'dump.rdb')) / 1e6:.1f} MB")
        run_timed(work, "BGSAVE", server, "BGSAVE", ("rdb_bgsave_in_progress",))
        work.facts["pause of the fork"] = f"{server.info_number('latest_fork_usec') / 1e3:.2f} ms"
        restart_timed(work, "load dump.rdb", server)
    finally:
        server.stop()


def measure_logs(bench, name, commands, work):
    server = bench.start(name, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
                         "--auto-aof-rewrite-percentage", "0")
    folder = os.path.join(server.folder, "appendonlydir")
    try:
        fill(bench, server, commands)
        restart_timed(work, "load the log", server)
        work.facts["log, as it was written"] = f"{folder_megabytes(folder):.1f} MB"
        run_timed(work, "BGREWRITEAOF", server, "BGREWRITEAOF",
                  ("aof_rewrite_in_progress", "aof_rewrite_scheduled"))
        work.facts["log, rewritten"] = f"{folder_megabytes(folder):.1f} MB"
    finally:
        server.stop()


def fill(bench, server, commands):
    for command, count in commands:
        if bench.options.quick:
            count //= 10
        bench.client(server, "-c", "8", "-P", "64", "-n", str(count), command)


def measure_files(bench, commands):
    """{name of the server: Work}."""
    results = {}
    for name in ("Redis", "Skua"):
        results[name] = work = Work()
        measure_snapshots(bench, name, commands, work)
        measure_logs(bench, name, commands, work)
    return results


BUDGETED = ("SAVE", "load dump.rdb")


def file_cells(data, work, results):
    theirs, ours = results["Redis"], results["Skua"]
    ratio = theirs.seconds[work] / ours.seconds[work]
    cpu_ratio = theirs.cpu_seconds[work] / ours.cpu_seconds[work]
    cells = [data, work, f"{theirs.seconds[work]:.2f}", f"{ours.seconds[work]:.2f}",
             f"{ratio:.1f}", f"{theirs.cpu_seconds[work]:.2f}", f"{ours.cpu_seconds[work]:.2f}",
             f"{cpu_ratio:.1f}"]
    if work not in BUDGETED:
        return cells + ["", ""]
    is_met = min(ratio, cpu_ratio) >= FILE_BUDGET
    return cells + [f"≥ {FILE_BUDGET} × as fast", "yes" if is_met else "**no**"]


def size_cells(data, fact, results):
    return [data, fact, results["Redis"].facts[fact], results["Skua"].facts[fact]]
