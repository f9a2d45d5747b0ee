#!lua
-- NEW -> WAITING  Adds tasks under ids of the caller's choice; repeating the call changes nothing.
--
-- KEYS[1] waiting   zset  id by score
-- KEYS[2] tasks     hash  id -> record
-- KEYS[3] outcomes  hash  id -> token and outcome of an ended task
-- KEYS[4] wake      list  at most one element
-- ARGV[1..] id        text   the caller's id
-- ARGV[2..] priority  int    0 to 255
-- ARGV[3..] when      text   +delay or @time, in milliseconds
-- ARGV[4..] record    bytes  digest (8 bytes) and body
-- Returns {'CREATED'} per task: it waits now
-- Returns {'EXISTS'} per task: the same task was enqueued before, it may have ended since
-- Returns {'CONFLICT'} per task: the id belongs to a task with another digest; not written
-- Returns {'BEYOND'} per task: it would run after the year 2109; not written
-- Cost O(tasks * log waiting)
-- include: time
-- include: text
-- include: score
-- include: chunks
-- include: wake
-- include: outcome

local now_ms = math.floor(server_us() / 1000)
local ids = column(1, 4)
local known = fields(KEYS[2], ids)
local ended = fields(KEYS[3], ids)
local digests = {}
local statuses, additions, records = {}, {}, {}

for index = 1, #ids do
  local id, record = ids[index], ARGV[index * 4]
  local when = ARGV[index * 4 - 1]
  local digest = string.sub(record, 1, 8)
  local present = digests[id]
    or (known[index] and string.sub(known[index], 1, 8))
    or (ended[index] and outcome_digest(ended[index]))
  local run_at = tonumber(string.sub(when, 2))
  if string.sub(when, 1, 1) == '+' then
    run_at = run_at + now_ms
  end
  if present then
    statuses[index] = present == digest and 'EXISTS' or 'CONFLICT'
  elseif run_at >= BAND then
    statuses[index] = 'BEYOND'
  else
    statuses[index] = 'CREATED'
    digests[id] = digest
    additions[#additions + 1] = text(tonumber(ARGV[index * 4 - 2]) * BAND + run_at)
    additions[#additions + 1] = id
    records[#records + 1] = id
    records[#records + 1] = record
  end
end

if #records > 0 then
  call_in_chunks('HSET', KEYS[2], records)
  call_in_chunks('ZADD', KEYS[1], additions)
  wake_one(KEYS[4])
end
return statuses
