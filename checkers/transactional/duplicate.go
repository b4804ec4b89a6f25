package transactional

import "fmt"

// duplicateError says that two writes of one value to one key cannot be told
// apart.
type duplicateError struct{ key, value, first, second uint32 }

func (e *duplicateError) Error() string {
	return fmt.Sprintf("value %d was written to key %d twice", e.value, e.key)
}
