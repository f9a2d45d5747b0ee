-- include: text
-- include: score
local function next_band(set, base)
  local head = redis.call('ZRANGEBYSCORE', set, text(base + BAND), ABOVE_HIGHEST, 'WITHSCORES', 'LIMIT', 0, 1)
  if head[1] then
    local score = tonumber(head[2])
    return score - score % BAND, score
  end
end

-- Iterates over the priorities that have tasks in a sorted set, most urgent first. `low` is the lowest score of the
-- first priority to look at. Gives for each the lowest score of its band, and the score of its first task.
local function bands(set, low)
  return next_band, set, low - BAND
end
