"""Debian's python3-redis."""
import threading
import unittest

from server import ClientTest

try:
    import redis
except ImportError:
    redis = None


@unittest.skipUnless(redis, "python3-redis is not installed")
class RedisPyTest(ClientTest):
    def setUp(self):
        super().setUp()
        self.client = redis.Redis(port=self.server.port, decode_responses=True)
        self.addCleanup(self.client.close)

    def test_strings(self):
        r = self.client
        self.assertTrue(r.set("a", "1"))
        self.assertIsNone(r.set("a", "2", nx=True))
        self.assertEqual(r.set("a", "3", xx=True, ex=100, get=True), "1")
        self.assertTrue(r.set("a", "4", keepttl=True))
        self.assertTrue(0 < r.ttl("a") <= 100)
        self.assertEqual(r.getex("a", persist=True), "4")
        self.assertEqual(r.ttl("a"), -1)
        self.assertEqual(r.getdel("a"), "4")
        self.assertTrue(r.mset({"x": 1, "y": 2}))
        self.assertEqual(r.mget("x", "y", "z"), ["1", "2", None])
        self.assertFalse(r.msetnx({"x": 1, "z": 1}))
        self.assertEqual([r.incr("n", 5), r.decr("n"), r.incrbyfloat("f", 1.5)], [5, 4, 1.5])
        self.assertEqual([r.append("s", "abc"), r.setrange("s", 1, "zz"), r.getrange("s", 0, 1)],
                         [3, 3, "az"])

    def test_bits_and_counts(self):
        r = self.client
        self.assertEqual([r.setbit("b", 7, 1), r.getbit("b", 7), r.bitcount("b"), r.bitpos("b", 1)],
                         [0, 1, 1, 7])
        self.assertEqual(r.bitop("OR", "c", "b"), 1)
        self.assertEqual(r.bitfield("b").get("u8", 0).incrby("u8", 0, 5).execute(), [1, 6])
        self.assertEqual([r.pfadd("h", "a", "b"), r.pfcount("h"), r.pfmerge("i", "h")],
                         [1, 2, True])

    def test_keys(self):
        r = self.client
        r.set("a", 1)
        self.assertTrue(r.expire("a", 100, nx=True))
        self.assertTrue(r.expireat("a", 9999999999, gt=True))
        self.assertTrue(r.pexpire("a", 1000, lt=True))
        self.assertTrue(r.persist("a"))
        self.assertTrue(r.rename("a", "b"))
        self.assertTrue(r.copy("b", "c"))
        self.assertTrue(r.move("c", 1))
        self.assertEqual([r.type("b"), r.object("encoding", "b"), r.exists("a", "b", "b")],
                         ["string", "int", 2])
        self.assertEqual([r.touch("b"), r.unlink("b"), r.dbsize()], [1, 1, 0])

    def test_scan_iter_returns_every_key_once(self):
        self.client.mset({f"key:{i}": i for i in range(1000)})
        keys = list(self.client.scan_iter("key:*", count=7))
        self.assertEqual(sorted(keys), sorted(f"key:{i}" for i in range(1000)))

    def test_pipelines(self):
        for is_transaction in (False, True):
            pipe = self.client.pipeline(transaction=is_transaction)
            for i in range(1000):
                pipe.set(f"p{i}", i)
            self.assertEqual(pipe.incr("p1").get("p1").execute()[-2:], [2, "2"])
            pipe.set("s", "abc").incr("s").get("s")
            replies = pipe.execute(raise_on_error=False)
            self.assertEqual([replies[0], replies[2]], [True, "abc"])
            self.assertIsInstance(replies[1], redis.ResponseError)

    def test_transactions_with_watched_keys(self):
        r = self.client
        r.set("n", 5)
        seen = []

        def double(pipe):
            seen.append(int(pipe.get("n")))
            if len(seen) == 1:
                r.incr("n")
            pipe.multi()
            pipe.set("n", 2 * seen[-1])

        self.assertEqual(r.transaction(double, "n"), [True])
        self.assertEqual([seen, r.get("n")], [[5, 6], "12"])

    def test_errors_are_its_own(self):
        r = self.client
        r.set("s", "abc")
        with self.assertRaisesRegex(redis.ResponseError, "not an integer"):
            r.incr("s")
        with self.assertRaises(redis.ResponseError):
            r.execute_command("SET", "only")
        with self.assertRaises(redis.ResponseError):
            redis.Redis(port=self.server.port, db=16).ping()

    def test_a_pool_serves_threads(self):
        pool = redis.ConnectionPool(port=self.server.port, max_connections=8, client_name="pooled")
        client = redis.Redis(connection_pool=pool)

        def count():
            for _ in range(200):
                client.incr("counter")

        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(client.get("counter"), b"1600")
        self.assertIn("pooled", [line["name"] for line in self.client.client_list()])
        pool.disconnect()

    def test_bytes_and_big_values(self):
        raw = redis.Redis(port=self.server.port)
        every = bytes(range(256))
        self.assertTrue(raw.set(every, every))
        self.assertEqual(raw.get(every), every)
        self.assertTrue(raw.set("big", b"x" * 30_000_000))
        self.assertEqual(len(raw.get("big")), 30_000_000)
        raw.close()

    def test_the_server_describes_itself(self):
        r = self.client
        r.set("a", 1)
        self.assertEqual(r.info("keyspace")["db0"]["keys"], 1)
        self.assertGreater(r.info()["used_memory"], 0)
        self.assertEqual(r.info("commandstats")["cmdstat_set"]["calls"], 1)
        self.assertTrue(r.config_set("timeout", 0))
        self.assertEqual(r.config_get("timeout"), {"timeout": "0"})
        self.assertEqual(len(r.command()), r.command_count())
        self.assertEqual(r.command_getkeys("MSET", "a", "1", "b", "2"), ["a", "b"])
        self.assertEqual(r.client_info()["db"], 0)
        self.assertTrue(r.client_setname("me") and r.client_getname() == "me")
        self.assertGreater(r.memory_usage("a"), 0)
        self.assertGreater(r.memory_stats()["peak.allocated"], 0)
        self.assertEqual(len(r.time()), 2)
