-- The server's time in microseconds, exact in a double. Call it once per script: TIME is not frozen on every server.
local function server_us()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
