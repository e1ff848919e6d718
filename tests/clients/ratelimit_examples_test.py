"""What README.md shows of rate limiting and the programs in docs/examples/ratelimit, as somebody
would run them."""
import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from server import START_LIMIT_S, ClientTest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
FOLDER = os.path.join(ROOT, "docs/examples/ratelimit")
HAS_REDIS_PY = importlib.util.find_spec("redis") is not None


def path_of(name):
    return os.path.realpath(os.path.join(FOLDER, name))


class ExampleTest(ClientTest):
    def setUp(self):
        super().setUp()
        self.environment = {**os.environ, "SKUA_PORT": str(self.server.port)}

    def command(self, line):
        """The raw reply to a command in a line."""
        with self.server.connect() as connection:
            connection.sendall(line.encode() + b"\r\nQUIT\r\n")
            reply = b""
            while piece := connection.recv(4096):
                reply += piece
        return reply.removesuffix(b"+OK\r\n").decode()

    def run_example(self, *command, status=0, **environment):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**self.environment, **environment}, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def start(self, *command):
        """A program that goes on, and its first line."""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   text=True, env=self.environment)
        self.addCleanup(self.end, process)
        return process, process.stdout.readline().strip()

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        process.stdout.close()

    def start_http(self, *command):
        _, address = self.start(*command, "0")
        self.assertRegex(address, r"^http://127\.0\.0\.1:\d+/$")
        return address

    @staticmethod
    def get(address, **headers):
        """Status and header fields."""
        request = urllib.request.Request(address, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=START_LIMIT_S) as response:
                return response.status, response.headers
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.headers

    def check_headers(self, get):
        """`get` asks once. Five are let in, or a few more when this machine is slow; then 429."""
        answers = [get() for _ in range(5)]
        for left, (status, headers) in zip((4, 3, 2, 1, 0), answers):
            self.assertEqual(status, 200)
            self.assertRegex(headers["RateLimit-Policy"], r'^"(api|bucket)";q=5;w=5$')
            found = re.match(r'^"(api|bucket)";r=(\d);t=([1-5])$', headers["RateLimit"])
            self.assertGreaterEqual(int(found[2]), left)
            self.assertIsNone(headers["Retry-After"])
        self.assertEqual(answers[0][1]["RateLimit"][-8:], ";r=4;t=1")
        for _ in range(50):
            status, headers = get()
            if status != 200:
                break
        self.assertEqual(status, 429)
        self.assertEqual(headers["Retry-After"], "1")
        self.assertRegex(headers["RateLimit"], r'^"(api|bucket)";r=0;t=5$')

    @unittest.skipUnless(shutil.which("redis-cli"), "redis-cli is not installed")
    def test_the_readme_shows_what_comes(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as readme:
            section = readme.read().split("\n## Rate limiting\n")[1].split("\n## ")[0]
        blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
        self.assertGreater(len(blocks), 5)
        for line, reply in re.findall(r"\$ redis-cli (.*)\n(.*)\n", "".join(blocks)):
            with self.subTest(line):
                self.assertEqual(self.run_example("redis-cli", "-p", str(self.server.port),
                                                  *shlex.split(line)).strip(), reply)

    @unittest.skipUnless(HAS_REDIS_PY, "redis-py is not installed")
    def test_python_sets_the_header_fields(self):
        address = self.start_http(sys.executable, path_of("http_headers.py"))
        self.check_headers(lambda: self.get(address))

    @unittest.skipUnless(shutil.which("node"), "node is not installed")
    def test_javascript_sets_the_header_fields(self):
        address = self.start_http("node", path_of("http_headers.js"))
        self.check_headers(lambda: self.get(address))

    @unittest.skipUnless(os.path.exists("/usr/include/hiredis/hiredis.h"),
                         "libhiredis-dev is not installed")
    def test_c_sets_the_header_fields(self):
        with tempfile.TemporaryDirectory(prefix="skua-example-") as folder:
            program = os.path.join(folder, "http_headers")
            self.run_example("gcc", "-Wall", "-Wextra", "-Werror", path_of("http_headers.c"), "-o",
                             program, "-lhiredis")

            def get():
                text = self.run_example(program, REMOTE_ADDR="192.0.2.1")
                head, _, body = text.partition("\n\n")
                headers = dict(line.split(": ", 1) for line in head.splitlines())
                status = int(headers["Status"].split()[0])
                self.assertEqual(body, "hello\n" if status == 200 else "too many requests\n")
                return status, {"Retry-After": None, **headers}

            self.check_headers(get)

    @unittest.skipUnless(HAS_REDIS_PY, "redis-py is not installed")
    def test_an_api_has_three_limits_and_who_is_denied_uses_up_none(self):
        address = self.start_http(sys.executable, path_of("api_limits.py"))
        status, headers = self.get(address, **{"X-User": "alice"})
        self.assertEqual(status, 200)
        self.assertEqual(headers["RateLimit"],
                         '"user";r=9;t=1, "address";r=599;t=120, "all";r=4999;t=1')
        let_in = 1
        for _ in range(100):
            status, headers = self.get(address, **{"X-User": "alice"})
            if status != 200:
                break
            let_in += 1
        self.assertEqual(status, 429)
        self.assertEqual((headers["Retry-After"], headers["X-Limited-By"]), ("1", "user"))
        # What would be left after one more.
        self.assertEqual(self.command("RL.PEEK address:127.0.0.1 SLIDING 600 60000").split()[3],
                         f":{600 - let_in - 1}")
        self.assertEqual(self.get(address, **{"X-User": "bob"})[0], 200)

    @unittest.skipUnless(HAS_REDIS_PY, "redis-py is not installed")
    def test_five_wrong_passwords_lock_a_user_out_and_a_right_one_forgives(self):
        def log_in(user, password):
            return self.run_example(sys.executable, path_of("login.py"), user, password).strip()

        self.assertEqual(log_in("bob", "guess"), "wrong, 4 attempts left")
        self.assertEqual(log_in("bob", "open sesame"), "welcome")
        for left in (4, 3, 2, 1, 0):
            self.assertEqual(log_in("bob", "guess"), f"wrong, {left} attempts left")
        self.assertRegex(log_in("bob", "open sesame"), r"^locked, try again in 3(600|5\d\d) s$")
        self.assertEqual(log_in("eve", "open sesame"), "welcome")
        self.assertEqual(self.command("RL.BLOCK login:bob 0"), ":1\r\n")
        self.assertRegex(log_in("bob", "open sesame"), r"^locked, try again in [89]\d\d s$")

    @unittest.skipUnless(HAS_REDIS_PY, "redis-py is not installed")
    def test_three_workers_at_once_and_one_that_ends_makes_place(self):
        jobs = (sys.executable, path_of("jobs.py"))
        workers = [self.start(*jobs, f"worker-{i}", "60") for i in range(3)]
        self.assertEqual([line for _, line in workers], ["working"] * 3)
        self.assertRegex(self.run_example(*jobs, "worker-4", status=1),
                         r"^no place, the next lease ends in \d{1,5} ms$")
        workers[0][0].send_signal(signal.SIGINT)
        workers[0][0].wait()
        self.assertEqual(self.run_example(*jobs, "worker-4", "0.1"), "working\n")
