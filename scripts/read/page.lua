#!lua flags=no-writes
-- READ  Lists tasks of one sorted set in a given order, after a given task: a page costs the same wherever it begins.
--
-- Due tasks are listed by priority, and by time within a priority. All others are listed by time, whatever their
-- priority: waiting tasks and leases with the earliest first, dead and ended ones with the latest first.
--
-- KEYS waiting leases dead finished
-- ARG section     text  the sorted set: waiting, leases, dead or finished
-- ARG order       text  due: the due tasks, by score; later: those not yet due, by time; rising, falling: all, by time
-- ARG after       text  score of the task after which the page begins; '' for the first page
-- ARG after_id    text  id of that task, which need not exist any more
-- ARG limit       int   maximum number of tasks
-- Returns {(id, score)*}
-- Cost O((bands in use + limit) * log set + bands in use * limit)
-- include: time
-- include: text
-- include: score
-- include: bands

local now_ms = math.floor(server_us() / 1000)
local set = ({waiting = WAITING, leases = LEASES, dead = DEAD, finished = FINISHED})[section]
local score, id = tonumber(after), after_id
local chunk
local LOWEST_BAND = -1
local falls = order == 'falling'
local step = falls and -1 or 1
local reply = {}

-- How many members have at most this score; below it, if it is given as an exclusive bound '(score'.
local function count_to(last)
  return redis.call('ZCOUNT', set, '-inf', last)
end

-- Redis orders ids byte by byte; Lua's own comparison depends on the locale of the server.
local function comes_before(one, other)
  for index = 1, math.min(#one, #other) do
    local left, right = string.byte(one, index), string.byte(other, index)
    if left ~= right then
      return left < right
    end
  end
  return #one < #other
end

-- The rank at which the listing continues after the given id, found by binary search among the members with its score.
-- In rising order the id itself is counted, because it has been listed.
local function count_to_id()
  local low, high = count_to('(' .. text(score)), count_to(text(score))
  while low < high do
    local middle = math.floor((low + high) / 2)
    local member = redis.call('ZRANGE', set, middle, middle)[1]
    if comes_before(member, id) or (member == id and not falls) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

-- How many members of a band come before the place where the page begins. Equal times are ordered by band.
local function count_to_place(base)
  local band, moment = math.floor(score / BAND) * BAND, score % BAND
  if base == band then
    return count_to_id()
  end
  local is_over = base < band
  return count_to((is_over and '' or '(') .. text(base + moment))
end

-- The ranks, first (inclusive) and last (exclusive), of the members of a band that are still to be listed.
local function ranks_of(base)
  local first = count_to('(' .. text(order == 'later' and base + now_ms + 1 or base))
  local last = count_to(order == 'due' and text(base + now_ms) or '(' .. text(base + BAND))
  if score and falls then
    last = math.min(last, count_to_place(base))
  elseif score and order ~= 'due' then
    first = math.max(first, count_to_place(base))
  elseif score then
    first = math.max(first, count_to_id())
  end
  return first, last
end

local function read(first, last)
  local found = redis.call('ZRANGE', set, first, last, 'WITHSCORES')
  if not falls then
    return found
  end
  local turned = {}
  for index = #found - 1, 1, -2 do
    turned[#turned + 1], turned[#turned + 2] = found[index], found[index + 1]
  end
  return turned
end

-- Moves to the next task of a band. When all that were read are used up, reads the next chunk.
local function advance(run)
  run.at = run.at + 2
  if run.at > #run.read and run.first < run.last then
    local count = math.min(chunk, run.last - run.first)
    if falls then
      run.last = run.last - count
      run.read = read(run.last, run.last + count - 1)
    else
      run.read = read(run.first, run.first + count - 1)
      run.first = run.first + count
    end
    run.at = 1
  end
  local next_score = tonumber(run.read[run.at + 1])
  run.moment = next_score and (next_score - run.base) * step
end

local function take(run)
  reply[#reply + 1], reply[#reply + 2] = run.read[run.at], text(tonumber(run.read[run.at + 1]))
  advance(run)
end

local function runs()
  local found = {}
  for base in bands(set, LOWEST_BAND * BAND) do
    local first, last = ranks_of(base)
    if first < last then
      found[#found + 1] = {base = base, first = first, last = last, read = {}, at = -1}
    end
  end
  -- At first, an equal share of the page is read from each band.
  chunk = math.ceil(limit / math.max(#found, 1))
  for _, run in ipairs(found) do
    advance(run)
  end
  return found
end

local function take_in_turn(all)
  for _, run in ipairs(all) do
    while #reply < 2 * limit and run.moment do
      take(run)
    end
  end
end

local function take_by_time(all)
  while #reply < 2 * limit do
    local best, nearest
    for _, run in ipairs(all) do
      local moment = run.moment
      if moment and (not nearest or moment < nearest or (moment == nearest and falls)) then
        best, nearest = run, moment
      end
    end
    if not best then
      return
    end
    take(best)
  end
end

if order == 'due' then
  take_in_turn(runs())
else
  take_by_time(runs())
end
return reply
