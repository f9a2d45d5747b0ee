-- KEYS held
-- include: holder
-- include: leave
-- include: enter
-- include: cancelled
-- A worker gives up the lease of a task that it shall not end: it waits again, which the caller lets it do with the score
-- that is answered, or has ended if its cancellation was asked for. Answers 'LOST' and no score if it is not held.
local function give_up(id, token, now_ms)
  local holder = redis.call('HGET', HELD, id)
  local _, score = holder_parts(holder)
  if not (score and holds(holder, token)) then
    return 'LOST'
  end
  leave({id})
  if end_if_cancelling(id, now_ms) then
    return 'CANCELLED'
  end
  return nil, score
end
