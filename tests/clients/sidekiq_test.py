"""Sidekiq with Debian's ruby-sidekiq: jobs put in by a client are run by its workers."""
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from server import ClientTest

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sidekiq_worker.rb")
LIMIT_S = 60


@unittest.skipUnless(shutil.which("sidekiq"), "ruby-sidekiq is not installed")
class SidekiqTest(ClientTest):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="skua-sidekiq-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.sums = os.path.join(self.folder, "sums")
        self.environment = dict(os.environ, PORT=str(self.server.port), SUMS=self.sums)

    def start_workers(self):
        log = open(os.path.join(self.folder, "log"), "wb")
        self.addCleanup(log.close)
        workers = subprocess.Popen(["sidekiq", "-r", WORKER, "-c", "3"], env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(workers.wait)
        self.addCleanup(workers.kill)
        return workers

    def put_in(self, code):
        subprocess.run(["ruby", "-r", WORKER, "-e", code], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT_S)

    def await_sums(self, count):
        end = time.monotonic() + LIMIT_S
        sums = []
        while len(sums) < count and time.monotonic() < end:
            time.sleep(0.05)
            if os.path.exists(self.sums):
                with open(self.sums, encoding="utf-8") as file:
                    sums = sorted(int(line) for line in file.read().split())
        return sums

    def test_jobs_are_run_once_each(self):
        self.put_in("20.times { |i| Adder.perform_async(i, 100) }")
        workers = self.start_workers()
        self.await_sums(20)
        self.put_in("5.times { |i| Adder.perform_async(i, 200) }")
        sums = self.await_sums(25)
        workers.send_signal(signal.SIGTERM)
        workers.wait(LIMIT_S)
        self.assertEqual(sums, [100 + i for i in range(20)] + [200 + i for i in range(5)])
