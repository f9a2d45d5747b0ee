-- KEYS traits expiring
-- include: text
-- include: format
-- The traits of a task are short texts, one after the other, each 'name=value ' with a space at its end. These limit
-- when it may start:
--   deadline=moment   no attempt but the first may begin from this moment (ms) on; written `deadline=moment!` once the
--                     task has started
--   expires=moment retention_ms outcome   the first attempt may not begin from this moment on
--   once=token retention_ms outcome       it started under this token, and may never start again
-- At most one of the last two stands there, as the last trait. Its outcome, to which the time of the end is added, is how
-- the task ends then. `expiring` has the moment of `expires` or, if the task has started, of `deadline`.
local DEADLINE = ' deadline=(%d+)(!?) '
local EXPIRES = 'expires=(%d+) (%-?%d+) (.*)$'
local ONCE = 'once=(%d+) (%-?%d+) (.*)$'

-- The moment from which on the next attempt may not begin; nil if there is none.
local function start_limit(traits)
  local moment = string.match(traits, EXPIRES)
  if not moment then
    local deadline, started = string.match(' ' .. traits, DEADLINE)
    moment = started == '!' and deadline
  end
  return moment and tonumber(moment)
end

-- The traits without those that limit when the task may start.
local function without_limits(traits)
  local others = string.gsub(string.gsub(traits, EXPIRES, ''), ONCE, '')
  return string.sub(string.gsub(' ' .. others, DEADLINE, ' '), 2)
end

local function write_traits(id, traits, limit_ms)
  if traits == '' then
    redis.call('HDEL', TRAITS, id)
  else
    redis.call('HSET', TRAITS, id, traits)
  end
  if limit_ms then
    redis.call('ZADD', EXPIRING, text(limit_ms), id)
  else
    redis.call('ZREM', EXPIRING, id)
  end
end

-- Lifts every limit of when a task may start.
local function lift_limits(id)
  local traits = redis.call('HGET', TRAITS, id) or ''
  local others = without_limits(traits)
  if others ~= traits then
    write_traits(id, others)
  end
end

-- Notes that a task has started: it cannot expire any more, and from now on its deadline counts. `given_ms` may be
-- another deadline (nil: none); the earlier one counts. Returns it; infinity if there is none.
local function note_started(id, given_ms)
  local traits = redis.call('HGET', TRAITS, id) or ''
  local deadline = string.match(' ' .. traits, DEADLINE)
  deadline = math.min(tonumber(deadline or math.huge), given_ms or math.huge)
  if deadline < math.huge then
    need_format(3)
    write_traits(id, 'deadline=' .. text(deadline) .. '! ' .. without_limits(traits), deadline)
  elseif traits ~= '' then
    lift_limits(id)
  end
  return deadline
end
