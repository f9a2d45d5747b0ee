-- Calls a variadic command on many items, at most 1000 at a time, as unpack has a limit.
local function call_in_chunks(command, key, items)
  for first = 1, #items, 1000 do
    redis.call(command, key, unpack(items, first, math.min(first + 999, #items)))
  end
end

-- Reads one hash field per item, at most 1000 at a time.
local function fields(key, items)
  local values = {}
  -- Worth asking only where there are many to read.
  if #items > 4 and redis.call('EXISTS', key) == 0 then
    return values
  end
  for first = 1, #items, 1000 do
    local found = redis.call('HMGET', key, unpack(items, first, math.min(first + 999, #items)))
    for index = 1, #found do
      values[first + index - 1] = found[index]
    end
  end
  return values
end

-- Every `width`-th argument from `first` on.
local function column(first, width)
  local values = {}
  for index = first, #ARGV, width do
    values[#values + 1] = ARGV[index]
  end
  return values
end
