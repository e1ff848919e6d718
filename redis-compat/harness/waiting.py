"""Scenes of clients that wait: some connections block on keys, another writes, alone or in a
transaction; the replies to all of them and the notifications are compared.

A scene starts from an empty dataset. Who is still waiting at its end is woken with CLIENT UNBLOCK.
"""

import re
import time

from harness.connection import NoReply
from harness.events import Listener, find_difference
from harness.resp import quote

KEYS = [b"w0", b"w1", b"w2"]
BLOCK_TIMEOUT_S = 5
COUNTS = [b"1", b"2", b"3"]


class Scene:
    """What is sent: `waits` by a connection each, one after the other, then `writes` by one more.

    Scenes of one type and without a transaction alone have stored results and, with one who waits,
    waits for several keys (blocking-overwritten-key, blocking-key-order in differences.md).
    """

    def __init__(self, random):
        self.random = random
        is_transaction = random.random() < 0.4
        is_mixed = is_transaction or random.random() < 0.5
        wait_count = random.randint(1, 3)
        self.most_keys = 3 if wait_count == 1 and not is_mixed else 1
        makers = [(self._make_list_wait, self._make_list_write)]
        makers += [(self._make_sorted_wait, self._make_sorted_write)]
        if not is_mixed:
            makers = [random.choice(makers)]
        self.waits = [random.choice(makers)[0]() for _ in range(wait_count)]
        self.writes = [self._make_write(makers, is_mixed) for _ in range(random.randint(1, 5))]
        if is_transaction:
            self.writes = [[b"MULTI"], *self.writes, [b"EXEC"]]

    def _take_keys(self):
        return self.random.sample(KEYS, self.random.randint(1, self.most_keys))

    def _take_elements(self):
        return [b"e%d" % self.random.randrange(9) for _ in range(self.random.randint(1, 3))]

    def _make_list_wait(self):
        pick = self.random.choice
        keys, ends = self._take_keys(), [b"LEFT", b"RIGHT"]
        return pick([
            [b"BLPOP", *keys, b"0"], [b"BRPOP", *keys, b"0"],
            [b"BLMOVE", pick(KEYS), pick(KEYS), pick(ends), pick(ends), b"0"],
            [b"BRPOPLPUSH", pick(KEYS), pick(KEYS), b"0"],
            [b"BLMPOP", b"0", b"%d" % len(keys), *keys, pick(ends), b"COUNT", pick(COUNTS)],
        ])

    def _make_sorted_wait(self):
        pick, keys = self.random.choice, self._take_keys()
        end = pick([b"MIN", b"MAX"])
        return pick([
            [b"BZPOPMIN", *keys, b"0"], [b"BZPOPMAX", *keys, b"0"],
            [b"BZMPOP", b"0", b"%d" % len(keys), *keys, end, b"COUNT", pick(COUNTS)],
        ])

    def _make_write(self, makers, is_mixed):
        chance = self.random.random()
        if chance < 0.7:
            args = self.random.choice(makers)[1]()
            is_storing = b"STORE" in args or args[0].endswith(b"STORE")
            return self._make_write(makers, is_mixed) if is_mixed and is_storing else args
        return self._make_change() if chance < 0.85 or not is_mixed else self._make_spoiler()

    def _make_list_write(self):
        pick, elements = self.random.choice, self._take_elements()
        return pick([
            [b"RPUSH", pick(KEYS), *elements], [b"LPUSH", pick(KEYS), *elements],
            [b"RPUSH", b"list", *elements], [b"LPUSHX", pick(KEYS), b"x"],
            [b"LMOVE", b"list", pick(KEYS), b"LEFT", b"RIGHT"],
            [b"LINSERT", pick(KEYS), b"BEFORE", b"e1", b"e2"], [b"LPOP", pick(KEYS)],
            [b"SORT", b"list", b"ALPHA", b"STORE", pick(KEYS)], [b"RENAME", b"list", pick(KEYS)],
            [b"COPY", b"list", pick(KEYS), b"REPLACE"],
        ])

    def _make_sorted_write(self):
        pick, elements = self.random.choice, self._take_elements()
        scored = [word for one in elements for word in (b"%d" % self.random.randrange(5), one)]
        return pick([
            [b"ZADD", pick(KEYS), *scored], [b"ZADD", pick(KEYS), *scored],
            [b"ZADD", b"sorted", *scored], [b"ZINCRBY", pick(KEYS), b"1", elements[0]],
            [b"ZUNIONSTORE", pick(KEYS), b"2", b"sorted", pick(KEYS)], [b"ZPOPMIN", pick(KEYS)],
            [b"GEOADD", pick(KEYS), b"1", b"1", elements[0]], [b"RENAME", b"sorted", pick(KEYS)],
            [b"COPY", b"sorted", pick(KEYS), b"REPLACE"],
        ])

    def _make_change(self):
        pick = self.random.choice
        return pick([
            [b"DEL", pick(KEYS)], [b"RENAME", pick(KEYS), pick(KEYS)], [b"EXPIRE", pick(KEYS), b"-1"],
            [b"EXPIRE", pick(KEYS), b"1000"], [b"SWAPDB", b"0", b"1"], [b"COPY", pick(KEYS), pick(KEYS)],
        ])

    def _make_spoiler(self):
        pick = self.random.choice
        return pick([[b"SADD", pick(KEYS), b"a"], [b"SET", pick(KEYS), b"x"]])

    def tell(self):
        """The scene as lines of a case."""
        lines = [f"{number}: ~blocks {_join(args)}" for number, args in enumerate(self.waits, 3)]
        lines += [_join(args) for args in self.writes]
        return "\n".join(["FLUSHALL", *lines, "2: pushes"])


