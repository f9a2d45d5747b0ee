-- KEYS waiting
-- include: whole
-- Goes on with a pick band by band. The due tasks of the band `front` are picked already, as `ids` and `scores`. Picks
-- `due_left` more due tasks and at most `ahead_left` tasks that are due until `until_ms`. Returns when the next remaining
-- task is due (nil: never). The functions stand inside this one, because a busy queue does not need them, and Redis makes
-- each function anew in every call of a script.
local function pick_by_band(front, ids, scores, now_ms, due_left, until_ms, ahead_left)
  -- include: bands
  local next_due = BAND

  local function members(low, high, most)
    return redis.call('ZRANGEBYSCORE', WAITING, low, high, 'WITHSCORES', 'LIMIT', 0, most)
  end

  -- The due time of the first task of a band that is due after a moment; nil if there is none.
  local function first_after(base, moment)
    local found = members('(' .. text(base + moment), '(' .. text(base + BAND), 1)
    return found[1] and tonumber(found[2]) - base
  end

  -- Picks the first `left` of some tasks. Returns how many may still be picked, and the score of the first that is left.
  local function take(found, left)
    for index = 1, #found, 2 do
      if left == 0 then
        return 0, tonumber(found[index + 1])
      end
      left, ids[#ids + 1], scores[#scores + 1] = left - 1, found[index], whole(found[index + 1])
    end
    return left
  end

  for base, head in bands(WAITING, front) do
    local rest
    if base > front and head <= base + now_ms then
      due_left, rest = take(members(text(base), text(base + now_ms), due_left + 1), due_left)
      if rest then
        return now_ms -- A due task is left behind: later bands do not matter.
      end
    end
    local run_at = first_after(base, now_ms)
    if run_at and run_at <= until_ms then
      local ahead = members('(' .. text(base + now_ms), text(base + until_ms), ahead_left + 1)
      ahead_left, rest = take(ahead, ahead_left)
      run_at = rest and rest - base or first_after(base, until_ms)
    end
    next_due = math.min(next_due, run_at or BAND)
  end
  return next_due < BAND and next_due or nil
end
