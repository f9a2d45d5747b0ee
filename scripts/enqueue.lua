#!lua
-- NEW -> WAITING  Adds tasks under ids of the caller's choice; repeating the call changes nothing.
--
-- Whoever names the layout of the queue is refused under another one, as an id may have another home there.
--
-- KEYS[1] waiting   zset  id by score
-- KEYS[2] tasks     hash  id -> record
-- KEYS[3] outcomes  hash  id -> token and outcome of an ended task
-- KEYS[4] wake      list  at most one element
-- KEYS[5] layout    string  counts of shards; absent for one shard
-- ARGV[1] layout      text   what the caller takes for the layout; '' where its tasks have no home but this shard
-- ARGV[2..] id        text   the caller's id
-- ARGV[3..] priority  int    0 to 255
-- ARGV[4..] when      text   +delay or @time, in milliseconds
-- ARGV[5..] record    bytes  digest (8 bytes) and body
-- Returns {'CREATED'} per task: it waits now
-- Returns {'EXISTS'} per task: the same task was enqueued before, it may have ended since
-- Returns {'CONFLICT'} per task: the id belongs to a task with another digest; not written
-- Returns {'BEYOND'} per task: it would run after the year 2109; not written
-- Returns {'STALE'} per task: the queue has another layout; nothing was written
-- Cost O(tasks * log waiting)
-- include: time
-- include: score
-- include: layout

local now_ms = math.floor(server_us() / 1000)

-- The usual call is done before what all others need is set up: one task, due at once and new, of which a record is
-- written where there was none. The index is the one key that was not looked at before; if it is of another type, the
-- record is removed again.
if #ARGV == 5 and ARGV[4] == '+0' and (ARGV[1] == '' or layout_of(KEYS[5]) == ARGV[1]) then
  local id = ARGV[2]
  local is_awake = redis.call('LLEN', KEYS[4]) > 0
  if redis.call('HEXISTS', KEYS[3], id) == 0 and redis.call('HSETNX', KEYS[2], id, ARGV[5]) == 1 then
    local added = redis.pcall('ZADD', KEYS[1], ARGV[3] * BAND + now_ms, id)
    if type(added) == 'table' then
      redis.call('HDEL', KEYS[2], id)
      return added
    end
    if not is_awake then
      redis.call('RPUSH', KEYS[4], '1')
    end
    return {'CREATED'}
  end
end

-- include: text
-- include: chunks
-- include: digest

local ids = column(2, 4)
if ARGV[1] ~= '' and layout_of(KEYS[5]) ~= ARGV[1] then
  return repeated('STALE', #ids)
end
local known = fields(KEYS[2], ids)
local ended = fields(KEYS[3], ids)
local created, statuses = {}, {}
local additions, records, count = {}, {}, 0
local priority, when, score

-- The score as text, '' beyond the year 2109.
local function score_text()
  local run_at = tonumber(string.sub(when, 2))
  if string.sub(when, 1, 1) == '+' then
    run_at = run_at + now_ms
  end
  return run_at < BAND and text(tonumber(priority) * BAND + run_at) or ''
end

for index = 1, #ids do
  local id, record = ids[index], ARGV[index * 4 + 1]
  -- Most tasks of a call share their score with the one before.
  if priority ~= ARGV[index * 4 - 1] or when ~= ARGV[index * 4] then
    priority, when = ARGV[index * 4 - 1], ARGV[index * 4]
    score = score_text()
  end
  local present = created[id] or known[index]
  local digest = present and digest_of(present) or (ended[index] and outcome_digest(ended[index]))
  if digest then
    statuses[index] = digest == digest_of(record) and 'EXISTS' or 'CONFLICT'
  elseif score == '' then
    statuses[index] = 'BEYOND'
  else
    statuses[index] = 'CREATED'
    created[id] = record
    additions[count + 1], additions[count + 2] = score, id
    records[count + 1], records[count + 2] = id, record
    count = count + 2
  end
end

if count > 0 then
  -- What a key of another type makes fail comes before anything is written: the records have been read, and the index
  -- is written first. One wake-up is enough, as a claim that leaves due tasks behind wakes the next worker.
  local wake_ups = redis.call('LLEN', KEYS[4])
  call_in_chunks('ZADD', KEYS[1], additions)
  call_in_chunks('HSET', KEYS[2], records)
  if wake_ups == 0 then
    redis.call('RPUSH', KEYS[4], '1')
  end
end
return statuses
