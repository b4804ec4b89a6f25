package transactional

import "fmt"

// Workload is what the micro-operations of the transactions do.
type Workload uint8

const (
	// ListAppend is lists by key: [append k v] adds v at the end of the list k,
	// and [r k [v …]] reads the whole list.
	ListAppend Workload = iota + 1
	// RWRegister is registers by key: [w k v] sets the register k to v, and
	// [r k v] reads it.
	RWRegister
)

// String returns the name that Elle gives the workload.
func (w Workload) String() string {
	switch w {
	case ListAppend:
		return "list-append"
	case RWRegister:
		return "rw-register"
	}
	return fmt.Sprintf("Workload(%d)", uint8(w))
}

// WorkloadNamed returns the workload of that name.
func WorkloadNamed(name string) (Workload, error) {
	for _, w := range []Workload{ListAppend, RWRegister} {
		if w.String() == name {
			return w, nil
		}
	}
	return 0, fmt.Errorf("no workload is named %q; there are %v and %v", name, ListAppend, RWRegister)
}

// writes says whether a micro-operation of that function writes, and whether
// the workload has it at all.
func (w Workload) writes(f string) (write, known bool) {
	switch f {
	case "r", "read":
		return false, true
	case "append":
		return true, w == ListAppend
	case "w", "write":
		return true, w == RWRegister
	}
	return false, false
}
