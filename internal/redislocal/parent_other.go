//go:build !linux

package redislocal

import "syscall"

func endWithParent() *syscall.SysProcAttr { return nil }
