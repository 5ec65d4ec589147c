-- Appends those events to a topic's history that come after its last one, and trims it.
-- A history begins here where there is none, or only that of another bus.
-- KEYS: history
-- ARGV: bus, epoch to begin with, now in ms (16 digits), count, age in ms, life in ms,
--   position, event, position, event, ...
-- Returns the epoch.
local function before(a, b) -- as bytes; Lua's own comparison goes by a locale
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

redis.call('HDEL', KEYS[1], '') -- Of a script that has written once, a full Redis takes the rest.
local head = redis.call('HMGET', KEYS[1], 'bus', 'epoch', 'floor', 'last', 'first', 'next')
if head[1] ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  head = {ARGV[1], ARGV[2], '', '', '1', '1'}
end
local floor, last, first, next = head[3], head[4], tonumber(head[5]), tonumber(head[6])
local begun = next
for i = 7, #ARGV, 2 do
  if before(last, ARGV[i]) then
    redis.call('HSET', KEYS[1], 'p' .. next, ARGV[3] .. ARGV[i], 'e' .. next, ARGV[i + 1])
    last, next = ARGV[i], next + 1
  end
end
if next > begun then
  while first < next do
    local at = redis.call('HGET', KEYS[1], 'p' .. first)
    if next - first <= tonumber(ARGV[4]) and string.sub(at, 1, 16) + ARGV[5] > tonumber(ARGV[3]) then break end
    floor = string.sub(at, 17)
    redis.call('HDEL', KEYS[1], 'p' .. first, 'e' .. first)
    first = first + 1
  end
  redis.call('HSET', KEYS[1], 'bus', ARGV[1], 'epoch', head[2], 'floor', floor, 'last', last, 'first', first, 'next', next, 'age', ARGV[5])
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[6]) then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end
return head[2]
