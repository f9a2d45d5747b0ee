#!lua flags=no-writes
-- READ  Lists the ids of waiting tasks in the order in which they will run.
--
-- Due tasks run band by band, each by time; the others fall due by time, whatever their band.
--
-- KEYS[1] waiting  zset  id by score
-- ARGV[1] part    text  due, or later
-- ARGV[2] offset  int   tasks to leave out
-- ARGV[3] limit   int   tasks at most
-- Returns {id*}
-- Cost O(bands in use * (offset + limit) * log waiting)
-- include: time
-- include: text
-- include: score

local now_ms = math.floor(server_us() / 1000)
local offset, limit = tonumber(ARGV[2]), tonumber(ARGV[3])

-- Calls visit(base) for the first score of every band in use, until it answers false.
local function each_band(visit)
  local low = 0
  for _ = 0, 255 do
    local head = redis.call('ZRANGEBYSCORE', KEYS[1], text(low), BEYOND, 'WITHSCORES', 'LIMIT', 0, 1)
    if not head[1] then
      return
    end
    local band = band_of(tonumber(head[2]))
    if visit(band * BAND) == false then
      return
    end
    low = (band + 1) * BAND
  end
end

local function due()
  local ids = {}
  each_band(function(base)
    local last = text(base + now_ms)
    local count = redis.call('ZCOUNT', KEYS[1], text(base), last)
    if offset >= count then
      offset = offset - count
      return true
    end
    local found = redis.call('ZRANGEBYSCORE', KEYS[1], text(base), last, 'LIMIT', offset, limit - #ids)
    for index = 1, #found do
      ids[#ids + 1] = found[index]
    end
    offset = 0
    return #ids < limit
  end)
  return ids
end

local function later()
  local all = {}
  each_band(function(base)
    local found = redis.call(
      'ZRANGEBYSCORE', KEYS[1], '(' .. text(base + now_ms), '(' .. text(base + BAND),
      'WITHSCORES', 'LIMIT', 0, offset + limit)
    for index = 1, #found, 2 do
      all[#all + 1] = {id = found[index], base = base, run_at = tonumber(found[index + 1]) - base}
    end
  end)
  table.sort(all, function(one, other)
    if one.run_at ~= other.run_at then
      return one.run_at < other.run_at
    end
    if one.base ~= other.base then
      return one.base < other.base
    end
    return one.id < other.id
  end)
  local ids = {}
  for index = offset + 1, math.min(offset + limit, #all) do
    ids[#ids + 1] = all[index].id
  end
  return ids
end

return ARGV[1] == 'due' and due() or later()
