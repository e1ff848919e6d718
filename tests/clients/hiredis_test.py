"""Debian's hiredis: a subscriber in C, compiled here."""
import os
import shutil
import tempfile
import unittest

from server import ClientTest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hiredis_pubsub.c")


@unittest.skipUnless(shutil.which("gcc") and os.path.exists("/usr/include/hiredis/hiredis.h"),
                     "libhiredis-dev or gcc is not installed")
class HiredisTest(ClientTest):
    def test_subscribing_with_timeouts(self):
        folder = tempfile.mkdtemp(prefix="skua-hiredis-")
        self.addCleanup(shutil.rmtree, folder)
        program = os.path.join(folder, "pubsub")
        self.run_program("gcc", "-Wall", "-Wextra", "-Werror", SOURCE, "-o", program, "-lhiredis")
        self.assertEqual(self.run_program(program, str(self.server.port)), "")
