"""One raw socket to a server: bytes out, replies in, nothing interpreted on the way."""

import socket
import time

from harness.resp import Incomplete, Malformed, encode_command, parse_reply

BARRIER = b"barrier 5d02c7e1"
REPLY_TIMEOUT_S = 10
BATCH_TIMEOUT_S = 60


class NoReply(Exception):
    """The server sent no whole reply in time, closed the connection, or sent no RESP."""


class Connection:
    def __init__(self, address, timeout_s=REPLY_TIMEOUT_S):
        self.timeout_s = timeout_s
        self.socket = socket.create_connection(address, timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()

    def close(self):
        self.socket.close()

    def send_raw(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise NoReply(f"cannot send: {error}") from None

    def send(self, args):
        self.send_raw(encode_command(args))

    def ask(self, *args):
        """Send one command of str or bytes and return its reply."""
        self.send([arg if isinstance(arg, bytes) else str(arg).encode() for arg in args])
        return self.read_reply()

    def read_reply(self):
        deadline = time.monotonic() + self.timeout_s
        while True:
            try:
                reply, after = parse_reply(self.received)
            except Incomplete:
                self._receive(deadline)
                continue
            except Malformed as error:
                raise NoReply(f"no RESP: {error}") from None
            del self.received[:after]
            return reply

    def read_to_barrier(self):
        """All replies and pushes that come before the answer to a PING that is sent now.

        A monitor is also shown that PING, which is left out."""
        self.send([b"PING", BARRIER])
        items = []
        while True:
            item = self.read_reply()
            if _is_barrier(item):
                return items
            if not (item.kind == "+" and BARRIER in item.value):
                items.append(item)

    def read_until(self, ending):
        """All bytes up to and including `ending`, which must be the last to come."""
        deadline = time.monotonic() + BATCH_TIMEOUT_S
        while not self.received.endswith(ending):
            self._receive(deadline)
        data = bytes(self.received)
        self.received.clear()
        return data

    def read_to_close(self):
        """Every byte until the server closes the connection."""
        deadline = time.monotonic() + self.timeout_s
        while True:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                raise NoReply(f"not closed, after {bytes(self.received)!r}") from None
            except ConnectionError:
                data = b""
            if not data:
                return bytes(self.received)
            self.received += data

    def _receive(self, deadline):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise NoReply(f"no whole reply, only {bytes(self.received[:200])!r}")
        self.socket.settimeout(left_s)
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            raise NoReply(f"no whole reply, only {bytes(self.received[:200])!r}") from None
        except OSError as error:
            raise NoReply(f"cannot receive: {error}") from None
        if not data:
            raise NoReply(f"closed by the server after {bytes(self.received[:200])!r}")
        self.received += data


def _is_barrier(item):
    """A subscriber in RESP2 is answered with an array."""
    is_array = item.kind == "*" and item.value and len(item.value) == 2
    return (item.value[1] if is_array else item).value == BARRIER
