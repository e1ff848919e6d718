"""Locks and transactions that many threads want at once, with Debian's python3-redis."""
import secrets
import threading
import unittest

from server import ClientTest

try:
    import redis
except ImportError:
    redis = None

LOCK_MS = 30000


class Lock:
    """As docs/locks.md has it: taken, renewed and given back by a text that nobody else has."""

    def __init__(self, client, name):
        self.client = client
        self.name = name
        self.owner = secrets.token_hex(8)

    def take(self):
        """The fencing token; None when somebody else has the lock. (`get` makes redis-py hand on
        the reply to SET, which it else takes for OK or not.)"""
        return self.client.execute_command("SET", self.name, self.owner, "NX", "PX", LOCK_MS,
                                           "FENCE", get=True)

    def renew(self):
        return self.client.execute_command("EXPIREIFEQ", self.name, self.owner, LOCK_MS) == 1

    def give_back(self):
        return self.client.execute_command("DELIFEQ", self.name, self.owner) == 1


@unittest.skipUnless(redis, "python3-redis is not installed")
class RedisPyLocksTest(ClientTest):
    def setUp(self):
        super().setUp()
        self.client = redis.Redis(port=self.server.port, decode_responses=True)
        self.addCleanup(self.client.close)

    def run_threads(self, count, work):
        """Runs work(its own client) in so many threads, and fails when one of them does."""
        faults = []

        def run():
            try:
                with redis.Redis(port=self.server.port, decode_responses=True) as client:
                    work(client)
            except Exception as fault:  # pylint: disable=broad-except
                faults.append(fault)

        threads = [threading.Thread(target=run) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])

    def test_two_contenders(self):
        ours, theirs = Lock(self.client, "lock"), Lock(self.client, "lock")
        first = ours.take()
        self.assertGreater(first, 0)
        self.assertIsNone(theirs.take())
        self.assertEqual([theirs.renew(), theirs.give_back()], [False, False])
        self.client.pexpire("lock", 1000)
        self.assertTrue(ours.renew())
        self.assertGreater(self.client.pttl("lock"), 1000)
        self.assertEqual([ours.give_back(), ours.give_back()], [True, False])
        self.assertGreater(theirs.take(), first)

    def test_one_holder_at_a_time_and_tokens_grow(self):
        turns = []  # of all threads; only the holder appends

        def work(client):
            lock = Lock(client, "lock")
            done = 0
            while done < 50:
                token = lock.take()
                if token is None:
                    continue
                count = int(client.get("count") or 0)
                turns.append(token)
                client.set("count", count + 1)
                if not lock.give_back():
                    raise AssertionError("the lock was somebody else's")
                done += 1

        self.run_threads(2, work)
        self.assertEqual(self.client.get("count"), "100")
        self.assertEqual(turns, sorted(set(turns)))
        self.assertEqual(len(turns), 100)

    def test_watched_sums_are_right(self):
        def work(client):
            for _ in range(30):
                self.increment_watched(client)

        self.run_threads(8, work)
        self.assertEqual(self.client.mget("sum", "tries"), ["240", "240"])

    @staticmethod
    def increment_watched(client):
        with client.pipeline() as batch:
            while True:
                try:
                    batch.watch("sum")
                    value = int(batch.get("sum") or 0)
                    batch.multi()
                    batch.set("sum", value + 1).incr("tries")
                    batch.execute()
                    return
                except redis.WatchError:
                    continue

    def test_sums_under_conditions_are_right(self):
        self.client.set("sum", 0)

        def work(client):
            done = 0
            while done < 30:
                done += self.increment_if_equal(client)

        self.run_threads(8, work)
        self.assertEqual(self.client.mget("sum", "tries"), ["240", "240"])

    @staticmethod
    def increment_if_equal(client):
        """Whether it was still the value that was read."""
        value = client.get("sum")
        connection = client.connection_pool.get_connection("EXEC")
        try:
            for command in (("MULTI",), ("SET", "sum", int(value) + 1), ("INCR", "tries"),
                            ("EXEC", "IFEQ", "sum", value)):
                connection.send_command(*command)
            replies = [connection.read_response() for _ in range(4)]
        finally:
            client.connection_pool.release(connection)
        return replies[3] is not None
