#!lua flags=allow-oom
-- LEASED -> WAITING|DEAD|CANCELLED  Takes back the tasks of a process that is known to be dead, at once.
--
-- The death counts against the tasks that had started; if suspects were among these, against the suspects alone.
--
-- KEYS waiting held tries claims
-- ARG worker       text   the dead one; '' if it was the process of a handler, whose worker lives
-- ARG crash_limit  int    crashes that quarantine a task
-- ARG failure      bytes  of a quarantined task
-- ROW id           text   task
-- ROW token        int    under which it was held
-- ROW started      int    1 if its handler had started, else 0
-- Returns {'RECOVERED'} per task: waits again in its own place
-- Returns {'QUARANTINED'} per task: dead after too many crashes
-- Returns {'CANCELLED'} per task: its cancellation was asked for, so it ended
-- Returns {'LOST'} per task: not held under this token; nothing was changed
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

-- A suspect that the dead worker had lost before says nothing about its death.
local suspect_started = false
for _, id, token, started in rows() do
  if started == '1' and holds(redis.call('HGET', HELD, id), token) then
    suspect_started = suspect_started or is_suspect(id)
  end
end

for row, id, token, started in rows() do
  local holder = redis.call('HGET', HELD, id)
  local _, score = holder_parts(holder)
  local status, enters_at = 'LOST', nil
  if score and holds(holder, token) then
    local crashed = started == '1' and (not suspect_started or is_suspect(id))
    status, enters_at = take_back(id, score, started == '1', crashed, crash_limit, failure, now_ms)
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
