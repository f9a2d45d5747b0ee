-- KEYS unique successors lapsing waiting held traits
-- include: text
-- include: score
-- include: chunks
-- include: wake
-- A task with a unique key has the trait 'unique=key scope latest_ms '. The key is a digest. `scope` says
-- until when the key is held: `started`, `done`, or until a moment (ms), whatever becomes of the task. A repeated call
-- moves the task at most to latest_ms; 0: without a limit. `unique` has the task that holds each key.
--
-- A task that is added while the holder of its key is leased may wait as its successor: with the latest time there is,
-- until the scope of the holder ends. `successors` has its own time: key -> 'moment id'.
local UNIQUE_TRAIT = ' unique=(%x+) (%w+) (%d+) '
local PARKED = BAND - 1

-- The key, its scope and latest_ms in the traits of a task; nil if it has no key.
local function unique_parts(traits)
  return string.match(' ' .. (traits or ''), UNIQUE_TRAIT)
end

local function successor_of(key)
  return string.match(redis.call('HGET', SUCCESSORS, key) or '', '^%d+ (.*)$')
end

-- The due time of a waiting task that is to run at `run_at`. A successor goes on waiting for the end of the holder, and
-- its own time is noted.
local function due_time(id, score, run_at)
  local key = score % BAND == PARKED and unique_parts(redis.call('HGET', TRAITS, id))
  if key and successor_of(key) == id then
    redis.call('HSET', SUCCESSORS, key, text(run_at) .. ' ' .. id)
    return PARKED
  end
  return run_at
end

-- Frees a key, or hands it over to the successor, which waits for its own time from now on.
local function free_key(key)
  local moment, successor = string.match(redis.call('HGET', SUCCESSORS, key) or '', '^(%d+) (.*)$')
  redis.call('ZREM', LAPSING, key)
  redis.call('HDEL', SUCCESSORS, key)
  if not successor then
    redis.call('HDEL', UNIQUE, key)
    return
  end
  redis.call('HSET', UNIQUE, key, successor)
  local score = tonumber(redis.call('ZSCORE', WAITING, successor) or 0)
  if score % BAND == PARKED then
    redis.call('ZADD', WAITING, text(score - PARKED + tonumber(moment)), successor)
    wake_one()
  end
end

-- Whether a key is held: until its moment, or by a task that waits or is leased.
local function is_held(key, holder, now_ms)
  local until_ms = redis.call('ZSCORE', LAPSING, key)
  if until_ms then
    return tonumber(until_ms) > now_ms
  end
  return redis.call('ZSCORE', WAITING, holder) or redis.call('HEXISTS', HELD, holder) == 1
end

-- The task that holds a key, nil if none does. A key that only damage has left behind is freed.
local function holder_of(key, now_ms)
  local holder = redis.call('HGET', UNIQUE, key)
  if holder and not is_held(key, holder, now_ms) then
    free_key(key)
    holder = redis.call('HGET', UNIQUE, key)
  end
  return holder or nil
end

-- Ends the scope of the key of a task that ends or starts. A key that is held until a moment stays.
local function leave_key(id, traits)
  local key, scope = unique_parts(traits)
  if not key or tonumber(scope) then
    return
  elseif successor_of(key) == id then
    redis.call('HDEL', SUCCESSORS, key)
  elseif redis.call('HGET', UNIQUE, key) == id then
    free_key(key)
  end
end

local function leave_keys(ids)
  local traits = fields(TRAITS, ids)
  for index = 1, #ids do
    leave_key(ids[index], traits[index])
  end
end
