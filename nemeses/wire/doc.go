// Package wire has the faults of single messages between clients and nodes, and
// knows for each protocol where a message begins and ends.
//
// A fault decides for each message that concerns it, by the salt that the plan
// gave it and the number of the message, whether to treat it. Which message gets
// which number depends on the order in which they come; nothing else does.
//
// What a correct system cannot withstand is not done to it:
//
//   - Only requests that the service promises to do once however often they
//     come are delivered again; in HTTP those with an Idempotency-Key. Late
//     copies come after seconds, which must be well before such keys expire.
//   - Only replies whose end a client can tell are cut short.
//   - TCP loses no message in the middle of a connection. So once a message was
//     swallowed, the next one in its direction ends the connection with a reset,
//     even after the fault was healed: a client that sent several requests at
//     once never takes one reply for another.
package wire
