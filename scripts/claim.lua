#!lua flags=allow-oom
-- WAITING -> LEASED  Leases the best due tasks, and those about to fall due, to one worker under a new token.
--
-- KEYS[1] waiting  zset    id by score
-- KEYS[2] tasks    hash    id -> record
-- KEYS[3] leases   zset    id by expiry (ms)
-- KEYS[4] held     hash    id -> holder
-- KEYS[5] tries    hash    id -> tries
-- KEYS[6] claims   hash    worker and line -> nonce, token and ids of its latest claim
-- KEYS[7] fence    string  the last token
-- KEYS[8] wake     list    at most one element
-- ARGV[1] worker       text  who claims
-- ARGV[2] nonce        text  of this request; repeated, it is answered with the same tasks as far as still held
-- ARGV[3] limit        int   due tasks at most
-- ARGV[4] ahead_ms     int   how far ahead a task may fall due
-- ARGV[5] ahead_limit  int   tasks not yet due at most
-- ARGV[6] lease_ms     int   length of the lease
-- ARGV[7] longest      int   bytes of a record at most; of a longer one the length is given, as an integer
-- Returns {'CLAIMED', now_us, token, next_due_ms, (id, score, tries, record)*} next_due_ms is when a further task is due, '' for none
-- Returns {'EMPTY', now_us, next_due_ms} nothing is due
-- Cost O((bands in use + tasks taken) * log waiting)
-- include: time
-- include: text
-- include: score
-- include: chunks
-- include: holder
-- include: claims

