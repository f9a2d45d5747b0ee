-- include: text
-- A whole number from a reply, as plain digits: some servers write numbers that end in zeros with an exponent.
local function whole(answer)
  return string.find(answer, '[.e]') and text(tonumber(answer)) or answer
end
