package core

import "strconv"

// Stray returns the data of a log entry like the given one, as if yet another
// client had asked for the same under a key of its own, chosen by salt. A
// harness leaves it in the log of a crashed node as a record that was being
// written, to see whether the node takes it for one that was. It returns nil if
// data is no command.
func Stray(data []byte, salt uint64) []byte {
	p, err := decodeProposal(data)
	if err != nil {
		return nil
	}
	p.incarnation = 0 // nobody waits for it
	c := &p.command
	c.step, c.recorded = stepWhole, Result{}
	c.Key = "stray-" + strconv.FormatUint(salt, 36)
	if c.Op == Write || c.Op == CompareAndSet {
		// A value that nobody writes.
		c.Op, c.Old, c.OldNone, c.Amount = Write, 0, false, -1-int64(salt>>1)
	}
	return p.encode()
}
