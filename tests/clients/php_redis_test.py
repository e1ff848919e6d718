"""PHP with Debian's php-redis: the extension, and its session store."""
import os
import shutil
import subprocess
import unittest

from server import ClientTest

HERE = os.path.dirname(os.path.abspath(__file__))


def has_extension():
    if not shutil.which("php"):
        return False
    modules = subprocess.run(["php", "-m"], stdout=subprocess.PIPE, text=True, check=False).stdout
    return "redis" in modules.split()


@unittest.skipUnless(has_extension(), "php-cli with php-redis is not installed")
class PhpRedisTest(ClientTest):
    def request(self, *arguments):
        path = f"tcp://127.0.0.1:{self.server.port}?database=2&prefix=SESSION:"
        return self.run_program("php", "-d", "session.save_handler=redis", "-d",
                                f'session.save_path="{path}"', os.path.join(HERE, "session.php"),
                                *arguments)

    def test_requests_share_a_session(self):
        self.assertEqual(self.request("visitor"), "1")
        self.assertEqual(self.request("visitor"), "2")
        self.assertEqual(self.request("other"), "1")
        self.assertEqual(self.request("visitor", "end"), "")
        self.assertEqual(self.request("visitor"), "1")

    def test_everyday_commands(self):
        self.assertEqual(self.run_program("php", os.path.join(HERE, "commands.php"),
                                          str(self.server.port)), "")

    def test_subscribing_and_watching(self):
        self.assertEqual(self.run_program("php", os.path.join(HERE, "subscribe.php"),
                                          str(self.server.port)), "")
