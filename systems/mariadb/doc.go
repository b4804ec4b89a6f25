// Package mariadb is MariaDB under test: one server, or a Galera cluster of three
// or more in containers.
//
// Options of the config:
//
//	isolation                   serializable (the default; MariaDB's own is
//	                            repeatable-read), repeatable-read, read-committed
//	                            or read-uncommitted
//	innodb_snapshot_isolation   off (the default, and MariaDB's) or on: whether a
//	                            transaction fails that would write a row which was
//	                            changed since its snapshot
//	flush_log_at_trx_commit     1 (the default), 0 or 2: whether a commit waits for
//	                            the disk
//	log_bin                     on (the default) or off, for one node alone
//	wsrep_sync_wait             0 (the default) to 15, for several nodes: which
//	                            statements wait until the node has applied what
//	                            the others had committed before
//
// With a weaker isolation say by which model transactions are to be judged, as in
// consistency-model=snapshot-isolation.
//
// The binary log is on because without it InnoDB shows a commit to others before
// the commit is in its log: what was read may be gone after a kill. With the
// binary log (and sync_binlog=1) it is there first.
//
// A cluster has no leader, and each node takes writes; faults on the leader are on
// the first node of the primary component. Its nodes begin with the
// same data. When all are down, the one with the last transaction begins the new
// component, as its operator would have it; see image/start.sh. Silence of 3 s is
// taken for an end, so that there is something to see in runs of half a minute.
//
// Operations of single keys are one statement in a transaction of its own. Those of
// list-append, rw-register, long-fork and bank are START TRANSACTION, a statement
// for each read or write, and COMMIT; a read does not lock by itself (there is no
// FOR UPDATE). What a client makes of an error, and why:
//
//	the connection could not be opened      fail: nothing was sent
//	the driver says that nothing was sent   fail
//	any before COMMIT was sent              fail: what is rolled back or loses its
//	                                        connection is never committed
//	1047, WSREP not yet prepared            fail: the statement was not begun
//	1213, deadlock                          one node: fail; the transaction was
//	                                        rolled back
//	                                        several: unknown if it is in answer to
//	                                        COMMIT or to a single statement, as a
//	                                        node says so too if it lost the others
//	                                        while it waited for them
//	1205, lock wait timeout                 single statement on one node: fail; it
//	                                        was rolled back; otherwise as 1213
//	1020, 1040, 1048, 1054, 1062, 1064,     single statement: fail; it was refused
//	1114, 1146, 1264, 1290, 1366, 1406,     and rolled back
//	1836
//	any other, such as 1180 (error during   unknown
//	commit), 1053, 1317 and 1927
//	timeout, reset, end of the connection   unknown
//
// 1062, duplicate key, is how an element says that it is in a set already.
package mariadb
