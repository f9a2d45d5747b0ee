#!lua
-- DEAD -> WAITING  Lets dead tasks run again, now, with their attempts and crashes forgotten.
--
-- KEYS[1] waiting   zset  id by score
-- KEYS[2] tasks     hash  id -> record
-- KEYS[3] tries     hash  id -> tries
-- KEYS[4] failures  hash  id -> last failure
-- KEYS[5] dead      zset  id by time of death (ms)
-- KEYS[6] wake      list  at most one element
-- ARGV[1..] id  text  task
-- Returns {'REVIVED'} per task
-- Returns {'ALREADY'} per task: not dead, but alive
-- Returns {'UNKNOWN'} per task: never heard of, ended otherwise, or forgotten
-- Cost O(tasks * log waiting)
-- include: time
-- include: types
-- include: text
-- include: score
-- include: wake

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_sorted(KEYS[1])
check_hashes(KEYS[2], KEYS[3], KEYS[4])
check_list(KEYS[6])

for index = 1, #ARGV do
  local id = ARGV[index]
  local status = 'UNKNOWN'
  if redis.call('ZREM', KEYS[5], id) == 1 then
    local score = string.match(redis.call('HGET', KEYS[4], id) or '', '^(%d+) ') or '0'
    redis.call('HDEL', KEYS[3], id)
    redis.call('HDEL', KEYS[4], id)
    redis.call('ZADD', KEYS[1], text(band_of(tonumber(score)) * BAND + now_ms), id)
    wake_one(KEYS[6])
    status = 'REVIVED'
  elseif redis.call('HEXISTS', KEYS[2], id) == 1 then
    status = 'ALREADY'
  end
  statuses[index] = status
end
return statuses
