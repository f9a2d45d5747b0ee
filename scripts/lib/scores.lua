-- Reads one score of a sorted set per item, at most 1000 per call. Returns the scores in the order of the items.
local function scores_of(key, items)
  local scores = {}
  if #items == 0 or redis.call('EXISTS', key) == 0 then
    return scores
  end
  for first = 1, #items, 1000 do
    local found = redis.call('ZMSCORE', key, unpack(items, first, math.min(first + 999, #items)))
    for index = 1, #found do
      scores[first + index - 1] = found[index]
    end
  end
  return scores
end
