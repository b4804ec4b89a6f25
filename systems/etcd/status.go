package etcd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
)

const (
	// askTimeout bounds a question to a node, which may be paused.
	askTimeout = time.Second
	// askAgain is how long to wait before the nodes are asked again, and
	// askDiverged if they had diverged, since each has to read all it has.
	askAgain    = 50 * time.Millisecond
	askDiverged = 2 * time.Second
	// hashTimeout bounds the question for a hash, for which a node reads all it
	// has.
	hashTimeout = 20 * time.Second
	// defragmentTimeout bounds the rewriting of all that a node has.
	defragmentTimeout = 2 * time.Minute
)

// memberStatus is what a node says of itself.
type memberStatus struct {
	Header  header   `json:"header"`
	Version string   `json:"version"`
	Leader  uint64   `json:"leader,string"`
	Term    uint64   `json:"raftTerm,string"`
	Index   uint64   `json:"raftIndex,string"`
	Applied uint64   `json:"raftAppliedIndex,string"`
	Errors  []string `json:"errors"`
}

// contentHash is that of all keys up to a revision.
type contentHash struct {
	Hash      uint32 `json:"hash"`
	Compacted int64  `json:"compact_revision,string"`
}

// hashRequest names a revision; at a member that has got less far it is refused.
type hashRequest struct {
	Revision int64 `json:"revision,string"`
}

// once asks a node on a connection of its own, closed after use: a node may be
// killed between two questions, and its port is not to be kept busy.
func once[T any](ctx context.Context, limit time.Duration, addr, path string, request any) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	w := wire{addr: addr}
	defer w.close()
	return ask[T](ctx, &w, path, request)
}

// status asks the node whose client address is addr.
func status(ctx context.Context, addr string) (memberStatus, error) {
	return once[memberStatus](ctx, askTimeout, addr, statusPath, struct{}{})
}

// each asks all nodes at the same time.
func each[T any](c cluster.Cluster, question func(addr string) (T, error)) (map[string]T, error) {
	type answer struct {
		node  string
		value T
		err   error
	}
	nodes := c.Nodes()
	answers := make(chan answer, len(nodes))
	for _, node := range nodes {
		go func() {
			value, err := question(node.Addr(cluster.ClientPort))
			answers <- answer{node.Name(), value, err}
		}()
	}
	known := map[string]T{}
	var errs []error
	for range nodes {
		a := <-answers
		if a.err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", a.node, a.err))
			continue
		}
		known[a.node] = a.value
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return known, errors.Join(errs...)
}

func statuses(ctx context.Context, c cluster.Cluster) (map[string]memberStatus, error) {
	return each(c, func(addr string) (memberStatus, error) { return status(ctx, addr) })
}

// Primary returns the node that leads in the highest term, or "" if none says
// that it leads.
func (System) Primary(ctx context.Context, c cluster.Cluster) (string, error) {
	known, err := statuses(ctx, c)
	if len(known) == 0 {
		return "", fmt.Errorf("etcd: no node answers: %w", err)
	}
	primary, term := "", uint64(0)
	for name, s := range known {
		if s.Leader != 0 && s.Leader == s.Header.Member && s.Term > term {
			primary, term = name, s.Term
		}
	}
	return primary, nil
}

// Settled returns nil once all members follow one leader and have applied the
// same entries, and hold the same. Members that hold something else after the
// same entries will never hold the same again: then it says which, when the
// context ends.
func (System) Settled(ctx context.Context, c cluster.Cluster) error {
	var last error
	for {
		err := settled(ctx, c)
		if err == nil {
			return nil
		}
		// What the end of the context brings about says nothing of the members.
		if end, bounded := ctx.Deadline(); last == nil || ctx.Err() == nil && (!bounded || time.Until(end) > 0) {
			last = err
		}
		pause := askAgain
		if errors.Is(err, ErrDiverged) {
			pause = askDiverged
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("etcd: %w", last)
		case <-time.After(pause):
		}
	}
}

