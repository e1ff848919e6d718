"""redis-cli and redis-benchmark, as Debian's redis-tools has them."""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import termios
import time
import unittest

from server import ClientTest

TERMINAL_LIMIT_S = 20


class Terminal:
    """A program in a terminal of its own: what it draws is what it wrote so far."""

    def __init__(self, *command):
        self.drawn = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Before the program starts: without a size it asks the terminal and awaits its answer.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 200, 0, 0))
            os.environ["TERM"] = "xterm"
            os.execvp(command[0], command)

    def type(self, text):
        self.drawn = ""
        os.write(self.fd, text.encode())

    def text(self):
        """What was drawn since the last typing, without the codes that place and colour it."""
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.drawn)

    def enter(self, line, answer):
        """Types a line and awaits the prompt behind the answer: what is typed sooner gets lost."""
        self.type(line + "\r")
        self.await_text(answer, at_end="> ")

    def await_text(self, wanted, at_end=""):
        end = time.monotonic() + TERMINAL_LIMIT_S
        while wanted not in self.text() or not self.text().endswith(at_end):
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{wanted!r} does not appear in {self.drawn!r}")
            self.drawn += os.read(self.fd, 4096).decode(errors="replace")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@unittest.skipUnless(shutil.which("redis-cli"), "redis-cli is not installed")
