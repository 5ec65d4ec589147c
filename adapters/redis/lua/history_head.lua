-- Says where a topic's history ends. One begins here where there is none, or only that
-- of another bus.
-- KEYS: history
-- ARGV: bus, epoch to begin with, age in ms, life in ms
-- Returns the epoch, and the position of the last event ('' where there was none).
local head = redis.call('HMGET', KEYS[1], 'bus', 'epoch', 'last')
if head[1] ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'bus', ARGV[1], 'epoch', ARGV[2], 'floor', '', 'last', '', 'first', 1, 'next', 1, 'age', ARGV[3])
  head = {ARGV[1], ARGV[2], ''}
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return {head[2], head[3]}
