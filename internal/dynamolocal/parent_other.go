//go:build !linux

package dynamolocal

import "syscall"

func endWithParent() *syscall.SysProcAttr { return nil }
