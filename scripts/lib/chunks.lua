-- Calls a command with many items, at most 1000 per call, because Lua's `unpack` has a limit.
local function call_in_chunks(command, key, items)
  for first = 1, #items, 1000 do
    redis.call(command, key, unpack(items, first, math.min(first + 999, #items)))
  end
end

-- Reads one hash field per item, at most 1000 per call. Returns the values in the order of the items.
local function fields(key, items)
  -- EXISTS costs a call of its own, so it is worth it only if there are many fields to read.
  if #items == 0 or (#items > 4 and redis.call('EXISTS', key) == 0) then
    return {}
  end
  local values = redis.call('HMGET', key, unpack(items, 1, math.min(1000, #items)))
  for first = 1001, #items, 1000 do
    local found = redis.call('HMGET', key, unpack(items, first, math.min(first + 999, #items)))
    for index = 1, #found do
      values[first + index - 1] = found[index]
    end
  end
  return values
end
