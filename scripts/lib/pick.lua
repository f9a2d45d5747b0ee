-- KEYS waiting
-- include: score
-- include: whole
-- include: pick_by_band
-- Picks the best `limit` tasks that are due at `now_ms`, and at most `ahead_limit` tasks that are due until `until_ms`.
-- It returns their ids, their scores, and when the next remaining task is due (nil: never). It writes nothing.
local function pick(now_ms, limit, until_ms, ahead_limit)
  local ids, scores, picked = {}, {}, 0
  local base, is_done = 0, true

  -- First from the front of the whole set; usually these are all. The first task that is not due yet ends this, because
  -- later bands may have due tasks; `base` is then the lowest score of its band.
  local front = redis.call('ZRANGEBYSCORE', WAITING, LOWEST, ABOVE_HIGHEST, 'WITHSCORES', 'LIMIT', 0, limit + 1)
  for index = 1, #front, 2 do
    local run_at = tonumber(front[index + 1]) - base
    if run_at >= BAND then
      base, run_at = base + run_at - run_at % BAND, run_at % BAND
    end
    if run_at > now_ms then
      is_done = false
      break
    elseif picked == limit then
      return ids, scores, now_ms
    end
    picked = picked + 1
    ids[picked], scores[picked] = front[index], whole(front[index + 1])
  end
  if is_done then
    return ids, scores, nil
  end
  return ids, scores, pick_by_band(base, ids, scores, now_ms, limit - picked, until_ms, ahead_limit)
end
