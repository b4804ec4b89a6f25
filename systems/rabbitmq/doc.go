// Package rabbitmq is RabbitMQ 3.10 under test: one node, or a cluster of some.
// It runs in containers only.
//
// Options of the config:
//
//	queue                quorum (the default): replicated by Raft, confirmed by a majority
//	                     classic-mirrored: mirrored to all nodes by a policy (ha-mode all)
//	partition_handling   pause_minority (the default), autoheal or ignore: what nodes do that
//	                     lose sight of others (cluster_partition_handling)
//
// Nodes notice within some 6 s that others are out of reach (net_ticktime 5).
//
// A classic mirrored queue goes on at both sides of a partition, and when that
// heals, one side throws away what it has: confirmed messages are lost, whatever
// the handling promises, unless it is pause_minority and the moment is lucky. The
// documentation says so (https://www.rabbitmq.com/docs/3.13/partitions). A quorum
// queue must lose nothing.
//
// # What clients do
//
// Each has one connection with one channel in confirm mode, and declares a queue,
// durable, before it first uses it. It publishes persistent messages, which it
// wants back if there is no such queue (mandatory), and waits for the confirm.
// It takes messages by basic.get and acknowledges each by itself. A drain does
// so on several channels at once, until each of them was told that the queue is
// empty.
//
// RabbitMQ promises to deliver at least once: an acknowledgement is not answered,
// and what it was for may come again. So a dequeue is ok once it has its message.
//
// # Outcomes
//
//	no connection, no channel, or the queue could   fail: nothing was published or asked for
//	not be declared
//	a publish is confirmed                          ok
//	a publish comes back (basic.return)             fail: no queue took it
//	a publish is refused (basic.nack)               unknown: a queue that has replicas may have
//	                                                it; and the library makes a nack of a
//	                                                connection that has ended
//	timeout, end of the connection, or any other    unknown
//	error of a publish
//	basic.get is answered with nothing              fail: empty
//	basic.get without an answer                     fail: a message that was under way comes
//	                                                back, as nobody acknowledged it
//	a message that is no number                     unknown: nobody published it
//	a drain that fails before it has acknowledged   fail
//	anything
//	a drain that fails later                        unknown
package rabbitmq
