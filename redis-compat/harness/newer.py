"""What is newer than the oracle, in random streams: the commands and options that it lacks, and
the few that Skua carries out otherwise.

Skua gets them as they are, the oracle a script in their place that does the same with the commands
it has. A script reads the words of the command, behind its name, from ARGV, and leaves no key of
its own behind. Only well-formed commands are made here; cases show what the others are refused with.
"""

import re

from harness import newer_members
from harness.doubles import shorten_doubles, shorten_scan
from harness.resp import Reply
from harness.values import FUTURE_MS, FUTURE_SECONDS, INTEGERS, SMALL_INTEGERS


def _is_integer(word):
    """Whether the servers take `word` for a 64-bit integer."""
    is_whole = re.fullmatch(rb"0|-?[1-9]\d*", word) is not None
    return is_whole and -(1 << 63) <= int(word) < 1 << 63


OPERANDS = [b"", b"a", b"b", b"foo", b"0", b"1", b"10"]
COMPARED_KEYS = [b"c0", b"c1", b"c2"]
WHOLE_NUMBERS = [number for number in INTEGERS + SMALL_INTEGERS if _is_integer(number)]
SET_CONDITIONS = {b"IFEQ", b"IFNE"}
BIT_OPERATIONS = [b"DIFF", b"DIFF1", b"ANDOR", b"ONE"]
WEIGHTS = {
    "set": 14, "delex": 5, "delifeq": 3, "expireifeq": 3, "msetex": 6, "increx": 24, "bitop": 10,
}

HOLDS = """
local function holds(current, kind, operand)
    return (current == operand) == (kind == 'IFEQ')
end
"""

SET_SCRIPT = HOLDS + """
local current = redis.call('GET', ARGV[1])
local wants_old = false
local kind, operand
local words = {'SET', ARGV[1], ARGV[2]}
local i = 3
while i <= #ARGV do
    local word = ARGV[i]
    if word == 'IFEQ' or word == 'IFNE' then
        kind, operand = word, ARGV[i + 1]
        i = i + 1
    elseif word == 'GET' then
        wants_old = true
    else
        words[#words + 1] = word
    end
    i = i + 1
end
local is_set = holds(current, kind, operand)
if is_set then redis.call(unpack(words)) end
if wants_old then return current end
return is_set and redis.status_reply('OK')
"""

DELEX_SCRIPT = HOLDS + """
if ARGV[2] then
    local current = redis.call('GET', ARGV[1])
    if not current or not holds(current, ARGV[2], ARGV[3]) then return 0 end
end
return redis.call('DEL', ARGV[1])
"""

DELIFEQ_SCRIPT = """
return redis.call('GET', ARGV[1]) == ARGV[2] and redis.call('DEL', ARGV[1]) or 0
"""

EXPIREIFEQ_SCRIPT = """
local is_same = redis.call('GET', ARGV[1]) == ARGV[2]
return is_same and redis.call('PEXPIRE', ARGV[1], ARGV[3]) or 0
"""

MSETEX_SCRIPT = """
local last = 1 + 2 * tonumber(ARGV[1])
local options, condition = {}, nil
for i = last + 1, #ARGV do
    if ARGV[i] == 'NX' or ARGV[i] == 'XX' then
        condition = ARGV[i]
    else
        options[#options + 1] = ARGV[i]
    end
end
for i = 2, last, 2 do
    local exists = redis.call('EXISTS', ARGV[i]) == 1
    if condition and exists ~= (condition == 'XX') then return 0 end
end
for i = 2, last, 2 do
    redis.call('SET', ARGV[i], ARGV[i + 1], unpack(options))
end
return 1
"""

