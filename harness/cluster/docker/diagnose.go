package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// pingTimeout bounds how long an engine may take to answer.
const pingTimeout = 10 * time.Second

// Describe says which engine answers, or what to do about it.
func Describe(ctx context.Context) (what string, err error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	e, err := connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	version, err := e.api.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return "", fmt.Errorf("asking the Docker Engine for its version: %w", err)
	}
	networks, err := e.api.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return "", fmt.Errorf("asking the Docker Engine for its networks: %w", err)
	}
	what = fmt.Sprintf("Engine %s (API %s) at %s, %d networks", version.Version, version.APIVersion, e.api.DaemonHost(), len(networks.Items))
	// Without other address pools an engine has addresses for about thirty.
	if len(networks.Items) > 25 {
		what += " (about thirty is all that there are addresses for: `docker network prune`)"
	}
	return what, nil
}

// DescribeBase says whether the image is there that others are built from, or
// how to get it.
func DescribeBase(ctx context.Context) (what string, err error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	e, err := connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	seen, err := e.api.ImageInspect(ctx, BaseImage)
	if errdefs.IsNotFound(err) {
		return "", fmt.Errorf("there is no image %s, which systems' images are built from: `docker pull %[1]s`, or `make base-image` where no registry is reached", BaseImage)
	}
	if err != nil {
		return "", fmt.Errorf("looking for image %s: %w", BaseImage, err)
	}
	return BaseImage + " is " + seen.ID, nil
}
