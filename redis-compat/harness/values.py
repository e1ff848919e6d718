"""The values that random commands are made of: few keys, so that commands meet, and numbers and
strings that lie at the edges where servers differ.

Nothing here may make a reply depend on the clock: relative expiry times are long and hardly ever
equal (so that GT and LT decide alike on both servers), absolute ones are fixed.
"""

INTEGERS = [
    b"0", b"1", b"-1", b"2", b"3", b"5", b"7", b"10", b"-10", b"42", b"100", b"-100", b"255",
    b"256", b"9999", b"10000", b"65535", b"2147483647", b"2147483648", b"-2147483648",
    b"-2147483649", b"4294967295", b"4294967296", b"9223372036854775807", b"-9223372036854775808",
    b"9223372036854775806", b"-9223372036854775807", b"9223372036854775808",
    b"-9223372036854775809", b"18446744073709551615", b"01", b"+1", b"-0", b" 1", b"1 ", b"",
    b"abc", b"1.0", b"0x10",
]
SMALL_INTEGERS = [b"%d" % number for number in range(-8, 25)]
FLOATS = [
    b"0", b"1", b"-1", b"0.1", b"-0.1", b"1.5", b"3.0", b"1e3", b"1e-7", b"5.0e3", b"1e17", b"1e18",
    b"123456789.123456789", b"0.30000000000000004", b"1e300", b"-1e300", b"inf", b"-inf", b"nan",
    b"", b" 1.5", b"1.5 ", b"abc", b"9223372036854775807", b"-0.0", b"17179869184", b"0.000001",
    b"1e-20",
]
WORDS = [
    b"", b"a", b"b", b"foo", b"bar", b"foobar", b"hello world", b"ohmytext", b"mynewtext", b"\x00",
    b"\xff", b"\x00\x01\x02\xff", b"\xff\xf0\x00", b"\r\n", b"a\x00b", b"%s%n", b"\"'\\", b"x" * 39,
    b"x" * 43, b"x" * 44, b"x" * 45, b"x" * 63, b"x" * 64, b"y" * 127, b"y" * 128, b"z" * 255,
    b"z" * 256, b"0123456789" * 30, b"\xaa" * 100, b"1e2", b"3.14", b"-5", b"NaN", b"HYLL",
]
PATTERNS = [
    b"*", b"k*", b"h*", b"k?", b"k[0-5]", b"k[^0-5]", b"[kh]1", b"k1*", b"*1", b"\\k1", b"nothing",
    b"", b"?1?", b"k[0-", b"**", b"*k*1*", b"[", b"k\\", b"k[9-0]",
]
BIT_ENCODINGS = [
    b"u1", b"u2", b"u4", b"u8", b"u16", b"u32", b"u63", b"u64", b"i1", b"i2", b"i5", b"i8", b"i16",
    b"i32", b"i63", b"i64", b"i65", b"u0", b"i0", b"x8", b"u", b"", b"8", b"U8", b"i08",
]
GARBAGE = [
    b"", b"garbage", b"-1", b"NX", b"XX", b"GET", b"!\x00", b"99999999999999999999", b"*", b"~",
]
PAST_TIMES = [b"1", b"1000000000", b"-1", b"0", b"-9223372036854775808"]
FUTURE_SECONDS = [b"4102444800", b"4102444801", b"5000000000", b"9223372036854775"]
FUTURE_MS = [b"4102444800000", b"4102444800001", b"4102444800500", b"5000000000000"]
BAD_TIMES = [
    b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"abc", b"1.5",
]

STRING_KEYS = [b"k%d" % number for number in range(12)]
SKETCH_KEYS = [b"h%d" % number for number in range(4)]
SHORT_KEYS = [b"s%d" % number for number in range(4)]
NUMBER_KEYS = [b"n%d" % number for number in range(4)]
LIST_KEYS = [b"l%d" % number for number in range(7)]
HASH_KEYS = [b"m%d" % number for number in range(5)]
SET_KEYS = [b"t%d" % number for number in range(7)]
SORTED_KEYS = [b"z%d" % number for number in range(4)]
COLLECTION_KEYS = LIST_KEYS + HASH_KEYS + SET_KEYS + SORTED_KEYS
ANY_KEYS = STRING_KEYS + SKETCH_KEYS + NUMBER_KEYS
TEXT_COMMANDS = {"lcs"}
# Commands that may touch the keys kept short for LCS, the counters, and the sketches, besides the
# commands that these keys are for.
SHORT_COMMANDS = {"set", "get", "append", "getrange", "del", "strlen", "mset", "getdel", "incrby"}
NUMBER_COMMANDS = {"incr", "decr", "incrby", "decrby", "incrbyfloat"}
# What visits the counters and the sketches: mostly commands that leave them usable, or empty them.
GUESTS = {
    "get", "getex", "expire", "persist", "object encoding", "pttl", "strlen", "bitcount", "copy",
}
CLEANERS = {"del", "getdel", "unlink"}
SPOILERS = {"set", "getset", "setbit", "bitop", "rename", "append", "setrange"}
# Commands for keys of every type.
KEY_COMMANDS = {
    "copy", "del", "exists", "expire", "expireat", "expiretime", "move", "object encoding",
    "object freq", "persist", "pexpire", "pexpireat", "pexpiretime", "pttl", "rename", "renamenx",
    "touch", "ttl", "type", "unlink", "watch",
}


