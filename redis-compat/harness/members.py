"""What random commands on lists, hashes, sets and SORT are made of.

Each family has few keys and draws from few elements, so that commands meet: integers at the edges
of their packed encodings, texts at the lengths where an encoding ends, empty and binary ones. Some
lists and sets hold nothing but numbers, for SORT. One set and one hash never have more than one
member: what is drawn from them at random is known.
"""

from harness.values import ANY_KEYS, COLLECTION_KEYS, HASH_KEYS, LIST_KEYS, SET_KEYS

# How often each command is drawn, as in generate.py.
LIST_COMMANDS = {
    "lindex": 8, "linsert": 30, "llen": 5, "lmove": 12, "lmpop": 8, "lpop": 12, "lpos": 16,
    "lpush": 16, "lpushx": 5, "lrange": 12, "lrem": 10, "lset": 12, "ltrim": 6, "rpop": 8,
    "rpoplpush": 6, "rpush": 22, "rpushx": 5,
}
HASH_COMMANDS = {
    "hdel": 14, "hexists": 5, "hget": 6, "hgetall": 6, "hincrby": 14, "hincrbyfloat": 14,
    "hkeys": 5, "hlen": 5, "hmget": 6, "hmset": 6, "hrandfield": 6, "hscan": 6, "hset": 34,
    "hsetnx": 8, "hstrlen": 5, "hvals": 5,
}
SET_COMMANDS = {
    "sadd": 40, "scard": 5, "sdiff": 6, "sdiffstore": 6, "sinter": 6, "sintercard": 10,
    "sinterstore": 6, "sismember": 6, "smembers": 5, "smismember": 6, "smove": 10, "spop": 4,
    "srandmember": 6, "srem": 16, "sscan": 6, "sunion": 6, "sunionstore": 6,
}
SORT_COMMANDS = {"sort": 26, "sort_ro": 12}
COMMANDS = LIST_COMMANDS | HASH_COMMANDS | SET_COMMANDS | SORT_COMMANDS
# These act at once inside a transaction, and stand nowhere else.
BLOCKING_COMMANDS = {"blmove": 3, "blmpop": 3, "blpop": 3, "brpop": 2, "brpoplpush": 2}

NUMBER_LISTS, NUMBER_SETS = LIST_KEYS[-2:], SET_KEYS[-2:]
# What fills the lists and sets of numbers, and what may take from them.
FEEDERS = {"lpush", "rpush", "rpushx", "lset", "linsert", "sadd"}
EATERS = {"lpop", "rpop", "ltrim", "lrem", "lrange", "lpos", "srem", "smembers", "sscan"}
# See sort-after-overflow in differences.md.
CLEARING = [b"INCRBYFLOAT", b"zero", b"0"]
LONE_SET, LONE_HASH = b"o0", b"o1"

