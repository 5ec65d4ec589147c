-- Appends events to a partition, all of them or, where they are over the bound,
-- none. Where none waited, its worker may be idle, and is woken.
-- KEYS: stream
-- ARGV: bound (0: none), channel, partition, then topic, envelope and payload of
-- each event
-- Returns 1, or false when the partition has no room.
local bound, length = tonumber(ARGV[1]), redis.call('XLEN', KEYS[1])
if bound > 0 and length + (#ARGV - 3) / 3 > bound then
  return false
end
for i = 4, #ARGV, 3 do
  redis.call('XADD', KEYS[1], '*', 'topic', ARGV[i], 'event', ARGV[i + 1], 'payload', ARGV[i + 2])
end
if length == 0 then
  redis.pcall('PUBLISH', ARGV[2], ARGV[3]) -- Where that is forbidden, workers find out by looking.
end
return 1