class Values:
    """Draws values with one random generator; `take_*` returns bytes."""

    def __init__(self, random):
        self.random = random
        self.uniform = random.random

    def pick(self, choices):
        return choices[int(self.uniform() * len(choices))]

    def below(self, limit):
        return int(self.uniform() * limit)

    def take_key(self, command):
        """Most commands share one pool; some have their own, which others visit now and then.

        LCS costs the product of its lengths, so its keys stay short.
        """
        chance = self.uniform()
        if command in KEY_COMMANDS and self.uniform() < 0.45:
            return self.pick(COLLECTION_KEYS)
        if command in TEXT_COMMANDS or (command in SHORT_COMMANDS and chance < 0.1):
            return self.pick(SHORT_KEYS)
        if command in NUMBER_COMMANDS and chance < 0.7:
            return self.pick(NUMBER_KEYS)
        if command.startswith("pf") and chance < 0.98:
            return self.pick(SKETCH_KEYS)
        visits = (
            (command in GUESTS and chance > 0.9)
            or (command in CLEANERS and chance > 0.6)
            or (command in SPOILERS and chance > 0.99)
        )
        if visits:
            return self.pick(NUMBER_KEYS if self.uniform() < 0.5 else SKETCH_KEYS)
        return self.pick(STRING_KEYS if self.uniform() > 0.005 else COLLECTION_KEYS)

    def take_integer(self):
        if self.uniform() < 0.4:
            return self.pick(SMALL_INTEGERS)
        if self.uniform() < 0.2:
            return b"%d" % (self.below(1 << 40) - (1 << 39))
        return self.pick(INTEGERS)

    def take_float(self):
        if self.uniform() < 0.3:
            return b"%.*f" % (self.below(9), (self.uniform() - 0.5) * 10 ** self.below(12))
        return self.pick(FLOATS)

    def take_value(self):
        chance = self.uniform()
        if chance < 0.3:
            return self.pick(INTEGERS)
        if chance < 0.4:
            return self.pick(FLOATS)
        if chance < 0.5:
            return self.random.randbytes(self.below(20))
        if chance < 0.55:
            return b"%d" % self.below(20000)
        return self.pick(WORDS)

    def take_element(self):
        return b"e%d" % self.below(3000) if self.uniform() < 0.9 else self.pick(WORDS)

    def take_relative(self, unit_ms):
        """A time to live of at least 1000 s, rarely one that expires at once or is an error."""
        chance = self.uniform()
        if chance < 0.06:
            return self.pick(BAD_TIMES)
        if chance < 0.12:
            return self.pick([b"0", b"-1", b"-100"])
        return b"%d" % ((1000 + self.below(10**9)) * 1000 // unit_ms)

    def take_absolute(self, command, is_ms):
        """A past time only where it deletes at once: SET leaves the corpse to lazy expiry."""
        chance = self.uniform()
        if chance < 0.06:
            return self.pick(BAD_TIMES)
        if chance < 0.16 and command != "set":
            return self.pick(PAST_TIMES)
        return self.pick(FUTURE_MS if is_ms else FUTURE_SECONDS)

    def take_byte_offset(self):
        chance = self.uniform()
        if chance < 0.7:
            return b"%d" % self.below(80)
        if chance < 0.85:
            return b"%d" % self.below(2000)
        return self.pick([b"-1", b"536870912", b"4294967296", b"9223372036854775807", b"abc", b""])

    def take_bit_offset(self):
        chance = self.uniform()
        if chance < 0.7:
            return b"%d" % self.below(200)
        if chance < 0.85:
            return b"%d" % self.below(16000)
        return self.pick([b"-1", b"4294967296", b"9223372036854775807", b"abc", b"", b"-0"])

    def take_field_offset(self):
        """An offset of BITFIELD: in bits, or in whole fields with #."""
        if self.uniform() < 0.7:
            return self.take_bit_offset()
        return b"#%d" % self.below(100) if self.uniform() < 0.9 else b"#-1"

    def take_index(self):
        if self.uniform() < 0.8:
            return b"%d" % (self.below(120) - 60)
        return self.take_integer()
