package results_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/results/internal/sample"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func create(t *testing.T) (root string, f results.Folder) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "runs")
	f, err := results.Create(root, "ledger", "register", 42, now)
	require.NoError(t, err)
	return root, f
}

func TestCreateIsPrivateAndLatest(t *testing.T) {
	root, f := create(t)
	require.Equal(t, filepath.Join(root, "ledger", "register", "20260304T050607Z-42"), f.Path())
	require.Equal(t, now, f.Started())
	for dir := f.Path(); dir != filepath.Dir(root); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o700), info.Mode().Perm(), dir)
	}
	require.NoError(t, f.WriteJSON("nodes/n1/exits.json", []int{}))
	info, err := os.Stat(f.Path("nodes", "n1", "exits.json"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, f.WriteJSON(results.ConfigName, struct{}{}))
	second, err := results.Create(root, "ledger", "register", 42, now)
	require.NoError(t, err)
	require.Equal(t, f.Path()+".2", second.Path(), "a run of the same second has a folder of its own")
	require.Equal(t, now, second.Started())
	require.NoError(t, second.WriteJSON(results.ConfigName, struct{}{}))
	latest, err := results.Open(filepath.Join(root, "latest"))
	require.NoError(t, err)
	require.Equal(t, resolved(t, second.Path()), latest.Path())
	left, err := os.ReadDir(root)
	require.NoError(t, err)
	require.Len(t, left, 2, "nothing but ledger and latest")
}

func resolved(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.EvalSymlinks(path)
	require.NoError(t, err)
	return path
}

func TestLatestAsAFile(t *testing.T) {
	root, f := create(t)
	require.NoError(t, f.WriteJSON(results.ConfigName, struct{}{}))
	pointer := filepath.Join(root, "latest")
	require.NoError(t, os.Remove(pointer))
	require.NoError(t, os.WriteFile(pointer, []byte("ledger/register/20260304T050607Z-42\n"), 0o600))
	latest, err := results.Open(pointer)
	require.NoError(t, err)
	require.Equal(t, resolved(t, f.Path()), latest.Path())

	require.NoError(t, os.WriteFile(pointer, []byte("../../etc"), 0o600))
	_, err = results.Open(pointer)
	require.ErrorContains(t, err, "not a folder beside it")
}

func TestCreateRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := results.Create(file, "ledger", "register", 1, now)
	require.ErrorContains(t, err, "make a folder for the run")
	require.ErrorContains(t, err, "choose another with --out")
	_, err = results.Create(filepath.Join(file, "below"), "ledger", "register", 1, now)
	require.Error(t, err)
}

func TestCreateSanitises(t *testing.T) {
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"..", ".", "", "a/../../b", "/etc", `C:\x`, "a:b", "\x00"}))
		f, err := results.Create(root, name.Draw(t, "system"), name.Draw(t, "workload"), rapid.Uint64().Draw(t, "seed"), now)
		require.NoError(t, err)
		relative, err := filepath.Rel(root, f.Path())
		require.NoError(t, err)
		levels := strings.Split(relative, string(filepath.Separator))
		require.Len(t, levels, 3)
		for _, level := range levels {
			require.Regexp(t, `^[A-Za-z0-9_-][A-Za-z0-9._-]*$`, level)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	empty := t.TempDir()
	_, err := results.Open(empty)
	require.ErrorContains(t, err, "has neither a history")
	_, err = results.Open(filepath.Join(empty, "missing"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	file := filepath.Join(empty, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = results.Open(file)
	require.ErrorContains(t, err, "is a file")
}

func TestWriteIsAtomic(t *testing.T) {
	_, f := create(t)
	write := func(text string, failure error) error {
		return f.Write("a.txt", func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, failure)
		})
	}
	require.NoError(t, write("whole", nil))
	broken := errors.New("disk on fire")
	require.ErrorIs(t, write("hal", broken), broken)
	content, err := os.ReadFile(f.Path("a.txt"))
	require.NoError(t, err)
	require.Equal(t, "whole", string(content))
	left, err := os.ReadDir(f.Path())
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file stays")

	for _, name := range []string{"../a.txt", "/etc/passwd", ""} {
		require.ErrorContains(t, f.Write(name, func(io.Writer) error { return nil }), "leads out of it")
	}
}

func TestFactsSurviveTheHarness(t *testing.T) {
	_, f := create(t)
	facts, err := f.Facts()
	require.NoError(t, err)
	require.Equal(t, now, facts.Started)
	require.Equal(t, []string{"the harness died before it could tell how the run ended"}, facts.Trouble)

	in := inputOf(sample.Make(sample.Options{}))
	in.Interrupted = true
	require.NoError(t, f.WriteResult(results.Judge(in)))
	facts, err = f.Facts()
	require.NoError(t, err)
	in.Facts = facts
	first, err := os.ReadFile(f.Path(results.ResultName))
	require.NoError(t, err)
	require.NoError(t, f.WriteResult(results.Judge(in)))
	second, err := os.ReadFile(f.Path(results.ResultName))
	require.NoError(t, err)
	require.Equal(t, string(first), string(second), "checked again, the bytes are the same")

	require.NoError(t, os.WriteFile(f.Path(results.ResultName), []byte("{"), 0o600))
	_, err = f.Facts()
	require.ErrorContains(t, err, "not a result.json")
}

func TestVerifySaysWhichFileDiffers(t *testing.T) {
	_, f := create(t)
	_, err := f.Verify()
	require.ErrorContains(t, err, "no readable manifest")

	result := results.Judge(inputOf(sample.Make(sample.Options{})))
	require.NoError(t, f.WriteResult(result))
	for _, name := range []string{"history/0.jsonl", "nodes/n1/log", "config.json"} {
		require.NoError(t, f.WriteJSON(name, "content"))
	}
	require.NoError(t, f.Seal(result))
	differences, err := f.Verify()
	require.NoError(t, err)
	require.Empty(t, differences)
	require.NoError(t, f.Seal(result), "sealing again does not count the manifest itself")
	differences, err = f.Verify()
	require.NoError(t, err)
	require.Empty(t, differences)

	require.NoError(t, os.WriteFile(f.Path("history", "0.jsonl"), []byte("\"c0ntent\"\n"), 0o600))
	require.NoError(t, os.Remove(f.Path("nodes", "n1", "log")))
	require.NoError(t, os.WriteFile(f.Path("zzz"), nil, 0o600))
	differences, err = f.Verify()
	require.NoError(t, err)
	require.Equal(t, []results.Difference{{"history/0.jsonl", "altered"}, {"nodes/n1/log", "missing"}, {"zzz", "added"}}, differences)

	require.NoError(t, os.Symlink("/etc/passwd", f.Path("link")))
	_, err = f.Verify()
	require.ErrorContains(t, err, "neither a plain file nor a folder")
}

func TestVerifyRefusesABrokenManifest(t *testing.T) {
	_, f := create(t)
	for text, expected := range map[string]string{"": "is broken", `{"schema": 7}`: "has schema 7"} {
		require.NoError(t, os.WriteFile(f.Path(results.ManifestName), []byte(text), 0o600))
		_, err := f.Verify()
		require.ErrorContains(t, err, expected)
	}
}
