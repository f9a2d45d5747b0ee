#!lua flags=allow-oom
-- PRESENT -> PRESENT  Leaves an order for a worker, which hears it when it is introduced the next time. A later order takes the place of one that was not heard yet.
--
-- KEYS present orders
-- ARG worker    text  who is to do it
-- ARG order_id  text  which order it is: a repeated call has the same, and the worker carries it out once
-- ARG what      text  what is to be done
-- Returns {'ORDERED'} it is left for the worker
-- Returns {'UNKNOWN'} there is no such worker; nothing was changed
-- Cost O(log workers)
-- include: time

check_keys()
local until_ms = redis.call('ZSCORE', PRESENT, worker)
if not until_ms or tonumber(until_ms) <= math.floor(server_us() / 1000) then
  return {'UNKNOWN'}
end
redis.call('HSET', ORDERS, worker, order_id .. ' ' .. what)
return {'ORDERED'}
