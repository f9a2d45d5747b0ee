-- KEYS waiting
-- include: bands
-- The state of one pick: ids and scores picked so far and their count; how many more due tasks and not yet due tasks
-- may be picked; when the next remaining task is due (nil: never); the present moment; and the latest due time to pick.
local picked_ids, picked_scores, picked, due_left, ahead_left, next_due, due_ms, horizon_ms

-- A whole number from a reply, as plain digits: some servers write numbers that end in zeros with an exponent.
local function whole(answer)
  return string.find(answer, '[.e]') and text(tonumber(answer)) or answer
end

local function members(low, high, most)
  return redis.call('ZRANGEBYSCORE', WAITING, low, high, 'WITHSCORES', 'LIMIT', 0, most)
end

local function note_due(run_at)
  if not next_due or run_at < next_due then
    next_due = run_at
  end
end

local function take(id, score)
  picked = picked + 1
  picked_ids[picked], picked_scores[picked] = id, whole(score)
end

-- Picks the due tasks of a band. Returns false when the limit leaves a due task behind: later bands then do not matter.
local function take_due_of(base)
  local due = members(text(base), text(base + due_ms), due_left + 1)
  for index = 1, #due, 2 do
    if due_left == 0 then
      note_due(due_ms)
      return false
    end
    due_left = due_left - 1
    take(due[index], due[index + 1])
  end
  return true
end

-- The due time of the first task of a band that is due after a moment; nil if there is none.
local function first_after(base, moment)
  local found = members('(' .. text(base + moment), '(' .. text(base + BAND), 1)
  return found[1] and tonumber(found[2]) - base
end

-- Picks the tasks of a band that are due until the horizon, and notes when the first task that is left is due.
local function take_ahead_of(base)
  local run_at = first_after(base, due_ms)
  if run_at and run_at <= horizon_ms then
    local ahead = members('(' .. text(base + due_ms), text(base + horizon_ms), ahead_left + 1)
    for index = 1, #ahead, 2 do
      if ahead_left == 0 then
        note_due(tonumber(ahead[index + 1]) - base)
        return
      end
      ahead_left = ahead_left - 1
      take(ahead[index], ahead[index + 1])
    end
    run_at = first_after(base, horizon_ms)
  end
  if run_at then
    note_due(run_at)
  end
end

-- Picks due tasks from the front of the whole set; usually these are all. If it meets a task that is not due yet, it
-- returns the lowest score of that band, because later bands may have due tasks. Returns nil if no more can be picked.
local function take_front()
  local front = members(LOWEST, ABOVE_HIGHEST, due_left + 1)
  local base = 0
  for index = 1, #front, 2 do
    local run_at = tonumber(front[index + 1]) - base
    if run_at >= BAND then
      base, run_at = base + run_at - run_at % BAND, run_at % BAND
    end
    if run_at > due_ms then
      return base
    elseif due_left == 0 then
      note_due(due_ms)
      return nil
    end
    due_left = due_left - 1
    take(front[index], front[index + 1])
  end
  return nil
end

-- Picks the best `limit` tasks that are due at `now_ms`, and at most `ahead_limit` tasks that are due until `until_ms`.
-- It returns their ids, their scores, and when the next remaining task is due (nil: never). It writes nothing.
local function pick(now_ms, limit, until_ms, ahead_limit)
  picked_ids, picked_scores, picked, next_due = {}, {}, 0, nil
  due_left, ahead_left, due_ms, horizon_ms = limit, ahead_limit, now_ms, until_ms
  local front = take_front()
  if front then
    take_ahead_of(front)
    for base, head in bands(WAITING, front + BAND) do
      if head <= base + due_ms and not take_due_of(base) then
        break
      end
      take_ahead_of(base)
    end
  end
  return picked_ids, picked_scores, next_due
end
