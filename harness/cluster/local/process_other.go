//go:build !linux

package local

import "syscall"

// attributes give a process a group of its own.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// waitUnreaped would wait for a child without taking its exit code.
func waitUnreaped(int) {}
