-- Sets how many deliveries of events have begun.
-- KEYS: lease, stream
-- ARGV: the lease's value, group, then ID and number of each event
-- Returns 1, or false when the lease was lost.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
for i = 3, #ARGV, 2 do
  redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[2], 0, ARGV[i], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
end
return 1
