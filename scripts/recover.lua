#!lua flags=allow-oom
-- LEASED -> WAITING|DEAD|CANCELLED  Takes back the tasks of a process that is known to be dead, at once.
--
-- The death counts against the tasks that had started; if suspects were among these, against the suspects alone.
--
-- KEYS[1] waiting     zset  id by score
-- KEYS[2] tasks       hash  id -> record
-- KEYS[3] leases      zset  id by expiry (ms)
-- KEYS[4] held        hash  id -> holder
-- KEYS[5] tries       hash  id -> tries
-- KEYS[6] failures    hash  id -> last failure
-- KEYS[7] dead        zset  id by time of death (ms)
-- KEYS[8] cancelling  hash  id -> request
-- KEYS[9] outcomes    hash  id -> token and outcome
-- KEYS[10] finished   zset  id by the time it is forgotten (ms), BAND less where it may be sooner
-- KEYS[11] claims     hash  worker -> latest claim
-- KEYS[12] wake       list  at most one element
-- ARGV[1] worker       text   the dead one; '' if it was the process of a handler, whose worker lives
-- ARGV[2] crash_limit  int    crashes that quarantine a task
-- ARGV[3] failure      bytes  of a quarantined task
-- ARGV[4..] id       text  task
-- ARGV[5..] token    int   under which it was held
-- ARGV[6..] started  int   1 if its handler had started, else 0
-- Returns {'RECOVERED'} per task: waits again in its own place
-- Returns {'QUARANTINED'} per task: dead after too many crashes
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
-- include: crash

local now_ms = math.floor(server_us() / 1000)
local keys = {
  waiting = KEYS[1], tasks = KEYS[2], leases = KEYS[3], held = KEYS[4], tries = KEYS[5], failures = KEYS[6],
  dead = KEYS[7], cancelling = KEYS[8], outcomes = KEYS[9], finished = KEYS[10],
}
local statuses = {}
check_sorted(KEYS[1], KEYS[3], KEYS[7], KEYS[10])
check_hashes(KEYS[2], KEYS[4], KEYS[5], KEYS[6], KEYS[8], KEYS[9], KEYS[11])
check_list(KEYS[12])

local function is_suspect(id)
  return select(2, tries_parts(redis.call('HGET', KEYS[5], id))) > 0
end

-- A suspect that the dead worker had lost before says nothing about its death.
local function had_started(first)
  return ARGV[first + 2] == '1' and holds(redis.call('HGET', KEYS[4], ARGV[first]), ARGV[first + 1])
end

local suspect_started = false
for first = 4, #ARGV, 3 do
  suspect_started = suspect_started or (had_started(first) and is_suspect(ARGV[first]))
end

for first = 4, #ARGV, 3 do
  local id = ARGV[first]
  local holder = redis.call('HGET', KEYS[4], id)
  if holder_parts(holder) and holds(holder, ARGV[first + 1]) then
    local crashed = ARGV[first + 2] == '1' and (not suspect_started or is_suspect(id))
    statuses[#statuses + 1] = take_back(keys, id, holder, crashed, tonumber(ARGV[2]), ARGV[3], now_ms)
  else
    statuses[#statuses + 1] = 'LOST'
  end
end

if ARGV[1] ~= '' then
  redis.call('HDEL', KEYS[11], ARGV[1], ARGV[1] .. ' wake')
end
if redis.call('ZCARD', KEYS[1]) > 0 then
  wake_one(KEYS[12])
end
return statuses
