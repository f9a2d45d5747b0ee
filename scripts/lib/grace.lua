-- KEYS leases reaper
-- include: text
-- include: lease
-- The key `reaper` is 'worker until_ms grace_until_ms longest_lease_ms': the worker that reaps, until when no other
-- worker reaps, until when nothing is reaped, and the longest lease that any worker asked for.
local function reaper_noted()
  local worker, until_ms, grace_until, longest_ms = string.match(
    redis.call('GET', REAPER) or '', '^(%S+) (%d+) (%d+) (%d+)$'
  )
  return {
    worker = worker, until_ms = tonumber(until_ms), grace_until = tonumber(grace_until or '0'),
    longest_ms = math.min(tonumber(longest_ms or '0'), LONGEST_LEASE_MS),
  }
end

local function note_reaper(worker, until_ms, grace_until, longest_ms)
  local times = text(until_ms) .. ' ' .. text(grace_until) .. ' ' .. text(longest_ms)
  redis.call('SET', REAPER, worker .. ' ' .. times)
end

-- When the grace period ends; 0 if there is none. Nothing is reaped before, so that live workers can renew first. A
-- grace period begins after a pause in which no worker reaped, such as an outage of Redis. It also begins when the
-- length of the pause is unknown, such as after the clock was set back.
--
-- If a pause shorter than half a lease falls into a grace period, the period does not start again: with such pauses one
-- after the other, nothing would ever be reaped. Instead it becomes longer by the pause, and lasts at least half a
-- lease from now, the time in which every worker renews once.
local function grace_end(noted, now_ms, latest_end, hold_ms, grace_ms, lease_ms)
  local latest = now_ms + grace_ms
  if not noted.worker then
    return redis.call('ZCARD', LEASES) > 0 and latest or 0
  elseif noted.until_ms > latest_end or noted.grace_until > latest then
    return latest
  end
  local reaped_ms = noted.until_ms - hold_ms
  local paused_ms = now_ms - reaped_ms
  if paused_ms <= 2 * hold_ms then
    return noted.grace_until
  elseif noted.grace_until <= reaped_ms or paused_ms > lease_ms / 2 + hold_ms then
    return latest
  end
  local lengthened = math.max(noted.grace_until + paused_ms, now_ms + lease_ms / 2)
  return math.min(math.ceil(lengthened), latest)
end
