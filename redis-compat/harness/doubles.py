"""The oracle's scores as Skua tells them: see shortest-double and zscan-whole-scores in
differences.md."""

import re
from decimal import Decimal

from harness.resp import Reply

# What "%.17g" makes of a double that is not whole, or too large to have all its digits. What has
# fewer than 16 of them is the shortest already; no member that streams use looks like the others.
LONG_DOUBLE = re.compile(rb"(?=\D*(\d\D*){16})-?\d+\.\d+(e[+-]\d\d+)?")
PLAIN_DIGITS = 17
SMALLEST_PLAIN_EXPONENT = -4


def shorten_doubles(reply):
    """`reply` with the shortest decimal in place of each double in it."""
    if reply.kind == "*" and reply.value:
        return _make_array([shorten_doubles(item) for item in reply.value])
    if reply.kind not in "$," or not LONG_DOUBLE.fullmatch(reply.value or b""):
        return reply
    return _shorten(reply)


def shorten_scan(reply):
    """`reply` of ZSCAN likewise, with no large whole score either."""
    if not reply.is_aggregate():
        return reply
    cursor, found = reply.value
    items = list(found.value)
    for at in range(1, len(items), 2):
        if LONG_DOUBLE.fullmatch(items[at].value) or len(items[at].value) > PLAIN_DIGITS:
            items[at] = _shorten(items[at])
    return _make_array([cursor, _make_array(items)])


def _make_array(items):
    raw = b"*%d\r\n%b" % (len(items), b"".join(item.raw for item in items))
    return Reply("*", items, raw)


def _shorten(reply):
    short = _format_shortest(float(reply.value))
    raw = b",%b\r\n" % short if reply.kind == "," else b"$%d\r\n%b\r\n" % (len(short), short)
    return Reply(reply.kind, short, raw)


def _format_shortest(number):
    """The shortest digits that read back equal, in the notation of "%.17g"."""
    decimal = Decimal(repr(number)).normalize()
    exponent = decimal.adjusted()
    if SMALLEST_PLAIN_EXPONENT <= exponent < PLAIN_DIGITS:
        return f"{decimal:f}".encode()
    digits = "".join(map(str, decimal.as_tuple().digits))
    point = "." if len(digits) > 1 else ""
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[0]}{point}{digits[1:]}e{exponent:+03d}".encode()
