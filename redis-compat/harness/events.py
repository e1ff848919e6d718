"""Notification streams: what a random stream makes the servers tell of its keys, event for event.

While a round plays, one more connection to each server subscribes to every notification. After each
batch both have been told the same messages in the same order, or the first that differs is reported.
"""

import re

from harness.connection import BARRIER
from harness.newer import PROBE_DATABASE
from harness.resp import encode_command, parse_all, quote

PATTERN = b"__key*@*__:*"
# Rounds take turns in both protocols; two tell of missed look-ups and of new keys beside the rest.
CLASSES = ("KEAnm", "KEA", "KEA", "KEAnm")
# The words behind the key, a space before each.
INTEGER = rb" (?:0|-?[1-9]\d{0,17})"
WELL_FORMED = {
    b"BITCOUNT": re.compile(rb"(?:%b%b(?: (?i:BYTE|BIT))?)?" % (INTEGER, INTEGER)),
    b"BITPOS": re.compile(rb" [01](?:%b(?:%b(?: (?i:BYTE|BIT))?)?)?" % (INTEGER, INTEGER)),
}
BARRIER_REPLY = b"$%d\r\n%b\r\n" % (len(BARRIER), BARRIER)
TOLD_BEFORE = 3


def has_own_misses(args):
    """True of what may miss other keys on each server: SORT by way of other keys, which are looked
    up in the order in which a set happens to hold its members, and BITCOUNT and BITPOS with a
    faulty range (bit-range-of-absent-key in differences.md)."""
    name = args[0].upper()
    if name.startswith(b"SORT"):
        return any(b"*" in word for word in args[2:])
    words = b"".join(b" " + word for word in args[2:])
    return name in WELL_FORMED and not WELL_FORMED[name].fullmatch(words)


class Listener:
    """A connection that is told of every key."""

    def __init__(self, server, protocol):
        self.connection = server.connect(protocol)
        self.connection.ask("PSUBSCRIBE", PATTERN)

    def close(self):
        self.connection.close()

    def take(self):
        """The bytes of all messages since the last time."""
        self.connection.send_raw(encode_command([b"PING", BARRIER]))
        return self.connection.read_until(BARRIER_REPLY)


def find_difference(oracle, skua):
    """None when the bytes taken from both listeners tell of the same events; else both as text,
    from a few events before the first that differs."""
    if oracle == skua:
        return None
    told = [_read_events(oracle), _read_events(skua)]
    if told[0] == told[1]:
        return None
    at = 0
    while at < min(map(len, told)) and told[0][at] == told[1][at]:
        at += 1
    return [_tell(events, at) for events in told]


def _read_events(data):
    """Lists of channel and message, without the barrier's reply."""
    messages = [reply for reply in parse_all(data) if _is_message(reply)]
    return [(reply.value[2].value, reply.value[3].value) for reply in messages]


def _is_message(reply):
    """What the comparison itself does stands in a database of its own."""
    is_message = reply.is_aggregate() and reply.value[0].value == b"pmessage"
    return is_message and b"@%d__:" % PROBE_DATABASE not in reply.value[2].value


def _tell(events, at):
    """The first event that differs, a few that follow, and the few before it."""
    differing = " ".join(_tell_event(event) for event in events[at : at + 4]) or "nothing"
    before = " ".join(_tell_event(event) for event in events[max(0, at - TOLD_BEFORE) : at])
    return f"{differing} (behind {before or 'nothing'})".encode()


def _tell_event(event):
    channel, message = event
    kind, _, rest = channel.partition(b"@")
    database, _, rest = rest.partition(b"__:")
    name, key = (rest, message) if kind == b"__keyevent" else (message, rest)
    letter = "E" if kind == b"__keyevent" else "K"
    return f"{quote(name)}:{quote(key)[:40]}@{database.decode()}{letter}"
