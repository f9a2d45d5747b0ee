-- KEYS waiting
-- include: bands
-- A whole number that a command answered, without the exponent in which some servers write one that ends in zeros.
local function whole(answer)
  return string.find(answer, '[.e]') and text(tonumber(answer)) or answer
end

local function members(low, high, most)
  return redis.call('ZRANGEBYSCORE', WAITING, low, high, 'WITHSCORES', 'LIMIT', 0, most)
end

local function note_due(picked, run_at)
  picked.next_due = math.min(picked.next_due or run_at, run_at)
end

local function take(picked, id, score)
  picked.count = picked.count + 1
  picked.ids[picked.count], picked.scores[picked.count] = id, whole(score)
end

-- Takes a due task. Answers false where it has to be left behind: no later one matters then.
local function take_due(picked, id, score)
  if picked.limit == 0 then
    note_due(picked, picked.now_ms)
    return false
  end
  picked.limit = picked.limit - 1
  take(picked, id, score)
  return true
end

local function take_due_of(picked, base)
  local due = members(text(base), text(base + picked.now_ms), picked.limit + 1)
  for index = 1, #due, 2 do
    if not take_due(picked, due[index], due[index + 1]) then
      return false
    end
  end
  return true
end

-- When the first task of a band falls due after a moment, nil for none.
local function first_after(base, moment)
  local found = members('(' .. text(base + moment), '(' .. text(base + BAND), 1)
  return found[1] and tonumber(found[2]) - base
end

-- Takes what of a band falls due until the horizon, and notes when the next task after that does.
local function take_ahead_of(picked, base)
  local run_at = first_after(base, picked.now_ms)
  if run_at and run_at <= picked.horizon_ms then
    local ahead = members('(' .. text(base + picked.now_ms), text(base + picked.horizon_ms), picked.ahead_limit + 1)
    for index = 1, #ahead, 2 do
      if picked.ahead_limit == 0 then
        note_due(picked, tonumber(ahead[index + 1]) - base)
        return
      end
      picked.ahead_limit = picked.ahead_limit - 1
      take(picked, ahead[index], ahead[index + 1])
    end
    run_at = first_after(base, picked.horizon_ms)
  end
  if run_at then
    note_due(picked, run_at)
  end
end

-- Takes from the front of the whole set, which mostly is all there is to take. Answers where the band begins in which a
-- task is not due yet, as later bands may have due ones; nil when nothing more can be taken.
local function take_front(picked)
  local front = members(LOWEST, BEYOND, picked.limit + 1)
  local base, now_ms = 0, picked.now_ms
  for index = 1, #front, 2 do
    local run_at = tonumber(front[index + 1]) - base
    if run_at >= BAND then
      base, run_at = base + run_at - run_at % BAND, run_at % BAND
    end
    if run_at > now_ms then
      return base
    elseif not take_due(picked, front[index], front[index + 1]) then
      return nil
    end
  end
  return nil
end

-- Picks the best tasks that are due at a moment, and those that fall due until the horizon, as many of each as asked
-- for. Answers their ids and scores, and when a further task falls due: nil for never.
local function pick(now_ms, limit, horizon_ms, ahead_limit)
  local picked = {
    ids = {}, scores = {}, count = 0, now_ms = now_ms, limit = limit, horizon_ms = horizon_ms, ahead_limit = ahead_limit,
  }
  local front = take_front(picked)
  if front then
    take_ahead_of(picked, front)
    for base, head in bands(WAITING, front + BAND) do
      if head <= base + now_ms and not take_due_of(picked, base) then
        break
      end
      take_ahead_of(picked, base)
    end
  end
  return picked.ids, picked.scores, picked.next_due
end
