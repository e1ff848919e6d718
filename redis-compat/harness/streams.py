"""Random command streams: the same commands to both servers, pipelined, compared byte for byte.

A run is a list of rounds. A round starts from FLUSHALL on fresh connections, sends its commands in
batches, and ends with a comparison of the whole dataset; its seed makes it repeatable alone. A
round that disagrees is shrunk to the fewest commands that still do and printed as case lines.
"""

import random
import time

from harness.compare import find_mismatch
from harness.marks import NO_MARKS, find_disagreement
from harness.connection import NoReply
from harness.events import CLASSES, Listener, find_difference, has_own_misses
from harness.generate import NEWER_TOKENS, Generator
from harness.newer import for_oracle, is_refused_by_newer, translate_reply
from harness.play import walk
from harness.resp import describe, encode_command, parse_all, quote
from harness.servers import CannotStart
from harness.shrink import shrink
from harness.syntax import read_syntax
from harness.waiting import play_scenes

ROUND_COMMANDS = 4000
COMMANDS_PER_SCENE = 100
BATCH_COMMANDS = 500
MAX_FAILED_ROUNDS = 10
SHRINK_TIME_S = 20
DATABASES = 4
EXPIRY_TOLERANCE_MS = 3000
END_MARK = b"end of batch 8f2c61d0"
# A transaction that the end of a batch cuts is dropped.
BATCH_END = [[b"DISCARD"], [b"ECHO", END_MARK]]
QUEUED = b"+QUEUED\r\n"
END_REPLY = b"$%d\r\n%b\r\n" % (len(END_MARK), END_MARK)

POLICIES = ("noeviction", "allkeys-lfu")
# The defaults of what forces collections from one encoding into another, and two smaller choices.
LIMITS = (
    {
        "hash-max-listpack-entries": 512, "hash-max-listpack-value": 64,
        "set-max-intset-entries": 512, "list-max-listpack-size": -2,
        "zset-max-listpack-entries": 128, "zset-max-listpack-value": 64,
    },
    {
        "hash-max-listpack-entries": 4, "hash-max-listpack-value": 64,
        "set-max-intset-entries": 4, "list-max-listpack-size": 3,
        "zset-max-listpack-entries": 4, "zset-max-listpack-value": 64,
    },
    {
        "hash-max-listpack-entries": 40, "hash-max-listpack-value": 8,
        "set-max-intset-entries": 16, "list-max-listpack-size": -1,
        "zset-max-listpack-entries": 40, "zset-max-listpack-value": 8,
    },
)
# Likewise, of Skua alone: the oracle has no packed sets.
SET_LIMITS = (
    {"set-max-listpack-entries": 128, "set-max-listpack-value": 64},
    {"set-max-listpack-entries": 5, "set-max-listpack-value": 64},
    {"set-max-listpack-entries": 40, "set-max-listpack-value": 8},
)


class Disagreement:
    """Where a stream of commands went apart: `index` is of the command, or None for the dataset;
    of notifications it is the last they may stem from."""

    def __init__(self, index, what, oracle, skua, is_of_events=False):
        self.index = index
        self.what = what
        self.oracle = oracle
        self.skua = skua
        self.is_of_events = is_of_events

    def signature(self, commands):
        """Equal for rounds that most likely show the same fault."""
        if self.is_of_events:
            return (b"events", self.oracle.split(b":")[0], self.skua.split(b":")[0])
        name = b"dataset" if self.index is None else commands[self.index][0].upper()
        return (name, self.oracle[:4], self.skua[:4])


