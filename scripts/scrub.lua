#!lua flags=allow-oom
-- WAITING|LEASED|DEAD|ENDED -> WAITING|LEASED|DEAD|CANCELLED|ENDED|GONE  Finds tasks that are in two states or in none, and repairs them.
--
-- No other script leaves a task like that; eviction, restored backups of single keys and manual changes do. If a task
-- is in two states, an ended one wins over leased, and leased over waiting. A leased task without a record is not
-- changed: its worker has already read the record.
--
-- KEYS waiting tasks leases held tries failures dead cancelling traits expiring watched checkpoints reports unique successors outcomes finished repairs
-- ARG cursor        text   scan cursor in the first part; 0 is its beginning
-- ARG limit         int    approximate number of tasks to check
-- ARG lease_ms      int    length of the lease that is given to a held task without a lease
-- ARG retention_ms  int    how long an outcome is kept that had no time to be forgotten
-- ARG priority      int    priority that is given to a task that lost its score
-- ARG no_record     bytes  failure that is stored for a task whose record is lost
-- ARG no_failure    bytes  failure that is stored for a dead task whose own is lost
-- ROW part          text   the name of a key to look through: waiting, tasks, ... finished
-- Returns {'SCRUBBED', parts_done, cursor, unplaced, unleased, untimed, (id, kind)*} unplaced, unleased and untimed are differences between sizes of keys, each 0 in a sound queue; kind is RECORD_LOST, PLACE_LOST, LEASE_LOST, HOLDER_LOST, OUTCOME_LOST, EXPIRY_LOST, FAILURE_LOST, DEADLINE_LOST, KEY_LOST, TWICE, STRAY, UNREADABLE or CANCELLED
-- Cost O((limit + size of a small key) * log waiting)
-- include: time
-- include: text
-- include: score
-- include: chunks
-- include: scores
-- include: reschedule
-- include: enter
-- include: burial
-- include: holder
-- include: lease
-- include: tries
-- include: cancelled
-- include: traits
-- include: mend_unique

local now_ms = math.floor(server_us() / 1000)
local keys = {
  waiting = WAITING, tasks = TASKS, leases = LEASES, held = HELD, tries = TRIES, failures = FAILURES, dead = DEAD,
  cancelling = CANCELLING, traits = TRAITS, expiring = EXPIRING, watched = WATCHED, checkpoints = CHECKPOINTS,
  reports = REPORTS, outcomes = OUTCOMES, finished = FINISHED, unique = UNIQUE, successors = SUCCESSORS,
}
local SORTED = {waiting = true, leases = true, dead = true, expiring = true, finished = true}
local reply = {'SCRUBBED', 0, '0', 0, 0, 0}

-- For each state, the keys that may contain the task. 'nowhere': it has a record but no state. 'gone': it has neither.
local BELONGS = {
  outcomes = {outcomes = true, finished = true, reports = true},
  dead = {
    dead = true, tasks = true, tries = true, failures = true, traits = true, expiring = true, checkpoints = true,
    reports = true,
  },
  held = {
    held = true, leases = true, tasks = true, tries = true, failures = true, cancelling = true, traits = true,
    expiring = true, watched = true, checkpoints = true, reports = true,
  },
  waiting = {
    waiting = true, tasks = true, tries = true, failures = true, cancelling = true, traits = true, expiring = true,
    watched = true, checkpoints = true, reports = true,
  },
  nowhere = {
    tasks = true, tries = true, failures = true, cancelling = true, traits = true, expiring = true, watched = true,
    checkpoints = true, reports = true,
  },
  gone = {},
}
-- If a key contains a task that does not belong there, this kind of repair is reported; if several do, the first one.
local LEFTOVERS = {
  {'waiting', 'TWICE'}, {'held', 'TWICE'}, {'dead', 'TWICE'}, {'leases', 'HOLDER_LOST'}, {'finished', 'OUTCOME_LOST'},
  {'tasks', 'STRAY'}, {'tries', 'STRAY'}, {'failures', 'STRAY'}, {'cancelling', 'STRAY'}, {'traits', 'STRAY'},
  {'expiring', 'STRAY'}, {'watched', 'STRAY'}, {'checkpoints', 'STRAY'}, {'reports', 'STRAY'},
}

-- Counts and reports a repair. Called before the repair is made.
local function note(id, kind)
  if type(redis.pcall('HINCRBY', REPAIRS, kind, 1)) == 'table' then
    -- Another program wrote there what is no number; the repair is worth more than the count.
    redis.call('HSET', REPAIRS, kind, 1)
  end
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

-- The contents of `unique` and of `successors` that this call checks.
local holders, successors = {}, {}

-- Scans the parts from the cursor on until it has about `limit` ids. Returns them without duplicates.
local function collect()
  local ids, seen = {}, {}
  for _, part in rows() do
    local page
    if SORTED[part] then
      page = redis.call('ZSCAN', keys[part], cursor, 'COUNT', limit)
    else
      -- A report may have 16 KiB, and Redis answers the values with the ids.
      local count = part == 'reports' and math.ceil(limit / 4) or limit
      page = redis.call('HSCAN', keys[part], cursor, 'COUNT', count)
    end
    -- The fields of these two are no ids; they are mended after the tasks.
    if part == 'unique' then
      holders, page[2] = page[2], {}
    elseif part == 'successors' then
      successors, page[2] = page[2], {}
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

