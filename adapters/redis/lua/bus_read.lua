-- Reads the events of a partition that follow a given one: those that are
-- pending, which another worker has left or an answer that was lost had, and only
-- then new ones.
-- KEYS: lease, stream
-- ARGV: the lease's value, group, most events to read, lowest ID to read
-- Returns a list of ID, fields, deliveries so far, and how many Redis has counted:
-- reading a new one counts its first. False when the lease was lost.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
local left = redis.pcall('XPENDING', KEYS[2], ARGV[2], ARGV[4], '+', ARGV[3])
if left.err then -- The group is not there yet, or was lost.
  redis.call('XACK', KEYS[2], ARGV[2], '0-0') -- Of a script that has written once, a full Redis takes the rest.
  redis.call('XGROUP', 'CREATE', KEYS[2], ARGV[2], '0', 'MKSTREAM')
  left = {}
end
local entries = {}
for _, pending in ipairs(left) do
  local entry = redis.call('XRANGE', KEYS[2], pending[1], pending[1])[1]
  if entry then
    entries[#entries + 1] = {pending[1], entry[2], pending[4], pending[4]}
  else -- Somebody has deleted it.
    redis.call('XACK', KEYS[2], ARGV[2], pending[1])
  end
end
if #entries > 0 then
  return entries
end
local read = redis.call('XREADGROUP', 'GROUP', ARGV[2], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[2], '>')
if read then
  for _, entry in ipairs(read[1][2]) do
    entries[#entries + 1] = {entry[1], entry[2], 0, 1}
  end
end
return entries
