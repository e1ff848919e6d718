"""The server that the client programs talk to: one for all of them, emptied between tests."""
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

START_LIMIT_S = 20


class Server:
    """The program that SKUA_SERVER names, on a free port, in a folder of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="skua-clients-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = open(os.path.join(self.folder, "server.log"), "wb")
        self.process = subprocess.Popen(
            [os.path.realpath(os.environ["SKUA_SERVER"]), "--port", str(self.port),
             "--bind", "127.0.0.1", "--databases", "16", "--save", ""],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            self._await_start()
        except Exception:
            self.stop()
            raise

    def _await_start(self):
        end = time.monotonic() + START_LIMIT_S
        while True:
            try:
                with self.connect() as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(64) == b"+PONG\r\n":
                        return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
            time.sleep(0.01)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=START_LIMIT_S)

    def empty(self):
        with self.connect() as connection:
            connection.sendall(b"FLUSHALL\r\nCONFIG RESETSTAT\r\nCONFIG SET maxmemory-policy "
                               b"noeviction notify-keyspace-events ''\r\nQUIT\r\n")
            while connection.recv(4096):
                pass

    def stop(self):
        """The exit status; the folder is gone then."""
        self.process.terminate()
        try:
            status = self.process.wait(START_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.log.close()
        if status != 0:
            with open(self.log.name, errors="replace") as log:
                print(log.read())
        shutil.rmtree(self.folder)
        return status


class ClientTest(unittest.TestCase):
    """A test of one client program; `server` is set before the first one runs."""
    server = None

    def setUp(self):
        self.server.empty()

    def run_program(self, *command, stdin="", limit_s=60):
        """What a program wrote; the test fails when it fails."""
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, timeout=limit_s,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout
