-- KEYS waiting
-- include: bands
-- What is picked so far, of how many more due tasks and later ones there may be, when a further one falls due, and
-- what is due now and soon enough.
local picked_ids, picked_scores, picked, due_left, ahead_left, next_due, due_ms, horizon_ms

-- A whole number that a command answered, without the exponent in which some servers write one that ends in zeros.
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

-- Takes the due tasks of a band. Answers false once one has to be left behind: no later band matters then.
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

-- When the first task of a band falls due after a moment, nil for none.
local function first_after(base, moment)
  local found = members('(' .. text(base + moment), '(' .. text(base + BAND), 1)
  return found[1] and tonumber(found[2]) - base
end

-- Takes what of a band falls due until the horizon, and notes when the next task after that does.
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

-- Takes from the front of the whole set, which mostly is all there is to take. Answers where the band begins in which a
-- task is not due yet, as later bands may have due ones; nil when nothing more can be taken.
local function take_front()
  local front = members(LOWEST, BEYOND, due_left + 1)
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

-- Picks the best tasks that are due at a moment, and those that fall due until the horizon, as many of each as asked
-- for. Answers their ids and scores, and when a further task falls due: nil for never.
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
