#!lua
-- DEAD -> WAITING  Makes dead tasks due now, with their counts of attempts and crashes reset. Their failures stay.
--
-- Every limit of when it may start is lifted.
--
-- KEYS tasks tries failures dead traits checkpoints unique
-- ARG shard_map  text  the shard map by which the keys of its tasks belong to this shard; '' if none of them has one
-- ROW id    text   task
-- ROW body  bytes  a new body, '' to keep it and the checkpoint; the digest stays, so that the task is still known by the call that made it
-- Returns {'REVIVED'} per task
-- Returns {'TAKEN'} per task: another task has its unique key; not changed
-- Returns {'STALE_SHARD_MAP'} per task: the queue has another shard map; nothing was written
-- Returns {'ALREADY'} per task: not dead; it waits or is leased
-- Returns {'NOT_AGAIN'} per task: it may start only once and has; it stays dead
-- Returns {'UNKNOWN'} per task: never enqueued, ended in another way, or already forgotten
-- Cost O(tasks * log waiting)
-- include: time
-- include: reschedule
-- include: enter
-- include: traits
-- include: unique
-- include: shard_map
-- include: rows

local now_ms = math.floor(server_us() / 1000)
local statuses, entries = {}, {}
check_keys()
if shard_map ~= '' and known_shard_map() ~= shard_map then
  return for_each_row('STALE_SHARD_MAP')
end

-- Takes the unique key of a dead task for it again. Returns false if another task has it.
local function take_key(id)
  local key, scope = unique_parts(redis.call('HGET', TRAITS, id))
  if key and not tonumber(scope) then
    if holder_of(key, now_ms) then
      return false
    end
    redis.call('HSET', UNIQUE, key, id)
  end
  return true
end

for row, id, body in rows() do
  statuses[row] = 'UNKNOWN'
  local is_dead = redis.call('ZSCORE', DEAD, id)
  if is_dead and string.find(redis.call('HGET', TRAITS, id) or '', ONCE) then
    statuses[row] = 'NOT_AGAIN'
  elseif is_dead and not take_key(id) then
    statuses[row] = 'TAKEN'
  elseif is_dead then
    redis.call('ZREM', DEAD, id)
    local score = string.match(redis.call('HGET', FAILURES, id) or '', '^(%d+) ')
    if not score or tonumber(score) >= 256 * BAND then
      -- Another program wrote this field, or it is missing.
      redis.call('HDEL', FAILURES, id)
      score = '0'
    end
    redis.call('HDEL', TRIES, id)
    lift_limits(id)
    if body ~= '' then
      redis.call('HSET', TASKS, id, string.sub((redis.call('HGET', TASKS, id) or '') .. '00000000', 1, 8) .. body)
      redis.call('HDEL', CHECKPOINTS, id)
    end
    entries[#entries + 1], entries[#entries + 2] = reschedule(score, now_ms), id
    statuses[row] = 'REVIVED'
  elseif redis.call('HEXISTS', TASKS, id) == 1 then
    statuses[row] = 'ALREADY'
  end
end
enter(entries)
return statuses
