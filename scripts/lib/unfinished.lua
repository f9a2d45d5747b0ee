-- include: keep
-- include: msgpack
-- The outcome, as it is stored, of a task that ends without a worker's ack. To the outcome of its trait, it adds the time
-- of the end and an empty result (nil), as MessagePack.
local function unfinished(id, score, outcome, now_ms)
  return '0 ' .. with_task(outcome .. packed_number(now_ms) .. '\192', id, score)
end
