// Package link has the faults of the connections between nodes: partitions and
// latency. Clients reach every node all the while, so that a node that is cut
// off can be asked, and answers by what it alone knows.
//
// A partition loses what goes from one node to another, on whichever of the two
// opened the connection: requests in one direction, replies in the other. What
// was open before stays open and silent. A node that opens a connection to a
// node that it cannot reach hears nothing, as if the network swallowed its
// packets. Where only the way back is cut the connection is opened, and the
// node is heard but hears nothing.
package link
