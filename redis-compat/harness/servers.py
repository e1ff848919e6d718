"""Starts and ends the two servers: the real redis-server (the oracle) and Skua.

Debian's redis-tools carries the whole server under the name redis-check-rdb: the program looks at
the name it was called by, so a symbolic link in a temporary directory makes it redis-server.
Both listen on a free loopback port and write nothing but their log into that directory.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness.connection import Connection, NoReply

START_TIMEOUT_S = 20
ANSWER_TIMEOUT_S = 3
REDIS_PROGRAM = "/usr/bin/redis-check-rdb"
COMMON_DIRECTIVES = ["--bind", "127.0.0.1", "--enable-debug-command", "yes"]
MEMORY_ONLY = ["--save", "", "--appendonly", "no"]


class CannotStart(Exception):
    """A server did not come up; the message holds the end of its log."""


class Server:
    """A running server process; `address` is where it listens."""

    def __init__(self, name, command, directory):
        self.name = name
        self.command = command
        self.directory = os.path.join(directory, name)  # of its own, for its files
        os.mkdir(self.directory)
        self.log_path = os.path.join(directory, f"{name}.log")
        self.process = None
        self.address = None

    def start(self):
        self.address = ("127.0.0.1", _find_free_port())
        command = self.command + ["--port", str(self.address[1]), *COMMON_DIRECTIVES]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if not self.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise CannotStart(f"{self.name} did not start:\n{self.log_end()}")
            time.sleep(0.01)

    def revive(self):
        """Waits for a server in trouble to answer or end; restarts it unless it answers.

        Returns None, or the end of the log of the one that was given up.
        """
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while self.is_alive() and time.monotonic() < deadline:
            if self._answers():
                return None
            time.sleep(0.02)
        how = "hangs" if self.is_alive() else "ended"
        self.stop()
        told = f"{self.name} {how}; its log closes with\n{self.log_end()}"
        self.start()
        return told

    def _answers(self):
        try:
            connection = Connection(self.address, ANSWER_TIMEOUT_S)
            reply = connection.ask("PING")
            connection.close()
            return reply.value == b"PONG"
        except (OSError, NoReply):
            return False

    def connect(self, protocol=2):
        """A fresh connection that speaks `protocol`."""
        connection = Connection(self.address)
        if protocol == 3:
            connection.ask("HELLO", "3")
        return connection

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def log_end(self, max_bytes=3000):
        with open(self.log_path, "rb") as log:
            return log.read()[-max_bytes:].decode("utf-8", "replace")

    def stop(self):
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.process is not None:
            self.process.wait()


class Pair:
    """Both servers, started on entry and ended on exit, with the directory they ran in."""

    def __init__(self, skua_path):
        self.is_self_check = skua_path == "redis"
        self.skua_path = os.path.abspath(skua_path)

    def __enter__(self):
        if not os.path.exists(REDIS_PROGRAM):
            raise CannotStart(f"{REDIS_PROGRAM} is missing; install Debian's redis-tools")
        if not self.is_self_check and not os.access(self.skua_path, os.X_OK):
            raise CannotStart(f"{self.skua_path} is no program; run make, or set SKUA_SERVER")
        self.directory = tempfile.mkdtemp(prefix="redis-compat-")
        link = os.path.join(self.directory, "redis-server")
        os.symlink(REDIS_PROGRAM, link)
        self.oracle = Server("redis", [link, *MEMORY_ONLY], self.directory)
        self.skua = Server("skua", self._skua_command(link), self.directory)
        try:
            self.oracle.start()
            self.skua.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _skua_command(self, redis_link):
        """`--skua redis` compares the oracle with itself, which checks the comparison."""
        if self.is_self_check:
            return [redis_link, *MEMORY_ONLY]
        return [self.skua_path, *MEMORY_ONLY]

    def __exit__(self, *_):
        self.oracle.stop()
        self.skua.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def both(self):
        return (self.oracle, self.skua)


def _find_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
