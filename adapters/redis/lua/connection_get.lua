-- Reads a connection. A script is carried out by a master, also where the client
-- reads from replicas.
-- KEYS: row
return redis.call('HMGET', KEYS[1],
  'endpoint', 'protocol', 'state', 'identity', 'notAfter', 'expires', 'init', 'gone')
