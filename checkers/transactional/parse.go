package transactional

import (
	"fmt"
	"math"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// none is no transaction, no version, no position.
const none = math.MaxUint32

// status is what is known of a transaction.
type status uint8

const (
	// open: its outcome is unknown, and nothing that it wrote was observed. It
	// may as well not have happened.
	open status = iota
	// committed: it was answered with ok.
	committed
	// shown: its outcome is unknown, but something that it wrote was observed by
	// a committed transaction: it did commit, whenever that was. What it read
	// nobody knows.
	shown
	// aborted: it certainly never happens.
	aborted
)

// counts says whether the transaction is part of the execution.
func (s status) counts() bool { return s == committed || s == shown }

// micro is a read or a write of one key inside a transaction. Keys are numbered
// from 0; values are numbers in the history's dictionary.
type micro struct {
	key   uint32
	value uint32
	// seen is, of a read that tells something, how much of its list others have
	// appended, and what a register held; of a read that repeats what its own
	// transaction knew, none.
	seen uint32
	// write says that it is one. A draft is a write that the same transaction
	// follows with another of the same key, so that nobody else may see it.
	write, draft bool
}

// transactions are those of a history, in the order of their calls.
type transactions struct {
	workload Workload
	// workers is how many share the work.
	workers int
	columns *columns.Columns
	values  *columns.Values
	// keys are the values that the numbers of keys stand for.
	keys []uint32
	// micros of transaction t are micros[first[t]:first[t+1]]. Reads of
	// transactions that were not answered are left out.
	micros []micro
	first  []uint32
	status []status
	// operation is the number of each transaction's operation in the columns,
	// and txnOf is the opposite, or none.
	operation []uint32
	txnOf     []uint32
	process   []uint32
}

func (x *transactions) len() int { return len(x.status) }

// body returns the micro-operations of a transaction.
func (x *transactions) body(t uint32) []micro { return x.micros[x.first[t]:x.first[t+1]] }

// malformedError says which operation is not a transaction of the workload.
type malformedError struct {
	operation uint32
	reason    string
}

func (e *malformedError) Error() string { return e.reason }

// parser reads the transactions out of columns.
type parser struct {
	*transactions
	// key is the number of the key that each value stands for, plus one.
	key []uint32
	// functions are the few values met as functions of micro-operations.
	functions []function
}

type function struct {
	value        uint32
	write, known bool
}

// parse reads the transactions of a history. Operations whose function is
// neither "txn" nor empty, and whose value is no list of micro-operations, are
// not transactions, and left out.
func parse(workload Workload, c *columns.Columns, workers int) (*transactions, error) {
	txnOf := make([]uint32, c.Operations())
	parsers := make([]parser, workers)
	errs := make([]error, workers)
	atOnce(spans(c.Operations(), workers), func(i int, s span) {
		parsers[i].transactions = &transactions{workload: workload, workers: workers, columns: c, values: &c.Values, txnOf: txnOf}
		errs[i] = parsers[i].span(s)
	})
	micros := 0
	for i := range parsers {
		if errs[i] != nil {
			return nil, errs[i]
		}
		micros += len(parsers[i].micros)
	}
	if uint64(micros) >= none {
		return nil, fmt.Errorf("more than %d reads and writes", uint32(none-1))
	}
	parsers[0].micros = slices.Grow(parsers[0].micros, micros-len(parsers[0].micros))
	for i := range parsers[1:] {
		parsers[0].take(&parsers[i+1])
	}
	return parsers[0].transactions, nil
}

// sample is after how many operations it is foreseen how many micro-operations
// there will be.
const sample = 4096

// span reads the transactions of some operations.
func (p *parser) span(s span) error {
	n := int(s.to - s.from)
	p.first = make([]uint32, 1, n+1)
	p.micros = make([]micro, 0, 3*min(n, sample))
	p.status = make([]status, 0, n)
	p.operation = make([]uint32, 0, n)
	p.process = make([]uint32, 0, n)
	p.key = make([]uint32, p.values.Len())
	for op := s.from; op < s.to; op++ {
		p.txnOf[op] = none
		if err := p.operationAt(op); err != nil {
			return err
		}
		if op == s.from+sample {
			expected := len(p.micros) * n / sample
			p.micros = slices.Grow(p.micros, expected+expected/32)
		}
	}
	return nil
}

// take adds what the parser of the operations that follow has read.
func (p *parser) take(next *parser) {
	keys := make([]uint32, len(next.keys))
	for i, value := range next.keys {
		keys[i] = p.number(value)
	}
	before := uint32(len(p.micros))
	p.micros = append(p.micros, next.micros...)
	for i := range p.micros[before:] {
		m := &p.micros[before:][i]
		m.key = keys[m.key]
	}
	for _, first := range next.first[1:] {
		p.first = append(p.first, before+first)
	}
	for t, op := range next.operation {
		p.txnOf[op] = uint32(p.len() + t)
	}
	p.status = append(p.status, next.status...)
	p.operation = append(p.operation, next.operation...)
	p.process = append(p.process, next.process...)
}

// number returns the number of a key.
func (p *parser) number(value uint32) uint32 {
	if p.key[value] == 0 {
		p.keys = append(p.keys, value)
		p.key[value] = uint32(len(p.keys))
	}
	return p.key[value] - 1
}

// operationAt adds an operation, if it is a transaction.
func (p *parser) operationAt(op uint32) error {
	c := p.columns
	f := c.Functions.At(c.F[op])
	must := f == "txn" || f == ""
	state, value := open, c.In[op]
	switch c.Outcome[op] {
	case history.OK:
		state = committed
		if c.Out[op] != 0 {
			value = c.Out[op]
		}
	case history.Fail:
		state = aborted
	}
	start := len(p.micros)
	reason := ""
	if value != 0 || state != aborted { // of what never happened nothing need be known
		reason = p.list(value, state == committed)
	}
	if reason == "" && state == committed && c.Out[op] == 0 && p.reads(start) {
		reason = "it is ok but has no value that says what it read"
	}
	if reason != "" {
		p.micros = p.micros[:start]
		if must {
			return &malformedError{operation: op, reason: reason}
		}
		return nil
	}
	p.txnOf[op] = uint32(p.len())
	p.first = append(p.first, uint32(len(p.micros)))
	p.status = append(p.status, state)
	p.operation = append(p.operation, op)
	p.process = append(p.process, c.Process[op])
	return nil
}

func (p *parser) reads(start int) bool {
	for _, m := range p.micros[start:] {
		if !m.write {
			return true
		}
	}
	return false
}

// list adds the micro-operations of a transaction, and returns what is wrong
// with them, or "".
func (p *parser) list(value uint32, answered bool) (reason string) {
	list, ok := p.values.Elements(value)
	if !ok {
		return "its value is not a list of [function key value]"
	}
	for _, element := range list {
		parts, ok := p.values.Elements(element)
		if !ok || len(parts) < 2 || len(parts) > 3 {
			return "its value holds something other than [function key value]"
		}
		f := p.function(parts[0])
		if !f.known {
			return fmt.Sprintf("%v is no function of the workload %v", p.values.At(parts[0]), p.workload)
		}
		if !scalar(p.values.Kind(parts[1])) {
			return "a key is neither text nor a number"
		}
		var argument uint32
		if len(parts) == 3 {
			argument = parts[2]
		}
		if !f.write && !answered {
			continue
		}
		if reason := p.add(parts[1], argument, f.write); reason != "" {
			return reason
		}
	}
	return ""
}

// function says what a value is as the function of a micro-operation.
func (p *parser) function(value uint32) function {
	for _, f := range p.functions {
		if f.value == value {
			return f
		}
	}
	f := function{value: value}
	name, _ := p.values.Text(value)
	f.write, f.known = p.workload.writes(name)
	if f.known { // so that there are at most four
		p.functions = append(p.functions, f)
	}
	return f
}

func (p *parser) add(key, value uint32, write bool) (reason string) {
	kind := p.values.Kind(value)
	switch {
	case write && value == 0:
		return "it writes nil, which stands for nothing written yet"
	case p.workload == ListAppend && !write:
		if value != 0 && kind != columns.List {
			return "it read something other than a list"
		}
	case !scalar(kind) && value != 0:
		return "a value is neither text nor a number"
	}
	p.micros = append(p.micros, micro{key: p.number(key), value: value, write: write})
	return ""
}

func scalar(kind columns.ValueKind) bool {
	return kind != columns.Nil && kind != columns.List && kind != columns.Object
}

// elements returns the list that a read saw; nil is the empty one.
func (x *transactions) elements(value uint32) []uint32 {
	list, _ := x.values.Elements(value)
	return list
}
