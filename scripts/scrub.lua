#!lua flags=allow-oom
-- WAITING|LEASED|DEAD|ENDED -> WAITING|LEASED|DEAD|CANCELLED|ENDED|GONE  Finds tasks that are in two places or in none, and puts each in one.
--
-- No edge leaves a task like that; eviction, backups of single keys and changes by hand do. An end is believed before a
-- lease, and a lease before waiting. A leased task without its record is left to its worker, which has read it.
--
-- KEYS[1] waiting     zset  id by score
-- KEYS[2] tasks       hash  id -> record
-- KEYS[3] leases      zset  id by expiry (ms)
-- KEYS[4] held        hash  id -> holder
-- KEYS[5] tries       hash  id -> tries
-- KEYS[6] failures    hash  id -> last failure
-- KEYS[7] dead        zset  id by time of death (ms)
-- KEYS[8] cancelling  hash  id -> request
-- KEYS[9] outcomes    hash  id -> token and outcome
-- KEYS[10] finished   zset  id by the time it is forgotten (ms), BAND less where it may be sooner
-- KEYS[11] wake       list  at most one element
-- KEYS[12] repairs    hash  kind of repair -> how many there were
-- ARGV[1] cursor        text   where to go on in the first part; 0 is its beginning
-- ARGV[2] limit         int    tasks to look at, about
-- ARGV[3] lease_ms      int    the lease of a task that is held without one
-- ARGV[4] retention_ms  int    how long an outcome is kept that nobody would forget
-- ARGV[5] priority      int    of a task that lost its place
-- ARGV[6] no_record     bytes  failure of a task whose record is lost
-- ARGV[7] no_failure    bytes  failure of a dead task whose own is lost
-- ARGV[8..] part        text   the name of a key to look through: waiting, tasks, ... finished
-- Returns {'SCRUBBED', parts_done, cursor, unplaced, unleased, untimed, (id, kind)*} the three are how far the sizes of keys are from what they are in a sound queue, 0 in one; kind is RECORD_LOST, PLACE_LOST, LEASE_LOST, HOLDER_LOST, OUTCOME_LOST, EXPIRY_LOST, FAILURE_LOST, TWICE, STRAY, UNREADABLE or CANCELLED
-- Cost O((limit + size of a small key) * log waiting)
-- include: time
-- include: text
-- include: score
-- include: chunks
-- include: scores
-- include: wake
-- include: holder
-- include: lease
-- include: tries
-- include: outcome
-- include: cancelled

local now_ms = math.floor(server_us() / 1000)
local limit, lease_ms, retention_ms = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local keys = {
  waiting = KEYS[1], tasks = KEYS[2], leases = KEYS[3], held = KEYS[4], tries = KEYS[5], failures = KEYS[6],
  dead = KEYS[7], cancelling = KEYS[8], outcomes = KEYS[9], finished = KEYS[10],
}
local SORTED = {waiting = true, leases = true, dead = true, finished = true}
local reply = {'SCRUBBED', 0, '0', 0, 0, 0}

-- What there may be of a task in each place; what a task is made of that is in none; nothing.
local BELONGS = {
  outcomes = {outcomes = true, finished = true},
  dead = {dead = true, tasks = true, tries = true, failures = true},
  held = {held = true, leases = true, tasks = true, tries = true, failures = true, cancelling = true},
  waiting = {waiting = true, tasks = true, tries = true, failures = true, cancelling = true},
  nowhere = {tasks = true, tries = true, failures = true, cancelling = true},
  gone = {},
}
-- What it says of a task that something is there that does not belong to it; the first counts.
local LEFTOVERS = {
  {'waiting', 'TWICE'}, {'held', 'TWICE'}, {'dead', 'TWICE'}, {'leases', 'HOLDER_LOST'}, {'finished', 'OUTCOME_LOST'},
  {'tasks', 'STRAY'}, {'tries', 'STRAY'}, {'failures', 'STRAY'}, {'cancelling', 'STRAY'},
}

