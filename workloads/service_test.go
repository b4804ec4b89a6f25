package workloads_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/bank"
)

// service is a correct service for all workloads, in memory, but for the
// mistake that it is told to make.
type service struct {
	mistake   string
	registers map[string]int64
	// before is what a register held before its last write.
	before   map[string]int64
	balances map[string]map[string]int64
	entries  map[string][]any
	keys     map[string]stored
	sets     map[string]map[int64]bool
	counters map[string]int64
	lists    map[string][]any
	queues   map[string][]any
	logs     map[string][]any
	ids      int64
	done     int
	holders  map[string]string
	tokens   int64
}

// stored is the reply of an idempotency key.
type stored struct {
	payload string
	reply   harness.Completion
}

func newService(mistake string) *service {
	return &service{
		mistake: mistake, registers: map[string]int64{}, before: map[string]int64{},
		balances: map[string]map[string]int64{}, entries: map[string][]any{}, keys: map[string]stored{},
		sets: map[string]map[int64]bool{}, counters: map[string]int64{}, lists: map[string][]any{},
		queues: map[string][]any{}, logs: map[string][]any{}, holders: map[string]string{},
	}
}

func okay(value any) harness.Completion {
	return harness.Completion{Outcome: history.OK, Value: value}
}

func refuse(code string, value any) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: code, Value: value}
}

// do does one request.
func (s *service) do(op plan.Op) harness.Completion {
	s.done++
	switch op.F {
	case "read":
		if accounts, ok := op.Value.([]any); ok {
			return okay(s.savings(accounts))
		}
		switch op.Key[0] {
		case 's':
			return okay(s.members(op.Key))
		case 'c':
			return okay(s.counters[op.Key])
		}
		held := s.registers
		if s.mistake == "stale-read" && s.done%50 == 0 {
			held = s.before
		}
		if value, written := held[op.Key]; written {
			return okay(value)
		}
		return okay(nil)
	case "write":
		s.set(op.Key, op.Value.(int64))
		return okay(nil)
	case "cas":
		pair := op.Value.([]any)
		if value, written := s.registers[op.Key]; !written {
			return refuse("mismatch", nil)
		} else if value != pair[0] {
			return refuse("mismatch", value)
		}
		s.set(op.Key, pair[1].(int64))
		return okay(nil)
	case "increment":
		s.counters[op.Key]++
		if s.mistake == "lost-increment" && s.done%100 == 0 {
			s.counters[op.Key]--
		}
		return okay(nil)
	case "add", "remove", "contains":
		return okay(s.element(op))
	case "enqueue", "dequeue", "drain":
		return s.queue(op)
	case "send", "poll", "assign":
		return s.log(op)
	case "acquire", "add-and-get", "release":
		return s.lock(op)
	case "txn":
		return okay(s.transact(op.Value.([]any)))
	case "balance":
		tenant, account, _ := strings.Cut(op.Key, "/")
		return okay(s.balances[tenant][account])
	case "accounts":
		list := []any{}
		for _, name := range slices.Sorted(maps.Keys(s.balances[op.Key])) {
			list = append(list, map[string]any{"account": name, "balance": s.balances[op.Key][name]})
		}
		return okay(list)
	case "entries":
		return okay(slices.Clone(s.entries[op.Key]))
	case "transfer":
		if op.Idem == "" {
			return s.move(op.Value.(map[string]any))
		}
	}
	return s.once(op)
}

func (s *service) set(key string, value int64) {
	if old, written := s.registers[key]; written {
		s.before[key] = old
	}
	s.registers[key] = value
}

// once does what is asked under a key unless it has been done.
func (s *service) once(op plan.Op) harness.Completion {
	scope, payload := op.Idem, fmt.Sprint(op.Value)
	if s.mistake == "unscoped" {
		_, scope, _ = strings.Cut(scope, "/")
	}
	if known, ok := s.keys[scope]; ok && s.mistake != "no-dedupe" {
		if known.payload != payload && s.mistake != "any-payload" {
			return refuse("conflict", nil)
		}
		return known.reply
	}
	reply := s.pay(op)
	s.keys[scope] = stored{payload, reply}
	return reply
}

// pay does a deposit or a transfer.
func (s *service) pay(op plan.Op) harness.Completion {
	value := op.Value.(map[string]any)
	tenant, amount := value["tenant"].(string), value["amount"].(int64)
	if s.balances[tenant] == nil {
		s.balances[tenant] = map[string]int64{}
	}
	held := s.balances[tenant]
	_, account, _ := strings.Cut(op.Key, "/")
	s.ids++
	entry := map[string]any{"id": s.ids, "operation": op.F, "key": op.Idem[strings.LastIndex(op.Idem, "/")+1:]}
	reply := map[string]any{"id": s.ids, "amount": amount}
	for name, v := range value {
		if name != "tenant" {
			entry[name], reply[name] = v, v
		}
	}
	if op.F == "deposit" {
		held[account] += amount
	} else {
		if held[account] < amount {
			return refuse("insufficient-funds", nil)
		}
		held[account] -= amount
		if s.mistake != "half" || s.ids%100 != 0 {
			held[value["to"].(string)] += amount
		}
	}
	reply["balance"] = held[account]
	s.entries[tenant] = append(s.entries[tenant], entry)
	return okay(reply)
}

