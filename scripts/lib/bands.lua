-- include: text
-- include: score
local function next_band(set, base)
  local head = redis.call('ZRANGEBYSCORE', set, text(base + BAND), BEYOND, 'WITHSCORES', 'LIMIT', 0, 1)
  if head[1] then
    local score = tonumber(head[2])
    return score - score % BAND, score
  end
end

-- Goes over the priorities that have tasks in a sorted set, the most urgent first, from the one that begins at a score
-- on: gives for each where its scores begin, and the score of its first task.
local function bands(set, low)
  return next_band, set, low - BAND
end
