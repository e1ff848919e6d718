"""Plays the sections of case files against both servers and reports what differs."""

import re
import time

from harness.cases import UNANSWERED
from harness.compare import find_mismatch, find_missing_field
from harness.connection import NoReply
from harness.expected import is_expected
from harness.resp import Reply, describe

EVENTUALLY_S = 5
MAX_SHOWN = 1500
OBSERVER = 0  # the connection that asks about the others
VARIABLE = re.compile(rb"\$\{([^}]+)\}")
MONITOR_LINE = re.compile(rb"\d+\.\d{6} \[(\d+) ([^\]]+)\] (.*)", re.S)
PUSHED = {b"message", b"pmessage", b"smessage", b"invalidate", b"tracking-redir-broken"}


class Mismatch(Exception):
    """One step on which the servers disagree, told for a reader."""


class Peer:
    """One server with the numbered connections of the section being played."""

    def __init__(self, server, protocol):
        self.server = server
        self.protocol = protocol
        self.connections = {}
        self.stored = {}
        self.other = self  # the peer that plays the same section

    def fill(self, args):
        """`args` with ${name} replaced by what ~store kept, or by the address of a connection:
        ${addr:2} is its own end, ${laddr:2} the server's. ${other:name} is what ~store kept of
        the other server's reply."""
        return [VARIABLE.sub(self._find_value, arg) for arg in args]

    def _find_value(self, match):
        name, _, number = match.group(1).decode().partition(":")
        if name == "other" and number:
            return self.other.stored[number]
        if name in ("addr", "laddr"):
            socket = self.connection(int(number)).socket
            host, port = socket.getsockname() if name == "addr" else socket.getpeername()
            return f"{host}:{port}".encode()
        return self.stored[name]

    def connection(self, number):
        if number not in self.connections:
            self.connections[number] = self.server.connect(self.protocol)
        return self.connections[number]

    def mask(self, replies):
        """`replies` with the lines of MONITOR as `[0 client-2] "get" "k"`, without their times
        and without those of the observer and of whoever is not numbered."""
        numbers = {}
        for number, connection in self.connections.items():
            host, port = connection.socket.getsockname()
            numbers[f"{host}:{port}".encode()] = number
        masked = []
        for reply in replies:
            line = MONITOR_LINE.fullmatch(reply.value) if reply.kind == "+" else None
            if line is None:
                masked.append(reply)
            elif numbers.get(line.group(2), OBSERVER) != OBSERVER:
                who = b"client-%d" % numbers[line.group(2)]
                text = b"[%b %b] %b" % (line.group(1), who, line.group(3))
                masked.append(Reply("+", text, b"+%b\r\n" % text))
        return masked

    def drop(self, number):
        if number in self.connections:
            self.connections.pop(number).close()

    def drop_all(self):
        for number in list(self.connections):
            self.drop(number)


class Player:
    """Plays sections; keeps one connection to each server for resetting it in between."""

    def __init__(self, pair):
        self.pair = pair
        self.admins = {}

    def play(self, section, protocol):
        """The mismatches of one section in one protocol, as texts."""
        peers = [Peer(server, protocol) for server in self.pair.both()]
        peers[0].other, peers[1].other = peers[1], peers[0]
        if section.is_skua_only:
            if self.pair.is_self_check:
                return []
            peers = peers[1:]
        problems = []
        try:
            old = self._prepare(section, peers)
        except (NoReply, OSError, Mismatch) as error:
            return [f"{section.path}: cannot prepare: {error}", *self._revive()]
        try:
            self._play_steps(section, protocol, peers, problems)
        except (NoReply, OSError) as error:
            problems += [f"{section.path}: {error}", *self._revive()]
        for peer in peers:
            peer.drop_all()
        self._restore(old, problems)
        return problems

    def _play_steps(self, section, protocol, peers, problems):
        for step in section.steps:
            where = f"{section.path}:{step.line_number} [{section.title}] RESP{protocol}"
            try:
                if not (self.pair.is_self_check and "differs" in step.marks):
                    play_step(step, protocol, peers[0], peers[-1])
            except Mismatch as mismatch:
                problems.append(f"{where}\n    {step.text}\n{mismatch}")
            except NoReply as error:
                problems.append(f"{where}\n    {step.text}\n    {error}")
                problems += self._revive()
                return

    def _admin(self, server):
        if server.name not in self.admins:
            self.admins[server.name] = server.connect()
        return self.admins[server.name]

    def _prepare(self, section, peers):
        """Empties the databases and sets the section's configuration; returns the old one."""
        for peer in peers:
            self._admin(peer.server).ask("FLUSHALL")
        old = []
        for name, value in section.configs:
            for peer in peers:
                admin = self._admin(peer.server)
                before = admin.ask("CONFIG", "GET", name)
                if len(before.value) != 2:
                    raise Mismatch(f"{peer.server.name} knows no directive {name}")
                old.append((peer.server, name, before.value[1].value))
                reply = admin.ask("CONFIG", "SET", name, value)
                if reply.kind == "-":
                    raise Mismatch(f"{peer.server.name}: {describe(reply)}")
        return old

    def _restore(self, old, problems):
        for server, name, value in reversed(old):
            try:
                self._admin(server).ask("CONFIG", "SET", name, value)
            except (NoReply, OSError) as error:
                problems.append(f"cannot restore {name} on {server.name}: {error}")
                problems += self._revive()

    def _revive(self):
        """Restarts a server that died or hangs; returns what it left in its log."""
        for admin in self.admins.values():
            admin.close()
        self.admins = {}
        told = [server.revive() for server in self.pair.both()]
        return [one for one in told if one]