-- Counts a repair, before it is made.
local function note(id, kind)
  redis.call('HINCRBY', KEYS[12], kind, 1)
  reply[#reply + 1] = id
  reply[#reply + 1] = kind
end

local function remove(name, id, found)
  if SORTED[name] then
    redis.call('ZREM', keys[name], id)
  else
    redis.call('HDEL', keys[name], id)
  end
  found[name] = false
end

-- The ids in the parts, from the cursor on, until there are enough.
local function collect()
  local ids, seen, cursor = {}, {}, ARGV[1]
  for index = 8, #ARGV do
    local part = ARGV[index]
    local page
    if SORTED[part] then
      page = redis.call('ZSCAN', keys[part], cursor, 'COUNT', limit)
    else
      page = redis.call('HSCAN', keys[part], cursor, 'COUNT', limit)
    end
    for at = 1, #page[2], 2 do
      local id = page[2][at]
      if not seen[id] then
        seen[id] = true
        ids[#ids + 1] = id
      end
    end
    cursor = page[1]
    reply[3] = cursor
    if cursor ~= '0' then
      break
    end
    reply[2] = reply[2] + 1
    if #ids >= limit then
      break
    end
  end
  return ids
end

-- What of a task another script would fail at, again and again.
local function unreadable(found)
  local score, expiry = tonumber(found.waiting or 0), tonumber(found.leases or 0)
  if score < 0 or score >= 256 * BAND or score ~= math.floor(score) then
    return 'waiting'
  elseif expiry > now_ms + 2 * LONGEST_LEASE_MS then
    return 'leases'
  elseif found.held and not holder_parts(found.held) then
    return 'held'
  elseif found.tries and not string.match(found.tries, TRIES) then
    return 'tries'
  elseif found.failures and not string.find(found.failures, '^%d+ ') then
    return 'failures'
  elseif found.cancelling and not string.find(found.cancelling, REQUEST) then
    return 'cancelling'
  end
end

local function remove_unreadable(id, found)
  local name = unreadable(found)
  while name do
    note(id, 'UNREADABLE')
    remove(name, id, found)
    name = unreadable(found)
  end
end

local function place_of(found)
  return found.outcomes and 'outcomes'
    or found.dead and 'dead'
    or found.held and 'held'
    or found.waiting and 'waiting'
    or found.tasks and 'nowhere'
    or 'gone'
end

local function remove_leftovers(id, found, belonging)
  local noted = false
  for _, leftover in ipairs(LEFTOVERS) do
    local name = leftover[1]
    if found[name] and not belonging[name] then
      if not noted then
        note(id, leftover[2])
        noted = true
      end
      remove(name, id, found)
    end
  end
end

-- The score a task had when it last failed, else one of its own for now.
local function known_score(found)
  return found.failures and string.match(found.failures, '^%d+') or text(tonumber(ARGV[5]) * BAND + now_ms)
end

-- An empty record stands for the lost one, so that the task is seen, and no other may take its id unnoticed.
local function bury_without_record(id, found)
  note(id, 'RECORD_LOST')
  redis.call('HSET', keys.tasks, id, '')
  if not found.dead then
    redis.call('HSET', keys.failures, id, text(tonumber(found.waiting)) .. ' ' .. ARGV[6])
    redis.call('ZREM', keys.waiting, id)
    redis.call('ZADD', keys.dead, text(now_ms), id)
  end
end

-- What is missing in each place is put there.
local mend = {gone = function() end}

function mend.outcomes(id, found)
  if not found.finished then
    note(id, 'EXPIRY_LOST')
    redis.call('ZADD', keys.finished, text(now_ms + retention_ms), id)
  end
end

function mend.dead(id, found)
  if not found.tasks then
    bury_without_record(id, found)
  end
  if not found.failures then
    note(id, 'FAILURE_LOST')
    redis.call('HSET', keys.failures, id, known_score(found) .. ' ' .. ARGV[7])
  end
end

function mend.held(id, found)
  if not found.leases then
    note(id, 'LEASE_LOST')
    redis.call('ZADD', keys.leases, text(now_ms + lease_ms), id)
  end
end

function mend.waiting(id, found)
  if found.cancelling then
    note(id, 'CANCELLED')
    redis.call('ZREM', keys.waiting, id)
    end_if_cancelling(keys, id, now_ms)
  elseif not found.tasks then
    bury_without_record(id, found)
  end
end

function mend.nowhere(id, found)
  if found.cancelling then
    mend.waiting(id, found)
    return
  end
  note(id, 'PLACE_LOST')
  redis.call('ZADD', keys.waiting, text(band_of(tonumber(known_score(found))) * BAND + now_ms), id)
  wake_one(KEYS[11])
end

-- Fails before anything is written, should the key be of another type. All others are read.
redis.call('LLEN', KEYS[11])
local ids = collect()
local waiting, leases = scores_of(KEYS[1], ids), scores_of(KEYS[3], ids)
local dead, finished = scores_of(KEYS[7], ids), scores_of(KEYS[10], ids)
local held, tries, failures = fields(KEYS[4], ids), fields(KEYS[5], ids), fields(KEYS[6], ids)
local requests = fields(KEYS[8], ids)
local any_outcome = redis.call('HLEN', KEYS[9]) > 0
for index = 1, #ids do
  local id = ids[index]
  local found = {
    waiting = waiting[index], leases = leases[index], dead = dead[index], finished = finished[index],
    held = held[index], tries = tries[index], failures = failures[index], cancelling = requests[index],
    tasks = redis.call('HEXISTS', KEYS[2], id) == 1,
    outcomes = any_outcome and redis.call('HEXISTS', KEYS[9], id) == 1,
  }
  remove_unreadable(id, found)
  local place = place_of(found)
  remove_leftovers(id, found, BELONGS[place])
  mend[place](id, found)
end

reply[4] = redis.call('HLEN', KEYS[2]) - redis.call('ZCARD', KEYS[1]) - redis.call('HLEN', KEYS[4])
  - redis.call('ZCARD', KEYS[7])
reply[5] = redis.call('HLEN', KEYS[4]) - redis.call('ZCARD', KEYS[3])
reply[6] = redis.call('HLEN', KEYS[9]) - redis.call('ZCARD', KEYS[10])
return reply
