-- Whole numbers as text: Lua's own conversion keeps 14 digits only.
local function text(number)
  return string.format('%.0f', number)
end

-- A whole number that a command answered, without the exponent in which some servers write one that ends in zeros.
local function whole(answer)
  return string.find(answer, '[.e]') and text(tonumber(answer)) or answer
end
