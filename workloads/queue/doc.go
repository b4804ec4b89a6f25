// Package queue is the workload of a few queues, into which several workers put
// unique elements and from which they take them. No order is asked for: what
// goes in comes out, and nothing else does.
//
// Operations, all with the queue as their Key:
//
//	f        value of invocation   value of an ok completion
//	enqueue  int64, unique         anything
//	dequeue  nil                   the element, an int64
//	drain    nil                   []any, the elements taken until the queue was empty
//
// An element is enqueued once in the run. What a client answers, and when:
//
//	enqueue  ok once the system has promised to keep the element: a publish that
//	         was confirmed, a push that was answered.
//	dequeue  ok once the element came out. A system with acknowledgements of its
//	         own has been sent one. If it did not confirm that, the element may
//	         come out again: that is ok if the delivery is at-least-once, which
//	         allows it, and else unknown. A dequeue that found nothing is fail
//	         with Error "empty"; so is one of which it is certain that it took
//	         nothing and never will, such as one that saw no element and sent no
//	         acknowledgement. Where the system takes an element out by sending it
//	         (a pop), a lost reply is unknown: any one element may be gone.
//	drain    takes elements as dequeue does until the queue is empty: nothing is
//	         waiting, and nothing is out with a consumer that has not acknowledged
//	         it. A system that gives those back only after a while has to be waited
//	         for, within the timeout. Without any element it is ok with an empty
//	         list. A drain that took something and could not go on is unknown, and
//	         then what it took is not known either; one that took nothing, for
//	         certain, is fail.
//
// There are as many queues as the config has keys: "q0", "q1" and so on, for the
// whole run. Somewhat more is enqueued than dequeued while the faults last, so
// that there is something to lose; afterwards elements are only dequeued. Once
// the nodes have settled, each queue is drained through every node, one node
// after the other.
//
// Option delivery of the config says what the system promises:
//
//	at-least-once   (the default) nothing acknowledged is lost; it may come twice
//	exactly-once    neither lost nor doubled
//	at-most-once    never doubled; it may be lost
package queue
