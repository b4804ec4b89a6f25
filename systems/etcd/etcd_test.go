package etcd

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

func planConfig(where string) plan.Config {
	config := plan.Config{System: "etcd", Workload: "register", Runtime: where, Options: map[string]string{}}
	System{}.Defaults(&config)
	return config
}

func TestNodes(t *testing.T) {
	config := planConfig("docker")
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	require.Len(t, specs, 3)
	require.NoError(t, cluster.Check(specs))
	require.Equal(t, []string{"n1", "n3"}, specs[1].Peers)
	command := specs[1].Command(cluster.Place{
		Container: true, Data: "/data", Listen: map[string]string{"client": "0.0.0.0:7001", "peer": "0.0.0.0:7002"},
		Dial: map[string]string{"n1": "n1:7002", "n3": "n3:7002"},
	})
	require.Equal(t, "etcd", command.Path)
	require.Equal(t, []string{
		"--name", "n2", "--data-dir", "/data/etcd",
		"--listen-client-urls", "http://0.0.0.0:7001", "--advertise-client-urls", "http://n2:7001",
		"--listen-peer-urls", "http://0.0.0.0:7002", "--initial-advertise-peer-urls", "http://n2:7002",
		"--initial-cluster", "n1=http://n1:7002,n2=http://n2:7002,n3=http://n3:7002", "--initial-cluster-token", "tertium",
		"--quota-backend-bytes", "8589934592", "--logger", "zap", "--heartbeat-interval", "50", "--election-timeout", "500",
	}, command.Args)
}

func TestOptions(t *testing.T) {
	for name, test := range map[string]struct{ value, says string }{
		"version":          {"3.4.0", `option version is "3.4.0"; it must be 3.5.0 or later`},
		"reads":            {"stale", `option reads is "stale"; it may be one of ["linearizable" "serializable"]`},
		"value_bytes":      {"-1", `option value_bytes is "-1"; it must be a number from 0 to 1048576`},
		"election-timeout": {"soon", `option election-timeout is "soon"; it must be a number above 0`},
		"snapshot-count":   {"0", `option snapshot-count is "0"`},
	} {
		config := planConfig("docker")
		config.Options[name] = test.value
		_, err := System{}.Nodes(config)
		require.ErrorContains(t, err, test.says)
	}
	config := planConfig("docker")
	config.Options["snapshot-count"] = "100"
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	require.Contains(t, specs[0].Command(cluster.Place{}).Args, "--snapshot-count")
	config.Nodes = nil
	_, err = System{}.Nodes(config)
	require.ErrorContains(t, err, "no nodes")
	_, err = System{}.Nodes(planConfig("local"))
	require.ErrorContains(t, err, "3 nodes as processes were asked for")
}

// Without a compiler there is no server of a version, and who wants one is told
// when it is needed.
func TestNoCompiler(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	config := planConfig("docker")
	config.Options["version"] = "3.5.17"
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	_, err = fs.ReadFile(specs[0].Image.Build, "Dockerfile")
	require.ErrorContains(t, err, "etcd 3.5.17: it is built from its Go module, and there is no go on PATH")
	config.Runtime, config.Nodes = "local", []string{"n1"}
	_, err = System{}.Nodes(config)
	require.ErrorContains(t, err, "there is no go on PATH")
	config.Options = nil
	_, err = System{}.Nodes(config)
	require.ErrorContains(t, err, "there is no etcd on PATH")
}

// What was built once is used again, by nodes of this machine and for images.
func TestKeptServer(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	if found, err := os.UserCacheDir(); err != nil || found != cache {
		t.Skip("SKIP: the cache folder of this system is not set by XDG_CACHE_HOME")
	}
	for _, system := range []string{"linux", runtime.GOOS} {
		b := &built{version: "3.5.99", os: system}
		dir := filepath.Join(cache, "tertium", "etcd", "3.5.99-"+system+"-"+runtime.GOARCH)
		require.NoError(t, os.MkdirAll(filepath.Dir(dir), 0o755))
		work := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(work, "etcd"), []byte("server"), 0o755))
		require.NoError(t, b.keep(work, dir))
		again := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(again, "etcd"), []byte("slower"), 0o755))
		require.NoError(t, b.keep(again, dir), "another run was faster")
	}
	config := planConfig("docker")
	config.Options["version"] = "3.5.99"
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	server, err := fs.ReadFile(specs[0].Image.Build, "etcd")
	require.NoError(t, err)
	require.Equal(t, "server", string(server))
	dockerfile, err := fs.ReadFile(specs[0].Image.Build, "Dockerfile")
	require.NoError(t, err)
	require.Contains(t, string(dockerfile), "COPY etcd")
	config.Runtime, config.Nodes = "local", []string{"n1"}
	specs, err = System{}.Nodes(config)
	require.NoError(t, err)
	require.FileExists(t, specs[0].Command(cluster.Place{}).Path)
}

