"""Makes random commands from their syntax trees.

Each argument of a command is compiled once into a function that appends words to a list, so that
making a command costs a few microseconds. Now and then a command is damaged on purpose: a word
dropped, doubled, replaced, or added.
"""

from harness import members, scored
from harness.members import CLEARING, Members, has_known_keys
from harness.newer import for_oracle, make_makers, needs_script
from harness.scored import Scored
from harness.values import BIT_ENCODINGS, GARBAGE, PATTERNS, Values

# How often each command is drawn, relative to 10 for the rest. The scope of a random stream is this
# list: commands whose replies depend on nothing but the commands before them.
COMMANDS = {
    "append": 10, "decr": 10, "decrby": 10, "get": 20, "getdel": 6, "getex": 20, "getrange": 10,
    "getset": 8, "incr": 10, "incrby": 12, "incrbyfloat": 14, "lcs": 4, "mget": 8, "mset": 8,
    "msetnx": 8, "psetex": 6, "set": 50, "setex": 6, "setnx": 6, "setrange": 10, "strlen": 8,
    "substr": 4,
    "bitcount": 16, "bitfield": 30, "bitfield_ro": 8, "bitop": 14, "bitpos": 16, "getbit": 8,
    "setbit": 16,
    "pfadd": 20, "pfcount": 10, "pfmerge": 6,
    "copy": 8, "del": 4, "exists": 6, "expire": 12, "expireat": 8, "expiretime": 4, "keys": 2,
    "move": 4, "object encoding": 12, "object freq": 2, "persist": 5, "pexpire": 8,
    "pexpireat": 8, "pexpiretime": 4,
    "pttl": 4, "rename": 4, "renamenx": 4, "touch": 4, "ttl": 4, "type": 4, "unlink": 3,
    "ping": 1, "echo": 1, "select": 2, "dbsize": 3, "flushdb": 0.05, "flushall": 0.02,
    "swapdb": 0.5,
    "command getkeys": 2,
} | members.COMMANDS | scored.COMMANDS
BLOCKING_COMMANDS = members.BLOCKING_COMMANDS | scored.BLOCKING_COMMANDS
# What Skua's syntax has and Redis 7.0 has not.
NEWER_TOKENS = {
    "IFEQ", "IFNE", "IFDEQ", "IFDNE", "DIFF", "DIFF1", "ANDOR", "ONE", "WITHSCORE", "WITHRANKS",
    "DENSE", "COMPETITION", "INT64", "MAXLEN", "KEEP", "BYPOLYGON", "CURSOR", "NOVALUES",
}
DATABASES = [b"0", b"1", b"0", b"1", b"0", b"1", b"2", b"-1", b"16", b"abc"]
DAMAGE_CHANCE = 0.04
BURST_CHANCE = 0.02
COUNTS_OF_KEYS = [b"0", b"-1", b"1", b"2", b"3", b"9", b"abc", b"9223372036854775808"]
# Transactions stand among the other commands, each of one to five of them, often watching keys.
TRANSACTION_CHANCE = 0.012
EMPTY = b""
# Arguments that are now and then repeated until the key outgrows its small encoding.
GROWING_ARGUMENTS = {
    ("element", "pfadd"), ("element", "rpush"), ("element", "lpush"), ("member", "sadd"),
    ("member", "srem"), ("field_value", "hset"), ("field", "hdel"),
    ("score_member", "zadd"), ("member", "zrem"), ("longitude_latitude_member", "geoadd"),
}
# Options without which a command tells little, or is not compared whole.
USUAL_OPTIONS = {
    ("count", "hscan"), ("count", "sscan"), ("options", "hrandfield"), ("count", "spop"),
    ("count", "zscan"), ("options", "zrandmember"),
}


