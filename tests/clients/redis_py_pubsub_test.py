"""Debian's python3-redis as publisher and subscriber."""
import threading
import time
import unittest

from server import START_LIMIT_S, ClientTest

try:
    import redis
except ImportError:
    redis = None


@unittest.skipUnless(redis, "python3-redis is not installed")
class RedisPyPubsubTest(ClientTest):
    def setUp(self):
        super().setUp()
        self.client = redis.Redis(port=self.server.port, decode_responses=True)
        self.addCleanup(self.client.close)

    def subscriber(self, **options):
        pubsub = self.client.pubsub(**options)
        self.addCleanup(pubsub.close)
        return pubsub

    def next_from(self, pubsub):
        """Type, pattern, channel and data of the next message."""
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end:
            message = pubsub.get_message(timeout=1)
            if message is not None:
                return tuple(message[name] for name in ("type", "pattern", "channel", "data"))
        raise AssertionError("no message comes")

    def test_channels(self):
        news = self.subscriber()
        news.subscribe("news", "sport")
        self.assertEqual(self.next_from(news), ("subscribe", None, "news", 1))
        self.assertEqual(self.next_from(news), ("subscribe", None, "sport", 2))
        self.assertEqual([self.client.publish("news", "hello"), self.client.publish("other", "x")],
                         [1, 0])
        self.assertEqual(self.next_from(news), ("message", None, "news", "hello"))
        news.unsubscribe("news")
        self.assertEqual(self.next_from(news), ("unsubscribe", None, "news", 1))
        self.assertEqual(self.client.publish("news", "unheard"), 0)
        self.assertEqual(self.client.pubsub_numsub("news", "sport"), [("news", 0), ("sport", 1)])
        news.unsubscribe()
        self.assertEqual(self.next_from(news), ("unsubscribe", None, "sport", 0))
        self.assertFalse(news.subscribed)

    def test_patterns(self):
        rooms = self.subscriber()
        rooms.psubscribe("room:*", "room:[ab]")
        self.next_from(rooms)
        self.next_from(rooms)
        self.assertEqual(self.client.publish("room:a", "hi"), 2)
        self.assertEqual({self.next_from(rooms), self.next_from(rooms)},
                         {("pmessage", "room:*", "room:a", "hi"),
                          ("pmessage", "room:[ab]", "room:a", "hi")})
        self.assertEqual(self.client.pubsub_numpat(), 2)
        self.assertEqual(self.client.pubsub_channels("room:*"), [])

    def test_a_handler_runs_in_a_thread_until_it_is_stopped(self):
        heard = []
        all_heard = threading.Event()

        def hear(message):
            heard.append(int(message["data"]))
            if len(heard) == 5000:
                all_heard.set()

        counts = self.subscriber(ignore_subscribe_messages=True)
        counts.subscribe(counts=hear)
        thread = counts.run_in_thread(sleep_time=0.1)
        batch = self.client.pipeline(transaction=False)
        for number in range(5000):
            batch.publish("counts", number)
        self.assertEqual(set(batch.execute()), {1})
        self.assertTrue(all_heard.wait(START_LIMIT_S))
        thread.stop()
        thread.join(START_LIMIT_S)
        self.assertFalse(thread.is_alive())
        self.assertEqual(heard, list(range(5000)))

    def test_closing_ends_the_subscription(self):
        rooms = self.client.pubsub()
        rooms.subscribe("left")
        self.next_from(rooms)
        self.assertEqual(self.client.pubsub_channels("left"), ["left"])
        rooms.close()
        end = time.monotonic() + START_LIMIT_S
        while self.client.pubsub_channels("left") and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(self.client.pubsub_channels("left"), [])

    def test_ping_and_health_checks_while_subscribed(self):
        client = redis.Redis(port=self.server.port, decode_responses=True, health_check_interval=1)
        self.addCleanup(client.close)
        pubsub = client.pubsub()
        self.addCleanup(pubsub.close)
        pubsub.subscribe("quiet")
        self.next_from(pubsub)
        pubsub.ping("still here")
        self.assertEqual(self.next_from(pubsub), ("pong", None, None, "still here"))
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            self.assertIsNone(pubsub.get_message(timeout=0.1))
        client.publish("quiet", "heard")
        self.assertEqual(self.next_from(pubsub), ("message", None, "quiet", "heard"))

    def test_retained_messages_reach_the_late(self):
        r = self.client
        self.assertEqual(r.execute_command("PUBLISH", "state:1", "old", "RETAIN"), 0)
        self.assertEqual(r.execute_command("PUBLISH", "state:1", "up", "RETAIN"), 0)
        self.assertEqual(r.execute_command("PUBLISH", "state:2", "down", "RETAIN", "EX", 100), 0)
        late = self.subscriber(ignore_subscribe_messages=True)
        late.psubscribe("state:*")
        self.assertIsNone(late.get_message(timeout=START_LIMIT_S))
        self.assertEqual(self.next_from(late), ("pmessage", "state:*", "state:1", "up"))
        self.assertEqual(self.next_from(late), ("pmessage", "state:*", "state:2", "down"))
        for channel in ("state:1", "state:2"):
            r.execute_command("PUBLISH", channel, "", "RETAIN")
        self.assertEqual(r.execute_command("PUBSUB", "RETAINED", "state:*"), [])

    def test_expiry_is_told_on_time(self):
        self.client.config_set("notify-keyspace-events", "Ex")
        ends = self.subscriber(ignore_subscribe_messages=True)
        ends.psubscribe("__keyevent@*__:expired")
        self.assertIsNone(ends.get_message(timeout=START_LIMIT_S))
        self.client.set("session", "alice", px=50)
        self.assertEqual(self.next_from(ends), ("pmessage", "__keyevent@*__:expired",
                                                "__keyevent@0__:expired", "session"))

    def test_a_monitor_sees_commands(self):
        with self.client.monitor() as monitor:
            self.client.set("greeting", "hello \n world")
            commands = monitor.listen()
            seen = next(line for line in commands if line["command"].startswith("SET"))
        self.assertEqual([seen["db"], seen["command"]], [0, "SET greeting hello \\n world"])

    def test_many_subscribers_hear_everything_in_order(self):
        rooms = [self.subscriber(ignore_subscribe_messages=True) for _ in range(50)]
        for room in rooms:
            room.subscribe("crowd")
        for room in rooms:
            self.assertIsNone(room.get_message(timeout=START_LIMIT_S))
        batch = self.client.pipeline(transaction=False)
        for number in range(200):
            batch.publish("crowd", number)
        self.assertEqual(set(batch.execute()), {50})
        for room in rooms:
            self.assertEqual([self.next_from(room)[3] for _ in range(200)],
                             [str(number) for number in range(200)])
