-- KEYS tasks
-- An outcome is 8 bytes of digest and a MessagePack list. If the list claims to have 8 values, it has 7, and the task is
-- to be kept with it.
local KEEPS_TASK = 152

-- The outcome as it is stored: if the task is to be kept, followed by its score, its body and its failures, all of them
-- MessagePack.
local function with_task(outcome, id, score)
  if string.byte(outcome, 9) ~= KEEPS_TASK then
    return outcome
  end
  -- include: msgpack
  -- include: known_failures
  local body = string.sub(redis.call('HGET', TASKS, id) or '', 9)
  return outcome .. packed_number(tonumber(score)) .. body .. failures_of(id)
end