def _join(args):
    return " ".join(map(quote, args))


def play_scenes(pair, random, count):
    """How many of `count` scenes pass and fail; tells of the first that fails."""
    for number in range(count):
        scene, protocol = Scene(random), 2 + number % 2
        told = [_play_on(server, scene, protocol) for server in pair.both()]
        difference = _find_difference(*told)
        if difference:
            print(f"scene {number} (RESP{protocol}):\n{scene.tell()}\n{difference}")
            return number, 1
    return count, 0


def _find_difference(oracle, skua):
    for name in ("writes", "waits"):
        if oracle[name] != skua[name]:
            return f"    the replies to {name} differ\n    {oracle[name]!r}\n    {skua[name]!r}"
    events = find_difference(oracle["events"], skua["events"])
    return f"    the events differ\n    {events[0]!r}\n    {events[1]!r}" if events else None


def _play_on(server, scene, protocol):
    """What one server replies and tells."""
    writer = server.connect(protocol)
    writer.ask("FLUSHALL")
    waiters = [server.connect(protocol) for _ in scene.waits]
    ids = [waiter.ask("CLIENT", "ID").value for waiter in waiters]
    listener = Listener(server, protocol)
    try:
        for number, (waiter, args) in enumerate(zip(waiters, scene.waits), 1):
            waiter.send(args)
            _await_blocked(writer, number)
        writes = [writer.ask(*args).raw for args in scene.writes]
        unblocked = [writer.ask("CLIENT", "UNBLOCK", one).raw for one in ids]
        waits = [waiter.read_reply().raw for waiter in waiters]
        return {"writes": writes, "waits": [unblocked, waits], "events": listener.take()}
    finally:
        for connection in (writer, listener, *waiters):
            connection.close()


def _await_blocked(connection, count):
    deadline = time.monotonic() + BLOCK_TIMEOUT_S
    while time.monotonic() < deadline:
        text = connection.ask("INFO", "clients").value
        if int(re.search(rb"blocked_clients:(\d+)", text).group(1)) >= count:
            return
    raise NoReply("the client does not block")
