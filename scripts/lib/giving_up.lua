-- KEYS held
-- include: holder
-- include: leave
-- include: enter
-- include: cancelled
-- Ends a worker's lease of a task that is not finished. Returns nil and the score with which the caller must let the
-- task wait again; or 'CANCELLED' if someone asked to cancel it, so that it ended here; or 'LOST' if there is no lease
-- with this token.
local function give_up(id, token, now_ms)
  local holder = redis.call('HGET', HELD, id)
  local _, score = holder_parts(holder)
  if not (score and holds(holder, token)) then
    return 'LOST'
  end
  leave({id})
  if end_if_cancelling(id, score, now_ms) then
    return 'CANCELLED'
  end
  return nil, score
end
