-- A whole number as MessagePack (uint64).
local function packed_number(number)
  local bytes, rest = {}, number
  for place = 8, 1, -1 do
    bytes[place], rest = rest % 256, math.floor(rest / 256)
  end
  return '\207' .. string.char(unpack(bytes, 1, 8))
end