INTEGERS = [
    b"%d" % (sign * ((1 << bits) + near))
    for bits in (7, 12, 13, 15, 16, 23, 31, 32, 63)
    for near in (-1, 0)
    for sign in (1, -1)
]
TEXTS = [
    b"", b"a", b"b", b"c", b"foo", b"\xff", b"q\x00r", b"\r\n", b"01", b"-0", b"+1", b" 1", b"1 ",
    b"12345678901234567890", b"9223372036854775808", b"x" * 20, b"x" * 21, b"x" * 63, b"x" * 64,
    b"x" * 65, b"y" * 127, b"y" * 128, b"y" * 253, b"y" * 254, b"y" * 255,
]
LONG_TEXTS = [b"w" * 4094, b"w" * 4096, b"v" * 5000, b"v" * 9000, b"v" * 17000]
NUMBERS = [
    b"1.5", b"-2.5", b"1e3", b"0.1", b"-0", b"007", b"+4", b"1e-7", b"inf", b"-inf", b"3.0",
    b"0x10", b"9007199254740993", b"9007199254740992", b"-9223372036854775808",
    b"9223372036854775807",
]
NO_NUMBERS = [b"nan", b"abc", b"", b"1 ", b"1e400", b" 2"]
NUMBER_FIELDS = [b"n%d" % number for number in range(4)]
POSITIONS = [
    b"0", b"-1", b"100", b"-100", b"2147483648", b"9223372036854775807", b"-9223372036854775808",
    b"9223372036854775808", b"abc", b"", b"1.0",
]
RANKS = [b"1", b"-1", b"1", b"-1", b"2", b"-2", b"3", b"-5", b"9223372036854775807", b"0", b"x"]
COUNTS = [
    b"0", b"1", b"2", b"3", b"5", b"8", b"30", b"1000000", b"9223372036854775807", b"-1", b"x",
]
# The lowest counts ask a random draw for so many replies.
DRAWS = [b"0", b"1", b"2", b"5", b"40", b"1000000", b"-1", b"-3", b"-20", b"x", b"1.5"]
# How much SPOP takes: all, none, or an error; else the datasets would go apart.
POPS = [
    b"1000000", b"2147483648", b"9223372036854775807", b"0", b"-1", b"x", b"9223372036854775808",
]
SCAN_COUNTS = [b"1000000"] * 9 + [b"1", b"10", b"0", b"-1", b"x"]
CURSORS = [b"0"] * 18 + [b"7", b"abc"]
SCAN_PATTERNS = [
    b"*", b"x*", b"?", b"[a-f]*", b"n[0-2]", b"f*", b"1*", b"-*", b"nothing", b"*1*", b"",
]
# Blocking would not end without a timeout: these end it at once where no transaction does.
TIMEOUTS = [b"0.001", b"0.002", b"1e-3", b"-1", b"abc", b"", b"-0.5"]
WEIGHT_PATTERNS = [
    b"n*", b"n*", b"l*", b"m*->f1", b"m*->n1", b"m1->f*", b"k*", b"nosort", b"nosort", b"#",
    b"n*->", b"*", b"m*->", b"", b"none*",
]
GET_PATTERNS = [
    b"#", b"#", b"n*", b"m*->f1", b"m*->n0", b"k*", b"t*", b"none*", b"fixed", b"m*->", b"*",
]


