// Package mosquitto is Eclipse Mosquitto, an MQTT broker, under test: one server.
//
// Options of the config:
//
//	qos          1 (the default), 0 or 2: the quality of service of publishes and of
//	             subscriptions
//	persistence  on (the default), off or changes: whether the broker keeps its
//	             messages in a file; it writes that file when it ends and every half
//	             hour, or, with changes, soon after each change
//	resend       off (the default) or on: whether a client whose publish was not
//	             acknowledged sends it again in the same session, as MQTT has it
//
// A queue is a topic, with one durable session that is subscribed to it from before
// the first publish; whoever takes an element out resumes that session. So elements
// are given out in order and one at a time (max_inflight_messages 1).
//
// The broker acknowledges a publish before it is in any file. So what it has
// acknowledged is lost when it is killed, whatever persistence is: a run with such
// faults is rightly invalid.
//
// What a client makes of an error, and why:
//
//	the connection or session could not be    fail: nothing was published or
//	opened                                     acknowledged
//	enqueue: timeout, reset, end of the        unknown. With resend it goes on until
//	connection                                 its time is over, or the broker has
//	                                           forgotten the session: then unknown
//	enqueue with quality 0                     ok once it is sent: that is all that the
//	                                           broker promises
//	dequeue: nothing came                      fail, "empty"
//	dequeue: any error before an element was   fail: what is not acknowledged is given
//	acknowledged                               out again
//	dequeue: the broker did not confirm the    ok if the delivery is at-least-once, which
//	acknowledgement                            allows that it comes again; else unknown
//	drain: any error after the first element   unknown
//
// An acknowledgement of quality 1 is confirmed by the answer to a ping behind it,
// because a broker reads what comes on a connection in order (a drain sends one
// ping behind them all); one of quality 2 by PUBREL. A drain ends with a message of its own that it published itself when it
// began: what was there before comes first.
package mosquitto
