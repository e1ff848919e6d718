"""Debian's python3-django-redis as Django's cache, and Django's sessions in it."""
import unittest

from server import ClientTest

try:
    import django
    import django_redis
except ImportError:
    django = django_redis = None


@unittest.skipUnless(django_redis, "python3-django-redis is not installed")
class DjangoRedisTest(ClientTest):
    @classmethod
    def setUpClass(cls):
        from django.conf import settings
        if not settings.configured:
            settings.configure(
                CACHES={"default": {
                    "BACKEND": "django_redis.cache.RedisCache",
                    "LOCATION": f"redis://127.0.0.1:{cls.server.port}/5",
                    "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"}}},
                SESSION_ENGINE="django.contrib.sessions.backends.cache",
                SECRET_KEY="only for tests")
            django.setup()
        from django.core.cache import cache
        cls.cache = cache

    def test_single_values(self):
        cache = self.cache
        self.assertTrue(cache.set("a", {"x": 1}, 30))
        self.assertEqual([cache.get("a"), cache.get("none", 5)], [{"x": 1}, 5])
        self.assertEqual([cache.add("a", 1), cache.add("b", 1)], [False, True])
        self.assertEqual(cache.get_or_set("c", lambda: 7, 10), 7)
        self.assertTrue(cache.set("big", "x" * 1_000_000))
        self.assertEqual(len(cache.get("big")), 1_000_000)

    def test_many_at_once(self):
        self.cache.set_many({"m1": 1, "m2": "two"}, 30)
        self.assertEqual(self.cache.get_many(["m1", "m2", "m3"]), {"m1": 1, "m2": "two"})
        self.assertTrue(0 < self.cache.ttl("m1") <= 30)

    def test_counters(self):
        cache = self.cache
        cache.set("n", 5)
        self.assertEqual([cache.incr("n"), cache.incr("n", 10), cache.decr("n")], [6, 16, 15])

    def test_times(self):
        cache = self.cache
        cache.set("a", 1, 30)
        self.assertTrue(cache.touch("a", 100))
        self.assertTrue(30 < cache.ttl("a") <= 100)
        self.assertTrue(cache.expire("a", 20))
        self.assertTrue(0 < cache.pttl("a") <= 20000)
        self.assertTrue(cache.persist("a"))
        self.assertIsNone(cache.ttl("a"))
        self.assertEqual([cache.ttl("none"), cache.touch("none")], [0, False])

    def test_many_keys(self):
        cache = self.cache
        for i in range(100):
            cache.set(f"k{i}", i)
        self.assertEqual(len(cache.keys("k1?")), 10)
        self.assertEqual(len(list(cache.iter_keys("*"))), 100)
        self.assertEqual(cache.delete_pattern("k1*"), 11)
        self.assertEqual(cache.delete_many(["k2", "k3", "none"]), 2)
        self.assertTrue(cache.delete("k4"))
        self.assertNotIn("k4", cache)
        cache.clear()
        self.assertEqual(cache.keys("*"), [])

    def test_sessions(self):
        from django.contrib.sessions.backends.cache import SessionStore
        first = SessionStore()
        first["user"] = 42
        first.save()
        second = SessionStore(first.session_key)
        self.assertEqual(second["user"], 42)
        second.delete()
        self.assertFalse(SessionStore().exists(first.session_key))