class Members:
    """Draws the words of commands on collections, with the random generator of `values`."""

    def __init__(self, values):
        self.values = values
        self.wants_number = False  # the key drawn last holds nothing but numbers
        self.is_wide = False  # to draw from thousands of elements, so that a collection grows

    def find_source(self, argument, command):
        """The function that draws a word for a leaf of `command`, None for one it has no say in."""
        values, name = self.values, argument.name
        picked = {
            "rank": RANKS, "num-matches": COUNTS, "len": COUNTS, "limit": COUNTS,
            "timeout": TIMEOUTS, "cursor": CURSORS, "offset": COUNTS,
        }
        if argument.kind == "key":
            return lambda: self.take_key(command, name)
        if argument.kind == "pattern":
            choices = SCAN_PATTERNS
            if command in SORT_COMMANDS:
                choices = WEIGHT_PATTERNS if argument.token == b"BY" else GET_PATTERNS
            return lambda: values.pick(choices)
        if name == "count" and command != "lrem":
            choices = _find_counts(command)
            return lambda: values.pick(choices)
        if name in picked:
            return lambda: values.pick(picked[name])
        if name in ("index", "start", "stop", "count"):
            return self.take_position
        if name in ("member", "element", "pivot"):
            return self.take_member
        if name == "field":
            return lambda: self.take_field(command)
        return self.take_value if name == "value" else None

    def take_key(self, command, argument="key"):
        """Mostly a key of the command's family, now and then one of another type."""
        self.wants_number = False
        chance = self.values.uniform()
        if chance < 0.02:
            return self.values.pick(ANY_KEYS)
        if chance < 0.04:
            return self.values.pick(COLLECTION_KEYS)
        if command in HASH_COMMANDS:
            return self.values.pick(HASH_KEYS)
        if command in SORT_COMMANDS:
            return self._take_sorted_key(argument)
        is_set = command in SET_COMMANDS
        share = 0.2 if command in FEEDERS else 0.08 if command in EATERS else 0
        if chance > 1 - share:
            self.wants_number = True
            return self.values.pick(NUMBER_SETS if is_set else NUMBER_LISTS)
        return self.values.pick(SET_KEYS[:-2] if is_set else LIST_KEYS[:-2])

    def _take_sorted_key(self, argument):
        if argument == "destination":
            return self.values.pick(LIST_KEYS[:-2])
        if self.values.uniform() < 0.75:
            return self.values.pick(NUMBER_LISTS + NUMBER_SETS)
        return self.values.pick(LIST_KEYS + SET_KEYS)

    def take_member(self):
        values = self.values
        if self.is_wide and (self.wants_number or values.uniform() < 0.99):
            is_number = self.wants_number or values.uniform() < 0.5
            return (b"%d" if is_number else b"e%d") % values.below(3000)
        if self.wants_number:
            return self._take_number()
        chance = values.uniform()
        if chance < 0.5:
            return b"%d" % values.below(12)
        if chance < 0.75:
            return values.pick(TEXTS)
        if chance < 0.95:
            return values.pick(INTEGERS)
        return b"e%d" % values.below(300) if chance < 0.99 else values.pick(LONG_TEXTS)

    def _take_number(self):
        chance = self.values.uniform()
        if chance < 0.7:
            return b"%d" % (self.values.below(24) - 8)
        if chance < 0.993:
            return self.values.pick(NUMBERS if chance < 0.85 else INTEGERS)
        return self.values.pick(NO_NUMBERS)

    def take_field(self, command):
        if command.startswith("hincr") and self.values.uniform() < 0.9:
            return self.values.pick(NUMBER_FIELDS)
        if self.is_wide:
            return b"e%d" % self.values.below(3000)
        chance = self.values.uniform()
        if chance < 0.6:
            return b"f%d" % self.values.below(8)
        if chance < 0.7:
            return self.values.pick(NUMBER_FIELDS)
        return self.values.pick(TEXTS) if chance < 0.9 else b"%d" % self.values.below(40)

    def take_value(self):
        if self.is_wide:
            return b"v"
        return self.take_member() if self.values.uniform() < 0.6 else self.values.take_value()

    def take_position(self):
        if self.values.uniform() < 0.85:
            return b"%d" % (self.values.below(24) - 12)
        return self.values.pick(POSITIONS)

    def make_makers(self):
        """Functions that draw a command whose reply is known however the servers draw, and others
        that keep keys of the wrong type from lasting; with how often they are drawn."""
        lone_set = [
            [b"SADD", LONE_SET, b"only"], [b"SPOP", LONE_SET], [b"SPOP", LONE_SET, b"1"],
            [b"SRANDMEMBER", LONE_SET], [b"SRANDMEMBER", LONE_SET, b"-3"],
            [b"SREM", LONE_SET, b"only"], [b"SRANDMEMBER", LONE_SET, b"2"],
            [b"SADD", LONE_SET, b"only"], [b"SCARD", LONE_SET],
        ]
        lone_hash = [
            [b"HSET", LONE_HASH, b"only", b"1"], [b"HRANDFIELD", LONE_HASH, b"-3", b"WITHVALUES"],
            [b"HRANDFIELD", LONE_HASH], [b"HRANDFIELD", LONE_HASH, b"2"],
            [b"HINCRBY", LONE_HASH, b"only", b"7"], [b"HDEL", LONE_HASH, b"only"],
        ]
        values = self.values
        return [
            (lambda: values.pick(lone_set), 8), (lambda: values.pick(lone_hash), 6),
            (lambda: [b"UNLINK", values.pick(COLLECTION_KEYS)], 8),
        ]


def _find_counts(command):
    if command == "spop":
        return POPS
    if command in ("srandmember", "hrandfield"):
        return DRAWS
    return SCAN_COUNTS if command in ("hscan", "sscan") else COUNTS


def is_determined(args):
    """Whether the outcome of `args` is the same on every server.

    SPOP must not choose, SORT not store what ties leave open, and a timeout not be so long that
    only newer servers refuse it.
    """
    name = args[0].upper()
    if name == b"SPOP":
        return args[1:2] == [LONE_SET] or len(args) != 2 and not _chooses(args[2:])
    if name == b"SORT":
        words = {word.upper() for word in args}
        return not {b"BY", b"ALPHA", b"STORE"} <= words
    return name.lower().decode() not in BLOCKING_COMMANDS or b"9" * 20 not in args


def has_known_keys(args):
    """Not SORT with several STORE: see sort-several-stores in differences.md."""
    words = [word.upper() for word in args]
    return words[0] != b"SORT" or words.count(b"STORE") < 2


def _chooses(counts):
    return len(counts) == 1 and counts[0] not in POPS
