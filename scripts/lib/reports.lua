-- include: text
-- A report is 'token received dropped kept length ', a progress of this length and the lines of a log: `received` lines
-- came under this token, which was the latest to report; `kept` lines stand there, and `dropped` came before them.
local REPORT = '^(%d+) (%d+) (%d+) (%d+) (%d+) ()'
-- A log has at most so many lines and bytes. The oldest lines are dropped.
local MOST_LINES = 200
local MOST_BYTES = 16384

-- Gives token, received, dropped, kept, progress and lines; of an empty report if there is none, or if another program
-- wrote something else.
local function report_parts(stored)
  local token, received, dropped, kept, length, at = string.match(stored or '', REPORT)
  if not token then
    return '', 0, 0, 0, '', ''
  end
  local lines_at = at + tonumber(length)
  return token, tonumber(received), tonumber(dropped), tonumber(kept), string.sub(stored, at, lines_at - 1),
    string.sub(stored, lines_at)
end

-- The lines after the first `count`, and how many lines were left out.
local function lines_after(lines, count)
  local from, left_out = 1, 0
  while left_out < count do
    local at = string.find(lines, '\n', from, true)
    if not at then
      return '', left_out
    end
    from, left_out = at + 1, left_out + 1
  end
  return string.sub(lines, from), left_out
end

-- The newest lines that a log may have, and how many lines were left out.
local function newest_lines(lines, count)
  local from, left_out = 1, 0
  while count - left_out > MOST_LINES or #lines - from >= MOST_BYTES do
    local at = string.find(lines, '\n', from, true)
    if not at then
      return '', count
    end
    from, left_out = at + 1, left_out + 1
  end
  return string.sub(lines, from), left_out
end

-- The report with what a worker adds to it under this token. `number` lines came before these under this token; those of
-- them that never arrived are lost, and count as dropped.
local function with_report(stored, token, number, progress, lines)
  local latest, received, dropped, kept, known, log = report_parts(stored)
  if latest ~= token then
    received = 0
  end
  lines = lines_after(lines, received - number)
  if lines ~= '' then
    local missing = math.max(number - received, 0)
    if missing > 0 then
      dropped, kept, log = dropped + kept + missing, 0, ''
    end
    local added = select(2, string.gsub(lines, '\n', '\n'))
    received, kept = math.max(received, number) + added, kept + added
    local left_out
    log, left_out = newest_lines(log .. lines, kept)
    dropped, kept = dropped + left_out, kept - left_out
  end
  progress = progress ~= '' and progress or known
  local head = {token, text(received), text(dropped), text(kept), text(#progress), progress}
  return table.concat(head, ' ') .. log
end
