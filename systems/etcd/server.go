package etcd

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// serverFiles are what a server of a version is built from, and the Dockerfile
// of its image. They are a Go module of their own, so that this one does not
// depend on etcd; hence the names.
//
//go:embed server
var serverFiles embed.FS

// built is a server of a version, built by this machine's Go from its module when
// it is first needed, and kept in the user's cache folder. As an fs.FS it is what
// its image is built from.
type built struct {
	version, os string

	once sync.Once
	dir  string
	err  error
}

var _ fs.FS = (*built)(nil)

// Open opens a file of the folder with the server and its Dockerfile.
func (b *built) Open(name string) (fs.File, error) {
	dir, err := b.folder()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.DirFS(dir).Open(name)
}

// path is that of the server.
func (b *built) path() (string, error) {
	dir, err := b.folder()
	return filepath.Join(dir, program), err
}

// folder makes the folder unless it is there.
func (b *built) folder() (string, error) {
	b.once.Do(func() {
		if b.dir, b.err = b.make(); b.err != nil {
			b.err = fmt.Errorf("etcd %s: %w", b.version, b.err)
		}
	})
	return b.dir, b.err
}

func (b *built) make() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("where to keep what is built: %w", err)
	}
	parent := filepath.Join(cache, "tertium", "etcd")
	dir := filepath.Join(parent, b.version+"-"+b.os+"-"+runtime.GOARCH)
	if _, err := os.Stat(filepath.Join(dir, program)); err == nil {
		return dir, nil
	}
	compiler, err := exec.LookPath("go")
	if err != nil {
		return "", errors.New("it is built from its Go module, and there is no go on PATH: install Go, or leave option version out for Debian's etcd")
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(parent, "building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := b.compile(compiler, work); err != nil {
		return "", err
	}
	return dir, b.keep(work, dir)
}

// compile builds the server in a folder.
func (b *built) compile(compiler, work string) error {
	for from, to := range map[string]string{"go.mod.txt": "go.mod", "main.go.txt": "main.go"} {
		text, err := serverFiles.ReadFile("server/" + from)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte("VERSION"), []byte(b.version))
		if err := os.WriteFile(filepath.Join(work, to), text, 0o644); err != nil {
			return err
		}
	}
	build := exec.Command(compiler, "build", "-mod=mod", "-trimpath", "-buildvcs=false", "-o", program, ".")
	build.Dir = work
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+b.os, "GOFLAGS=", "GOWORK=off")
	if words, err := build.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(words)), "\n")
		return fmt.Errorf("building it from its Go module: %w:\n%s", err, strings.Join(lines[max(0, len(lines)-8):], "\n"))
	}
	return nil
}

// keep puts the server and its Dockerfile in place, whole. If another run was
// faster, its folder stays.
func (b *built) keep(work, dir string) error {
	dockerfile, err := serverFiles.ReadFile("server/Dockerfile")
	if err != nil {
		return err
	}
	whole := filepath.Join(work, "whole")
	if err := os.Mkdir(whole, 0o755); err != nil {
		return err
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(whole, "Dockerfile"), dockerfile, 0o644),
		os.Rename(filepath.Join(work, program), filepath.Join(whole, program)),
	)
	if err != nil {
		return err
	}
	if err := os.Rename(whole, dir); err != nil {
		if _, there := os.Stat(filepath.Join(dir, program)); there == nil {
			return nil
		}
		return err
	}
	return nil
}
