-- KEYS waiting
-- include: bands
-- Picks the best tasks that are due at a moment, and those that fall due until a later one, as many of each as asked
-- for. Answers their ids and scores, and when a further task falls due: nil for never.
local function pick(now_ms, limit, horizon_ms, ahead_limit)
  local ids, scores, count, next_due = {}, {}, 0, nil

  local function note_due(run_at)
    if not next_due or run_at < next_due then
      next_due = run_at
    end
  end

  local function members(low, high, most)
    return redis.call('ZRANGEBYSCORE', WAITING, low, high, 'WITHSCORES', 'LIMIT', 0, most)
  end

  local function take(id, score)
    count = count + 1
    ids[count], scores[count] = id, whole(score)
  end

  -- Takes the due head of a band. Answers false once a due task had to be left behind: no later band matters then.
  local function take_due(found, base)
    for index = 1, #found, 2 do
      if tonumber(found[index + 1]) - base > now_ms then
        break
      elseif limit == 0 then
        note_due(now_ms)
        return false
      end
      limit = limit - 1
      take(found[index], found[index + 1])
    end
    return true
  end

  -- When the first task of a band falls due after a moment, nil for none.
  local function first_after(base, moment)
    local found = members('(' .. text(base + moment), '(' .. text(base + BAND), 1)
    return found[1] and tonumber(found[2]) - base
  end

  -- Takes what falls due until the horizon, and notes when the next task after that does.
  local function take_ahead(base)
    local run_at = first_after(base, now_ms)
    if run_at and run_at <= horizon_ms then
      local ahead = members('(' .. text(base + now_ms), text(base + horizon_ms), ahead_limit + 1)
      for index = 1, #ahead, 2 do
        if ahead_limit == 0 then
          note_due(tonumber(ahead[index + 1]) - base)
          return
        end
        ahead_limit = ahead_limit - 1
        take(ahead[index], ahead[index + 1])
      end
      run_at = first_after(base, horizon_ms)
    end
    if run_at then
      note_due(run_at)
    end
  end

  -- Takes from the front of the whole set, which mostly is all there is to take. Answers the base of the band in which a
  -- task is not due yet, as later bands may have due ones; nil when nothing more can be taken.
  local function take_front()
    local found = members(LOWEST, BEYOND, limit + 1)
    local base = 0
    for index = 1, #found, 2 do
      local run_at = tonumber(found[index + 1]) - base
      if run_at >= BAND then
        base, run_at = base + run_at - run_at % BAND, run_at % BAND
      end
      if run_at > now_ms then
        return base
      elseif limit == 0 then
        note_due(now_ms)
        return nil
      end
      limit = limit - 1
      take(found[index], found[index + 1])
    end
    return nil
  end

  local front = take_front()
  if front then
    take_ahead(front)
    for base, head in bands(WAITING, front + BAND) do
      if head <= base + now_ms and not take_due(members(text(base), text(base + now_ms), limit + 1), base) then
        break
      end
      take_ahead(base)
    end
  end
  return ids, scores, next_due
end
