-- Moves an event to the partition's dead letters.
-- KEYS: lease, stream, dead letters
-- ARGV: the lease's value, group, most dead letters to keep, ID, deliveries, cause
-- Returns the ID of the dead letter, or false when the lease was lost.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
local letter = ''
local entry = redis.call('XRANGE', KEYS[2], ARGV[4], ARGV[4])[1]
redis.call('XACK', KEYS[2], ARGV[2], ARGV[4])
redis.call('XDEL', KEYS[2], ARGV[4]) -- First: a full Redis then takes the rest.
if entry then
  local fields = entry[2]
  for _, field in ipairs({'id', ARGV[4], 'attempts', ARGV[5], 'cause', ARGV[6]}) do
    fields[#fields + 1] = field
  end
  letter = redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[3], '*', unpack(fields))
end
return letter
