"""Rate limiting for run-bench: what is compared, and how it is measured.

A decision of Skua is set against a SET of the same run, and against the usual recipes on
redis-server. All have keys of 16 bytes: a million of them, or a hundred hot ones.
"""

import statistics

MANY, FEW = "{rand:1000000:12}", "{rand:100:12}"
HOUR_MS = 3600000
BUDGET = 1.3

# As they are usually written; the time is the server's.
TOKEN_BUCKET = """
local capacity, refill, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or capacity
tokens = math.min(capacity, tokens + (now - (tonumber(bucket[2]) or now)) * refill / period)
local allowed = tokens >= 1
if allowed then tokens = tokens - 1 end
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(capacity * period / refill))
return {allowed and 1 or 0, math.floor(tokens)}
"""

SLIDING_LOG = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local count = redis.call('ZCARD', KEYS[1])
if count >= limit then return {0, 0} end
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('PEXPIRE', KEYS[1], window)
return {1, limit - count - 1}
"""

FIXED_WINDOW = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {count <= tonumber(ARGV[1]) and 1 or 0, count}
"""


class Decision:
    """A command that decides, or a recipe of several, on the key lim:NUMBER."""

    def __init__(self, name, command, script=None, is_kept_alike=False, is_log=False):
        self.name, self.command, self.script = name, command, script
        self.is_kept_alike = is_kept_alike  # takes the memory of one above
        self.is_log = is_log

    def write(self, server, number):
        """The command for keys of these numbers; SHA1 becomes that of the script, once loaded."""
        command = self.command.replace("NUMBER", number)
        if self.script is None:
            return command
        return command.replace("SHA1", server.load_script(self.script))


# Of these limits none is used up in a run, and no limiter is fresh again within it.
SKUA = [
    Decision("RL.TAKE BUCKET", f"RL.TAKE lim:NUMBER BUCKET 1000000 100 {HOUR_MS}"),
    Decision("RL.TAKE GCRA", f"RL.TAKE lim:NUMBER GCRA 1000000 100 {HOUR_MS}"),
    Decision("RL.TAKE LEAKY", f"RL.TAKE lim:NUMBER LEAKY 1000000 100 {HOUR_MS}"),
    Decision("RL.TAKE FIXED", f"RL.TAKE lim:NUMBER FIXED 1000000 {HOUR_MS}"),
    Decision("RL.TAKE FIXED ALIGNED", f"RL.TAKE lim:NUMBER FIXED 1000000 {24 * HOUR_MS} ALIGNED"),
    Decision("RL.TAKE SLIDING", f"RL.TAKE lim:NUMBER SLIDING 1000000 {HOUR_MS}"),
    Decision("RL.TAKE SLIDING BUCKETS 10",
             f"RL.TAKE lim:NUMBER SLIDING 1000000 {HOUR_MS} BUCKETS 10"),
    Decision("RL.TAKE LOG", f"RL.TAKE lim:NUMBER LOG 1000000 {HOUR_MS}", is_log=True),
    Decision("RL.TAKE CONCURRENT, renewing",
             f"RL.TAKE lim:NUMBER CONCURRENT 1000000 {HOUR_MS} TOKEN job:1"),
    Decision("RL.TAKE BUCKET, denied", f"RL.TAKE lim:NUMBER BUCKET 2 1 {HOUR_MS} COST 2",
             is_kept_alike=True),
]

RECIPES = [
    Decision("INCR, EXPIRE NX", "INCR lim:NUMBER {;} EXPIRE lim:{same:12} 3600 NX"),
    Decision("MULTI, INCR, EXPIRE, EXEC",
             "MULTI {;} INCR lim:NUMBER {;} EXPIRE lim:{same:12} 3600 NX {;} EXEC",
             is_kept_alike=True),
    Decision("Lua fixed window", f"EVALSHA SHA1 1 lim:NUMBER 1000000 {HOUR_MS}", FIXED_WINDOW,
             is_kept_alike=True),
    Decision("Lua token bucket", f"EVALSHA SHA1 1 lim:NUMBER 1000000 100 {HOUR_MS}", TOKEN_BUCKET),
    Decision("Lua sliding log",
             f"EVALSHA SHA1 1 lim:NUMBER 1000000 {HOUR_MS} {{rand:1000000000:16}}", SLIDING_LOG,
             is_log=True),
]

