-- The layout of a queue as text: the counts of shards it has had. Nothing is kept of a queue that always had one.
local function layout_of(key)
  return redis.call('GET', key) or '1'
end

-- The same answer for each of several tasks.
local function repeated(status, count)
  local statuses = {}
  for index = 1, count do
    statuses[index] = status
  end
  return statuses
end
