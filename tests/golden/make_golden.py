#!/usr/bin/env python3
"""Writes payloads.txt: DUMP payloads of a real redis-server 7.0, and payloads in forms of older
versions, put together here, which it accepts. And the corpus of tests/fuzz/restore.c from them.
And whole files: dump.rdb (all of the payloads' keys), small.rdb, appendonlydir and mixed.aof (an old log
that begins as an RDB file) of that server, old.rdb in the forms of Redis 2.4 and streams.rdb with streams in
the forms of Redis 5, 7.0 and 7.2, put together here; those of RDB are the corpus of tests/fuzz/rdb_file.c.

usage: tests/golden/make_golden.py          needs redis-server (or redis-tools) and python3-redis

A line of payloads.txt is a name, the type, DEBUG DIGEST-VALUE as redis-server tells it, and the
payload in hexadecimal.
"""
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import redis

GOLDEN = Path(__file__).resolve().parent
CORPUS = GOLDEN.parent / "fuzz" / "corpus" / "restore"
FILE_CORPUS = GOLDEN.parent / "fuzz" / "corpus" / "rdb_file"
DUE_MS = 4102444800000  # the year 2100
FOOTER_BYTES = 10
JONES_REFLECTED = 0x95AC9329AC4BC9B5


def start_server(folder):
    program = shutil.which("redis-server")
    if program is None:
        program = str(Path(folder) / "redis-server")
        os.symlink(shutil.which("redis-check-rdb"), program)
    socket = str(Path(folder) / "socket")
    server = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", socket, "--save", "", "--enable-debug-command",
         "yes", "--dir", folder], stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=socket)
    for _ in range(100):
        try:
            client.ping()
            return server, client
        except redis.ConnectionError:
            time.sleep(0.05)
    raise SystemExit("redis-server does not answer")


# --- payloads of the server ------------------------------------------------------------------------

LONG_TEXT = b"all work and no play makes Jack a dull boy " * 8
RANDOM_TEXT = bytes((i * i * 7 + i * 13 + (i >> 3) * 91) & 0xFF for i in range(300))


def fill(client):
    """Keys of every type and encoding that the server writes."""
    for number in (0, 127, -128, 128, 32767, -32769, 2147483647, -2147483649, 2**63 - 1):
        client.set(f"string-{number}", number)
    for name, text in (("empty", b""), ("short", b"short"), ("leading-zero", b"007"),
                       ("compressed", LONG_TEXT), ("random", RANDOM_TEXT)):
        client.set(f"string-{name}", text)
    elements = [b"", b"a", b"-1", b"300", b"1.5", LONG_TEXT, RANDOM_TEXT[:100], b"9223372036854775807"]
    client.rpush("list-packed", *elements)
    client.rpush("list-many-nodes", *[b"element:%d" % i for i in range(1500)])
    client.sadd("set-16-bits", *range(20))
    client.sadd("set-32-bits", *[i * 70000 for i in range(20)])
    client.sadd("set-64-bits", *[i << 40 for i in range(20)])
    client.sadd("set-text", *elements)
    short = [element for element in elements if len(element) <= 64]
    scores = [1.5, -2, 0, 3e300, float("inf"), float("-inf"), 2**53, 0.1]
    client.zadd("zset-packed", dict(zip(short, scores)))
    client.zadd("zset-long", dict(zip(elements, scores)))
    client.zadd("zset-table", {b"member:%d" % (i * 7 % 150): i / 4 for i in range(150)})
    client.hset("hash-packed", mapping=dict(zip(short, reversed(short))))
    client.hset("hash-long", mapping=dict(zip(elements, reversed(elements))))
    client.hset("hash-table", mapping={b"field": b"x" * 65, b"1": b"2"})
    client.hset("hash-many", mapping={b"field:%d" % i: i for i in range(513)})
    for i in range(20):
        client.xadd("stream", {b"field": i, b"other": b"text"}, id=f"{i + 1}-1")
    client.xgroup_create("stream", "group", "0")
    client.xreadgroup("group", "consumer", {"stream": ">"}, count=5)
    client.xadd("stream-plain", {b"a": b"b"}, id="5-5")
    fill_streams(client)


