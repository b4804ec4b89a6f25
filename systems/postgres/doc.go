// Package postgres is PostgreSQL under test: one server.
//
// Options of the config:
//
//	synchronous_commit   on (the default) or off: whether a commit waits for the disk
//	fsync                on (the default) or off: whether anything does
//
// Registers are rows of a table, each operation one statement in a transaction of
// its own. What a client makes of an error, and why:
//
//	the connection could not be opened          fail: nothing was sent
//	the library says that nothing was sent      fail
//	SQLSTATE 22…, 23…, 40…, 42…, 53…, 55…,      fail: the statement was refused, and its
//	25006, but not 40003                        transaction rolled back
//	any other SQLSTATE, 40003 and 57… among     unknown: a server that is shut down says
//	them                                        so whether or not it had committed
//	timeout, reset, end of the connection       unknown
package postgres