// savings are the balances of accounts of the workload bank, "" in the books.
func (s *service) savings(accounts []any) map[string]any {
	held := map[string]any{}
	for _, name := range accounts {
		held[name.(string)] = bank.Initial + s.balances[""][name.(string)]
	}
	return held
}

// move does a transfer of the workload bank.
func (s *service) move(value map[string]any) harness.Completion {
	from, to, amount := value["from"].(string), value["to"].(string), value["amount"].(int64)
	if s.balances[""] == nil {
		s.balances[""] = map[string]int64{}
	}
	held := s.balances[""]
	if bank.Initial+held[from] < amount && s.mistake != "overdraw" {
		return refuse("insufficient-funds", nil)
	}
	held[from] -= amount
	if s.mistake != "half" || s.done%100 != 0 {
		held[to] += amount
	}
	return okay(nil)
}

// members lists a set.
func (s *service) members(key string) []any {
	list := []any{}
	for _, element := range slices.Sorted(maps.Keys(s.sets[key])) {
		list = append(list, element)
	}
	if s.mistake == "twice" && len(list) > 0 && s.done%100 == 0 {
		list = append(list, list[0])
	}
	return list
}

// element puts an element into a set, takes it out, or looks for it.
func (s *service) element(op plan.Op) bool {
	set, element := s.sets[op.Key], op.Value.(int64)
	if set == nil {
		set = map[int64]bool{}
		s.sets[op.Key] = set
	}
	was := set[element]
	switch {
	case s.mistake == "lost-element" && s.done%100 == 0:
	case op.F == "add":
		set[element] = true
	case op.F == "remove":
		delete(set, element)
	}
	return was != (op.F == "add")
}

// hides tells whether a transaction may not see a key: of two in a row that read
// a group of keys, each misses what the other sees.
func (s *service) hides(key string) bool {
	return s.mistake == "forked" && s.done%50 < 2 && int64(key[len(key)-1])%2 == int64(s.done%50)
}

// transact does a transaction at once.
func (s *service) transact(list []any) []any {
	result := make([]any, len(list))
	lists, registers := s.lists, s.registers
	if s.mistake == "rolled-back" && s.done%50 == 0 {
		lists, registers = maps.Clone(lists), maps.Clone(registers)
	}
	for i, item := range list {
		micro := item.([]any)
		f, key, value := micro[0], micro[1].(string), micro[2]
		switch {
		case f == "append":
			lists[key] = append(slices.Clone(lists[key]), value)
		case f == "w":
			registers[key] = value.(int64)
		case key[0] == 'l':
			value = slices.Clone(lists[key])
			if lists[key] == nil {
				value = nil
			}
		default:
			if held, written := registers[key]; written && !s.hides(key) {
				value = held
			}
		}
		result[i] = []any{f, key, value}
	}
	return result
}

// queue puts an element into a queue, or takes one or all out.
func (s *service) queue(op plan.Op) harness.Completion {
	held := s.queues[op.Key]
	switch {
	case op.F == "enqueue":
		// More than dequeues of unknown outcome may have taken.
		if s.mistake != "lost-element" || s.done%5 != 0 {
			s.queues[op.Key] = append(held, op.Value)
		}
		return okay(nil)
	case op.F == "drain":
		s.queues[op.Key] = nil
		return okay(append([]any{}, held...))
	case len(held) == 0:
		return refuse("empty", nil)
	case s.mistake != "twice" || s.done%100 != 0:
		s.queues[op.Key] = held[1:]
	}
	return okay(held[0])
}

// log appends a message to a log, or shows some of it.
func (s *service) log(op plan.Op) harness.Completion {
	held := s.logs[op.Key]
	switch op.F {
	case "assign":
		return okay(nil)
	case "send":
		s.logs[op.Key] = append(held, op.Value)
		if s.mistake == "lost-element" && s.done%100 == 0 {
			s.logs[op.Key] = held
		}
		return okay(int64(len(held)))
	}
	given := []any{}
	for at := op.Value.(int64); at < int64(len(held)) && len(given) < 1000; at++ {
		if s.mistake != "skip" || s.done%100 != 0 || at != op.Value.(int64)+1 {
			given = append(given, []any{at, held[at]})
		}
	}
	return okay(given)
}

// lock gives a lock to a worker, or lets its holder count. A worker that tries to
// acquire another lock gives up those that it has.
func (s *service) lock(op plan.Op) harness.Completion {
	worker := op.Ref[:strings.LastIndex(op.Ref, ".")] // of "w3.117", "drain.w3.117"
	switch {
	case op.F == "acquire":
		maps.DeleteFunc(s.holders, func(_, holder string) bool { return holder == worker })
		if s.holders[op.Key] != "" && s.mistake != "given-twice" {
			return refuse("held", nil)
		}
		s.holders[op.Key] = worker
		if s.mistake != "same-token" || s.done%100 != 0 {
			s.tokens++
		}
		return okay(s.tokens)
	case op.Value == int64(0):
		return okay(s.counters[op.Key])
	case s.holders[op.Key] != worker && s.mistake != "given-twice":
		return refuse("not-held", nil)
	case op.F == "release":
		delete(s.holders, op.Key)
		return okay(nil)
	}
	if s.mistake != "lost-increment" || s.done%100 != 0 {
		s.counters[op.Key]++
	}
	return okay(s.counters[op.Key])
}
