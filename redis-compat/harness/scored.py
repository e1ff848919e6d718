"""What random commands on sorted sets and geo are made of.

Three kinds of keys are kept apart. Sorted sets of any scores share their members with the sets
of members.py, which are inputs of ZUNION and its kin too. In others every score is 0, as ranges by
member ask for. Geo keys hold points near each other, of which no two are at the same place, so that
sorting by distance leaves nothing open; the points at the edges of the map have names of their own
and are never what a search starts from: see geo-complete in differences.md.
"""

from harness.members import COUNTS, CURSORS, DRAWS, SCAN_COUNTS, SCAN_PATTERNS, TIMEOUTS
from harness.values import ANY_KEYS, COLLECTION_KEYS, SET_KEYS, SORTED_KEYS

# How often each command is drawn, as in generate.py.
SORTED_COMMANDS = {
    "zadd": 60, "zcard": 4, "zcount": 8, "zdiff": 6, "zdiffstore": 6, "zincrby": 14, "zinter": 8,
    "zintercard": 6, "zinterstore": 8, "zlexcount": 6, "zmpop": 8, "zmscore": 6, "zpopmax": 6,
    "zpopmin": 6, "zrandmember": 5, "zrange": 24, "zrangebylex": 6, "zrangebyscore": 8,
    "zrangestore": 12, "zrank": 6, "zrem": 14, "zremrangebylex": 4, "zremrangebyrank": 5,
    "zremrangebyscore": 5, "zrevrange": 5, "zrevrangebylex": 5, "zrevrangebyscore": 6,
    "zrevrank": 5, "zscan": 6, "zscore": 6, "zunion": 8, "zunionstore": 10,
}
GEO_COMMANDS = {
    "geoadd": 50, "geodist": 6, "geohash": 5, "geopos": 6, "georadius": 8, "georadius_ro": 4,
    "georadiusbymember": 8, "georadiusbymember_ro": 4, "geosearch": 20, "geosearchstore": 10,
}
COMMANDS = SORTED_COMMANDS | GEO_COMMANDS
BLOCKING_COMMANDS = {"bzmpop": 3, "bzpopmax": 2, "bzpopmin": 2}

EVEN_KEYS = [b"y0", b"y1"]  # whose scores are all 0
GEO_KEYS = [b"g0", b"g1"]
SCORED_KEYS = SORTED_KEYS + EVEN_KEYS + GEO_KEYS
LONE_KEY, STRAY_KEY = b"o2", b"o3"  # the latter holds no sorted set
BY_MEMBER = {"zlexcount", "zrangebylex", "zrevrangebylex", "zremrangebylex"}
RANGES = {"zrange", "zrangestore"}
# What may visit the sorted sets of the other two kinds, and leaves them what they are.
GUESTS = {
    "zcard", "zcount", "zmscore", "zpopmax", "zpopmin", "zrandmember", "zrank", "zrem", "zscan",
    "zremrangebyrank", "zrevrange", "zscore", "zunion", "zinter", "zunionstore", "zdiff",
}
SCORES = [
    b"inf", b"-inf", b"+inf", b"0", b"0.5", b"-1.25", b"2.75", b"1e3", b"0.1", b"3.14", b"-0.1",
    b"1e-7", b"1e9", b"1e17", b"1e18", b"1e300", b"-1e300", b"1e-200", b"4503599627370496",
    b"4503599627370497", b"9007199254740991", b"9007199254740992", b"9007199254740994",
    b"-9007199254740992", b"-9007199254740994", b"9223372036854775807", b"18446744073709551616",
    b"1.7976931348623157e308", b"0.30000000000000004",
]
NO_SCORES = [b"nan", b"x", b"", b"1e400", b" 1", b"1 ", b"0x10", b"1e-400", b"(1"]
NO_BOUNDS = [b"nan", b"(", b"", b"((1", b"1 ", b"x", b"(nan"]
ENDS = [b"-inf", b"+inf", b"inf", b"(-inf", b"(+inf"]
NO_MEMBER_BOUNDS = [b"a", b"", b"-x", b"+1", b"5"]
WEIGHTS = [b"1"] * 8 + [b"2", b"3", b"0.5", b"0.1"] * 3 + [b"inf", b"-inf", b"1e300", b"x", b"nan"]
# These make a score of -0, which no sorted set here has: see zrangestore-minus-zero in
# differences.md.
SIGNED_WEIGHTS = [b"-1", b"-2", b"0"]
WINDOWS = [b"0", b"0", b"1", b"2", b"5", b"100", b"-1", b"9223372036854775807", b"x"]

