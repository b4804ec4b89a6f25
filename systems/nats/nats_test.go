package nats

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// config is that of a run in containers which need nothing built.
func config(change func(*plan.Config)) plan.Config {
	c := plan.Config{System: "nats", Workload: "queue", Runtime: "docker", Options: map[string]string{"version": "debian"}}
	if change != nil {
		change(&c)
	}
	System{}.Defaults(&c)
	return c
}

func TestNodes(t *testing.T) {
	specs, err := System{}.Nodes(config(nil))
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	require.Len(t, specs, 3)
	place := cluster.Place{
		Container: true, Data: "/data",
		Listen: map[string]string{"client": "0.0.0.0:7001", "peer": "0.0.0.0:7002", "monitor": "0.0.0.0:7003"},
		Dial:   map[string]string{"n1": "n1:7002", "n3": "n3:7002"},
	}
	args := specs[1].Command(place).Args
	require.Equal(t, []string{"start.sh", "nats-server", "/data"}, args[2:5])
	require.Equal(t, `server_name: n2
listen: "0.0.0.0:7001"
http: "0.0.0.0:7003"
jetstream {
  store_dir: "/data/jetstream"
  max_memory_store: 256MB
  max_file_store: 4GB
}
cluster {
  name: tertium
  listen: "0.0.0.0:7002"
  no_advertise: true
  routes: [
    "nats://n1:7002"
    "nats://n3:7002"
  ]
}
`, args[5])
	place.Container = false
	require.Contains(t, specs[1].Command(place).Args[5], `advertise: "127.0.0.1:1"`, "else nodes find each other past the links")

	lone, err := System{}.Nodes(config(func(c *plan.Config) { c.Options["nodes"] = "1" }))
	require.NoError(t, err)
	require.NoError(t, cluster.Check(lone))
	require.Len(t, lone, 1)
	require.NotContains(t, lone[0].Command(place).Args[5], "cluster")

	s, err := readSettings(config(func(c *plan.Config) { c.Options = map[string]string{"sync": "always"} }))
	require.NoError(t, err)
	require.Contains(t, serverConfig("n1", []string{"n1"}, s, place), "sync_interval: always")
}

