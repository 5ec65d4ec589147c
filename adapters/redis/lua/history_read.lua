-- Reads events of a topic's history from a position on, and drops what has aged.
-- KEYS: history
-- ARGV: bus, epoch, position, now in ms, most events, size in bytes that they may have
-- Returns '1' where there are more and '0' where not, and position, event, position,
-- event, ...; nothing where the history is not complete from the position on.
local function before(a, b) -- as bytes; Lua's own comparison goes by a locale
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local head = redis.call('HMGET', KEYS[1], 'bus', 'epoch', 'floor', 'first', 'next', 'age', 'last')
if head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then return {} end
if before(head[7] .. '\0', ARGV[3]) then return {} end -- What was up to there is lost.
local floor, first, next = head[3], tonumber(head[4]), tonumber(head[5])
while first < next do
  local at = redis.call('HGET', KEYS[1], 'p' .. first)
  if string.sub(at, 1, 16) + head[6] > tonumber(ARGV[4]) then break end
  floor = string.sub(at, 17)
  redis.call('HDEL', KEYS[1], 'p' .. first, 'e' .. first)
  first = first + 1
end
if floor ~= head[3] then redis.call('HSET', KEYS[1], 'floor', floor, 'first', first) end
if floor ~= '' and not before(floor, ARGV[3]) then return {} end
local at, last = first, next
while at < last do -- The first that is not before the position is between the two.
  local middle = math.floor((at + last) / 2)
  if before(string.sub(redis.call('HGET', KEYS[1], 'p' .. middle), 17), ARGV[3]) then at = middle + 1 else last = middle end
end
local events, size = {'0'}, 0
while at < next do
  size = size + redis.call('HSTRLEN', KEYS[1], 'e' .. at)
  if #events > 2 * ARGV[5] or #events > 1 and size > tonumber(ARGV[6]) then
    events[1] = '1'
    break
  end
  local event = redis.call('HMGET', KEYS[1], 'p' .. at, 'e' .. at)
  events[#events + 1] = string.sub(event[1], 17)
  events[#events + 1] = event[2]
  at = at + 1
end
return events
