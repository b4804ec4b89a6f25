// Package stream is the workload of a few logs with offsets, as Kafka and its kin
// have them: messages are appended to the end of a partition, and consumers are
// given them in order.
//
// Operations, all with the partition as their Key:
//
//	f       value of invocation     value of an ok completion
//	send    int64, unique           the message's offset, an int64, or nil if it is not told
//	poll    int64, an offset        []any of []any{offset, message}, in order
//	assign  int64, an offset        nil
//
// A message is sent once in the run. An ok send is one that the system confirmed;
// one of unknown outcome may append its message at any later time, or never.
// Offsets grow along a partition, and may have gaps.
//
// A poll is given the messages at its offset and beyond, all there are or about a
// thousand of them ([Batch]); none is an empty list. It may be answered from a
// replica that lags, but a message must not be left out between two others. A poll
// changes nothing, so whatever goes wrong with it is fail. A worker polls one
// partition, each time from where its last poll ended.
//
// An assign says that the worker goes on reading at that offset. It asks nothing
// of the system: a client answers ok at once.
//
// There are as many partitions as the config has keys: "p0", "p1" and so on, for
// the whole run. Once the faults are healed and the nodes have settled, each is
// read from its beginning to its end through every node.
package stream
