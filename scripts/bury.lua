#!lua flags=allow-oom
-- LEASED -> DEAD  Ends tasks that will not be tried again, with the reason; an operator can revive them.
--
-- KEYS[1] leases      zset  id by expiry (ms)
-- KEYS[2] held        hash  id -> holder
-- KEYS[3] tries       hash  id -> tries
-- KEYS[4] failures    hash  id -> last failure
-- KEYS[5] dead        zset  id by time of death (ms)
-- KEYS[6] cancelling  hash  id -> request
-- ARGV[1..] id       text   task
-- ARGV[2..] token    int    under which it is held
-- ARGV[3..] failure  bytes  why it is dead
-- Returns {'BURIED'} per task
-- Returns {'ALREADY'} per task: buried before under this token
-- Returns {'LOST'} per task: not held under this token; nothing was changed
-- Cost O(tasks * log dead)
-- include: time
-- include: types
-- include: text
-- include: holder
-- include: tries

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_sorted(KEYS[1], KEYS[5])
check_hashes(KEYS[3], KEYS[4], KEYS[6])

for first = 1, #ARGV, 3 do
  local id, token = ARGV[first], ARGV[first + 1]
  local holder = redis.call('HGET', KEYS[2], id)
  local attempts, crashes, bounces, counted = tries_parts(redis.call('HGET', KEYS[3], id))
  local status = 'LOST'
  local _, score = holder_parts(holder)
  if score and holds(holder, token) then
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
    redis.call('HDEL', KEYS[6], id)
    redis.call('HSET', KEYS[3], id, tries_text(attempts, crashes, bounces, token))
    redis.call('HSET', KEYS[4], id, score .. ' ' .. ARGV[first + 2])
    redis.call('ZADD', KEYS[5], text(now_ms), id)
    status = 'BURIED'
  elseif counted == token and redis.call('ZSCORE', KEYS[5], id) then
    status = 'ALREADY'
  end
  statuses[#statuses + 1] = status
end
return statuses
