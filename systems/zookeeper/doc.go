// Package zookeeper is Apache ZooKeeper under test: one server, or an ensemble of
// three or more in containers.
//
// Options of the config:
//
//	reads   linearizable (the default), sync or local: see below
//
// A register is a znode, and so is a list. ZooKeeper promises that writes are
// linearizable and that reads are not: a server answers them from what it has. So
// by default whatever was read is confirmed by a transaction (multi) that checks
// the versions of the znodes, which the leader orders among the writes; of a znode
// that is not there, it is confirmed by making it and deleting it again in one. If
// another write came between, the read is made again, and after a few times it is
// a fail. With reads=sync a read follows a sync of the same session, which
// ZooKeeper's guide recommends and which promises less; with reads=local there is
// nothing before or after it.
//
// A transaction of list-append or rw-register reads its znodes one after the other
// and then writes all, checking every version, in one multi: it is done as a whole
// and only if nothing has changed, whatever reads is.
//
// What a client makes of an error, and why:
//
//	there is no session within the timeout   fail: nothing was sent
//	no server (of the library)               fail: nothing was sent
//	bad version, node exists, no node        the server refused; a multi is then not
//	                                         done in any part. It is tried again,
//	                                         after a few times it is a fail
//	connection closed, session expired,      unknown: the leader may have the request,
//	session moved, timeout                   and commit it later
//	any other                                unknown
//
// The library resends nothing: what it had sent when a connection ended is answered
// with "connection closed".
package zookeeper
