// Package redislocal runs Redis for tests and for development on one machine:
// redis-server on free ports of the loopback interface, alone, as a cluster of
// six, or as a primary and a replica with three sentinels. A server can be killed
// and started again on what it had written. Each Start is a process of its own.
//
// It needs redis-server and redis-cli on the path: on Debian the package
// redis-server, which may be left disabled as a service.
package redislocal
