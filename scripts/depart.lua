#!lua flags=allow-oom
-- ABSENT|PRESENT -> ABSENT  Removes a worker that has stopped. The last one also removes what the deployments serve.
--
-- KEYS workers present deployments deployed orders
-- ARG worker  text  who has stopped
-- Returns {'DEPARTED'} it is not present any more
-- Cost O(log workers)

check_keys()
redis.call('HDEL', WORKERS, worker)
redis.call('HDEL', ORDERS, worker)
redis.call('ZREM', PRESENT, worker)
if redis.call('ZCARD', PRESENT) == 0 then
  redis.call('DEL', DEPLOYMENTS, DEPLOYED)
end
return {'DEPARTED'}