class Generator:
    """Draws commands (lists of bytes) from `syntax`; the same random generator, the same stream.
    `can_script` says whether those that the oracle needs a script for are among them."""

    def __init__(self, syntax, random, can_script=True):
        self.random = random
        self.can_script = can_script
        self.values = Values(random)
        self.members = Members(self.values)
        self.scored = Scored(self.members)
        known = [name for name in COMMANDS if name in syntax]
        self.makers = [self._compile_command(syntax[name]) for name in known]
        self.weights = [COMMANDS[name] for name in known]
        self.known_count = len(known)
        blocking = [name for name in BLOCKING_COMMANDS if name in syntax]
        self.blocking_makers = [self._compile_command(syntax[name]) for name in blocking]
        self.blocking_weights = [BLOCKING_COMMANDS[name] for name in blocking]
        makers = [make_makers(self.values), self.members.make_makers(), self.scored.make_makers()]
        for maker, weight in sum(makers, []):
            self.makers.append(maker)
            self.weights.append(weight)

    def take_commands(self, count):
        commands = []
        while len(commands) < count:
            if self.values.uniform() < TRANSACTION_CHANCE:
                commands += self._make_transaction()
            else:
                (make,) = self.random.choices(self.makers, self.weights)
                command = make()
                if self.can_script or not needs_script(command):
                    commands += _prepared(command)
        return commands[:count]

    def _make_transaction(self):
        """WATCH of keys that then change or do not, and a transaction of a few commands."""
        commands = []
        if self.values.uniform() < 0.7:
            keys = [self.values.take_key("watch") for _ in range(1 + self.values.below(12))]
            commands.append([b"WATCH", *keys])
            commands += self._take_plain(self.values.below(6))
        commands.append([b"MULTI"])
        commands += self._take_plain(1 + self.values.below(5))
        if self.values.uniform() < 0.4:
            commands.append(self._take_blocking())
        commands.append([b"DISCARD" if self.values.uniform() < 0.1 else b"EXEC"])
        return commands

    def _take_plain(self, count):
        """Commands that both servers take as they are."""
        commands = []
        known, weights = self.makers[: self.known_count], self.weights[: self.known_count]
        while len(commands) < count:
            (make,) = self.random.choices(known, weights)
            command = make()
            if for_oracle(command) == command:
                commands += _prepared(command)
        return commands

    def _take_blocking(self):
        (make,) = self.random.choices(self.blocking_makers, self.blocking_weights)
        return make()

    def _compile_command(self, command):
        name = command.name
        if name == "command getkeys":
            return self._make_getkeys
        steps = self._compile_arguments(command.arguments, name)
        random, damage = self.values.uniform, self._damage
        words = [word.lower() if len(word) % 2 else word for word in command.words]

        def make():
            args = list(words)
            for step in steps:
                step(args)
            if random() < DAMAGE_CHANCE:
                damage(args, len(words))
            is_determined = members.is_determined(args) and scored.is_determined(args)
            return args if is_determined else make()

        return make

    def _compile_arguments(self, arguments, command):
        """One function for each argument, but one together for a number of keys and the keys."""
        steps, is_counted = [], False
        for argument in arguments:
            if is_counted and argument.is_multiple and argument.kind == "key":
                steps[-1] = self._compile_counted(argument, command)
            else:
                steps.append(self._compile(argument, command))
            is_counted = argument.name == "numkeys"
        return steps

    def _compile_counted(self, argument, command):
        """Keys behind their number, which is sometimes wrong."""
        take, values = self._find_source(argument, command), self.values

        def append(args):
            count = 1 + values.below(4)
            is_right = values.uniform() < 0.96
            args.append(b"%d" % count if is_right else values.pick(COUNTS_OF_KEYS))
            args.extend(take() for _ in range(count))
            self.scored.key_count = count

        return append

    def _make_getkeys(self):
        """COMMAND GETKEYS of any other command that both servers know."""
        known = self.makers[: self.known_count]
        (make,) = self.random.choices(known, self.weights[: self.known_count])
        command = make()
        if not has_known_keys(command):
            return self._make_getkeys()
        return [b"COMMAND", b"GETKEYS", *command]

    def _damage(self, args, fixed):
        kind = self.values.below(4)
        at = fixed + self.values.below(max(1, len(args) - fixed))
        if kind == 0 and len(args) > fixed:
            del args[min(at, len(args) - 1)]
        elif kind == 1 and len(args) > fixed:
            args.insert(at, args[at])
        elif kind == 2 and len(args) > fixed:
            args[at] = self.values.pick(GARBAGE)
        else:
            args.append(self.values.pick(GARBAGE))

    def _compile(self, argument, command):
        """A function that appends this argument to a list of words, or appends nothing."""
        if argument.name == "sortby":
            return lambda args: args.extend(self.scored.take_order())
        once = self._compile_once(argument, command)
        if argument.name == "weight":
            once = self._compile_weights(command)
        elif argument.is_multiple:
            once = self._compile_repeated(argument, command, once)
        elif argument.token and argument.kind != "pure-token":
            once = _with_token(argument.token, once)
        if argument.is_optional:
            is_usual = (argument.name, command) in USUAL_OPTIONS
            once = self._compile_optional(once, 0.9 if is_usual else 0.35)
        return once

    def _compile_weights(self, command):
        return lambda args: args.extend([b"WEIGHTS", *self.scored.take_weights(command)])

    def _compile_optional(self, inner, chance):
        random = self.values.uniform

        def append(args):
            if random() < chance:
                inner(args)

        return append

    def _compile_repeated(self, argument, command, inner):
        random, token, pool = self.values.uniform, argument.token, self.members
        burst = 400 if (argument.name, command) in GROWING_ARGUMENTS else 3
        if token and argument.repeats_token:
            inner, token = _with_token(token, inner), EMPTY

        def append(args):
            if token:
                args.append(token)
            inner(args)
            while random() < 0.45:
                inner(args)
            if random() < BURST_CHANCE:
                pool.is_wide = burst > 3
                for _ in range(burst):
                    inner(args)
                pool.is_wide = False

        return append

    def _compile_once(self, argument, command):
        if argument.kind == "pure-token":
            token = argument.token
            return lambda args: args.append(token)
        if argument.kind == "block":
            steps = [self._compile(child, command) for child in argument.children]
            return lambda args: [step(args) for step in steps]
        if argument.kind == "oneof":
            choices = [self._compile(child, command) for child in argument.children]
            pick = self.values.pick
            return lambda args: pick(choices)(args)
        take = self._find_source(argument, command)
        return lambda args: args.append(take())

    def _find_source(self, argument, command):
        """The function that draws a word for a leaf, chosen by command and argument name."""
        values, name, kind = self.values, argument.name, argument.kind
        for family, drawer in (members, self.members), (scored, self.scored):
            if command in family.COMMANDS or command in family.BLOCKING_COMMANDS:
                source = drawer.find_source(argument, command)
                if source:
                    return source
        if kind == "key":
            return lambda: values.take_key(command)
        if kind == "pattern":
            return lambda: values.pick(PATTERNS)
        if name in ("index", "index1", "index2", "destination-db") or name == "db":
            return lambda: values.pick(DATABASES)
        if name in ("seconds", "milliseconds"):
            unit_ms = 1000 if name == "seconds" else 1
            return lambda: values.take_relative(unit_ms)
        if kind == "unix-time":
            is_ms = "milliseconds" in name or command == "pexpireat"
            return lambda: values.take_absolute(command, is_ms)
        if name == "encoding":
            return lambda: values.pick(BIT_ENCODINGS)
        if name == "operation":
            return lambda: values.pick([b"AND", b"OR", b"XOR", b"NOT", b"and", b"NAND"])
        if name == "offset":
            return _find_offset_source(values, command)
        if name in ("start", "end", "min-match-len"):
            return values.take_index
        if name == "bit":
            return lambda: values.pick([b"0", b"1", b"0", b"1", b"0", b"1", b"2", b"x"])
        if command == "setbit" and name == "value":
            return lambda: values.pick([b"0", b"1", b"1", b"0", b"1", b"0", b"1", b"2", b""])
        if name == "element":
            return values.take_element
        if kind == "integer":
            return values.take_integer
        return values.take_float if kind == "double" else values.take_value


def _prepared(command):
    """SORT behind what lets the oracle carry it out: see sort-after-overflow in differences.md."""
    return [CLEARING, command] if command[0].upper().startswith(b"SORT") else [command]


def _find_offset_source(values, command):
    if command.startswith("bitfield"):
        return values.take_field_offset
    return values.take_byte_offset if command == "setrange" else values.take_bit_offset


def _with_token(token, inner):
    def append(args):
        args.append(token)
        inner(args)

    return append

