// Package agent puts faults on the connections that one container opens to
// others, from inside its network namespace.
//
// The agent is a container of its own that owns the namespace; the node's
// container joins it, as vendors made it, and may end and start again in it. With
// nftables the agent redirects to itself every TCP connection that the node opens
// to a peer, whatever the port and the protocol, and passes it on through a link
// of package proxy, from a socket with a mark that the redirection spares. What a
// connection was bound for, the kernel tells (SO_ORIGINAL_DST).
//
// Rules stay where the harness is. While a link has a rule, the agent asks it by
// way of its control connection, message by message, and does what it says;
// without rules nothing is asked. The control connection is the agent's own
// standard input and output, attached through the engine, so that nobody can
// speak to an agent who may not command the engine. When it ends, for whatever
// reason, all rules are off.
package agent
