"""What Redis itself does for a ledger: three scripts, each atomic.

A meter is one limit of one claim. A window is a hash, bucket -> amount and, in its lowest bits, the
microseconds after the bucket's beginning of what came last in it, as `window.py` has it; slots are
a sorted set, lease -> the microsecond at which it ends. Every key has an end of its own, so that
nothing stays in Redis that nobody uses. The clock is the server's, so that machines may disagree
about the time; the first argument stands in for it in tests.

Refuses to know claims and connections. Needs Redis 5 or later, which replicates what a script did.
"""

from __future__ import annotations

from proxy.limits.window import BUCKETS, WIDTH, WINDOW

_CLOCK = f"""
local BUCKETS, WIDTH, WINDOW = {BUCKETS}, {int(WIDTH * 1e6)}, {int(WINDOW * 1e6)}
local SHIFT = 1048576
local LIFE = (BUCKETS + 1) * WIDTH / 1000
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local bucket = math.floor(now / WIDTH)
local function integer(number) return string.format('%.0f', number) end
local function amount_of(cell) return math.floor(cell / SHIFT) end
local function leaves_at(at, cell) return at * WIDTH + cell % SHIFT + WINDOW end
local function add(key, amount)
  local cell = tonumber(redis.call('HGET', key, integer(bucket)) or 0)
  local late = math.max(cell % SHIFT, math.ceil(now - bucket * WIDTH))
  redis.call('HSET', key, integer(bucket), integer((amount_of(cell) + amount) * SHIFT + late))
  redis.call('PEXPIRE', key, LIFE)
end
"""

#: Keys: one for each meter. Arguments: the clock, tokens, the lease's name, its microseconds, the
#: microseconds to wait for a slot; then for each meter its kind and its limit.
#: Answer: {1, bucket, what each meter has left}, or {0, the meter to wait for longest, for how many
#: microseconds, -1 for ever, what it has left}.
RESERVE = (
    _CLOCK
    + """
local tokens, lease = tonumber(ARGV[2]), ARGV[3]
local term, slot_wait = tonumber(ARGV[4]), tonumber(ARGV[5])

local function window(key)
  local used, live, dead = 0, {}, {}
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local at, cell = tonumber(fields[i]), tonumber(fields[i + 1])
    if leaves_at(at, cell) <= now then
      dead[#dead + 1] = fields[i]
    else
      used = used + amount_of(cell)
      live[#live + 1] = {at, cell}
    end
  end
  if #dead > 0 then redis.call('HDEL', key, unpack(dead)) end
  return used, live
end

local function wait(live, excess)
  table.sort(live, function(one, other) return one[1] < other[1] end)
  local leaving = 0
  for _, each in ipairs(live) do
    leaving = leaving + amount_of(each[2])
    if leaving >= excess then return leaves_at(each[1], each[2]) - now end
  end
end

local left, worst, longest, rest = {}, 0, 0, 0
for i, key in ipairs(KEYS) do
  local kind, limit = ARGV[4 + 2 * i], tonumber(ARGV[5 + 2 * i])
  local need = kind == 'tokens' and tokens or 1
  local used, live
  if kind == 'parallel' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', integer(now))
    used = redis.call('ZCARD', key)
  else
    used, live = window(key)
  end
  left[i] = limit - used - need
  if left[i] < 0 then
    local long = math.huge
    if need <= limit then long = live and wait(live, -left[i]) or slot_wait end
    if long > longest then worst, longest, rest = i, long, limit - used end
  end
end
if worst > 0 then
  return {0, worst, longest == math.huge and -1 or longest, rest}
end
for i, key in ipairs(KEYS) do
  local kind = ARGV[4 + 2 * i]
  if kind == 'parallel' then
    redis.call('ZADD', key, integer(now + term), lease)
    redis.call('PEXPIRE', key, math.ceil(term / 1000) + 1000)
  else
    add(key, kind == 'tokens' and tokens or 1)
  end
end
return {1, bucket, unpack(left)}
"""
)

#: Keys: one for each meter. Arguments: the clock, the bucket of the reservation, the differences
#: of requests and tokens; then each meter's kind.
CORRECT = (
    _CLOCK
    + """
local past, requests, tokens = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for i, key in ipairs(KEYS) do
  local amount = ARGV[4 + i] == 'tokens' and tokens or requests
  if amount > 0 then
    add(key, amount)
  elseif amount < 0 and redis.call('HEXISTS', key, integer(past)) == 1 then
    local cell = tonumber(redis.call('HGET', key, integer(past)))
    local left = amount_of(cell) + amount
    if left > 0 then
      redis.call('HSET', key, integer(past), integer(left * SHIFT + cell % SHIFT))
    else
      redis.call('HDEL', key, integer(past))
    end
  end
end
"""
)

#: Keys: the slots of one lease each. Arguments: the clock, the microseconds; then each key's lease.
RENEW = (
    _CLOCK
    + """
local term = tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, integer(now + term), ARGV[2 + i])
  redis.call('PEXPIRE', key, math.ceil(term / 1000) + 1000)
end
"""
)
