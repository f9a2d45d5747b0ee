-- KEYS tasks tries failures traits checkpoints waiting unique successors lapsing
-- include: unique
-- include: lapse
-- include: ending
-- include: unfinished
-- include: digest
-- include: format
-- include: enter
-- include: timed_traits
-- include: traits
-- A call gives the key of its task before its other traits, as 'unique=key scope on_duplicate debounce_max_ms
-- retention_ms outcome '. `scope` is `started`, `done`, or +ms from now. `outcome` is how a task ends that is replaced,
-- in hexadecimal, up to the time of its end. A question mark before it: add the task only if the key is held here.
local ASKED = '^(%??)unique=(%x+) (%S+) (%a+) (%d+) (%-?%d+) (%x+) (.*)$'
local LAPSED_AT_ONCE = 10
-- The trait of a task that was debounced: the id of the latest call, in hexadecimal.
local LATEST_CALL = ' call=(%x+) '

local function hexadecimal(bytes)
  return (string.gsub(bytes, '.', function(byte) return string.format('%02x', string.byte(byte)) end))
end

-- Of the holder of a key and its successor, the one that a debounce has reached before, if this call is that one again.
local function reached_before(call, holder, successor)
  for _, id in ipairs({successor or holder, holder}) do
    if string.match(' ' .. (redis.call('HGET', TRAITS, id) or ''), LATEST_CALL) == call then
      return id
    end
  end
end

-- Writes a task, new or in place of what was stored for it.
local function put(id, score, record, head, others, now_ms)
  local rest, moment = timed_traits(others, now_ms)
  redis.call('HSET', TASKS, id, record)
  write_traits(id, head .. rest, tonumber(moment))
  enter({text(score), id})
end

local function digest_in_use(id)
  return digest_of((redis.call('HGET', TASKS, id) or '') .. '00000000')
end

-- Ends a waiting task in whose place another one is added.
local function end_replaced(id, score, retention_ms, outcome, now_ms)
  local ending = string.gsub(outcome, '%x%x', function(code) return string.char(tonumber(code, 16)) end)
  ending = unfinished(id, text(tonumber(score)), digest_in_use(id) .. ending, now_ms)
  redis.call('ZREM', WAITING, id)
  finish({id}, {id, ending}, {forget_score(now_ms, tonumber(retention_ms)), id})
end

-- Gives a waiting task the arguments, the options and the time of the call. It keeps its digest: the call that added it
-- may still be repeated. If its key was held until a moment, it goes with the task from now on, as the call says.
local function debounce(id, key, call, is_successor, base, run_at, scope, record, others, now_ms)
  local latest = select(3, unique_parts(redis.call('HGET', TRAITS, id))) or '0'
  if latest ~= '0' then
    run_at = math.min(run_at, tonumber(latest))
  end
  local digest = digest_in_use(id)
  redis.call('HDEL', TRIES, id)
  redis.call('HDEL', FAILURES, id)
  redis.call('HDEL', CHECKPOINTS, id)
  if is_successor then
    redis.call('HSET', SUCCESSORS, key, text(run_at) .. ' ' .. id)
  else
    redis.call('ZREM', LAPSING, key)
  end
  local head = 'unique=' .. key .. ' ' .. scope .. ' ' .. latest .. ' call=' .. call .. ' '
  others = string.gsub(others, '(expires=%S+ %S+ )........', function(before) return before .. digest end, 1)
  put(id, base + (is_successor and PARKED or run_at), digest .. string.sub(record, 9), head, others, now_ms)
  return 'DUPLICATE ' .. id
end

-- Adds a task with a unique key, unless its key is held. Returns the status.
local function add_unique(id, base, run_at, record, given, now_ms)
  local where, key, scope, mode, most_ms, retention_ms, outcome, others = string.match(given, ASKED)
  local holder = holder_of(key, now_ms)
  if not holder and where ~= '' then
    return 'UNKNOWN'
  elseif holder and mode == 'return' then
    return 'DUPLICATE ' .. holder
  end
  need_format(3)
  lapse(now_ms, LAPSED_AT_ONCE)
  local until_ms = tonumber(string.match(scope, '^+(%d+)$'))
  scope = until_ms and text(now_ms + until_ms) or scope
  if holder then
    local successor = successor_of(key)
    local newest = successor or holder
    local call = mode == 'debounce' and hexadecimal(id)
    local reached = call and reached_before(call, holder, successor)
    if reached then
      return 'DUPLICATE ' .. reached
    end
    local score = redis.call('ZSCORE', WAITING, newest)
    -- One that has started, and may not start again, only waits to be ended.
    local is_over = string.find(redis.call('HGET', TRAITS, newest) or '', ' once=', 1, true)
    if score and mode == 'debounce' and not is_over then
      return debounce(newest, key, call, successor, base, run_at, scope, record, others, now_ms)
    elseif score then
      end_replaced(newest, score, retention_ms, outcome, now_ms)
      if not successor then
        free_key(key)
        holder = nil
      end
    end
  end
  local latest = most_ms == '0' and '0' or text(now_ms + tonumber(most_ms))
  if holder then
    redis.call('HSET', SUCCESSORS, key, text(run_at) .. ' ' .. id)
  else
    redis.call('HSET', UNIQUE, key, id)
    if until_ms then
      redis.call('ZADD', LAPSING, scope, key)
    end
  end
  local head = 'unique=' .. key .. ' ' .. scope .. ' ' .. latest .. ' '
  put(id, base + (holder and PARKED or run_at), record, head, others, now_ms)
  return 'CREATED'
end