SET = Decision("SET", "SET str:NUMBER {data:16}")

CPU_TITLE = "Rate limiting: CPU time per decision"
CPU_NOTE = ("Microseconds of the server process, pipeline 16, 50 connections; and how many times "
            "that is of a SET on the same server, of as many keys of the same length.")
CPU_HEADINGS = ("decision", "server", "1M keys, µs", "× SET", "100 keys, µs", "× SET", "budget",
                "met?")

MEMORY_TITLE = "Rate limiting: memory per limiter"
MEMORY_NOTE = ("Bytes of used_memory at 1M limiters, each used once, and the most at eleven counts "
               "from 1M to 2M; keys of 16 bytes.")
MEMORY_HEADINGS = ("limiter", "server", "1M", "most")

LOG_TITLE = "Rate limiting: memory of logs"
LOG_NOTE = "Bytes of used_memory per limiter, of 100,000, after so many requests to each."
LOG_HEADINGS = ("limiter", "server", "1 request", "20", "100")
LOG_REQUESTS = (1, 20, 100)
LOG_LIMITERS = 100000


def contestants(selected):
    """(server's name, decision) of what is to be measured."""
    all_of_them = [("Skua", decision) for decision in SKUA] + [
        ("Redis", decision) for decision in RECIPES]
    return [(name, decision) for name, decision in all_of_them
            if selected(f"rate limiting {name} {decision.name}")]


def run_load(bench, server, decision, numbers, *arguments):
    """Server CPU in µs per decision."""
    records = bench.client(server, "-c", "50", *arguments, decision.write(server, numbers))
    return records[-1]["server_cpu_us_per_request"]


def measure_decision(bench, server, decision, numbers):
    """Medians of µs and of the ratio to the SETs of the same round."""
    def measure(what):
        return run_load(bench, server, what, numbers, "-P", "16", "--seconds", str(bench.seconds),
                        "--warmup", str(bench.warmup))

    rounds = []
    for _ in range(bench.rounds):
        base, cost = measure(SET), measure(decision)
        rounds.append((cost, cost / base))
    return tuple(statistics.median(column) for column in zip(*rounds))


def measure_cpu(bench, name, decision):
    """The cells of a line, from a server of its own that holds a million strings and limiters."""
    server = bench.start(name)
    try:
        for what in (SET, decision):
            run_load(bench, server, what, "{seq:1000000:12}", "-P", "64", "-n", "1000000")
        cost, ratio = measure_decision(bench, server, decision, MANY)
        hot_cost, hot_ratio = measure_decision(bench, server, decision, FEW)
    finally:
        server.stop()
    cells = [decision.name, name, f"{cost:.3f}", f"{ratio:.2f}", f"{hot_cost:.3f}",
             f"{hot_ratio:.2f}"]
    if name != "Skua":
        return cells + ["", ""]
    is_met = max(ratio, hot_ratio) <= BUDGET
    return cells + [f"≤ {BUDGET}", "yes" if is_met else "**no**"]


def measure_memory(bench, name, decision):
    server = bench.start(name)
    try:
        command = decision.write(server, "{seq:1000000000:12}")
        records = bench.client(server, "--mode", "memory", "--keys", "1000000", command)
    finally:
        server.stop()
    figures = [record["used_bytes_per_key"] for record in records]
    return [decision.name, name, f"{figures[0]:.1f}", f"{max(figures):.1f}"]


def measure_log(bench, name, decision):
    """Requests go round the limiters, so that each one's have moments of their own."""
    server = bench.start(name)
    cells, done = [decision.name, name], 0
    try:
        empty = server.used_memory()
        for requests in LOG_REQUESTS:
            run_load(bench, server, decision, f"{{seq:{LOG_LIMITERS}:12}}", "-P", "64", "-n",
                     str((requests - done) * LOG_LIMITERS))
            done = requests
            cells.append(f"{(server.used_memory() - empty) / LOG_LIMITERS:.1f}")
    finally:
        server.stop()
    return cells
