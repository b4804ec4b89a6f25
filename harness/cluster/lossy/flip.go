package lossy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/plan"
)

// Flip turns over bits of files, each as likely as any other.
func (d *Disk) Flip(bits int, salt uint64) (string, error) {
	defer d.forgetNames()()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.restart(d.known()) // so that the kernel reads anew
	files := d.files()
	paths := slices.Sorted(maps.Keys(files))
	var total int64
	for _, path := range paths {
		total += files[path].size
	}
	if total == 0 {
		return "", errors.New("the disk holds no byte of which a bit could be flipped")
	}
	draws := plan.NewStream(salt, "flip", "bits")
	var what []string
	for range bits {
		at, bit := draws.Below(total), draws.Below(8)
		for _, path := range paths {
			n := files[path]
			if at >= n.size {
				at -= n.size
				continue
			}
			if err := d.flip(n, at, byte(1)<<bit); err != nil {
				return strings.Join(what, ", "), fmt.Errorf("flipping a bit of %s: %w", path, err)
			}
			what = append(what, fmt.Sprintf("bit %d of byte %d of %s", bit, at, path))
			break
		}
	}
	return strings.Join(what, ", "), nil
}

func (d *Disk) flip(n *inode, at int64, mask byte) error {
	var one [1]byte
	if _, err := d.read(n, one[:], at); err != nil {
		return err
	}
	one[0] ^= mask
	file, err := d.content(n)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(one[:], at)
	return err
}