func settled(ctx context.Context, c cluster.Cluster) error {
	first, err := statuses(ctx, c)
	if err != nil {
		return err
	}
	if err := caughtUp(first); err != nil {
		return err
	}
	// Members at one revision may still hold different things below it.
	hashes := map[string]contentHash{}
	if revision, same := revisionOf(first); same {
		hashes, err = each(c, func(addr string) (contentHash, error) {
			return once[contentHash](ctx, hashTimeout, addr, hashPath, hashRequest{revision})
		})
		if err != nil {
			return fmt.Errorf("hashes: %w", err)
		}
	}
	// Only if nothing was applied meanwhile does all that they said belong to one
	// moment.
	second, err := statuses(ctx, c)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(second)) {
		if s := second[name]; s.Applied != first[name].Applied || s.Header.Revision != first[name].Header.Revision {
			return fmt.Errorf("node %s is still applying entries: %d, then %d", name, first[name].Applied, s.Applied)
		}
	}
	return diverged(first, hashes)
}

// revisionOf returns the revision of all members, if it is one.
func revisionOf(known map[string]memberStatus) (revision int64, same bool) {
	for _, s := range known {
		if revision != 0 && s.Header.Revision != revision {
			return 0, false
		}
		revision = s.Header.Revision
	}
	return revision, true
}

// caughtUp says what members still differ in.
func caughtUp(known map[string]memberStatus) error {
	names := slices.Sorted(maps.Keys(known))
	for _, name := range names {
		s, one := known[name], known[names[0]]
		switch {
		case s.Leader == 0:
			return fmt.Errorf("node %s knows no leader", name)
		case s.Leader != one.Leader || s.Term != one.Term:
			return fmt.Errorf("nodes %s and %s do not follow one leader: terms %d and %d", names[0], name, one.Term, s.Term)
		case s.Applied != s.Index:
			return fmt.Errorf("node %s has applied %d of %d entries", name, s.Applied, s.Index)
		case s.Applied != one.Applied:
			return fmt.Errorf("node %s has applied %d entries, and %s %d", names[0], one.Applied, name, s.Applied)
		case len(s.Errors) > 0:
			return fmt.Errorf("node %s says: %s", name, strings.Join(s.Errors, "; "))
		}
	}
	return nil
}

// ErrDiverged says that members hold different things after the same entries.
var ErrDiverged = errors.New("members have diverged for good")

// diverged returns an ErrDiverged that names each part, the largest first, if
// members that have applied the same entries do not hold the same.
func diverged(known map[string]memberStatus, hashes map[string]contentHash) error {
	type state struct {
		revision int64
		hash     contentHash
	}
	parts := map[state][]string{}
	var applied uint64
	for _, name := range slices.Sorted(maps.Keys(known)) {
		s := state{known[name].Header.Revision, hashes[name]}
		parts[s] = append(parts[s], name)
		applied = known[name].Applied
	}
	if len(parts) < 2 {
		return nil
	}
	states := slices.SortedFunc(maps.Keys(parts), func(a, b state) int {
		if n := len(parts[b]) - len(parts[a]); n != 0 {
			return n
		}
		return strings.Compare(parts[a][0], parts[b][0])
	})
	var words []string
	for _, s := range states {
		word := fmt.Sprintf("%s at revision %d", strings.Join(parts[s], " and "), s.revision)
		if len(hashes) > 0 {
			word += fmt.Sprintf(" with hash %d", s.hash.Hash)
		}
		words = append(words, word)
	}
	return fmt.Errorf("%w, all having applied %d entries: %s", ErrDiverged, applied, strings.Join(words, ", but "))
}

// Defragment has a member rewrite its database, which serves nothing meanwhile.
func (System) Defragment(ctx context.Context, node cluster.Node) error {
	_, err := once[struct{}](ctx, defragmentTimeout, node.Addr(cluster.ClientPort), defragmentPath, struct{}{})
	return err
}