local now_us = server_us()
local now_ms = math.floor(now_us / 1000)
local worker, nonce = ARGV[1], ARGV[2]
local line = claim_line(worker, nonce)
local longest = tonumber(ARGV[7])
local limit, ahead_limit = tonumber(ARGV[3]), tonumber(ARGV[5])
local horizon = now_ms + tonumber(ARGV[4])
local ids, scores, count = {}, {}, 0
-- The records of a claim are no longer than this together, unless one alone is: others wait while they are sent.
local REPLY_BYTES = 4194304
local TOGETHER = 8
local token, next_due
local previous = redis.call('HGET', KEYS[6], line)
local is_repeated = previous and string.sub(previous, 1, #nonce + 1) == nonce .. ' '

local function note_due(run_at)
  if not next_due or run_at < next_due then
    next_due = run_at
  end
end

local function members(low, high, first, most)
  return redis.call('ZRANGEBYSCORE', KEYS[1], low, high, 'WITHSCORES', 'LIMIT', first, most)
end

local function take(id, score)
  count = count + 1
  ids[count], scores[count] = id, whole(score)
end

-- When the first task of a band falls due after a moment, nil for none.
local function first_after(base, moment)
  local found = members('(' .. text(base + moment), '(' .. text(base + BAND), 0, 1)
  return found[1] and tonumber(found[2]) - base
end

-- Takes the due head of a band. Answers false once a due task had to be left behind: no later band matters then.
local function take_due(base)
  local due = members(text(base), text(base + now_ms), 0, limit + 1)
  for index = 1, #due, 2 do
    if limit == 0 then
      note_due(now_ms)
      return false
    end
    limit = limit - 1
    take(due[index], due[index + 1])
  end
  return true
end

-- Takes what falls due within the horizon, and notes when the next task after that does.
local function take_ahead(base)
  local run_at = first_after(base, now_ms)
  if run_at and run_at <= horizon then
    local ahead = members('(' .. text(base + now_ms), text(base + horizon), 0, ahead_limit + 1)
    for index = 1, #ahead, 2 do
      if ahead_limit == 0 then
        note_due(tonumber(ahead[index + 1]) - base)
        return
      end
      ahead_limit = ahead_limit - 1
      take(ahead[index], ahead[index + 1])
    end
    run_at = first_after(base, horizon)
  end
  if run_at then
    note_due(run_at)
  end
end

-- Takes from the front of the whole set, which mostly is all there is to take. Answers the band in which a task is not
-- due yet, as later bands may have due ones; nil when nothing more can be taken.
local function take_front()
  local page = members(LOWEST, BEYOND, 0, limit + 1)
  local band, start = 0, 0
  for index = 1, #page, 2 do
    local run_at = tonumber(page[index + 1]) - start
    if run_at >= BAND then
      band = band_of(run_at + start)
      start, run_at = band * BAND, (run_at + start) % BAND
    end
    if run_at <= now_ms then
      if limit == 0 then
        note_due(now_ms)
        return nil
      end
      limit = limit - 1
      take(page[index], page[index + 1])
    else
      return band
    end
  end
  return nil
end

-- Hops from band to band, from one on.
local function take_from(low)
  for _ = 0, 255 do
    local head = members(text(low), BEYOND, 0, 1)
    if not head[1] then
      return
    end
    local base = band_of(tonumber(head[2])) * BAND
    if tonumber(head[2]) <= base + now_ms and not take_due(base) then
      return
    end
    take_ahead(base)
    low = base + BAND
  end
end

local function take_best()
  local band = take_front()
  if band then
    take_ahead(band * BAND)
    take_from((band + 1) * BAND)
  end
end

local function leave_from(first)
  for index = first, count do
    note_due(math.max(scores[index] % BAND, now_ms))
    ids[index], scores[index] = nil, nil
  end
  count = first - 1
end

-- Reads what is left of the records one by one, and of one that is too long its length alone.
local function read_warily(records, room, first)
  for index = first, count do
    local length = redis.call('HSTRLEN', KEYS[2], ids[index])
    if length > longest then
      records[index] = length
    else
      room = room - length
      if room < 0 and index > 1 and not is_repeated then
        leave_from(index)
        return
      end
      records[index] = redis.call('HGET', KEYS[2], ids[index])
    end
  end
end

-- Answers the records, and leaves behind the tasks for whose records there is no room in the reply. A few are read at
-- once, which costs a third of asking for the length of each; none of ours is too long.
local function read_records()
  local records, room = {}, REPLY_BYTES
  for first = 1, count, TOGETHER do
    local found = some_fields(KEYS[2], ids, first, math.min(first + TOGETHER - 1, count))
    for at = 1, #found do
      local record, index = found[at], first + at - 1
      local length = record and #record or 0
      if length > longest then
        read_warily(records, room, index)
        return records
      end
      room = room - length
      if room < 0 and index > 1 and not is_repeated then
        leave_from(index)
        return records
      end
      records[index] = record
    end
  end
  return records
end

-- What a key of another type makes fail comes before anything is written: all others have been read by now.
local function lease()
  redis.call('ZCARD', KEYS[3])
  local wakes = next_due == now_ms and redis.call('LLEN', KEYS[8]) == 0
  local last = tonumber(redis.call('GET', KEYS[7]) or '0') or 0
  -- What somebody else wrote there, such as a number too large to grow, counts as lost.
  token = text(last < 2 ^ 53 and math.max(last + 1, now_us) or now_us)
  local expiry = text(now_ms + tonumber(ARGV[6]))
  local leases, holders = {}, {}
  local before, after = token .. ' ', ' 0 ' .. worker
  for index = 1, count do
    leases[index * 2 - 1], leases[index * 2] = expiry, ids[index]
    holders[index * 2 - 1], holders[index * 2] = ids[index], before .. scores[index] .. after
  end
  call_in_chunks('HSET', KEYS[4], holders)
  call_in_chunks('ZADD', KEYS[3], leases)
  call_in_chunks('ZREM', KEYS[1], ids)
  redis.call('SET', KEYS[7], token)
  redis.call('HSET', KEYS[6], line, nonce .. ' ' .. token .. ' ' .. table.concat(ids, ' '))
  if wakes then
    redis.call('RPUSH', KEYS[8], '1')
  end
end

-- The reply of the same request was lost: what is still held under its token is given again.
local function repeat_claim(previous)
  local listed
  token, listed = string.match(previous, '^%S+ (%d+) (.*)$')
  local all = {}
  for id in string.gmatch(listed or '', '%S+') do
    all[#all + 1] = id
  end
  local holders = fields(KEYS[4], all)
  for index = 1, #all do
    local held_under, score = holder_parts(holders[index])
    if held_under == token then
      count = count + 1
      ids[count], scores[count] = all[index], score
    end
  end
  next_due = now_ms
end

if is_repeated then
  repeat_claim(previous)
else
  take_best()
end
local records = read_records()
local tries = fields(KEYS[5], ids)
if count > 0 and not is_repeated then
  lease()
end

local due = next_due and text(next_due) or ''
if count == 0 then
  if next_due ~= now_ms then
    redis.call('DEL', KEYS[8])
  end
  if previous then
    redis.call('HDEL', KEYS[6], line)
  end
  return {'EMPTY', text(now_us), due}
end

local reply = {'CLAIMED', text(now_us), token, due}
for index = 1, count do
  local at = 4 * index
  reply[at + 1], reply[at + 2] = ids[index], scores[index]
  reply[at + 3], reply[at + 4] = tries[index] or '', records[index] or ''
end
return reply
