package conservation

// rules are the parts of the property. A checker has all of them; tests take
// them out one by one to see that each is needed.
type rules uint32

const (
	// ruleSums: a balance is the sum of the account's entries.
	ruleSums rules = 1 << iota
	// ruleNegative: no balance is below zero.
	ruleNegative
	// ruleLost: what was acknowledged or seen is in every node's books.
	ruleLost
	// ruleVanished: what a node's books held they hold from then on.
	ruleVanished
	// rulePhantom: each entry has an attempt that can have made it.
	rulePhantom
	// ruleRepeated: no effect is listed twice.
	ruleRepeated
	// ruleDivergent: an effect is the same in all books, and as acknowledged.
	ruleDivergent
	// ruleUpper and ruleLower: a balance that was told can have been one.
	ruleUpper
	ruleLower

	allRules = rules(1<<iota - 1)
)
