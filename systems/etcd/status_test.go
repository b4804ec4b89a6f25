package etcd

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// member is a node that says of itself what a test has it say.
type member struct {
	cluster.Node
	name, addr string

	mu     sync.Mutex
	status memberStatus
	hash   contentHash
	// applies has it apply an entry after each question.
	applies bool
	hashed  int
}

func (m *member) Name() string { return m.name }

func (m *member) Addr(string) string { return m.addr }

func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch r.URL.Path {
	case statusPath:
		_ = json.NewEncoder(w).Encode(m.status)
		if m.applies {
			m.status.Applied++
			m.status.Index++
		}
	case hashPath:
		m.hashed++
		_ = json.NewEncoder(w).Encode(m.hash)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

type members struct {
	cluster.Cluster
	nodes []cluster.Node
}

func (m *members) Nodes() []cluster.Node { return m.nodes }

// ensemble is three members that agree, led by the second, but for what change
// does to the third.
func ensemble(t *testing.T, change func(third *member)) (*members, []*member) {
	c := &members{}
	var all []*member
	for i, name := range []string{"n1", "n2", "n3"} {
		m := &member{name: name, status: memberStatus{
			Header: header{Member: uint64(i + 1), Revision: 40}, Leader: 2, Term: 3, Index: 50, Applied: 50,
		}, hash: contentHash{Hash: 7}}
		server := httptest.NewServer(m)
		t.Cleanup(server.Close)
		m.addr = strings.TrimPrefix(server.URL, "http://")
		c.nodes, all = append(c.nodes, m), append(all, m)
	}
	change(all[2])
	return c, all
}

func TestSettled(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*member)
		says   string
	}{
		"all the same":    {func(*member) {}, ""},
		"no leader":       {func(m *member) { m.status.Leader = 0 }, "node n3 knows no leader"},
		"another leader":  {func(m *member) { m.status.Leader = 3 }, "n1 and n3 do not follow one leader"},
		"another term":    {func(m *member) { m.status.Term = 4 }, "n1 and n3 do not follow one leader: terms 3 and 4"},
		"behind":          {func(m *member) { m.status.Applied = 49 }, "node n3 has applied 49 of 50 entries"},
		"behind unawares": {func(m *member) { m.status.Applied, m.status.Index = 49, 49 }, "node n1 has applied 50 entries, and n3 49"},
		"in trouble":      {func(m *member) { m.status.Errors = []string{"NOSPACE"} }, "node n3 says: NOSPACE"},
		"applied a part twice": {func(m *member) { m.status.Header.Revision = 42 },
			"members have diverged for good, all having applied 50 entries: n1 and n2 at revision 40, but n3 at revision 42"},
		"holds something else": {func(m *member) { m.hash.Hash = 8 },
			"members have diverged for good, all having applied 50 entries: n1 and n2 at revision 40 with hash 7, but n3 at revision 40 with hash 8"},
		"still applying": {func(m *member) { m.applies = true }, "node n3 is still applying entries: 50, then 51"},
		"unreachable":    {func(m *member) { m.addr = "127.0.0.1:1" }, "node n3: not-sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, all := ensemble(t, test.change)
			if test.says == "" {
				require.NoError(t, System{}.Settled(t.Context(), c))
				for _, m := range all {
					require.Equal(t, 1, m.hashed)
				}
				return
			}
			require.ErrorContains(t, settled(t.Context(), c), test.says)
			if strings.Contains(test.says, "diverged") {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				err := System{}.Settled(ctx, c)
				require.ErrorIs(t, err, ErrDiverged)
				require.ErrorContains(t, err, test.says, "not what the end of the context brought about")
			}
		})
	}
}

// Of two members that differ none is the one that is right.
func TestDivergedInHalves(t *testing.T) {
	err := diverged(map[string]memberStatus{"n1": {Applied: 9}, "n2": {Applied: 9}}, map[string]contentHash{"n1": {Hash: 1}, "n2": {Hash: 2}})
	require.ErrorIs(t, err, ErrDiverged)
	require.ErrorContains(t, err, "n1 at revision 0 with hash 1, but n2 at revision 0 with hash 2")
}

func TestPrimary(t *testing.T) {
	c, all := ensemble(t, func(*member) {})
	primary, err := System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "n2", primary)
	// One that was deposed and does not know it, and the one in its place.
	all[2].status.Leader, all[2].status.Term = 3, 4
	primary, err = System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "n3", primary)
	for _, m := range all {
		m.status.Leader = 0
	}
	primary, err = System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.Empty(t, primary)
	for _, m := range all {
		m.addr = "127.0.0.1:1"
	}
	_, err = System{}.Primary(t.Context(), c)
	require.ErrorContains(t, err, "no node answers")
}
