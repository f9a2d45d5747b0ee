-- KEYS unique successors lapsing waiting traits
-- include: unique
-- include: text
-- include: score
-- Repairs unique keys. `note` counts and reports a repair; it is called before the repair is made.

local function asks_for(id, key)
  return unique_parts(redis.call('HGET', TRAITS, id)) == key
end

-- Of keys: frees those of tasks that are gone or have no such key. `entries` is the list key, id, key, id ...
local function mend_keys(entries, now_ms, note)
  for at = 1, #entries, 2 do
    local key, id = entries[at], entries[at + 1]
    local until_ms = tonumber(redis.call('ZSCORE', LAPSING, key) or 0)
    if until_ms >= BAND then
      note(id, 'UNREADABLE')
      free_key(key)
    elseif until_ms > 0 then
      if until_ms <= now_ms then
        free_key(key)
      end
    elseif redis.call('HGET', UNIQUE, key) == id and not (is_held(key, id, now_ms) and asks_for(id, key)) then
      note(id, 'STRAY')
      free_key(key)
    end
  end
end

-- Of a task that waits or is leased: gives it its key if nobody has it. If another task has it, and this one waits with
-- the latest time there is, this one waits for the end of the other.
local function mend_key(id, traits, score, now_ms, note)
  local key, scope = unique_parts(traits)
  if not key or tonumber(scope) then
    return
  end
  local holder = redis.call('HGET', UNIQUE, key)
  if holder then
    mend_keys({key, holder}, now_ms, note)
    holder = redis.call('HGET', UNIQUE, key)
  end
  local successor = successor_of(key)
  local is_parked = score and tonumber(score) % BAND == PARKED
  if holder == id or successor == id or (holder and not is_parked) then
    return
  end
  note(id, 'KEY_LOST')
  if holder then
    redis.call('HSET', SUCCESSORS, key, text(now_ms) .. ' ' .. id)
  else
    redis.call('HSET', UNIQUE, key, id)
    if is_parked and not successor then
      redis.call('ZADD', WAITING, text(tonumber(score) - PARKED + now_ms), id)
    end
  end
end

-- Of successors: forgets those that do not wait for this key, and lets one wait for its own time if there is nobody to
-- wait for.
local function mend_successors(entries, note)
  for at = 1, #entries, 2 do
    local key, moment, id = entries[at], string.match(entries[at + 1], '^(%d+) (.*)$')
    if not moment or tonumber(moment) >= BAND then
      note(id or entries[at + 1], 'UNREADABLE')
      redis.call('HDEL', SUCCESSORS, key)
    elseif not (redis.call('ZSCORE', WAITING, id) and asks_for(id, key)) then
      note(id, 'STRAY')
      redis.call('HDEL', SUCCESSORS, key)
    elseif redis.call('HEXISTS', UNIQUE, key) == 0 then
      note(id, 'KEY_LOST')
      free_key(key)
    end
  end
end
