"""The cache in docs/client-side-caching.md, as somebody would run it."""
import os
import re
import threading
import time
import unittest

from server import START_LIMIT_S, ClientTest

try:
    import redis
except ImportError:
    redis = None

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../docs/client-side-caching.md")


@unittest.skipUnless(redis, "python3-redis is not installed")
class CachingExampleTest(ClientTest):
    def setUp(self):
        super().setUp()
        self.client = redis.Redis(port=self.server.port)
        self.addCleanup(self.client.close)
        with open(PAGE, encoding="utf-8") as page:
            code = re.search(r"```python\n(.*?)```", page.read(), re.DOTALL).group(1)
        names = {}
        definition, _, _ = code.partition("cache = Cache(")
        exec(definition, names)  # pylint: disable=exec-used
        self.cache = names["Cache"]("price:", port=self.server.port)
        self.addCleanup(self.end_cache)

    def end_cache(self):
        """It has no end of its own: the thread that listens ends when it would come back."""
        ended = threading.Event()

        def end():
            ended.set()
            raise SystemExit

        self.cache.listen = end
        self.client.client_kill_filter(_type="pubsub", skipme=True)
        self.assertTrue(ended.wait(START_LIMIT_S))
        self.cache.client.close()

    def await_value(self, name, value):
        """Whatever is told comes soon, not at once."""
        end = time.monotonic() + START_LIMIT_S
        while self.cache.get(name) != value and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(self.cache.get(name), value)

    def reads(self):
        return self.client.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"]

    def test_it_asks_once_until_something_changes(self):
        self.client.set("price:hat", 25)
        self.await_value("price:hat", b"25")
        before = self.reads()
        for _ in range(100):
            self.assertEqual(self.cache.get("price:hat"), b"25")
        self.assertEqual(self.reads(), before)
        self.client.set("price:hat", 30)
        self.await_value("price:hat", b"30")

    def test_expiry_and_flushes_reach_it(self):
        self.client.set("price:hat", 25, px=100)
        self.client.set("price:shoes", 80)
        self.assertEqual(self.cache.get("price:shoes"), b"80")
        self.await_value("price:hat", None)
        self.client.flushall()
        self.await_value("price:shoes", None)

    def test_other_names_are_not_copied(self):
        self.client.set("colour", "blue")
        self.assertEqual(self.cache.get("colour"), b"blue")
        self.client.set("colour", "red")
        self.assertEqual(self.cache.get("colour"), b"red")

    def test_it_comes_back_when_its_connections_are_lost(self):
        self.client.set("price:hat", 25)
        self.await_value("price:hat", b"25")
        for kind in ("pubsub", "normal"):
            self.client.client_kill_filter(_type=kind, skipme=True)
            self.client.set("price:hat", kind)
            self.await_value("price:hat", kind.encode())