def fill_streams(client):
    """Whatever a stream can be: empty, with holes, of several nodes, ids far apart, groups and consumers
    with and without pending entries."""
    client.xgroup_create("stream-empty", "group", "$", mkstream=True)
    client.xgroup_create("stream-empty", "17", "5-1", mkstream=True)
    client.xgroup_createconsumer("stream-empty", "17", "idle")
    for i in range(350):
        fields = {b"field": b"text %d" % i} if i % 3 else {b"own:%d" % (i % 7): i * 1000003, b"": LONG_TEXT}
        client.xadd("stream-nodes", fields, id=f"{1000 + i * i}-{i % 5}")
    for i in range(90, 230):
        client.xdel("stream-nodes", f"{1000 + i * i}-{i % 5}")
    client.xtrim("stream-nodes", minid="2000", approximate=False)
    for group in ("b", "a", "100"):
        client.xgroup_create("stream-nodes", group, "0")
    for i in range(30):
        client.xreadgroup("ba"[i % 2], f"consumer {i % 4}", {"stream-nodes": ">"}, count=i % 3 + 1)
    client.xreadgroup("100", "no acknowledgements", {"stream-nodes": ">"}, count=5, noack=True)
    pending = client.xpending_range("stream-nodes", "a", "-", "+", 100)
    client.xack("stream-nodes", "a", *[entry["message_id"] for entry in pending[::3]])
    client.xclaim("stream-nodes", "a", "another", 0, [pending[1]["message_id"]], retrycount=77)
    client.xdel("stream-nodes", pending[2]["message_id"])
    client.xadd("stream-far", {RANDOM_TEXT: b"-1"}, id="0-1")
    client.xadd("stream-far", {b"8" * 20: b"1.50"}, id=f"{2**63 + 5}-{2**64 - 1}")
    client.xadd("stream-far", {b"f": b"v"}, id=f"{2**64 - 1}-{2**64 - 2}")
    for number in (10, 20):
        client.xadd("stream-set-back", {b"n": number}, id=f"{number}-0")
    client.xdel("stream-set-back", "20-0")
    client.execute_command("XSETID", "stream-set-back", "11-0")
    client.xadd("stream-set-back", {b"n": 12}, id="12-0")
    client.xadd("stream-set-id", {b"n": 1}, id="1-0")
    client.execute_command("XSETID", "stream-set-id", "9-9", "ENTRIESADDED", "100", "MAXDELETEDID", "8-8")
    client.xadd("stream-emptied", {b"n": 1}, id="1-0")
    client.xdel("stream-emptied", "1-0")


# --- payloads in old forms -------------------------------------------------------------------------


