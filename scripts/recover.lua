#!lua flags=allow-oom
-- LEASED -> WAITING|DEAD|CANCELLED|LOST  Takes back the tasks of a process that is known to be dead, at once.
--
-- The death counts as a crash of every task whose handler had started. But if some of these already had a crash (these
-- are suspects), it counts for the suspects only.
--
-- KEYS waiting held tries claims
-- ARG worker       text   the dead worker; '' if only a handler's process died and its worker still runs
-- ARG crash_limit  int    a task with this many crashes is quarantined
-- ARG failure      bytes  the failure that is stored for a quarantined task
-- ROW id           text   task
-- ROW token        int    fencing token of the lease
-- ROW started      int    1 if its handler had started, else 0
-- Returns {'RECOVERED'} per task: waits again, with its former score
-- Returns {'QUARANTINED'} per task: dead after too many crashes
-- Returns {'CANCELLED'} per task: its cancellation was asked for, so it ended
-- Returns {'NOT_AGAIN'} per task: it may start only once and has, so it ended as lost
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * log waiting)
-- include: time
-- include: crash
-- include: enter
-- include: wake

local now_ms = math.floor(server_us() / 1000)
local statuses, entries = {}, {}
check_keys()

local function is_suspect(id)
  return select(2, tries_parts(redis.call('HGET', TRIES, id))) > 0
end

-- A suspect that the dead worker no longer held cannot have caused its death, so the lease is checked too.
local suspect_started = false
for _, id, token, started in rows() do
  if started == '1' and holds(redis.call('HGET', HELD, id), token) then
    suspect_started = suspect_started or is_suspect(id)
  end
end

for row, id, token, started in rows() do
  local holder = redis.call('HGET', HELD, id)
  local status, enters_at = 'LOST', nil
  if holder_parts(holder) and holds(holder, token) then
    local crashed = started == '1' and (not suspect_started or is_suspect(id))
    status, enters_at = take_back(id, holder, started == '1', crashed, crash_limit, failure, now_ms)
  end
  statuses[row] = status
  if enters_at then
    entries[#entries + 1], entries[#entries + 2] = enters_at, id
  end
end
enter(entries)

if worker ~= '' then
  redis.call('HDEL', CLAIMS, worker, worker .. ' wake')
end
if redis.call('ZCARD', WAITING) > 0 then
  wake_one()
end
return statuses
