#!lua flags=allow-oom
-- SUCCEEDED|CANCELLED|DEAD -> GONE  Removes ended tasks whose retention is over, and leaves nothing of them behind.
--
-- Of outcomes for which nobody asked for a retention the newest are kept, so that they fill a bounded part of the memory.
--
-- KEYS[1] tasks     hash  id -> record
-- KEYS[2] tries     hash  id -> tries
-- KEYS[3] failures  hash  id -> last failure
-- KEYS[4] dead      zset  id by time of death (ms)
-- KEYS[5] outcomes  hash  id -> token and outcome
-- KEYS[6] finished  zset  id by the time it is forgotten (ms), BAND less where it may be sooner
-- ARGV[1] limit              int  tasks of either kind at most
-- ARGV[2] dead_retention_ms  int  how long dead tasks are kept
-- ARGV[3] kept               int  outcomes at most that may be forgotten sooner
-- ARGV[4] sooner_ms          int  before the end of its retention no such outcome is forgotten by more than that
-- Returns {'FORGOTTEN', count, sooner} sooner is how many of them were forgotten before their retention was over
-- Cost O(tasks forgotten * log finished)
-- include: time
-- include: types
-- include: text
-- include: score
-- include: chunks

local now_ms = math.floor(server_us() / 1000)
local limit = tonumber(ARGV[1])
check_sorted(KEYS[4], KEYS[6])
check_hashes(KEYS[1], KEYS[2], KEYS[3], KEYS[5])

local function finished(low, high, most)
  return redis.call('ZRANGEBYSCORE', KEYS[6], low, high, 'LIMIT', 0, most)
end

local function forget(ended)
  call_in_chunks('ZREM', KEYS[6], ended)
  call_in_chunks('HDEL', KEYS[5], ended)
  return #ended
end

local over = redis.call('ZCOUNT', KEYS[6], '-inf', '(0') - tonumber(ARGV[3])
local count = forget(finished('0', text(now_ms), limit))
local expired = forget(finished('-inf', text(now_ms - BAND), limit))
local most, sooner = math.min(over, limit) - expired, 0
if most > 0 then
  sooner = forget(finished('-inf', text(now_ms + tonumber(ARGV[4]) - BAND), most))
end
count = count + expired + sooner

local dead_before = text(now_ms - tonumber(ARGV[2]))
local dead = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', dead_before, 'LIMIT', 0, limit)
call_in_chunks('ZREM', KEYS[4], dead)
call_in_chunks('HDEL', KEYS[1], dead)
call_in_chunks('HDEL', KEYS[2], dead)
call_in_chunks('HDEL', KEYS[3], dead)
return {'FORGOTTEN', count + #dead, sooner}
