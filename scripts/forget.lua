#!lua flags=allow-oom
-- SUCCEEDED|CANCELLED|DEAD -> GONE  Removes ended tasks whose retention is over, and leaves nothing of them behind.
--
-- KEYS[1] tasks     hash  id -> record
-- KEYS[2] tries     hash  id -> tries
-- KEYS[3] failures  hash  id -> last failure
-- KEYS[4] dead      zset  id by time of death (ms)
-- KEYS[5] outcomes  hash  id -> token and outcome
-- KEYS[6] finished  zset  id by the time it is forgotten (ms)
-- ARGV[1] limit              int  tasks of either kind at most
-- ARGV[2] dead_retention_ms  int  how long dead tasks are kept
-- Returns {'FORGOTTEN', count}
-- Cost O(tasks forgotten * log finished)
-- include: time
-- include: types
-- include: text
-- include: chunks

local now_ms = math.floor(server_us() / 1000)
local limit = tonumber(ARGV[1])
check_sorted(KEYS[4], KEYS[6])
check_hashes(KEYS[1], KEYS[2], KEYS[3], KEYS[5])

local ended = redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', text(now_ms), 'LIMIT', 0, limit)
call_in_chunks('ZREM', KEYS[6], ended)
call_in_chunks('HDEL', KEYS[5], ended)

local dead_before = text(now_ms - tonumber(ARGV[2]))
local dead = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', dead_before, 'LIMIT', 0, limit)
call_in_chunks('ZREM', KEYS[4], dead)
call_in_chunks('HDEL', KEYS[1], dead)
call_in_chunks('HDEL', KEYS[2], dead)
call_in_chunks('HDEL', KEYS[3], dead)
return {'FORGOTTEN', #ended + #dead}