# Lua's numbers are doubles: whole numbers stay decimal strings, and the server adds them.
INCREX_SCRIPT = """
local MIN, MAX, SCRATCH = '-9223372036854775808', '9223372036854775807', '\\0scratch'
local function less(a, b)
    local a_below, b_below = a:sub(1, 1) == '-', b:sub(1, 1) == '-'
    if a_below ~= b_below then return a_below end
    if #a ~= #b then return (#a < #b) ~= a_below end
    return a ~= b and (a < b) ~= a_below
end
local function add(a, b)
    redis.call('SET', SCRATCH, a)
    local told = redis.pcall('INCRBY', SCRATCH, b)
    local sum = redis.call('GET', SCRATCH)
    redis.call('DEL', SCRATCH)
    if type(told) == 'table' then return nil, told end
    return sum
end
local function subtract(a, b)
    if b ~= MIN then
        local negated = b:sub(1, 1) == '-' and b:sub(2) or (b == '0' and '0' or '-' .. b)
        return add(a, negated) or (less(b, a) and MAX or MIN)
    end
    local sum = add(a, MAX)
    return sum and add(sum, '1') or MAX
end
local option = {BYINT = '1', LBOUND = MIN, UBOUND = MAX}
local due
local i = 2
while i <= #ARGV do
    local word = ARGV[i]
    if word == 'SATURATE' or word == 'PERSIST' or word == 'ENX' then
        option[word] = true
    else
        i = i + 1
        option[word] = ARGV[i]
        if word:sub(1, 2) == 'EX' or word:sub(1, 2) == 'PX' then due = word end
    end
    i = i + 1
end
local stored = redis.call('GET', ARGV[1]) or '0'
local lower, upper = option.LBOUND, option.UBOUND
if less(upper, lower) then
    return redis.error_reply("ERR LBOUND can't be greater than UBOUND")
end
local old, refusal = add(stored, '0')
if not old then return refusal end
local sum = add(old, option.BYINT)
local is_above = not sum and option.BYINT:sub(1, 1) ~= '-' or (sum and less(upper, sum))
local is_below = not sum and option.BYINT:sub(1, 1) == '-' or (sum and less(sum, lower))
if (is_above or is_below) and not option.SATURATE then return {old, '0'} end
local new = is_below and lower or is_above and upper or sum
redis.call('SET', ARGV[1], new, 'KEEPTTL')
if option.PERSIST then redis.call('PERSIST', ARGV[1]) end
if due and not (option.ENX and redis.call('PTTL', ARGV[1]) >= 0) then
    local setters = {EX = 'EXPIRE', PX = 'PEXPIRE', EXAT = 'EXPIREAT', PXAT = 'PEXPIREAT'}
    redis.call(setters[due], ARGV[1], option[due])
end
return {new, subtract(new, old)}
"""

BITOP_SCRIPT = """
local ANY, BOTH, TWICE = '\\0any', '\\0both', '\\0twice'
local operation, target, first = ARGV[1], ARGV[2], ARGV[3]
for i = 3, #ARGV do redis.call('STRLEN', ARGV[i]) end
local is_one = operation == 'ONE'
for i = is_one and 3 or 4, #ARGV do
    if is_one then
        redis.call('BITOP', 'AND', BOTH, ANY, ARGV[i])
        redis.call('BITOP', 'OR', TWICE, TWICE, BOTH)
    end
    redis.call('BITOP', 'OR', ANY, ANY, ARGV[i])
end
if not is_one then redis.call('BITOP', 'AND', BOTH, ANY, first) end
local told
if operation == 'DIFF' then
    told = redis.call('BITOP', 'XOR', target, first, BOTH)
elseif operation == 'DIFF1' then
    told = redis.call('BITOP', 'XOR', target, ANY, BOTH)
elseif operation == 'ANDOR' then
    told = redis.call('BITOP', 'OR', target, BOTH)
else
    told = redis.call('BITOP', 'XOR', target, ANY, TWICE)
end
redis.call('DEL', ANY, BOTH, TWICE)
return told
"""

# See refused-pfadd in differences.md.
PFADD_SCRIPT = """
local BACKUP = '\\0backup'
redis.call('COPY', ARGV[1], BACKUP)
local told = redis.pcall('PFADD', unpack(ARGV))
if type(told) == 'table' and redis.call('EXISTS', BACKUP) == 1 then
    redis.call('RENAME', BACKUP, ARGV[1])
end
redis.call('DEL', BACKUP)
return told
"""

