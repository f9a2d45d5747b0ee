#!lua flags=allow-oom
-- LEASED -> SUCCEEDED|CANCELLED  Ends tasks whose handler returned or was cancelled, and keeps their outcome for a time.
--
-- KEYS leases held outcomes
-- ROW id            text   task
-- ROW token         int    under which it is held
-- ROW retention_ms  int    how long the outcome is kept; negative where it may be forgotten sooner
-- ROW outcome       bytes  digest (8 bytes) and outcome
-- Returns {'ACKED'} per task
-- Returns {'ALREADY'} per task: acked before under this token
-- Returns {'LOST'} per task: not held under this token; nothing was changed
-- Cost O(tasks * log finished)
-- include: time
-- include: chunks
-- include: holder
-- include: leave
-- include: ending

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
    -- Most tasks of a call share their retention with the one before.
    if retention_ms ~= last_retention_ms then
      last_retention_ms = retention_ms
      forget_at = forget_score(now_ms, tonumber(retention_ms))
    end
    seen[id] = token
    statuses[row] = 'ACKED'
    count = count + 1
    acked[count] = id
    outcomes[2 * count - 1], outcomes[2 * count] = id, token .. ' ' .. outcome
    forgets[2 * count - 1], forgets[2 * count] = forget_at, id
  elseif seen[id] == token or holds(redis.call('HGET', OUTCOMES, id), token) then
    statuses[row] = 'ALREADY'
  else
    statuses[row] = 'LOST'
  end
end

if count > 0 then
  -- Fails before anything is written, should the key be of another type; all others are looked at before they are written.
  redis.call('ZCARD', LEASES)
  finish(acked, outcomes, forgets)
  leave(acked)
end
return statuses