class RedisCliTest(ClientTest):
    def cli(self, *arguments, stdin=""):
        return self.run_program("redis-cli", "-p", str(self.server.port), *arguments, stdin=stdin)

    def cli_for_a_while(self, *arguments, wanted):
        """Some modes never end: runs one in a terminal until it has drawn the text."""
        terminal = Terminal("redis-cli", "-p", str(self.server.port), *arguments)
        try:
            terminal.await_text(wanted)
        finally:
            terminal.close()

    def fill(self, count=1000):
        lines = "".join(f"SET key:{i} {'x' * (i % 300)}y\r\n" for i in range(count))
        self.assertIn(f"errors: 0, replies: {count}", self.cli("--pipe", stdin=lines))

    def test_runs_single_commands(self):
        self.assertEqual(self.cli("SET", "a b", "c\nd"), "OK\n")
        self.assertEqual(self.cli("--no-raw", "GET", "a b"), '"c\\nd"\n')
        self.assertEqual(self.cli("-x", "SET", "in", stdin="given"), "OK\n")
        self.assertEqual(self.cli("-n", "3", "DBSIZE"), "0\n")
        self.assertEqual(self.cli("--csv", "MGET", "in", "none"), '"given",NULL\n')
        self.assertEqual(self.cli("--json", "MGET", "in", "none"), '["given",null]\n')
        self.assertEqual(self.cli("-r", "3", "INCR", "n"), "1\n2\n3\n")

    def test_speaks_resp3(self):
        self.assertIn("proto 3", self.cli("-3", "HELLO"))
        self.assertIn('{"maxmemory":"0"}', self.cli("-3", "--json", "CONFIG", "GET", "maxmemory"))

    def test_hints_while_typing(self):
        terminal = Terminal("redis-cli", "-p", str(self.server.port))
        try:
            terminal.await_text("> ")
            for typed, hint in (("set k ", "value [NX|XX"), ("getex k ", "[EX seconds|PX"),
                                ("scan 0 ", "[MATCH pattern] [COUNT count] [TYPE type]"),
                                ("config set ", "parameter value [parameter value ...]")):
                terminal.type(typed)
                terminal.await_text(hint)
                terminal.type("\x15")
            terminal.type("client kil\t")
            terminal.await_text("CLIENT KILL")
            terminal.type("\x15")
            terminal.enter("help set", "group: string")
            terminal.enter("set greeting hello", "OK")
            terminal.enter("get greeting", '"hello"')
        finally:
            terminal.close()

    def test_scans_and_finds_big_and_hot_keys(self):
        self.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
        self.fill()
        self.assertEqual(sorted(self.cli("--scan").split()),
                         sorted(f"key:{i}" for i in range(1000)))
        self.assertEqual(len(self.cli("--scan", "--pattern", "key:1?").split()), 10)
        self.assertRegex(self.cli("--bigkeys"), r'Biggest string found .* has 300 bytes')
        self.assertRegex(self.cli("--memkeys"), r'Biggest string found .* has \d+ bytes')
        self.cli(stdin="GET key:7\n" * 300)
        self.assertRegex(self.cli("--hotkeys"),
                         r'hot key found with counter: \d+\s*keyname: "?key:7')

    def test_watches_the_server(self):
        self.cli_for_a_while("--stat", "-i", "0.1", wanted="requests")
        self.cli_for_a_while("--latency", wanted="samples")
        self.cli_for_a_while("--latency-history", "-i", "0.2", wanted="seconds range")

    def test_takes_piped_requests_in_the_protocol(self):
        requests = "".join(f"*3\r\n$3\r\nSET\r\n${len(str(i))}\r\n{i}\r\n$1\r\nv\r\n"
                           for i in range(20000))
        self.assertIn("errors: 0, replies: 20000", self.cli("--pipe", stdin=requests))
        self.assertEqual(self.cli("DBSIZE"), "20000\n")

    def open(self, *arguments):
        terminal = Terminal("redis-cli", "-p", str(self.server.port), *arguments)
        self.addCleanup(terminal.close)
        return terminal

    def test_subscribes_until_ctrl_c(self):
        terminal = self.open()
        terminal.await_text("> ")
        terminal.type("subscribe cli.room\r")
        terminal.await_text("(integer) 1\r\n")
        terminal.type("")
        self.assertEqual(self.cli("PUBLISH", "cli.room", "hello"), "1\n")
        terminal.await_text('1) "message"\r\n2) "cli.room"\r\n3) "hello"\r\n')
        terminal.type("\x03")
        terminal.await_text("> ")
        terminal.enter("incr n", "(integer) 1")

    def test_subscribes_as_a_program_of_a_pipe(self):
        for arguments, line in ((["--csv"], '"message","cli.pipe","a ""b"""\r\n'),
                                (["--json"], '["message","cli.pipe","a \\"b\\""]\r\n'),
                                (["-3", "--csv"], '"message","cli.pipe","a ""b"""\r\n')):
            self.cli("PUBLISH", "cli.pipe", 'a "b"', "RETAIN")
            terminal = self.open(*arguments, "SUBSCRIBE", "cli.pipe")
            terminal.await_text(line.replace('""', '\\"') if "--csv" in arguments else line)
        self.assertEqual(self.cli("PUBLISH", "cli.pipe", "", "RETAIN"), "3\n")

    def test_monitors(self):
        terminal = self.open("MONITOR")
        terminal.await_text("OK\r\n")
        self.cli("SET", "greeting", 'hello "world"')
        terminal.await_text('] "SET" "greeting" "hello \\"world\\""\r\n')

    def test_runs_transactions(self):
        terminal = self.open()
        terminal.await_text("> ")
        for line, answer in (("set stock 1", "OK"), ("multi", "OK"), ("decr stock", "QUEUED"),
                             ("exec ifeq stock 1", "1) (integer) 0"),
                             ("multi", "OK"), ("decr stock", "QUEUED"),
                             ("exec ifeq stock 1", "(nil)"), ("get stock", '"0"')):
            terminal.enter(line, answer)

    def test_is_told_of_changed_keys(self):
        terminal = self.open("-3")
        terminal.await_text("> ")
        for line, answer in (("client tracking on", "OK"), ("get price", "(nil)")):
            terminal.enter(line, answer)
        self.cli("SET", "price", "30")
        terminal.enter("get price", '"30"')
        self.assertIn("-> invalidate: 'price'", terminal.text())


@unittest.skipUnless(shutil.which("redis-benchmark"), "redis-benchmark is not installed")
class RedisBenchmarkTest(ClientTest):
    def test_its_usual_tests_run(self):
        for more in ([], ["-P", "16"], ["-r", "10000"], ["-P", "16", "-r", "10000", "-c", "5"]):
            with self.subTest(" ".join(more)):
                output = self.run_program(
                    "redis-benchmark", "-p", str(self.server.port), "-n", "2000", "--csv", "-t",
                    "ping,set,get,incr,mset", *more)
                for name in ("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"):
                    self.assertIn(f'"{name}","', output)

    def test_any_command_runs(self):
        output = self.run_program("redis-benchmark", "-p", str(self.server.port), "-n", "2000",
                                  "-q", "-r", "100", "SET", "key:__rand_int__", "v", "EX", "10")
        self.assertIn("requests per second", output)
