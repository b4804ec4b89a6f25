// Package redis is Redis under test: one server, which appends every write to
// its log and flushes that before it answers, unless it is told otherwise.
//
// Options of the config:
//
//	appendfsync   always (the default), everysec or no: when the log is flushed
//	appendonly    yes (the default) or no: whether there is a log
//
// What a client makes of an error, and why:
//
//	the connection could not be opened, or not     fail: nothing was sent
//	greeted
//	LOADING, MASTERDOWN, CLUSTERDOWN, READONLY,    fail: the server says so before it
//	NOREPLICAS, MISCONF, OOM, BUSY, NOAUTH,        does anything
//	WRONGTYPE, NOPERM, ERR
//	any other reply that is an error               unknown
//	timeout, reset, end of the connection          unknown: the command may have been
//	                                               done, or be done yet
//
// The compare-and-set is a script (EVAL), whose only write is its last step, so
// that an error of it proves that nothing was written.
package redis
