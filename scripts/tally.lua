#!lua
-- COUNTED -> COUNTED  Adds a batch of what a worker process did to a minute and its hour. A repeated call adds nothing.
--
-- A minute and an hour have at most so many rows of a queue and a handler. What does not fit is added to a row of the
-- queue, and if there are very many queues, to one row of all. Nobody reads a minute that is longer ago than a day, nor
-- an hour that is longer ago than a month.
--
-- Which batches are counted is known for an hour, also if the worker is gone meanwhile or was stopped. What comes later
-- may be counted already, so it is not counted.
--
-- KEYS tallied minute hour
-- ARG worker    text  who did it
-- ARG number    int   the number of the batch in this process, the first is 1
-- ARG since_ms  int   the server's time at which it began to be sent: in this minute and hour it is counted
-- ROW queue     text  in which queue
-- ROW handler   text  with which handler, '' if with none
-- ROW numbers   text  what is added, as 'index=number' pairs
-- Returns {'TALLIED'} it is counted
-- Returns {'ALREADY'} it was counted before
-- Returns {'OUTDATED'} it is sent for too long; nothing was changed
-- Cost O(rows)
-- include: time
-- include: text

local KEPT_MINUTE_MS, KEPT_HOUR_MS, KEPT_NUMBERS_MS = 25 * 3600 * 1000, 31 * 24 * 3600 * 1000, 3600 * 1000
-- Rows of 290 bytes, as busy handlers have, so take less than 50 MB in a day and a month.
local MOST_MINUTE, MOST_HOUR, MORE_OF_QUEUES = 60, 75, 15

check_keys()
if since_ms + KEPT_NUMBERS_MS <= math.floor(server_us() / 1000) then
  return {'OUTDATED'}
end
local known = tonumber(redis.call('HGET', TALLIED, worker) or '')
if known and number <= known then
  return {'ALREADY'}
end

local function add_pairs(sum, pairs_text)
  for index, count in string.gmatch(pairs_text, '(%d+)=(%d+)') do
    index = tonumber(index)
    sum[index] = (sum[index] or 0) + tonumber(count)
  end
end

local function text_of(sum)
  local indexes = {}
  for index in pairs(sum) do
    indexes[#indexes + 1] = index
  end
  table.sort(indexes)
  for place, index in ipairs(indexes) do
    indexes[place] = index .. '=' .. text(sum[index])
  end
  return table.concat(indexes, ' ')
end

-- The first of these rows that the bucket has, or has room for. There is always room for the last.
local function row_in(bucket, most, rows_of)
  local size = redis.call('HLEN', bucket)
  for place = 1, #rows_of - 1 do
    if size < most + (place - 1) * MORE_OF_QUEUES or redis.call('HEXISTS', bucket, rows_of[place]) == 1 then
      return rows_of[place]
    end
  end
  return rows_of[#rows_of]
end

local function add_to(bucket, most, queue, handler, numbers)
  local row = row_in(bucket, most, {queue .. '/' .. handler, queue .. '/', '/'})
  local sum = {}
  add_pairs(sum, redis.call('HGET', bucket, row) or '')
  add_pairs(sum, numbers)
  redis.call('HSET', bucket, row, text_of(sum))
end

redis.call('HSET', TALLIED, worker, text(number))
for _, queue, handler, numbers in rows() do
  add_to(MINUTE, MOST_MINUTE, queue, handler, numbers)
  add_to(HOUR, MOST_HOUR, queue, handler, numbers)
end
redis.call('PEXPIRE', TALLIED, KEPT_NUMBERS_MS)
redis.call('PEXPIRE', MINUTE, KEPT_MINUTE_MS)
redis.call('PEXPIRE', HOUR, KEPT_HOUR_MS)
return {'TALLIED'}
