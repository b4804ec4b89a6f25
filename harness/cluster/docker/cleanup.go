package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/journal"
)

// Kind is the kind of a journal's entry for everything that a run made in the
// engine: containers, networks and volumes with its label. The entry's name is
// the run's token.
const Kind = "docker"

// Undoers are the undoers for the kinds of this package.
func Undoers() map[string]journal.Undoer { return map[string]journal.Undoer{Kind: Remove} }

// Remove is the [journal.Undoer] of [Kind].
func Remove(ctx context.Context, entry cluster.Entry) (what string, err error) {
	if entry.Name == "" {
		return "", errors.New("the entry does not name a run")
	}
	e, err := connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	return e.remove(ctx, entry.Name)
}

// remove removes what a run made, in the order in which it can be: containers
// hold volumes and networks.
func (e *engine) remove(ctx context.Context, token string) (string, error) {
	containers, err := e.removeContainers(ctx, token)
	if err != nil {
		return "", err
	}
	networks, err := e.api.NetworkList(ctx, client.NetworkListOptions{Filters: ofRun(token)})
	if err != nil {
		return "", fmt.Errorf("listing the run's networks: %w", err)
	}
	for _, n := range networks.Items {
		if _, err := e.api.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
			return "", fmt.Errorf("removing network %s: %w", n.Name, err)
		}
	}
	volumes, err := e.api.VolumeList(ctx, client.VolumeListOptions{Filters: ofRun(token)})
	if err != nil {
		return "", fmt.Errorf("listing the run's volumes: %w", err)
	}
	for _, v := range volumes.Items {
		if _, err := e.api.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
			return "", fmt.Errorf("removing volume %s: %w", v.Name, err)
		}
	}
	return counted(containers, len(networks.Items), len(volumes.Items)), nil
}

// removeContainers kills and removes the containers of a run, all at once, and
// returns how many there were.
func (e *engine) removeContainers(ctx context.Context, token string) (int, error) {
	list, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ofRun(token)})
	if err != nil {
		return 0, fmt.Errorf("listing the run's containers: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range list.Items {
		group.Go(func() error {
			_, err := e.api.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			// Somebody else may be removing it as well.
			if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
				return fmt.Errorf("removing container %s: %w", strings.Join(c.Names, " "), err)
			}
			return nil
		})
	}
	return len(list.Items), group.Wait()
}

func counted(containers, networks, volumes int) string {
	if containers+networks+volumes == 0 {
		return "already gone"
	}
	return fmt.Sprintf("removed %d containers, %d networks, %d volumes", containers, networks, volumes)
}
