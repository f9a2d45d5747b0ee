-- A key of another type than it should be fails the command that meets it, and nothing before is undone. Asked for their
-- sizes before anything is written, keys fail in time.
local function check_sorted(...)
  for _, key in ipairs({...}) do
    redis.call('ZCARD', key)
  end
end

local function check_hashes(...)
  for _, key in ipairs({...}) do
    redis.call('HLEN', key)
  end
end

local function check_list(key)
  redis.call('LLEN', key)
end
