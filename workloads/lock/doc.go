// Package lock is the workload of locks that run out, each of which guards a
// count, and of holders that are stopped for longer than that takes.
//
// Operations, all with the lock as their Key:
//
//	f            value of invocation                     value of an ok completion
//	acquire      {"ttl_s": int64}, and "stalled": true   the fencing token, an int64 above 0
//	             of a holder that will be stopped
//	add-and-get  int64 1 by a holder                     the count after it
//	             int64 0 by anyone                       the count
//	release      nil                                     nil
//
// An acquire does not wait: if another has the lock it fails. A holder has it for
// ttl_s seconds after it was last heard of, which its client sees to by itself,
// in the background. Tokens rise with each acquisition.
//
// The client reads the count when it is given the lock, and from then on counts by
// itself: each add-and-get writes one more than the one before. With option
// fencing=on, the default, what is written is refused if the lock has been given
// to another meanwhile, or to nobody: the operation then fails. With fencing=off
// it is written, as by somebody who takes having a lock for reason enough.
//
// Of each hundred holders, as many as option stalled says (2) are stopped: after
// they have counted once, nothing is sent for them until well after their lease
// has run out, its renewal neither. Then they go on as if nothing had happened.
// To the others it is as if the process of such a client had been paused. Which
// holders are stopped, when and for how long is in the plan.
//
// The count tells what a lock is worth: with two writers at once it comes out too
// small, and the answers of both say the same. With fencing=off it is judged
// moreover that one holds each lock at a time, which does not hold if holders are
// stopped: that is the finding.
//
// So many locks are in use at a time as the config has keys: "k0", "k1" and so on.
// After twenty seconds fresh ones take their places ("k7.1"); and before that
// ("k7~1") where more operations of unknown outcome have counted than the config's
// budget has. Once the faults are healed and the nodes have settled, every count is
// read through every node.
package lock