SCRIPTS = {
    b"SET": SET_SCRIPT, b"DELEX": DELEX_SCRIPT, b"DELIFEQ": DELIFEQ_SCRIPT,
    b"EXPIREIFEQ": EXPIREIFEQ_SCRIPT, b"MSETEX": MSETEX_SCRIPT, b"INCREX": INCREX_SCRIPT,
    b"BITOP": BITOP_SCRIPT, b"PFADD": PFADD_SCRIPT, **newer_members.SCRIPTS,
}
RANKS = {b"ZRANK", b"ZREVRANK"}
NO_ARRAYS = RANKS | {b"LMOVEM"}  # what these do not find is an array that is not there
# What the oracle adds to an error that ends a script.
SCRIPT_PLACE = re.compile(rb" script: [0-9a-f]{40}, on @user_script:\d+\.$")


def for_oracle(args):
    """The command that does for the oracle what `args` do for Skua."""
    name = args[0].upper()
    if name == b"BITFIELD":
        return _raise_low_values(args)
    if not needs_script(args):
        return args
    return [b"EVAL", SCRIPTS[name].encode(), b"0", *args[1:]]


def needs_script(args):
    """Whether the oracle needs a script for the command, which then tells other events."""
    name = args[0].upper()
    if name == b"SET":
        return not SET_CONDITIONS.isdisjoint(args[3:])
    if name == b"BITOP":
        return len(args) > 1 and args[1] in BIT_OPERATIONS
    if name == b"PFADD":
        return len(args) > 3
    if name in RANKS:
        return args[3:] == [b"WITHSCORE"]
    return name in SCRIPTS


# See bitfield-saturation-far-below in differences.md. A value at or below this saturates alike in
# every field of up to 63 bits.
LOWEST_SAFE_VALUE = -(1 << 62)
OPERATION_WORDS = {b"OVERFLOW": 2, b"GET": 3, b"SET": 4, b"INCRBY": 4}


def _raise_low_values(args):
    """BITFIELD with no SET value that the oracle saturates to the wrong end."""
    raised, overflow, at = list(args), b"WRAP", 2
    while at < len(args) and args[at].upper() in OPERATION_WORDS:
        operation = [word.upper() for word in args[at : at + OPERATION_WORDS[args[at].upper()]]]
        if operation[0] == b"OVERFLOW":
            overflow = operation[-1]
        elif operation[0] == b"SET" and overflow == b"SAT" and operation[1] != b"I64":
            if len(operation) == 4 and _is_integer(operation[3]):
                raised[at + 3] = b"%d" % max(int(operation[3]), LOWEST_SAFE_VALUE)
        at += len(operation)
    return raised


def translate_reply(args, reply):
    """The oracle's reply to `for_oracle(args)` as the command itself would give it."""
    if reply.kind == "-":
        error = SCRIPT_PLACE.sub(b"", reply.value)
        return Reply("-", error, b"-%b\r\n" % error)
    if args[0] in NO_ARRAYS and len(args) > 3 and reply.raw == b"$-1\r\n":
        return Reply("*", None, b"*-1\r\n")
    if args[0].upper().startswith((b"Z", b"BZ")):
        return shorten_scan(reply) if args[0].upper() == b"ZSCAN" else shorten_doubles(reply)
    if args[0] != b"INCREX" or not reply.is_aggregate():
        return reply
    numbers = b"".join(b":%b\r\n" % one.value for one in reply.value)
    return Reply("*", reply.value, b"*2\r\n" + numbers)


def make_makers(values):
    """Functions that draw a command each, with how often they are drawn."""
    makers = {
        "set": lambda: _make_set(values), "delex": lambda: _make_delex(values),
        "delifeq": lambda: [b"DELIFEQ", _take_key(values), values.pick(OPERANDS)],
        "expireifeq": lambda: _make_expireifeq(values),
        "msetex": lambda: _make_msetex(values), "increx": lambda: _make_increx(values),
        "bitop": lambda: _make_bitop(values),
    }
    own = [(makers[name], weight) for name, weight in WEIGHTS.items()]
    return own + newer_members.make_makers(values)


