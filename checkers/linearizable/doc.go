// Package linearizable decides whether a history is linearizable: whether each
// operation can have taken effect at one moment between its invocation and its
// completion, so that every answer is what one object, doing one thing at a
// time, would have given (Herlihy and Wing, 1990).
//
//	model, err := linearizable.ModelNamed("cas-register", linearizable.Options{})
//	report := linearizable.New(model).Check(ctx, history, verdict.Budget{})
//
// Outcomes that are unknown are taken for what they are: such an operation may
// take effect at any moment after its invocation, or never. A verdict is never
// a guess. It is Valid if there is an order, Invalid if there is none, and
// Unknown, with the reason, if that was not found out.
package linearizable