func TestOptionsThatAreWrong(t *testing.T) {
	for _, c := range []struct{ option, value, says string }{
		{"version", "3", `option version is "3"; it may be a release, such as 2.12.1, or debian`},
		{"version", "2.12.1; rm", "it may be a release"},
		{"sync", "never", `option sync is "never"; it may be one of ["default" "always"]`},
		{"sync", "always", "version debian has no sync always"},
		{"storage", "tape", "option storage"},
		{"reads", "all", "option reads"},
		{"reads", "batch", "version debian does not read in batches"},
		{"delivery", "at-most-once", "option delivery"},
		{"replicas", "4", `option replicas is "4"; it may be 1 to 3`},
		{"replicas", "x", "option replicas"},
		{"nodes", "2", "2 nodes were asked for"},
	} {
		t.Run(c.option+" "+c.value, func(t *testing.T) {
			_, err := System{}.Nodes(config(func(config *plan.Config) { config.Options[c.option] = c.value }))
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := System{}.Nodes(plan.Config{Nodes: []string{"a", "b", "c"}, Options: map[string]string{"nodes": "5"}})
	require.ErrorContains(t, err, `option nodes is "5" and there are 3 nodes`)
}

func TestVersions(t *testing.T) {
	for text, want := range map[string]bool{"debian": false, "2.10.22": true, "2.12.1": true, "2.9.25": false} {
		v, err := readVersion(text)
		require.NoError(t, err)
		require.Equal(t, want, v.atLeast(2, 10), text)
	}
	v, err := readVersion("")
	require.NoError(t, err)
	require.Equal(t, version("2.12.1"), v)
}

// A server that has been built is not built again, and without Go it is said what
// to do.
func TestProgram(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	t.Setenv("PATH", cache)
	_, image, err := version("2.12.1").program("docker")
	require.NoError(t, err, "nothing is built before it is needed")
	_, err = image.Late()
	require.ErrorContains(t, err, "there is no go on PATH: install Go (https://go.dev/dl), or use -o version=debian")
	here, _, err := version("2.12.1").program("local")
	require.NoError(t, err)
	_, err = here()
	require.ErrorContains(t, err, "there is no go on PATH")
	_, _, err = version(packaged).program("local")
	require.ErrorContains(t, err, "there is no nats-server on PATH")

	root, err := os.UserCacheDir()
	require.NoError(t, err)
	folder := filepath.Join(root, "tertium", programName)
	require.NoError(t, os.MkdirAll(folder, 0o700))
	// A tool that puts a program where the real one would.
	script := "#!/bin/sh\nPATH=/bin:/usr/bin\n[ $1 = env ] && exec echo /modules\nmkdir -p $GOPATH/bin\necho \"$@ $CGO_ENABLED $GOMODCACHE\" >>" + cache + "/calls\n: >$GOPATH/bin/nats-server\n"
	require.NoError(t, os.WriteFile(filepath.Join(cache, "go"), []byte(script), 0o700))
	for range 2 {
		find, image, err := version("2.12.1").program("docker")
		require.NoError(t, err)
		path, err := find()
		require.NoError(t, err)
		require.Equal(t, programName, path)
		files, err := image.Late()
		require.NoError(t, err)
		require.Equal(t, folder, filepath.Dir(files[programName]))
	}
	calls, err := os.ReadFile(filepath.Join(cache, "calls"))
	require.NoError(t, err)
	require.Equal(t, "install -trimpath -ldflags=-s -w github.com/nats-io/nats-server/v2@v2.12.1 0 /modules", strings.TrimSpace(string(calls)))
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 1)

	require.NoError(t, os.WriteFile(filepath.Join(cache, "go"), []byte("#!/bin/sh\n[ $1 = env ] && exit\necho no such module\nexit 1\n"), 0o700))
	_, image, err = version("2.12.9").program("docker")
	require.NoError(t, err)
	_, err = image.Late()
	require.ErrorContains(t, err, "no such module")
}

// The script writes the settings and becomes the server.
func TestStart(t *testing.T) {
	data := t.TempDir()
	command := command("/bin/cat", cluster.Place{Data: data}, "some settings\n")
	// The stand-in for the server is asked to print its settings.
	command.Args[1] = strings.Replace(command.Args[1], " -c ", " ", 1)
	out, err := exec.Command(command.Path, command.Args...).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "some settings\n", string(out))
}

func TestStreams(t *testing.T) {
	c := config(func(c *plan.Config) { c.Workload, c.Keys, c.Timeout = "queue+stream+set", 2, 3*time.Second })
	s, err := readSettings(c)
	require.NoError(t, err)
	var subjects []string
	for _, ask := range streamsFor(c, s) {
		subjects = append(subjects, ask.subject)
		if stream, ok := ask.body.(streamConfig); ok {
			require.Equal(t, 3, stream.Replicas)
			require.Equal(t, "file", stream.Storage)
		}
	}
	require.Equal(t, []string{
		"STREAM.CREATE.queue_q0", "CONSUMER.DURABLE.CREATE.queue_q0.takers",
		"STREAM.CREATE.queue_q1", "CONSUMER.DURABLE.CREATE.queue_q1.takers",
		"STREAM.CREATE.stream_p0", "STREAM.CREATE.stream_p1", "STREAM.CREATE.sets",
	}, subjects)
	for delivery, wait := range map[string]time.Duration{"at-least-once": time.Second, "exactly-once": 4 * time.Second} {
		c.Options["delivery"] = delivery
		s, err := readSettings(c)
		require.NoError(t, err)
		consumer := streamsFor(c, s)[1].body.(map[string]any)["config"].(consumerConfig)
		require.Equal(t, wait, consumer.AckWait, delivery)
	}
}
