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
//
// A transaction is a script that may write several times, and what it has
// written stays if a later command is refused. The script stops at the first
// refusal and tells how many writes had been done by then:
//
//	refused before any write, by one of the        fail: nothing was written
//	errors above
//	refused after a write, whatever the error      unknown: a part of it was done
//	LOADING, MASTERDOWN, CLUSTERDOWN, BUSY,        fail: the script did not begin
//	NOAUTH in answer to the script itself
//	any other error in answer to it                unknown: it may have come from the
//	                                               middle of the script
//
// Elements, sums and values are whole numbers. Anything else in a reply is
// unknown: nobody wrote it.
package redis
