"""The commands on collections that are newer than the oracle, as newer.py has those on strings:
scripts that do the same, and what draws the commands. Nothing here expires a field."""

from harness.members import COUNTS, Members

WEIGHTS = {
    "sunioncard": 6, "sdiffcard": 6, "lmovem": 12, "hgetdel": 10, "mhget": 6, "hgetex": 4,
    "hsetex": 14,
}
LIMITS = [count for count in COUNTS if count.isdigit()]

# The keys behind their number, and what stands behind LIMIT.
CARD_SCRIPT = """
local last = 1 + tonumber(ARGV[1])
local count = #redis.call('%s', unpack(ARGV, 2, last))
local limit = tonumber(ARGV[last + 2] or 0)
return limit > 0 and math.min(count, limit) or count
"""

# Within one list LSET keeps the list in being, and so its time to live.
LMOVEM_SCRIPT = """
local source, target, from, to = unpack(ARGV, 1, 4)
local len = redis.call('LLEN', source)
if len == 0 then return false end
local wanted = tonumber(ARGV[6] or 1)
if ARGV[5] == 'EXACTLY' and len < wanted then return false end
redis.call('LLEN', target)
local count = math.min(len, wanted)
local moved
if from == 'LEFT' then
    moved = redis.call('LRANGE', source, 0, count - 1)
else
    moved = redis.call('LRANGE', source, -count, -1)
end
if from ~= to then
    for i = 1, count do redis.call('LMOVE', source, target, from, to) end
    return moved
end
if ARGV[7] == 'OBO' then
    local reversed = {}
    for i = 1, count do reversed[i] = moved[count + 1 - i] end
    moved = reversed
end
if source == target then
    for i = 1, count do
        redis.call('LSET', source, from == 'LEFT' and i - 1 or i - 1 - count, moved[i])
    end
    return moved
end
for i = 1, count do
    if to == 'LEFT' then
        redis.call('LPUSH', target, moved[count + 1 - i])
    else
        redis.call('RPUSH', target, moved[i])
    end
end
if from == 'LEFT' then
    redis.call('LTRIM', source, count, -1)
else
    redis.call('LTRIM', source, 0, -count - 1)
end
return moved
"""

HGETDEL_SCRIPT = """
local values = {}
for i = 4, #ARGV do
    values[#values + 1] = redis.call('HGET', ARGV[1], ARGV[i])
    redis.call('HDEL', ARGV[1], ARGV[i])
end
return values
"""

MHGET_SCRIPT = """
local last = 1 + tonumber(ARGV[1])
local rows = {}
for i = 2, last do
    rows[#rows + 1] = redis.call('HMGET', ARGV[i], unpack(ARGV, last + 3))
end
return rows
"""

HGETEX_SCRIPT = "return redis.call('HMGET', ARGV[1], unpack(ARGV, 4))"

HSETEX_SCRIPT = """
redis.call('HLEN', ARGV[1])
local at, wants = 2, nil
while ARGV[at] ~= 'FIELDS' do
    if ARGV[at] ~= 'KEEPTTL' then wants = ARGV[at] == 'FXX' and 1 or 0 end
    at = at + 1
end
for i = at + 2, #ARGV, 2 do
    if wants and redis.call('HEXISTS', ARGV[1], ARGV[i]) ~= wants then return 0 end
end
redis.call('HSET', ARGV[1], unpack(ARGV, at + 2))
return 1
"""

# Of WITHSCORE alone.
RANK_SCRIPT = """
local rank = redis.call('%s', ARGV[1], ARGV[2])
return rank and {rank, {double = tonumber(redis.call('ZSCORE', ARGV[1], ARGV[2]))}}
"""

SCRIPTS = {
    b"SUNIONCARD": CARD_SCRIPT % "SUNION", b"SDIFFCARD": CARD_SCRIPT % "SDIFF",
    b"LMOVEM": LMOVEM_SCRIPT, b"HGETDEL": HGETDEL_SCRIPT, b"MHGET": MHGET_SCRIPT,
    b"HGETEX": HGETEX_SCRIPT, b"HSETEX": HSETEX_SCRIPT, b"ZRANK": RANK_SCRIPT % "ZRANK",
    b"ZREVRANK": RANK_SCRIPT % "ZREVRANK",
}


def make_makers(values):
    """Functions that draw a command each, with how often they are drawn."""
    members = Members(values)
    makers = {
        "sunioncard": lambda: _make_card(members, b"SUNIONCARD"),
        "sdiffcard": lambda: _make_card(members, b"SDIFFCARD"),
        "lmovem": lambda: _make_lmovem(members), "hgetdel": lambda: _make_read(members, b"HGETDEL"),
        "mhget": lambda: _make_mhget(members), "hgetex": lambda: _make_read(members, b"HGETEX"),
        "hsetex": lambda: _make_hsetex(members),
    }
    return [(makers[name], weight) for name, weight in WEIGHTS.items()]


def _take_keys(members, command):
    count = 1 + members.values.below(4)
    return [b"%d" % count, *(members.take_key(command) for _ in range(count))]


def _take_fields(members):
    count = 1 + members.values.below(4)
    return [b"FIELDS", b"%d" % count, *(members.take_field("hget") for _ in range(count))]


def _make_card(members, name):
    limit = [b"LIMIT", members.values.pick(LIMITS)] if members.values.uniform() < 0.4 else []
    return [name, *_take_keys(members, "sunion"), *limit]


def _make_lmovem(members):
    pick = members.values.pick
    keys = [members.take_key("lmove"), members.take_key("lmove")]
    sides = [pick([b"LEFT", b"RIGHT"]), pick([b"LEFT", b"RIGHT"])]
    count = pick([b"1", b"2", b"3", b"4", b"7", b"20", b"9223372036854775807"])
    how_many = [pick([b"COUNT", b"EXACTLY"]), count, pick([b"OBO", b"BULK"])]
    return [b"LMOVEM", *keys, *sides, *(how_many if members.values.uniform() < 0.9 else [])]


def _make_read(members, name):
    return [name, members.take_key("hget"), *_take_fields(members)]


def _make_mhget(members):
    return [b"MHGET", *_take_keys(members, "hget"), *_take_fields(members)]


def _make_hsetex(members):
    parts = [[]]
    for words, chance in ([b"FNX", b"FXX"], 0.5), ([b"KEEPTTL"], 0.2):
        if members.values.uniform() < chance:
            parts.append([members.values.pick(words)])
    members.values.random.shuffle(parts)
    count = 1 + members.values.below(3)
    key, pairs = members.take_key("hset"), []
    for _ in range(count):
        pairs += [members.take_field("hset"), members.take_value()]
    return [b"HSETEX", key, *sum(parts, []), b"FIELDS", b"%d" % count, *pairs]