def _take_key(values):
    """Mostly one of the keys that hold an operand, so that comparisons often hold."""
    return values.pick(COMPARED_KEYS) if values.uniform() < 0.7 else values.take_key("set")


def _make_condition(values):
    return [values.pick([b"IFEQ", b"IFNE"]), values.pick(OPERANDS)]


def _make_due(values, keep):
    """Words that say when the key expires: always later than the stream ends."""
    chance = values.uniform()
    if chance < 0.5:
        return []
    if chance < 0.6:
        return [keep]
    if chance < 0.7:
        return [b"EX", b"%d" % (1000 + values.below(10**9))]
    if chance < 0.8:
        return [b"PX", b"%d" % (10**6 + values.below(10**12))]
    if chance < 0.9:
        return [b"EXAT", values.pick(FUTURE_SECONDS)]
    return [b"PXAT", values.pick(FUTURE_MS)]


def _make_set(values):
    value = values.pick(OPERANDS) if values.uniform() < 0.9 else values.take_value()
    parts = [_make_condition(values), _make_due(values, b"KEEPTTL")]
    parts += [[b"GET"]] if values.uniform() < 0.3 else []
    values.random.shuffle(parts)
    return [b"SET", _take_key(values), value, *sum(parts, [])]


def _make_delex(values):
    condition = _make_condition(values) if values.uniform() < 0.8 else []
    return [b"DELEX", _take_key(values), *condition]


def _make_expireifeq(values):
    milliseconds = b"%d" % (10**6 + values.below(10**12))
    return [b"EXPIREIFEQ", _take_key(values), values.pick(OPERANDS), milliseconds]


def _make_msetex(values):
    count = 1 + values.below(3)
    pairs = [word for _ in range(count) for word in (_take_key(values), values.take_value())]
    parts = [_make_due(values, b"KEEPTTL")]
    parts += [[values.pick([b"NX", b"XX"])]] if values.uniform() < 0.4 else []
    values.random.shuffle(parts)
    return [b"MSETEX", b"%d" % count, *pairs, *sum(parts, [])]


def _make_increx(values):
    due = _make_due(values, b"PERSIST")
    if len(due) == 2 and values.uniform() < 0.4:
        due.append(b"ENX")
    parts = [due]
    for word, chance in (b"BYINT", 0.7), (b"LBOUND", 0.4), (b"UBOUND", 0.4):
        if values.uniform() < chance:
            source = SMALL_INTEGERS if values.uniform() < 0.6 else WHOLE_NUMBERS
            parts.append([word, values.pick(source)])
    parts += [[b"SATURATE"]] if values.uniform() < 0.5 else []
    values.random.shuffle(parts)
    return [b"INCREX", values.take_key("incr"), *sum(parts, [])]


def _make_bitop(values):
    keys = [values.take_key("bitop") for _ in range(3 + values.below(3))]
    return [b"BITOP", values.pick(BIT_OPERATIONS), *keys]


# Commands that look at their range arguments before the key since 7.2, and the oracle after it.
RANGE_COMMANDS = {b"BITCOUNT", b"BITPOS"}
PROBE_DATABASE = 15
PROBE_KEY = b"\x00probe"


def is_refused_by_newer(connection, args, reply):
    """Whether `reply` is the error that the oracle gives to `args` for a key that exists.

    `connection` is one to the oracle that no stream uses.
    """
    if args[0].upper() not in RANGE_COMMANDS or len(args) < 2 or reply.kind != "-":
        return False
    connection.ask("SELECT", PROBE_DATABASE)
    connection.ask("SET", PROBE_KEY, "x")
    rest = args[2:]
    if args[0].upper() == b"BITCOUNT":
        # An empty range ends the oracle's look at the arguments early: it is asked for another.
        rest = [b"0" if _is_integer(one) else one for one in rest]
    told = connection.ask(args[0], PROBE_KEY, *rest)
    connection.ask("DEL", PROBE_KEY)
    return told.raw == reply.raw
