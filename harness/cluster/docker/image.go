package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/testcontainers/testcontainers-go"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// BaseImage is what images that are built here are built from.
const BaseImage = "debian:bookworm-slim"

// Build builds an image unless there is one from the same folder, and returns
// its reference. An image to be used as it is is not looked for. The engine's
// words while it builds go to log.
func Build(ctx context.Context, image cluster.Image, log io.Writer) (reference string, err error) {
	e, err := connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	return e.build(ctx, image, log)
}

func (e *engine) build(ctx context.Context, image cluster.Image, log io.Writer) (string, error) {
	if image.Build == nil {
		return image.Name, nil
	}
	archive, err := pack(image)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", image.Name, err)
	}
	// The tag is what the image is made of, so that one that is there is right.
	sum := sha256.Sum256(archive)
	tag := hex.EncodeToString(sum[:6])
	reference := image.Name + ":" + tag
	switch _, err := e.api.ImageInspect(ctx, reference); {
	case err == nil:
		return reference, nil
	case !errdefs.IsNotFound(err):
		return "", fmt.Errorf("looking for image %s: %w", reference, err)
	}
	var words bytes.Buffer
	request := testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: bytes.NewReader(archive),
		Repo:           image.Name,
		Tag:            tag,
		KeepImage:      true,
		BuildLogWriter: io.MultiWriter(&words, log),
	}}
	if _, err := e.provider.BuildImage(ctx, &request); err != nil {
		return "", fmt.Errorf("building image %s: %w%s; the engine's last words:\n%s", reference, err, e.advice(ctx), lastLines(words.String(), 12))
	}
	return reference, nil
}

// advice says what to do about a build that failed for want of its base.
func (e *engine) advice(ctx context.Context) string {
	if _, err := e.api.ImageInspect(ctx, BaseImage); !errdefs.IsNotFound(err) {
		return ""
	}
	return fmt.Sprintf("; there is no image %s: `docker pull %[1]s`, or `make base-image` where no registry is reached", BaseImage)
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// pack makes the archive of what an image is built from, the same for the same
// files.
func pack(image cluster.Image) ([]byte, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	add := func(name string, content []byte, mode int64) error {
		header := &tar.Header{Name: name, Mode: mode, Size: int64(len(content)), Format: tar.FormatUSTAR}
		if err := writer.WriteHeader(header); err != nil {
			return err
		}
		_, err := writer.Write(content)
		return err
	}
	errs := []error{fs.WalkDir(image.Build, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(image.Build, path)
		if err != nil {
			return err
		}
		// Embedded files have no mode to speak of.
		mode := int64(0o644)
		if strings.HasSuffix(path, ".sh") {
			mode = 0o755
		}
		return add(path, content, mode)
	})}
	files := maps.Clone(image.Files)
	if image.Late != nil {
		late, err := image.Late()
		if err != nil {
			return nil, err
		}
		if files == nil {
			files = map[string]string{}
		}
		maps.Copy(files, late)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content, err := os.ReadFile(files[name])
		if err == nil {
			err = add(name, content, 0o755)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(append(errs, writer.Close())...); err != nil {
		return nil, fmt.Errorf("packing what it is built from: %w", err)
	}
	return archive.Bytes(), nil
}