# Members at the edges of the map, each with its own point.
EDGES = [
    (b"180", b"85.05112878"), (b"-180", b"-85.05112878"), (b"180", b"0"), (b"-180", b"1"),
    (b"0", b"0"), (b"0", b"85.05112878"), (b"-0.000001", b"-85"), (b"179.999999", b"-1"),
]
NO_LONGITUDES = [b"180.0001", b"-181", b"nan", b"abc", b"", b"inf"]
NO_LATITUDES = [b"85.05112879", b"-86", b"nan", b"abc", b"", b"1e400"]
NO_LENGTHS = [b"-1", b"nan", b"abc", b"", b"-0.5"]
PLACES = 10  # the members near each other have as many names
METRES = {b"m": 1, b"km": 1000, b"ft": 0.3048, b"mi": 1609.34}
# Up to where the oracle finds every point of a shape here.
LONGEST_M = 250_000


class Scored:
    """Draws the words of commands on sorted sets and geo, with what draws the other members."""

    def __init__(self, members):
        self.members = members
        self.values = members.values
        self.order = b""  # of the range that is being made: BYSCORE, BYLEX, or by rank
        self.is_even = False  # the key drawn last has but scores of 0
        self.point = None  # the longitude, latitude and member of GEOADD that are being made
        self.key_count = 1

    def find_source(self, argument, command):
        """The function that draws a word for a leaf of `command`, None for one it has no say in."""
        values, name = self.values, argument.name
        picked = {"limit": COUNTS, "offset": WINDOWS, "timeout": TIMEOUTS, "cursor": CURSORS}
        if argument.kind == "key":
            name = "destination" if argument.token else name  # of STORE and STOREDIST
            return lambda: self.take_key(command, name)
        if argument.kind == "pattern":
            return lambda: values.pick(SCAN_PATTERNS)
        if name == "count":
            choices = _find_counts(command)
            return lambda: values.pick(choices)
        if name in picked:
            return lambda: values.pick(picked[name])
        if command in GEO_COMMANDS:
            return self._find_geo_source(name, command)
        if name == "member":
            return self._take_member
        if name in ("min", "max", "start", "stop"):
            return self._find_bound_source(command, name in ("min", "start"))
        return self._take_score if name in ("score", "increment") else None

    def _find_bound_source(self, command, is_first):
        takes = {
            b"": lambda: self._take_rank(is_first), b"BYSCORE": lambda: self._take_bound(is_first),
            b"BYLEX": lambda: self._take_member_bound(is_first),
        }
        if command in RANGES:
            return lambda: takes[self.order]()
        if command in BY_MEMBER:
            return takes[b"BYLEX"]
        return takes[b"" if command in ("zrevrange", "zremrangebyrank") else b"BYSCORE"]

    def _find_geo_source(self, name, command):
        is_search = command not in ("geoadd", "geodist", "geohash", "geopos")
        if name == "longitude":
            return self._take_centre if is_search else self._take_point
        if name == "latitude":
            return self._take_latitude
        if name == "member":
            if command == "geoadd":
                return lambda: self.point[2]
            return lambda: self._take_place(has_edges=not is_search)
        if name in ("member1", "member2"):
            return lambda: self._take_place(has_edges=True)
        return self._take_length

    def take_key(self, command, argument="key"):
        """Mostly a key of the command's kind, now and then one of another type."""
        pick, chance = self.values.pick, self.values.uniform()
        if command in GEO_COMMANDS:
            return self._take_geo_key(argument, chance)
        if argument != "src":
            self.order = self._pick_order() if command in RANGES else b""
            is_filled = command == "zadd" and chance > 0.8
            self.is_even = is_filled or command in BY_MEMBER or self.order == b"BYLEX"
        if self.is_even:
            return pick(EVEN_KEYS)
        if chance < 0.02:
            return pick(ANY_KEYS)
        if chance < 0.03:
            return pick(COLLECTION_KEYS)
        is_read = argument in ("key", "src")
        if command in GUESTS and is_read and chance < 0.1:
            return pick(GEO_KEYS if chance < 0.06 else EVEN_KEYS)
        is_input = command.startswith(("zunion", "zinter", "zdiff")) and is_read
        return pick(SET_KEYS if is_input and chance < 0.25 else SORTED_KEYS)

    def _pick_order(self):
        return self.values.pick([b"", b"BYSCORE", b"BYSCORE", b"BYLEX"])

    def _take_geo_key(self, argument, chance):
        if argument == "destination" and chance < 0.6:
            return self.values.pick(SORTED_KEYS)
        return self.values.pick(GEO_KEYS) if chance > 0.03 else STRAY_KEY

    def take_order(self):
        """The word of the range that is being made, which is now and then forgotten."""
        return [self.order] if self.order and self.values.uniform() < 0.97 else []

    def take_weights(self, command):
        """As many as there are keys, or nearly."""
        count = self.key_count if self.values.uniform() < 0.97 else 1 + self.values.below(4)
        choices = WEIGHTS if command.endswith("store") else WEIGHTS + SIGNED_WEIGHTS
        return [self.values.pick(choices) for _ in range(count)]

    def _take_member(self):
        is_common = not self.members.is_wide and self.values.uniform() < 0.5
        self.members.wants_number = False
        return b"%d" % self.values.below(8) if is_common else self.members.take_member()

    def _take_score(self):
        if self.is_even:
            return b"0"
        chance = self.values.uniform()
        if chance < 0.7:
            return b"%d" % (self.values.below(14) - 5)
        return self.values.pick(SCORES if chance < 0.98 else NO_SCORES)

    def _take_rank(self, is_first):
        if self.values.uniform() < 0.3:
            return b"0" if is_first else b"-1"
        return self.members.take_position()

    def _take_bound(self, is_first):
        chance = self.values.uniform()
        if chance < 0.3:
            return b"-inf" if is_first else b"+inf"
        if chance < 0.4:
            return self.values.pick(ENDS)
        if chance < 0.42:
            return self.values.pick(NO_BOUNDS)
        is_open = self.values.uniform() < 0.3
        return (b"(" if is_open else b"") + self._take_score()

    def _take_member_bound(self, is_first):
        chance = self.values.uniform()
        if chance < 0.3:
            return b"-" if is_first else b"+"
        if chance < 0.4:
            return self.values.pick([b"-", b"+"])
        if chance < 0.42:
            return self.values.pick(NO_MEMBER_BOUNDS)
        return self.values.pick([b"[", b"("]) + self._take_member()

    def _take_point(self):
        """The longitude of a point; its latitude and member are drawn along."""
        chance = self.values.uniform()
        if chance < 0.1:
            at = self.values.below(len(EDGES))
            self.point = (*EDGES[at], b"edge%d" % at)
            return self.point[0]
        is_wide = self.members.is_wide
        name = b"e%d" % self.values.below(3000) if is_wide else b"p%d" % self.values.below(PLACES)
        longitude = self._take_centre()
        self.point = (longitude, self.point[1], name)
        return longitude

    def _take_centre(self):
        """Within some hundred metres, kilometres or degrees of one place."""
        spread = self.values.pick([0.001, 0.05, 1, 4])
        longitude, latitude = (
            b"%.12f" % (middle + spread * (self.values.uniform() - 0.5)) for middle in (13.4, 37.5)
        )
        if self.values.uniform() < 0.01:
            longitude = self.values.pick(NO_LONGITUDES)
        if self.values.uniform() < 0.01:
            latitude = self.values.pick(NO_LATITUDES)
        self.point = (longitude, latitude, None)
        return longitude

    def _take_latitude(self):
        return self.point[1]

    def _take_place(self, has_edges):
        chance = self.values.uniform()
        if chance < 0.04:
            return self._take_member()
        if has_edges and chance < 0.2:
            return b"edge%d" % self.values.below(len(EDGES))
        return b"p%d" % self.values.below(PLACES)

    def _take_length(self):
        """A radius or the side of a box."""
        chance = self.values.uniform()
        if chance < 0.03:
            return self.values.pick(NO_LENGTHS)
        if chance < 0.06:
            return self.values.pick([b"0", b"1e-9", b"1"])
        return b"%.3f" % 10 ** (6 * self.values.uniform())

    def make_makers(self):
        """Functions that draw a command whose reply is known however the servers draw, and others
        that keep the geo keys small and alike; with how often they are drawn."""
        lone = [
            [b"ZADD", LONE_KEY, b"1.5", b"only"], [b"ZRANDMEMBER", LONE_KEY],
            [b"ZRANDMEMBER", LONE_KEY, b"-3", b"WITHSCORES"], [b"ZRANDMEMBER", LONE_KEY, b"2"],
            [b"ZINCRBY", LONE_KEY, b"0.1", b"only"], [b"ZREM", LONE_KEY, b"only"],
        ]
        pick = self.values.pick
        return [
            (lambda: pick(lone), 6), (self._make_rank, 8), (lambda: [b"SETNX", STRAY_KEY, b"x"], 1),
            (lambda: [b"UNLINK", pick(SCORED_KEYS)], 3),
            (lambda: [b"COPY", pick(GEO_KEYS), pick(GEO_KEYS), b"REPLACE"], 2),
            (lambda: [b"COPY", pick(EVEN_KEYS), pick(EVEN_KEYS), b"REPLACE"], 2),
            (lambda: [b"OBJECT", b"ENCODING", pick(SCORED_KEYS)], 6),
        ]

    def _make_rank(self):
        name = self.values.pick([b"ZRANK", b"ZREVRANK"])
        key = self.take_key("zrank")
        return [name, key, self._take_member(), b"WITHSCORE"]


