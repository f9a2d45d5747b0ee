#!lua flags=allow-oom
-- LEASED -> SUCCEEDED|CANCELLED  Ends tasks whose handler returned or was cancelled, and keeps their outcomes for a time.
--
-- KEYS leases held outcomes
-- USUAL leases held outcomes tasks tries failures cancelling finished watched
-- ROW id            text   task
-- ROW token         int    fencing token of the worker's lease
-- ROW retention_ms  int    how long the outcome is kept; if negative, it may be forgotten sooner
-- ROW outcome       bytes  digest (8 bytes) and outcome; it says whether the task is kept with it, see lib/keep.lua
-- Returns {'ACKED'} per task
-- Returns {'ALREADY'} per task: acked before with this token
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Returns {'ALL_KEYS'} the shard has a format, and the call passed only the usual keys; nothing is changed
-- Cost O(tasks * log finished)
-- include: time
-- include: chunks
-- include: holder
-- include: leave
-- include: ending
-- include: keep

-- Without a format, a shard has only plain tasks, and this script needs only its usual keys.
if format then
  need_all_keys()
end
local now_ms = math.floor(server_us() / 1000)
local ids = {}
for row, id in rows() do
  ids[row] = id
end
local holders = fields(HELD, ids)
local statuses, acked, outcomes, forgets, count = {}, {}, {}, {}, 0
local seen = {}
local last_retention_ms, forget_at

for row, id, token, retention_ms, outcome in rows() do
  if holds(holders[row], token) and not seen[id] then
    -- Most tasks of a call have the same retention as the task before, so the score is computed only when it changes.
    if retention_ms ~= last_retention_ms then
      last_retention_ms = retention_ms
      forget_at = forget_score(now_ms, tonumber(retention_ms))
    end
    seen[id] = token
    statuses[row] = 'ACKED'
    count = count + 1
    acked[count] = id
    if string.byte(outcome, 9) == KEEPS_TASK then
      outcome = with_task(outcome, id, select(2, holder_parts(holders[row])) or '0')
    end
    outcomes[2 * count - 1], outcomes[2 * count] = id, token .. ' ' .. outcome
    forgets[2 * count - 1], forgets[2 * count] = forget_at, id
  elseif seen[id] == token or holds(redis.call('HGET', OUTCOMES, id), token) then
    statuses[row] = 'ALREADY'
  else
    statuses[row] = 'LOST'
  end
end

if count > 0 then
  -- If this key has the wrong type, fail before anything is written. All other keys are read before they are written.
  redis.call('ZCARD', LEASES)
  finish(acked, outcomes, forgets)
  leave(acked)
end
return statuses
