// Package failover has the fault of systems in which an operator decides who
// leads: one who takes the leader for lost, because the other nodes cannot see it,
// and promotes one of them, while clients still reach the old leader.
//
// What such a failover may lose or show twice is up to the system. With
// asynchronous replication, whatever the old leader acknowledged after it was cut
// off is gone, and nobody promised otherwise.
package failover
