#!lua flags=allow-oom
-- LEASED -> WAITING  Gives tasks back that did not run; no attempt is counted.
--
-- KEYS[1] waiting     zset  id by score
-- KEYS[2] tasks       hash  id -> record
-- KEYS[3] leases      zset  id by expiry (ms)
-- KEYS[4] held        hash  id -> holder
-- KEYS[5] tries       hash  id -> tries
-- KEYS[6] failures    hash  id -> last failure
-- KEYS[7] cancelling  hash  id -> request
-- KEYS[8] outcomes    hash  id -> token and outcome
-- KEYS[9] finished    zset  id by the time it is forgotten (ms), BAND less where it may be sooner
-- KEYS[10] wake       list  at most one element
-- ARGV[1..] id        text  task
-- ARGV[2..] token     int   under which it is held
-- ARGV[3..] pause_ms  int   0 puts it back in its own place; more lets it wait so long, and counts a bounce
-- Returns {'RELEASED'} per task
-- Returns {'CANCELLED'} per task: its cancellation was asked for, so it ended
-- Returns {'LOST'} per task: not held under this token; nothing was changed
-- Cost O(tasks * log waiting)
-- include: time
-- include: types
-- include: text
-- include: score
-- include: holder
-- include: tries
-- include: wake
-- include: outcome
-- include: cancelled

local now_ms = math.floor(server_us() / 1000)
local keys = {
  tasks = KEYS[2], tries = KEYS[5], failures = KEYS[6],
  cancelling = KEYS[7], outcomes = KEYS[8], finished = KEYS[9],
}
local statuses = {}
check_sorted(KEYS[1], KEYS[3], KEYS[9])
check_hashes(KEYS[2], KEYS[5], KEYS[6], KEYS[7], KEYS[8])
check_list(KEYS[10])

local function bounce(id, score, pause_ms)
  local attempts, crashes, bounces, counted = tries_parts(redis.call('HGET', KEYS[5], id))
  redis.call('HSET', KEYS[5], id, tries_text(attempts, crashes, bounces + 1, counted))
  return text(band_of(tonumber(score)) * BAND + math.min(now_ms + pause_ms, BAND - 1))
end

for first = 1, #ARGV, 3 do
  local id, token, pause_ms = ARGV[first], ARGV[first + 1], tonumber(ARGV[first + 2])
  local holder = redis.call('HGET', KEYS[4], id)
  local status = 'LOST'
  local _, score = holder_parts(holder)
  if score and holds(holder, token) then
    redis.call('ZREM', KEYS[3], id)
    redis.call('HDEL', KEYS[4], id)
    if end_if_cancelling(keys, id, now_ms) then
      status = 'CANCELLED'
    else
      redis.call('ZADD', KEYS[1], pause_ms > 0 and bounce(id, score, pause_ms) or score, id)
      wake_one(KEYS[10])
      status = 'RELEASED'
    end
  end
  statuses[#statuses + 1] = status
end
return statuses
