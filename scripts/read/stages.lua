#!lua flags=no-writes
-- READ  Counts which of the leased tasks run, and which of the waiting tasks wait for another attempt.
--
-- Each of the two takes a limited number of looks; the retrying ones are looked for where there are fewer tasks: among
-- those that wait for their time, or among those that were tried before.
--
-- KEYS waiting leases held tries
-- ARG looks  int  about so many tasks are looked at for each of the two
-- Returns {running, is_all_leased, retrying, is_all_waiting} is_all_leased, is_all_waiting: 1 if every task was looked at, else 0, and there are at least so many
-- Cost O(bands in use * log waiting + looks * log waiting)
-- include: time
-- include: text
-- include: score
-- include: bands
-- include: chunks

local now_ms = math.floor(server_us() / 1000)

local function is_tried(stored)
  return stored and string.find(stored, '^[1-9]') ~= nil
end

local function running()
  local count = 0
  for _, holder in pairs(fields(HELD, redis.call('ZRANGE', LEASES, 0, looks - 1))) do
    if holder and string.find(holder, '^%d+ %d+ [1-9]') then
      count = count + 1
    end
  end
  return count, redis.call('ZCARD', LEASES) <= looks and 1 or 0
end

local function later_of(base)
  return '(' .. text(base + now_ms), '(' .. text(base + BAND)
end

local function count_later()
  local count = 0
  for base in bands(WAITING, 0) do
    count = count + redis.call('ZCOUNT', WAITING, later_of(base))
  end
  return count
end

local function retrying_among_later()
  local count, left = 0, looks
  for base in bands(WAITING, 0) do
    local low, high = later_of(base)
    local ids = left > 0 and redis.call('ZRANGEBYSCORE', WAITING, low, high, 'LIMIT', 0, left) or {}
    left = left - #ids
    for _, tries in pairs(fields(TRIES, ids)) do
      count = count + (is_tried(tries) and 1 or 0)
    end
  end
  return count
end

local function retrying_among_tried()
  -- A hash that grows may give a field twice.
  local count, looked, cursor, seen = 0, 0, '0', {}
  repeat
    local page = redis.call('HSCAN', TRIES, cursor, 'COUNT', 500)
    cursor = page[1]
    for at = 1, #page[2], 2 do
      local id = page[2][at]
      local score = is_tried(page[2][at + 1]) and redis.call('ZSCORE', WAITING, id)
      if score and tonumber(score) % BAND > now_ms and not seen[id] then
        seen[id] = true
        count = count + 1
      end
    end
    looked = looked + #page[2] / 2
  until cursor == '0' or looked >= looks
  return count, cursor == '0' and 1 or 0
end

local runs, is_all_leased = running()
local later, tried = count_later(), redis.call('HLEN', TRIES)
if tried < later then
  return {runs, is_all_leased, retrying_among_tried()}
end
return {runs, is_all_leased, retrying_among_later(), later <= looks and 1 or 0}