// What clients make of a real server: the one on PATH, or of containers.
func TestRealServer(t *testing.T) {
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("SKIP: there is no etcd on PATH")
	}
	config := planConfig("local")
	config.Nodes = []string{"n1"}
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	c, err := local.Runtime{}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	converse(t, c, config)
}

func TestRealServers(t *testing.T) {
	if os.Getenv("TERTIUM_DOCKER") != "1" {
		t.Skip("SKIP: it needs Docker; make test-docker runs it")
	}
	program := os.Getenv("TERTIUM_PROGRAM")
	require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
	config := planConfig("docker")
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	c, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	converse(t, c, config)
}

// converse starts the nodes, does operations on the first, and kills it.
func converse(t *testing.T, c cluster.Cluster, config plan.Config) {
	started := make(chan error)
	for _, node := range c.Nodes() {
		go func() { started <- node.Start(t.Context()) }()
	}
	for range c.Nodes() {
		require.NoError(t, <-started)
	}
	require.NoError(t, System{}.Settled(t.Context(), c))
	primary, err := System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.NotNil(t, c.Node(primary))

	addr := c.Link(cluster.Client, "n1").Addr()
	opened := func(workload string) func(f, key string, value any) harness.Completion {
		config := config
		config.Workload = workload
		client := open(t, addr, config)
		return func(f, key string, value any) harness.Completion {
			return client.Invoke(t.Context(), harness.Invocation{F: f, Key: key, Value: value})
		}
	}
	registers, sets, counters, lists := opened("register"), opened("set"), opened("counter"), opened("list-append")
	require.Equal(t, ok(nil), registers("read", "r1", nil))
	require.Equal(t, mismatch(nil), registers("cas", "r1", []any{one, two}))
	require.Equal(t, ok(nil), registers("write", "r1", one))
	require.Equal(t, mismatch(one), registers("cas", "r1", []any{two, three}))
	require.Equal(t, ok(nil), registers("cas", "r1", []any{one, two}))
	require.Equal(t, ok(two), registers("read", "r1", nil))

	require.Equal(t, ok(true), sets("add", "s1", one))
	require.Equal(t, ok(false), sets("add", "s1", one))
	require.Equal(t, ok([]any{one}), sets("read", "s1", nil))
	require.Equal(t, ok(true), sets("contains", "s1", one))
	require.Equal(t, ok(true), sets("remove", "s1", one))
	require.Equal(t, ok(false), sets("remove", "s1", one))
	require.Equal(t, ok([]any{}), sets("read", "s1", nil))

	require.Equal(t, ok(int64(0)), counters("read", "c1", nil))
	require.Equal(t, ok(nil), counters("increment", "c1", nil))
	require.Equal(t, ok(nil), counters("increment", "c1", nil))
	require.Equal(t, ok(two), counters("read", "c1", nil))

	appended := micros(m("r", "l1", []any{}), m("append", "l1", one), m("append", "l2", two))
	require.Equal(t, ok(appended), lists("txn", "", micros(m("r", "l1", nil), m("append", "l1", one), m("append", "l2", two))))
	require.Equal(t, ok(micros(m("r", "l2", []any{two}))), lists("txn", "", micros(m("r", "l2", nil))))

	holder, other := opened("lock"), opened("lock")
	token := holder("acquire", "k1", acquired(2, false))
	require.Equal(t, history.OK, token.Outcome, token.Error)
	require.Contains(t, other("acquire", "k1", acquired(2, false)).Error, "held")
	require.Equal(t, ok(one), holder("add-and-get", "k1", one))
	require.Equal(t, ok(nil), holder("release", "k1", nil))
	later := other("acquire", "k1", acquired(2, false))
	require.Equal(t, history.OK, later.Outcome, later.Error)
	require.Greater(t, later.Value, token.Value)
	require.Equal(t, ok(two), other("add-and-get", "k1", one))

	n := c.Node("n1")
	require.NoError(t, System{}.Defragment(t.Context(), n))
	require.NoError(t, n.Kill())
	require.NotEqual(t, history.OK, registers("write", "r1", int64(9)).Outcome)
	require.Equal(t, history.Fail, registers("write", "r1", int64(9)).Outcome, "refused, and so never sent")
	require.NoError(t, n.Start(t.Context()))
	require.NoError(t, System{}.Settled(t.Context(), c))
	require.Equal(t, ok(two), registers("read", "r1", nil))
	require.Equal(t, ok(two), counters("read", "c1", nil))
}
