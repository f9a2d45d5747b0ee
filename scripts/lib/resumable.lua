-- KEYS checkpoints
-- Adds a plus sign to the tries of each task that has a checkpoint. The worker reads the checkpoint before the task starts.
local function mark_resumable(ids, tries)
  if redis.call('HLEN', CHECKPOINTS) > 0 then
    for index = 1, #ids do
      if redis.call('HEXISTS', CHECKPOINTS, ids[index]) == 1 then
        tries[index] = (tries[index] or '') .. '+'
      end
    end
  end
end
