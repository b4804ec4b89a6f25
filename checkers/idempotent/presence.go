package idempotent

import (
	"context"
	"slices"
	"sort"
)

// judgePresence looks for effects that a read-back should show and does not. An
// effect is certain from the first moment at which it was acknowledged or seen;
// then a read-back must show it if
//
//   - the nodes settled in between, or
//   - the same node had shown it in a read-back that returned before this one
//     was called.
//
// Looking for each missing effect in each read-back would take keys times
// read-backs. But the effects that must be there by some moment are as many as
// the certain moments before it, so that comparing two numbers tells whether any
// is missing, and only then it is looked for.
func (j *judge) judgePresence(ctx context.Context) error {
	certain := make([]int32, len(j.keys))
	for id := range j.keys {
		certain[id] = never
		if j.rules&ruleAckedIsThere != 0 {
			certain[id] = j.done[id].acked
		}
		if j.rules&ruleSeenStays != 0 {
			certain[id] = min(certain[id], j.done[id].seen)
		}
	}
	keys := j.keysByScope()
	reads := make([][]int32, len(j.scopes))
	for at := range j.reads {
		if scope := j.reads[at].scope; scope != none && !j.reads[at].partial {
			reads[scope] = append(reads[scope], int32(at))
		}
	}
	shown := make([]int32, len(j.keys))
	for i := range shown {
		shown[i] = none
	}
	for scope := range j.scopes {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := presence{judge: j, keys: keys[scope], certain: certain, shown: shown, blame: j.blameLost}
		p.sweep(ctx, reads[scope], func(r *readBack) int32 { return r.since })
		if j.rules&ruleSeenStays != 0 {
			j.judgeNodes(ctx, &p, reads[scope])
		}
	}
	return ctx.Err()
}

// keysByScope returns the keys of each scope.
func (j *judge) keysByScope() [][]int32 {
	if j.scoped != nil {
		return j.scoped
	}
	sizes := make([]int, len(j.scopes))
	for i := range j.keys {
		sizes[j.keys[i].scope]++
	}
	all := make([]int32, len(j.keys))
	byScope := make([][]int32, len(j.scopes))
	for scope, size := range sizes {
		byScope[scope], all = all[:0:size], all[size:]
	}
	for i := range j.keys {
		scope := j.keys[i].scope
		byScope[scope] = append(byScope[scope], int32(i))
	}
	j.scoped = byScope
	return byScope
}

// judgeNodes compares the read-backs of each node with each other. What a node
// has shown is certain at that node from then on, settled or not.
func (j *judge) judgeNodes(ctx context.Context, p *presence, reads []int32) {
	byNode := make(map[string][]int32)
	var nodes []string
	for _, at := range reads {
		node := j.reads[at].node
		if node == "" {
			continue
		}
		if byNode[node] == nil {
			nodes = append(nodes, node)
		}
		byNode[node] = append(byNode[node], at)
	}
	vanished := func(id, at, _ int32) { j.blameVanished(id, at) }
	var certain []int32
	for _, node := range nodes {
		reads := byNode[node]
		if len(reads) < 2 {
			continue
		}
		if certain == nil {
			certain = slices.Repeat([]int32{never}, len(j.keys))
		}
		var keys []int32
		for _, at := range reads {
			r := &j.reads[at]
			for _, id := range r.keys {
				if certain[id] == never {
					keys = append(keys, id)
				}
				certain[id] = min(certain[id], r.ret)
			}
		}
		here := presence{judge: j, keys: keys, certain: certain, shown: p.shown, blame: vanished}
		here.sweep(ctx, reads, func(r *readBack) int32 { return r.call })
		for _, id := range keys {
			certain[id] = never
		}
	}
}

// presence compares read-backs with what is certain.
type presence struct {
	*judge
	// keys are those that it is about, and certain, by key, is from when on
	// each must show.
	keys    []int32
	certain []int32
	// shown is scratch memory: by key, the read-back marked last.
	shown []int32
	// blame is told of each key that a read-back should show and does not, and
	// of the moment before which it was certain.
	blame func(id, read, limit int32)
}

// sweep looks at each of the read-backs, which must show what was certain
// before the moment that since returns, or nothing if it returns none.
func (p *presence) sweep(ctx context.Context, reads []int32, since func(*readBack) int32) {
	before := earlier{keys: p.keys, certain: p.certain}
	for _, at := range reads {
		if ctx.Err() != nil {
			return
		}
		r := &p.reads[at]
		limit := since(r)
		expected := before.count(limit)
		for _, id := range r.keys {
			if p.certain[id] < limit {
				expected--
			}
		}
		if expected > 0 {
			p.missing(at, limit)
		}
	}
}

// earlier counts the keys that were certain before some limit. Read-backs have
// few different limits as a rule, so that it sorts only for many.
type earlier struct {
	keys    []int32
	certain []int32
	limits  []int32
	counts  []int
	// moments are those from which on each key was certain, ascending, once
	// they are sorted.
	moments []int32
}

// fewLimits is for how many limits counting takes less time than to sort.
const fewLimits = 8

func (e *earlier) count(limit int32) int {
	if known := slices.Index(e.limits, limit); known >= 0 {
		return e.counts[known]
	}
	if len(e.limits) < fewLimits {
		n := 0
		for _, id := range e.keys {
			if e.certain[id] < limit {
				n++
			}
		}
		e.limits, e.counts = append(e.limits, limit), append(e.counts, n)
		return n
	}
	if e.moments == nil {
		for _, id := range e.keys {
			if e.certain[id] != never {
				e.moments = append(e.moments, e.certain[id])
			}
		}
		slices.Sort(e.moments)
	}
	return sort.Search(len(e.moments), func(i int) bool { return e.moments[i] >= limit })
}

// missing blames each key that a read-back should show and does not.
func (p *presence) missing(at, limit int32) {
	for _, id := range p.reads[at].keys {
		p.shown[id] = at
	}
	for _, id := range p.keys {
		if p.certain[id] < limit && p.shown[id] != at {
			p.blame(id, at, limit)
		}
	}
}

// judgeIDs looks for two keys of a scope that were told to have the same
// effect.
func (j *judge) judgeIDs() {
	if !j.idsAreShared() {
		return
	}
	owners := make([]int32, j.identities()) // the last key with an id, plus one
	for scope, keys := range j.keysByScope() {
		for _, id := range keys {
			if j.ids[id] == noID {
				continue
			}
			owner := &owners[j.ids[id]]
			if *owner != 0 && int(j.keys[*owner-1].scope) == scope {
				j.blameSharedID(*owner-1, id)
			} else {
				*owner = id + 1
			}
		}
	}
}

// idsAreShared reports whether there are two such keys. It is asked first,
// because a bit for each identity is far less memory than an owner.
func (j *judge) idsAreShared() bool {
	taken := make([]uint64, j.identities()/64+1)
	for _, keys := range j.keysByScope() {
		for _, id := range keys {
			is := j.ids[id]
			word, bit := &taken[is/64], uint64(1)<<(is%64)
			if is != noID && *word&bit != 0 {
				return true
			}
			*word |= bit
		}
		for _, id := range keys {
			taken[j.ids[id]/64] = 0
		}
	}
	return false
}