def _find_counts(command):
    if command == "zrandmember":
        return DRAWS
    if command == "zscan":
        return SCAN_COUNTS
    return WINDOWS if "range" in command else COUNTS


def is_determined(args):
    """Whether the outcome of `args` is the same on every server, and Redis 7.0 knows the syntax."""
    name = args[0].upper()
    if name in (b"ZRANK", b"ZREVRANK"):
        return len(args) <= 3
    if name == b"ZADD":
        return args[1:2] == [] or args[1] not in EVEN_KEYS or _keeps_even(args[2:])
    if name in (b"SORT", b"SORT_RO"):
        return args[1:2] == [] or args[1] not in SORTED_KEYS
    if name.startswith(b"GEO"):
        return _is_near(args) and _keeps_places(name, args)
    if any(pair == (b"AGGREGATE", b"COUNT") for pair in zip(args, args[1:])):
        return False
    return name.lower().decode() not in BLOCKING_COMMANDS or b"9" * 20 not in args


def _keeps_even(words):
    """Whether ZADD adds scores of 0 only."""
    while words and words[0].upper() in (b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"):
        words = words[1:]
    return all(score == b"0" for score in words[::2])


def _is_near(args):
    """Whether no length is beyond LONGEST_M."""
    for at, word in enumerate(args):
        for length in args[max(0, at - 2) : at] if word.lower() in METRES else []:
            if _to_number(length) * METRES[word.lower()] > LONGEST_M:
                return False
    return True


def _to_number(word):
    try:
        return float(word)
    except ValueError:
        return 0


def _keeps_places(name, args):
    """Not a STORE of what ANY picks, nor of distances in a geo key."""
    words = {word.upper() for word in args}
    stores = name == b"GEOSEARCHSTORE" or words & {b"STORE", b"STOREDIST"}
    if stores and b"ANY" in words:
        return False
    targets = args[1:2] if name == b"GEOSEARCHSTORE" else args[2:]
    return b"STOREDIST" not in words or not set(GEO_KEYS) & set(targets)
