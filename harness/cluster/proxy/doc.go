// Package proxy makes links out of Toxiproxy, in process.
//
// Each link is a Toxiproxy proxy with one toxic of ours in each direction, put
// there before the first client and never changed: Toxiproxy can hang when its
// toxics change under an open connection. What the toxic does is decided by the
// link's rules, message by message, and switching rules is one atomic store. The
// link accepts and dials itself and hands each pair of sockets to Toxiproxy's
// pipeline, so that it can refuse, reset and half-close as TCP does, which a
// proxy that Toxiproxy runs itself cannot.
//
// What happens to a message, in this order: it is cut out of the stream, judged
// by all rules in the order in which they were added, held for the sum of their
// delays and behind those that came before it, and then passed or not. It is
// judged when it has come, not when it leaves. A rule that is taken off meanwhile
// does not change what is already held.
//
// The ends of a connection see each other as they would without a proxy:
//
//   - An end that closes one direction closes it at the other end, once what it
//     sent has arrived. A reset likewise: a request that is held still arrives
//     after its client has gone, as it would from a slow network.
//   - A link to a node that is down refuses connections, if it is told so by
//     [Set.Down]. In the moment between, a connection is accepted and reset.
//   - A connection that a rule drops at its opening is accepted, swallows what it
//     is sent, and is reset when the rule is taken off.
//   - Bytes that were lost from a stream without frames leave a gap. What comes
//     behind a gap, including an orderly end, is never passed; the connection is
//     reset when the rules that made the gap are off.
//
// Closing the set ends every connection with a reset, whatever is held in it.
package proxy
