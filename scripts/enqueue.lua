#!lua
-- NEW -> WAITING  Adds tasks under ids of the caller's choice; repeating the call changes nothing.
--
-- A call that names a shard map is refused if the shard has another one, as the id may belong to another shard there.
--
-- KEYS tasks outcomes traits expiring
-- USUAL tasks outcomes waiting wake layout
-- ARG shard_map text   the shard map that the caller knows; '' if its tasks can only belong to this shard
-- ROW id        text   the caller's id
-- ROW priority  int    0 to 255
-- ROW when      text   +delay or @time, in milliseconds
-- ROW record    bytes  digest (8 bytes) and body
-- ROW traits    text   '' for a plain task; else as in lib/traits.lua, with +delay or @time in place of a moment, and before these as in lib/add_unique.lua
-- Returns {'CREATED'} per task: it waits now
-- Returns {'EXISTS'} per task: the same task was enqueued before; it may have ended since
-- Returns {'DUPLICATE id'} per task: another task has its unique key; with on_duplicate `debounce` that task has its arguments and time now
-- Returns {'UNKNOWN'} per task: it was to be added only if its unique key is held here, which it is not
-- Returns {'CONFLICT'} per task: the id belongs to a task with another digest; not written
-- Returns {'TOO_LATE'} per task: it would run after the year 2109; not written
-- Returns {'STALE_SHARD_MAP'} per task: the queue has another shard map; nothing was written
-- Cost O(tasks * log waiting)
-- include: time
-- include: score
-- include: enter
-- include: shard_map
-- include: rows

local now_ms = math.floor(server_us() / 1000)
local is_stale = shard_map ~= '' and known_shard_map() ~= shard_map

-- The most frequent call (one new plain task, due at once) takes a short path that skips the setup below. HSETNX writes
-- the record only if there is none. If `enter` then fails, as a key has the wrong type, the record is removed again.
local id, priority, when, record, traits = first_row()
if row_count == 1 and when == '+0' and traits == '' and not is_stale then
  if redis.call('HEXISTS', OUTCOMES, id) == 0 and redis.call('HSETNX', TASKS, id, record) == 1 then
    local refused = enter({priority * BAND + now_ms, id})
    if refused then
      redis.call('HDEL', TASKS, id)
      return refused
    end
    return {'CREATED'}
  end
end
if is_stale then
  return for_each_row('STALE_SHARD_MAP')
end

-- include: text
-- include: chunks
-- include: digest
-- include: format
-- include: moment
-- include: timed_traits

local ids = {}
for row, task in rows() do
  ids[row] = task
end
local known, ended = fields(TASKS, ids), fields(OUTCOMES, ids)
local created, statuses = {}, {}
local entries, records, all_traits, expiries, count = {}, {}, {}, {}, 0

-- The score as text; '' if the task would run after the year 2109.
local function score_text(priority, when)
  local run_at = moment_of(when, now_ms)
  return run_at < BAND and text(tonumber(priority) * BAND + run_at) or ''
end

local least_format = 2
local function note_traits(id, traits)
  local kept, moment, format_of = timed_traits(traits, now_ms)
  least_format = math.max(least_format, format_of)
  if moment then
    expiries[#expiries + 1], expiries[#expiries + 2] = moment, id
  end
  all_traits[#all_traits + 1], all_traits[#all_traits + 2] = id, kept
end

-- Made at the first task with a unique key. Such tasks are written one by one, as a later one of the same call may
-- find or replace an earlier one.
local add
local function adder()
  check_keys()
  -- include: add_unique
  return add_unique
end

local score, last_priority, last_when
for row, id, priority, when, record, traits in rows() do
  -- Most tasks of a call have the same score as the task before, so it is computed only when it changes.
  if priority ~= last_priority or when ~= last_when then
    last_priority, last_when = priority, when
    score = score_text(priority, when)
  end
  local present = created[id] or known[row]
  local digest = present and digest_of(present) or (ended[row] and outcome_digest(ended[row]))
  if digest then
    statuses[row] = digest == digest_of(record) and 'EXISTS' or 'CONFLICT'
  elseif score == '' then
    statuses[row] = 'TOO_LATE'
  elseif traits ~= '' and string.find(traits, '^%??unique=') then
    add = add or adder()
    statuses[row] = add(id, tonumber(priority) * BAND, moment_of(when, now_ms), record, traits, now_ms)
    created[id] = statuses[row] == 'CREATED' and record or nil
  else
    statuses[row] = 'CREATED'
    created[id] = record
    entries[count + 1], entries[count + 2] = score, id
    records[count + 1], records[count + 2] = id, record
    count = count + 2
    if traits ~= '' then
      note_traits(id, traits)
    end
  end
end

-- If a key has the wrong type, the script must fail before it writes anything: the records have already been read,
-- HLEN and ZCARD check two more keys, and `enter` comes first because it reports its own error.
if #all_traits > 0 then
  redis.call('HLEN', TRAITS)
  redis.call('ZCARD', EXPIRING)
end
local refused = enter(entries)
if refused then
  return refused
end
call_in_chunks('HSET', TASKS, records)
if #all_traits > 0 then
  need_format(least_format)
  call_in_chunks('HSET', TRAITS, all_traits)
  call_in_chunks('ZADD', EXPIRING, expiries)
end
return statuses