def crc64(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (JONES_REFLECTED if crc & 1 else 0)
    return crc


def finish(body, version):
    body += struct.pack("<H", version)
    return body + struct.pack("<Q", crc64(body))


def length(number):
    if number < 64:
        return bytes([number])
    if number < 1 << 14:
        return bytes([0x40 | number >> 8, number & 0xFF])
    return b"\x80" + struct.pack(">I", number)


def string(text):
    return length(len(text)) + text


def ziplist_entry(element, previous_size):
    previous = bytes([previous_size]) if previous_size < 254 else b"\xfe" + struct.pack("<I", previous_size)
    if isinstance(element, bytes):
        if len(element) < 64:
            return previous + bytes([len(element)]) + element
        if len(element) < 1 << 14:
            return previous + bytes([0x40 | len(element) >> 8, len(element) & 0xFF]) + element
        return previous + b"\x80" + struct.pack(">I", len(element)) + element
    if 0 <= element <= 12:
        return previous + bytes([0xF1 + element])
    for marker, width in ((0xFE, 1), (0xC0, 2), (0xF0, 3), (0xD0, 4), (0xE0, 8)):
        if -(1 << 8 * width - 1) <= element < 1 << 8 * width - 1:
            return previous + bytes([marker]) + element.to_bytes(width, "little", signed=True)
    raise ValueError(element)


def ziplist(elements):
    entries, last, size = b"", 0, 0
    for element in elements:
        entry = ziplist_entry(element, size)
        last, size = len(entries), len(entry)
        entries += entry
    return struct.pack("<IIH", 11 + len(entries), 10 + last, len(elements)) + entries + b"\xff"


def zipmap_length(number):
    return bytes([number]) if number < 254 else b"\xfe" + struct.pack("<I", number)


def zipmap(pairs):
    data = bytes([min(len(pairs), 254)])
    for index, (field, value) in enumerate(pairs):
        unused = index % 3
        data += zipmap_length(len(field)) + field
        data += zipmap_length(len(value)) + bytes([unused]) + value + b"?" * unused
    return data + b"\xff"


def old_payloads():
    mixed = [b"", b"a", 0, 12, 13, -1, 127, -128, 128, -32768, 32768, -(1 << 23), 1 << 23, -(1 << 31),
             1 << 31, -(1 << 63), b"x" * 63, b"y" * 64, b"z" * 253, b"after", b"w" * 16384, b"end"]
    pairs = [(b"field", b"value"), (b"long", b"v" * 300), (b"n", b"42")]
    yield "old-list", 1, length(3) + string(b"one") + b"\xc0\x05" + string(LONG_TEXT)
    yield "old-zset", 3, length(4) + string(b"a") + b"\x031.5" + string(b"b") + b"\xff" + \
        string(b"c") + b"\xfe" + string(b"d") + b"\x05-2e10"
    yield "old-zipmap", 9, string(zipmap(pairs))
    yield "old-list-ziplist", 10, string(ziplist(mixed))
    yield "old-zset-ziplist", 12, string(ziplist([b"low", -5, b"middle", b"0.25", b"top", 100000]))
    yield "old-hash-ziplist", 13, string(ziplist([b"f", b"v", b"g", 12345, b"5", b"x" * 70]))
    yield "old-quicklist", 14, length(2) + string(ziplist(mixed[:8])) + string(ziplist(mixed[8:-2]))


def listpack(elements):
    """Of short strings and small integers."""
    data = b""
    for element in elements:
        body = bytes([element]) if isinstance(element, int) else bytes([0x80 | len(element)]) + element
        data += body + bytes([len(body)])
    return struct.pack("<IH", 7 + len(data), len(elements)) + data + b"\xff"


def stream_id(ms, seq):
    return struct.pack(">QQ", ms, seq)


def stream(number):
    """In the form of RDB type 15 (Redis 5), 19 (7.0) or 21 (7.2)."""
    node = listpack([2, 1, 1, b"f", 0, 2, 0, 0, b"v", 4, 3, 1, 0, b"gone", 4, 0, 2, 1, 1, b"own", 7, 6])
    times = struct.pack("<q", DUE_MS) * (2 if number == 21 else 1)
    body = length(1) + string(stream_id(5, 1)) + string(node) + length(2) + length(8) + length(0)
    if number != 15:
        body += length(5) + length(1) + length(6) + length(1) + length(3)
    body += length(2) + string(b"empty") + length(0) + length(0) + (length(0) if number != 15 else b"")
    body += length(0) + length(0)
    body += string(b"group") + length(6) + length(1) + (length(2) if number != 15 else b"")
    body += length(2)
    for ms in (5, 6):
        body += stream_id(ms, 1) + struct.pack("<q", DUE_MS) + length(3)
    body += length(2) + string(b"one") + times + length(1) + stream_id(6, 1)
    body += string(b"two") + times + length(1) + stream_id(5, 1)
    return bytes([number]) + body


def make(client):
    fill(client)
    payloads = {key.decode(): client.dump(key) for key in client.keys()}
    for name, number, body in old_payloads():
        payloads[name] = finish(bytes([number]) + body, 9)
        client.restore(name, 0, payloads[name])
    payloads["stream-of-redis-5"] = finish(stream(15), 9)
    client.restore("stream-of-redis-5", 0, payloads["stream-of-redis-5"])
    for name in sorted(payloads):
        digest = client.execute_command("DEBUG", "DIGEST-VALUE", name)[0].decode()
        yield name, client.type(name).decode(), digest, payloads[name]
        if name == "stream-of-redis-5":  # the same entries, which this server cannot read
            yield "stream-of-redis-7.2", "stream", digest, finish(stream(21), 11)


# --- whole files ------------------------------------------------------------------------------------


def old_file():
    """RDB version 3, as Redis 2.4 wrote it: no sum, due times in seconds."""
    data = b"REDIS0003\xfe\x00"
    for name, number, body in old_payloads():
        if number <= 12:
            data += bytes([number]) + string(name.encode()) + body
    data += b"\xfd" + struct.pack("<i", 2147483000) + b"\x00" + string(b"due") + b"\xc0\x05"
    return data + b"\xfe\x03\x00" + string(b"other") + string(b"database") + b"\xff"


def streams_file():
    data = b"REDIS0011\xfe\x00"
    for number in (15, 19, 21):
        body = stream(number)
        data += body[:1] + string(b"stream-%d" % number) + body[1:]
    data += b"\xff"
    return data + struct.pack("<Q", crc64(data))


def fill_little(client):
    client.flushall()
    client.set("string", "value")
    client.set("due", 12345, pxat=DUE_MS)
    client.set("compressed", "x" * 40)
    client.rpush("list", "a", "b", 3)
    client.sadd("set", 1, 2, 300)
    client.sadd("words", "one", "two")
    client.zadd("zset", {"low": 1, "high": 2.5})
    client.hset("hash", mapping={"field": "value", "n": 7})
    client.xadd("stream", {"field": "value"}, id="1-1")
    client.execute_command("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() end)")
    client.execute_command("SELECT", 3)
    client.set("other", "database")
    client.execute_command("SELECT", 0)


def write_log(client):
    client.set("first", "1")
    client.execute_command("SELECT", 2)
    client.rpush("list", "a", "b", "c")
    with client.pipeline(transaction=True) as transaction:
        transaction.set("in", "transaction").incr("counter").execute()
    client.set("binary", bytes(range(64)))
    client.delete("first")
    with client.pipeline(transaction=True) as transaction:
        transaction.set("last", "transaction").incr("counter").execute()


def write_file(name, data):
    (GOLDEN / name).parent.mkdir(exist_ok=True)
    (GOLDEN / name).write_bytes(data)
    if name.endswith(".rdb") and "/" not in name:
        FILE_CORPUS.mkdir(parents=True, exist_ok=True)
        (FILE_CORPUS / name).write_bytes(data)


def wait_for_rewrite(client):
    while client.info("persistence")["aof_rewrite_in_progress"] or \
            client.info("persistence")["aof_rewrite_scheduled"]:
        time.sleep(0.05)


def make_files(client, folder):
    """`client` holds the payloads' keys; it has one connection, for SELECT."""
    folder = Path(folder)
    client.pexpireat("string-short", DUE_MS)
    client.save()
    write_file("dump.rdb", (folder / "dump.rdb").read_bytes())
    fill_little(client)
    client.save()
    small = (folder / "dump.rdb").read_bytes()
    write_file("small.rdb", small)
    write_file("old.rdb", old_file())
    write_file("streams.rdb", streams_file())
    client.config_set("aof-timestamp-enabled", "yes")
    client.config_set("appendonly", "yes")
    wait_for_rewrite(client)
    write_log(client)
    for path in sorted((folder / "appendonlydir").iterdir()):
        write_file("appendonlydir/" + path.name, path.read_bytes())
        if path.name.endswith(".incr.aof"):
            write_file("mixed.aof", small + path.read_bytes())


def main():
    with tempfile.TemporaryDirectory() as folder:
        server, client = start_server(folder)
        try:
            rows = list(make(client))
            make_files(client.client(), folder)
        finally:
            server.terminate()
            server.wait()
    CORPUS.mkdir(parents=True, exist_ok=True)
    with open(GOLDEN / "payloads.txt", "w", encoding="ascii") as file:
        for name, kind, digest, payload in rows:
            file.write(f"{name} {kind} {digest} {payload.hex()}\n")
            if len(payload) < 2000:
                (CORPUS / name).write_bytes(payload[:-FOOTER_BYTES])


main()
