#!lua flags=allow-oom
-- WAITING -> CANCELLED  Ends tasks that wait; asks the worker of a leased one to stop.
--
-- KEYS[1] waiting     zset  id by score
-- KEYS[2] tasks       hash  id -> record
-- KEYS[3] held        hash  id -> holder
-- KEYS[4] tries       hash  id -> tries
-- KEYS[5] failures    hash  id -> last failure
-- KEYS[6] dead        zset  id by time of death (ms)
-- KEYS[7] cancelling  hash  id -> request
-- KEYS[8] outcomes    hash  id -> token and outcome
-- KEYS[9] finished    zset  id by the time it is forgotten (ms), BAND less where it may be sooner
-- ARGV[1] retention_ms  int  how long the outcome is kept; negative where it may be forgotten sooner
-- ARGV[2..] id       text   task
-- ARGV[3..] outcome  bytes  how a cancelled task ends
-- Returns {'CANCELLED'} per task: it waited and will never run
-- Returns {'CANCELLING'} per task: a worker has it, and will be told within a heartbeat
-- Returns {'ENDED'} per task: it had ended before
-- Returns {'UNKNOWN'} per task: never heard of, or forgotten
-- Cost O(tasks * log waiting)
-- include: time
-- include: types
-- include: text
-- include: score
-- include: outcome
-- include: cancelled

local now_ms = math.floor(server_us() / 1000)
local keys = {
  tasks = KEYS[2], tries = KEYS[4], failures = KEYS[5],
  cancelling = KEYS[7], outcomes = KEYS[8], finished = KEYS[9],
}
local statuses = {}
check_sorted(KEYS[1], KEYS[6], KEYS[9])
check_hashes(KEYS[2], KEYS[4], KEYS[5], KEYS[7], KEYS[8])

for first = 2, #ARGV, 2 do
  local id = ARGV[first]
  local status = 'UNKNOWN'
  local request = ARGV[1] .. ' ' .. ARGV[first + 1]
  if redis.call('HEXISTS', KEYS[3], id) == 1 then
    redis.call('HSET', KEYS[7], id, request)
    status = 'CANCELLING'
  elseif redis.call('ZREM', KEYS[1], id) == 1 then
    redis.call('HSET', KEYS[7], id, request)
    end_if_cancelling(keys, id, now_ms)
    status = 'CANCELLED'
  elseif redis.call('ZSCORE', KEYS[6], id) or redis.call('HEXISTS', KEYS[8], id) == 1 then
    status = 'ENDED'
  end
  statuses[#statuses + 1] = status
end
return statuses