def play_step(step, protocol, oracle, skua):
    """Plays one step on both; raises Mismatch where they disagree."""
    peers = [skua] if step.is_skua_only or oracle is skua else [oracle, skua]
    if step.action == "disconnect":
        for peer in peers:
            peer.drop(step.connection)
        return
    if "walk" in step.marks:
        replies = [walk(peer.connection(step.connection), step.args) for peer in peers]
    elif "eventually" in step.marks:
        replies = [_ask_until_expected(peer, step, protocol) for peer in peers]
    else:
        for peer in peers:
            _send_step(peer, step)
        replies = [_read_step(peer, step) for peer in peers]
    if replies[0] is not None:
        judge(step, protocol, replies)


def _send_step(peer, step):
    connection = peer.connection(step.connection)
    if step.action in ("raw", "raw-close"):
        connection.send_raw(b"".join(step.args))
    elif "blocks" in step.marks:
        _send_and_see_it_block(peer, connection, step)
    elif step.action is None:
        connection.send(peer.fill(step.args))


def _send_and_see_it_block(peer, connection, step):
    """Sends a command and waits until the server counts one more blocked client."""
    before = _count_blocked(peer)
    connection.send(peer.fill(step.args))
    deadline = time.monotonic() + EVENTUALLY_S
    while _count_blocked(peer) <= before:
        if time.monotonic() > deadline:
            raise Mismatch(f"    {peer.server.name} does not block the client")
        time.sleep(0.002)


def _count_blocked(peer):
    text = peer.connection(OBSERVER).ask("INFO", "clients").value
    return int(re.search(rb"blocked_clients:(\d+)", text).group(1))


def _read_step(peer, step):
    """The reply of a step that was sent, None where none is to come."""
    connection = peer.connection(step.connection)
    if UNANSWERED & step.marks.keys() or step.reply_count == 0:
        return None
    if "closes" in step.marks or step.action == "raw-close":
        data = connection.read_to_close()
        peer.drop(step.connection)
        return Reply("bytes until the close ", data, data)
    if step.reply_count is None:
        return _join(peer.mask(connection.read_to_barrier()))
    replies = peer.mask([connection.read_reply() for _ in range(step.reply_count)])
    if "store" in step.marks:
        value = replies[0].value
        peer.stored[step.marks["store"]] = value if isinstance(value, bytes) else str(value).encode()
    if len(replies) == 1 and step.action != "pushes":
        _check_that_it_is_a_reply(replies[0])
        return replies[0]
    return _join(replies)


def _join(replies):
    """Several replies as one array of them."""
    raw = b"*%d\r\n" % len(replies) + b"".join(reply.raw for reply in replies)
    return Reply("*", replies, raw)


def _check_that_it_is_a_reply(reply):
    """What was pushed is to be read with ~all or `pushes`, or all replies are off by one."""
    if reply.kind == ">" and reply.value[0].value in PUSHED:
        raise NoReply(f"a push stands before the reply: {describe(reply)}")


def _ask_until_expected(peer, step, protocol):
    """Repeats a command until its reply is the expected one or time is up."""
    deadline = time.monotonic() + EVENTUALLY_S
    while True:
        _send_step(peer, step)
        reply = _read_step(peer, step)
        if is_expected(step.expected[protocol], protocol, reply) or time.monotonic() > deadline:
            return reply
        time.sleep(0.002)


def walk(connection, args):
    """Drives SCAN, or HSCAN and its kin, to the end; the sorted elements are the reply."""
    place = 1 if args[0].upper() == b"SCAN" else 2
    cursor, found = b"0", []
    for _ in range(1000000):
        connection.send([*args[:place], cursor, *args[place + 1 :]])
        reply = connection.read_reply()
        if reply.kind != "*":
            return reply
        cursor = reply.value[0].value
        found += [item.raw for item in reply.value[1].value]
        if cursor == b"0":
            # An element may come twice from Redis when its table is resized during the walk.
            return Reply("walk ", sorted(set(found)), b"".join(sorted(set(found))))
    raise NoReply("the walk does not end")


def judge(step, protocol, replies):
    """Compares the replies with each other and with what the step expects."""
    skua = replies[-1]
    expected = step.expected.get(protocol)
    if "differs" in step.marks:
        if len(replies) == 2 and not _is_different(step, protocol, replies):
            raise Mismatch(_tell("this is no difference: redis replies as expected", replies))
        replies = [skua]
    elif len(replies) == 2:
        mismatch = find_mismatch(step.marks, *replies)
        if mismatch:
            raise Mismatch(_tell(mismatch, replies))
    elif "fields" in step.marks:
        mismatch = find_missing_field(step.marks["fields"], skua, skua)
        if mismatch:
            raise Mismatch(_tell(mismatch, replies))
    if expected is not None and not is_expected(expected, protocol, skua):
        raise Mismatch(_tell(f"expected {expected}", replies))


def _is_different(step, protocol, replies):
    """Whether the oracle's reply is not the expected one or, without one, not Skua's."""
    if protocol in step.expected:
        return not is_expected(step.expected[protocol], protocol, replies[0])
    return find_mismatch(step.marks, *replies) is not None


def _tell(what, replies):
    names = ["redis", "skua "] if len(replies) == 2 else ["skua "]
    lines = [f"    {what}"]
    for name, reply in zip(names, replies):
        text = describe(reply) if len(reply.kind) == 1 else reply.kind.strip()
        lines.append(f"    {name} {_shorten(text)}")
        lines.append(f"          {_shorten(repr(reply.raw)[1:])}")
    return "\n".join(lines)


def _shorten(text):
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}... ({len(text)} characters)"