-- The name of the first key whose value for this task cannot be read: other scripts would fail at it every time.
local function unreadable(found)
  local score, expiry = tonumber(found.waiting or 0), tonumber(found.leases or 0)
  if score < 0 or score >= 256 * BAND or score ~= math.floor(score) then
    return 'waiting'
  elseif expiry > now_ms + 2 * LONGEST_LEASE_MS then
    return 'leases'
  elseif found.held and not holder_parts(found.held) then
    return 'held'
  elseif found.tries and not string.match(found.tries, ALL_TRIES) then
    return 'tries'
  elseif found.failures and not string.find(found.failures, '^%d+ ') then
    return 'failures'
  elseif found.cancelling and not string.find(found.cancelling, REQUEST) then
    return 'cancelling'
  elseif found.traits and not string.find(found.traits, '^%l+=%S+ ') then
    return 'traits'
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

-- The score the task had when it last failed; if there is none, a score with the given priority, due now.
local function known_score(found)
  return found.failures and string.match(found.failures, '^%d+') or text(priority * BAND + now_ms)
end

-- Stores an empty record for the lost one, so that the task stays visible and a new task with its id is noticed.
local function bury_without_record(id, found)
  note(id, 'RECORD_LOST')
  redis.call('HSET', TASKS, id, '')
  if not found.dead then
    redis.call('ZREM', WAITING, id)
    bury(id, text(tonumber(found.waiting)), no_record, now_ms)
  end
end

-- A task that may not start from some moment on must also be in `expiring`, else nothing would end it; and the other way
-- round.
local function mend_expiry(id, found)
  local moment = start_limit(found.traits or '')
  if moment and not found.expiring then
    note(id, 'DEADLINE_LOST')
    redis.call('ZADD', EXPIRING, text(moment), id)
  elseif found.expiring and not moment then
    note(id, 'STRAY')
    remove('expiring', id, found)
  end
end

-- For each state: adds the data that a task in this state must have.
local mend = {gone = function() end}

function mend.outcomes(id, found)
  if not found.finished then
    note(id, 'EXPIRY_LOST')
    redis.call('ZADD', FINISHED, text(now_ms + retention_ms), id)
  end
end

function mend.dead(id, found)
  if not found.tasks then
    bury_without_record(id, found)
  end
  if not found.failures then
    note(id, 'FAILURE_LOST')
    redis.call('HSET', FAILURES, id, known_score(found) .. ' ' .. no_failure)
  end
end

function mend.held(id, found)
  if not found.leases then
    note(id, 'LEASE_LOST')
    redis.call('ZADD', LEASES, text(now_ms + lease_ms), id)
  end
  mend_expiry(id, found)
  mend_key(id, found.traits, nil, now_ms, note)
end

function mend.waiting(id, found)
  if found.cancelling then
    note(id, 'CANCELLED')
    redis.call('ZREM', WAITING, id)
    end_if_cancelling(id, found.waiting and text(tonumber(found.waiting)) or known_score(found), now_ms)
    return
  elseif not found.tasks then
    bury_without_record(id, found)
    return
  end
  mend_expiry(id, found)
  mend_key(id, found.traits, found.waiting, now_ms, note)
end

function mend.nowhere(id, found)
  if found.cancelling then
    mend.waiting(id, found)
    return
  end
  note(id, 'PLACE_LOST')
  enter({reschedule(known_score(found), now_ms), id})
  mend_expiry(id, found)
  mend_key(id, found.traits, nil, now_ms, note)
end

check_keys()
local ids = collect()
local waiting, leases = scores_of(WAITING, ids), scores_of(LEASES, ids)
local dead, finished = scores_of(DEAD, ids), scores_of(FINISHED, ids)
local expiring = scores_of(EXPIRING, ids)
local held, tries, failures = fields(HELD, ids), fields(TRIES, ids), fields(FAILURES, ids)
local requests, traits, watched = fields(CANCELLING, ids), fields(TRAITS, ids), fields(WATCHED, ids)
local any_outcome, any_checkpoint = redis.call('HLEN', OUTCOMES) > 0, redis.call('HLEN', CHECKPOINTS) > 0
local any_report = redis.call('HLEN', REPORTS) > 0
for index = 1, #ids do
  local id = ids[index]
  local found = {
    waiting = waiting[index], leases = leases[index], dead = dead[index], finished = finished[index],
    held = held[index], tries = tries[index], failures = failures[index], cancelling = requests[index],
    traits = traits[index], expiring = expiring[index], watched = watched[index],
    tasks = redis.call('HEXISTS', TASKS, id) == 1,
    checkpoints = any_checkpoint and redis.call('HEXISTS', CHECKPOINTS, id) == 1,
    reports = any_report and redis.call('HEXISTS', REPORTS, id) == 1,
    outcomes = any_outcome and redis.call('HEXISTS', OUTCOMES, id) == 1,
  }
  remove_unreadable(id, found)
  local place = place_of(found)
  remove_leftovers(id, found, BELONGS[place])
  mend[place](id, found)
end

mend_successors(successors, note)
mend_keys(holders, now_ms, note)

reply[4] = redis.call('HLEN', TASKS) - redis.call('ZCARD', WAITING) - redis.call('HLEN', HELD) - redis.call('ZCARD', DEAD)
reply[5] = redis.call('HLEN', HELD) - redis.call('ZCARD', LEASES)
reply[6] = redis.call('HLEN', OUTCOMES) - redis.call('ZCARD', FINISHED)
return reply
