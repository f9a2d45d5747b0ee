#!lua flags=allow-oom
-- SUCCEEDED|CANCELLED|EXPIRED|LOST|DEAD -> GONE  Removes ended tasks whose retention is over, with all their data.
--
-- Outcomes whose retention was not set by the user may be forgotten sooner: only the newest are kept, so that they fill
-- a bounded part of the memory.
--
-- KEYS dead outcomes finished reports
-- ARG limit              int  maximum number of tasks: of those with an outcome, and of dead ones
-- ARG dead_retention_ms  int  how long dead tasks are kept
-- ARG kept               int  maximum number of outcomes of the kind that may be forgotten sooner
-- ARG sooner_ms          int  such an outcome is forgotten at most this long before its retention ends
-- Returns {'FORGOTTEN', count, sooner} count: all tasks removed; sooner: how many of them before their retention was over
-- Cost O(tasks forgotten * log finished)
-- include: time
-- include: lapse
-- include: ending

local now_ms = math.floor(server_us() / 1000)
check_keys()

local function finished(low, high, most)
  return redis.call('ZRANGEBYSCORE', FINISHED, low, high, 'LIMIT', 0, most)
end

local any_report = redis.call('HLEN', REPORTS) > 0

local function forget_reports(ids)
  if any_report then
    call_in_chunks('HDEL', REPORTS, ids)
  end
end

local function forget(ended)
  call_in_chunks('ZREM', FINISHED, ended)
  call_in_chunks('HDEL', OUTCOMES, ended)
  forget_reports(ended)
  return #ended
end

local over = redis.call('ZCOUNT', FINISHED, '-inf', '(0') - kept
local count = forget(finished('0', text(now_ms), limit))
local expired = forget(finished('-inf', text(now_ms - BAND), limit))
local most, sooner = math.min(over, limit) - expired, 0
if most > 0 then
  sooner = forget(finished('-inf', text(now_ms + sooner_ms - BAND), most))
end
count = count + expired + sooner

lapse(now_ms, limit)

local dead_before = text(now_ms - dead_retention_ms)
local dead = redis.call('ZRANGEBYSCORE', DEAD, '-inf', dead_before, 'LIMIT', 0, limit)
call_in_chunks('ZREM', DEAD, dead)
forget_tasks(dead, used_extras())
forget_reports(dead)
return {'FORGOTTEN', count + #dead, sooner}
