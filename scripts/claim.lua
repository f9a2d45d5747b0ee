#!lua flags=allow-oom
-- WAITING -> LEASED|EXPIRED|DEAD|LOST  Leases the best due tasks, and tasks that are due soon, to one worker with a new token.
--
-- Three steps: pick the best tasks, admit those that may still start, lease the admitted ones.
--
-- KEYS waiting leases held tries claims fence wake
-- USUAL waiting leases held tries claims fence wake tasks
-- ARG worker          text  who claims
-- ARG nonce           text  id of this request; a repeated request gets the same tasks again, if the worker still holds them
-- ARG limit           int   maximum number of due tasks
-- ARG ahead_ms        int   a task that is due within this time may be leased early
-- ARG ahead_limit     int   maximum number of tasks that are leased early
-- ARG lease_ms        int   length of the lease
-- ARG longest_record  int   maximum bytes of a record; for a longer record, its length is returned instead, as an integer
-- Returns {'CLAIMED', now_us, token, next_due_ms, (id, score, tries, record)*} next_due_ms is when the next remaining task is due, '' if there is none; tries end with a plus sign if the task has a checkpoint
-- Returns {'STRAY', now_us, ''} a later request of this worker was already answered; nothing is leased, because the worker ignores this reply
-- Returns {'EMPTY', now_us, next_due_ms} nothing is due, or so many tasks expired that the worker should claim again at once
-- Returns {'PAUSED', now_us, until_ms} the shard is paused, so nothing is leased; until_ms is '' if until somebody resumes it
-- Returns {'ALL_KEYS'} the shard has a format, and the call passed only the usual keys; nothing is changed
-- Cost O((bands in use + tasks taken + tasks expired) * log waiting)
-- include: time
-- include: text
-- include: score
-- include: chunks
-- include: holder
-- include: claims
-- include: pick
-- include: admit
-- include: records

-- Without a format, a shard has only plain tasks, and this script needs only its usual keys.
if format then
  need_all_keys()
end
local now_us = server_us()
local now_ms = math.floor(now_us / 1000)
-- A claim ends about this many expired tasks at most; the next claim continues.
local LOOKS = 200
local line = claim_line(worker, nonce)
local previous = redis.call('HGET', CLAIMS, line)

-- Requests are numbered: a nonce ends with a number that grows with every request of the worker.
local latest = previous and tonumber(string.match(previous, '^%S-(%d+) '))
if latest and latest > (tonumber(string.match(nonce, '%d+$')) or latest) then
  return {'STRAY', text(now_us), ''}
end

-- Leases tasks and returns the new token. ZCARD, LLEN and GET come first: if one of these keys has the wrong type, the
-- script fails before it writes anything. All other keys have already been read.
local function lease(ids, scores, next_due)
  redis.call('ZCARD', LEASES)
  local wakes = next_due == now_ms and redis.call('LLEN', WAKE) == 0
  local last = tonumber(redis.call('GET', FENCE) or '0') or 0
  -- If another program wrote something else there, such as a number too large to increment, the clock gives the token.
  local token = text(last < 2 ^ 53 and math.max(last + 1, now_us) or now_us)
  local expiry = text(now_ms + lease_ms)
  local leases, holders = {}, {}
  local before, after = token .. ' ', ' 0 ' .. worker
  for index = 1, #ids do
    leases[index * 2 - 1], leases[index * 2] = expiry, ids[index]
    holders[index * 2 - 1], holders[index * 2] = ids[index], before .. scores[index] .. after
  end
  call_in_chunks('HSET', HELD, holders)
  call_in_chunks('ZADD', LEASES, leases)
  call_in_chunks('ZREM', WAITING, ids)
  redis.call('SET', FENCE, token)
  if keyed then
    -- include: started_keys
    leave_started(ids, keyed)
  end
  redis.call('HSET', CLAIMS, line, nonce .. ' ' .. token .. ' ' .. table.concat(ids, ' '))
  if wakes then
    redis.call('RPUSH', WAKE, '1')
  end
  return token
end

-- Picks again until no picked task has expired. After about LOOKS expired tasks it stops and returns no tasks, with
-- next_due = now: more may have expired, so the worker should claim again.
local function pick_and_admit()
  local looks = LOOKS
  while true do
    local ids, scores, next_due = pick(now_ms, limit, now_ms + ahead_ms, ahead_limit)
    local expired = format and admit(ids, scores, now_ms) or 0
    if expired == 0 then
      return ids, scores, next_due
    end
    looks = looks - expired
    if looks <= 0 then
      return {}, {}, now_ms
    end
  end
end

-- The worker lost the reply to this request and sent it again: returns the tasks that it still holds with that token.
local function repeat_claim()
  local token, listed = string.match(previous, '^%S+ (%d+) (.*)$')
  local all, ids, scores = {}, {}, {}
  for id in string.gmatch(listed or '', '%S+') do
    all[#all + 1] = id
  end
  local holders = fields(HELD, all)
  for index = 1, #all do
    local held_under, score = holder_parts(holders[index])
    if held_under == token then
      ids[#ids + 1], scores[#scores + 1] = all[index], score
    end
  end
  return ids, scores, token
end

-- Answers that nothing is leased.
local function answer_nothing(status, due)
  if due ~= text(now_ms) then
    redis.call('DEL', WAKE)
  end
  if previous then
    redis.call('HDEL', CLAIMS, line)
  end
  return {status, text(now_us), due}
end

local is_repeated = previous and string.sub(previous, 1, #nonce + 1) == nonce .. ' '
if format and not is_repeated then
  -- include: paused
  local until_ms = resume_time(now_ms)
  if until_ms then
    return answer_nothing('PAUSED', until_ms)
  end
end

local ids, scores, next_due, token, records
if is_repeated then
  ids, scores, token = repeat_claim()
  records = read_records(ids, longest_record, true)
  next_due = now_ms
else
  ids, scores, next_due = pick_and_admit()
  records = read_records(ids, longest_record, false)
  for index = #ids + 1, #scores do
    next_due = math.min(next_due or BAND, math.max(scores[index] % BAND, now_ms))
  end
end
local tries = fields(TRIES, ids)
if format then
  -- include: resumable
  mark_resumable(ids, tries)
end
if #ids > 0 and not token then
  token = lease(ids, scores, next_due)
end

local due = next_due and text(next_due) or ''
if #ids == 0 then
  return answer_nothing('EMPTY', due)
end

local reply = {'CLAIMED', text(now_us), token, due}
for index = 1, #ids do
  local at = 4 * index
  reply[at + 1], reply[at + 2] = ids[index], scores[index]
  reply[at + 3], reply[at + 4] = tries[index] or '', records[index] or ''
end
return reply
