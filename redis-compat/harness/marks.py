"""How the replies to random commands are compared: most as the same bytes, the rest by marks."""

from harness.compare import find_mismatch
from harness.resp import Reply
from harness.scored import SCORED_KEYS

NO_MARKS = {}
UNORDERED = {"unordered": True}

# Replies that run with the clock, replies whose order is each server's own, random draws, and
# counts of uses, which each server keeps with a chance and in its own places.
MARKS = {
    b"TTL": {"within": 2}, b"PTTL": {"within": 2000},
    b"EXPIRETIME": {"within": 2}, b"PEXPIRETIME": {"within": 2000},
    b"KEYS": UNORDERED, b"OBJECT FREQ": {"type": True},
    b"SMEMBERS": UNORDERED, b"SUNION": UNORDERED, b"SINTER": UNORDERED, b"SDIFF": UNORDERED,
    b"SPOP": UNORDERED, b"HKEYS": UNORDERED, b"HVALS": UNORDERED, b"HGETALL": {"pairs": True},
    b"SRANDMEMBER": {"shape": True}, b"HRANDFIELD": {"shape": True},
    b"ZRANDMEMBER": {"shape": True},
}
SCANS = {b"SSCAN": UNORDERED, b"HSCAN": {"pairs": True}, b"ZSCAN": {"pairs": True}}
COMPLETE_SCAN = 1_000_000
# What the oracle tells, and Skua: see list-encoding, set-encoding and hash-encoding in
# differences.md.
OTHER_ENCODINGS = {
    (b"quicklist", b"listpack"), (b"hashtable", b"listpack"), (b"hashtable", b"intset"),
    (b"listpack", b"hashtable"), (b"intset", b"listpack"), (b"intset", b"hashtable"),
}
# See geo-shapes in differences.md.
NO_SHAPE = b"-ERR exactly one of BYRADIUS"


def find_disagreement(args, oracle, skua):
    """None when the two replies to `args` agree, else a few words saying what does not."""
    if oracle.raw == skua.raw:
        return None
    name = args[0].upper()
    if oracle.kind == "-" or skua.kind == "-":
        is_shapeless = oracle.raw.startswith(NO_SHAPE) and skua.raw.startswith(NO_SHAPE)
        return None if is_shapeless else find_mismatch(NO_MARKS, oracle, skua)
    command = b" ".join(args[:2]).upper()
    if name in SCANS:
        return _find_in_scan(args, oracle, skua)
    if command == b"OBJECT ENCODING" and (oracle.value, skua.value) in OTHER_ENCODINGS:
        return None
    may_be_sorted = command == b"OBJECT ENCODING" and args[2] not in SCORED_KEYS
    if may_be_sorted and (oracle.value, skua.value) == (b"skiplist", b"listpack"):
        return None  # see sort-encoding in differences.md
    if name in (b"SORT", b"SORT_RO"):
        return _find_in_sort(args, oracle, skua)
    if name.startswith(b"GEO"):
        return _find_in_search(args, oracle, skua)
    return find_mismatch(MARKS.get(name) or MARKS.get(command) or NO_MARKS, oracle, skua)


def _find_in_scan(args, oracle, skua):
    """One call is compared whole where its COUNT takes in everything."""
    counts = [word for word, next_word in zip(args[4:], args[3:]) if next_word.upper() == b"COUNT"]
    is_complete = args[2] == b"0" and counts and int(counts[-1]) >= COMPLETE_SCAN
    if not is_complete:
        return find_mismatch({"type": True}, oracle, skua)
    if oracle.value[0].raw != skua.value[0].raw:
        return "the cursors differ"
    found = [Reply("*", reply.value[1].value, reply.value[1].raw) for reply in (oracle, skua)]
    return find_mismatch(SCANS[args[0].upper()], *found)


def _find_in_search(args, oracle, skua):
    """A search leaves open the order where none is asked for, and what ANY picks."""
    words = {word.upper() for word in args}
    if b"ANY" in words:
        return find_mismatch({"type": True}, oracle, skua)
    is_ordered = words & {b"ASC", b"DESC", b"COUNT"}
    return find_mismatch(NO_MARKS if is_ordered else UNORDERED, oracle, skua)


def _find_in_sort(args, oracle, skua):
    """SORT leaves open the order of a set it does not sort, and of elements of equal weight."""
    words = [word.upper() for word in args]
    patterns = [after for word, after in zip(words, words[1:]) if word == b"BY"]
    is_unsorted = any(b"*" not in pattern for pattern in patterns)
    is_alpha = b"ALPHA" in words
    if not is_unsorted and not is_alpha:
        return find_mismatch(NO_MARKS, oracle, skua)
    if is_alpha and not patterns and b"GET" not in words:
        return None if _cut_at_nul(oracle) == _cut_at_nul(skua) else "the order differs"
    return find_mismatch({"type": True} if b"LIMIT" in words else UNORDERED, oracle, skua)


def _cut_at_nul(reply):
    """Each element as the oracle's ALPHA sees it, which compares as C does."""
    if not reply.is_aggregate():
        return reply.raw
    return [(item.value or b"").split(b"\0")[0] for item in reply.value]
