package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// The names of ports that mean something to every runtime.
const (
	// ClientPort is the port that clients use.
	ClientPort = "client"
	// PeerPort is the port that other nodes use.
	PeerPort = "peer"
)

// nodeName is what is fit for a host name and for a folder.
var nodeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Check looks for what is wrong with specs before anything is made.
func Check(specs []Spec) error {
	if len(specs) == 0 {
		return errors.New("no nodes were asked for")
	}
	ports := map[string][]string{}
	for _, s := range specs {
		_, twice := ports[s.Name]
		switch {
		case !nodeName.MatchString(s.Name) || s.Name == Client:
			return fmt.Errorf("%q is no name for a node: use lower-case letters, digits and dashes", s.Name)
		case twice:
			return fmt.Errorf("two nodes are named %s", s.Name)
		case s.Command == nil:
			return fmt.Errorf("node %s has no command", s.Name)
		case !slices.Contains(s.Ports, ClientPort):
			return fmt.Errorf("node %s has no port %q for its clients", s.Name, ClientPort)
		}
		if p, ok := repeated(s.Ports); ok {
			return fmt.Errorf("node %s has two ports named %q", s.Name, p)
		}
		ports[s.Name] = s.Ports
	}
	for _, s := range specs {
		if p, ok := repeated(s.Peers); ok {
			return fmt.Errorf("node %s has peer %s twice", s.Name, p)
		}
		for _, peer := range s.Peers {
			switch {
			case peer == s.Name:
				return fmt.Errorf("node %s has itself as a peer", s.Name)
			case ports[peer] == nil:
				return fmt.Errorf("node %s has the peer %q, which is no node", s.Name, peer)
			case !slices.Contains(ports[peer], PeerPort):
				return fmt.Errorf("node %s is a peer of %s and has no port %q", peer, s.Name, PeerPort)
			}
		}
	}
	return nil
}

// repeated returns a name that is in the list twice.
func repeated(names []string) (string, bool) {
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			return n, true
		}
		seen[n] = true
	}
	return "", false
}
