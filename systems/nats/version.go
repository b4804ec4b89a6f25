package nats

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// defaultVersion is what is run if nothing else is asked for.
const defaultVersion = "2.12.1"

// packaged is the version that is a package of the image, and the release that it
// is there.
const (
	packaged        = "debian"
	packagedRelease = "2.9.10"
)

// module is the Go module that servers are built from.
const module = "github.com/nats-io/nats-server/v2"

// programName is the server's, on PATH and in the image.
const programName = "nats-server"

//go:embed image
var imageFiles embed.FS

// version is which server is run.
type version string

var release = regexp.MustCompile(`^2\.\d{1,3}\.\d{1,3}$`)

func readVersion(text string) (version, error) {
	v := version(cmp.Or(text, defaultVersion))
	if v != packaged && !release.MatchString(string(v)) {
		return "", fmt.Errorf("nats: option version is %q; it may be a release, such as %s, or %s", text, defaultVersion, packaged)
	}
	return v, nil
}

// atLeast reports whether it is that release or a later one.
func (v version) atLeast(major, minor int) bool {
	text := string(v)
	if v == packaged {
		text = packagedRelease
	}
	parts := strings.Split(text, ".")
	m, _ := strconv.Atoi(parts[0]) // they are digits
	n, _ := strconv.Atoi(parts[1])
	return m > major || m == major && n >= minor
}

// program returns what finds the server to run, and the image that it is run in
// where nodes are containers. A release is built when it is first needed, if it has
// not been.
func (v version) program(where string) (func() (string, error), *cluster.Image, error) {
	if v == packaged {
		if where == "local" {
			path, err := exec.LookPath(programName)
			if err != nil {
				return nil, nil, fmt.Errorf("nats: there is no %s on PATH: install it (on Debian the package nats-server), name a release with -o version=%s, or use --runtime docker", programName, defaultVersion)
			}
			return func() (string, error) { return path, nil }, nil, nil
		}
		return inImage, v.image("debian", nil), nil
	}
	if where == "local" {
		return sync.OnceValues(func() (string, error) { return build(v, runtime.GOOS) }), nil, nil
	}
	return inImage, v.image("built", func() (map[string]string, error) {
		path, err := build(v, "linux")
		return map[string]string{programName: path}, err
	}), nil
}

// inImage finds the server in an image.
func inImage() (string, error) { return programName, nil }

func (v version) image(folder string, late func() (map[string]string, error)) *cluster.Image {
	build, err := fs.Sub(imageFiles, "image/"+folder)
	if err != nil {
		panic(err) // the folder is embedded
	}
	return &cluster.Image{Name: "tertium/nats", Build: build, Late: late}
}

// build returns the server of a release for an operating system, built from its
// module unless it has been before.
func build(v version, system string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("nats: there is no folder to keep the server in: %w", err)
	}
	folder := filepath.Join(cache, "tertium", programName)
	path := filepath.Join(folder, fmt.Sprintf("%s-%s-%s", v, system, runtime.GOARCH))
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return path, nil
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("nats: version %s is built from its Go module, and there is no go on PATH: install Go (https://go.dev/dl), or use -o version=%s --runtime docker, which is a package", v, packaged)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("nats: %w", err)
	}
	work, err := os.MkdirTemp(folder, "build-")
	if err != nil {
		return "", fmt.Errorf("nats: %w", err)
	}
	defer os.RemoveAll(work)
	if err := install(goTool, v, system, work); err != nil {
		return "", err
	}
	built, err := filepath.Glob(filepath.Join(work, "bin", "*"))
	if deeper, _ := filepath.Glob(filepath.Join(work, "bin", "*", "*")); len(deeper) > 0 {
		built = deeper // where it was built for another system
	}
	if err != nil || len(built) != 1 {
		return "", errors.Join(fmt.Errorf("nats: go install of %s@v%s left %q, and not one program", module, v, built), err)
	}
	// By its name it is whole, even if two are built at a time.
	if err := os.Rename(built[0], path); err != nil {
		return "", fmt.Errorf("nats: %w", err)
	}
	return path, nil
}

// install builds a release into the folder bin of another, with the modules that
// the Go tool keeps anyway.
func install(goTool string, v version, system, into string) error {
	modules, err := exec.Command(goTool, "env", "GOMODCACHE").Output()
	if err != nil {
		return fmt.Errorf("nats: go env GOMODCACHE: %w", err)
	}
	command := exec.Command(goTool, "install", "-trimpath", "-ldflags=-s -w", module+"@v"+string(v))
	command.Dir = into
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOPATH="+into, "GOBIN=", "GOFLAGS=", "GOWORK=off",
		"GOMODCACHE="+strings.TrimSpace(string(modules)))
	said, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("nats: go install %s@v%s: %w:\n%s", module, v, err, bytes.TrimSpace(said))
	}
	return nil
}
