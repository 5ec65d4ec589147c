package redislocal

import "syscall"

// endWithParent has the kernel end the server with the process that started it,
// so that a test that is killed leaves none behind.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
