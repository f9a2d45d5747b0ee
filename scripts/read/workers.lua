#!lua flags=no-writes
-- READ  A page of the workers that are present, and what each says of itself.
--
-- A worker that is present all the time is on one of the pages at least; it may be on two.
--
-- KEYS workers present
-- ARG cursor  text  where the page begins: '0', or the cursor of the page before
-- ARG limit   int   about how many workers
-- Returns {now_ms, cursor, (worker, until_ms, presence)*} cursor is '0' after the last page; until_ms is until when the worker counts as present
-- Cost O(limit * log workers)
-- include: time
-- include: text

local now_ms = math.floor(server_us() / 1000)
local found = redis.call('HSCAN', WORKERS, cursor, 'COUNT', limit)
local page = {text(now_ms), found[1]}
for at = 1, #found[2], 2 do
  local until_ms = redis.call('ZSCORE', PRESENT, found[2][at])
  if until_ms and tonumber(until_ms) > now_ms then
    page[#page + 1], page[#page + 2], page[#page + 3] = found[2][at], until_ms, found[2][at + 1]
  end
end
return page