def play_streams(pair, options, count, has_events):
    """Plays random rounds of `count` commands; returns how many passed and failed."""
    sender = Sender(pair, has_events)
    source = pair.skua if options.syntax_from == "skua" else pair.oracle
    syntax = read_syntax(source.connect())
    for command in syntax.values():
        command.drop_tokens(NEWER_TOKENS)
    passed = failed = 0
    shown = set()
    started = time.monotonic()
    for number in range(-(-count // ROUND_COMMANDS)):
        seed = f"{options.seed}:{number}"
        generator = Generator(syntax, random.Random(seed), can_script=not has_events)
        commands = generator.take_commands(min(ROUND_COMMANDS, count - number * ROUND_COMMANDS))
        if has_events and "m" in CLASSES[number % len(CLASSES)]:
            commands = [args for args in commands if not has_own_misses(args)]
        sender.set_up_round(number)
        disagreement = sender.play(commands, 2 + number % 2)
        if disagreement is None:
            passed += 1
            continue
        failed += 1
        _report(sender, commands, disagreement, 2 + number % 2, seed, shown)
        if failed == MAX_FAILED_ROUNDS:
            print(f"random: stopping after {failed} failed rounds")
            break
    if has_events:
        numbers = random.Random(f"{options.seed}:scenes")
        told = play_scenes(pair, numbers, count // COMMANDS_PER_SCENE)
        passed, failed = passed + told[0], failed + told[1]
    elapsed_s = time.monotonic() - started
    done = (passed + failed) * ROUND_COMMANDS
    told = f" with {sender.message_count} notifications" if has_events else ""
    print(f"random: seed {options.seed}, about {min(done, count)} commands{told}, "
          f"{done / elapsed_s:.0f} a second")
    return passed, failed


class Sender:
    """Sends streams to both servers; brings a server back that died of one."""

    def __init__(self, pair, has_events):
        self.pair = pair
        self.has_events = has_events
        self.message_count = 0
        self.aside = None
        self.forms = (for_oracle, for_oracle if pair.is_self_check else list)

    def set_up_round(self, number):
        """Rounds take turns with the policies and with the limits, each in its own period."""
        settings = {"maxmemory-policy": POLICIES[number // 2 % 2], **LIMITS[number % len(LIMITS)]}
        if self.has_events:
            settings["notify-keyspace-events"] = CLASSES[number % len(CLASSES)]
        for server in self.pair.both():
            _configure(server, settings)
        if not self.pair.is_self_check:
            _configure(self.pair.skua, SET_LIMITS[number % len(LIMITS)])

    def play(self, commands, protocol):
        """None, or the first Disagreement of `commands` from an empty dataset."""
        connections, listeners = [], []
        try:
            for server in self.pair.both():
                connections.append(server.connect(protocol))
                connections[-1].ask("FLUSHALL")
                listeners += [Listener(server, protocol)] if self.has_events else []
            return self._play_batches(commands, connections, listeners)
        except (NoReply, OSError) as error:
            return Disagreement(None, self._revive(error), b"", b"")
        finally:
            for connection in connections + listeners:
                connection.close()

    def _play_batches(self, commands, connections, listeners):
        for start in range(0, len(commands), BATCH_COMMANDS):
            batch = commands[start : start + BATCH_COMMANDS]
            for connection, form in zip(connections, self.forms):
                data = [encode_command(form(args)) for args in batch]
                connection.send_raw(b"".join(data + list(map(encode_command, BATCH_END))))
            replies = [connection.read_until(END_REPLY) for connection in connections]
            if replies[0] != replies[1]:
                found = self._find_disagreement(batch, start, *map(parse_all, replies))
                if found:
                    return found
            found = self._compare_events(start + len(batch) - 1, listeners)
            if found:
                return found
        return compare_datasets(connections)

    def _compare_events(self, index, listeners):
        """Of what the listeners have been told since the last time."""
        told = [listener.take() for listener in listeners]
        self.message_count += told[0].count(b"pmessage") if told else 0
        difference = find_difference(*told) if told else None
        if difference:
            return Disagreement(index, "the events differ", *difference, is_of_events=True)
        return None

    def _find_disagreement(self, batch, start, oracle_replies, skua_replies):
        if len(oracle_replies) != len(skua_replies):
            counts = f"{len(oracle_replies)} and {len(skua_replies)} replies"
            return Disagreement(start, counts, b"", b"")
        queued = []
        for offset, args in enumerate(batch):
            oracle, skua = oracle_replies[offset], skua_replies[offset]
            if oracle.raw != skua.raw:
                what = self._judge_all(args, queued, oracle, skua)
                if what:
                    return Disagreement(start + offset, what, oracle.raw, skua.raw)
            elif oracle.raw == QUEUED:
                queued.append(args)
            elif args[0].upper() == b"MULTI" and oracle.kind == "+":
                queued = []
        return None

    def _judge_all(self, args, queued, oracle, skua):
        """As _judge, and of EXEC each reply by its own command, which stand in `queued`."""
        is_array = oracle.is_aggregate() and skua.is_aggregate()
        if args[0].upper() != b"EXEC" or not is_array or len(oracle.value) != len(skua.value):
            return self._judge(args, oracle, skua)
        for command, *replies in zip(queued[-len(oracle.value) :], oracle.value, skua.value):
            what = self._judge(command, *replies)
            if what:
                return f"{what}, of {' '.join(map(quote, command))[:200]}"
        return None

    def _judge(self, args, oracle, skua):
        """None, or in a few words how the replies to `args` disagree."""
        oracle = translate_reply(args, oracle)
        what = find_disagreement(args, oracle, skua)
        return what if what and not is_refused_by_newer(self._aside(), args, skua) else None

    def _aside(self):
        """A connection to the oracle that no stream uses."""
        if self.aside is None:
            self.aside = self.pair.oracle.connect()
        return self.aside

    def _revive(self, error):
        self.aside = None
        words = str(error)
        told = [server.revive() for server in self.pair.both()]
        return "\n".join([words, *(one for one in told if one)])


def _configure(server, settings):
    connection = server.connect()
    for name, value in settings.items():
        reply = connection.ask("CONFIG", "SET", name, value)
        if reply.kind == "-":
            raise CannotStart(f"{server.name} refuses {name} {value}: {reply.value.decode()}")
    connection.close()


def compare_datasets(connections):
    """Compares every key of every database in use: by digest, then one by one."""
    digests = [connection.ask("DEBUG", "DIGEST").raw for connection in connections]
    if digests[0] != digests[1]:
        what = "the datasets differ: " + _find_differing_keys(connections)
        return Disagreement(None, what, digests[0], digests[1])
    for database in range(DATABASES):
        found = _compare_database(connections, database)
        if found:
            return found
    return None


def _compare_database(connections, database):
    """The keys that a walk finds, and when each expires."""
    for connection in connections:
        connection.ask("SELECT", database)
    walks = [walk(connection, [b"SCAN", b"0", b"COUNT", b"7"]) for connection in connections]
    if walks[0].raw != walks[1].raw:
        what = f"SCAN of database {database} finds other keys"
        return Disagreement(None, what, walks[0].raw, walks[1].raw)
    keys = [reply.value for reply in parse_all(walks[0].raw)]
    asked = b"".join(encode_command([b"PEXPIRETIME", key]) for key in keys)
    for connection in connections:
        connection.send_raw(asked)
    for key in keys:
        times = [connection.read_reply() for connection in connections]
        if find_mismatch({"within": EXPIRY_TOLERANCE_MS}, *times):
            what = f"{quote(key)} in database {database} expires at another time"
            return Disagreement(None, what, times[0].raw, times[1].raw)
    return None


def _find_differing_keys(connections):
    found = []
    for database in range(DATABASES):
        for connection in connections:
            connection.ask("SELECT", database)
        keys = set()
        for connection in connections:
            keys |= {item.value for item in connection.ask("KEYS", "*").value}
        for key in sorted(keys):
            found += _compare_key(connections, database, key)
    return "; ".join(found[:3]) or "only DEBUG DIGEST tells them apart"


# With how far their replies may be apart.
ASKED_OF_KEYS = (("TYPE",), 0), (("PTTL",), 5000), (("GET",), 0), (("DEBUG", "DIGEST-VALUE"), 0)


def _compare_key(connections, database, key):
    for args, tolerance in ASKED_OF_KEYS:
        replies = [connection.ask(*args, key) for connection in connections]
        marks = {"within": tolerance} if tolerance else NO_MARKS
        if find_mismatch(marks, *replies):
            told = " and ".join(describe(reply)[:200] for reply in replies)
            return [f"{' '.join(args)} {quote(key)} in database {database} is {told}"]
    return []


def _report(sender, commands, disagreement, protocol, seed, shown):
    where = f"random round {seed} (RESP{protocol})"
    signature = disagreement.signature(commands)
    if signature in shown:
        print(f"{where}: again {signature[0].decode(errors='replace')}: {disagreement.what[:200]}")
        return
    shown.add(signature)
    if disagreement.index is not None:
        commands = commands[: disagreement.index + 1]

    def fails(candidate):
        other = sender.play(candidate, protocol)
        return other is not None and other.signature(candidate) == signature

    smallest = shrink(commands, fails, time.monotonic() + SHRINK_TIME_S)
    final = sender.play(smallest, protocol) or disagreement
    print(f"{where}: {final.what}")
    print(f"== random {seed}")
    for args in smallest[-50:]:
        print(" ".join(map(quote, args)))
    if final.oracle or final.skua:
        print(f"    redis {final.oracle[:600]!r}\n    skua  {final.skua[:600]!r}")
